/* Reference dot products: f64 holds every product exactly, one rounding to f32 at the end. */

#include "ckernels.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

float ck_dot_f32_scalar(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
    }
    return (float)sum;
}

float ck_dot_bf16_scalar(const uint16_t *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)ck_f32_from_bf16_operand(a[i]) * (double)b[i];
    }
    return (float)sum;
}
