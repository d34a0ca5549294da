/* Row-wise products, AVX2.
 *
 * Goals, in order: the bits of dot_avx2.c for every row; the speed of memory for large matrices.
 * Two rows share each load of x: 8 accumulators. Four rows would need all 16 registers for
 * accumulators alone; the last three take 12. */

#include "lanes_avx2.h"

#if CK_HAS_X86

enum { ROWS = 2, MOST = 3 };

/* Every count is a constant where this is called: the loops over rows unroll. */
#define CK_UNROLLED __attribute__((always_inline)) static inline

CK_AVX2 CK_UNROLLED void clear(__m256 acc[MOST][4], int count) {
    for (int r = 0; r < count; r++) {
        for (int k = 0; k < 4; k++) {
            acc[r][k] = _mm256_setzero_ps();
        }
    }
}

/* x, or x - minus, rounded; 0 where mask is off. */
CK_AVX2 CK_UNROLLED __m256 load_x(const float *x, const float *CK_NULLABLE minus, size_t i) {
    const __m256 all = _mm256_loadu_ps(x + i);
    return minus != NULL ? _mm256_sub_ps(all, _mm256_loadu_ps(minus + i)) : all;
}

CK_AVX2 CK_UNROLLED __m256 load_some_x(const float *x, const float *CK_NULLABLE minus, size_t i,
                                       __m256i mask) {
    const __m256 some = _mm256_maskload_ps(x + i, mask);
    return minus != NULL ? _mm256_sub_ps(some, _mm256_maskload_ps(minus + i, mask)) : some;
}

CK_AVX2 CK_UNROLLED void dot_rows_f32(const float *rows, size_t row_stride, const float *x,
                                      const float *CK_NULLABLE minus, float *out, size_t n,
                                      int count) {
    __m256 acc[MOST][4];
    clear(acc, count);
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 vx = load_x(x, minus, i + 8 * (size_t)k);
            for (int r = 0; r < count; r++) {
                const __m256 row = _mm256_loadu_ps(rows + (size_t)r * row_stride + i + 8 * k);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        for (int k = 0; k < 4; k++) {
            const __m256i mask = ck_mask_avx2(rest - 8 * k);
            const __m256 vx = load_some_x(x, minus, i + 8 * (size_t)k, mask);
            for (int r = 0; r < count; r++) {
                const __m256 row =
                    _mm256_maskload_ps(rows + (size_t)r * row_stride + i + 8 * k, mask);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < count; r++) {
        out[r] = ck_sum_avx2(acc[r]);
    }
}

CK_AVX2 CK_UNROLLED void dot_rows_bf16(const uint16_t *rows, size_t row_stride, const float *x,
                                       const float *CK_NULLABLE minus, float *out, size_t n,
                                       int count) {
    __m256 acc[MOST][4];
    clear(acc, count);
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 vx = load_x(x, minus, i + 8 * (size_t)k);
            for (int r = 0; r < count; r++) {
                const __m256 row = ck_load_bf16_avx2(rows + (size_t)r * row_stride + i + 8 * k);
                acc[r][k] = _mm256_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        uint16_t padded[MOST][32];
        for (int r = 0; r < count; r++) {
            ck_pad_bf16_avx2(padded[r], rows + (size_t)r * row_stride + i, n - i);
        }
        for (int k = 0; k < 4; k++) {
            const __m256i mask = ck_mask_avx2(rest - 8 * k);
            const __m256 vx = load_some_x(x, minus, i + 8 * (size_t)k, mask);
            for (int r = 0; r < count; r++) {
                acc[r][k] = _mm256_fmadd_ps(ck_load_bf16_avx2(padded[r] + 8 * k), vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < count; r++) {
        out[r] = ck_sum_avx2(acc[r]);
    }
}

#define CK_MATVEC(dot_rows, minus)                                                                 \
    size_t m = 0;                                                                                  \
    for (; m_count - m > MOST; m += ROWS) {                                                        \
        dot_rows(rows + m * row_stride, row_stride, x, minus, out + m, d_count, ROWS);             \
    }                                                                                              \
    switch (m_count - m) {                                                                         \
    case 3:                                                                                        \
        dot_rows(rows + m * row_stride, row_stride, x, minus, out + m, d_count, 3);                \
        break;                                                                                     \
    case 2:                                                                                        \
        dot_rows(rows + m * row_stride, row_stride, x, minus, out + m, d_count, 2);                \
        break;                                                                                     \
    case 1:                                                                                        \
        dot_rows(rows + m * row_stride, row_stride, x, minus, out + m, d_count, 1);                \
        break;                                                                                     \
    default:                                                                                       \
        break;                                                                                     \
    }

CK_AVX2 void ck_matvec_f32_avx2(const float *rows, size_t row_stride, const float *x,
                                float *out, size_t m_count, size_t d_count) {
    CK_MATVEC(dot_rows_f32, NULL)
}

CK_AVX2 void ck_matvecminus_f32_avx2(const float *rows, size_t row_stride, const float *x,
                                     const float *minus, float *out, size_t m_count,
                                     size_t d_count) {
    CK_MATVEC(dot_rows_f32, minus)
}

CK_AVX2 void ck_matvec_bf16_avx2(const uint16_t *rows, size_t row_stride, const float *x,
                                 float *out, size_t m_count, size_t d_count) {
    CK_MATVEC(dot_rows_bf16, NULL)
}

CK_AVX2 void ck_matvecminus_bf16_avx2(const uint16_t *rows, size_t row_stride, const float *x,
                                      const float *minus, float *out, size_t m_count,
                                      size_t d_count) {
    CK_MATVEC(dot_rows_bf16, minus)
}

#endif
