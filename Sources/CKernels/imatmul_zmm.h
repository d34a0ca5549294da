/* Tiles of integer products with 512-bit registers.
 *
 * An including file defines CK_ISA, the target of the functions, and CK_MULTIPLY_ADD(sums, a, b), which
 * adds the products of 32 pairs of 16-bit numbers to 16 sums. At most 24 of the 32 registers hold sums. */

#ifdef CK_ISA

#define CK_TILE_COLUMNS 6

/* The four sums of four registers' numbers, in the registers' order. */
CK_ISA static inline __attribute__((always_inline)) __m128i
sums_of(const __m512i a, const __m512i b, const __m512i c, const __m512i d) {
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    const __m512i all =
        _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

CK_ISA static inline __attribute__((always_inline)) void
tile(const int8_t *rows, size_t row_stride, const int16_t *x, size_t x_stride, int32_t *out,
     size_t out_stride, size_t n, const int is_first, const int row_count,
     const int column_count) {
    __m512i acc[4][CK_TILE_COLUMNS];
    for (int r = 0; r < row_count; r++) {
        for (int b = 0; b < column_count; b++) {
            acc[r][b] = _mm512_setzero_si512();
        }
    }
    for (size_t i = 0; i < n; i += 32) {
        __m512i row[4];
        for (int r = 0; r < row_count; r++) {
            const int8_t *at = rows + (size_t)r * row_stride + i;
            row[r] = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)at));
            if (row_count > 1 && is_first) {
                _mm_prefetch(at + row_count * row_stride, _MM_HINT_T0);
            }
        }
        for (int b = 0; b < column_count; b++) {
            const __m512i column = _mm512_loadu_si512(x + (size_t)b * x_stride + i);
            for (int r = 0; r < row_count; r++) {
                acc[r][b] = CK_MULTIPLY_ADD(acc[r][b], row[r], column);
            }
        }
    }
    if (row_count == 4) {
        for (int b = 0; b < column_count; b++) {
            _mm_storeu_si128((__m128i *)(out + (size_t)b * out_stride),
                             sums_of(acc[0][b], acc[1][b], acc[2][b], acc[3][b]));
        }
        return;
    }
    for (int r = 0; r < row_count; r++) {
        for (int b = 0; b < column_count; b++) {
            out[(size_t)b * out_stride + (size_t)r] = _mm512_reduce_add_epi32(acc[r][b]);
        }
    }
}

#define CK_TILE(row_count, column_count)                                                          \
    tile(rows + m * row_stride, row_stride, x + b * x_stride, x_stride, out + b * out_stride + m, \
         out_stride, d_count, b == 0, row_count, column_count)


#endif
