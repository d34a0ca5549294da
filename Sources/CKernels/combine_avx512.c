/* Sums of scaled rows, AVX-512: the bits of axpy_avx512.c, row after row.
 *
 * Goals, in order: those bits; the speed of memory for many rows that lie far apart; few
 * instructions for a few hot rows. Sixteen rows at a time are read side by side in long runs, so
 * that the memory has sixteen streams to follow and first misses overlap; their sum is carried in a
 * block of columns that stays in the first cache. The last rows, often all there are, go by in
 * chunks of eight vectors that never leave the registers. Prefetching by software, whatever is asked
 * for, changes nothing for f32 rows of 9 KB; asking 128 columns ahead saves bf16 rows of half that
 * length a sixth of the time. */

#include "lanes_avx512.h"

#if CK_HAS_X86

enum { GROUP = 16, CHUNK = 128, BLOCK = 1024, AHEAD = 128 };

/* NaN of both kinds and both infinities. */
enum { NOT_FINITE = 0x99 };

CK_AVX512 static inline __m512 load_f32(__mmask16 mask, const float *from) {
    return _mm512_maskz_loadu_ps(mask, from);
}

/* The sum so far and GROUP rows more, for n columns. A mask that is all ones costs nothing here. */
#define CK_GROUP(name, type, load_all, load_some)                                                  \
    CK_AVX512 static inline void name(const type *const *rows, const float *coefficients,          \
                                      size_t from, const float *CK_NULLABLE start, float *carry,   \
                                      size_t n) {                                                  \
        const type *row[GROUP];                                                                    \
        __m512 factor[GROUP];                                                                      \
        for (int s = 0; s < GROUP; s++) {                                                          \
            row[s] = rows[s] + from;                                                               \
            factor[s] = _mm512_set1_ps(coefficients[s]);                                           \
        }                                                                                          \
        size_t i = 0;                                                                              \
        for (; n - i >= 32; i += 32) {                                                             \
            __m512 a = start != NULL ? _mm512_loadu_ps(start + i) : _mm512_setzero_ps();           \
            __m512 b = start != NULL ? _mm512_loadu_ps(start + i + 16) : _mm512_setzero_ps();      \
            for (int s = 0; s < GROUP; s++) {                                                      \
                __builtin_prefetch((const char *)row[s] + sizeof(type) * (i + AHEAD));             \
                a = _mm512_fmadd_ps(factor[s], load_all(row[s] + i), a);                           \
                b = _mm512_fmadd_ps(factor[s], load_all(row[s] + i + 16), b);                      \
            }                                                                                      \
            _mm512_storeu_ps(carry + i, a);                                                        \
            _mm512_storeu_ps(carry + i + 16, b);                                                   \
        }                                                                                          \
        for (; i < n; i += 16) {                                                                   \
            const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i < 16 ? n - i : 16);             \
            __m512 a = start != NULL ? load_f32(mask, start + i) : _mm512_setzero_ps();            \
            for (int s = 0; s < GROUP; s++) {                                                      \
                a = _mm512_fmadd_ps(factor[s], load_some(mask, row[s] + i), a);                    \
            }                                                                                      \
            _mm512_mask_storeu_ps(carry + i, mask, a);                                             \
        }                                                                                          \
    }

CK_GROUP(add_group_f32, float, _mm512_loadu_ps, load_f32)
CK_GROUP(add_group_bf16, uint16_t, ck_load_bf16_avx512, ck_mask_load_bf16_avx512)

/* base + (the sum so far and the last rows) to out, for n columns; one bit for each lane in which
 * something was not finite. */
#define CK_FINISH(name, type, load_all, load_some)                                                 \
    CK_AVX512 static inline unsigned name(const type *const *rows, const float *coefficients,      \
                                          size_t row_count, size_t from,                           \
                                          const float *CK_NULLABLE start,                          \
                                          const float *CK_NULLABLE base, float *out, size_t n) {   \
        unsigned bad = 0;                                                                          \
        size_t i = 0;                                                                              \
        for (; n - i >= CHUNK; i += CHUNK) {                                                       \
            __m512 sum[8];                                                                         \
            for (int k = 0; k < 8; k++) {                                                          \
                sum[k] =                                                                           \
                    start != NULL ? _mm512_loadu_ps(start + i + 16 * k) : _mm512_setzero_ps();     \
            }                                                                                      \
            for (size_t s = 0; s < row_count; s++) {                                               \
                const __m512 factor = _mm512_set1_ps(coefficients[s]);                             \
                const type *row = rows[s] + from + i;                                              \
                for (int k = 0; k < 8; k++) {                                                      \
                    sum[k] = _mm512_fmadd_ps(factor, load_all(row + 16 * k), sum[k]);              \
                }                                                                                  \
            }                                                                                      \
            for (int k = 0; k < 8; k++) {                                                          \
                if (base != NULL) {                                                                \
                    sum[k] = _mm512_add_ps(_mm512_loadu_ps(base + i + 16 * k), sum[k]);            \
                }                                                                                  \
                bad |= _mm512_fpclass_ps_mask(sum[k], NOT_FINITE);                                 \
                _mm512_storeu_ps(out + i + 16 * k, sum[k]);                                        \
            }                                                                                      \
        }                                                                                          \
        for (; i < n; i += 16) {                                                                   \
            const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i < 16 ? n - i : 16);             \
            __m512 sum = start != NULL ? load_f32(mask, start + i) : _mm512_setzero_ps();          \
            for (size_t s = 0; s < row_count; s++) {                                               \
                sum = _mm512_fmadd_ps(_mm512_set1_ps(coefficients[s]),                             \
                                      load_some(mask, rows[s] + from + i), sum);                   \
            }                                                                                      \
            if (base != NULL) {                                                                    \
                sum = _mm512_add_ps(load_f32(mask, base + i), sum);                                \
            }                                                                                      \
            bad |= _mm512_mask_fpclass_ps_mask(mask, sum, NOT_FINITE);                             \
            _mm512_mask_storeu_ps(out + i, mask, sum);                                             \
        }                                                                                          \
        return bad;                                                                                \
    }

CK_FINISH(finish_f32, float, _mm512_loadu_ps, load_f32)
CK_FINISH(finish_bf16, uint16_t, ck_load_bf16_avx512, ck_mask_load_bf16_avx512)

#define CK_COMBINE(add_group, finish)                                                              \
    if (row_count <= GROUP) {                                                                      \
        return finish(rows, coefficients, row_count, 0, start, base, out, n) == 0;                 \
    }                                                                                              \
    unsigned bad = 0;                                                                              \
    for (size_t from = 0; from < n; from += BLOCK) {                                               \
        const size_t width = n - from < BLOCK ? n - from : BLOCK;                                  \
        float carry[BLOCK];                                                                        \
        const float *so_far = start != NULL ? start + from : NULL;                                 \
        size_t s = 0;                                                                              \
        for (; row_count - s > GROUP; s += GROUP) {                                                \
            add_group(rows + s, coefficients + s, from, so_far, carry, width);                     \
            so_far = carry;                                                                        \
        }                                                                                          \
        bad |= finish(rows + s, coefficients + s, row_count - s, from, so_far,                     \
                      base != NULL ? base + from : NULL, out + from, width);                       \
    }                                                                                              \
    return bad == 0;

CK_AVX512 int ck_combine_f32_avx512(const float *const *rows, const float *coefficients,
                                    size_t row_count, const float *CK_NULLABLE start,
                                    const float *CK_NULLABLE base, float *out, size_t n) {
    CK_COMBINE(add_group_f32, finish_f32)
}

CK_AVX512 int ck_combine_bf16_avx512(const uint16_t *const *rows, const float *coefficients,
                                     size_t row_count, const float *CK_NULLABLE start,
                                     const float *CK_NULLABLE base, float *out, size_t n) {
    CK_COMBINE(add_group_bf16, finish_bf16)
}

#endif
