/* First NaN or infinity: a number whose exponent bits are all ones. */

#include <string.h>

#include "ckernels.h"

size_t ck_nonfinite_f32_scalar(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        if ((bits & 0x7f800000u) == 0x7f800000u) {
            return i;
        }
    }
    return n;
}

static inline size_t first_with_exponent(const uint16_t *x, size_t n, uint16_t exponent) {
    for (size_t i = 0; i < n; i++) {
        if ((x[i] & exponent) == exponent) {
            return i;
        }
    }
    return n;
}

size_t ck_nonfinite_bf16_scalar(const uint16_t *x, size_t n) {
    return first_with_exponent(x, n, 0x7f80);
}

size_t ck_nonfinite_f16_scalar(const uint16_t *x, size_t n) {
    return first_with_exponent(x, n, 0x7c00);
}
