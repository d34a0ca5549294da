/* The best k of n numbers, AVX-512: the steps of topk.h. */

#include "topk.h"

#if CK_HAS_X86

/* The first lanes of a vector, as many as are left. */
static inline __mmask16 first_lanes(size_t left) {
    return (__mmask16)(left < 16 ? (1u << left) - 1 : 0xffffu);
}

CK_AVX512 static inline __m512i places(size_t i) {
    return _mm512_add_epi32(
        _mm512_set1_epi32((int)(uint32_t)i),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* Compressed in registers and stored whole: the room for a block is there. */
CK_AVX512 static inline size_t append(int32_t *keys, uint32_t *indices, __m512i lanes, __m512i at,
                                      __mmask16 mask) {
    _mm512_storeu_si512(keys, _mm512_maskz_compress_epi32(mask, lanes));
    _mm512_storeu_si512(indices, _mm512_maskz_compress_epi32(mask, at));
    return (size_t)__builtin_popcount(mask);
}

CK_AVX512 static inline size_t take_keys(const float *z, size_t i, size_t n, int absolute,
                                         int32_t floor, int32_t *keys, uint32_t *indices,
                                         size_t *count, size_t room) {
    const __m512i floors = _mm512_set1_epi32(floor);
    size_t end = *count;
    for (; n - i >= CK_TOPK_BLOCK && room - end >= CK_TOPK_BLOCK; i += CK_TOPK_BLOCK) {
        __m512i lanes[4];
        __mmask16 mask[4];
        for (size_t v = 0; v < 4; v++) {
            lanes[v] = ck_keys_avx512(_mm512_loadu_si512(z + i + 16 * v), absolute);
            mask[v] = _mm512_cmpgt_epi32_mask(lanes[v], floors);
        }
        if ((mask[0] | mask[1] | mask[2] | mask[3]) == 0) {
            continue;
        }
        for (size_t v = 0; v < 4; v++) {
            end += append(keys + end, indices + end, lanes[v], places(i + 16 * v), mask[v]);
        }
    }
    for (; i < n && room - end >= CK_TOPK_BLOCK; i += 16) {
        const __mmask16 left = first_lanes(n - i);
        const __m512i lanes = ck_keys_avx512(_mm512_maskz_loadu_epi32(left, z + i), absolute);
        const __mmask16 mask = _mm512_mask_cmpgt_epi32_mask(left, lanes, floors);
        end += append(keys + end, indices + end, lanes, places(i), mask);
    }
    *count = end;
    return i < n ? i : n;
}

static size_t take(const float *z, size_t i, size_t n, int absolute, int32_t floor, int32_t *keys,
                   uint32_t *indices, size_t *count, size_t room) {
    return absolute ? take_keys(z, i, n, 1, floor, keys, indices, count, room)
                    : take_keys(z, i, n, 0, floor, keys, indices, count, room);
}

CK_AVX512 static size_t above(const int32_t *keys, size_t count, int32_t floor) {
    const __m512i floors = _mm512_set1_epi32(floor);
    size_t found = 0;
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 left = first_lanes(count - i);
        const __m512i lanes = _mm512_maskz_loadu_epi32(left, keys + i);
        found += (size_t)__builtin_popcount(_mm512_mask_cmpgt_epi32_mask(left, lanes, floors));
    }
    return found;
}

CK_AVX512 static int32_t largest(const int32_t *keys, size_t count) {
    __m512i most = _mm512_set1_epi32(INT32_MIN);
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 left = first_lanes(count - i);
        most = _mm512_mask_max_epi32(most, left, most, _mm512_maskz_loadu_epi32(left, keys + i));
    }
    return _mm512_reduce_max_epi32(most);
}

/* A store ends where the vector that was read ends at the latest: nothing unread is overwritten. */
CK_AVX512 static size_t keep(int32_t *keys, uint32_t *indices, size_t out, size_t from, size_t to,
                             int32_t floor) {
    const __m512i floors = _mm512_set1_epi32(floor);
    for (size_t i = from; i < to; i += 16) {
        const __mmask16 left = first_lanes(to - i);
        const __m512i lanes = _mm512_maskz_loadu_epi32(left, keys + i);
        const __m512i at = _mm512_maskz_loadu_epi32(left, indices + i);
        const __mmask16 mask = _mm512_mask_cmpgt_epi32_mask(left, lanes, floors);
        const unsigned kept = (unsigned)__builtin_popcount(mask);
        _mm512_mask_storeu_epi32(keys + out, first_lanes(kept),
                                 _mm512_maskz_compress_epi32(mask, lanes));
        _mm512_mask_storeu_epi32(indices + out, first_lanes(kept),
                                 _mm512_maskz_compress_epi32(mask, at));
        out += kept;
    }
    return out;
}

uint32_t ck_topk_f32_avx512(const float *z, size_t n, size_t k, int absolute, int32_t *keys,
                            uint32_t *indices) {
    static const ck_topk_steps steps = {take, above, largest, keep};
    return ck_topk_run(&steps, z, n, k, absolute, keys, indices);
}

#endif
