/*
 * What watermarks refuse: banks and keys, documents, strengths, readings of a replay. A refusal
 * writes nothing and tells no secret.
 *
 *   test_watermark_refusals VECTORS
 */
#include "probe.h"
#include "scene.h"
#include "watermarks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static watermark_files_t files;

/* No run of eight digits of the secret. */
static void check_tells_nothing(const char *message, const char *key_path)
{
    size_t length, i;
    char *key = watermark_read(key_path, &length), *secret = strstr(key, "\"secret\": \"");
    CHECK(secret != NULL, "%s has no secret", key_path);
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
    refuse_open(
        STEER_ERR_FILE, files.dictionary, "bank", "key-truncated.json", "key-truncated.json");
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
    steer_watermark_t *marks[WATERMARK_SCHEMES];
    steer_watermark_t *retired =
        watermark_open(&files, "bank", "key-retired.json");
    steer_watermark_t *bare = watermark_open(&files, "bare", "key-given.json");
    steer_document_t document;
    steer_plan_t *plan = (steer_plan_t *)(void *)&files, *const no_plan = plan;
    steer_detector_t *detector = (steer_detector_t *)(void *)&files, *const no_detector = detector;
    const double strengths[] = { -1, NAN, INFINITY, 1e300 };
    size_t s, other;
    for (s = 0; s < WATERMARK_SCHEMES; s++) {
        marks[s] = watermark_open_scheme(&files, s);
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
    for (s = 0; s < WATERMARK_SCHEMES; s++) {
        probe_case("documents, %s", watermark_schemes[s]);
        for (other = 0; other < WATERMARK_SCHEMES; other++) {
            document = watermark_document_of(other);
            if (other != s) {
                REFUSED(STEER_ERR_ARGUMENT, marks[s], "document.scheme");
            }
        }
        document = watermark_document_of(s);
        document.struct_size -= 1;
        REFUSED(STEER_ERR_ARGUMENT, marks[s], "struct_size");
        document = watermark_document_of(s);
        document.time = s == 2 ? 0 : 1;
        document.length = s == 2 ? 1 : document.length;
        REFUSED(STEER_ERR_ARGUMENT, marks[s], s == 2 ? "length" : "time");
        document = watermark_document_of(s);
        document.text = s < 2 ? NULL : "a";
        REFUSED(STEER_ERR_ARGUMENT, marks[s], "document.text");
        document = watermark_document_of(s);
        if (s < 2) {
            document.text = "\xFFreport";
            REFUSED(STEER_ERR_ARGUMENT, marks[s], "UTF-8");
            document.length = UINT64_MAX;
            REFUSED(STEER_ERR_ARGUMENT, marks[s], "length");
        }
    }
    probe_case("retired keys, bare banks, strengths");
    document = watermark_document_of(0);
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
        plan = NULL;
        REQUIRE_OK(steer_watermark_replay_plan(marks[0], &document, 1, &plan, &probe_error));
        watermark_fingerprint(plan, a);
        steer_plan_destroy(plan);
        plan = NULL;
        REQUIRE_OK(steer_watermark_replay_plan(retired, &document, 1, &plan, &probe_error));
        watermark_fingerprint(plan, b);
        CHECK(memcmp(a, b, 32) == 0, "a retired key replays another plan");
        REQUIRE_OK(steer_watermark_detector(retired, &document, &detector, &probe_error));
        steer_plan_destroy(plan);
        steer_detector_destroy(detector);
        watermark_fingerprint_at(marks[0], &document, 1, a);
        watermark_fingerprint_at(bare, &document, 1, b);
        CHECK(memcmp(a, b, 32) == 0, "null scores change the plan");
    }
    for (s = 0; s < WATERMARK_SCHEMES; s++) {
        steer_watermark_destroy(marks[s]);
    }
    steer_watermark_destroy(retired);
    steer_watermark_destroy(bare);
#undef REFUSED
}

static void test_readings(void)
{
    steer_watermark_t *watermark = watermark_open_scheme(&files, 0);
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
            replay = watermark_replay(50, 1);
            *(field == 0       ? &replay.innovation
                    : field == 1 ? &replay.variance
                    : field == 2 ? &replay.log_ratio
                                 : &replay.strength)
                = bad[i];
            REFUSED(STEER_ERR_NONFINITE, watermark, 0);
        }
    }
    for (i = 0; i < 4; i++) {
        replay = watermark_replay(50, 1);
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
    replay = watermark_replay(50, 1);
    replay.variance = -0.5;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = watermark_replay(UINT64_MAX, 1);
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = watermark_replay(50, 1);
    replay.reserved = 1;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
    replay = watermark_replay(50, 1);
    replay.struct_size -= 1;
    REFUSED(STEER_ERR_ARGUMENT, watermark, 0);
#undef REFUSED
    steer_watermark_destroy(watermark);
    steer_watermark_destroy(bare);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_watermark_refusals vectors/watermark/host\n");
        return 2;
    }
    watermark_files_make(&files, argv[1]);
    test_opening();
    test_documents();
    test_readings();
    watermark_files_end(&files);
    return probe_finish();
}
