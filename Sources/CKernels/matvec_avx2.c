/* Row-wise products, AVX2.
 *
 * Goals, in order: the bits of dot_avx2.c for every row; the speed of memory for large matrices.
 * Two rows share each load of x: 8 accumulators. Four rows would need all 16 registers for
 * accumulators alone. A row that is left over goes through the dot product itself. */

#include "lanes_avx2.h"

#if CK_HAS_X86

enum { ROWS = 2 };

CK_AVX2 static inline void clear(__m256 acc[ROWS][4]) {
    for (int r = 0; r < ROWS; r++) {
        for (int k = 0; k < 4; k++) {
            acc[r][k] = _mm256_setzero_ps();
        }
    }
}

CK_AVX2 static inline void dot_rows_f32(const float *rows, size_t row_stride, const float *x,
                                        float *out, size_t n) {
    __m256 acc[ROWS][4];
    clear(acc);
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 vx = _mm256_loadu_ps(x + i + 8 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m256 row = _mm256_loadu_ps(rows + (size_t)r * row_stride + i + 8 * k);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        for (int k = 0; k < 4; k++) {
            const __m256i mask = ck_mask_avx2(rest - 8 * k);
            const __m256 vx = _mm256_maskload_ps(x + i + 8 * k, mask);
            for (int r = 0; r < ROWS; r++) {
                const __m256 row =
                    _mm256_maskload_ps(rows + (size_t)r * row_stride + i + 8 * k, mask);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < ROWS; r++) {
        out[r] = ck_sum_avx2(acc[r]);
    }
}

CK_AVX2 static inline void dot_rows_bf16(const uint16_t *rows, size_t row_stride, const float *x,
                                         float *out, size_t n) {
    __m256 acc[ROWS][4];
    clear(acc);
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 vx = _mm256_loadu_ps(x + i + 8 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m256 row = ck_load_bf16_avx2(rows + (size_t)r * row_stride + i + 8 * k);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        uint16_t padded[ROWS][32];
        for (int r = 0; r < ROWS; r++) {
            ck_pad_bf16_avx2(padded[r], rows + (size_t)r * row_stride + i, n - i);
        }
        for (int k = 0; k < 4; k++) {
            const __m256 vx = _mm256_maskload_ps(x + i + 8 * k, ck_mask_avx2(rest - 8 * k));
            for (int r = 0; r < ROWS; r++) {
                acc[r][k] = _mm256_fmadd_ps(ck_load_bf16_avx2(padded[r] + 8 * k), vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < ROWS; r++) {
        out[r] = ck_sum_avx2(acc[r]);
    }
}

CK_AVX2 void ck_matvec_f32_avx2(const float *rows, size_t row_stride, const float *x, float *out,
                                size_t m_count, size_t d_count) {
    size_t m = 0;
    for (; m_count - m >= ROWS; m += ROWS) {
        dot_rows_f32(rows + m * row_stride, row_stride, x, out + m, d_count);
    }
    for (; m < m_count; m++) {
        out[m] = ck_dot_f32_avx2(rows + m * row_stride, x, d_count);
    }
}

CK_AVX2 void ck_matvec_bf16_avx2(const uint16_t *rows, size_t row_stride, const float *x,
                                 float *out, size_t m_count, size_t d_count) {
    size_t m = 0;
    for (; m_count - m >= ROWS; m += ROWS) {
        dot_rows_bf16(rows + m * row_stride, row_stride, x, out + m, d_count);
    }
    for (; m < m_count; m++) {
        out[m] = ck_dot_bf16_avx2(rows + m * row_stride, x, d_count);
    }
}

#endif
