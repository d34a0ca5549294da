/* Products of rows with several inputs, AVX-512.
 *
 * Goals, in order: the bits of dot_avx512.c for every pair; the speed of the multipliers. Two rows and
 * two inputs share their loads: 16 accumulators, as each product keeps the 4 of the dot product. More
 * of either was no faster. Rows are few enough to stay in the cache while all inputs pass. */

#include "lanes_avx512.h"

#if CK_HAS_X86

/* 16 numbers from place i of row r on, those where mask is off being 0. */
CK_AVX512 static inline __attribute__((always_inline)) __m512
load_row(const void *rows, const int is_bf16, size_t at, __mmask16 mask) {
    if (is_bf16) {
        return ck_mask_load_bf16_avx512(mask, (const uint16_t *)rows + at);
    }
    return _mm512_maskz_loadu_ps(mask, (const float *)rows + at);
}

CK_AVX512 static inline __attribute__((always_inline)) void
step(__m512 acc[2][2][4], const void *rows, const int is_bf16, size_t row_stride, const float *x,
     size_t x_stride, size_t i, uint64_t tail) {
    for (int k = 0; k < 4; k++) {
        const __mmask16 mask = (__mmask16)(tail >> (16 * k));
        const size_t at = i + 16 * (size_t)k;
        const __m512 x0 = _mm512_maskz_loadu_ps(mask, x + at);
        const __m512 x1 = _mm512_maskz_loadu_ps(mask, x + x_stride + at);
        for (int r = 0; r < 2; r++) {
            const __m512 row = load_row(rows, is_bf16, (size_t)r * row_stride + at, mask);
            acc[r][0][k] = _mm512_fmadd_ps(row, x0, acc[r][0][k]);
            acc[r][1][k] = _mm512_fmadd_ps(row, x1, acc[r][1][k]);
        }
    }
}

CK_AVX512 static inline __attribute__((always_inline)) void
tile(const void *rows, const int is_bf16, size_t row_stride, const float *x, size_t x_stride,
     float *out, size_t out_stride, size_t n) {
    __m512 acc[2][2][4];
    for (int pair = 0; pair < 4; pair++) {
        for (int k = 0; k < 4; k++) {
            acc[pair / 2][pair % 2][k] = _mm512_setzero_ps();
        }
    }
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        step(acc, rows, is_bf16, row_stride, x, x_stride, i, ~(uint64_t)0);
    }
    if (i < n) {
        step(acc, rows, is_bf16, row_stride, x, x_stride, i, ck_tail_avx512(n - i));
    }
    for (int r = 0; r < 2; r++) {
        for (int b = 0; b < 2; b++) {
            out[(size_t)b * out_stride + (size_t)r] = ck_sum_avx512(acc[r][b]);
        }
    }
}

CK_AVX512 void ck_matmul_f32_avx512(const float *rows, size_t row_stride, const float *x,
                                    size_t x_stride, float *out, size_t out_stride, size_t m_count,
                                    size_t b_count, size_t d_count) {
    size_t b = 0;
    for (; b_count - b >= 2; b += 2) {
        size_t m = 0;
        for (; m_count - m >= 2; m += 2) {
            tile(rows + m * row_stride, 0, row_stride, x + b * x_stride, x_stride,
                 out + b * out_stride + m, out_stride, d_count);
        }
        for (size_t last = b; m < m_count && last < b + 2; last++) {
            out[last * out_stride + m] =
                ck_dot_f32_avx512(rows + m * row_stride, x + last * x_stride, d_count);
        }
    }
    if (b < b_count) {
        ck_matvec_f32_avx512(rows, row_stride, x + b * x_stride, out + b * out_stride, m_count,
                             d_count);
    }
}

CK_AVX512 void ck_matmul_bf16_avx512(const uint16_t *rows, size_t row_stride, const float *x,
                                     size_t x_stride, float *out, size_t out_stride,
                                     size_t m_count, size_t b_count, size_t d_count) {
    size_t b = 0;
    for (; b_count - b >= 2; b += 2) {
        size_t m = 0;
        for (; m_count - m >= 2; m += 2) {
            tile(rows + m * row_stride, 1, row_stride, x + b * x_stride, x_stride,
                 out + b * out_stride + m, out_stride, d_count);
        }
        for (size_t last = b; m < m_count && last < b + 2; last++) {
            out[last * out_stride + m] =
                ck_dot_bf16_avx512(rows + m * row_stride, x + last * x_stride, d_count);
        }
    }
    if (b < b_count) {
        ck_matvec_bf16_avx512(rows, row_stride, x + b * x_stride, out + b * out_stride, m_count,
                              d_count);
    }
}

#endif
