/* Reference integer products. */

#include "ckernels.h"

void ck_matmul_i8_scalar(const int8_t *rows, size_t row_stride, const int16_t *x, size_t x_stride,
                         int32_t *out, size_t out_stride, size_t m_count, size_t b_count,
                         size_t d_count) {
    for (size_t b = 0; b < b_count; b++) {
        for (size_t m = 0; m < m_count; m++) {
            int32_t sum = 0;
            for (size_t i = 0; i < d_count; i++) {
                sum += (int32_t)rows[m * row_stride + i] * x[b * x_stride + i];
            }
            out[b * out_stride + m] = sum;
        }
    }
}
