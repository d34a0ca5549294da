/* Reference for sparse rows: products summed as ck_dot, results scattered as ck_axpy does. */

#include "ckernels.h"
#include "columns.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

void ck_gatherdot_f32_scalar(const float *values, const void *columns, int column_bytes,
                             const float *x, float *out, size_t row_count, size_t degree) {
    for (size_t row = 0; row < row_count; row++) {
        double sum = 0;
        for (size_t i = row * degree; i < (row + 1) * degree; i++) {
            sum += (double)values[i] * (double)x[ck_column(columns, column_bytes, i)];
        }
        out[row] = (float)sum;
    }
}

void ck_gatherdot_bf16_scalar(const uint16_t *values, const void *columns, int column_bytes,
                              const float *x, float *out, size_t row_count, size_t degree) {
    for (size_t row = 0; row < row_count; row++) {
        double sum = 0;
        for (size_t i = row * degree; i < (row + 1) * degree; i++) {
            const double value = ck_f32_from_bf16_operand(values[i]);
            sum += value * (double)x[ck_column(columns, column_bytes, i)];
        }
        out[row] = (float)sum;
    }
}

void ck_scatteraxpy_f32_scalar(float alpha, const float *values, const void *columns,
                               int column_bytes, float *y, size_t degree) {
    for (size_t i = 0; i < degree; i++) {
        const size_t column = ck_column(columns, column_bytes, i);
        y[column] = y[column] + alpha * values[i];
    }
}

void ck_scatteraxpy_bf16_scalar(float alpha, const uint16_t *values, const void *columns,
                                int column_bytes, float *y, size_t degree) {
    for (size_t i = 0; i < degree; i++) {
        const size_t column = ck_column(columns, column_bytes, i);
        y[column] = y[column] + alpha * ck_f32_from_bf16_operand(values[i]);
    }
}
