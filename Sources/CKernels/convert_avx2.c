/* Conversions, AVX2 and F16C. The tails go through the reference: the results are the same bits. */

#include "target.h"

#if CK_HAS_X86

CK_AVX2 void ck_widen_bf16_avx2(const uint16_t *in, float *out, size_t n) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    const __m256i infinity = _mm256_set1_epi32(0x7f800000);
    const __m256i quiet = _mm256_set1_epi32(0x00400000);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m128i bf16 = _mm_loadu_si128((const __m128i *)(in + i));
        const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(bf16), 16);
        const __m256i is_nan = _mm256_cmpgt_epi32(_mm256_and_si256(bits, magnitude), infinity);
        const __m256i result = _mm256_or_si256(bits, _mm256_and_si256(is_nan, quiet));
        _mm256_storeu_si256((__m256i *)(out + i), result);
    }
    ck_widen_bf16_scalar(in + i, out + i, n - i);
}

CK_AVX2 void ck_widen_f16_avx2(const uint16_t *in, float *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m128i f16 = _mm_loadu_si128((const __m128i *)(in + i));
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(f16));
    }
    ck_widen_f16_scalar(in + i, out + i, n - i);
}

/* 8 f32 as bits to 8 bf16, each in the lower half of its lane. See ck_narrow_bf16_bits. */
CK_AVX2 static inline __m256i round_bf16(__m256i bits) {
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
    const __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
    const __m256i upper = _mm256_srli_epi32(bits, 16);
    const __m256i is_odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
    const __m256i carry = _mm256_add_epi32(_mm256_set1_epi32(0x7fff), is_odd);
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, carry), 16);
    const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    return _mm256_blendv_epi8(rounded, quiet, is_nan);
}

CK_AVX2 void ck_narrow_bf16_avx2(const float *in, uint16_t *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i low = round_bf16(_mm256_loadu_si256((const __m256i *)(in + i)));
        const __m256i high = round_bf16(_mm256_loadu_si256((const __m256i *)(in + i + 8)));
        /* The pack works within 128-bit halves; the permutation restores the order. */
        const __m256i packed = _mm256_packus_epi32(low, high);
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(packed, 0xd8));
    }
    ck_narrow_bf16_scalar(in + i, out + i, n - i);
}

CK_AVX2 void ck_narrow_f16_avx2(const float *in, uint16_t *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m128i f16 = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((__m128i *)(out + i), f16);
    }
    ck_narrow_f16_scalar(in + i, out + i, n - i);
}

#endif
