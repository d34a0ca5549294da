/* Dense against sparse rows: bytes, encoding products and decoding sums. Run by bench-expander.sh.
 *
 * Each figure is the median of alternating runs, so that a busy machine slows both sides alike. */

#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ckernels.h"

enum { RUNS = 21 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times) {
    qsort(times, RUNS, sizeof *times, by_value);
    return times[RUNS / 2];
}

static float uniform(void) {
    return (float)rand() / (float)RAND_MAX - 0.5f;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return memory;
}

/* degree columns below m, ascending, each once: selection sampling. */
static void choose(uint16_t *columns, size_t m, size_t degree) {
    size_t chosen = 0;
    for (size_t column = 0; column < m && chosen < degree; column++) {
        if ((double)rand() / RAND_MAX * (double)(m - column) < (double)(degree - chosen)
            || m - column == degree - chosen) {
            columns[chosen++] = (uint16_t)column;
        }
    }
}

static void compare(const ck_kernels *kernels, size_t m, size_t n, size_t degree, size_t k) {
    float *dense = allocate(n * m, sizeof *dense);
    float *values = allocate(n * degree, sizeof *values);
    uint16_t *columns = allocate(n * degree, sizeof *columns);
    float *x = allocate(m, sizeof *x), *y = allocate(m, sizeof *y), *z = allocate(n, sizeof *z);
    float *w = allocate(n, sizeof *w);
    double encode[2][RUNS], decode[2][RUNS];
    for (size_t i = 0; i < m; i++) {
        x[i] = uniform();
    }
    for (size_t row = 0; row < n; row++) {
        choose(columns + row * degree, m, degree);
        for (size_t i = 0; i < degree; i++) {
            values[row * degree + i] = uniform();
            dense[row * m + columns[row * degree + i]] = values[row * degree + i];
        }
    }
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        kernels->matvec_f32(dense, m, x, z, n, m);
        encode[0][run] = seconds() - start;
        start = seconds();
        kernels->gatherdot_f32(values, columns, 2, x, w, n, degree);
        encode[1][run] = seconds() - start;
        start = seconds();
        for (size_t i = 0; i < k; i++) {
            kernels->axpy_f32(0.5f, dense + i * (n / k) * m, y, m);
        }
        decode[0][run] = seconds() - start;
        start = seconds();
        for (size_t i = 0; i < k; i++) {
            const size_t at = i * (n / k) * degree;
            kernels->scatteraxpy_f32(0.5f, values + at, columns + at, 2, y, degree);
        }
        decode[1][run] = seconds() - start;
    }
    for (size_t row = 0; row < n; row++) {
        const float difference = z[row] - w[row];
        if (difference > 1e-3f || difference < -1e-3f) {
            fprintf(stderr, "row %zu: dense %g, sparse %g\n", row, (double)z[row], (double)w[row]);
            exit(1);
        }
    }
    const double encoding = median(encode[0]) / median(encode[1]);
    const double decoding = median(decode[0]) / median(decode[1]);
    printf("| %zu | %zu | %zu | %.1f | %.1f | %.1f | %.1f | %.0f | %.1f |\n", m, n, degree,
           (double)m * 4 / ((double)degree * 6), (double)m / (double)degree, encoding, decoding,
           median(encode[0]) * 1e6, median(encode[1]) * 1e6);
    free(dense), free(values), free(columns), free(x), free(y), free(z), free(w);
}

int main(void) {
    const ck_isa best = ck_isa_best();
    const size_t degrees[] = {7, 50, 200};
    for (int isa = 0; isa <= (int)best; isa++) {
        const ck_kernels *kernels = ck_kernels_for((ck_isa)isa);
        if (kernels == NULL || (isa != (int)best && isa != CK_ISA_AVX2)) {
            continue;
        }
        printf("%s, k = 64\n", isa == CK_ISA_SCALAR ? "scalar" : isa == CK_ISA_AVX2 ? "avx2" : "avx512");
        printf("| m | n | d | bytes | weights | encode | decode | dense us | sparse us |\n");
        printf("|---|---|---|---|---|---|---|---|---|\n");
        for (int i = 0; i < 3; i++) {
            compare(kernels, 2048, 16384, degrees[i], 64);
        }
        for (int i = 0; i < 3; i++) {
            compare(kernels, 512, 4096, degrees[i], 64);
        }
    }
    return 0;
}
