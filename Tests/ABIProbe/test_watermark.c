/*
 * Watermarks: plans, detectors and verdicts against those that another implementation made
 * (vectors/watermark/host), refusals that write nothing and tell no secret, threads, lifetimes.
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
#include <sys/stat.h>

enum { ROWS = 40, SCHEMES = 4 };
#define TIME 1700000123

static const char *const schemes[SCHEMES] = { "given", "prompt", "window", "constant" };
static const char prompt[] = "Tell me a \xC3\xA9 story.";

static watermark_files_t files;

static steer_document_t document_of(size_t s)
{
    steer_document_t document = STEER_DOCUMENT_INIT;
    document.scheme = (int32_t)s + 1;
    if (s == 0) {
        return watermark_document();
    }
    if (s == 1) {
        document.text = prompt;
        document.length = sizeof prompt - 1;
    }
    document.time = s == 2 ? TIME : 0;
    return document;
}

static steer_watermark_t *open_scheme(size_t s)
{
    char name[64];
    snprintf(name, sizeof name, "key-%s.json", schemes[s]);
    return watermark_open(&files, "bank", name);
}

static char *read_expected(const char *what, size_t s, size_t *length)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s.json", what, schemes[s]);
    return watermark_read(watermark_vector(&files, name), length);
}

static void fingerprint_of(const steer_plan_t *plan, uint8_t fingerprint[32])
{
    REQUIRE_OK(steer_plan_fingerprint(plan, fingerprint, &probe_error));
}

static void fingerprint_at(
    const steer_watermark_t *watermark, const steer_document_t *document, double strength,
    uint8_t fingerprint[32])
{
    steer_plan_t *plan = NULL;
    REQUIRE_OK(steer_watermark_plan(watermark, document, strength, &plan, &probe_error));
    fingerprint_of(plan, fingerprint);
    steer_plan_destroy(plan);
}

static void test_plans(size_t s)
{
    steer_watermark_t *watermark = open_scheme(s);
    steer_document_t document = document_of(s);
    steer_plan_t *plan = NULL, *expected = NULL;
    steer_plan_info_t info = STEER_PLAN_INFO_INIT;
    uint8_t a[32], b[32];
    size_t length;
    char *json = read_expected("plan", s, &length);
    probe_case("plan, %s", schemes[s]);
    REQUIRE_OK(steer_plan_compile_json(files.dictionary, json, length, &expected, &probe_error));
    fingerprint_of(expected, b);
    REQUIRE_OK(steer_watermark_plan(watermark, &document, WATERMARK_STRENGTH, &plan, &probe_error));
    fingerprint_of(plan, a);
    CHECK(memcmp(a, b, 32) == 0, "another plan than expected");
    REQUIRE_OK(steer_plan_inspect(plan, &info, &probe_error));
    CHECK(info.n_interventions == 3 && info.width == 20
            && (info.flags & STEER_PLAN_NEEDS_PROMPT_LENGTH),
        "%lu interventions, flags %x", (unsigned long)info.n_interventions, info.flags);
    steer_plan_destroy(plan);
    plan = NULL;
    REQUIRE_OK(steer_watermark_replay_plan(watermark, &document, WATERMARK_STRENGTH, &plan, &probe_error));
    fingerprint_of(plan, a);
    CHECK(memcmp(a, b, 32) == 0, "a replay has another plan");
    steer_plan_destroy(plan);
    /* 0 is the default, which is 1. */
    fingerprint_at(watermark, &document, 0, a);
    CHECK(memcmp(a, b, 32) != 0, "the strength changes nothing");
    fingerprint_at(watermark, &document, 1, b);
    CHECK(memcmp(a, b, 32) == 0, "strength 0 is not 1");
    if (s == 2) { /* any second of the window, and no other window */
        document.time = TIME / 86400 * 86400;
        fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) == 0, "the window's first second has another plan");
        document.time += 86399;
        fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) == 0, "the window's last second has another plan");
        document.time += 1;
        fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) != 0, "two windows have one plan");
        document.time = INT64_MIN;
        fingerprint_at(watermark, &document, 1, a);
        document.time = INT64_MAX;
        fingerprint_at(watermark, &document, 1, a);
    }
    if (s < 2) {
        steer_document_t empty = document;
        steer_plan_t *none = NULL;
        empty.length = 0;
        CHECK(steer_watermark_plan(watermark, &empty, 0, &none, &probe_error) == STEER_ERR_ARGUMENT
                && !none && strstr(probe_error.message, "document.length is 0"),
            "an empty name: %s", probe_error.message);
        document.length -= 1;
        fingerprint_at(watermark, &document, 1, a);
        CHECK(memcmp(a, b, 32) != 0, "two documents have one plan");
    }
    steer_plan_destroy(expected);
    steer_watermark_destroy(watermark);
    free(json);
}

static steer_verdict_t watch(const steer_detector_t *detector, size_t n_rows)
{
    float rows[ROWS * 20];
    steer_monitor_t *monitor = NULL;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    scene_fill(rows, STEER_F32, ROWS * 20, 1.5, 7);
    REQUIRE_OK(steer_monitor_create(detector, &monitor, &probe_error));
    REQUIRE_OK(steer_monitor_observe(monitor, rows, STEER_F32, n_rows, 20, NULL, &probe_error));
    REQUIRE_OK(steer_monitor_verdict(monitor, 0, 0, &verdict, &probe_error));
    steer_monitor_destroy(monitor);
    return verdict;
}

static void test_detectors(size_t s)
{
    steer_watermark_t *watermark = open_scheme(s);
    const steer_document_t document = document_of(s);
    steer_detector_t *detector = NULL, *bare = NULL;
    steer_detector_info_t info = STEER_DETECTOR_INFO_INIT;
    steer_verdict_t found, expected;
    char name[32];
    size_t length;
    char *json = read_expected("detector", s, &length);
    probe_case("detector, %s", schemes[s]);
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
    found = watch(detector, ROWS);
    expected = watch(bare, ROWS);
    CHECK(fabs(found.score - expected.score) <= 1e-9 * (1 + fabs(expected.score)),
        "score %.17g, expected %.17g", found.score, expected.score);
    CHECK((found.flags & STEER_VERDICT_HAS_P) && found.p > 0 && found.p <= 1 && found.n_blocks == 2,
        "flags %x, p %g, %lu blocks", found.flags, found.p, (unsigned long)found.n_blocks);
    CHECK(!(watch(detector, 10).flags & STEER_VERDICT_HAS_P), "a p-value of too short a text");
    steer_detector_destroy(detector);
    steer_detector_destroy(bare);
    free(json);
}

static steer_replay_t replay_of(uint64_t tokens, double z)
{
    steer_replay_t replay = STEER_REPLAY_INIT;
    replay.n_tokens = tokens;
    replay.variance = 0.25;
    replay.innovation = 0.5 * z;
    replay.log_ratio = 0.75;
    replay.strength = WATERMARK_STRENGTH;
    return replay;
}

static void test_replays(void)
{
    steer_watermark_t *watermark = open_scheme(0);
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    steer_replay_t replay;
    double z = 0, p = 0;
    size_t length;
    char *text = watermark_read(watermark_vector(&files, "replay.txt"), &length);
    probe_case("replays");
    CHECK(sscanf(text, "%lf %lf", &z, &p) == 2, "replay.txt");
    free(text);
    replay = replay_of(50, z);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == (STEER_VERDICT_HAS_SCORE | STEER_VERDICT_HAS_P) && verdict.score == z
            && verdict.p == p && verdict.log_wealth == 0.75 && verdict.anytime_p == exp(-0.75)
            && verdict.tokens_kept == 50 && verdict.n_blocks == 0 && verdict.threshold == 0,
        "flags %x, score %g, p %.17g, expected %.17g", verdict.flags, verdict.score, verdict.p, p);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0.5, &verdict, &probe_error));
    CHECK(verdict.flags & STEER_VERDICT_FLAGGED, "p %g is no flag at the rate 0.5", verdict.p);
    replay = replay_of(50, 40);
    replay.log_ratio = -3;
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK((verdict.flags & STEER_VERDICT_FLAGGED) && verdict.p == 1.0 / 401
            && verdict.anytime_p == 1,
        "flags %x, p %g", verdict.flags, verdict.p);
    replay = replay_of(1000000, 40);
    REQUIRE_OK(steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &probe_error));
    CHECK(verdict.flags == (STEER_VERDICT_HAS_SCORE | STEER_VERDICT_BEYOND_CALIBRATION)
            && verdict.p == 0,
        "flags %x of a long text", verdict.flags);
    replay = replay_of(1, 40);
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
    steer_watermark_t *windows = open_scheme(2);
    steer_watermark_t *retired = watermark_open(&files, "bank", "key-retired.json");
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

/* No run of eight digits of the secret, in no letter case. */
static void check_tells_nothing(const char *message, const char *key_path)
{
    size_t length, i;
    char *key = watermark_read(key_path, &length), *secret = strstr(key, "\"secret\": \"");
    if (secret != NULL) {
        secret += 11;
        for (i = 0; i + 8 <= 64; i++) {
            char run[9];
            memcpy(run, secret + i, 8);
            run[8] = 0;
            CHECK(strstr(message, run) == NULL, "a message holds a secret");
        }
    }
    free(key);
}

static void refuse_open(steer_status_t status, const steer_dictionary_t *dictionary,
    const char *bank, const char *key, const char *words)
{
    steer_error_t error = STEER_ERROR_INIT;
    steer_watermark_t *out = (steer_watermark_t *)(void *)&files, *const untouched = out;
    const char *bank_path = watermark_path(&files, bank), *key_path = watermark_path(&files, key);
    probe_case("opening %s with %s", bank, key);
    if (CHECK_STATUS(status, steer_watermark_open(dictionary, bank_path, key_path, &out, &error))) {
        scene_check_error(&error, status, -1, __LINE__);
        CHECK(strstr(error.message, words) != NULL, "'%s' is not in '%s'", words, error.message);
        check_tells_nothing(error.message, watermark_path(&files, "key-given.json"));
    }
    CHECK(out == untouched, "a refused open wrote its handle");
}

static void test_opening(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *other;
    char path[256];
    size_t length, i;
    char *bytes, *place;
    snprintf(path, sizeof path, "%s", watermark_path(&files, "key-given.json"));
    spec.width = 24;
    other = fixture_create(&fixture, &spec);
    refuse_open(STEER_ERR_SHAPE, other, "bank", "key-given.json", "wide rows");
    steer_dictionary_close(other);
    fixture_end(&fixture);
    spec.width = 20;
    other = fixture_create(&fixture, &spec);
    refuse_open(STEER_ERR_ARGUMENT, other, "bank", "key-given.json", "has fingerprint");
    steer_dictionary_close(other);
    fixture_end(&fixture);
    refuse_open(STEER_ERR_ARGUMENT, files.dictionary, "unbound", "key-given.json",
        "bound to no dictionary");
    refuse_open(STEER_ERR_ARGUMENT, files.dictionary, "bank", "key-other.json", "key 'other'");
    refuse_open(STEER_ERR_FILE, files.dictionary, "bank", "key-tampered.json", "'check'");
    refuse_open(STEER_ERR_FILE, files.dictionary, "bank", "key-truncated.json", "key-truncated.json");
    refuse_open(STEER_ERR_IO, files.dictionary, "none", "key-given.json", "none");
    refuse_open(STEER_ERR_IO, files.dictionary, "bank", "none.json", "none.json");
    refuse_open(STEER_ERR_IO, files.dictionary, "bank", "bank", "bank");
    chmod(path, 0640);
    refuse_open(STEER_ERR_IO, files.dictionary, "bank", "key-given.json", "chmod");
    chmod(path, 0600);
    /* Another amount is another bank; other null scores are no longer those that the bank names. */
    bytes = watermark_read(watermark_path(&files, "bank/bank.json"), &length);
    place = strstr(bytes, "\"alpha\": ");
    CHECK(place != NULL, "bank.json has no alpha");
    place[9] = place[9] == '9' ? '8' : '9';
    watermark_write(watermark_path(&files, "bare/bank.json"), bytes, length, 0644);
    free(bytes);
    bytes = watermark_read(watermark_path(&files, "bank/null.safetensors"), &length);
    watermark_write(watermark_path(&files, "bare/null.safetensors"), bytes, length, 0644);
    refuse_open(STEER_ERR_FILE, files.dictionary, "bare", "key-given.json", "fingerprint");
    bytes[length - 1] ^= 1;
    watermark_write(watermark_path(&files, "bank/null.safetensors"), bytes, length, 0644);
    refuse_open(STEER_ERR_FILE, files.dictionary, "bank", "key-given.json", "SHA-256");
    bytes[length - 1] ^= 1;
    watermark_write(watermark_path(&files, "bank/null.safetensors"), bytes, length, 0644);
    free(bytes);
    remove(watermark_path(&files, "bare/null.safetensors"));
    bytes = watermark_read(watermark_vector(&files, "bare.json"), &length);
    watermark_write(watermark_path(&files, "bare/bank.json"), bytes, length, 0644);
    free(bytes);
    /* Every byte of a key counts, and none is a trap. */
    bytes = watermark_read(path, &length);
    probe_case("damaged keys");
    for (i = 0; i < length; i++) {
        steer_watermark_t *out = NULL;
        const char was = bytes[i];
        steer_status_t status;
        bytes[i] = (char)(was ^ 0x11);
        watermark_write(path, bytes, length, 0600);
        status = steer_watermark_open(
            files.dictionary, watermark_path(&files, "bank"), path, &out, &probe_error);
        CHECK(status == STEER_ERR_FILE && out == NULL, "byte %lu: %s", (unsigned long)i,
            steer_status_name(status));
        bytes[i] = was;
    }
    watermark_write(path, bytes, length, 0600);
    free(bytes);
}

static void test_documents(void)
{
    steer_watermark_t *marks[SCHEMES];
    steer_watermark_t *retired = watermark_open(&files, "bank", "key-retired.json");
    steer_watermark_t *bare = watermark_open(&files, "bare", "key-given.json");
    steer_document_t document;
    steer_plan_t *plan = (steer_plan_t *)(void *)&files, *const no_plan = plan;
    steer_detector_t *detector = (steer_detector_t *)(void *)&files, *const no_detector = detector;
    const double strengths[] = { -1, NAN, INFINITY, 1e300 };
    size_t s, other;
    for (s = 0; s < SCHEMES; s++) {
        marks[s] = open_scheme(s);
    }
#define REFUSED(status, watermark, words)                                                          \
    do {                                                                                           \
        steer_error_t error = STEER_ERROR_INIT;                                                    \
        CHECK_STATUS(status, steer_watermark_plan(watermark, &document, 1, &plan, &error));        \
        CHECK(strstr(error.message, words) != NULL, "line %d: '%s'", __LINE__, error.message);     \
        CHECK_STATUS(status, steer_watermark_replay_plan(watermark, &document, 1, &plan, NULL));   \
        CHECK_STATUS(status, steer_watermark_detector(watermark, &document, &detector, NULL));     \
        CHECK(plan == no_plan && detector == no_detector, "line %d: a handle was written",         \
            __LINE__);                                                                             \
    } while (0)
    for (s = 0; s < SCHEMES; s++) {
        probe_case("documents, %s", schemes[s]);
        for (other = 0; other < SCHEMES; other++) {
            document = document_of(other);
            if (other != s) {
                REFUSED(STEER_ERR_ARGUMENT, marks[s], "document.scheme");
            }
        }
        document = document_of(s);
        document.struct_size -= 1;
        REFUSED(STEER_ERR_ARGUMENT, marks[s], "struct_size");
        document = document_of(s);
        document.time = s == 2 ? 0 : 1;
        document.length = s == 2 ? 1 : document.length;
        REFUSED(STEER_ERR_ARGUMENT, marks[s], s == 2 ? "length" : "time");
        document = document_of(s);
        document.text = s < 2 ? NULL : "a";
        REFUSED(STEER_ERR_ARGUMENT, marks[s], "document.text");
        document = document_of(s);
        if (s < 2) {
            document.text = "\xFFreport";
            REFUSED(STEER_ERR_ARGUMENT, marks[s], "UTF-8");
            document.length = UINT64_MAX;
            REFUSED(STEER_ERR_ARGUMENT, marks[s], "length");
        }
    }
    probe_case("retired keys, bare banks, strengths");
    document = document_of(0);
    for (s = 0; s < 4; s++) {
        CHECK_STATUS(STEER_ERR_ARGUMENT,
            steer_watermark_plan(marks[0], &document, strengths[s], &plan, NULL));
        CHECK_STATUS(STEER_ERR_ARGUMENT,
            steer_watermark_replay_plan(marks[0], &document, strengths[s], &plan, NULL));
    }
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_watermark_plan(retired, &document, 1, &plan, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_watermark_detector(bare, &document, &detector, NULL));
    CHECK(plan == no_plan && detector == no_detector, "a handle was written");
    {
        /* The same secret: what the retired key marked is still found. */
        uint8_t a[32], b[32];
        fingerprint_at(marks[0], &document, 1, a);
        REQUIRE_OK(steer_watermark_replay_plan(retired, &document, 1, &plan, &probe_error));
        fingerprint_of(plan, b);
        CHECK(memcmp(a, b, 32) == 0, "a retired key replays another plan");
        REQUIRE_OK(steer_watermark_detector(retired, &document, &detector, &probe_error));
        steer_plan_destroy(plan);
        steer_detector_destroy(detector);
        fingerprint_at(bare, &document, 1, b);
        CHECK(memcmp(a, b, 32) == 0, "null scores change the plan");
    }
    for (s = 0; s < SCHEMES; s++) {
        steer_watermark_destroy(marks[s]);
    }
    steer_watermark_destroy(retired);
    steer_watermark_destroy(bare);
#undef REFUSED
}

static void test_readings(void)
{
    steer_watermark_t *watermark = open_scheme(0);
    steer_watermark_t *bare = watermark_open(&files, "bare", "key-given.json");
    const double bad[] = { NAN, INFINITY, -INFINITY }, rates[] = { -0.1, 1, NAN, INFINITY };
    steer_verdict_t verdict, before;
    steer_replay_t replay;
    size_t i, field;
    probe_case("readings");
    memset(&verdict, 0x5A, sizeof verdict);
    verdict.struct_size = (uint32_t)sizeof verdict;
    before = verdict;
#define REFUSED(status, watermark, rate)                                                           \
    do {                                                                                           \
        CHECK_STATUS(status,                                                                       \
            steer_watermark_replay_verdict(watermark, &replay, rate, &verdict, NULL));             \
        CHECK(memcmp(&verdict, &before, sizeof verdict) == 0, "line %d: a verdict was written",    \
            __LINE__);                                                                             \
    } while (0)
    for (i = 0; i < 3; i++) {
        for (field = 0; field < 4; field++) {
            replay = replay_of(50, 1);
            *(field == 0       ? &replay.innovation
                    : field == 1 ? &replay.variance
                    : field == 2 ? &replay.log_ratio
                                 : &replay.strength)
                = bad[i];
            REFUSED(STEER_ERR_NONFINITE, watermark, 0);
        }
    }
    for (i = 0; i < 4; i++) {
        replay = replay_of(50, 1);
        REFUSED(STEER_ERR_ARGUMENT, watermark, rates[i]);
    }
    REFUSED(STEER_ERR_ARGUMENT, bare, 0);
    /* The null texts are of one strength; 0 is 1. */
    for (i = 0; i < 2; i++) {
        steer_error_t error = STEER_ERROR_INIT;
        replay.strength = i ? 0 : 2.5;
        REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
        steer_watermark_replay_verdict(watermark, &replay, 0, &verdict, &error);
        CHECK(strstr(error.message, i ? "strength 1.0" : "strength 2.5") != NULL
                && strstr(error.message, "expected 1.5") != NULL,
            "'%s'", error.message);
    }
    replay.strength = -1.5;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = replay_of(50, 1);
    replay.variance = -0.5;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = replay_of(UINT64_MAX, 1);
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = replay_of(50, 1);
    replay.reserved = 1;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = replay_of(50, 1);
    replay.struct_size -= 1;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
#undef REFUSED
    steer_watermark_destroy(watermark);
    steer_watermark_destroy(bare);
}

typedef struct worker {
    const steer_watermark_t *watermark;
    uint8_t fingerprint[32];
    double score, p;
} worker_t;

static void *work(void *argument)
{
    worker_t *worker = argument;
    const steer_document_t document = watermark_document();
    const steer_replay_t replay = replay_of(50, 2);
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    size_t i;
    for (i = 0; i < 5; i++) {
        steer_detector_t *detector = NULL;
        steer_plan_t *plan = NULL;
        if (steer_watermark_plan(worker->watermark, &document, 1, &plan, NULL) != STEER_OK
            || steer_plan_fingerprint(plan, worker->fingerprint, NULL) != STEER_OK
            || steer_watermark_detector(worker->watermark, &document, &detector, NULL) != STEER_OK
            || steer_watermark_replay_verdict(worker->watermark, &replay, 0, &verdict, NULL)
                != STEER_OK) {
            return worker;
        }
        worker->score = watch(detector, ROWS).score;
        worker->p = verdict.p;
        steer_plan_destroy(plan);
        steer_detector_destroy(detector);
    }
    return NULL;
}

static void test_threads(void)
{
    steer_watermark_t *watermark = open_scheme(0);
    worker_t workers[4];
    pthread_t threads[4];
    size_t i;
    probe_case("threads");
    memset(workers, 0, sizeof workers);
    for (i = 0; i < 4; i++) {
        workers[i].watermark = watermark;
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "a thread");
    }
    for (i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL, "thread %lu was refused", (unsigned long)i);
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
    for (s = 0; s < SCHEMES; s++) {
        test_plans(s);
        test_detectors(s);
    }
    test_replays();
    test_inspection();
    test_opening();
    test_documents();
    test_readings();
    test_threads();
    watermark_files_end(&files);
    return probe_finish();
}
