/* Row-wise products, AVX-512.
 *
 * Goals, in order: the bits of dot_avx512.c for every row; the speed of memory for large matrices.
 * Four rows share each load of x, and give the memory four streams to follow: 16 accumulators. The
 * rows that are left over go through the dot product itself. */

#include "lanes_avx512.h"

#if CK_HAS_X86

enum { ROWS = 4 };

CK_AVX512 static inline void clear(__m512 acc[ROWS][4]) {
    for (int r = 0; r < ROWS; r++) {
        for (int k = 0; k < 4; k++) {
            acc[r][k] = _mm512_setzero_ps();
        }
    }
}

CK_AVX512 static inline void dot_rows_f32(const float *rows, size_t row_stride, const float *x,
                                          float *out, size_t n) {
    __m512 acc[ROWS][4];
    clear(acc);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 vx = _mm512_loadu_ps(x + i + 16 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m512 row = _mm512_loadu_ps(rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 vx = _mm512_maskz_loadu_ps(mask, x + i + 16 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m512 row =
                    _mm512_maskz_loadu_ps(mask, rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < ROWS; r++) {
        out[r] = ck_sum_avx512(acc[r]);
    }
}

CK_AVX512 static inline void dot_rows_bf16(const uint16_t *rows, size_t row_stride, const float *x,
                                           float *out, size_t n) {
    __m512 acc[ROWS][4];
    clear(acc);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 vx = _mm512_loadu_ps(x + i + 16 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m512 row = ck_load_bf16_avx512(rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 vx = _mm512_maskz_loadu_ps(mask, x + i + 16 * k);
            for (int r = 0; r < ROWS; r++) {
                const __m512 row =
                    ck_mask_load_bf16_avx512(mask, rows + (size_t)r * row_stride + i + 16 * k);
                acc[r][k] = _mm512_fmadd_ps(row, vx, acc[r][k]);
            }
        }
    }
    for (int r = 0; r < ROWS; r++) {
        out[r] = ck_sum_avx512(acc[r]);
    }
}

CK_AVX512 void ck_matvec_f32_avx512(const float *rows, size_t row_stride, const float *x,
                                    float *out, size_t m_count, size_t d_count) {
    size_t m = 0;
    for (; m_count - m >= ROWS; m += ROWS) {
        dot_rows_f32(rows + m * row_stride, row_stride, x, out + m, d_count);
    }
    for (; m < m_count; m++) {
        out[m] = ck_dot_f32_avx512(rows + m * row_stride, x, d_count);
    }
}

CK_AVX512 void ck_matvec_bf16_avx512(const uint16_t *rows, size_t row_stride, const float *x,
                                     float *out, size_t m_count, size_t d_count) {
    size_t m = 0;
    for (; m_count - m >= ROWS; m += ROWS) {
        dot_rows_bf16(rows + m * row_stride, row_stride, x, out + m, d_count);
    }
    for (; m < m_count; m++) {
        out[m] = ck_dot_bf16_avx512(rows + m * row_stride, x, d_count);
    }
}

#endif
