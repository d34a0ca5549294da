/* The loop over tiles of transpose_scalar.c, included once for each element size. */

/* out[c][r] = tile[r][c] for r < rows, c < cols. */
static inline void TRANSPOSE_TILE(const ELEMENT *tile, ELEMENT *out, size_t out_stride, size_t rows,
                                  size_t cols) {
    const size_t whole_rows = rows - rows % BLOCK;
    const size_t whole_cols = cols - cols % BLOCK;
    for (size_t c = 0; c < whole_cols; c += BLOCK) {
        for (size_t r = 0; r < whole_rows; r += BLOCK) {
            TRANSPOSE_BLOCK(tile + r * TILE + c, TILE, out + c * out_stride + r, out_stride);
        }
    }
    for (size_t c = 0; c < cols; c++) {
        for (size_t r = c < whole_cols ? whole_rows : 0; r < rows; r++) {
            out[c * out_stride + r] = tile[r * TILE + c];
        }
    }
}

void TRANSPOSE(const ELEMENT *in, size_t in_stride, ELEMENT *out, size_t out_stride, size_t rows,
               size_t cols) {
    enum { LINE = 64 / sizeof(ELEMENT) };
    ELEMENT tile[TILE * TILE];
    for (size_t c0 = 0; c0 < cols; c0 += TILE) {
        const size_t tile_cols = smaller(TILE, cols - c0);
        for (size_t r0 = 0; r0 < rows; r0 += TILE) {
            const size_t tile_rows = smaller(TILE, rows - r0);
            const size_t next_rows = smaller(TILE, rows - r0 - tile_rows);
            const ELEMENT *const from = in + r0 * in_stride + c0;
            ELEMENT *const to = out + c0 * out_stride + r0;
            for (size_t r = 0; r < tile_rows; r++) {
                memcpy(tile + r * TILE, from + r * in_stride, tile_cols * sizeof *tile);
            }
            /* The tile below this one, down the rows of in and along the rows of out. */
            for (size_t c = 0; c < tile_cols; c++) {
                for (size_t r = 0; r < next_rows; r += LINE) {
                    PREFETCH_WRITE(to + c * out_stride + TILE + r);
                }
            }
            for (size_t r = 0; r < next_rows; r++) {
                for (size_t c = 0; c < tile_cols; c += LINE) {
                    PREFETCH_READ(from + (TILE + r) * in_stride + c);
                }
            }
            TRANSPOSE_TILE(tile, to, out_stride, tile_rows, tile_cols);
        }
    }
}

#undef ELEMENT
#undef BLOCK
#undef TRANSPOSE
#undef TRANSPOSE_BLOCK
#undef TRANSPOSE_TILE
