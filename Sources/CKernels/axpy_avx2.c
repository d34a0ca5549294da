/* y += alpha * x, AVX2: one FMA per element. */

#include "lanes_avx2.h"

#if CK_HAS_X86

CK_AVX2 void ck_axpy_f32_avx2(float alpha, const float *x, float *y, size_t n) {
    const __m256 factor = _mm256_set1_ps(alpha);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m256 sum = _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i));
        _mm256_storeu_ps(y + i, sum);
    }
    if (i < n) {
        const __m256i mask = ck_mask_avx2((int)(n - i));
        const __m256 vx = _mm256_maskload_ps(x + i, mask);
        const __m256 vy = _mm256_maskload_ps(y + i, mask);
        _mm256_maskstore_ps(y + i, mask, _mm256_fmadd_ps(factor, vx, vy));
    }
}

CK_AVX2 void ck_axpy_bf16_avx2(float alpha, const uint16_t *x, float *y, size_t n) {
    const __m256 factor = _mm256_set1_ps(alpha);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m256 sum =
            _mm256_fmadd_ps(factor, ck_load_bf16_avx2(x + i), _mm256_loadu_ps(y + i));
        _mm256_storeu_ps(y + i, sum);
    }
    if (i < n) {
        const __m256i mask = ck_mask_avx2((int)(n - i));
        uint16_t padded[32];
        ck_pad_bf16_avx2(padded, x + i, n - i);
        const __m256 vy = _mm256_maskload_ps(y + i, mask);
        _mm256_maskstore_ps(y + i, mask, _mm256_fmadd_ps(factor, ck_load_bf16_avx2(padded), vy));
    }
}

#endif
