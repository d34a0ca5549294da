/* The places of the numbers above a threshold, AVX-512: blocks of 4 vectors without one are skipped.
 *
 * Compressing in a register and storing it whole is much faster than compressing into memory on some
 * processors. count never exceeds the place of the vector, so a full store ends inside indices [n]. */

#include "keys.h"

#if CK_HAS_X86

CK_AVX512 static inline __m512i places(size_t i) {
    return _mm512_add_epi32(
        _mm512_set1_epi32((int)(uint32_t)i),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

CK_AVX512 static inline size_t append(uint32_t *indices, const __mmask16 *above, size_t place) {
    size_t count = 0;
    for (size_t v = 0; v < 4; v++) {
        _mm512_storeu_si512(indices + count,
                            _mm512_maskz_compress_epi32(above[v], places(place + 16 * v)));
        count += (size_t)__builtin_popcount(above[v]);
    }
    return count;
}

/* The last incomplete block, a masked vector at a time. Pass thresholds or NULL with a floor. */
CK_AVX512 static inline size_t rest(const float *z, const float *thresholds,
                                    int32_t floor, size_t n, uint32_t first, uint32_t *indices,
                                    int absolute) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
        const __m512i keys = ck_keys_avx512(_mm512_maskz_loadu_epi32(lanes, z + i), absolute);
        __m512i floors = _mm512_set1_epi32(floor);
        if (thresholds != NULL) {
            floors = _mm512_max_epi32(
                floors, ck_keys_avx512(_mm512_maskz_loadu_epi32(lanes, thresholds + i), 0));
        }
        const __mmask16 above = _mm512_mask_cmpgt_epi32_mask(lanes, keys, floors);
        const unsigned found = (unsigned)__builtin_popcount(above);
        _mm512_mask_storeu_epi32(indices + count, (__mmask16)((1u << found) - 1),
                                 _mm512_maskz_compress_epi32(above, places(first + i)));
        count += found;
    }
    return count;
}

CK_AVX512 static inline size_t list(const float *z, float threshold, size_t n, uint32_t first,
                                    uint32_t *indices, int absolute) {
    const int32_t key = ck_key(&threshold, 0);
    const __m512i floor = _mm512_set1_epi32(key);
    size_t count = 0, i = 0;
    for (; n - i >= 64; i += 64) {
        __mmask16 above[4];
        for (size_t v = 0; v < 4; v++) {
            above[v] = _mm512_cmpgt_epi32_mask(
                ck_keys_avx512(_mm512_loadu_si512(z + i + 16 * v), absolute), floor);
        }
        if ((above[0] | above[1] | above[2] | above[3]) != 0) {
            count += append(indices + count, above, first + i);
        }
    }
    return count + rest(z + i, NULL, key, n - i, first + (uint32_t)i, indices + count, absolute);
}

CK_AVX512 size_t ck_listabove_f32_avx512(const float *z, float threshold, size_t n, uint32_t first,
                                         uint32_t *indices) {
    return list(z, threshold, n, first, indices, 0);
}

CK_AVX512 size_t ck_listaboveabs_f32_avx512(const float *z, float threshold, size_t n,
                                            uint32_t first, uint32_t *indices) {
    return list(z, threshold, n, first, indices, 1);
}

CK_AVX512 size_t ck_listjump_f32_avx512(const float *z, const float *thresholds, size_t n,
                                        uint32_t first, uint32_t *indices) {
    size_t count = 0, i = 0;
    for (; n - i >= 64; i += 64) {
        __mmask16 above[4];
        for (size_t v = 0; v < 4; v++) {
            const __m512i floor = _mm512_max_epi32(
                ck_keys_avx512(_mm512_loadu_si512(thresholds + i + 16 * v), 0),
                _mm512_setzero_si512());
            above[v] = _mm512_cmpgt_epi32_mask(
                ck_keys_avx512(_mm512_loadu_si512(z + i + 16 * v), 0), floor);
        }
        if ((above[0] | above[1] | above[2] | above[3]) != 0) {
            count += append(indices + count, above, first + i);
        }
    }
    return count
           + rest(z + i, thresholds + i, 0, n - i, first + (uint32_t)i, indices + count, 0);
}

#endif
