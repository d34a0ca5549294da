#include "ceilings.h"
#include "team.h"

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { LINE = 64 };

static volatile uint64_t sink;

/* Each reads `streams` stretches of `bytes` (a multiple of LINE) that lie one after the other. */
typedef uint64_t read_fn(const unsigned char *base, size_t bytes, int streams);

static uint64_t read_plain(const unsigned char *base, size_t bytes, int streams) {
    uint64_t sum[8] = { 0 }, word;
    size_t i, w;
    int s;
    for (i = 0; i + LINE <= bytes; i += LINE) {
        for (s = 0; s < streams; s++) {
            for (w = 0; w < 8; w++) {
                memcpy(&word, base + (size_t)s * bytes + i + 8 * w, 8);
                sum[w] += word;
            }
        }
    }
    return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static uint64_t read_avx2(
    const unsigned char *base, size_t bytes, int streams) {
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    uint64_t parts[4];
    size_t i;
    int s;
    for (i = 0; i + 2 * LINE <= bytes; i += 2 * LINE) {
        for (s = 0; s < streams; s++) {
            const __m256i *p = (const __m256i *)(const void *)(base + (size_t)s * bytes + i);
            a = _mm256_add_epi64(a, _mm256_loadu_si256(p));
            b = _mm256_add_epi64(b, _mm256_loadu_si256(p + 1));
            c = _mm256_add_epi64(c, _mm256_loadu_si256(p + 2));
            d = _mm256_add_epi64(d, _mm256_loadu_si256(p + 3));
        }
    }
    a = _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(c, d));
    _mm256_storeu_si256((__m256i *)(void *)parts, a);
    return parts[0] + parts[1] + parts[2] + parts[3];
}

__attribute__((target("avx512f"))) static uint64_t read_avx512(
    const unsigned char *base, size_t bytes, int streams) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    size_t i;
    int s;
    for (i = 0; i + 4 * LINE <= bytes; i += 4 * LINE) {
        for (s = 0; s < streams; s++) {
            const unsigned char *p = base + (size_t)s * bytes + i;
            a = _mm512_add_epi64(a, _mm512_loadu_si512(p));
            b = _mm512_add_epi64(b, _mm512_loadu_si512(p + LINE));
            c = _mm512_add_epi64(c, _mm512_loadu_si512(p + 2 * LINE));
            d = _mm512_add_epi64(d, _mm512_loadu_si512(p + 3 * LINE));
        }
    }
    a = _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(c, d));
    return (uint64_t)_mm512_reduce_add_epi64(a);
}

#endif

static read_fn *best_read(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) {
        return read_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return read_avx2;
    }
#endif
    return read_plain;
}

typedef struct reading {
    const unsigned char *buffer;
    size_t bytes, passes;
    int streams;
} reading_t;

static void read_part(void *context, int index, int count) {
    const reading_t *r = context;
    const size_t part = r->bytes / (size_t)count / LINE * LINE;
    const size_t stream = part / (size_t)r->streams / (4 * LINE) * (4 * LINE);
    read_fn *const read = best_read();
    uint64_t sum = 0;
    size_t pass;
    for (pass = 0; pass < r->passes; pass++) {
        sum += read(r->buffer + (size_t)index * part, stream, r->streams);
    }
    sink = sum;
}

double ceilings_read(const void *buffer, size_t bytes, size_t passes, int streams, int threads) {
    reading_t reading = { buffer, bytes, passes, streams };
    return team_run(threads, read_part, &reading);
}

void ceilings_read_here(const void *buffer, size_t bytes) {
    const size_t whole = bytes / (4 * LINE) * (4 * LINE);
    sink = best_read()(buffer, whole, 1)
        + read_plain((const unsigned char *)buffer + whole, bytes - whole, 1);
}
