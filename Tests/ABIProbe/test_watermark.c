/*
 * Watermarks: plans, detectors and verdicts against those that another implementation made
 * (vectors/watermark/host), threads, lifetimes. test_watermark_refusals has what is refused.
 *
 *   test_watermark VECTORS
 */
#include "probe.h"
#include "scene.h"
#include "watermarks.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40 };

static watermark_files_t files;

static char *read_expected(const char *what, size_t s, size_t *length)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s.json", what, watermark_schemes[s]);
    return watermark_read(watermark_vector(&files, name), length);
}

static void test_plans(size_t s)
{
    steer_watermark_t *watermark = watermark_open_scheme(&files, s);
    steer_document_t document = watermark_document_of(s);
    steer_plan_t *plan = NULL, *expected = NULL;
    steer_plan_info_t info = STEER_PLAN_INFO_INIT;
    uint8_t a[32], b[32];
    size_t length;
    char *json = read_expected("plan", s, &length);
    probe_case("plan, %s", watermark_schemes[s]);
    REQUIRE_OK(steer_plan_compile_json(files.dictionary, json, length, &expected, &probe_error));
    watermark_fingerprint(expected, b);
    REQUIRE_OK(steer_watermark_plan(watermark, &document, WATERMARK_STRENGTH, &plan, &probe_error));
    watermark_fingerprint(plan, a);
    CHECK(memcmp(a, b, 32) == 0, "another plan than expected");
    REQUIRE_OK(steer_plan_inspect(plan, &info, &probe_error));
    CHECK(info.n_interventions == 3 && info.width == 20
            && (info.flags & STEER_PLAN_NEEDS_PROMPT_LENGTH),
        "%lu interventions, flags %x", (unsigned long)info.n_interventions, info.flags);
    steer_plan_destroy(plan);
    plan = NULL;
    REQUIRE_OK(steer_watermark_replay_plan(watermark, &document, WATERMARK_STRENGTH, &plan, &probe_error));
    watermark_fingerprint(plan, a);
    steer_plan_destroy(plan);
    steer_plan_destroy(expected);
    expected = NULL;
    free(json);
    json = read_expected("replay-plan", s, &length);
    REQUIRE_OK(steer_plan_compile_json(files.dictionary, json, length, &expected, &probe_error));
    watermark_fingerprint(expected, b);
    CHECK(memcmp(a, b, 32) == 0, "another plan of a replay than expected");
    /* 0 is the default, which is 1. */
    watermark_fingerprint_at(watermark, &document, 0, a);
    CHECK(memcmp(a, b, 32) != 0, "the strength changes nothing");
    watermark_fingerprint_at(watermark, &document, 1, b);
    CHECK(memcmp(a, b, 32) == 0, "strength 0 is not 1");
    if (s == 2) { /* any second of the window, and no other window */
        document.time = WATERMARK_TIME / 86400 * 86400;
        watermark_fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) == 0, "the window's first second has another plan");
        document.time += 86399;
        watermark_fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) == 0, "the window's last second has another plan");
        document.time += 1;
        watermark_fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) != 0, "two windows have one plan");
        document.time = INT64_MIN;
        watermark_fingerprint_at(watermark, &document, 1, a);
        document.time = INT64_MAX;
        watermark_fingerprint_at(watermark, &document, 1, a);
    }
    if (s < 2) {
        steer_document_t empty = document;
        steer_plan_t *none = NULL;
        empty.length = 0;
        CHECK(steer_watermark_plan(watermark, &empty, 0, &none, &probe_error) == STEER_ERR_ARGUMENT
                && !none && strstr(probe_error.message, "document.length is 0"),
            "an empty name: %s", probe_error.message);
        document.length -= 1;
        watermark_fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) != 0, "two documents have one plan");
    }
    steer_plan_destroy(expected);
    steer_watermark_destroy(watermark);
    free(json);
}

/* Threads watch too: no REQUIRE_OK here, whose counts and error are for one thread only. */
static steer_status_t watch(
    const steer_detector_t *detector, size_t n_rows, steer_verdict_t *verdict)
{
    float rows[ROWS * 20];
    steer_monitor_t *monitor = NULL;
    steer_status_t status;
    scene_fill(rows, STEER_F32, ROWS * 20, 1.5, 7);
    *verdict = (steer_verdict_t)STEER_VERDICT_INIT;
    status = steer_monitor_create(detector, &monitor, NULL);
    if (status == STEER_OK) {
        status = steer_monitor_observe(monitor, rows, STEER_F32, n_rows, 20, NULL, NULL);
    }
    if (status == STEER_OK) {
        status = steer_monitor_verdict(monitor, 0, 0, verdict, NULL);
    }
    steer_monitor_destroy(monitor);
    return status;
}

static void test_detectors(size_t s)
{
    steer_watermark_t *watermark = watermark_open_scheme(&files, s);
    const steer_document_t document = watermark_document_of(s);
    steer_detector_t *detector = NULL, *bare = NULL;
    steer_detector_info_t info = STEER_DETECTOR_INFO_INIT;
    steer_verdict_t found, expected, early;
    char name[32];
    size_t length;
    char *json = read_expected("detector", s, &length);
    probe_case("detector, %s", watermark_schemes[s]);
    REQUIRE_OK(steer_watermark_detector(watermark, &document, &detector, &probe_error));
    steer_watermark_destroy(watermark); /* lives on in what it made */
    REQUIRE_OK(steer_detector_open_json(files.dictionary, json, length, &bare, &probe_error));
    REQUIRE_OK(steer_detector_inspect(detector, &info, &probe_error));
    CHECK(info.n_structures == 1 && info.block_length == 16 && info.shortest_length >= 20
            && info.longest_length <= 60
            && info.flags == (STEER_DETECTOR_CALIBRATED | STEER_DETECTOR_CALIBRATED_STREAMS),
        "flags %x, lengths %lu to %lu", info.flags, (unsigned long)info.shortest_length,
        (unsigned long)info.longest_length);
    REQUIRE_OK(steer_detector_structure_name(detector, 0, name, sizeof name, NULL, &probe_error));
    CHECK(strcmp(name, "watermark") == 0, "%s", name);
    CHECK_STATUS(STEER_OK, watch(detector, ROWS, &found));
    CHECK_STATUS(STEER_OK, watch(bare, ROWS, &expected));
    CHECK_STATUS(STEER_OK, watch(detector, 10, &early));
    CHECK(fabs(found.score - expected.score) <= 1e-9 * (1 + fabs(expected.score)),
        "score %.17g, expected %.17g", found.score, expected.score);
    CHECK((found.flags & STEER_VERDICT_HAS_P) && found.p > 0 && found.p <= 1 && found.n_blocks == 2,
        "flags %x, p %g, %lu blocks", found.flags, found.p, (unsigned long)found.n_blocks);
    CHECK(!(early.flags & STEER_VERDICT_HAS_P), "a p-value of too short a text");
    steer_detector_destroy(detector);
    steer_detector_destroy(bare);
    free(json);
}

static void test_replays(void)
{
    steer_watermark_t *watermark = watermark_open_scheme(&files, 0);
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    steer_replay_t replay;
    double z = 0, p = 0;
    size_t length;
    char *text = watermark_read(watermark_vector(&files, "replay.txt"), &length);
    probe_case("replays");
    CHECK(sscanf(text, "%lf %lf", &z, &p) == 2, "replay.txt");
    free(text);
    replay = watermark_replay(50, z);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == (STEER_VERDICT_HAS_SCORE | STEER_VERDICT_HAS_P) && verdict.score == z
            && verdict.p == p && verdict.log_wealth == 0.75 && verdict.anytime_p == exp(-0.75)
            && verdict.tokens_kept == 50 && verdict.n_blocks == 0 && verdict.threshold == 0,
        "flags %x, score %g, p %.17g, expected %.17g", verdict.flags, verdict.score, verdict.p, p);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0.5, &verdict, &probe_error));
    CHECK(verdict.flags & STEER_VERDICT_FLAGGED, "p %g is no flag at the rate 0.5", verdict.p);
    replay = watermark_replay(50, 40);
    replay.log_ratio = -3;
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK((verdict.flags & STEER_VERDICT_FLAGGED) && verdict.p == 1.0 / 401
            && verdict.anytime_p == 1,
        "flags %x, p %g", verdict.flags, verdict.p);
    replay = watermark_replay(1000000, 40);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == (STEER_VERDICT_HAS_SCORE | STEER_VERDICT_BEYOND_CALIBRATION)
            && verdict.p == 0,
        "flags %x of a long text", verdict.flags);
    replay = watermark_replay(1, 40);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == STEER_VERDICT_HAS_SCORE, "flags %x of a short text", verdict.flags);
    memset(&replay, 0, sizeof replay);
    replay.struct_size = (uint32_t)sizeof replay;
    replay.strength = WATERMARK_STRENGTH;
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == 0 && verdict.anytime_p == 1, "flags %x of no text", verdict.flags);
    steer_watermark_destroy(watermark);
}

static void test_inspection(void)
{
    steer_watermark_t *windows = watermark_open_scheme(&files, 2);
    steer_watermark_t *retired =
        watermark_open(&files, "bank", "key-retired.json");
    steer_watermark_t *bare = watermark_open(&files, "bare", "key-given.json");
    steer_watermark_info_t info = STEER_WATERMARK_INFO_INIT;
    char name[16];
    size_t required = 0;
    const uint32_t calibrated = STEER_WATERMARK_CALIBRATED | STEER_WATERMARK_CALIBRATED_STREAMS
        | STEER_WATERMARK_CALIBRATED_REPLAY;
    probe_case("inspection");
    REQUIRE_OK(steer_watermark_inspect(windows, &info, &probe_error));
    CHECK(info.flags == calibrated && info.n_entries == 6 && info.count == 3
            && info.scheme == STEER_DOCUMENT_WINDOW && info.window_seconds == 86400
            && info.created == 1700000000 && info.retired == 0
            && info.replay_strength == WATERMARK_STRENGTH,
        "flags %x", info.flags);
    REQUIRE_OK(steer_watermark_inspect(retired, &info, &probe_error));
    CHECK(info.flags == (calibrated | STEER_WATERMARK_RETIRED) && info.retired == 1750000000
            && info.scheme == STEER_DOCUMENT_GIVEN && info.window_seconds == 0,
        "flags %x of a retired key", info.flags);
    REQUIRE_OK(steer_watermark_inspect(bare, &info, &probe_error));
    CHECK(info.flags == 0 && info.replay_strength == 0, "flags %x of a bank that is not calibrated", info.flags);
    memset(name, '?', sizeof name);
    CHECK_STATUS(STEER_ERR_CAPACITY, steer_watermark_key_id(windows, name, 11, &required, NULL));
    CHECK(required == 12 && name[0] == '?', "required is %lu", (unsigned long)required);
    REQUIRE_OK(steer_watermark_key_id(windows, name, 12, &required, &probe_error));
    CHECK(strcmp(name, "host.window") == 0, "%s", name);
    steer_watermark_destroy(windows);
    steer_watermark_destroy(retired);
    steer_watermark_destroy(bare);
}

typedef struct worker {
    const steer_watermark_t *watermark;
    uint8_t fingerprint[32];
    double score, p;
    unsigned failures;
} worker_t;

/* CHECK is for one thread only: failures are counted, and looked at when the thread has ended. */
static void *work(void *argument)
{
    worker_t *worker = argument;
    const steer_document_t document = watermark_document();
    const steer_replay_t replay = watermark_replay(50, 2);
    steer_verdict_t replayed = STEER_VERDICT_INIT, watched = STEER_VERDICT_INIT;
    size_t i;
    for (i = 0; i < 5; i++) {
        steer_detector_t *detector = NULL;
        steer_plan_t *plan = NULL;
        worker->failures +=
            steer_watermark_plan(worker->watermark, &document, 1, &plan, NULL) != STEER_OK
            || steer_plan_fingerprint(plan, worker->fingerprint, NULL) != STEER_OK;
        worker->failures +=
            steer_watermark_detector(worker->watermark, &document, &detector, NULL) != STEER_OK
            || watch(detector, ROWS, &watched) != STEER_OK;
        worker->failures +=
            steer_watermark_replay_verdict(worker->watermark, &replay, 0, &replayed, NULL)
            != STEER_OK;
        worker->score = watched.score;
        worker->p = replayed.p;
        steer_plan_destroy(plan);
        steer_detector_destroy(detector);
    }
    return NULL;
}

static void test_threads(void)
{
    steer_watermark_t *watermark = watermark_open_scheme(&files, 0);
    worker_t workers[4];
    pthread_t threads[4];
    size_t i;
    probe_case("threads");
    memset(workers, 0, sizeof workers);
    for (i = 0; i < 4; i++) {
        workers[i].watermark = watermark;
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
            printf("cannot start a thread\n");
            exit(1);
        }
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(workers[i].failures == 0, "thread %lu: %u calls failed", (unsigned long)i,
            workers[i].failures);
        CHECK(memcmp(workers[i].fingerprint, workers[0].fingerprint, 32) == 0
                && workers[i].score == workers[0].score && workers[i].p == workers[0].p,
            "thread %lu found something else", (unsigned long)i);
    }
    steer_watermark_destroy(watermark);
}

int main(int argc, char **argv)
{
    size_t s;
    if (argc != 2) {
        fprintf(stderr, "usage: test_watermark vectors/watermark/host\n");
        return 2;
    }
    watermark_files_make(&files, argv[1]);
    for (s = 0; s < WATERMARK_SCHEMES; s++) {
        test_plans(s);
        test_detectors(s);
    }
    test_replays();
    test_inspection();
    test_threads();
    watermark_files_end(&files);
    return probe_finish();
}
