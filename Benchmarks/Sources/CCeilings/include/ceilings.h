/*
 * What this machine can do at best: how fast it reads, multiplies and calls a tuned BLAS. Every result
 * of the benchmark is given as a fraction of these, measured in the same run.
 *
 * Functions run on `threads` threads of their own (at least 1) that start together and are joined
 * before the call returns.
 */
#ifndef CEILINGS_H
#define CEILINGS_H

#include <stddef.h>

/* Seconds since some fixed moment. */
double ceilings_now(void);

/* Memory in pages of 2 MB where the system grants them, filled with small floats; NULL if refused. */
void *ceilings_allocate(size_t bytes);
void ceilings_free(void *memory, size_t bytes);

/* Seconds to read `bytes` of `buffer` `passes` times, divided among the threads.
 *
 * buffer   [bytes], aligned to 64
 * streams  1 to 16 places that each thread reads from by turns
 *
 * The best instruction set of the machine is used; time of starting threads is not counted. */
double ceilings_read(const void *buffer, size_t bytes, size_t passes, int streams, int threads);

/* The same on the calling thread alone, for buffers so small that even a clock's reading counts. */
void ceilings_read_here(const void *buffer, size_t bytes);

/* f32 operations per second of independent fused multiply-adds in registers, two operations each. */
double ceilings_fma_f32(double seconds, int threads);

/* int8 operations per second of dot-product instructions (VNNI), two per product; 0 without them. */
double ceilings_dot_i8(double seconds, int threads);

/* Loads libopenblas.so.0. Returns NULL, or what went wrong. Call once, before those below. */
const char *ceilings_blas_open(void);
const char *ceilings_blas_core(void);   /* the processor that OpenBLAS takes this one for */
const char *ceilings_blas_config(void); /* its version and build */

/* out[batch, n] = rows[batch, d] times encoder[n, d] transposed; sgemv for a batch of one. */
void ceilings_blas_encode(const float *encoder, const float *rows, float *out, size_t batch,
    size_t n, size_t d, int threads);

#endif
