/* y += alpha * x, AVX-512: one FMA per element. */

#include "lanes_avx512.h"

#if CK_HAS_X86

CK_AVX512 void ck_axpy_f32_avx512(float alpha, const float *x, float *y, size_t n) {
    const __m512 factor = _mm512_set1_ps(alpha);
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m512 sum = _mm512_fmadd_ps(factor, _mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i));
        _mm512_storeu_ps(y + i, sum);
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m512 vx = _mm512_maskz_loadu_ps(mask, x + i);
        const __m512 vy = _mm512_maskz_loadu_ps(mask, y + i);
        _mm512_mask_storeu_ps(y + i, mask, _mm512_fmadd_ps(factor, vx, vy));
    }
}

CK_AVX512 void ck_axpy_bf16_avx512(float alpha, const uint16_t *x, float *y, size_t n) {
    const __m512 factor = _mm512_set1_ps(alpha);
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m512 sum =
            _mm512_fmadd_ps(factor, ck_load_bf16_avx512(x + i), _mm512_loadu_ps(y + i));
        _mm512_storeu_ps(y + i, sum);
    }
    if (i < n) {
        const __mmask16 mask = (__mmask16)ck_tail_avx512(n - i);
        const __m512 vx = ck_mask_load_bf16_avx512(mask, x + i);
        const __m512 vy = _mm512_maskz_loadu_ps(mask, y + i);
        _mm512_mask_storeu_ps(y + i, mask, _mm512_fmadd_ps(factor, vx, vy));
    }
}

#endif
