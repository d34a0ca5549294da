/* First NaN or infinity, AVX2: skip clean blocks of 4 vectors, then look one by one. */

#include "target.h"

#if CK_HAS_X86

/* All ones in the lanes whose exponent is all ones. */
CK_AVX2 static inline __m256i hits32(const float *x, __m256i exponent) {
    const __m256i bits = _mm256_loadu_si256((const __m256i *)x);
    return _mm256_cmpeq_epi32(_mm256_and_si256(bits, exponent), exponent);
}

CK_AVX2 static inline __m256i hits16(const uint16_t *x, __m256i exponent) {
    const __m256i bits = _mm256_loadu_si256((const __m256i *)x);
    return _mm256_cmpeq_epi16(_mm256_and_si256(bits, exponent), exponent);
}

CK_AVX2 size_t ck_nonfinite_f32_avx2(const float *x, size_t n) {
    const __m256i exponent = _mm256_set1_epi32(0x7f800000);
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        __m256i any = hits32(x + i, exponent);
        for (int k = 1; k < 4; k++) {
            any = _mm256_or_si256(any, hits32(x + i + 8 * k, exponent));
        }
        if (!_mm256_testz_si256(any, any)) {
            break;
        }
    }
    return i + ck_nonfinite_f32_scalar(x + i, n - i);
}

/* The start of the first block with a hit, or of the last incomplete block. */
CK_AVX2 static inline size_t skip16(const uint16_t *x, size_t n, __m256i exponent) {
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        __m256i any = hits16(x + i, exponent);
        for (int k = 1; k < 4; k++) {
            any = _mm256_or_si256(any, hits16(x + i + 16 * k, exponent));
        }
        if (!_mm256_testz_si256(any, any)) {
            break;
        }
    }
    return i;
}

CK_AVX2 size_t ck_nonfinite_bf16_avx2(const uint16_t *x, size_t n) {
    const size_t i = skip16(x, n, _mm256_set1_epi16(0x7f80));
    return i + ck_nonfinite_bf16_scalar(x + i, n - i);
}

CK_AVX2 size_t ck_nonfinite_f16_avx2(const uint16_t *x, size_t n) {
    const size_t i = skip16(x, n, _mm256_set1_epi16(0x7c00));
    return i + ck_nonfinite_f16_scalar(x + i, n - i);
}

#endif
