/* The places of the numbers above a threshold, AVX2: blocks of 4 vectors without one are skipped.
 *
 * count never exceeds the place of the vector, so a full store ends inside indices [n]. */

#include "keys.h"

#if CK_HAS_X86

CK_AVX2 static inline unsigned mask_of(__m256i lanes) {
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

CK_AVX2 static inline __m256i places(size_t i) {
    return _mm256_add_epi32(_mm256_set1_epi32((int)(uint32_t)i),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

CK_AVX2 static inline size_t append(uint32_t *indices, const __m256i *above, size_t place) {
    size_t count = 0;
    for (size_t v = 0; v < 4; v++) {
        count += ck_compress_avx2(indices + count, places(place + 8 * v), mask_of(above[v]));
    }
    return count;
}

CK_AVX2 static inline int any(const __m256i *above) {
    const __m256i all = _mm256_or_si256(_mm256_or_si256(above[0], above[1]),
                                        _mm256_or_si256(above[2], above[3]));
    return !_mm256_testz_si256(all, all);
}

CK_AVX2 static inline size_t list(const float *z, float threshold, size_t n, uint32_t first,
                                  uint32_t *indices, int absolute) {
    const __m256i floor = _mm256_set1_epi32(ck_key(&threshold, 0));
    size_t count = 0, i = 0;
    for (; n - i >= 32; i += 32) {
        __m256i above[4];
        for (size_t v = 0; v < 4; v++) {
            above[v] = _mm256_cmpgt_epi32(ck_keys_avx2(z + i + 8 * v, absolute), floor);
        }
        if (any(above)) {
            count += append(indices + count, above, first + i);
        }
    }
    ck_listabove_f32_fn *const rest =
        absolute ? ck_listaboveabs_f32_scalar : ck_listabove_f32_scalar;
    return count + rest(z + i, threshold, n - i, first + (uint32_t)i, indices + count);
}

CK_AVX2 size_t ck_listabove_f32_avx2(const float *z, float threshold, size_t n, uint32_t first,
                                     uint32_t *indices) {
    return list(z, threshold, n, first, indices, 0);
}

CK_AVX2 size_t ck_listaboveabs_f32_avx2(const float *z, float threshold, size_t n, uint32_t first,
                                        uint32_t *indices) {
    return list(z, threshold, n, first, indices, 1);
}

CK_AVX2 size_t ck_listjump_f32_avx2(const float *z, const float *thresholds, size_t n,
                                    uint32_t first, uint32_t *indices) {
    size_t count = 0, i = 0;
    for (; n - i >= 32; i += 32) {
        __m256i above[4];
        for (size_t v = 0; v < 4; v++) {
            const __m256i floor = _mm256_max_epi32(ck_keys_avx2(thresholds + i + 8 * v, 0),
                                                   _mm256_setzero_si256());
            above[v] = _mm256_cmpgt_epi32(ck_keys_avx2(z + i + 8 * v, 0), floor);
        }
        if (any(above)) {
            count += append(indices + count, above, first + i);
        }
    }
    return count + ck_listjump_f32_scalar(z + i, thresholds + i, n - i, first + (uint32_t)i,
                                          indices + count);
}

#endif
