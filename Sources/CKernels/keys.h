/* The order of f32 numbers as integers, so that the caller's floating-point environment cannot change it.
 *
 * key(x) = magnitude bits, negated for a negative x: ascending with x, both zeros are 0, a NaN lies
 * beyond the infinity of its sign. Never INT32_MIN, which therefore is below every key. */

#ifndef CK_KEYS_H
#define CK_KEYS_H

#include <string.h>

#include "target.h"

static inline int32_t ck_key(const float *x, int absolute) {
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    const int32_t magnitude = (int32_t)(bits & 0x7fffffffu);
    return bits >> 31 != 0 && !absolute ? -magnitude : magnitude;
}

#if CK_HAS_X86

CK_AVX2 static inline __m256i ck_keys_avx2(const float *x, int absolute) {
    const __m256i bits = _mm256_loadu_si256((const __m256i *)x);
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
    return absolute ? magnitude : _mm256_sign_epi32(magnitude, bits);
}

CK_AVX512 static inline __m512i ck_keys_avx512(__m512i bits, int absolute) {
    const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    return absolute ? magnitude
                    : _mm512_mask_sub_epi32(magnitude, _mm512_movepi32_mask(bits),
                                            _mm512_setzero_si512(), magnitude);
}

/* Moves the 4-byte lanes whose bit in mask is set to the front, and stores 4 lanes: the lanes behind
 * those are zero. */
CK_AVX2 static inline void ck_compress4_avx2(uint32_t *out, __m128i lanes, unsigned mask) {
#define CK_LANE(i) 4 * (i), 4 * (i) + 1, 4 * (i) + 2, 4 * (i) + 3
#define CK_NONE -1, -1, -1, -1
    static const int8_t orders[16][16] = {
        {CK_NONE, CK_NONE, CK_NONE, CK_NONE},
        {CK_LANE(0), CK_NONE, CK_NONE, CK_NONE},
        {CK_LANE(1), CK_NONE, CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(1), CK_NONE, CK_NONE},
        {CK_LANE(2), CK_NONE, CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(2), CK_NONE, CK_NONE},
        {CK_LANE(1), CK_LANE(2), CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(1), CK_LANE(2), CK_NONE},
        {CK_LANE(3), CK_NONE, CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(3), CK_NONE, CK_NONE},
        {CK_LANE(1), CK_LANE(3), CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(1), CK_LANE(3), CK_NONE},
        {CK_LANE(2), CK_LANE(3), CK_NONE, CK_NONE},
        {CK_LANE(0), CK_LANE(2), CK_LANE(3), CK_NONE},
        {CK_LANE(1), CK_LANE(2), CK_LANE(3), CK_NONE},
        {CK_LANE(0), CK_LANE(1), CK_LANE(2), CK_LANE(3)},
    };
#undef CK_LANE
#undef CK_NONE
    const __m128i order = _mm_loadu_si128((const __m128i *)orders[mask]);
    _mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(lanes, order));
}

/* How many of 4 bits are set. */
static inline size_t ck_bits4(unsigned mask) {
    return (size_t)(0x4332322132212110u >> (4 * mask) & 15);
}

/* Appends to out the lanes of 8 whose bit in mask is set; writes up to 4 entries behind them, and never
 * behind out + 8. Returns how many they are. */
CK_AVX2 static inline size_t ck_compress_avx2(uint32_t *out, __m256i lanes, unsigned mask) {
    const size_t low = ck_bits4(mask & 15);
    ck_compress4_avx2(out, _mm256_castsi256_si128(lanes), mask & 15);
    ck_compress4_avx2(out + low, _mm256_extracti128_si256(lanes, 1), mask >> 4);
    return low + ck_bits4(mask >> 4);
}

#endif

#endif
