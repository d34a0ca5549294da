/* Dot products, AVX2: 4 accumulators of 8 lanes. matvec_avx2.c repeats this order. */

#include "lanes_avx2.h"

#if CK_HAS_X86

CK_AVX2 float ck_dot_f32_avx2(const float *a, const float *b, size_t n) {
    __m256 acc[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                     _mm256_setzero_ps()};
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 va = _mm256_loadu_ps(a + i + 8 * k);
            const __m256 vb = _mm256_loadu_ps(b + i + 8 * k);
            acc[k] = _mm256_fmadd_ps(va, vb, acc[k]);
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        for (int k = 0; k < 4; k++) {
            const __m256i mask = ck_mask_avx2(rest - 8 * k);
            const __m256 va = _mm256_maskload_ps(a + i + 8 * k, mask);
            const __m256 vb = _mm256_maskload_ps(b + i + 8 * k, mask);
            acc[k] = _mm256_fmadd_ps(va, vb, acc[k]);
        }
    }
    return ck_sum_avx2(acc);
}

CK_AVX2 float ck_dot_bf16_avx2(const uint16_t *a, const float *b, size_t n) {
    __m256 acc[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                     _mm256_setzero_ps()};
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (int k = 0; k < 4; k++) {
            const __m256 va = ck_load_bf16_avx2(a + i + 8 * k);
            const __m256 vb = _mm256_loadu_ps(b + i + 8 * k);
            acc[k] = _mm256_fmadd_ps(va, vb, acc[k]);
        }
    }
    if (i < n) {
        const int rest = (int)(n - i);
        uint16_t padded[32];
        ck_pad_bf16_avx2(padded, a + i, n - i);
        for (int k = 0; k < 4; k++) {
            const __m256 va = ck_load_bf16_avx2(padded + 8 * k);
            const __m256 vb = _mm256_maskload_ps(b + i + 8 * k, ck_mask_avx2(rest - 8 * k));
            acc[k] = _mm256_fmadd_ps(va, vb, acc[k]);
        }
    }
    return ck_sum_avx2(acc);
}

#endif
