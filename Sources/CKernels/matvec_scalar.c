/* Reference row-wise products: one reference dot product for each row. */

#include "ckernels.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

void ck_matvec_f32_scalar(const float *rows, size_t row_stride, const float *x, float *out,
                          size_t m_count, size_t d_count) {
    for (size_t m = 0; m < m_count; m++) {
        out[m] = ck_dot_f32_scalar(rows + m * row_stride, x, d_count);
    }
}

void ck_matvec_bf16_scalar(const uint16_t *rows, size_t row_stride, const float *x, float *out,
                           size_t m_count, size_t d_count) {
    for (size_t m = 0; m < m_count; m++) {
        out[m] = ck_dot_bf16_scalar(rows + m * row_stride, x, d_count);
    }
}

void ck_matvecminus_f32_scalar(const float *rows, size_t row_stride, const float *x,
                               const float *minus, float *out, size_t m_count, size_t d_count) {
    for (size_t m = 0; m < m_count; m++) {
        double sum = 0;
        for (size_t d = 0; d < d_count; d++) {
            const float difference = x[d] - minus[d];
            sum += (double)rows[m * row_stride + d] * (double)difference;
        }
        out[m] = (float)sum;
    }
}

void ck_matvecminus_bf16_scalar(const uint16_t *rows, size_t row_stride, const float *x,
                                const float *minus, float *out, size_t m_count, size_t d_count) {
    for (size_t m = 0; m < m_count; m++) {
        double sum = 0;
        for (size_t d = 0; d < d_count; d++) {
            const float difference = x[d] - minus[d];
            sum += (double)ck_f32_from_bf16_operand(rows[m * row_stride + d]) * (double)difference;
        }
        out[m] = (float)sum;
    }
}
