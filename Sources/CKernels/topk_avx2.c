/* The best k of n numbers, AVX2: the steps of topk.h. */

#include "topk.h"

#if CK_HAS_X86

CK_AVX2 static inline unsigned mask_of(__m256i lanes) {
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

CK_AVX2 static inline __m256i places(size_t i) {
    return _mm256_add_epi32(_mm256_set1_epi32((int)(uint32_t)i),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

CK_AVX2 static inline size_t take_keys(const float *z, size_t i, size_t n, int absolute,
                                       int32_t floor, int32_t *keys, uint32_t *indices,
                                       size_t *count, size_t room) {
    const __m256i floors = _mm256_set1_epi32(floor);
    size_t end = *count;
    for (; n - i >= 32 && room - end >= CK_TOPK_BLOCK; i += 32) {
        __m256i lanes[4], over[4];
        for (size_t v = 0; v < 4; v++) {
            lanes[v] = ck_keys_avx2(z + i + 8 * v, absolute);
            over[v] = _mm256_cmpgt_epi32(lanes[v], floors);
        }
        const __m256i any =
            _mm256_or_si256(_mm256_or_si256(over[0], over[1]), _mm256_or_si256(over[2], over[3]));
        if (_mm256_testz_si256(any, any)) {
            continue;
        }
        for (size_t v = 0; v < 4; v++) {
            const unsigned mask = mask_of(over[v]);
            ck_compress_avx2((uint32_t *)keys + end, lanes[v], mask);
            end += ck_compress_avx2(indices + end, places(i + 8 * v), mask);
        }
    }
    for (; i < n && room - end >= CK_TOPK_BLOCK; i++) {
        keys[end] = ck_key(z + i, absolute);
        indices[end] = (uint32_t)i;
        end += keys[end] > floor;
    }
    *count = end;
    return i;
}

static size_t take(const float *z, size_t i, size_t n, int absolute, int32_t floor, int32_t *keys,
                   uint32_t *indices, size_t *count, size_t room) {
    return absolute ? take_keys(z, i, n, 1, floor, keys, indices, count, room)
                    : take_keys(z, i, n, 0, floor, keys, indices, count, room);
}

CK_AVX2 static size_t above(const int32_t *keys, size_t count, int32_t floor) {
    const __m256i floors = _mm256_set1_epi32(floor);
    size_t found = 0, i = 0;
    for (; count - i >= 8; i += 8) {
        const __m256i lanes = _mm256_loadu_si256((const __m256i *)(keys + i));
        const unsigned mask = mask_of(_mm256_cmpgt_epi32(lanes, floors));
        found += ck_bits4(mask & 15) + ck_bits4(mask >> 4);
    }
    for (; i < count; i++) {
        found += keys[i] > floor;
    }
    return found;
}

CK_AVX2 static int32_t largest(const int32_t *keys, size_t count) {
    int32_t lanes[8];
    __m256i most = _mm256_set1_epi32(INT32_MIN);
    size_t i = 0;
    for (; count - i >= 8; i += 8) {
        most = _mm256_max_epi32(most, _mm256_loadu_si256((const __m256i *)(keys + i)));
    }
    _mm256_storeu_si256((__m256i *)lanes, most);
    int32_t key = INT32_MIN;
    for (size_t lane = 0; lane < 8; lane++) {
        key = lanes[lane] > key ? lanes[lane] : key;
    }
    for (; i < count; i++) {
        key = keys[i] > key ? keys[i] : key;
    }
    return key;
}

/* A store ends where the vector that was read ends at the latest: nothing unread is overwritten. */
CK_AVX2 static size_t keep(int32_t *keys, uint32_t *indices, size_t out, size_t from, size_t to,
                           int32_t floor) {
    const __m256i floors = _mm256_set1_epi32(floor);
    size_t i = from;
    for (; to - i >= 8; i += 8) {
        const __m256i lanes = _mm256_loadu_si256((const __m256i *)(keys + i));
        const __m256i at = _mm256_loadu_si256((const __m256i *)(indices + i));
        const unsigned mask = mask_of(_mm256_cmpgt_epi32(lanes, floors));
        ck_compress_avx2((uint32_t *)keys + out, lanes, mask);
        out += ck_compress_avx2(indices + out, at, mask);
    }
    for (; i < to; i++) {
        const int32_t key = keys[i];
        keys[out] = key;
        indices[out] = indices[i];
        out += key > floor;
    }
    return out;
}

uint32_t ck_topk_f32_avx2(const float *z, size_t n, size_t k, int absolute, int32_t *keys,
                          uint32_t *indices) {
    static const ck_topk_steps steps = {take, above, largest, keep};
    return ck_topk_run(&steps, z, n, k, absolute, keys, indices);
}

#endif
