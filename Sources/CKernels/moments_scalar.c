/* Sums over a row and its reconstruction: eight f64 sums each, on every instruction set. */

#include "ckernels.h"
#include "moments.h"

#pragma STDC FP_CONTRACT OFF

void ck_moments_f32_scalar(const float *x, const float *y, double *out, size_t n) {
    double error[8] = {0}, product[8] = {0}, xx[8] = {0}, yy[8] = {0};
    for (size_t i = 0; i < n; i++) {
        const size_t lane = i % 8;
        const double a = x[i], b = y[i];
        const double difference = b - a;
        error[lane] = error[lane] + difference * difference;
        product[lane] = product[lane] + b * a;
        xx[lane] = xx[lane] + a * a;
        yy[lane] = yy[lane] + b * b;
    }
    out[0] = ck_sum_moments(error);
    out[1] = ck_sum_moments(product);
    out[2] = ck_sum_moments(xx);
    out[3] = ck_sum_moments(yy);
}

double ck_spread_f32_scalar(const float *x, const float *centre, double *sums, size_t n) {
    double squares[8] = {0};
    for (size_t i = 0; i < n; i++) {
        const size_t lane = i % 8;
        const double shifted = (double)x[i] - (double)centre[i];
        sums[i] = sums[i] + shifted;
        squares[lane] = squares[lane] + shifted * shifted;
    }
    return ck_sum_moments(squares);
}
