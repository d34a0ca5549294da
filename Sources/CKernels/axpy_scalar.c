/* y += alpha * x: product and sum rounded separately, on every processor. */

#include "ckernels.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

void ck_axpy_f32_scalar(float alpha, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        y[i] = y[i] + alpha * x[i];
    }
}

void ck_axpy_bf16_scalar(float alpha, const uint16_t *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        y[i] = y[i] + alpha * ck_f32_from_bf16_operand(x[i]);
    }
}
