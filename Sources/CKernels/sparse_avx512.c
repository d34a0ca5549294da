/* Sparse rows, AVX-512: the accumulators and the final sum of dot_avx512.c, over gathered numbers. */

#include "lanes_avx512.h"

#if CK_HAS_X86

/* 16 columns. */
CK_AVX512 static inline __m512i load_columns(const void *columns, int column_bytes, size_t i) {
    const char *at = (const char *)columns + (size_t)column_bytes * i;
    return column_bytes == 2 ? _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)at))
                             : _mm512_loadu_si512(at);
}

/* The same where mask is on, and 0 in the other lanes. */
CK_AVX512 static inline __m512i load_some_columns(const void *columns, int column_bytes, size_t i,
                                                  __mmask16 mask) {
    const char *at = (const char *)columns + (size_t)column_bytes * i;
    return column_bytes == 2 ? _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, at))
                             : _mm512_maskz_loadu_epi32(mask, at);
}

/* Full vectors without masks, then the last one; vectors without a number would add 0. */
#define CK_GATHERDOT(load_all, load_some)                                                          \
    for (size_t row = 0; row < row_count; row++) {                                                 \
        __m512 acc[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),            \
                         _mm512_setzero_ps()};                                                     \
        const size_t start = row * degree;                                                         \
        for (size_t i = 0; i < degree; i += 64) {                                                  \
            for (int k = 0; k < 4; k++) {                                                          \
                const size_t at = i + 16 * (size_t)k;                                              \
                if (at + 16 <= degree) {                                                           \
                    const __m512i places = load_columns(columns, column_bytes, start + at);        \
                    const __m512 met = _mm512_i32gather_ps(places, x, 4);                          \
                    acc[k] = _mm512_fmadd_ps(load_all(values + start + at), met, acc[k]);          \
                } else if (at < degree) {                                                          \
                    const __mmask16 mask = (__mmask16)ck_tail_avx512(degree - at);                 \
                    const __m512i places =                                                         \
                        load_some_columns(columns, column_bytes, start + at, mask);                \
                    const __m512 met =                                                             \
                        _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, places, x, 4);         \
                    acc[k] = _mm512_fmadd_ps(load_some(mask, values + start + at), met, acc[k]);   \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        out[row] = ck_sum_avx512(acc);                                                             \
    }

CK_AVX512 void ck_gatherdot_f32_avx512(const float *values, const void *columns, int column_bytes,
                                       const float *x, float *out, size_t row_count,
                                       size_t degree) {
    CK_GATHERDOT(_mm512_loadu_ps, _mm512_maskz_loadu_ps)
}

CK_AVX512 void ck_gatherdot_bf16_avx512(const uint16_t *values, const void *columns,
                                        int column_bytes, const float *x, float *out,
                                        size_t row_count, size_t degree) {
    CK_GATHERDOT(ck_load_bf16_avx512, ck_mask_load_bf16_avx512)
}

#endif
