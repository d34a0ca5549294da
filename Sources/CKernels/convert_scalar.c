/* Reference conversions between f32 and the two half types. */

#include "ckernels.h"
#include "half.h"

/* Results are stored as bits: passing a NaN through a float register is allowed to change it. */

void ck_widen_bf16_scalar(const uint16_t *in, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = ck_widen_bf16_bits(in[i]);
        memcpy(out + i, &bits, sizeof bits);
    }
}

void ck_widen_f16_scalar(const uint16_t *in, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = ck_widen_f16_bits(in[i]);
        memcpy(out + i, &bits, sizeof bits);
    }
}

void ck_narrow_bf16_scalar(const float *in, uint16_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, in + i, sizeof bits);
        out[i] = ck_narrow_bf16_bits(bits);
    }
}

void ck_narrow_f16_scalar(const float *in, uint16_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, in + i, sizeof bits);
        out[i] = ck_narrow_f16_bits(bits);
    }
}
