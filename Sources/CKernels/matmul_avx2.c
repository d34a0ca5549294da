/* AVX2 products of rows with several inputs: one row-wise product for each input. */

#include "target.h"

#if CK_HAS_X86

CK_AVX2 void ck_matmul_f32_avx2(const float *rows, size_t row_stride, const float *x,
                                size_t x_stride, float *out, size_t out_stride, size_t m_count,
                                size_t b_count, size_t d_count) {
    for (size_t b = 0; b < b_count; b++) {
        ck_matvec_f32_avx2(rows, row_stride, x + b * x_stride, out + b * out_stride, m_count,
                           d_count);
    }
}

CK_AVX2 void ck_matmul_bf16_avx2(const uint16_t *rows, size_t row_stride, const float *x,
                                 size_t x_stride, float *out, size_t out_stride, size_t m_count,
                                 size_t b_count, size_t d_count) {
    for (size_t b = 0; b < b_count; b++) {
        ck_matvec_bf16_avx2(rows, row_stride, x + b * x_stride, out + b * out_stride, m_count,
                            d_count);
    }
}

#endif
