/* First NaN or infinity, AVX-512: skip clean blocks of 4 vectors, then look one by one. */

#include "target.h"

#if CK_HAS_X86

/* One bit for each lane whose exponent is all ones. */
CK_AVX512 static inline __mmask16 hits32(const float *x, __m512i exponent) {
    const __m512i bits = _mm512_loadu_si512(x);
    return _mm512_cmpeq_epi32_mask(_mm512_and_si512(bits, exponent), exponent);
}

CK_AVX512 static inline __mmask32 hits16(const uint16_t *x, __m512i exponent) {
    const __m512i bits = _mm512_loadu_si512(x);
    return _mm512_cmpeq_epi16_mask(_mm512_and_si512(bits, exponent), exponent);
}

CK_AVX512 size_t ck_nonfinite_f32_avx512(const float *x, size_t n) {
    const __m512i exponent = _mm512_set1_epi32(0x7f800000);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        unsigned any = 0;
        for (int k = 0; k < 4; k++) {
            any |= hits32(x + i + 16 * k, exponent);
        }
        if (any != 0) {
            break;
        }
    }
    return i + ck_nonfinite_f32_scalar(x + i, n - i);
}

/* The start of the first block with a hit, or of the last incomplete block. */
CK_AVX512 static inline size_t skip16(const uint16_t *x, size_t n, __m512i exponent) {
    size_t i = 0;
    for (; n - i >= 128; i += 128) {
        uint32_t any = 0;
        for (int k = 0; k < 4; k++) {
            any |= hits16(x + i + 32 * k, exponent);
        }
        if (any != 0) {
            break;
        }
    }
    return i;
}

CK_AVX512 size_t ck_nonfinite_bf16_avx512(const uint16_t *x, size_t n) {
    const size_t i = skip16(x, n, _mm512_set1_epi16(0x7f80));
    return i + ck_nonfinite_bf16_scalar(x + i, n - i);
}

CK_AVX512 size_t ck_nonfinite_f16_avx512(const uint16_t *x, size_t n) {
    const size_t i = skip16(x, n, _mm512_set1_epi16(0x7c00));
    return i + ck_nonfinite_f16_scalar(x + i, n - i);
}

#endif
