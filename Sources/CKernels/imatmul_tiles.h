/* How every SIMD variant of matmul_i8 walks over its outputs.
 *
 * An including file defines CK_TILE(rows, columns), a call of its tile of that size on the outputs at
 * (m, b), and CK_TILE_COLUMNS, 2 or 6, the inputs that a tile of 4 rows takes at most: tiles share each
 * widened load of a row and each load of an input. Few inputs are bound by the memory that the rows come
 * from, so the tile that meets a row first fetches the next rows ahead. Tiles of 8 rows, for more streams,
 * were no faster. */

#ifdef CK_TILE

    const size_t groups = (b_count + CK_TILE_COLUMNS - 1) / CK_TILE_COLUMNS;
    size_t b = 0;
    for (size_t group = 0; group < groups; group++) {
        const size_t width = (b_count - b + groups - group - 1) / (groups - group);
        size_t m = 0;
        for (; m_count - m >= 4; m += 4) {
            switch (width) {
            case 2: CK_TILE(4, 2); break;
#if CK_TILE_COLUMNS > 2
            case 3: CK_TILE(4, 3); break;
            case 4: CK_TILE(4, 4); break;
            case 5: CK_TILE(4, 5); break;
            case 6: CK_TILE(4, 6); break;
#endif
            default: CK_TILE(4, 1); break;
            }
        }
        for (; m < m_count; m++) {
            switch (width) {
            case 2: CK_TILE(1, 2); break;
#if CK_TILE_COLUMNS > 2
            case 3: CK_TILE(1, 3); break;
            case 4: CK_TILE(1, 4); break;
            case 5: CK_TILE(1, 5); break;
            case 6: CK_TILE(1, 6); break;
#endif
            default: CK_TILE(1, 1); break;
            }
        }
        b += width;
    }

#endif
