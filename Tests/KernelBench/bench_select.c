/* The best k of n numbers: the kernel against a heap and against reading the numbers once. Run by
 * bench-select.sh.
 *
 * Each figure is the median of alternating runs, so that a busy machine slows all sides alike. */

#define _POSIX_C_SOURCE 199309L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ckernels.h"

enum { RUNS = 31 };

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

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return memory;
}

/* -- the heap that the kernel replaces: its root is the worst of the best so far */

typedef struct entry {
    float value;
    uint32_t index;
} entry;

static int is_worse(entry a, entry b) {
    return a.value < b.value || (a.value == b.value && a.index > b.index);
}

static void sift_down(entry *heap, size_t k, size_t parent) {
    for (;;) {
        size_t worst = parent;
        const size_t left = 2 * parent + 1;
        if (left < k && is_worse(heap[left], heap[worst])) {
            worst = left;
        }
        if (left + 1 < k && is_worse(heap[left + 1], heap[worst])) {
            worst = left + 1;
        }
        if (worst == parent) {
            return;
        }
        const entry moved = heap[parent];
        heap[parent] = heap[worst];
        heap[worst] = moved;
        parent = worst;
    }
}

static uint32_t heap_topk(const float *z, size_t n, size_t k, entry *heap) {
    for (size_t i = 0; i < k; i++) {
        heap[i] = (entry){z[i], (uint32_t)i};
    }
    for (size_t i = k / 2; i-- > 0;) {
        sift_down(heap, k, i);
    }
    for (size_t i = k; i < n; i++) {
        if (z[i] > heap[0].value) {
            heap[0] = (entry){z[i], (uint32_t)i};
            sift_down(heap, k, 0);
        }
    }
    return heap[0].index;
}

/* -- inputs */

static double uniform(void) {
    return ((double)rand() + 1) / ((double)RAND_MAX + 2);
}

static double gaussian(void) {
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static void fill(float *z, size_t n, int kind) {
    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case 0:
            z[i] = (float)gaussian();
            break;
        case 1:
            z[i] = (float)i;
            break;
        case 2:
            z[i] = 1;
            break;
        default:
            z[i] = (float)(gaussian() * exp(4 * gaussian()));
            break;
        }
    }
}

/* -- measurement */

/* Sums with the product kernel: one read of z beside a vector that stays in the cache. */
static float read_once(const ck_kernels *kernels, const float *z, size_t n, const float *ones) {
    float sum = 0;
    for (size_t i = 0; i < n; i += 1024) {
        sum += kernels->dot_f32(z + i, ones, n - i < 1024 ? n - i : 1024);
    }
    return sum;
}

static void compare(const ck_kernels *kernels, const float *z, size_t n, size_t k,
                    const char *name) {
    int32_t *keys = allocate(ck_topk_room(k), sizeof *keys);
    uint32_t *indices = allocate(ck_topk_room(k), sizeof *indices);
    uint32_t *listed = allocate(n, sizeof *listed);
    entry *heap = allocate(k, sizeof *heap);
    float *ones = allocate(1024, sizeof *ones);
    double times[4][RUNS];
    volatile float sink = 0;
    for (size_t i = 0; i < 1024; i++) {
        ones[i] = 1;
    }
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        const uint32_t expected = heap_topk(z, n, k, heap);
        times[0][run] = seconds() - start;
        start = seconds();
        sink = sink + read_once(kernels, z, n, ones);
        times[1][run] = seconds() - start;
        start = seconds();
        const uint32_t worst = kernels->topk_f32(z, n, k, 0, keys, indices);
        times[2][run] = seconds() - start;
        start = seconds();
        const size_t count = kernels->listabove_f32(z, z[worst], n, 0, listed);
        times[3][run] = seconds() - start;
        if (worst != expected || count >= k) {
            fprintf(stderr, "%s, n %zu, k %zu: %u, heap %u\n", name, n, k, worst, expected);
            exit(1);
        }
    }
    const double read = median(times[1]), select = median(times[2]);
    printf("| %s | %zu | %zu | %.1f | %.1f | %.1f | %.1f | %.1f |\n", name, n, k,
           median(times[0]) * 1e6, select * 1e6, median(times[3]) * 1e6, read * 1e6, select / read);
    free(keys), free(indices), free(listed), free(heap), free(ones);
}

int main(void) {
    const ck_isa best = ck_isa_best();
    const size_t sizes[] = {16384, 65536, 1048576}, ks[] = {32, 64, 256};
    const char *names[] = {"gaussian", "ascending", "constant", "heavy-tailed"};
    for (int isa = 0; isa <= (int)best; isa++) {
        const ck_kernels *kernels = ck_kernels_for((ck_isa)isa);
        if (kernels == NULL) {
            continue;
        }
        printf("%s, microseconds\n", isa == CK_ISA_SCALAR ? "scalar" : isa == CK_ISA_AVX2 ? "avx2" : "avx512");
        printf("| z | n | k | heap | topk | list | read | topk / read |\n");
        printf("|---|---|---|---|---|---|---|---|\n");
        for (int kind = 0; kind < 4; kind++) {
            for (int size = 0; size < 3; size++) {
                float *z = allocate(sizes[size], sizeof *z);
                fill(z, sizes[size], kind);
                for (int i = 0; i < 3; i++) {
                    compare(kernels, z, sizes[size], ks[i], names[kind]);
                }
                free(z);
            }
        }
    }
    return 0;
}
