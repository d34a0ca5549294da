/*
 * What a call costs: three JumpReLU features clamped in one row, against merely reading the bytes
 * that this must read (three encoder rows, three decoder rows, the row). Prints JSON.
 *
 *     bench_call [megabytes to rotate over, for cold calls]
 *
 * hot: the same plan and row over and over. cold: each call another plan, session and row, in
 * random order, all of them together larger than the last-level cache. outside: a call out of
 * scope, which is the interface alone. Medians, in nanoseconds per call; the clock's own cost is
 * taken off.
 */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { FEATURES = 64, HOT_ROWS = 4, HOT_SAMPLES = 4001, COLD_BATCH = 16 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

/* ---- Merely reading
 * ------------------------------------------------------------------------------ */

static uint64_t sum_plain(const unsigned char *bytes, size_t count)
{
    uint64_t sum = 0, word;
    size_t i;
    for (i = 0; i + 8 <= count; i += 8) {
        memcpy(&word, bytes + i, 8);
        sum += word;
    }
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t sum_avx2(const unsigned char *bytes, size_t count)
{
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    uint64_t parts[4];
    size_t i = 0;
    for (; i + 128 <= count; i += 128) {
        const __m256i *p = (const __m256i *)(const void *)(bytes + i);
        a = _mm256_add_epi64(a, _mm256_loadu_si256(p));
        b = _mm256_add_epi64(b, _mm256_loadu_si256(p + 1));
        c = _mm256_add_epi64(c, _mm256_loadu_si256(p + 2));
        d = _mm256_add_epi64(d, _mm256_loadu_si256(p + 3));
    }
    a = _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(c, d));
    _mm256_storeu_si256((__m256i *)(void *)parts, a);
    return parts[0] + parts[1] + parts[2] + parts[3] + sum_plain(bytes + i, count - i);
}
#endif

static volatile uint64_t sink;

static void read_bytes(const unsigned char *bytes, size_t count)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        sink = sum_avx2(bytes, count);
        return;
    }
#endif
    sink = sum_plain(bytes, count);
}

/* ---- Measuring
 * ----------------------------------------------------------------------------------- */

static double clock_cost(void)
{
    static double samples[1001];
    size_t i;
    for (i = 0; i < 1001; i++) {
        const double start = now();
        samples[i] = now() - start;
    }
    return median(samples, 1001);
}

typedef struct setting {
    steer_dictionary_t *dictionary;
    size_t width;
    steer_type_t weights, rows;
    size_t bytes; /* that one call must read */
} setting_t;

static steer_plan_t *plan_of(const setting_t *s, size_t index, const steer_scope_t *scope)
{
    steer_intervention_t wishes[3];
    size_t i;
    for (i = 0; i < 3; i++) {
        wishes[i] = scene_wish((uint32_t)((index * 3 + i * 19) % FEATURES), STEER_MODE_CLAMP, 2);
    }
    return scene_plan(s->dictionary, wishes, 3, scope);
}

static double hot_apply(const setting_t *s, const steer_scope_t *scope, double clock)
{
    static double samples[HOT_SAMPLES];
    const size_t bytes = HOT_ROWS * s->width * element_size(s->rows);
    unsigned char *rows = probe_allocate(bytes), *fresh = probe_allocate(bytes);
    steer_plan_t *plan = plan_of(s, 0, scope);
    steer_session_t *session = scene_session(plan);
    size_t i, r, wrong = 0;
    scene_fill(fresh, s->rows, HOT_ROWS * s->width, 1, 3);
    for (i = 0; i < HOT_SAMPLES; i++) {
        double start;
        memcpy(rows, fresh, bytes);
        start = now();
        for (r = 0; r < HOT_ROWS; r++) {
            wrong += steer_session_apply(
                         session, rows + r * (bytes / HOT_ROWS), s->rows, 1, s->width, NULL, NULL)
                != STEER_OK;
        }
        samples[i] = (now() - start - clock) / HOT_ROWS;
    }
    CHECK(wrong == 0, "%zu calls failed", wrong);
    CHECK((memcmp(rows, fresh, bytes) != 0) == (scope == NULL), "rows were edited or not");
    steer_session_destroy(session);
    steer_plan_destroy(plan);
    free(rows);
    free(fresh);
    return median(samples, HOT_SAMPLES);
}

static double hot_read(const setting_t *s, double clock)
{
    static double samples[HOT_SAMPLES];
    unsigned char *bytes = probe_allocate(s->bytes);
    size_t i, r;
    for (i = 0; i < HOT_SAMPLES; i++) {
        const double start = now();
        for (r = 0; r < HOT_ROWS; r++) {
            read_bytes(bytes, s->bytes);
        }
        samples[i] = (now() - start - clock) / HOT_ROWS;
    }
    free(bytes);
    return median(samples, HOT_SAMPLES);
}

static size_t *shuffled(size_t count)
{
    size_t *order = probe_allocate(count * sizeof *order), i;
    uint64_t state = 1;
    for (i = 0; i < count; i++) {
        const size_t j = random_bits(&state) % (i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return order;
}

static double cold_apply(const setting_t *s, size_t count, double clock)
{
    const size_t row_bytes = s->width * element_size(s->rows);
    steer_session_t **sessions = probe_allocate(count * sizeof *sessions);
    unsigned char *rows = probe_allocate(count * row_bytes);
    size_t *order = shuffled(count), i, r, n = 0, wrong = 0;
    double *samples = probe_allocate((count / COLD_BATCH + 1) * sizeof *samples), result;
    for (i = 0; i < count; i++) {
        steer_plan_t *plan = plan_of(s, i, NULL);
        sessions[i] = scene_session(plan);
        steer_plan_destroy(plan);
        scene_fill(rows + i * row_bytes, s->rows, s->width, 1, i);
    }
    for (i = 0; i + COLD_BATCH <= count; i += COLD_BATCH) {
        const double start = now();
        for (r = i; r < i + COLD_BATCH; r++) {
            wrong += steer_session_apply(sessions[order[r]], rows + order[r] * row_bytes, s->rows,
                         1, s->width, NULL, NULL)
                != STEER_OK;
        }
        samples[n++] = (now() - start - clock) / COLD_BATCH;
    }
    CHECK(wrong == 0 && n > 10, "%zu calls failed, %zu samples", wrong, n);
    result = median(samples, n);
    for (i = 0; i < count; i++) {
        steer_session_destroy(sessions[i]);
    }
    free(sessions);
    free(rows);
    free(order);
    free(samples);
    return result;
}

static double cold_read(const setting_t *s, size_t count, double clock)
{
    unsigned char *bytes = probe_allocate(count * s->bytes);
    size_t *order = shuffled(count), i, r, n = 0;
    double *samples = probe_allocate((count / COLD_BATCH + 1) * sizeof *samples), result;
    memset(bytes, 1, count * s->bytes);
    for (i = 0; i + COLD_BATCH <= count; i += COLD_BATCH) {
        const double start = now();
        for (r = i; r < i + COLD_BATCH; r++) {
            read_bytes(bytes + order[r] * s->bytes, s->bytes);
        }
        samples[n++] = (now() - start - clock) / COLD_BATCH;
    }
    result = median(samples, n);
    free(bytes);
    free(order);
    free(samples);
    return result;
}

int main(int argc, char **argv)
{
    static const size_t widths[] = { 640, 2304 };
    const size_t rotated = (argc > 1 ? strtoul(argv[1], NULL, 10) : 300) << 20;
    steer_capabilities_t capabilities = STEER_CAPABILITIES_INIT;
    const double clock = clock_cost();
    size_t w, variant;
    REQUIRE_OK(steer_capabilities_get(&capabilities, &probe_error));
    printf("{\"bench\": \"steer_session_apply, 3 features clamped, jumprelu, 1 row\", \"version\": "
           "\"%s\","
           " \"kernels\": \"%s\", \"last_level_cache_bytes\": %ld, \"rotated_bytes\": %zu, "
           "\"results\": [",
        steer_version(), capabilities.kernels, sysconf(_SC_LEVEL3_CACHE_SIZE), rotated);
    for (w = 0; w < 2; w++) {
        for (variant = 0; variant < 4; variant++) {
            fixture_spec_t spec = FIXTURE_SPEC_INIT;
            fixture_t fixture;
            setting_t s;
            steer_scope_t outside = STEER_SCOPE_INIT;
            double hot, cold, out, read_hot, read_cold;
            size_t count;
            spec.features = FEATURES;
            spec.width = s.width = widths[w];
            spec.type = s.weights = variant % 2 ? STEER_BF16 : STEER_F32;
            s.rows = variant / 2 ? STEER_BF16 : STEER_F32;
            s.bytes = s.width * (6 * element_size(s.weights) + element_size(s.rows));
            s.dictionary = fixture_create(&fixture, &spec);
            count = rotated / s.bytes;
            outside.skip_first = UINT64_C(1) << 40;
            probe_case(
                "%zu, weights %s, rows %s", s.width, element_name(s.weights), element_name(s.rows));
            out = hot_apply(&s, &outside, clock);
            hot = hot_apply(&s, NULL, clock);
            read_hot = hot_read(&s, clock);
            cold = cold_apply(&s, count, clock);
            read_cold = cold_read(&s, count, clock);
            printf(
                "%s\n  {\"width\": %zu, \"weights\": \"%s\", \"rows\": \"%s\", \"bytes_read\": %zu,"
                " \"outside_ns\": %.1f, \"hot_ns\": %.1f, \"hot_read_ns\": %.1f, \"hot_ratio\": "
                "%.2f,"
                " \"cold_ns\": %.0f, \"cold_read_ns\": %.0f, \"cold_ratio\": %.2f}",
                w + variant ? "," : "", s.width, element_name(s.weights), element_name(s.rows),
                s.bytes, out, hot, read_hot, hot / read_hot, cold, read_cold, cold / read_cold);
            fflush(stdout);
            steer_dictionary_close(s.dictionary);
            fixture_end(&fixture);
        }
    }
    printf("\n]}\n");
    return probe_failures();
}
