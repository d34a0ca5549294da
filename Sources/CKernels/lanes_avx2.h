/* Loads, zero-padded tails and the final sum, shared by the AVX2 kernels. */

#ifndef CK_LANES_AVX2_H
#define CK_LANES_AVX2_H

#include <string.h>

#include "target.h"

#if CK_HAS_X86

/* 8 bf16 numbers as f32. */
CK_AVX2 static inline __m256 ck_load_bf16_avx2(const uint16_t *bf16) {
    const __m128i bits = _mm_loadu_si128((const __m128i *)bf16);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

/* Lane mask: lane j is on when j < rest. Negative is none. */
CK_AVX2 static inline __m256i ck_mask_avx2(int rest) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(rest), lane);
}

/* Copies the last rest < 32 numbers of a row and pads them with zeros. */
static inline void ck_pad_bf16_avx2(uint16_t padded[32], const uint16_t *bf16, size_t rest) {
    memset(padded, 0, 32 * sizeof *padded);
    memcpy(padded, bf16, rest * sizeof *padded);
}

/* The order of the final sum of every AVX2 reduction. */
CK_AVX2 static inline float ck_sum_avx2(const __m256 acc[4]) {
    const __m256 sum8 = _mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3]));
    const __m128 sum4 = _mm_add_ps(_mm256_castps256_ps128(sum8), _mm256_extractf128_ps(sum8, 1));
    const __m128 sum2 = _mm_add_ps(sum4, _mm_movehl_ps(sum4, sum4));
    return _mm_cvtss_f32(_mm_add_ss(sum2, _mm_movehdup_ps(sum2)));
}

#endif
#endif
