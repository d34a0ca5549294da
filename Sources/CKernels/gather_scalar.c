/* One column of a row-major matrix. */

#include "ckernels.h"

void ck_gather_u32_scalar(const uint32_t *in, size_t stride, uint32_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = in[i * stride];
    }
}

void ck_gather_u16_scalar(const uint16_t *in, size_t stride, uint16_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = in[i * stride];
    }
}
