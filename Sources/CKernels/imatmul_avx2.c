/* Integer products, AVX2.
 *
 * Integer sums do not depend on their order: every variant gives the same numbers. A widened row meets an
 * input in vpmaddwd, and the pairs are added up. */

#include "target.h"

#if CK_HAS_X86

#define CK_TILE_COLUMNS 2

CK_AVX2 static inline int32_t sum(__m256i lanes) {
    const __m128i sum4 =
        _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i sum2 = _mm_add_epi32(sum4, _mm_shuffle_epi32(sum4, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum2, _mm_shuffle_epi32(sum2, 0xb1)));
}

CK_AVX2 static inline __attribute__((always_inline)) void
tile(const int8_t *rows, size_t row_stride, const int16_t *x, size_t x_stride, int32_t *out,
     size_t out_stride, size_t n, const int is_first, const int row_count,
     const int column_count) {
    __m256i acc[4][CK_TILE_COLUMNS];
    for (int r = 0; r < row_count; r++) {
        for (int b = 0; b < column_count; b++) {
            acc[r][b] = _mm256_setzero_si256();
        }
    }
    for (size_t i = 0; i < n; i += 16) {
        __m256i row[4];
        for (int r = 0; r < row_count; r++) {
            const int8_t *at = rows + (size_t)r * row_stride + i;
            row[r] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)at));
            if (row_count > 1 && is_first) {
                _mm_prefetch(at + row_count * row_stride, _MM_HINT_T0);
            }
        }
        for (int b = 0; b < column_count; b++) {
            const __m256i column = 
                _mm256_loadu_si256((const __m256i *)(x + (size_t)b * x_stride + i));
            for (int r = 0; r < row_count; r++) {
                acc[r][b] = _mm256_add_epi32(acc[r][b], _mm256_madd_epi16(row[r], column));
            }
        }
    }
    for (int r = 0; r < row_count; r++) {
        for (int b = 0; b < column_count; b++) {
            out[(size_t)b * out_stride + (size_t)r] = sum(acc[r][b]);
        }
    }
}

#define CK_TILE(row_count, column_count)                                                          \
    tile(rows + m * row_stride, row_stride, x + b * x_stride, x_stride, out + b * out_stride + m, \
         out_stride, d_count, b == 0, row_count, column_count)

CK_AVX2 void ck_matmul_i8_avx2(const int8_t *rows, size_t row_stride, const int16_t *x, size_t x_stride,
     int32_t *out, size_t out_stride, size_t m_count, size_t b_count, size_t d_count) {
#include "imatmul_tiles.h"
}

#endif
