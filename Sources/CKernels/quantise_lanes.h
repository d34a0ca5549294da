/* Quantisation of rows, and bounds of what it loses, for every instruction set.
 *
 * An including file defines CK_ISA, the target of the functions (empty for none), and CK_NAME(op), the
 * name of an operation's variant. The loops keep 16 lanes that are added up in a fixed order and have
 * no fused operations, so that each compiler target gives the same bits. Each bound is rounded up: see
 * docs/numerics.md, "Pruned encoding", for what is to be paid for. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "ckernels.h"

#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };

/* Rounds to the nearest integer, ties to even, for |value| < 2^22: adding 1.5 * 2^23 leaves no room
 * for a fraction. */
CK_ISA static inline float nearest(float value) {
    const float shift = 12582912.0f;
    const float moved = value + shift;
    return moved - shift;
}

CK_ISA static inline double sum_lanes(const double lanes[LANES]) {
    double sum = 0;
    for (int l = 0; l < LANES; l++) {
        sum += lanes[l];
    }
    return sum;
}

/* An f32 number above the exact value that `computed` stands for, 0 for 0. A sum of at most 2^20 terms
 * in f64 and a square root lose less than 2^-30 of it, the conversion 2^-24 or, of a subnormal result,
 * 2^-150; the rest pays for three roundings of bound_f32. */
CK_ISA static inline float rounded_up(double computed) {
    return computed > 0 ? (float)(computed * (1 + 0x1p-20) + 0x1p-149) : 0;
}

CK_ISA static inline float largest_magnitude(const float *x, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            const float magnitude = fabsf(x[i + (size_t)l]);
            lanes[l] = magnitude > lanes[l] ? magnitude : lanes[l];
        }
    }
    for (; i < n; i++) {
        const float magnitude = fabsf(x[i]);
        lanes[0] = magnitude > lanes[0] ? magnitude : lanes[0];
    }
    float largest = 0;
    for (int l = 0; l < LANES; l++) {
        largest = lanes[l] > largest ? lanes[l] : largest;
    }
    return largest;
}

CK_ISA void CK_NAME(quantise_i8)(const float *row, size_t n, int8_t *codes,
                                 ck_quantised_row *result) {
    const float largest = largest_magnitude(row, n);
    /* Below, 127 / largest or the scale would lose digits to underflow. */
    const int is_tiny = !(largest >= 0x1p-60f);
    const float scale = is_tiny ? 2 * largest : largest / 127;
    const float inverse = is_tiny ? 0 : 127 / largest;
    double squares[LANES] = {0};
    double losses[LANES] = {0};
    size_t i = 0;
    for (; i < n; i += LANES) {
        const int count = n - i < LANES ? (int)(n - i) : LANES;
        float values[LANES] = {0};
        memcpy(values, row + i, (size_t)count * sizeof *values);
        int8_t block[LANES];
        for (int l = 0; l < LANES; l++) {
            const float code = nearest(values[l] * inverse);
            const double loss = (double)values[l] - (double)scale * (double)code;
            squares[l] += (double)values[l] * (double)values[l];
            losses[l] += loss * loss;
            block[l] = (int8_t)(int32_t)code;
        }
        memcpy(codes + i, block, (size_t)count);
    }
    result->scale = scale;
    result->residual = rounded_up(sqrt(sum_lanes(losses)));
    result->norm = rounded_up(sqrt(sum_lanes(squares)));
}

CK_ISA void CK_NAME(quantise_i16)(const float *x, size_t n, double dot_error, int16_t *codes,
                                  ck_quantised_input *result) {
    const float largest = largest_magnitude(x, n);
    double magnitudes[LANES] = {0};
    double squares[LANES] = {0};
    size_t i = 0;
    for (; i < n; i += LANES) {
        const int count = n - i < LANES ? (int)(n - i) : LANES;
        float values[LANES] = {0};
        memcpy(values, x + i, (size_t)count * sizeof *values);
        for (int l = 0; l < LANES; l++) {
            const double value = (double)values[l];
            magnitudes[l] += fabs(value);
            squares[l] += value * value;
        }
    }
    if (!(sum_lanes(squares) <= DBL_MAX)) {
        const ck_quantised_input none = {0, 0, 0, 0, 0};
        memset(codes, 0, n * sizeof *codes);
        *result = none;
        return;
    }
    /* The sum of the codes' magnitudes times 128 must stay below 2^31: half a unit each for rounding,
     * and a little for the division. */
    const double room = (2147483647.0 / 128 - (double)n) * (1 - 0x1p-20);
    const double by_sum = sum_lanes(magnitudes) / room;
    const double by_range = (double)largest / 32767;
    const float scale = (float)((by_sum > by_range ? by_sum : by_range) * (1 + 0x1p-22));
    /* Below, its inverse could overflow: codes of 0 then, and all of x is what is lost. */
    const float inverse = scale >= 0x1p-120f ? 1 / scale : 0;
    double losses[LANES] = {0};
    int64_t energy[LANES] = {0};
    for (i = 0; i < n; i += LANES) {
        const int count = n - i < LANES ? (int)(n - i) : LANES;
        float values[LANES] = {0};
        memcpy(values, x + i, (size_t)count * sizeof *values);
        int16_t block[LANES];
        for (int l = 0; l < LANES; l++) {
            const float code = nearest(values[l] * inverse);
            const double loss = (double)values[l] - (double)scale * (double)code;
            const int32_t whole = (int32_t)code;
            losses[l] += loss * loss;
            energy[l] += (int64_t)whole * whole;
            block[l] = (int16_t)whole;
        }
        memcpy(codes + i, block, (size_t)count * sizeof *codes);
    }
    int64_t total = 0;
    for (int l = 0; l < LANES; l++) {
        total += energy[l];
    }
    /* Few large components are cheaper by their sum, times the largest loss of a weight, half a step;
     * the others by their length, times the length of a row's losses, about sqrt(n / 12) steps. One
     * moves to the few when that makes the bound smaller. Any split is valid. */
    const double ratio = sqrt((double)n / 3);
    int64_t bulk = total;
    int64_t few = 0;
    for (int round = 0; round < 4; round++) {
        const double limit = 2 * sqrt((double)bulk) / ratio;
        const int32_t cut = limit < 32767 ? (int32_t)limit : 32767;
        int64_t moved[LANES] = {0};
        int64_t sums[LANES] = {0};
        for (i = 0; i < n; i += LANES) {
            const int count = n - i < LANES ? (int)(n - i) : LANES;
            int16_t block[LANES] = {0};
            memcpy(block, codes + i, (size_t)count * sizeof *block);
            for (int l = 0; l < LANES; l++) {
                const int32_t magnitude = block[l] < 0 ? -(int32_t)block[l] : block[l];
                const int32_t large = magnitude > cut ? magnitude : 0;
                moved[l] += (int64_t)large * large;
                sums[l] += large;
            }
        }
        int64_t energy_moved = 0;
        few = 0;
        for (int l = 0; l < LANES; l++) {
            energy_moved += moved[l];
            few += sums[l];
        }
        if (total - energy_moved == bulk) {
            break;
        }
        bulk = total - energy_moved;
    }
    const double norm = sqrt(sum_lanes(squares));
    const double loss = sqrt(sum_lanes(losses)) + (dot_error + 0x1p-21) * norm;
    result->scale = scale;
    result->bulk = rounded_up((double)scale * sqrt((double)bulk));
    result->few = rounded_up((double)scale * (double)few * 0.5001);
    result->loss = rounded_up(loss);
    result->largest = largest;
}

CK_ISA void CK_NAME(bound_f32)(const int32_t *sums, const ck_quantised_input *input,
                               const ck_quantised_rows *rows, size_t first, size_t n, int absolute,
                               float *bounds) {
    const float *restrict scale = rows->scale + first;
    const float *restrict residual = rows->residual + first;
    const float *restrict norm = rows->norm + first;
    const float *restrict bias = rows->bias + first;
    const float *restrict gain = rows->gain == NULL ? NULL : rows->gain + first;
    const ck_quantised_input x = *input;
    for (size_t i = 0; i < n; i++) {
        const float estimate = (float)sums[i] * x.scale * scale[i];
        const float radius =
            (residual[i] * x.bulk + scale[i] * x.few) + (norm[i] * x.loss + 1e-36f);
        const float high = (estimate + radius) + bias[i];
        const float low = (estimate - radius) + bias[i];
        bounds[i] = absolute && -low > high ? -low : high;
    }
    for (size_t i = 0; gain != NULL && i < n; i++) {
        bounds[i] *= gain[i];
    }
}
