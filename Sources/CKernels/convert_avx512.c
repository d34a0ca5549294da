/* Conversions, AVX-512. The AVX512_BF16 instructions are not used: they flush subnormals. */

#include "lanes_avx512.h"

#if CK_HAS_X86

CK_AVX512 static inline __m512i quiet_bf16(__m256i bf16) {
    const __m512i bits = _mm512_slli_epi32(_mm512_cvtepu16_epi32(bf16), 16);
    const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
    return _mm512_mask_or_epi32(bits, is_nan, bits, _mm512_set1_epi32(0x00400000));
}

CK_AVX512 void ck_widen_bf16_avx512(const uint16_t *in, float *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i bf16 = _mm256_loadu_si256((const __m256i *)(in + i));
        _mm512_storeu_si512(out + i, quiet_bf16(bf16));
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m256i bf16 = _mm256_maskz_loadu_epi16(mask, in + i);
        _mm512_mask_storeu_epi32(out + i, mask, quiet_bf16(bf16));
    }
}

CK_AVX512 void ck_widen_f16_avx512(const uint16_t *in, float *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i f16 = _mm256_loadu_si256((const __m256i *)(in + i));
        _mm512_storeu_ps(out + i, _mm512_cvtph_ps(f16));
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m256i f16 = _mm256_maskz_loadu_epi16(mask, in + i);
        _mm512_mask_storeu_ps(out + i, mask, _mm512_cvtph_ps(f16));
    }
}

/* 16 f32 as bits to 16 bf16. See ck_narrow_bf16_bits. */
CK_AVX512 static inline __m256i round_bf16(__m512i bits) {
    const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
    const __m512i upper = _mm512_srli_epi32(bits, 16);
    const __m512i is_odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    const __m512i carry = _mm512_add_epi32(_mm512_set1_epi32(0x7fff), is_odd);
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, carry), 16);
    const __m512i result = _mm512_mask_or_epi32(rounded, is_nan, upper, _mm512_set1_epi32(0x40));
    return _mm512_cvtepi32_epi16(result);
}

CK_AVX512 void ck_narrow_bf16_avx512(const float *in, uint16_t *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m512i bits = _mm512_loadu_si512(in + i);
        _mm256_storeu_si256((__m256i *)(out + i), round_bf16(bits));
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m512i bits = _mm512_maskz_loadu_epi32(mask, in + i);
        _mm256_mask_storeu_epi16(out + i, mask, round_bf16(bits));
    }
}

CK_AVX512 void ck_narrow_f16_avx512(const float *in, uint16_t *out, size_t n) {
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i f16 = _mm512_cvtps_ph(_mm512_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_storeu_si256((__m256i *)(out + i), f16);
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m512 value = _mm512_maskz_loadu_ps(mask, in + i);
        const __m256i f16 = _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
        _mm256_mask_storeu_epi16(out + i, mask, f16);
    }
}

#endif
