/*
 * Every pointer of every function as NULL, one at a time and all together, and every struct with a
 * struct_size that cannot be: refused as the header says, with nothing written.
 */
#include "detectors.h"
#include "probe.h"
#include "scene.h"
#include "watermarks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scene_t scene;
static float row[32];

#define NULL_IS_REFUSED(call)                                                                      \
    do {                                                                                           \
        steer_error_t error = STEER_ERROR_INIT;                                                    \
        float before[32];                                                                          \
        memcpy(before, row, sizeof row);                                                           \
        if (CHECK_STATUS(STEER_ERR_ARGUMENT, call)) {                                              \
            scene_check_error(&error, STEER_ERR_ARGUMENT, -1, __LINE__);                           \
        }                                                                                          \
        CHECK(memcmp(before, row, sizeof row) == 0, "line %d: a row was changed", __LINE__);       \
    } while (0)

static void test_dictionaries(void)
{
    steer_dictionary_t *out = (steer_dictionary_t *)(void *)row, *const untouched = out;
    steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    const char *path = scene.fixture.path;
    static const char *const keys[] = { "a", NULL };
    char text[8] = "??????";
    size_t required = 77;
    probe_case("dictionaries");
    NULL_IS_REFUSED(steer_dictionary_open(NULL, &options, &out, &error));
    NULL_IS_REFUSED(steer_dictionary_open(path, &options, NULL, &error));
    NULL_IS_REFUSED(steer_dictionary_open(NULL, NULL, NULL, &error));
    options.n_ignored_config_keys = 1;
    NULL_IS_REFUSED(steer_dictionary_open(path, &options, &out, &error));
    options.ignored_config_keys = keys;
    options.n_ignored_config_keys = 2;
    NULL_IS_REFUSED(steer_dictionary_open(path, &options, &out, &error));
    options.n_ignored_config_keys = UINT64_MAX;
    NULL_IS_REFUSED(steer_dictionary_open(path, &options, &out, &error));
    CHECK(out == untouched, "a refused open wrote its handle");
    NULL_IS_REFUSED(steer_dictionary_inspect(NULL, NULL, &error));
    NULL_IS_REFUSED(steer_dictionary_inspect(scene.dictionary, NULL, &error));
    NULL_IS_REFUSED(steer_dictionary_text(NULL, STEER_TEXT_NAME, text, 8, &required, &error));
    NULL_IS_REFUSED(steer_dictionary_text(NULL, STEER_TEXT_NAME, NULL, 0, NULL, &error));
    NULL_IS_REFUSED(
        steer_dictionary_text(scene.dictionary, STEER_TEXT_NAME, NULL, 100, &required, &error));
    NULL_IS_REFUSED(steer_dictionary_text(scene.dictionary, 5, text, 8, &required, &error));
    NULL_IS_REFUSED(steer_dictionary_text(scene.dictionary, -1, text, 8, &required, &error));
    CHECK(strcmp(text, "??????") == 0 && required == 77, "outputs were written");
    CHECK_STATUS(STEER_ERR_CAPACITY,
        steer_dictionary_text(scene.dictionary, STEER_TEXT_LEDGER, NULL, 0, &required, NULL));
    CHECK(required > 2 && required != 77, "required is %zu", required);
    CHECK_STATUS(STEER_ERR_CAPACITY,
        steer_dictionary_text(scene.dictionary, STEER_TEXT_LEDGER, text, 7, NULL, NULL));
    CHECK(strcmp(text, "??????") == 0, "a buffer that is too small was written");
    steer_dictionary_close(NULL);
}

static void test_plans(void)
{
    steer_plan_t *out = (steer_plan_t *)(void *)row, *const untouched = out;
    const steer_intervention_t wish = scene_wish(1, STEER_MODE_ADD, 1);
    steer_scope_t scope = STEER_SCOPE_INIT;
    const steer_plan_t *plans[2];
    static const int32_t layers[2] = { 1, 2 };
    float buffer[64];
    size_t required = 77, i;
    uint8_t fingerprint[32];
    plans[0] = scene.plan;
    plans[1] = NULL;
    memset(fingerprint, 7, sizeof fingerprint);
    memset(buffer, 0, sizeof buffer);
    probe_case("plans");
    NULL_IS_REFUSED(steer_plan_compile(NULL, &wish, 1, NULL, &out, &error));
    NULL_IS_REFUSED(steer_plan_compile(scene.dictionary, NULL, 1, NULL, &out, &error));
    NULL_IS_REFUSED(steer_plan_compile(scene.dictionary, &wish, 1, NULL, NULL, &error));
    NULL_IS_REFUSED(steer_plan_compile(NULL, NULL, 1, NULL, NULL, &error));
    scope.n_ranges = 1;
    NULL_IS_REFUSED(steer_plan_compile(scene.dictionary, &wish, 1, &scope, &out, &error));
    NULL_IS_REFUSED(steer_plan_compile_json(NULL, "{}", 2, &out, &error));
    NULL_IS_REFUSED(steer_plan_compile_json(scene.dictionary, NULL, 2, &out, &error));
    NULL_IS_REFUSED(steer_plan_compile_json(scene.dictionary, "{}", 2, NULL, &error));
    NULL_IS_REFUSED(steer_plan_compile_json(NULL, NULL, 0, NULL, &error));
    CHECK(out == untouched, "a refused plan wrote its handle");
    NULL_IS_REFUSED(steer_plan_inspect(NULL, NULL, &error));
    NULL_IS_REFUSED(steer_plan_inspect(scene.plan, NULL, &error));
    NULL_IS_REFUSED(steer_plan_fingerprint(NULL, fingerprint, &error));
    NULL_IS_REFUSED(steer_plan_fingerprint(scene.plan, NULL, &error));
    NULL_IS_REFUSED(steer_plan_fingerprint(NULL, NULL, &error));
    for (i = 0; i < 32; i++) {
        CHECK(fingerprint[i] == 7, "the fingerprint was written");
    }
    NULL_IS_REFUSED(steer_plan_control_vector(NULL, layers, 1, 1, buffer, 64, &required, &error));
    NULL_IS_REFUSED(steer_plan_control_vector(plans, NULL, 1, 1, buffer, 64, &required, &error));
    NULL_IS_REFUSED(steer_plan_control_vector(plans, layers, 2, 2, buffer, 64, &required, &error));
    NULL_IS_REFUSED(steer_plan_control_vector(NULL, NULL, 1, 1, NULL, 0, NULL, &error));
    NULL_IS_REFUSED(steer_plan_control_vector(plans, layers, 0, 1, buffer, 64, &required, &error));
    CHECK(required == 77 && buffer[0] == 0, "outputs were written");
    steer_plan_destroy(NULL);
}

static void test_sessions(void)
{
    steer_session_t *out = (steer_session_t *)(void *)row, *const untouched = out;
    steer_session_t *sessions[2];
    int32_t covers = 77;
    probe_case("sessions");
    sessions[0] = scene.session;
    sessions[1] = NULL;
    NULL_IS_REFUSED(steer_session_create(NULL, 0, &out, &error));
    NULL_IS_REFUSED(steer_session_create(scene.plan, 0, NULL, &error));
    NULL_IS_REFUSED(steer_session_create(NULL, 0, NULL, &error));
    NULL_IS_REFUSED(steer_session_fork(NULL, &out, &error));
    NULL_IS_REFUSED(steer_session_fork(scene.session, NULL, &error));
    CHECK(out == untouched, "a refused session wrote its handle");
    NULL_IS_REFUSED(steer_session_assign(NULL, scene.session, &error));
    NULL_IS_REFUSED(steer_session_assign(scene.session, NULL, &error));
    NULL_IS_REFUSED(steer_session_assign(NULL, NULL, &error));
    NULL_IS_REFUSED(steer_session_reset(NULL, 0, &error));
    NULL_IS_REFUSED(steer_session_seek(NULL, 0, &error));
    NULL_IS_REFUSED(steer_session_covers(NULL, 0, &covers, &error));
    NULL_IS_REFUSED(steer_session_covers(scene.session, 0, NULL, &error));
    NULL_IS_REFUSED(steer_session_covers(NULL, 0, NULL, &error));
    CHECK(covers == 77, "a refused call wrote its answer");
    NULL_IS_REFUSED(steer_session_inspect(NULL, NULL, &error));
    NULL_IS_REFUSED(steer_session_inspect(scene.session, NULL, &error));
    NULL_IS_REFUSED(steer_session_apply(NULL, row, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_session_apply(scene.session, NULL, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_session_apply(NULL, NULL, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_batch_apply(NULL, NULL, row, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_batch_apply(sessions, NULL, NULL, STEER_F32, 2, 20, NULL, &error));
    NULL_IS_REFUSED(steer_batch_apply(NULL, NULL, NULL, STEER_F32, 1, 20, NULL, &error));
    CHECK(scene_state(scene.session).position == 0, "a refused call moved a session");
    /* All sessions NULL: nothing to do. */
    sessions[0] = NULL;
    CHECK_STATUS(STEER_OK, steer_batch_apply(sessions, NULL, row, STEER_F32, 1, 20, NULL, NULL));
    steer_session_destroy(NULL);
}

static void test_observers(void)
{
    steer_reader_t *reader = (steer_reader_t *)(void *)row, *const no_reader = reader;
    steer_encoder_t *encoder = (steer_encoder_t *)(void *)row, *const no_encoder = encoder;
    steer_arrays_t *arrays = (steer_arrays_t *)(void *)row, *const no_arrays = arrays;
    steer_plan_arrays_t view;
    const steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    steer_encoder_info_t info = STEER_ENCODER_INFO_INIT;
    static const uint32_t features[1] = { 1 };
    uint64_t offsets[2] = { 9, 9 };
    uint32_t indices[48] = { 9 };
    float values[48] = { 9 };
    size_t required = 77;
    memset(&view, 0, sizeof view);
    view.struct_size = (uint32_t)sizeof view;
    probe_case("observers");
    NULL_IS_REFUSED(steer_reader_create(NULL, features, 1, &reader, &error));
    NULL_IS_REFUSED(steer_reader_create(scene.dictionary, NULL, 1, &reader, &error));
    NULL_IS_REFUSED(steer_reader_create(scene.dictionary, features, 1, NULL, &error));
    NULL_IS_REFUSED(steer_reader_create(NULL, NULL, 0, NULL, &error));
    NULL_IS_REFUSED(steer_reader_read(NULL, row, STEER_F32, 1, 20, values, 4, &error));
    NULL_IS_REFUSED(steer_reader_read(scene.reader, NULL, STEER_F32, 1, 20, values, 4, &error));
    NULL_IS_REFUSED(steer_reader_read(scene.reader, row, STEER_F32, 1, 20, NULL, 4, &error));
    NULL_IS_REFUSED(steer_encoder_create(NULL, &encoder, &error));
    NULL_IS_REFUSED(steer_encoder_create(scene.dictionary, NULL, &error));
    NULL_IS_REFUSED(steer_encoder_create_with_options(NULL, &options, &encoder, &error));
    NULL_IS_REFUSED(steer_encoder_create_with_options(scene.dictionary, &options, NULL, &error));
    NULL_IS_REFUSED(steer_encoder_create_with_options(NULL, NULL, NULL, &error));
    NULL_IS_REFUSED(steer_encoder_inspect(NULL, &info, &error));
    NULL_IS_REFUSED(steer_encoder_inspect(scene.encoder, NULL, &error));
    NULL_IS_REFUSED(steer_encoder_inspect(NULL, NULL, &error));
    CHECK(info.workers == 0 && info.rows == 0, "a refused call wrote");
    CHECK(reader == no_reader && encoder == no_encoder, "a refused create wrote its handle");
#define ENCODE(encoder_, rows_, offsets_, indices_, values_)                                       \
    steer_encoder_encode(encoder_, rows_, STEER_F32, 1, 20, offsets_, indices_, values_, 48,       \
        &required, NULL, &error)
    NULL_IS_REFUSED(ENCODE(NULL, row, offsets, indices, values));
    NULL_IS_REFUSED(ENCODE(scene.encoder, NULL, offsets, indices, values));
    NULL_IS_REFUSED(ENCODE(scene.encoder, row, NULL, indices, values));
    NULL_IS_REFUSED(ENCODE(scene.encoder, row, offsets, NULL, values));
    NULL_IS_REFUSED(ENCODE(scene.encoder, row, offsets, indices, NULL));
    NULL_IS_REFUSED(ENCODE(NULL, NULL, NULL, NULL, NULL));
    CHECK(offsets[0] == 9 && indices[0] == 9 && values[0] == 9 && required == 77,
        "outputs were written");
    NULL_IS_REFUSED(steer_arrays_create(NULL, &arrays, &error));
    NULL_IS_REFUSED(steer_arrays_create(scene.plan, NULL, &error));
    NULL_IS_REFUSED(steer_arrays_view(NULL, &view, &error));
    CHECK(arrays == no_arrays && view.width == 0, "a refused call wrote");
    REQUIRE_OK(steer_arrays_create(scene.plan, &arrays, &probe_error));
    NULL_IS_REFUSED(steer_arrays_view(arrays, NULL, &error));
    steer_arrays_destroy(arrays);
    NULL_IS_REFUSED(steer_capabilities_get(NULL, &error));
    steer_reader_destroy(NULL);
    steer_encoder_destroy(NULL);
    steer_arrays_destroy(NULL);
}

static void test_detectors(void)
{
    steer_detector_t *detector = detector_open(scene.dictionary, 48, scene.width, 0, 1);
    steer_detector_t *out = (steer_detector_t *)(void *)row, *const no_detector = out;
    steer_monitor_t *monitor = NULL, *none = (steer_monitor_t *)(void *)row, *const no_monitor = none;
    steer_monitor_t *monitors[1];
    steer_detector_info_t info = STEER_DETECTOR_INFO_INIT;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    char text[8] = "??????";
    size_t required = 77;
    probe_case("detectors");
    REQUIRE_OK(steer_monitor_create(detector, &monitor, &probe_error));
    monitors[0] = monitor;
    NULL_IS_REFUSED(steer_detector_open_json(NULL, "{}", 2, &out, &error));
    NULL_IS_REFUSED(steer_detector_open_json(scene.dictionary, NULL, 2, &out, &error));
    NULL_IS_REFUSED(steer_detector_open_json(scene.dictionary, "{}", 2, NULL, &error));
    NULL_IS_REFUSED(steer_detector_open_json(NULL, NULL, 0, NULL, &error));
    NULL_IS_REFUSED(steer_detector_inspect(NULL, &info, &error));
    NULL_IS_REFUSED(steer_detector_inspect(detector, NULL, &error));
    NULL_IS_REFUSED(steer_detector_structure_name(NULL, 0, text, 8, &required, &error));
    NULL_IS_REFUSED(steer_detector_structure_name(detector, 0, NULL, 8, &required, &error));
    NULL_IS_REFUSED(steer_monitor_create(NULL, &none, &error));
    NULL_IS_REFUSED(steer_monitor_create(detector, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_fork(NULL, &none, &error));
    NULL_IS_REFUSED(steer_monitor_fork(monitor, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_assign(NULL, monitor, &error));
    NULL_IS_REFUSED(steer_monitor_assign(monitor, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_reset(NULL, &error));
    NULL_IS_REFUSED(steer_monitor_observe(NULL, row, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_observe(monitor, NULL, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_observe_batch(NULL, row, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_observe_batch(monitors, NULL, STEER_F32, 1, 20, NULL, &error));
    NULL_IS_REFUSED(steer_monitor_verdict(NULL, 0, 0, &verdict, &error));
    NULL_IS_REFUSED(steer_monitor_verdict(monitor, 0, 0, NULL, &error));
    NULL_IS_REFUSED(steer_session_set_monitor(NULL, monitor, &error));
    NULL_IS_REFUSED(steer_session_set_monitor(NULL, NULL, &error));
    CHECK(out == no_detector && none == no_monitor, "a refused call wrote its handle");
    CHECK(info.n_structures == 0 && verdict.flags == 0 && verdict.anytime_p == 0 && required == 77
            && strcmp(text, "??????") == 0,
        "outputs were written");
    REQUIRE_OK(steer_monitor_verdict(monitor, 0, 0, &verdict, &probe_error));
    CHECK(verdict.tokens_special == 0 && verdict.tokens_kept == 0, "a refused row was taken");
    steer_monitor_destroy(monitor);
    steer_detector_destroy(detector);
    steer_monitor_destroy(NULL);
    steer_detector_destroy(NULL);
}

static void test_watermarks(const char *vectors)
{
    watermark_files_t files;
    steer_watermark_t *watermark, *out = (steer_watermark_t *)(void *)row, *const no_watermark = out;
    steer_plan_t *plan = (steer_plan_t *)(void *)row, *const no_plan = plan;
    steer_detector_t *detector = (steer_detector_t *)(void *)row, *const no_detector = detector;
    steer_watermark_info_t info = STEER_WATERMARK_INFO_INIT;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    const steer_document_t document = watermark_document();
    const steer_replay_t replay = STEER_REPLAY_INIT;
    char text[8] = "??????";
    const char *bank, *key;
    size_t required = 77;
    probe_case("watermarks");
    watermark_files_make(&files, vectors);
    watermark = watermark_open(&files, "bank", "key-given.json");
    bank = watermark_path(&files, "bank");
    key = watermark_path(&files, "key-given.json");
    NULL_IS_REFUSED(steer_watermark_open(NULL, bank, key, &out, &error));
    NULL_IS_REFUSED(steer_watermark_open(scene.dictionary, NULL, key, &out, &error));
    NULL_IS_REFUSED(steer_watermark_open(scene.dictionary, bank, NULL, &out, &error));
    NULL_IS_REFUSED(steer_watermark_open(scene.dictionary, bank, key, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_open(NULL, NULL, NULL, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_inspect(NULL, &info, &error));
    NULL_IS_REFUSED(steer_watermark_inspect(watermark, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_key_id(NULL, text, 8, &required, &error));
    NULL_IS_REFUSED(steer_watermark_key_id(watermark, NULL, 8, &required, &error));
    NULL_IS_REFUSED(steer_watermark_plan(NULL, &document, 1, &plan, &error));
    NULL_IS_REFUSED(steer_watermark_plan(watermark, NULL, 1, &plan, &error));
    NULL_IS_REFUSED(steer_watermark_plan(watermark, &document, 1, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_replay_plan(NULL, &document, 1, &plan, &error));
    NULL_IS_REFUSED(steer_watermark_replay_plan(watermark, NULL, 1, &plan, &error));
    NULL_IS_REFUSED(steer_watermark_replay_plan(watermark, &document, 1, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_detector(NULL, &document, &detector, &error));
    NULL_IS_REFUSED(steer_watermark_detector(watermark, NULL, &detector, &error));
    NULL_IS_REFUSED(steer_watermark_detector(watermark, &document, NULL, &error));
    NULL_IS_REFUSED(steer_watermark_replay_verdict(NULL, &replay, 0, &verdict, &error));
    NULL_IS_REFUSED(steer_watermark_replay_verdict(watermark, NULL, 0, &verdict, &error));
    NULL_IS_REFUSED(steer_watermark_replay_verdict(watermark, &replay, 0, NULL, &error));
    CHECK(out == no_watermark && plan == no_plan && detector == no_detector,
        "a refused call wrote its handle");
    CHECK(info.count == 0 && verdict.anytime_p == 0 && required == 77
            && strcmp(text, "??????") == 0,
        "outputs were written");
    steer_watermark_destroy(watermark);
    steer_watermark_destroy(NULL);
    watermark_files_end(&files);
}

/* The error block: optional, and written only when it is large enough. */
static void test_error_blocks(void)
{
    static const uint32_t sizes[] = { 0, 1, 4, 8, sizeof(steer_error_t) - 1 };
    struct {
        steer_error_t error;
        unsigned char after[64];
    } block;
    size_t i, j, changed;
    probe_case("error blocks");
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_seek(NULL, 0, NULL));
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(&block, 0xA5, sizeof block);
        block.error.struct_size = sizes[i];
        CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_seek(NULL, 0, &block.error));
        for (j = 4, changed = 0; j < sizeof block; j++) {
            changed += ((unsigned char *)&block)[j] != 0xA5;
        }
        CHECK(changed == 0 && block.error.struct_size == sizes[i],
            "a block that says it has %u bytes was written", sizes[i]);
    }
    for (i = 0; i < 2; i++) {
        memset(&block, 0xA5, sizeof block);
        block.error.struct_size = i ? UINT32_MAX : (uint32_t)sizeof block;
        CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_seek(NULL, 0, &block.error));
        for (j = 0, changed = 0; j < sizeof block.after; j++) {
            changed += block.after[j] != 0xA5;
        }
        CHECK(changed == 0, "bytes behind what this version knows were written");
        CHECK(block.error.status == STEER_ERR_ARGUMENT && block.error.row == -1
                && strnlen(block.error.message, 1008) < 1008,
            "a larger block was not filled");
        CHECK(block.error.struct_size == (i ? UINT32_MAX : (uint32_t)sizeof block),
            "struct_size changed");
    }
    /* Success writes nothing. */
    memset(&block, 0xA5, sizeof block);
    block.error.struct_size = sizeof(steer_error_t);
    CHECK_STATUS(STEER_OK, steer_session_seek(scene.session, 0, &block.error));
    for (j = 4, changed = 0; j < sizeof block; j++) {
        changed += ((unsigned char *)&block)[j] != 0xA5;
    }
    CHECK(changed == 0, "success wrote to the error block");
}

static void test_constants(void)
{
    static const int32_t statuses[] = { 0, 1, 2, 3, 4, 10, 11, 12, 20 };
    static const char *const names[] = { "STEER_OK", "STEER_ERR_ARGUMENT", "STEER_ERR_SHAPE",
        "STEER_ERR_NONFINITE", "STEER_ERR_CAPACITY", "STEER_ERR_IO", "STEER_ERR_FILE",
        "STEER_ERR_UNSUPPORTED", "STEER_ERR_PLAN" };
    steer_capabilities_t capabilities = STEER_CAPABILITIES_INIT;
    size_t i;
    probe_case("constants");
    CHECK(steer_abi_version() == STEER_ABI_VERSION, "%u", steer_abi_version());
    /* No integer: probe_layout.c cannot hold it. */
    CHECK(STEER_SCALE_ALREADY_APPLIED == -1.0, "%g", STEER_SCALE_ALREADY_APPLIED);
    CHECK(steer_version() != NULL && strlen(steer_version()) >= 5, "a version");
    for (i = 0; i < 9; i++) {
        CHECK(strcmp(steer_status_name(statuses[i]), names[i]) == 0, "%s, expected %s",
            steer_status_name(statuses[i]), names[i]);
    }
    CHECK(steer_status_name(-1) && steer_status_name(5) && steer_status_name(INT32_MAX)
            && steer_status_name(INT32_MIN),
        "an unknown status has no name");
    REQUIRE_OK(steer_capabilities_get(&capabilities, &probe_error));
    CHECK(capabilities.abi_version == 1 && capabilities.row_types == 7 && capabilities.modes == 127
            && capabilities.strengths == 15 && capabilities.activations == 2047,
        "%u %x %x %x %x", capabilities.abi_version, capabilities.row_types, capabilities.modes,
        capabilities.strengths, capabilities.activations);
    CHECK(strcmp(capabilities.kernels, "scalar") == 0 || strcmp(capabilities.kernels, "avx2") == 0
            || strcmp(capabilities.kernels, "avx512") == 0
            || strcmp(capabilities.kernels, "avx512vnni") == 0,
        "%.16s", capabilities.kernels);
}

int main(int argc, char **argv)
{
    size_t i;
    if (argc != 2) {
        fprintf(stderr, "usage: test_null vectors/watermark/host\n");
        return 2;
    }
    for (i = 0; i < 32; i++) {
        row[i] = (float)i;
    }
    scene_make(&scene);
    test_constants();
    test_error_blocks();
    test_dictionaries();
    test_plans();
    test_sessions();
    test_observers();
    test_detectors();
    test_watermarks(argv[1]);
    scene_end(&scene);
    return probe_finish();
}
