#include "ceilings.h"

#include <dlfcn.h>

/* The few names of cblas.h that are used, so that its package is not needed. */
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
    const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void sgemv_fn(int order, int transpose, int m, int n, float alpha, const float *a, int lda,
    const float *x, int incx, float beta, float *y, int incy);
typedef void threads_fn(int count);
typedef char *text_fn(void);

static sgemm_fn *sgemm;
static sgemv_fn *sgemv;
static threads_fn *set_threads;
static text_fn *core_name, *config;

const char *ceilings_blas_open(void) {
    void *const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return dlerror();
    }
    /* POSIX lets an object pointer of dlsym stand for a function; ISO C has no cast for it. */
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
    *(void **)&sgemv = dlsym(library, "cblas_sgemv");
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    *(void **)&core_name = dlsym(library, "openblas_get_corename");
    *(void **)&config = dlsym(library, "openblas_get_config");
    return sgemm && sgemv && set_threads ? 0 : "libopenblas.so.0 lacks the functions of OpenBLAS";
}

const char *ceilings_blas_core(void) {
    return core_name ? core_name() : "unknown";
}

const char *ceilings_blas_config(void) {
    return config ? config() : "unknown";
}

void ceilings_blas_encode(const float *encoder, const float *rows, float *out, size_t batch,
    size_t n, size_t d, int threads) {
    set_threads(threads);
    if (batch == 1) {
        sgemv(ROW_MAJOR, NO_TRANSPOSE, (int)n, (int)d, 1, encoder, (int)d, rows, 1, 0, out, 1);
    } else {
        sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, (int)batch, (int)n, (int)d, 1, rows, (int)d,
            encoder, (int)d, 0, out, (int)n);
    }
}
