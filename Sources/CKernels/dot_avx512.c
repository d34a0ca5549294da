/* Dot products, AVX-512: 4 accumulators of 16 lanes. matvec_avx512.c repeats this order. */

#include "lanes_avx512.h"

#if CK_HAS_X86

CK_AVX512 float ck_dot_f32_avx512(const float *a, const float *b, size_t n) {
    __m512 acc[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                     _mm512_setzero_ps()};
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 va = _mm512_loadu_ps(a + i + 16 * k);
            const __m512 vb = _mm512_loadu_ps(b + i + 16 * k);
            acc[k] = _mm512_fmadd_ps(va, vb, acc[k]);
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 va = _mm512_maskz_loadu_ps(mask, a + i + 16 * k);
            const __m512 vb = _mm512_maskz_loadu_ps(mask, b + i + 16 * k);
            acc[k] = _mm512_fmadd_ps(va, vb, acc[k]);
        }
    }
    return ck_sum_avx512(acc);
}

CK_AVX512 float ck_dot_bf16_avx512(const uint16_t *a, const float *b, size_t n) {
    __m512 acc[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                     _mm512_setzero_ps()};
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (int k = 0; k < 4; k++) {
            const __m512 va = ck_load_bf16_avx512(a + i + 16 * k);
            const __m512 vb = _mm512_loadu_ps(b + i + 16 * k);
            acc[k] = _mm512_fmadd_ps(va, vb, acc[k]);
        }
    }
    if (i < n) {
        const uint64_t tail = ck_tail_avx512(n - i);
        for (int k = 0; k < 4; k++) {
            const __mmask16 mask = (__mmask16)(tail >> (16 * k));
            const __m512 va = ck_mask_load_bf16_avx512(mask, a + i + 16 * k);
            const __m512 vb = _mm512_maskz_loadu_ps(mask, b + i + 16 * k);
            acc[k] = _mm512_fmadd_ps(va, vb, acc[k]);
        }
    }
    return ck_sum_avx512(acc);
}

#endif
