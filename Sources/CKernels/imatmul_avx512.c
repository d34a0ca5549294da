/* Integer products, AVX-512.
 *
 * Integer sums do not depend on their order: every variant gives the same numbers. A widened row meets
 * an input in vpmaddwd, and the pairs are added up. */

#include "target.h"

#if CK_HAS_X86

#define CK_ISA CK_AVX512
#define CK_MULTIPLY_ADD(sums, a, b) _mm512_add_epi32(sums, _mm512_madd_epi16(a, b))
#include "imatmul_zmm.h"

CK_AVX512 void ck_matmul_i8_avx512(const int8_t *rows, size_t row_stride, const int16_t *x,
                         size_t x_stride, int32_t *out, size_t out_stride, size_t m_count,
                         size_t b_count, size_t d_count) {
#include "imatmul_tiles.h"
}

#endif
