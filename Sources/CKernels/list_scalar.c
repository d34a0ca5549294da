/* The places of the numbers above a threshold, without a branch that depends on the numbers. */

#include "keys.h"

static inline size_t list(const float *z, float threshold, size_t n, uint32_t first,
                          uint32_t *indices, int absolute) {
    const int32_t floor = ck_key(&threshold, 0);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        indices[count] = first + (uint32_t)i;
        count += ck_key(z + i, absolute) > floor;
    }
    return count;
}

size_t ck_listabove_f32_scalar(const float *z, float threshold, size_t n, uint32_t first,
                               uint32_t *indices) {
    return list(z, threshold, n, first, indices, 0);
}

size_t ck_listaboveabs_f32_scalar(const float *z, float threshold, size_t n, uint32_t first,
                                  uint32_t *indices) {
    return list(z, threshold, n, first, indices, 1);
}

size_t ck_listjump_f32_scalar(const float *z, const float *thresholds, size_t n, uint32_t first,
                              uint32_t *indices) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t key = ck_key(z + i, 0);
        indices[count] = first + (uint32_t)i;
        count += (key > ck_key(thresholds + i, 0)) & (key > 0);
    }
    return count;
}
