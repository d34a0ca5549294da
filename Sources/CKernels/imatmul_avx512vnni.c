/* Integer products, AVX-512 with VNNI.
 *
 * Integer sums do not depend on their order: every variant gives the same numbers. One vpdpwssd
 * multiplies a widened row with an input and adds up. */

#include "target.h"

#if CK_HAS_X86

#define CK_ISA CK_AVX512VNNI
#define CK_MULTIPLY_ADD(sums, a, b) _mm512_dpwssd_epi32(sums, a, b)
#include "imatmul_zmm.h"

CK_AVX512VNNI void ck_matmul_i8_avx512vnni(const int8_t *rows, size_t row_stride, const int16_t *x,
                         size_t x_stride, int32_t *out, size_t out_stride, size_t m_count,
                         size_t b_count, size_t d_count) {
#include "imatmul_tiles.h"
}

#endif
