/*
 * Structs of every size: smaller than ABI 1 is refused, larger (a host that was compiled against a
 * later header of ABI 1) is accepted, and only what this version knows is read and written.
 */
#include "detectors.h"
#include "probe.h"
#include "scene.h"
#include "watermarks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scene_t scene;
static steer_arrays_t *arrays;
static steer_detector_t *detector;
static steer_monitor_t *monitor;
static steer_watermark_t *watermark;

typedef steer_status_t filler_t(void *structure, steer_error_t *error);

static steer_status_t fill_capabilities(void *structure, steer_error_t *error)
{
    return steer_capabilities_get((steer_capabilities_t *)structure, error);
}

static steer_status_t fill_dictionary(void *structure, steer_error_t *error)
{
    return steer_dictionary_inspect(scene.dictionary, (steer_dictionary_info_t *)structure, error);
}

static steer_status_t fill_plan(void *structure, steer_error_t *error)
{
    return steer_plan_inspect(scene.plan, (steer_plan_info_t *)structure, error);
}

static steer_status_t fill_session(void *structure, steer_error_t *error)
{
    return steer_session_inspect(scene.session, (steer_session_info_t *)structure, error);
}

static steer_status_t fill_encoder(void *structure, steer_error_t *error)
{
    return steer_encoder_inspect(scene.encoder, (steer_encoder_info_t *)structure, error);
}

static steer_status_t fill_arrays(void *structure, steer_error_t *error)
{
    return steer_arrays_view(arrays, (steer_plan_arrays_t *)structure, error);
}

static steer_status_t fill_detector(void *structure, steer_error_t *error)
{
    return steer_detector_inspect(detector, (steer_detector_info_t *)structure, error);
}

static steer_status_t fill_verdict(void *structure, steer_error_t *error)
{
    return steer_monitor_verdict(monitor, 1, 0, (steer_verdict_t *)structure, error);
}

static steer_status_t fill_watermark(void *structure, steer_error_t *error)
{
    return steer_watermark_inspect(watermark, (steer_watermark_info_t *)structure, error);
}

static steer_status_t fill_replay_verdict(void *structure, steer_error_t *error)
{
    const steer_replay_t replay = { sizeof replay, 0, 50, 1, 0.5, 0.25,
        WATERMARK_STRENGTH };
    return steer_watermark_replay_verdict(
        watermark, &replay, 0, (steer_verdict_t *)structure, error);
}

static void set_size(unsigned char *structure, uint32_t size)
{
    memcpy(structure, &size, sizeof size);
}

static uint32_t size_of(const unsigned char *structure)
{
    uint32_t size;
    memcpy(&size, structure, sizeof size);
    return size;
}

static size_t count_other_than(const unsigned char *bytes, size_t from, size_t to, int value)
{
    size_t i, count = 0;
    for (i = from; i < to; i++) {
        count += bytes[i] != (unsigned char)value;
    }
    return count;
}

/* A struct that the library fills. */
static void test_out(const char *name, filler_t *fill, size_t size)
{
    const uint32_t small[] = { 0, 1, 4, 8, (uint32_t)size - 1 };
    const uint32_t large[] = { (uint32_t)size + 1, (uint32_t)size + 8, (uint32_t)size + 64 };
    probe_guard_t exact = probe_guard_make(size), guard = probe_guard_make(size + 64);
    size_t i;
    probe_case("%s", name);
    memset(exact.bytes, 0, size);
    set_size(exact.bytes, (uint32_t)size);
    REQUIRE_OK(fill(exact.bytes, &probe_error));
    CHECK(probe_guard_intact(&exact), "bytes beside it were written");
    CHECK(count_other_than(exact.bytes, 4, size, 0) > 0, "nothing was filled in");
    for (i = 0; i < sizeof small / sizeof small[0]; i++) {
        steer_error_t error = STEER_ERROR_INIT;
        memset(guard.bytes, 0x5A, guard.length);
        set_size(guard.bytes, small[i]);
        if (CHECK_STATUS(STEER_ERR_ARGUMENT, fill(guard.bytes, &error))) {
            scene_check_error(&error, STEER_ERR_ARGUMENT, -1, __LINE__);
        }
        CHECK(count_other_than(guard.bytes, 4, guard.length, 0x5A) == 0
                && size_of(guard.bytes) == small[i],
            "a struct_size of %u was written to", small[i]);
    }
    for (i = 0; i < sizeof large / sizeof large[0]; i++) {
        memset(guard.bytes, 0x5A, guard.length);
        set_size(guard.bytes, large[i]);
        CHECK_STATUS(STEER_OK, fill(guard.bytes, NULL));
        CHECK(size_of(guard.bytes) == large[i], "struct_size became %u", size_of(guard.bytes));
        CHECK(memcmp(guard.bytes + 4, exact.bytes + 4, size - 4) == 0 || fill == fill_session,
            "a larger struct is filled differently");
        CHECK(count_other_than(guard.bytes, size, guard.length, 0x5A) == 0,
            "bytes behind what this version knows were written");
        CHECK(probe_guard_intact(&guard), "bytes beside it were written");
    }
    /* No struct will ever be that large: refused or filled, but never written beyond its end. */
    memset(guard.bytes, 0x5A, guard.length);
    set_size(guard.bytes, UINT32_MAX);
    CHECK_STATUS_IN(ONE(STEER_OK) | ONE(STEER_ERR_ARGUMENT), fill(guard.bytes, NULL));
    CHECK(
        count_other_than(guard.bytes, size, guard.length, 0x5A) == 0 && probe_guard_intact(&guard),
        "bytes behind what this version knows were written");
    probe_guard_free(&exact);
    probe_guard_free(&guard);
}

static void test_options(void)
{
    /* The size that the first callers have, whose options end before `format`. */
    const uint32_t first = 32;
    const uint32_t small[] = { 0, 1, 4, first - 1 };
    struct {
        steer_open_options_t options;
        unsigned char later[16];
    } larger;
    const steer_open_options_t empty = STEER_OPEN_OPTIONS_INIT;
    steer_dictionary_t *out = NULL;
    size_t i;
    probe_case("options");
    memset(&larger, 0, sizeof larger);
    for (i = 0; i < 4; i++) {
        larger.options = empty;
        larger.options.struct_size = small[i];
        CHECK_STATUS(STEER_ERR_ARGUMENT,
            steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    }
    CHECK(out == NULL, "a refused open wrote its handle");
    /* What lies behind a first caller's struct is not read. */
    memset(&larger, 0xFF, sizeof larger);
    memcpy(&larger.options, &empty, first);
    larger.options.struct_size = first;
    CHECK_STATUS(STEER_OK, steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    steer_dictionary_close(out);
    out = NULL;
    memset(&larger, 0, sizeof larger);
    larger.options = empty;
    larger.options.struct_size = (uint32_t)sizeof larger;
    CHECK_STATUS(STEER_OK, steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    steer_dictionary_close(out);
    out = NULL;
    larger.later[0] = 1; /* a later field that is set */
    CHECK_STATUS(
        STEER_ERR_ARGUMENT, steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    larger.options = empty;
    larger.options.weight_check = 2;
    CHECK_STATUS(
        STEER_ERR_ARGUMENT, steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    larger.options.weight_check = STEER_WEIGHT_CHECK_ALL;
    CHECK_STATUS(STEER_OK, steer_dictionary_open(scene.fixture.path, &larger.options, &out, NULL));
    steer_dictionary_close(out);
}

/* Elements of an array lie struct_size apart, whatever this version's size is. */
static void test_interventions(void)
{
    const uint32_t size = (uint32_t)sizeof(steer_intervention_t);
    const uint32_t small[] = { 0, 1, 4, size - 1 };
    unsigned char *spaced = (unsigned char *)probe_allocate(3 * (size + 24));
    steer_intervention_t wishes[3];
    steer_plan_t *plan = NULL;
    uint8_t expected[32], found[32];
    size_t i, j;
    uint32_t extra;
    probe_case("interventions");
    for (i = 0; i < 3; i++) {
        wishes[i] = scene_wish((uint32_t)(4 + i), STEER_MODE_ADD, 1 + (double)i);
    }
    plan = scene_plan(scene.dictionary, wishes, 3, NULL);
    REQUIRE_OK(steer_plan_fingerprint(plan, expected, &probe_error));
    steer_plan_destroy(plan);
    for (extra = 8; extra <= 24; extra += 8) {
        memset(spaced, 0, 3 * (size + 24));
        for (i = 0; i < 3; i++) {
            wishes[i].struct_size = size + extra;
            memcpy(spaced + i * (size + extra), &wishes[i], size);
        }
        plan = NULL;
        REQUIRE_OK(steer_plan_compile(scene.dictionary,
            (const steer_intervention_t *)(void *)spaced, 3, NULL, &plan, &probe_error));
        REQUIRE_OK(steer_plan_fingerprint(plan, found, &probe_error));
        CHECK(memcmp(expected, found, 32) == 0, "elements %u bytes apart are read differently",
            size + extra);
        steer_plan_destroy(plan);
    }
    plan = NULL;
    for (i = 0; i < 4; i++) {
        for (j = 0; j < 3; j++) {
            wishes[j].struct_size = small[i];
        }
        CHECK_STATUS(
            STEER_ERR_ARGUMENT, steer_plan_compile(scene.dictionary, wishes, 3, NULL, &plan, NULL));
        wishes[0].struct_size = size; /* not each with the same */
        CHECK_STATUS(
            STEER_ERR_ARGUMENT, steer_plan_compile(scene.dictionary, wishes, 3, NULL, &plan, NULL));
    }
    wishes[0].struct_size = wishes[1].struct_size = wishes[2].struct_size = size;
    /* One element is no stride: nothing beyond what this version knows may be read. */
    wishes[2].struct_size = UINT32_MAX - 7;
    CHECK_STATUS_IN(ONE(STEER_OK) | ONE(STEER_ERR_ARGUMENT),
        steer_plan_compile(scene.dictionary, &wishes[2], 1, NULL, &plan, NULL));
    steer_plan_destroy(plan);
    plan = NULL;
    CHECK_STATUS_IN(ONE(STEER_ERR_PLAN) | ONE(STEER_ERR_ARGUMENT),
        steer_plan_compile(scene.dictionary, wishes, SIZE_MAX, NULL, &plan, NULL));
    CHECK_STATUS_IN(ONE(STEER_ERR_PLAN) | ONE(STEER_ERR_ARGUMENT),
        steer_plan_compile(scene.dictionary, wishes, 0, NULL, &plan, NULL));
    CHECK_STATUS_IN(ONE(STEER_ERR_PLAN) | ONE(STEER_ERR_ARGUMENT),
        steer_plan_compile(scene.dictionary, wishes, 10001, NULL, &plan, NULL));
    CHECK(plan == NULL, "a refused plan wrote its handle");
    free(spaced);
}

static void test_scopes(void)
{
    const uint32_t size = (uint32_t)sizeof(steer_scope_t);
    const uint32_t sizes[] = { 0, 1, 4, size - 1, size, size + 8, size + 16 };
    struct {
        steer_scope_t scope;
        unsigned char later[16];
    } larger;
    const steer_scope_t empty = STEER_SCOPE_INIT;
    steer_intervention_t wish = scene_wish(1, STEER_MODE_ADD, 1);
    size_t i;
    probe_case("scopes");
    memset(&larger, 0, sizeof larger);
    larger.scope = empty;
    for (i = 0; i < 7; i++) {
        steer_plan_t *plan = NULL;
        const steer_status_t expected = sizes[i] < size ? STEER_ERR_ARGUMENT : STEER_OK;
        larger.scope.struct_size = sizes[i];
        wish.scope = NULL;
        CHECK_STATUS(
            expected, steer_plan_compile(scene.dictionary, &wish, 1, &larger.scope, &plan, NULL));
        steer_plan_destroy(plan);
        plan = NULL;
        wish.scope = &larger.scope;
        CHECK_STATUS(expected, steer_plan_compile(scene.dictionary, &wish, 1, NULL, &plan, NULL));
        steer_plan_destroy(plan);
    }
    /* A later field that is set means something that this version cannot do. */
    wish.scope = NULL;
    larger.later[7] = 1;
    for (i = 0; i < 2; i++) {
        steer_plan_t *plan = NULL;
        larger.scope.struct_size = i ? UINT32_MAX : (uint32_t)sizeof larger;
        CHECK_STATUS(STEER_ERR_ARGUMENT,
            steer_plan_compile(scene.dictionary, &wish, 1, &larger.scope, &plan, NULL));
    }
}

/* A struct that is read, [size] bytes that are taken as they are: of every size, with later fields. */
typedef steer_status_t taker_t(const void *structure);

static steer_status_t take_document(const void *structure)
{
    steer_plan_t *plan = NULL;
    const steer_status_t status = steer_watermark_plan(
        watermark, (const steer_document_t *)structure, 1, &plan, NULL);
    steer_plan_destroy(plan);
    return status;
}

static steer_status_t take_replay(const void *structure)
{
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    return steer_watermark_replay_verdict(
        watermark, (const steer_replay_t *)structure, 0, &verdict, NULL);
}

static void test_in(const char *name, taker_t *take, const void *structure, size_t size)
{
    const uint32_t sizes[] = { 0, 1, 4, (uint32_t)size - 1, (uint32_t)size, (uint32_t)size + 8 };
    probe_guard_t guard = probe_guard_make(size + 8);
    size_t i;
    probe_case("%s", name);
    memset(guard.bytes, 0, guard.length);
    memcpy(guard.bytes, structure, size);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        set_size(guard.bytes, sizes[i]);
        CHECK_STATUS(sizes[i] < size ? STEER_ERR_ARGUMENT : STEER_OK, take(guard.bytes));
    }
    guard.bytes[size + 3] = 1; /* a later field that is set */
    CHECK_STATUS(STEER_ERR_ARGUMENT, take(guard.bytes));
    probe_guard_free(&guard);
}

static void test_watermarks(const char *vectors)
{
    const steer_document_t document = watermark_document();
    steer_replay_t replay = STEER_REPLAY_INIT;
    watermark_files_t files;
    replay.strength = WATERMARK_STRENGTH;
    watermark_files_make(&files, vectors);
    watermark = watermark_open(&files, "bank", "key-given.json");
    test_out("watermark info", fill_watermark, sizeof(steer_watermark_info_t));
    test_out("verdict of a replay", fill_replay_verdict, sizeof(steer_verdict_t));
    test_in("document", take_document, &document, sizeof document);
    test_in("replay", take_replay, &replay, sizeof replay);
    steer_watermark_destroy(watermark);
    watermark_files_end(&files);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_structs vectors/watermark/host\n");
        return 2;
    }
    scene_make(&scene);
    REQUIRE_OK(steer_arrays_create(scene.plan, &arrays, &probe_error));
    test_out("capabilities", fill_capabilities, sizeof(steer_capabilities_t));
    test_out("dictionary info", fill_dictionary, sizeof(steer_dictionary_info_t));
    test_out("plan info", fill_plan, sizeof(steer_plan_info_t));
    REQUIRE_OK(steer_session_seek(scene.session, 5, &probe_error));
    test_out("session info", fill_session, sizeof(steer_session_info_t));
    test_out("encoder info", fill_encoder, sizeof(steer_encoder_info_t));
    detector = detector_open(scene.dictionary, 48, scene.width, 0, 1);
    REQUIRE_OK(steer_monitor_create(detector, &monitor, &probe_error));
    test_out("detector info", fill_detector, sizeof(steer_detector_info_t));
    test_out("verdict", fill_verdict, sizeof(steer_verdict_t));
    test_out("plan arrays", fill_arrays, sizeof(steer_plan_arrays_t));
    test_options();
    test_interventions();
    test_scopes();
    test_watermarks(argv[1]);
    steer_arrays_destroy(arrays);
    steer_monitor_destroy(monitor);
    steer_detector_destroy(detector);
    scene_end(&scene);
    return probe_finish();
}
