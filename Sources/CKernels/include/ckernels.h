/* Loops over caller-owned memory: one function per operation, element type and instruction set.
 *
 * Rules that hold for every function here
 *
 * - Symbols are ck_<op>_<dtype>_<isa>. Instruction sets: scalar (portable C99), avx2 (AVX2, FMA and
 *   F16C), avx512 (AVX-512 F, BW, DQ and VL), avx512vnni (avx512 and VNNI, which only matmul_i8
 *   uses). Call a SIMD variant only through the table that ck_kernels_for returns: it checks the
 *   processor, and that the operating system saves the registers.
 * - Nothing allocates, locks, prints or keeps a pointer. There is no mutable state, so every
 *   function may be called from any number of threads at once.
 * - Pointers are never NULL, and need the alignment of their element and no more. Counts may be 0:
 *   then nothing is read, and only what the operation defines for an empty input is written.
 *   Nothing outside the stated shapes is read or written.
 * - Outputs do not overlap inputs.
 * - f32 is IEEE binary32. bf16 and f16 (IEEE binary16) are passed as their bits in uint16_t.
 * - The floating-point environment is the default one: round to nearest even, subnormals kept. A
 *   caller that sets flush-to-zero or denormals-are-zero gets flushed results from dot, matvec and
 *   axpy, and unchanged results from everything else.
 *
 * Contracts
 *
 *   exact      Every bit is specified. All instruction sets return the same bits.
 *   narrow     One rounding per element, to nearest even: the bits are specified here too.
 *   reduction  |y - ref| <= c * eps * S + t, where ref is the exact result, S the sum of the
 *              absolute values of the terms, eps = 2^-23, and t the underflow term. Instruction
 *              sets differ within this bound. For one instruction set the order of operations
 *              depends on the length only, never on alignment, strides or how many rows are
 *              computed together, so the bits repeat. Which payload a NaN result carries is not
 *              specified.
 *
 * Reduction constants, for n terms
 *
 *   op           isa      longest chain of roundings         c                   t
 *   dot, matvec  scalar   f64 sum, one rounding to f32       1                   2^-150
 *   dot, matvec  avx2     ceil(n/32) FMA, 2 + 3 additions    ceil(n/32)/2 + 3    n * 2^-150
 *   dot, matvec  avx512   ceil(n/64) FMA, 2 + 4 additions    ceil(n/64)/2 + 3.5  n * 2^-150
 *   gatherdot    as dot, n being the degree
 *   axpy         scalar   product, addition                  1.01                2^-149
 *   axpy         avx2     one FMA                            0.51                2^-150
 *   axpy         avx512   one FMA                            0.51                2^-150
 *   scatteraxpy  as axpy
 *   combine      as that many axpy, and one addition where there is a base
 *
 *   Where they come from: k roundings give at most k*u / (1 - k*u) * S with u = eps/2. The spare
 *   1/2 in c (1/100 for axpy) pays for the denominator as long as k <= 4,096, that is n <= 130,000
 *   with avx2 and twice that with avx512. The f64 sum adds n * 2^-30, below 1/2 for n < 2^29. A
 *   product that falls below the subnormal grid of f32 loses at most 2^-150. The bound needs S to
 *   be below the largest finite f32: above it, a partial sum may overflow. */

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
#if defined(__clang__)
#pragma clang assume_nonnull begin
#define CK_NULLABLE _Nullable
#define CK_NONNULL _Nonnull
#else
#define CK_NULLABLE
#define CK_NONNULL
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#define CK_HAS_X86 1
#else
#define CK_HAS_X86 0
#endif

/* -- dot
 *
 * Returns the sum over i of a[i] * b[i]; +0 when n is 0.
 *
 * a  [n] f32 or bf16, contiguous
 * b  [n] f32, contiguous; may overlap a
 *
 * Contract: reduction. The scalar variant adds the products, which f64 holds exactly, one after the
 * other in f64 and rounds once. avx2 keeps 4 accumulators of 8 f32 lanes, avx512 4 of 16: element i
 * goes to lane i mod 32 (64). At the end (acc0 + acc1) + (acc2 + acc3), then the upper half of the
 * lanes onto the lower half until one is left. The last incomplete block is padded with zeros.
 * NaN and infinities propagate; infinity times 0 and infinity minus infinity are NaN. */
typedef float ck_dot_f32_fn(const float *a, const float *b, size_t n);
typedef float ck_dot_bf16_fn(const uint16_t *a, const float *b, size_t n);

ck_dot_f32_fn ck_dot_f32_scalar;
ck_dot_bf16_fn ck_dot_bf16_scalar;

/* -- matvec
 *
 * out[m] = sum over d of rows[m][d] * x[d], one dictionary row per output.
 *
 * rows        [m_count, d_count] f32 or bf16, row-major, rows row_stride elements apart
 * row_stride  in elements, at least d_count
 * x           [d_count] f32, contiguous
 * out         [m_count] f32, contiguous, must not overlap rows or x; 0 when d_count is 0
 *
 * Contract: reduction, and more: out[m] has the bits that ck_dot_<dtype>_<same isa> returns for row
 * m, whatever m_count is (NaN payloads excepted). Computing rows alone or together gives the same
 * answer. NaN and infinities propagate, within their row. */
typedef void ck_matvec_f32_fn(const float *rows, size_t row_stride, const float *x, float *out,
                              size_t m_count, size_t d_count);
typedef void ck_matvec_bf16_fn(const uint16_t *rows, size_t row_stride, const float *x, float *out,
                               size_t m_count, size_t d_count);

ck_matvec_f32_fn ck_matvec_f32_scalar;
ck_matvec_bf16_fn ck_matvec_bf16_scalar;

/* -- matmul
 *
 * out[b][m] = sum over d of rows[m][d] * x[b][d]: matvec for several inputs.
 *
 * rows  [m_count, d_count] f32 or bf16, rows row_stride elements apart
 * x     [b_count, d_count] f32, rows x_stride elements apart
 * out   [b_count, m_count] f32, rows out_stride elements apart, must not overlap rows or x
 *
 * Contract: as matvec: every product has the bits of ck_dot_<dtype>_<same isa>. */
typedef void ck_matmul_f32_fn(const float *rows, size_t row_stride, const float *x,
                              size_t x_stride, float *out, size_t out_stride, size_t m_count,
                              size_t b_count, size_t d_count);
typedef void ck_matmul_bf16_fn(const uint16_t *rows, size_t row_stride, const float *x,
                               size_t x_stride, float *out, size_t out_stride, size_t m_count,
                               size_t b_count, size_t d_count);

ck_matmul_f32_fn ck_matmul_f32_scalar;
ck_matmul_bf16_fn ck_matmul_bf16_scalar;
/* -- matvecminus
 *
 * out[m] = sum over d of rows[m][d] * (x[d] - minus[d]).
 *
 * minus  [d_count] f32, contiguous, must not overlap out; the rest as for matvec
 *
 * Contract: the difference is rounded to f32, then as matvec: the bits of a matvec with a copy of x
 * from which minus was subtracted, which is never made here. */
typedef void ck_matvecminus_f32_fn(const float *rows, size_t row_stride, const float *x,
                                   const float *minus, float *out, size_t m_count, size_t d_count);
typedef void ck_matvecminus_bf16_fn(const uint16_t *rows, size_t row_stride, const float *x,
                                    const float *minus, float *out, size_t m_count,
                                    size_t d_count);

ck_matvecminus_f32_fn ck_matvecminus_f32_scalar;
ck_matvecminus_bf16_fn ck_matvecminus_bf16_scalar;

/* -- axpy
 *
 * y[i] += alpha * x[i].
 *
 * alpha  f32
 * x      [n] f32 or bf16, contiguous
 * y      [n] f32, contiguous, must not overlap x
 *
 * Contract: reduction with the two terms y[i] and alpha * x[i]. The scalar variant rounds the
 * product and the sum; the SIMD variants round once (FMA) and agree with each other bit for bit. An
 * element's result does not depend on its position. NaN and infinities propagate; alpha = 0 is not
 * special. */
typedef void ck_axpy_f32_fn(float alpha, const float *x, float *y, size_t n);
typedef void ck_axpy_bf16_fn(float alpha, const uint16_t *x, float *y, size_t n);

ck_axpy_f32_fn ck_axpy_f32_scalar;
ck_axpy_bf16_fn ck_axpy_bf16_scalar;

/* -- combine
 *
 * out[i] = base[i] + (start[i] + the sum over s of coefficients[s] * rows[s][i]): some rows, scaled
 * and added up in one pass. Returns 1 when every out[i] is finite, and 0 otherwise.
 *
 * rows          [row_count] addresses of rows of [n] f32 or bf16, contiguous
 * coefficients  [row_count] f32
 * start         [n] f32, or NULL for +0
 * base          [n] f32, or NULL for none: then nothing is added, not even a zero
 * out           [n] f32; may be start or base, and overlaps nothing otherwise
 *
 * Contract: reduction, and more: the sum has the bits that ck_axpy_<dtype>_<same isa> gives when it
 * adds the rows one after the other to a copy of start (NaN payloads excepted), so avx2 and avx512
 * agree bit for bit. One rounding more for base. NaN and infinities propagate; a coefficient of 0 is
 * not special. Uses 5 KiB of stack. */
typedef int ck_combine_f32_fn(const float *CK_NONNULL const *CK_NONNULL rows,
                              const float *coefficients, size_t row_count,
                              const float *CK_NULLABLE start, const float *CK_NULLABLE base,
                              float *out, size_t n);
typedef int ck_combine_bf16_fn(const uint16_t *CK_NONNULL const *CK_NONNULL rows,
                               const float *coefficients, size_t row_count,
                               const float *CK_NULLABLE start, const float *CK_NULLABLE base,
                               float *out, size_t n);

ck_combine_f32_fn ck_combine_f32_scalar;
ck_combine_bf16_fn ck_combine_bf16_scalar;

/* -- moments
 *
 * out[0] = sum of (y[i] - x[i])^2, out[1] = sum of y[i] * x[i], out[2] = sum of x[i]^2, out[3] = sum
 * of y[i]^2: what the fit of a reconstruction y to a row x is measured with.
 *
 * x, y  [n] f32, contiguous; may overlap
 * out   [4] f64; 0 when n is 0
 *
 * Contract: every number is converted to f64, in which products of two f32 are exact, and every
 * operation rounds once. Element i goes to sum i mod 8; at the end (0 + 4) + (2 + 6) is added to
 * (1 + 5) + (3 + 7). The same bits on every instruction set. NaN and infinities propagate. */
typedef void ck_moments_f32_fn(const float *x, const float *y, double *out, size_t n);

ck_moments_f32_fn ck_moments_f32_scalar;

/* -- spread
 *
 * sums[i] += x[i] - centre[i]; returns the sum of (x[i] - centre[i])^2, +0 when n is 0.
 *
 * x, centre  [n] f32, contiguous; may overlap
 * sums       [n] f64, contiguous, overlaps nothing else
 *
 * Contract: as moments; the same bits on every instruction set. */
typedef double ck_spread_f32_fn(const float *x, const float *centre, double *sums, size_t n);

ck_spread_f32_fn ck_spread_f32_scalar;

/* -- gatherdot
 *
 * out[r] = sum over j of values[r][j] * x[columns[r][j]], one sparse row per output.
 *
 * values        [row_count, degree] f32 or bf16, contiguous
 * columns       [row_count, degree] uint16_t (column_bytes 2) or uint32_t below 2^31 (4), contiguous
 * x             f32; every column lies inside it
 * out           [row_count] f32, must not overlap anything else; 0 when degree is 0
 *
 * Contract: reduction with n = degree terms, in the order of ck_dot_<dtype>_<same isa> over the row's
 * values and the x that they meet. An output does not depend on row_count. NaN and infinities
 * propagate, within their row. */
typedef void ck_gatherdot_f32_fn(const float *values, const void *columns, int column_bytes,
                                 const float *x, float *out, size_t row_count, size_t degree);
typedef void ck_gatherdot_bf16_fn(const uint16_t *values, const void *columns, int column_bytes,
                                  const float *x, float *out, size_t row_count, size_t degree);

ck_gatherdot_f32_fn ck_gatherdot_f32_scalar;
ck_gatherdot_bf16_fn ck_gatherdot_bf16_scalar;

/* -- scatteraxpy
 *
 * y[columns[j]] += alpha * values[j].
 *
 * alpha    f32
 * values   [degree] f32 or bf16, contiguous
 * columns  [degree] uint16_t (column_bytes 2) or uint32_t (4), each once
 * y        f32, must not overlap anything else; every column lies inside it
 *
 * Contract: as axpy, element by element; the variants with FMA agree bit for bit. avx512 uses that of
 * avx2. */
typedef void ck_scatteraxpy_f32_fn(float alpha, const float *values, const void *columns,
                                   int column_bytes, float *y, size_t degree);
typedef void ck_scatteraxpy_bf16_fn(float alpha, const uint16_t *values, const void *columns,
                                    int column_bytes, float *y, size_t degree);

ck_scatteraxpy_f32_fn ck_scatteraxpy_f32_scalar;
ck_scatteraxpy_bf16_fn ck_scatteraxpy_bf16_scalar;

/* -- widen
 *
 * out[i] = in[i] as f32.
 *
 * in   [n] bf16 or f16 bits, contiguous
 * out  [n] f32, contiguous, must not overlap in
 *
 * Contract: exact. Subnormals keep their value. A NaN keeps its sign and payload (in the upper bits
 * of the wider one) and becomes quiet. */
typedef void ck_widen_bf16_fn(const uint16_t *in, float *out, size_t n);
typedef void ck_widen_f16_fn(const uint16_t *in, float *out, size_t n);

ck_widen_bf16_fn ck_widen_bf16_scalar;
ck_widen_f16_fn ck_widen_f16_scalar;

/* -- narrow
 *
 * out[i] = in[i] rounded to bf16 or f16.
 *
 * in   [n] f32, contiguous
 * out  [n] bf16 or f16 bits, contiguous, must not overlap in
 *
 * Contract: narrow; the same bits on every instruction set. Too large becomes infinity with the
 * same sign (from 65,520 on for f16). Subnormal results are kept, too small becomes a zero with the
 * same sign. A NaN keeps its sign and the upper bits of its payload, and becomes quiet. */
typedef void ck_narrow_bf16_fn(const float *in, uint16_t *out, size_t n);
typedef void ck_narrow_f16_fn(const float *in, uint16_t *out, size_t n);

ck_narrow_bf16_fn ck_narrow_bf16_scalar;
ck_narrow_f16_fn ck_narrow_f16_scalar;

/* -- nonfinite
 *
 * Returns the index of the first NaN or infinity in x, or n when there is none.
 *
 * x  [n] f32, or bf16 or f16 bits, contiguous
 *
 * Contract: exact. Looks at the bits only: a signalling NaN raises nothing. */
typedef size_t ck_nonfinite_f32_fn(const float *x, size_t n);
typedef size_t ck_nonfinite_bf16_fn(const uint16_t *x, size_t n);
typedef size_t ck_nonfinite_f16_fn(const uint16_t *x, size_t n);

ck_nonfinite_f32_fn ck_nonfinite_f32_scalar;
ck_nonfinite_bf16_fn ck_nonfinite_bf16_scalar;
ck_nonfinite_f16_fn ck_nonfinite_f16_scalar;

/* -- prefetch
 *
 * Asks for the cache lines of some bytes that will soon be read. A hint: any address is allowed. */
static inline void ck_prefetch(const void *address, size_t byte_count) {
#if defined(__GNUC__)
    for (size_t offset = 0; offset < byte_count; offset += 64) {
        __builtin_prefetch((const char *)address + offset);
    }
#else
    (void)address;
    (void)byte_count;
#endif
}

/* -- transpose
 *
 * out[c][r] = in[r][c], for 4-byte and 2-byte elements of any type.
 *
 * in          [rows, cols], row-major, rows in_stride elements apart
 * in_stride   in elements, at least cols
 * out         [cols, rows], row-major, rows out_stride elements apart, must not overlap in
 * out_stride  in elements, at least rows; elements between the rows of out are left as they are
 *
 * Contract: exact. Bits are moved, never interpreted. One variant for all instruction sets; uses
 * 16 KiB of stack. */
typedef void ck_transpose_u32_fn(const uint32_t *in, size_t in_stride, uint32_t *out,
                                 size_t out_stride, size_t rows, size_t cols);
typedef void ck_transpose_u16_fn(const uint16_t *in, size_t in_stride, uint16_t *out,
                                 size_t out_stride, size_t rows, size_t cols);

ck_transpose_u32_fn ck_transpose_u32_scalar;
ck_transpose_u16_fn ck_transpose_u16_scalar;

/* -- gather
 *
 * out[i] = in[i * stride]: one column of a row-major matrix, for elements of any type of that size.
 *
 * in      [(n - 1) * stride + 1] elements
 * stride  in elements; 0 repeats in[0]
 * out     [n], contiguous, must not overlap in
 *
 * Contract: exact. Bits are moved, never interpreted. One variant for all instruction sets. */
typedef void ck_gather_u32_fn(const uint32_t *in, size_t stride, uint32_t *out, size_t n);
typedef void ck_gather_u16_fn(const uint16_t *in, size_t stride, uint16_t *out, size_t n);

ck_gather_u32_fn ck_gather_u32_scalar;
ck_gather_u16_fn ck_gather_u16_scalar;

/* -- quantise_i8
 *
 * codes[i] = the nearest integer to row[i] / scale, with the scale that maps the largest magnitude to
 * 127; and what is lost.
 *
 * row    [n] f32, finite, contiguous; n at most 2^20
 * codes  [n] in -127...127, contiguous, must not overlap row
 *
 * With r[i] = row[i] - scale * codes[i]: |r[i]| <= 0.5001 * scale, residual >= ||r||, norm >= ||row||.
 * A row whose largest magnitude is below 2^-60 gets codes of 0 and twice that magnitude as scale.
 *
 * Contract: exact; the same bits on every instruction set. */
typedef struct ck_quantised_row {
    float scale;
    float residual;
    float norm;
} ck_quantised_row;

typedef void ck_quantise_i8_fn(const float *row, size_t n, int8_t *codes, ck_quantised_row *result);

ck_quantise_i8_fn ck_quantise_i8_scalar;

/* -- quantise_i16
 *
 * codes[i] = the nearest integer to x[i] / scale, with a scale for which no product with int8 codes
 * leaves 32 bits: 128 * sum |codes[i]| < 2^31. And what bounds need to know of x.
 *
 * x          [n] f32, contiguous, n at most 2^20; all zero gives scale 0, and a NaN or an infinity makes
 *            all codes and all numbers below 0
 * dot_error  c * 2^-23 of the dot product whose results are to be bounded (table above)
 * codes      [n], contiguous, must not overlap x
 *
 * With y[i] = scale * codes[i], and the components split into a few large ones and the bulk:
 *   bulk >= the length of the bulk of y         few >= 0.5001 * sum |y[i]| over the few
 *   loss >= ||x - y|| + (dot_error + 2^-21) * ||x||           largest = max |x[i]|
 * each with 2^-20 to spare for the roundings of ck_bound_f32.
 *
 * Contract: exact; the same bits on every instruction set for the same dot_error. */
typedef struct ck_quantised_input {
    float scale;
    float bulk;
    float few;
    float loss;
    float largest;
} ck_quantised_input;

typedef void ck_quantise_i16_fn(const float *x, size_t n, double dot_error, int16_t *codes,
                                ck_quantised_input *result);

ck_quantise_i16_fn ck_quantise_i16_scalar;

/* -- matmul_i8
 *
 * out[b][m] = sum over d of rows[m][d] * x[b][d], in 32-bit integers.
 *
 * rows        [m_count, d_count] of any int8, rows row_stride elements apart
 * x           [b_count, d_count], rows x_stride elements apart; 128 * sum |x[b][d]| < 2^31
 * out         [b_count, m_count], rows out_stride elements apart, must not overlap the inputs
 * d_count     a multiple of 32: pad both with zeros
 *
 * Contract: exact; the same numbers on every instruction set. */
typedef void ck_matmul_i8_fn(const int8_t *rows, size_t row_stride, const int16_t *x,
                             size_t x_stride, int32_t *out, size_t out_stride, size_t m_count,
                             size_t b_count, size_t d_count);

ck_matmul_i8_fn ck_matmul_i8_scalar;

/* -- bound
 *
 * bounds[i] >= what a feature's dot product of the dot_error given, plus bias, times gain, comes to:
 * the numbers that f32 arithmetic gives, roundings included. With `absolute`, its magnitude.
 *
 * sums      [n] products of the rows' codes with the input's, from matmul_i8
 * rows      arrays of all features, of which those from `first` on are used; biases and gains of
 *           magnitude at most 1e10, gains not negative or NULL for 1, norms at most 1e10
 * input     of quantise_i16, with 1e-10 <= largest <= 1e10
 * bounds    [n], must not overlap the inputs
 *
 * Contract: exact; the same bits on every instruction set. Why it is a bound: docs/numerics.md,
 * "Pruned encoding". */
typedef struct ck_quantised_rows {
    const float *scale;
    const float *residual;
    const float *norm;
    const float *bias;
    const float *CK_NULLABLE gain;
} ck_quantised_rows;

typedef void ck_bound_f32_fn(const int32_t *sums, const ck_quantised_input *input,
                             const ck_quantised_rows *rows, size_t first, size_t n, int absolute,
                             float *bounds);

ck_bound_f32_fn ck_bound_f32_scalar;
/* -- list
 *
 * Writes first + i for every listed z[i], ascending, and returns how many they are.
 *
 *   listabove     z[i] > threshold
 *   listaboveabs  |z[i]| > threshold
 *   listjump      z[i] > thresholds[i] and z[i] > 0: the features that JumpReLU leaves active
 *
 * z           [n] f32, contiguous
 * threshold   f32; thresholds [n] f32, contiguous
 * first       first + n is at most 2^32
 * indices     [n], contiguous, must not overlap an input; what lies behind the returned count is not
 *             specified
 *
 * Contract: exact. Numbers are compared by their bits, so flush-to-zero changes nothing: both zeros are
 * equal, a NaN lies beyond the infinity of its sign (|NaN| beyond +infinity). */
typedef size_t ck_listabove_f32_fn(const float *z, float threshold, size_t n, uint32_t first,
                                   uint32_t *indices);
typedef size_t ck_listjump_f32_fn(const float *z, const float *thresholds, size_t n, uint32_t first,
                                  uint32_t *indices);

ck_listabove_f32_fn ck_listabove_f32_scalar;
ck_listabove_f32_fn ck_listaboveabs_f32_scalar;
ck_listjump_f32_fn ck_listjump_f32_scalar;

/* -- topk
 *
 * Writes the places of the best k of n numbers to indices[0 ..< k], ascending, and returns the place of
 * the worst of them. Better is larger, among equal numbers the one with the lower place.
 *
 * z         [n] f32, contiguous
 * n         from k to 2^31 - 1
 * k         at least 1
 * absolute  0: the numbers compete; 1: their absolute values do
 * keys      [ck_topk_room(k)] scratch, must not overlap anything else
 * indices   [ck_topk_room(k)], must not overlap anything else; what lies behind the k places is not
 *           specified
 *
 * Contract: exact. Numbers are compared as in list. O(n) for any order of the numbers (topk.h): about
 * the time of reading z once where the order is random. */
typedef uint32_t ck_topk_f32_fn(const float *z, size_t n, size_t k, int absolute, int32_t *keys,
                                uint32_t *indices);

ck_topk_f32_fn ck_topk_f32_scalar;

/* Entries of scratch for the best k: 2k + 256. */
static inline size_t ck_topk_room(size_t k) { return 2 * k + 256; }

/* -- SIMD variants of the families above */

#if CK_HAS_X86
ck_dot_f32_fn ck_dot_f32_avx2;
ck_dot_bf16_fn ck_dot_bf16_avx2;
ck_matvec_f32_fn ck_matvec_f32_avx2;
ck_matvec_bf16_fn ck_matvec_bf16_avx2;
ck_matmul_f32_fn ck_matmul_f32_avx2;
ck_matmul_bf16_fn ck_matmul_bf16_avx2;
ck_matvecminus_f32_fn ck_matvecminus_f32_avx2;
ck_matvecminus_bf16_fn ck_matvecminus_bf16_avx2;
ck_axpy_f32_fn ck_axpy_f32_avx2;
ck_axpy_bf16_fn ck_axpy_bf16_avx2;
ck_combine_f32_fn ck_combine_f32_avx2;
ck_combine_bf16_fn ck_combine_bf16_avx2;
ck_moments_f32_fn ck_moments_f32_avx2;
ck_spread_f32_fn ck_spread_f32_avx2;
ck_gatherdot_f32_fn ck_gatherdot_f32_avx2;
ck_gatherdot_bf16_fn ck_gatherdot_bf16_avx2;
ck_scatteraxpy_f32_fn ck_scatteraxpy_f32_avx2;
ck_scatteraxpy_bf16_fn ck_scatteraxpy_bf16_avx2;
ck_widen_bf16_fn ck_widen_bf16_avx2;
ck_widen_f16_fn ck_widen_f16_avx2;
ck_narrow_bf16_fn ck_narrow_bf16_avx2;
ck_narrow_f16_fn ck_narrow_f16_avx2;
ck_nonfinite_f32_fn ck_nonfinite_f32_avx2;
ck_nonfinite_bf16_fn ck_nonfinite_bf16_avx2;
ck_nonfinite_f16_fn ck_nonfinite_f16_avx2;
ck_quantise_i8_fn ck_quantise_i8_avx2;
ck_quantise_i16_fn ck_quantise_i16_avx2;
ck_matmul_i8_fn ck_matmul_i8_avx2;
ck_bound_f32_fn ck_bound_f32_avx2;
ck_listabove_f32_fn ck_listabove_f32_avx2;
ck_listabove_f32_fn ck_listaboveabs_f32_avx2;
ck_listjump_f32_fn ck_listjump_f32_avx2;
ck_topk_f32_fn ck_topk_f32_avx2;

ck_dot_f32_fn ck_dot_f32_avx512;
ck_dot_bf16_fn ck_dot_bf16_avx512;
ck_matvec_f32_fn ck_matvec_f32_avx512;
ck_matvec_bf16_fn ck_matvec_bf16_avx512;
ck_matmul_f32_fn ck_matmul_f32_avx512;
ck_matmul_bf16_fn ck_matmul_bf16_avx512;
ck_matvecminus_f32_fn ck_matvecminus_f32_avx512;
ck_matvecminus_bf16_fn ck_matvecminus_bf16_avx512;
ck_axpy_f32_fn ck_axpy_f32_avx512;
ck_axpy_bf16_fn ck_axpy_bf16_avx512;
ck_combine_f32_fn ck_combine_f32_avx512;
ck_combine_bf16_fn ck_combine_bf16_avx512;
ck_moments_f32_fn ck_moments_f32_avx512;
ck_spread_f32_fn ck_spread_f32_avx512;
ck_gatherdot_f32_fn ck_gatherdot_f32_avx512;
ck_gatherdot_bf16_fn ck_gatherdot_bf16_avx512;
ck_widen_bf16_fn ck_widen_bf16_avx512;
ck_widen_f16_fn ck_widen_f16_avx512;
ck_narrow_bf16_fn ck_narrow_bf16_avx512;
ck_narrow_f16_fn ck_narrow_f16_avx512;
ck_nonfinite_f32_fn ck_nonfinite_f32_avx512;
ck_nonfinite_bf16_fn ck_nonfinite_bf16_avx512;
ck_nonfinite_f16_fn ck_nonfinite_f16_avx512;
ck_quantise_i8_fn ck_quantise_i8_avx512;
ck_quantise_i16_fn ck_quantise_i16_avx512;
ck_matmul_i8_fn ck_matmul_i8_avx512;
ck_bound_f32_fn ck_bound_f32_avx512;

ck_matmul_i8_fn ck_matmul_i8_avx512vnni;
ck_listabove_f32_fn ck_listabove_f32_avx512;
ck_listabove_f32_fn ck_listaboveabs_f32_avx512;
ck_listjump_f32_fn ck_listjump_f32_avx512;
ck_topk_f32_fn ck_topk_f32_avx512;
#endif

/* -- dispatch */

/* Instruction sets, each a superset of the ones before it. */
typedef enum {
    CK_ISA_SCALAR = 0,
    CK_ISA_AVX2 = 1,
    CK_ISA_AVX512 = 2,
    CK_ISA_AVX512VNNI = 3
} ck_isa;

/* The variants of one instruction set. Every pointer is set. */
typedef struct ck_kernels {
    ck_isa isa;
    ck_dot_f32_fn *dot_f32;
    ck_dot_bf16_fn *dot_bf16;
    ck_matvec_f32_fn *matvec_f32;
    ck_matvec_bf16_fn *matvec_bf16;
    ck_matmul_f32_fn *matmul_f32;
    ck_matmul_bf16_fn *matmul_bf16;
    ck_matvecminus_f32_fn *matvecminus_f32;
    ck_matvecminus_bf16_fn *matvecminus_bf16;
    ck_axpy_f32_fn *axpy_f32;
    ck_axpy_bf16_fn *axpy_bf16;
    ck_combine_f32_fn *combine_f32;
    ck_combine_bf16_fn *combine_bf16;
    ck_moments_f32_fn *moments_f32;
    ck_spread_f32_fn *spread_f32;
    ck_gatherdot_f32_fn *gatherdot_f32;
    ck_gatherdot_bf16_fn *gatherdot_bf16;
    ck_scatteraxpy_f32_fn *scatteraxpy_f32;
    ck_scatteraxpy_bf16_fn *scatteraxpy_bf16;
    ck_widen_bf16_fn *widen_bf16;
    ck_widen_f16_fn *widen_f16;
    ck_narrow_bf16_fn *narrow_bf16;
    ck_narrow_f16_fn *narrow_f16;
    ck_nonfinite_f32_fn *nonfinite_f32;
    ck_nonfinite_bf16_fn *nonfinite_bf16;
    ck_nonfinite_f16_fn *nonfinite_f16;
    ck_transpose_u32_fn *transpose_u32;
    ck_transpose_u16_fn *transpose_u16;
    ck_gather_u32_fn *gather_u32;
    ck_gather_u16_fn *gather_u16;
    ck_quantise_i8_fn *quantise_i8;
    ck_quantise_i16_fn *quantise_i16;
    ck_matmul_i8_fn *matmul_i8;
    ck_bound_f32_fn *bound_f32;
    ck_listabove_f32_fn *listabove_f32;
    ck_listabove_f32_fn *listaboveabs_f32;
    ck_listjump_f32_fn *listjump_f32;
    ck_topk_f32_fn *topk_f32;
} ck_kernels;

/* Returns the table of isa, which lives as long as the process, or NULL when this build, processor
 * or operating system does not support it. CK_ISA_SCALAR is always there. */
const ck_kernels *CK_NULLABLE ck_kernels_for(ck_isa isa);

/* Returns the widest instruction set for which ck_kernels_for is not NULL. */
ck_isa ck_isa_best(void);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
