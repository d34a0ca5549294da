/* Row-wise products, AVX-512.
 *
 * Goals, in order: the bits of dot_avx512.c for every row; the speed of memory for large matrices.
 * Four rows share each load of x, and give the memory four streams to follow: 16 accumulators. Up
 * to three rows that are left over share one pass too. */

#include "lanes_avx512.h"

#if CK_HAS_X86

enum { ROWS = 4 };

/* Every count is a constant where this is called: the loops over rows unroll. */
#define CK_UNROLLED __attribute__((always_inline)) static inline

CK_AVX512 CK_UNROLLED void clear(__m512 acc[ROWS][4], int count) {
    for (int r = 0; r < count; r++) {
        for (int k = 0; k < 4; k++) {
            acc[r][k] = _mm512_setzero_ps();
        }
    }
}

/* x, or x - minus, rounded; 0 where mask is off. */
CK_AVX512 CK_UNROLLED __m512 load_x(const float *x, const float *CK_NULLABLE minus, size_t i) {
    const __m512 all = _mm512_loadu_ps(x + i);
    return minus != NULL ? _mm512_sub_ps(all, _mm512_loadu_ps(minus + i)) : all;
}

CK_AVX512 CK_UNROLLED __m512 load_some_x(const float *x, const float *CK_NULLABLE minus, size_t i,
                                         __mmask16 mask) {
    const __m512 some = _mm512_maskz_loadu_ps(mask, x + i);
    return minus != NULL ? _mm512_sub_ps(some, _mm512_maskz_loadu_ps(mask, minus + i)) : some;
}

CK_AVX512 CK_UNROLLED void dot_rows_f32(const float *rows, size_t row_stride, const float *x,
                                        const float *CK_NULLABLE minus, float *out, size_t n,
                                        int count) {
    __m512 acc[ROWS][4];
    clear(acc, count);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 vx = load_x(x, minus, i + 16 * (size_t)k);
            for (int r = 0; r < count; r++) {
                const __m512 row = _mm512_loadu_ps(rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 vx = load_some_x(x, minus, i + 16 * (size_t)k, mask);
            for (int r = 0; r < count; r++) {
                const __m512 row =
                    _mm512_maskz_loadu_ps(mask, rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < count; r++) {
        out[r] = ck_sum_avx512(acc[r]);
    }
}

CK_AVX512 CK_UNROLLED void dot_rows_bf16(const uint16_t *rows, size_t row_stride, const float *x,
                                         const float *CK_NULLABLE minus, float *out, size_t n,
                                         int count) {
    __m512 acc[ROWS][4];
    clear(acc, count);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 vx = load_x(x, minus, i + 16 * (size_t)k);
            for (int r = 0; r < count; r++) {
                const __m512 row = ck_load_bf16_avx512(rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 vx = load_some_x(x, minus, i + 16 * (size_t)k, mask);
            for (int r = 0; r < count; r++) {
                const __m512 row =
                    ck_mask_load_bf16_avx512(mask, rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < count; r++) {
        out[r] = ck_sum_avx512(acc[r]);
    }
}

#define CK_MATVEC(dot_rows, minus)                                                                 \
    size_t m = 0;                                                                                  \
    for (; m_count - m >= ROWS; m += ROWS) {                                                       \
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

CK_AVX512 void ck_matvec_f32_avx512(const float *rows, size_t row_stride, const float *x,
                                    float *out, size_t m_count, size_t d_count) {
    CK_MATVEC(dot_rows_f32, NULL)
}

CK_AVX512 void ck_matvecminus_f32_avx512(const float *rows, size_t row_stride, const float *x,
                                         const float *minus, float *out, size_t m_count,
                                         size_t d_count) {
    CK_MATVEC(dot_rows_f32, minus)
}

CK_AVX512 void ck_matvec_bf16_avx512(const uint16_t *rows, size_t row_stride, const float *x,
                                     float *out, size_t m_count, size_t d_count) {
    CK_MATVEC(dot_rows_bf16, NULL)
}

CK_AVX512 void ck_matvecminus_bf16_avx512(const uint16_t *rows, size_t row_stride, const float *x,
                                          const float *minus, float *out, size_t m_count,
                                          size_t d_count) {
    CK_MATVEC(dot_rows_bf16, minus)
}

#endif
