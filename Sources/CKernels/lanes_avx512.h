/* Loads, zero-padded tails and the final sum, shared by the AVX-512 kernels. */

#ifndef CK_LANES_AVX512_H
#define CK_LANES_AVX512_H

#include "target.h"

#if CK_HAS_X86

CK_AVX512 static inline __m512 ck_f32_from_bf16_avx512(__m256i bf16) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bf16), 16));
}

/* 16 bf16 numbers as f32. */
CK_AVX512 static inline __m512 ck_load_bf16_avx512(const uint16_t *bf16) {
    return ck_f32_from_bf16_avx512(_mm256_loadu_si256((const __m256i *)bf16));
}

/* The same where mask is on, and 0 elsewhere. */
CK_AVX512 static inline __m512 ck_mask_load_bf16_avx512(__mmask16 mask, const uint16_t *bf16) {
    return ck_f32_from_bf16_avx512(_mm256_maskz_loadu_epi16(mask, bf16));
}

/* One bit for each of the last rest < 64 elements: bits 16k...16k+15 mask vector k. */
static inline uint64_t ck_tail_avx512(size_t rest) {
    return ((uint64_t)1 << rest) - 1;
}

/* The order of the final sum of every AVX-512 reduction. */
CK_AVX512 static inline float ck_sum_avx512(const __m512 acc[4]) {
    const __m512 sum16 =
        _mm512_add_ps(_mm512_add_ps(acc[0], acc[1]), _mm512_add_ps(acc[2], acc[3]));
    const __m256 sum8 =
        _mm256_add_ps(_mm512_castps512_ps256(sum16), _mm512_extractf32x8_ps(sum16, 1));
    const __m128 sum4 = _mm_add_ps(_mm256_castps256_ps128(sum8), _mm256_extractf128_ps(sum8, 1));
    const __m128 sum2 = _mm_add_ps(sum4, _mm_movehl_ps(sum4, sum4));
    return _mm_cvtss_f32(_mm_add_ss(sum2, _mm_movehdup_ps(sum2)));
}

#endif
#endif
