/* Sums of scaled rows, AVX2: the bits of axpy_avx2.c, row after row, in chunks of eight vectors
 * that never leave the registers. Half the registers of AVX-512 are too few to read more rows side
 * by side; groups of sixteen rows keep the number of pages that a chunk touches small. */

#include "lanes_avx2.h"

#if CK_HAS_X86

enum { GROUP = 16, CHUNK = 64, BLOCK = 1024 };

/* All ones in the lanes that hold a NaN or an infinity. */
CK_AVX2 static inline __m256i not_finite(__m256 values) {
    const __m256i exponent = _mm256_set1_epi32(0x7f800000);
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_castps_si256(values), exponent), exponent);
}

/* The first rest < 8 numbers, and 0 in the other lanes. */
CK_AVX2 static inline __m256 load_some_f32(const float *from, size_t rest) {
    return _mm256_maskload_ps(from, ck_mask_avx2((int)rest));
}

CK_AVX2 static inline __m256 load_some_bf16(const uint16_t *from, size_t rest) {
    uint16_t padded[32];
    ck_pad_bf16_avx2(padded, from, rest);
    return ck_load_bf16_avx2(padded);
}

/* base + (the sum so far and some rows) to out, for n columns; not 0 in lanes in which something
 * was not finite. */
#define CK_ADD_ROWS(name, type, load_all, load_some)                                               \
    CK_AVX2 static inline __m256i name(const type *const *rows, const float *coefficients,         \
                                       size_t row_count, size_t from,                              \
                                       const float *CK_NULLABLE start,                             \
                                       const float *CK_NULLABLE base, float *out, size_t n) {      \
        __m256i bad = _mm256_setzero_si256();                                                      \
        size_t i = 0;                                                                              \
        for (; n - i >= CHUNK; i += CHUNK) {                                                       \
            __m256 sum[8];                                                                         \
            for (int k = 0; k < 8; k++) {                                                          \
                sum[k] = start != NULL ? _mm256_loadu_ps(start + i + 8 * k) : _mm256_setzero_ps(); \
            }                                                                                      \
            for (size_t s = 0; s < row_count; s++) {                                               \
                const __m256 factor = _mm256_set1_ps(coefficients[s]);                             \
                const type *row = rows[s] + from + i;                                              \
                for (int k = 0; k < 8; k++) {                                                      \
                    sum[k] = _mm256_fmadd_ps(factor, load_all(row + 8 * k), sum[k]);               \
                }                                                                                  \
            }                                                                                      \
            for (int k = 0; k < 8; k++) {                                                          \
                if (base != NULL) {                                                                \
                    sum[k] = _mm256_add_ps(_mm256_loadu_ps(base + i + 8 * k), sum[k]);             \
                }                                                                                  \
                bad = _mm256_or_si256(bad, not_finite(sum[k]));                                    \
                _mm256_storeu_ps(out + i + 8 * k, sum[k]);                                         \
            }                                                                                      \
        }                                                                                          \
        for (; n - i >= 8; i += 8) {                                                               \
            __m256 sum = start != NULL ? _mm256_loadu_ps(start + i) : _mm256_setzero_ps();         \
            for (size_t s = 0; s < row_count; s++) {                                               \
                const __m256 factor = _mm256_set1_ps(coefficients[s]);                             \
                sum = _mm256_fmadd_ps(factor, load_all(rows[s] + from + i), sum);                  \
            }                                                                                      \
            if (base != NULL) {                                                                    \
                sum = _mm256_add_ps(_mm256_loadu_ps(base + i), sum);                               \
            }                                                                                      \
            bad = _mm256_or_si256(bad, not_finite(sum));                                           \
            _mm256_storeu_ps(out + i, sum);                                                        \
        }                                                                                          \
        if (i < n) {                                                                               \
            const size_t rest = n - i;                                                             \
            const __m256i mask = ck_mask_avx2((int)rest);                                          \
            __m256 sum = start != NULL ? load_some_f32(start + i, rest) : _mm256_setzero_ps();     \
            for (size_t s = 0; s < row_count; s++) {                                               \
                const __m256 factor = _mm256_set1_ps(coefficients[s]);                             \
                sum = _mm256_fmadd_ps(factor, load_some(rows[s] + from + i, rest), sum);           \
            }                                                                                      \
            if (base != NULL) {                                                                    \
                sum = _mm256_add_ps(load_some_f32(base + i, rest), sum);                           \
            }                                                                                      \
            /* An infinite coefficient turns the padding into NaN. */                              \
            bad = _mm256_or_si256(bad, _mm256_and_si256(mask, not_finite(sum)));                   \
            _mm256_maskstore_ps(out + i, mask, sum);                                               \
        }                                                                                          \
        return bad;                                                                                \
    }

CK_ADD_ROWS(add_rows_f32, float, _mm256_loadu_ps, load_some_f32)
CK_ADD_ROWS(add_rows_bf16, uint16_t, ck_load_bf16_avx2, load_some_bf16)

#define CK_COMBINE(add_rows)                                                                       \
    __m256i bad = _mm256_setzero_si256();                                                          \
    for (size_t from = 0; from < n; from += BLOCK) {                                               \
        const size_t width = n - from < BLOCK ? n - from : BLOCK;                                  \
        float carry[BLOCK];                                                                        \
        const float *so_far = start != NULL ? start + from : NULL;                                 \
        size_t s = 0;                                                                              \
        for (; row_count - s > GROUP; s += GROUP) {                           \
            (void)add_rows(rows + s, coefficients + s, GROUP, from, so_far, NULL, carry, width);   \
            so_far = carry;                                                                        \
        }                                                                                          \
        const __m256i found =                                                                      \
            add_rows(rows + s, coefficients + s, row_count - s, from, so_far,                      \
                     base != NULL ? base + from : NULL, out + from, width);                        \
        bad = _mm256_or_si256(bad, found);                                                         \
    }                                                                                              \
    return _mm256_testz_si256(bad, bad);

CK_AVX2 int ck_combine_f32_avx2(const float *const *rows, const float *coefficients,
                                size_t row_count, const float *CK_NULLABLE start,
                                const float *CK_NULLABLE base, float *out, size_t n) {
    CK_COMBINE(add_rows_f32)
}

CK_AVX2 int ck_combine_bf16_avx2(const uint16_t *const *rows, const float *coefficients,
                                 size_t row_count, const float *CK_NULLABLE start,
                                 const float *CK_NULLABLE base, float *out, size_t n) {
    CK_COMBINE(add_rows_bf16)
}

#endif
