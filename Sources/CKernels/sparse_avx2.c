/* Sparse rows, AVX2: the accumulators and the final sum of dot_avx2.c, over gathered numbers. */

#include "columns.h"
#include "half.h"
#include "lanes_avx2.h"

#if CK_HAS_X86

/* 8 columns; the first rest of them where rest < 8, and 0 in the other lanes. */
CK_AVX2 static inline __m256i load_columns(const void *columns, int column_bytes, size_t i,
                                           size_t rest) {
    const char *at = (const char *)columns + (size_t)column_bytes * i;
    if (column_bytes == 2) {
        if (rest >= 8) {
            return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)at));
        }
        uint16_t padded[8] = {0};
        memcpy(padded, at, rest * sizeof *padded);
        return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)padded));
    }
    if (rest >= 8) {
        return _mm256_loadu_si256((const __m256i *)at);
    }
    return _mm256_maskload_epi32((const int *)at, ck_mask_avx2((int)rest));
}

CK_AVX2 static inline __m256 gather(const float *x, __m256i columns, size_t rest) {
    if (rest >= 8) {
        return _mm256_i32gather_ps(x, columns, 4);
    }
    const __m256 mask = _mm256_castsi256_ps(ck_mask_avx2((int)rest));
    return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), x, columns, mask, 4);
}

CK_AVX2 static inline __m256 load_f32(const float *values, size_t rest) {
    return rest >= 8 ? _mm256_loadu_ps(values)
                     : _mm256_maskload_ps(values, ck_mask_avx2((int)rest));
}

CK_AVX2 static inline __m256 load_bf16(const uint16_t *values, size_t rest) {
    if (rest >= 8) {
        return ck_load_bf16_avx2(values);
    }
    uint16_t padded[8] = {0};
    memcpy(padded, values, rest * sizeof *padded);
    return ck_load_bf16_avx2(padded);
}

/* Vectors without a number are left out: they would add 0. */
#define CK_GATHERDOT(load)                                                                        \
    for (size_t row = 0; row < row_count; row++) {                                                \
        __m256 acc[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),           \
                         _mm256_setzero_ps()};                                                    \
        const size_t start = row * degree;                                                        \
        for (size_t i = 0, k = 0; i < degree; i += 8, k = (k + 1) & 3) {                          \
            const size_t rest = degree - i;                                                       \
            const __m256i at = load_columns(columns, column_bytes, start + i, rest);              \
            acc[k] =                                                                              \
                _mm256_fmadd_ps(load(values + start + i, rest), gather(x, at, rest), acc[k]);     \
        }                                                                                         \
        out[row] = ck_sum_avx2(acc);                                                              \
    }

CK_AVX2 void ck_gatherdot_f32_avx2(const float *values, const void *columns, int column_bytes,
                                   const float *x, float *out, size_t row_count, size_t degree) {
    CK_GATHERDOT(load_f32)
}

CK_AVX2 void ck_gatherdot_bf16_avx2(const uint16_t *values, const void *columns, int column_bytes,
                                    const float *x, float *out, size_t row_count, size_t degree) {
    CK_GATHERDOT(load_bf16)
}

CK_AVX2 void ck_scatteraxpy_f32_avx2(float alpha, const float *values, const void *columns,
                                     int column_bytes, float *y, size_t degree) {
    for (size_t i = 0; i < degree; i++) {
        const size_t column = ck_column(columns, column_bytes, i);
        y[column] = __builtin_fmaf(alpha, values[i], y[column]);
    }
}

CK_AVX2 void ck_scatteraxpy_bf16_avx2(float alpha, const uint16_t *values, const void *columns,
                                      int column_bytes, float *y, size_t degree) {
    for (size_t i = 0; i < degree; i++) {
        const size_t column = ck_column(columns, column_bytes, i);
        y[column] = __builtin_fmaf(alpha, ck_f32_from_bf16_operand(values[i]), y[column]);
    }
}

#endif
