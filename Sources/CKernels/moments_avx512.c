/* Sums over a row and its reconstruction, AVX-512: the eight f64 sums of moments_scalar.c, side by
 * side.
 *
 * Product and sum are rounded one after the other, without FMA: the bits are those of every other
 * instruction set. */

#include "moments.h"
#include "target.h"

#if CK_HAS_X86

#pragma STDC FP_CONTRACT OFF

CK_AVX512 static inline __m512d load(const float *from) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(from));
}

/* The first rest < 8 numbers, and 0 in the other lanes, which adds nothing. */
CK_AVX512 static inline __m512d load_some(const float *from, size_t rest) {
    const __mmask8 mask = (__mmask8)((1u << rest) - 1u);
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(mask, from));
}

CK_AVX512 static inline __m512d add_product(__m512d sum, __m512d a, __m512d b) {
    const __m512d product = _mm512_mul_pd(a, b);
    return _mm512_add_pd(sum, product);
}

CK_AVX512 static inline double total(__m512d sums) {
    double lanes[8];
    _mm512_storeu_pd(lanes, sums);
    return ck_sum_moments(lanes);
}

CK_AVX512 void ck_moments_f32_avx512(const float *x, const float *y, double *out, size_t n) {
    __m512d error = _mm512_setzero_pd(), product = error, xx = error, yy = error;
    for (size_t i = 0; i < n; i += 8) {
        const size_t rest = n - i;
        const __m512d a = rest >= 8 ? load(x + i) : load_some(x + i, rest);
        const __m512d b = rest >= 8 ? load(y + i) : load_some(y + i, rest);
        const __m512d difference = _mm512_sub_pd(b, a);
        error = add_product(error, difference, difference);
        product = add_product(product, b, a);
        xx = add_product(xx, a, a);
        yy = add_product(yy, b, b);
    }
    out[0] = total(error);
    out[1] = total(product);
    out[2] = total(xx);
    out[3] = total(yy);
}

CK_AVX512 double ck_spread_f32_avx512(const float *x, const float *centre, double *sums, size_t n) {
    __m512d squares = _mm512_setzero_pd();
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const __m512d shifted = _mm512_sub_pd(load(x + i), load(centre + i));
        _mm512_storeu_pd(sums + i, _mm512_add_pd(_mm512_loadu_pd(sums + i), shifted));
        squares = add_product(squares, shifted, shifted);
    }
    if (i < n) {
        const __mmask8 mask = (__mmask8)((1u << (n - i)) - 1u);
        const __m512d shifted =
            _mm512_sub_pd(load_some(x + i, n - i), load_some(centre + i, n - i));
        const __m512d sum = _mm512_add_pd(_mm512_maskz_loadu_pd(mask, sums + i), shifted);
        _mm512_mask_storeu_pd(sums + i, mask, sum);
        squares = add_product(squares, shifted, shifted);
    }
    return total(squares);
}

#endif
