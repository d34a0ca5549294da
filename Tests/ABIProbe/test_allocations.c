/*
 * Counts the allocations of the calls of hot paths, and holds them to thresholds. The allocator's
 * functions are defined here, in the host, so that the library's calls come here too.
 *
 *     test_allocations <thresholds, JSON> <vectors/importers>
 */
#include "detectors.h"
#include "numbers.h"
#include "probe.h"
#include "scene.h"
#include "thresholds.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* By any thread: an encoder's own may be in a call too. */
static unsigned long n_allocations;

static void count_one(void) { __sync_fetch_and_add(&n_allocations, 1); }

static unsigned long allocations(void) { return __sync_fetch_and_add(&n_allocations, 0); }

void *malloc(size_t size)
{
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_one();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    count_one();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = __libc_memalign(alignment, size);
    count_one();
    if (memory == NULL) {
        return ENOMEM;
    }
    *out = memory;
    return 0;
}

/* FEATURES * WIDTH is at least 16,384: encoders rule features out by bounds where they may. */
enum { ROWS = 6, FEATURES = 1024, WIDTH = 20, CALLS = 22 };

enum { ENCODE = CALLS - 4, READ = ENCODE - 1 };

/* Their names in the thresholds; encoding has one for each activation. */
static const char *const calls[CALLS] = { "session apply, 1 row", "session apply, 6 rows",
    "batch apply", "batch apply, positions", "session seek", "session assign", "session reset",
    "session covers", "monitor observe, 1 row",
    "monitor observe, 6 rows", "monitor observe batch", "monitor assign", "monitor reset",
    "monitor verdict", "session apply, watched", "session apply, watched, 6 rows",
    "batch apply, watched", "reader read", NULL, "encoder encode, 2 workers", "encoder encode plainly",
    "encoder encode plainly, 2 workers" };

static const char *const encodings[] = { "encoder encode, relu", "encoder encode, jump relu",
    "encoder encode, top k", "encoder encode, batch top k", "encoder encode, abs top k",
    "encoder encode, gated", "encoder encode, signed top k", "encoder encode, group max",
    "encoder encode, bi jump relu", "encoder encode, block top k",
    "encoder encode, matching pursuit" };

static thresholds_t thresholds;

typedef struct counted {
    steer_session_t *sessions[ROWS];
    steer_session_t *watched;
    steer_monitor_t *monitors[ROWS]; /* the last is the first again */
    steer_reader_t *reader;
    steer_encoder_t *encoders[4]; /* 1 and 2 workers, then both plain */
    size_t width; /* of the rows that are edited */
    size_t model_width; /* of the rows that are read */
    int32_t activation;
} counted_t;

static void make(counted_t *c, const steer_dictionary_t *dictionary)
{
    static const uint32_t features[] = { 5, 3, 9, 20 };
    static const steer_range_t ranges[] = { { 0, 3 }, { 4, 90 } };
    steer_dictionary_info_t info = STEER_DICTIONARY_INFO_INIT;
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_intervention_t wishes[4];
    steer_plan_t *plans[2];
    steer_detector_t *detector;
    size_t s;
    int transcoder;
    REQUIRE_OK(steer_dictionary_inspect(dictionary, &info, &probe_error));
    c->width = info.output_width;
    c->model_width = info.model_width;
    c->activation = info.activation;
    transcoder = info.kind == STEER_KIND_TRANSCODER;
    scope.ranges = ranges;
    scope.n_ranges = 2;
    wishes[0] = scene_wish(3, transcoder ? STEER_MODE_ADD : STEER_MODE_CLAMP, 1);
    wishes[1] = scene_wish(9, STEER_MODE_ADD, 0.1);
    wishes[1].strength = STEER_STRENGTH_RELATIVE;
    wishes[2] = scene_wish(20, transcoder ? STEER_MODE_ADD : STEER_MODE_SCALE, 2);
    wishes[3] = scene_wish(17, STEER_MODE_PROJECT_OUT, 0);
    plans[0] = scene_plan(dictionary, wishes, 4, &scope);
    plans[1] = scene_plan(dictionary, wishes, 2, NULL);
    for (s = 0; s + 1 < ROWS; s++) {
        c->sessions[s] = scene_session(plans[s % 2]);
    }
    c->sessions[ROWS - 1] = c->sessions[1]; /* one session twice in a batch */
    c->watched = scene_session(plans[1]);
    detector = detector_open(dictionary, info.feature_count, c->model_width, 0, 1);
    for (s = 0; s + 1 < ROWS; s++) {
        REQUIRE_OK(steer_monitor_create(detector, &c->monitors[s], &probe_error));
    }
    c->monitors[ROWS - 1] = c->monitors[0];
    if (!transcoder) { /* which reads one place and writes another */
        REQUIRE_OK(steer_session_set_monitor(c->watched, c->monitors[2], &probe_error));
    }
    steer_detector_destroy(detector);
    steer_plan_destroy(plans[0]);
    steer_plan_destroy(plans[1]);
    REQUIRE_OK(steer_reader_create(dictionary, features, 4, &c->reader, &probe_error));
    for (s = 0; s < 4; s++) {
        steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
        options.workers = (uint32_t)(1 + s % 2);
        options.plain = s >= 2;
        REQUIRE_OK(steer_encoder_create_with_options(
            dictionary, &options, &c->encoders[s], &probe_error));
    }
}

static void end(counted_t *c)
{
    size_t s;
    for (s = 0; s + 1 < ROWS; s++) {
        steer_session_destroy(c->sessions[s]);
        steer_monitor_destroy(c->monitors[s]);
    }
    steer_session_destroy(c->watched);
    steer_reader_destroy(c->reader);
    for (s = 0; s < 4; s++) {
        steer_encoder_destroy(c->encoders[s]);
    }
}

/* One of the calls; returns its allocations. */
static unsigned long count(counted_t *c, size_t call, steer_type_t type)
{
    static uint64_t offsets[ROWS + 1];
    static uint32_t indices[ROWS * FEATURES];
    static float values[ROWS * FEATURES];
    static const uint64_t positions[ROWS] = { 0, 5, 2, 1, 3, 9 };
    unsigned char rows[ROWS * 24 * 4];
    steer_outcome_t outcomes[ROWS];
    steer_status_t status = STEER_ERR_ARGUMENT;
    unsigned long before;
    int32_t covers = 0;
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    steer_session_t *watched[ROWS];
    size_t s;
    scene_fill(rows, type, ROWS * 24, 1, 6);
    before = allocations();
    switch (call) {
    case 0:
        status = steer_session_apply(c->sessions[0], rows, type, 1, c->width, outcomes, NULL);
        break;
    case 1:
        status = steer_session_apply(c->sessions[1], rows, type, ROWS, c->width, NULL, NULL);
        break;
    case 2:
        status = steer_batch_apply(c->sessions, NULL, rows, type, ROWS, c->width, outcomes, NULL);
        break;
    case 3:
        status =
            steer_batch_apply(c->sessions, positions, rows, type, ROWS, c->width, outcomes, NULL);
        break;
    case 4: status = steer_session_seek(c->sessions[0], 4, NULL); break;
    case 5: status = steer_session_assign(c->sessions[0], c->sessions[2], NULL); break;
    case 6: status = steer_session_reset(c->sessions[0], 3, NULL); break;
    case 7: status = steer_session_covers(c->sessions[0], 4, &covers, NULL); break;
    case 8:
        status = steer_monitor_observe(c->monitors[1], rows, type, 1, c->model_width, NULL, NULL);
        break;
    case 9:
        status
            = steer_monitor_observe(c->monitors[1], rows, type, ROWS, c->model_width, NULL, NULL);
        break;
    case 10:
        status = steer_monitor_observe_batch(
            c->monitors, rows, type, ROWS, c->model_width, NULL, NULL);
        break;
    case 11: status = steer_monitor_assign(c->monitors[1], c->monitors[3], NULL); break;
    case 12: status = steer_monitor_reset(c->monitors[4], NULL); break;
    case 13: status = steer_monitor_verdict(c->monitors[1], 1, 0, &verdict, NULL); break;
    case 14: status = steer_session_apply(c->watched, rows, type, 1, c->width, NULL, NULL); break;
    case 15:
        status = steer_session_apply(c->watched, rows, type, ROWS, c->width, NULL, NULL);
        break;
    case 16:
        for (s = 0; s < ROWS; s++) {
            watched[s] = c->watched;
        }
        status = steer_batch_apply(watched, NULL, rows, type, ROWS, c->width, NULL, NULL);
        break;
    case READ:
        status = steer_reader_read(c->reader, rows, type, ROWS, c->model_width, values, 4, NULL);
        break;
    default:
        status = steer_encoder_encode(c->encoders[call - ENCODE], rows, type, ROWS, c->model_width,
            offsets, indices, values, ROWS * FEATURES, NULL, outcomes, NULL);
    }
    before = allocations() - before;
    CHECK(status == STEER_OK, "call %zu: %s", call, steer_status_name(status));
    return before;
}

/* The accelerated way was taken where the dictionary allows it, and only then. */
static void check_pruning(const counted_t *c, int prunes)
{
    size_t e;
    for (e = 0; e < 4; e++) {
        steer_encoder_info_t info = STEER_ENCODER_INFO_INIT;
        REQUIRE_OK(steer_encoder_inspect(c->encoders[e], &info, &probe_error));
        CHECK(info.workers == 1 + e % 2, "encoder %zu has %u workers", e, info.workers);
        CHECK((info.pruned_rows > 0) == (e < 2 && prunes), "encoder %zu pruned %lu rows of %lu", e,
            (unsigned long)info.pruned_rows, (unsigned long)info.rows);
    }
}

/* Every call on one dictionary, after a first of each kind on handles of the same dictionary. */
static void count_all(const steer_dictionary_t *dictionary, int prunes)
{
    counted_t warm, counted;
    const unsigned long before = allocations();
    steer_type_t type;
    size_t call, i;
    make(&warm, dictionary);
    CHECK(allocations() > before, "creating allocates nothing: the counters are not called");
    make(&counted, dictionary);
    for (type = STEER_F32; type <= STEER_F16; type++) {
        for (call = 0; call < CALLS; call++) {
            count(&warm, call, type); /* the first call in this process */
            if (call >= READ || call == 9 || call == 10 || call == 15) {
                count(&counted, call, type); /* these keep their memory */
            }
            for (i = 0; i < 3; i++) {
                thresholds_check(&thresholds,
                    call == ENCODE ? encodings[counted.activation] : calls[call],
                    count(&counted, call, type));
            }
        }
    }
    check_pruning(&counted, prunes);
    end(&warm);
    end(&counted);
}

static void count_fixtures(void)
{
    static const char *const architectures[] = { "standard", "jumprelu", "topk", "abstopk", "gated",
        "transcoder", FIXTURE_BLOCK_TOP_K };
    static const char *const normalisations[] = { "none", "constant_norm_rescale", "layer_norm" };
    size_t a, n, i;
    for (a = 0; a < 7; a++) {
        for (n = 0; n < (a == 6 ? 1 : 3); n++) {
            fixture_spec_t spec = FIXTURE_SPEC_INIT;
            fixture_t fixture;
            steer_dictionary_t *dictionary;
            spec.architecture = architectures[a];
            spec.normalisation = normalisations[n];
            spec.features = FEATURES;
            spec.width = WIDTH;
            spec.k = a == 2 || a == 3 ? 12 : 0;
            spec.rescales = a == 3;
            spec.output_width = a == 5 ? 14 : 0;
            spec.type = a % 2 ? STEER_BF16 : STEER_F32;
            fixture_make(&fixture, &spec);
            for (i = 0; a == 1 && i < FEATURES; i++) {
                fixture.threshold[i] += 2; /* few features of a row reach it */
            }
            fixture_write(&fixture);
            dictionary = fixture_open(&fixture);
            probe_case("%s, %s", spec.architecture, spec.normalisation);
            count_all(dictionary, a >= 1 && a <= 3);
            steer_dictionary_close(dictionary);
            fixture_end(&fixture);
        }
    }
}

/* Activations that no folder of SAELens has, from other publishers' layouts. */
static void count_vectors(const char *folder)
{
    static const char *const names[] = { "dictionary_learning/batchtopk", "openai/topk-identity",
        "sparsify/groupmax", "circuit_tracer/negative-thresholds", "saelens/matching-pursuit",
        "expander/tied" };
    size_t i;
    for (i = 0; i < 6; i++) {
        steer_dictionary_t *dictionary = NULL;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        REQUIRE_OK(steer_dictionary_open(path, NULL, &dictionary, &probe_error));
        probe_case("%s", names[i]);
        count_all(dictionary, 0);
        steer_dictionary_close(dictionary);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: test_allocations <thresholds> <vectors/importers>\n");
        return 2;
    }
    thresholds_read(&thresholds, argv[1]);
    count_fixtures();
    count_vectors(argv[2]);
    thresholds_finish(&thresholds);
    return probe_finish();
}
