/* Sums of scaled rows: product and sum rounded separately, as axpy_scalar.c. */

#include "ckernels.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

/* Columns that are summed at a time: they stay in the first cache while all rows go by. */
enum { BLOCK = 256 };

/* out[i] = base[i] + block[i]; 0 when one of them is not finite. */
static inline int finish(const float *block, const float *CK_NULLABLE base, float *out, size_t n) {
    int is_finite = 1;
    for (size_t i = 0; i < n; i++) {
        const float value = base != NULL ? base[i] + block[i] : block[i];
        is_finite &= (ck_bits_from_f32(value) & 0x7f800000u) != 0x7f800000u;
        out[i] = value;
    }
    return is_finite;
}

static inline void begin(float *block, const float *CK_NULLABLE start, size_t n) {
    for (size_t i = 0; i < n; i++) {
        block[i] = start != NULL ? start[i] : 0;
    }
}

#define CK_COMBINE(axpy)                                                                           \
    int is_finite = 1;                                                                             \
    for (size_t from = 0; from < n; from += BLOCK) {                                               \
        const size_t width = n - from < BLOCK ? n - from : BLOCK;                                  \
        float block[BLOCK];                                                                        \
        begin(block, start != NULL ? start + from : NULL, width);                                  \
        for (size_t s = 0; s < row_count; s++) {                                                   \
            axpy(coefficients[s], rows[s] + from, block, width);                                   \
        }                                                                                          \
        is_finite &= finish(block, base != NULL ? base + from : NULL, out + from, width);          \
    }                                                                                              \
    return is_finite;

int ck_combine_f32_scalar(const float *const *rows, const float *coefficients, size_t row_count,
                          const float *CK_NULLABLE start, const float *CK_NULLABLE base, float *out,
                          size_t n) {
    CK_COMBINE(ck_axpy_f32_scalar)
}

int ck_combine_bf16_scalar(const uint16_t *const *rows, const float *coefficients,
                           size_t row_count, const float *CK_NULLABLE start,
                           const float *CK_NULLABLE base, float *out, size_t n) {
    CK_COMBINE(ck_axpy_bf16_scalar)
}
