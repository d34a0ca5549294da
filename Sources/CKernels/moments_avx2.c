/* Sums over a row and its reconstruction, AVX2: the eight f64 sums of moments_scalar.c, in two
 * vectors.
 *
 * Product and sum are rounded one after the other, without FMA: the bits are those of every other
 * instruction set. */

#include "lanes_avx2.h"
#include "moments.h"

#if CK_HAS_X86

#pragma STDC FP_CONTRACT OFF

typedef struct {
    __m256d low, high;
} lanes;

CK_AVX2 static inline lanes zero(void) {
    return (lanes){_mm256_setzero_pd(), _mm256_setzero_pd()};
}

/* 8 numbers; the first rest of them where rest < 8, and 0 in the other lanes: it adds nothing. */
CK_AVX2 static inline lanes load(const float *from, size_t rest) {
    const __m256 all =
        rest >= 8 ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, ck_mask_avx2((int)rest));
    return (lanes){_mm256_cvtps_pd(_mm256_castps256_ps128(all)),
                   _mm256_cvtps_pd(_mm256_extractf128_ps(all, 1))};
}

CK_AVX2 static inline lanes subtract(lanes a, lanes b) {
    return (lanes){_mm256_sub_pd(a.low, b.low), _mm256_sub_pd(a.high, b.high)};
}

CK_AVX2 static inline lanes add_product(lanes sum, lanes a, lanes b) {
    const __m256d low = _mm256_mul_pd(a.low, b.low);
    const __m256d high = _mm256_mul_pd(a.high, b.high);
    return (lanes){_mm256_add_pd(sum.low, low), _mm256_add_pd(sum.high, high)};
}

CK_AVX2 static inline double total(lanes sums) {
    double all[8];
    _mm256_storeu_pd(all, sums.low);
    _mm256_storeu_pd(all + 4, sums.high);
    return ck_sum_moments(all);
}

CK_AVX2 void ck_moments_f32_avx2(const float *x, const float *y, double *out, size_t n) {
    lanes error = zero(), product = zero(), xx = zero(), yy = zero();
    for (size_t i = 0; i < n; i += 8) {
        const lanes a = load(x + i, n - i);
        const lanes b = load(y + i, n - i);
        const lanes difference = subtract(b, a);
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

CK_AVX2 double ck_spread_f32_avx2(const float *x, const float *centre, double *sums, size_t n) {
    lanes squares = zero();
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const lanes shifted = subtract(load(x + i, 8), load(centre + i, 8));
        _mm256_storeu_pd(sums + i, _mm256_add_pd(_mm256_loadu_pd(sums + i), shifted.low));
        _mm256_storeu_pd(sums + i + 4, _mm256_add_pd(_mm256_loadu_pd(sums + i + 4), shifted.high));
        squares = add_product(squares, shifted, shifted);
    }
    if (i < n) {
        const lanes shifted = subtract(load(x + i, n - i), load(centre + i, n - i));
        double rest[8];
        _mm256_storeu_pd(rest, shifted.low);
        _mm256_storeu_pd(rest + 4, shifted.high);
        for (size_t j = i; j < n; j++) {
            sums[j] = sums[j] + rest[j - i];
        }
        squares = add_product(squares, shifted, shifted);
    }
    return total(squares);
}

#endif
