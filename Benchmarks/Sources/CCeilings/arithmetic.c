#include "ceilings.h"
#include "team.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Runs `rounds` rounds and returns the operations of one round; sums reach `sink`. */
typedef double peak_fn(long rounds);

static volatile float sink;

static double fma_plain(long rounds) {
    float a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    long r;
    int i;
    for (r = 0; r < rounds; r++) {
        for (i = 0; i < 8; i++) {
            a[i] = a[i] * 0.999f + 0.001f;
        }
    }
    sink = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
    return 16;
}

#if defined(__x86_64__)

/* Twelve chains: more than latency times throughput of any processor with these instructions. */
#define TWELVE(STEP)                                                                               \
    STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)

__attribute__((target("avx2,fma"))) static double fma_avx2(long rounds) {
    const __m256 m = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(0.001f);
    __m256 a[12], total = _mm256_setzero_ps();
    float out[8];
    long r;
#define STEP(i) a[i] = _mm256_set1_ps((float)i);
    TWELVE(STEP)
#undef STEP
    for (r = 0; r < rounds; r++) {
#define STEP(i) a[i] = _mm256_fmadd_ps(a[i], m, c);
        TWELVE(STEP)
#undef STEP
    }
#define STEP(i) total = _mm256_add_ps(total, a[i]);
    TWELVE(STEP)
#undef STEP
    _mm256_storeu_ps(out, total);
    sink = out[0];
    return 12 * 8 * 2;
}

__attribute__((target("avx512f"))) static double fma_avx512(long rounds) {
    const __m512 m = _mm512_set1_ps(0.999f), c = _mm512_set1_ps(0.001f);
    __m512 a[12], total = _mm512_setzero_ps();
    long r;
#define STEP(i) a[i] = _mm512_set1_ps((float)i);
    TWELVE(STEP)
#undef STEP
    for (r = 0; r < rounds; r++) {
#define STEP(i) a[i] = _mm512_fmadd_ps(a[i], m, c);
        TWELVE(STEP)
#undef STEP
    }
#define STEP(i) total = _mm512_add_ps(total, a[i]);
    TWELVE(STEP)
#undef STEP
    sink = _mm512_reduce_add_ps(total);
    return 12 * 16 * 2;
}

__attribute__((target("avx512f,avx512vnni"))) static double dot_avx512(long rounds) {
    const __m512i u = _mm512_set1_epi8(3), v = _mm512_set1_epi8(-5);
    __m512i a[12], total = _mm512_setzero_si512();
    long r;
#define STEP(i) a[i] = _mm512_set1_epi32(i);
    TWELVE(STEP)
#undef STEP
    for (r = 0; r < rounds; r++) {
#define STEP(i) a[i] = _mm512_dpbusd_epi32(a[i], u, v);
        TWELVE(STEP)
#undef STEP
        __asm__ volatile("" : "+v"(a[0]), "+v"(a[1]));
    }
#define STEP(i) total = _mm512_add_epi32(total, a[i]);
    TWELVE(STEP)
#undef STEP
    sink = (float)_mm512_reduce_add_epi32(total);
    return 12 * 64 * 2;
}

__attribute__((target("avx2,avxvnni"))) static double dot_avx2(long rounds) {
    const __m256i u = _mm256_set1_epi8(3), v = _mm256_set1_epi8(-5);
    __m256i a[12], total = _mm256_setzero_si256();
    int out[8];
    long r;
#define STEP(i) a[i] = _mm256_set1_epi32(i);
    TWELVE(STEP)
#undef STEP
    for (r = 0; r < rounds; r++) {
#define STEP(i) a[i] = _mm256_dpbusd_avx_epi32(a[i], u, v);
        TWELVE(STEP)
#undef STEP
        __asm__ volatile("" : "+x"(a[0]), "+x"(a[1]));
    }
#define STEP(i) total = _mm256_add_epi32(total, a[i]);
    TWELVE(STEP)
#undef STEP
    _mm256_storeu_si256((__m256i *)(void *)out, total);
    sink = (float)out[0];
    return 12 * 32 * 2;
}

#endif

static peak_fn *best_fma(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) {
        return fma_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return fma_avx2;
    }
#endif
    return fma_plain;
}

static peak_fn *best_dot(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vnni")) {
        return dot_avx512;
    }
    if (__builtin_cpu_supports("avxvnni")) {
        return dot_avx2;
    }
#endif
    return 0;
}

typedef struct peak {
    peak_fn *function;
    long rounds;
    double operations; /* of one round, on one thread */
} peak_t;

static void peak_part(void *context, int index, int count) {
    peak_t *peak = context;
    const double operations = peak->function(peak->rounds);
    (void)count;
    if (index == 0) {
        peak->operations = operations;
    }
}

/* Operations per second of the whole team. */
static double rate(peak_fn *function, double seconds, int threads) {
    peak_t peak = { function, 100000, 0 };
    double elapsed = team_run(threads, peak_part, &peak);
    while (elapsed < seconds) {
        peak.rounds = (long)((double)peak.rounds * (elapsed < seconds / 8 ? 8 : 1.2 * seconds / elapsed));
        elapsed = team_run(threads, peak_part, &peak);
    }
    return peak.operations * (double)peak.rounds * (double)threads / elapsed;
}

double ceilings_fma_f32(double seconds, int threads) {
    return rate(best_fma(), seconds, threads);
}

double ceilings_dot_i8(double seconds, int threads) {
    peak_fn *const function = best_dot();
    return function ? rate(function, seconds, threads) : 0;
}
