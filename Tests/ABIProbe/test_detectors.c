/*
 * Detectors and monitors: verdicts against an oracle in doubles after every row, batches against
 * single rows, refusals that leave streams as they were, sessions that carry a monitor, lifetimes.
 */
#include "detectors.h"
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 20, FEATURES = 48, ROWS = 60 };

static scene_t scene;
static steer_detector_t *detector;

static steer_monitor_t *make_monitor(void)
{
    steer_monitor_t *monitor = NULL;
    REQUIRE_OK(steer_monitor_create(detector, &monitor, &probe_error));
    return monitor;
}

static steer_verdict_t verdict_of(const steer_monitor_t *monitor, size_t structure)
{
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    REQUIRE_OK(steer_monitor_verdict(
        monitor, structure, DETECTOR_RATE, &verdict, &probe_error));
    return verdict;
}

static int same_stream(const steer_monitor_t *a, const steer_monitor_t *b)
{
    size_t s;
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        const steer_verdict_t x = verdict_of(a, s), y = verdict_of(b, s);
        if (memcmp(&x, &y, sizeof x) != 0) {
            return 0;
        }
    }
    return 1;
}

static int is_near(double a, double b) { return fabs(a - b) <= 2e-5 * (1 + fabs(b)); }

static void compare(const steer_monitor_t *monitor, stream_oracle_t *oracle, size_t row)
{
    size_t s;
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        const steer_verdict_t found = verdict_of(monitor, s);
        const steer_verdict_t expected = stream_oracle_verdict(oracle, s);
        CHECK(found.flags == expected.flags, "row %zu, structure %zu: flags %x, expected %x", row, s,
            found.flags, expected.flags);
        CHECK(is_near(found.score, expected.score), "row %zu, structure %zu: score %g, expected %g",
            row, s, found.score, expected.score);
        /* Ranks are whole numbers: no difference is left. */
        CHECK(found.p == expected.p, "row %zu, structure %zu: p %g, expected %g", row, s, found.p,
            expected.p);
        CHECK(fabs(found.log_wealth - expected.log_wealth) <= 1e-9,
            "row %zu, structure %zu: log wealth %.15g, expected %.15g", row, s, found.log_wealth,
            expected.log_wealth);
        CHECK(fabs(found.anytime_p - expected.anytime_p) <= 1e-9, "row %zu: anytime p %g, not %g",
            row, found.anytime_p, expected.anytime_p);
        CHECK(found.threshold == expected.threshold && found.n_blocks == expected.n_blocks
                && found.crossed_at == expected.crossed_at,
            "row %zu, structure %zu: %g, %lu blocks, crossed at %lu, expected %lu and %lu", row, s,
            found.threshold, (unsigned long)found.n_blocks, (unsigned long)found.crossed_at,
            (unsigned long)expected.n_blocks, (unsigned long)expected.crossed_at);
        CHECK(found.tokens_kept == expected.tokens_kept
                && found.tokens_special == expected.tokens_special
                && found.tokens_sink == expected.tokens_sink
                && found.tokens_undefined == expected.tokens_undefined,
            "row %zu: tokens differ", row);
    }
}

/* Every row of a stream, in every type, with marks of special rows and without. */
static void test_verdicts(const scene_t *s, steer_type_t type, int marks)
{
    const double sink_norm = 6.5;
    const size_t bytes = element_size(type), stride = WIDTH + 3;
    unsigned char *rows = probe_allocate(ROWS * stride * 4);
    uint8_t special[ROWS];
    steer_detector_t *own = detector_open(s->dictionary, FEATURES, WIDTH, sink_norm, 1);
    steer_monitor_t *monitor = NULL, *together = NULL;
    stream_oracle_t oracle;
    size_t r, c;
    probe_case("verdicts, %s, marks %d", element_name(type), marks);
    scene_fill(rows, type, ROWS * stride, 1.2, 21);
    for (c = 0; c < WIDTH; c++) {
        element_store(rows, type, 9 * stride + c, 0); /* undefined where a row has to be scaled */
    }
    for (r = 0; r < ROWS; r++) {
        special[r] = (uint8_t)(marks ? (r == 2 || r == 30) * 5 : r == 0);
    }
    stream_oracle_start(&oracle, &s->fixture, sink_norm);
    REQUIRE_OK(steer_monitor_create(own, &monitor, &probe_error));
    REQUIRE_OK(steer_monitor_create(own, &together, &probe_error));
    compare(monitor, &oracle, 0);
    for (r = 0; r < ROWS; r++) {
        double row[WIDTH];
        for (c = 0; c < WIDTH; c++) {
            row[c] = element_load(rows, type, r * stride + c);
        }
        stream_oracle_observe(&oracle, row, special[r]);
        REQUIRE_OK(steer_monitor_observe(monitor, rows + r * stride * bytes, type, 1, stride,
            marks ? special + r : NULL, &probe_error));
        compare(monitor, &oracle, r + 1);
    }
    CHECK(oracle.margin > 1e-6, "a score is %g from a null score: choose another seed",
        oracle.margin);
    CHECK(oracle.sink > 0 && oracle.kept > 40, "%lu sinks, %lu kept", (unsigned long)oracle.sink,
        (unsigned long)oracle.kept);
    REQUIRE_OK(steer_monitor_observe(
        together, rows, type, ROWS, stride, marks ? special : NULL, &probe_error));
    CHECK(same_stream(monitor, together), "rows together give another verdict");
    steer_monitor_destroy(monitor);
    steer_monitor_destroy(together);
    steer_detector_destroy(own);
    free(rows);
}

static void test_inspection(void)
{
    static const char *const names[DETECTOR_STRUCTURES] = { "mean", "max", "rate" };
    steer_detector_t *bare = detector_open(scene.dictionary, FEATURES, WIDTH, 0, 0);
    steer_detector_info_t info = STEER_DETECTOR_INFO_INIT;
    steer_monitor_t *monitor = NULL;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    char name[8];
    size_t required = 0, s;
    probe_case("inspection");
    REQUIRE_OK(steer_detector_inspect(detector, &info, &probe_error));
    CHECK(info.flags == (STEER_DETECTOR_CALIBRATED | STEER_DETECTOR_CALIBRATED_STREAMS)
            && info.n_structures == DETECTOR_STRUCTURES && info.n_features == 3
            && info.model_width == WIDTH && info.block_length == DETECTOR_BLOCK
            && info.shortest_length == 5 && info.longest_length == 40,
        "a calibrated detector");
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        memset(name, '?', sizeof name);
        CHECK_STATUS(STEER_ERR_CAPACITY,
            steer_detector_structure_name(
                detector, s, name, strlen(names[s]), &required, NULL));
        CHECK(name[0] == '?' && required == strlen(names[s]) + 1, "required is %zu", required);
        REQUIRE_OK(steer_detector_structure_name(
            detector, s, name, required, NULL, &probe_error));
        CHECK(strcmp(name, names[s]) == 0, "structure %zu is %s", s, name);
    }
    REQUIRE_OK(steer_detector_inspect(bare, &info, &probe_error));
    CHECK(info.flags == 0 && info.block_length == 0 && info.longest_length == 0, "a bare detector");
    REQUIRE_OK(steer_monitor_create(bare, &monitor, &probe_error));
    {
        float row[2 * WIDTH];
        scene_fill(row, STEER_F32, 2 * WIDTH, 1, 5);
        REQUIRE_OK(
            steer_monitor_observe(monitor, row, STEER_F32, 2, WIDTH, NULL, &probe_error));
    }
    REQUIRE_OK(steer_monitor_verdict(monitor, 0, 0.5, &verdict, &probe_error));
    CHECK(verdict.flags == STEER_VERDICT_HAS_SCORE && verdict.tokens_kept == 1
            && verdict.tokens_special == 1 && verdict.anytime_p == 1,
        "a verdict without calibration");
    steer_monitor_destroy(monitor);
    steer_detector_destroy(bare);
}

/* Refused rows, wherever they stand, leave every stream as it was. */
static void test_refusals(steer_type_t type)
{
    unsigned char rows[8 * (WIDTH + 2) * 4 + 8];
    steer_monitor_t *monitors[8], *first = make_monitor(), *second = make_monitor(), *before[2];
    const float bad[] = { NAN, INFINITY, -INFINITY };
    size_t b, r;
    probe_case("refusals, %s", element_name(type));
    scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
    for (r = 0; r < 8; r++) {
        monitors[r] = r % 3 ? first : second;
    }
    REQUIRE_OK(steer_monitor_observe_batch(
        monitors, rows, type, 8, WIDTH + 2, NULL, &probe_error));
    REQUIRE_OK(steer_monitor_fork(first, &before[0], &probe_error));
    REQUIRE_OK(steer_monitor_fork(second, &before[1], &probe_error));
#define REFUSED(status, row_, call)                                                                \
    do {                                                                                           \
        steer_error_t error = STEER_ERROR_INIT;                                                    \
        if (CHECK_STATUS(status, call)) {                                                          \
            scene_check_error(&error, status, row_, __LINE__);                                     \
        }                                                                                          \
        CHECK(same_stream(first, before[0]) && same_stream(second, before[1]),                     \
            "line %d: a refused call moved a stream", __LINE__);                                   \
    } while (0)
    for (b = 0; b < 3; b++) {
        for (r = 0; r < 8; r++) {
            scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
            element_store(rows, type, r * (WIDTH + 2) + (r % 2 ? WIDTH - 1 : 0), bad[b]);
            REFUSED(STEER_ERR_NONFINITE, (int64_t)r,
                steer_monitor_observe(first, rows, type, 8, WIDTH + 2, NULL, &error));
            REFUSED(STEER_ERR_NONFINITE, (int64_t)r,
                steer_monitor_observe_batch(monitors, rows, type, 8, WIDTH + 2, NULL, &error));
        }
    }
    scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
    REFUSED(STEER_ERR_SHAPE, -1,
        steer_monitor_observe(first, rows, type, 8, WIDTH - 1, NULL, &error));
    REFUSED(STEER_ERR_SHAPE, -1,
        steer_monitor_observe(first, rows, type, SIZE_MAX, WIDTH, NULL, &error));
    REFUSED(STEER_ERR_SHAPE, -1,
        steer_monitor_observe_batch(monitors, rows, type, 8, 0, NULL, &error));
    REFUSED(STEER_ERR_SHAPE, -1,
        steer_monitor_observe_batch(monitors, rows, type, SIZE_MAX / 2, WIDTH, NULL, &error));
    REFUSED(STEER_ERR_ARGUMENT, -1,
        steer_monitor_observe(first, rows, 3, 8, WIDTH, NULL, &error));
    REFUSED(STEER_ERR_ARGUMENT, -1,
        steer_monitor_observe(first, rows + 1, type, 1, WIDTH, NULL, &error));
    /* No rows, or rows that nobody watches: nothing to do. */
    CHECK_STATUS(STEER_OK, steer_monitor_observe(first, NULL, type, 0, WIDTH, NULL, NULL));
    element_store(rows, type, 0, NAN);
    memset(monitors, 0, sizeof monitors);
    CHECK_STATUS(
        STEER_OK, steer_monitor_observe_batch(monitors, rows, type, 8, WIDTH, NULL, NULL));
    CHECK(same_stream(first, before[0]), "nothing to do moved a stream");
    for (b = 0; b < 2; b++) {
        steer_monitor_destroy(before[b]);
    }
    steer_monitor_destroy(first);
    steer_monitor_destroy(second);
}

static void test_arguments(void)
{
    steer_monitor_t *monitor = make_monitor(), *other = NULL;
    steer_detector_t *twin = detector_open(scene.dictionary, FEATURES, WIDTH, 0, 1), *out = NULL;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    const double rates[] = { -0.1, 1, NAN, INFINITY };
    char *json = detector_json(FEATURES + 1, WIDTH, 0, 1);
    size_t i, length = strlen(json);
    probe_case("arguments");
    for (i = 0; i < 4; i++) {
        CHECK_STATUS(
            STEER_ERR_ARGUMENT, steer_monitor_verdict(monitor, 0, rates[i], &verdict, NULL));
    }
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_monitor_verdict(monitor, 3, 0, &verdict, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_monitor_verdict(monitor, SIZE_MAX, 0, &verdict, NULL));
    CHECK_STATUS(
        STEER_ERR_ARGUMENT, steer_detector_structure_name(detector, 3, NULL, 0, NULL, NULL));
    REQUIRE_OK(steer_monitor_create(twin, &other, &probe_error));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_monitor_assign(monitor, other, NULL));
    CHECK_STATUS(STEER_ERR_SHAPE,
        steer_detector_open_json(scene.dictionary, json, length, &out, NULL));
    free(json);
    json = detector_json(FEATURES, WIDTH, 0, 1);
    length = strlen(json);
    CHECK_STATUS(STEER_ERR_FILE,
        steer_detector_open_json(scene.dictionary, json, length - 3, &out, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_detector_open_json(scene.dictionary, json, SIZE_MAX, &out, NULL));
    CHECK_STATUS(STEER_ERR_FILE, steer_detector_open_json(scene.dictionary, "{}", 2, &out, NULL));
    CHECK(out == NULL, "a refused detector wrote its handle");
    free(json);
    steer_detector_destroy(twin);
    steer_monitor_destroy(other);
    steer_monitor_destroy(monitor);
}

static void test_state(void)
{
    float rows[ROWS * WIDTH];
    steer_monitor_t *monitor = make_monitor(), *straight = make_monitor(), *empty = make_monitor(),
                    *fork = NULL;
    probe_case("fork, assign, reset");
    scene_fill(rows, STEER_F32, ROWS * WIDTH, 1.2, 12);
    REQUIRE_OK(steer_monitor_observe(monitor, rows, STEER_F32, 33, WIDTH, NULL, &probe_error));
    REQUIRE_OK(steer_monitor_fork(monitor, &fork, &probe_error));
    REQUIRE_OK(steer_monitor_observe(
        monitor, rows + 33 * WIDTH, STEER_F32, ROWS - 33, WIDTH, NULL, &probe_error));
    REQUIRE_OK(steer_monitor_observe(straight, rows, STEER_F32, ROWS, WIDTH, NULL, &probe_error));
    CHECK(same_stream(monitor, straight), "a forked stream goes on differently");
    CHECK(!same_stream(monitor, fork), "the fork moved too");
    REQUIRE_OK(steer_monitor_observe(
        fork, rows + 33 * WIDTH, STEER_F32, ROWS - 33, WIDTH, NULL, &probe_error));
    CHECK(same_stream(fork, straight), "the fork goes on differently");
    REQUIRE_OK(steer_monitor_reset(fork, &probe_error));
    CHECK(same_stream(fork, empty), "a stream that was reset is not empty");
    REQUIRE_OK(steer_monitor_assign(straight, fork, &probe_error));
    CHECK(same_stream(fork, straight), "an assigned stream is another");
    REQUIRE_OK(steer_monitor_assign(fork, fork, &probe_error));
    CHECK(same_stream(fork, straight), "a stream assigned to itself is another");
    steer_monitor_destroy(monitor);
    steer_monitor_destroy(straight);
    steer_monitor_destroy(empty);
    steer_monitor_destroy(fork);
}

/* Sessions show their rows as they came, and only those that were applied. */
static void test_sessions(steer_type_t type)
{
    unsigned char rows[ROWS * WIDTH * 4], copy[ROWS * WIDTH * 4];
    steer_session_t *sessions[ROWS], *two[2];
    steer_monitor_t *watching[2], *alone[2];
    steer_outcome_t outcomes[ROWS];
    size_t r;
    probe_case("sessions, %s", element_name(type));
    scene_fill(rows, type, ROWS * WIDTH, 1.2, 33);
    memcpy(copy, rows, sizeof rows);
    for (r = 0; r < 2; r++) {
        two[r] = scene_session(scene.plan);
        watching[r] = make_monitor();
        alone[r] = make_monitor();
        REQUIRE_OK(steer_session_set_monitor(two[r], watching[r], &probe_error));
    }
    for (r = 0; r < ROWS; r++) {
        sessions[r] = two[r % 2];
        REQUIRE_OK(steer_monitor_observe(alone[r % 2],
            copy + r * WIDTH * element_size(type), type, 1, WIDTH, NULL, &probe_error));
    }
    REQUIRE_OK(steer_batch_apply(
        sessions, NULL, rows, type, ROWS, WIDTH, outcomes, &probe_error));
    CHECK(outcomes[5] == STEER_ROW_EDITED && memcmp(rows, copy, sizeof rows) != 0,
        "the rows were not edited");
    CHECK(same_stream(watching[0], alone[0]) && same_stream(watching[1], alone[1]),
        "a session shows other rows than it was given");
    element_store(rows, type, 7 * WIDTH, NAN);
    CHECK_STATUS(STEER_ERR_NONFINITE,
        steer_batch_apply(sessions, NULL, rows, type, ROWS, WIDTH, NULL, NULL));
    CHECK_STATUS(STEER_ERR_NONFINITE,
        steer_session_apply(two[0], rows, type, ROWS, WIDTH, NULL, NULL));
    CHECK(same_stream(watching[0], alone[0]) && same_stream(watching[1], alone[1]),
        "a refused row was watched");
    /* The session keeps its monitor; without one it goes on. */
    steer_monitor_destroy(watching[1]);
    REQUIRE_OK(steer_session_apply(two[1], copy, type, 3, WIDTH, NULL, &probe_error));
    REQUIRE_OK(steer_session_reset(two[0], 0, &probe_error));
    CHECK(verdict_of(watching[0], 0).tokens_special == 0, "reset keeps the stream");
    REQUIRE_OK(steer_session_set_monitor(two[0], NULL, &probe_error));
    REQUIRE_OK(steer_session_apply(two[0], copy, type, 3, WIDTH, NULL, &probe_error));
    CHECK(verdict_of(watching[0], 0).tokens_special == 0, "the monitor is still there");
    for (r = 0; r < 2; r++) {
        steer_session_destroy(two[r]);
        steer_monitor_destroy(alone[r]);
    }
    steer_monitor_destroy(watching[0]);
}

static void test_widths(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *wide;
    steer_detector_t *other;
    steer_monitor_t *pair[2];
    float rows[2 * 24];
    probe_case("widths");
    spec.width = 24;
    wide = fixture_create(&fixture, &spec);
    other = detector_open(wide, FEATURES, 24, 0, 1);
    steer_dictionary_close(wide);
    pair[0] = make_monitor();
    REQUIRE_OK(steer_monitor_create(other, &pair[1], &probe_error));
    steer_detector_destroy(other); /* the monitor keeps it */
    scene_fill(rows, STEER_F32, 2 * 24, 1, 2);
    CHECK_STATUS(STEER_ERR_SHAPE,
        steer_monitor_observe_batch(pair, rows, STEER_F32, 2, 24, NULL, NULL));
    CHECK_STATUS(STEER_ERR_SHAPE, steer_session_set_monitor(scene.session, pair[1], NULL));
    CHECK_STATUS(STEER_OK, steer_monitor_observe(pair[1], rows, STEER_F32, 2, 24, NULL, NULL));
    steer_monitor_destroy(pair[0]);
    steer_monitor_destroy(pair[1]);
    fixture_end(&fixture);
}

/* A monitor belongs to one session, until that lets go of it; a row that it reads must be finite. */
static void test_owners(void)
{
    float rows[6 * WIDTH];
    steer_session_t *first = scene_session(scene.plan), *second = scene_session(scene.plan), *scoped;
    steer_monitor_t *monitor = make_monitor(), *other = make_monitor();
    steer_error_t error = STEER_ERROR_INIT;
    static const steer_range_t range = { 4, 6 };
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_intervention_t wish = scene_wish(3, STEER_MODE_ADD, 1);
    steer_plan_t *plan;
    probe_case("owners");
    REQUIRE_OK(steer_session_set_monitor(first, monitor, &probe_error));
    REQUIRE_OK(steer_session_set_monitor(second, other, &probe_error));
    REQUIRE_OK(steer_session_set_monitor(first, monitor, &probe_error));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_set_monitor(second, monitor, &error));
    scene_check_error(&error, STEER_ERR_ARGUMENT, -1, __LINE__);
    scene_fill(rows, STEER_F32, 6 * WIDTH, 1.2, 5);
    REQUIRE_OK(steer_session_apply(second, rows, STEER_F32, 6, WIDTH, NULL, &probe_error));
    CHECK(verdict_of(other, 0).tokens_kept == 5 && verdict_of(monitor, 0).tokens_kept == 0,
        "a refused monitor watches, or the one before it does not");
    /* Resetting keeps it, NULL and the session's end free it. */
    REQUIRE_OK(steer_session_reset(first, 0, &probe_error));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_set_monitor(second, monitor, NULL));
    REQUIRE_OK(steer_session_set_monitor(first, NULL, &probe_error));
    REQUIRE_OK(steer_session_set_monitor(second, monitor, &probe_error));
    REQUIRE_OK(steer_session_set_monitor(first, other, &probe_error));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_set_monitor(first, monitor, NULL));
    steer_session_destroy(second);
    REQUIRE_OK(steer_session_set_monitor(first, monitor, &probe_error));

    scope.ranges = &range;
    scope.n_ranges = 1;
    plan = scene_plan(scene.dictionary, &wish, 1, &scope);
    scoped = scene_session(plan);
    scene_fill(rows, STEER_F32, 6 * WIDTH, 1.2, 5);
    rows[2 * WIDTH + 1] = NAN;
    REQUIRE_OK(steer_session_apply(scoped, rows, STEER_F32, 3, WIDTH, NULL, &probe_error));
    REQUIRE_OK(steer_session_set_monitor(scoped, other, &probe_error));
    REQUIRE_OK(steer_session_reset(scoped, 0, &probe_error));
    CHECK_STATUS(
        STEER_ERR_NONFINITE, steer_session_apply(scoped, rows, STEER_F32, 3, WIDTH, NULL, &error));
    CHECK(error.row == 2 && scene_state(scoped).position == 0, "row %ld", (long)error.row);
    steer_plan_destroy(plan);
    steer_session_destroy(scoped);
    steer_session_destroy(first);
    steer_monitor_destroy(monitor);
    steer_monitor_destroy(other);
}

/* A transcoder's sessions edit another place than its monitors read. */
static void test_places(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *transcoder;
    steer_detector_t *own;
    steer_monitor_t *monitor = NULL;
    steer_intervention_t wish = scene_wish(3, STEER_MODE_ADD, 1);
    steer_plan_t *plan;
    steer_session_t *session;
    steer_error_t error = STEER_ERROR_INIT;
    probe_case("places");
    spec.architecture = "transcoder";
    spec.output_width = WIDTH;
    transcoder = fixture_create(&fixture, &spec);
    own = detector_open(transcoder, FEATURES, WIDTH, 0, 1);
    plan = scene_plan(transcoder, &wish, 1, NULL);
    session = scene_session(plan);
    REQUIRE_OK(steer_monitor_create(own, &monitor, &probe_error));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_set_monitor(session, monitor, &error));
    CHECK(strstr(error.message, "'blocks.3.hook_resid_post'") != NULL
            && strstr(error.message, "'blocks.3.hook_mlp_out'") != NULL,
        "%s", error.message);
    REQUIRE_OK(steer_session_set_monitor(scene.session, monitor, &probe_error)); /* one place */
    REQUIRE_OK(steer_session_set_monitor(scene.session, NULL, &probe_error));
    steer_monitor_destroy(monitor);
    steer_session_destroy(session);
    steer_plan_destroy(plan);
    steer_detector_destroy(own);
    steer_dictionary_close(transcoder);
    fixture_end(&fixture);
}

int main(void)
{
    static const char *const normalisations[] = { "none", "layer_norm" };
    steer_type_t type;
    size_t n;
    for (n = 0; n < 2; n++) {
        fixture_spec_t spec = FIXTURE_SPEC_INIT;
        spec.normalisation = normalisations[n];
        scene_make_with(&scene, &spec);
        for (type = STEER_F32; type <= STEER_F16; type++) {
            test_verdicts(&scene, type, type == STEER_BF16);
        }
        scene_end(&scene);
    }
    scene_make(&scene);
    detector = detector_open(scene.dictionary, FEATURES, WIDTH, 0, 1);
    test_inspection();
    test_arguments();
    test_state();
    test_widths();
    test_owners();
    test_places();
    for (type = STEER_F32; type <= STEER_F16; type++) {
        test_refusals(type);
        test_sessions(type);
    }
    steer_detector_destroy(detector);
    scene_end(&scene);
    return probe_finish();
}
