/* How every SIMD variant of matmul_i8 walks over its outputs.
 *
 * An including file defines CK_TILE(rows, columns), a call of its tile of that size on the outputs at
 * (m, b), and the names below. One input alone is bound by the memory that the rows come from: many
 * rows at once give it many streams. Several inputs are bound by the multiplier: tiles of 4 rows share
 * each widened load of a row, and each load of an input. */

#ifdef CK_TILE

    size_t b = 0;
    if (b_count == 1) {
        size_t m = 0;
        for (; m_count - m >= CK_TILE_STREAMS; m += CK_TILE_STREAMS) {
            CK_TILE(CK_TILE_STREAMS, 1);
        }
        for (; m < m_count; m++) {
            CK_TILE(1, 1);
        }
        return;
    }
    while (b < b_count) {
        const size_t width =
            b_count - b < CK_TILE_COLUMNS ? b_count - b : (size_t)CK_TILE_COLUMNS;
        size_t m = 0;
        for (; m_count - m >= 4; m += 4) {
            switch (width) {
            case 1: CK_TILE(4, 1); break;
            case 2: CK_TILE(4, 2); break;
#if CK_TILE_COLUMNS > 2
            case 3: CK_TILE(4, 3); break;
            case 4: CK_TILE(4, 4); break;
            case 5: CK_TILE(4, 5); break;
            default: CK_TILE(4, 6); break;
#endif
            }
        }
        for (; m < m_count; m++) {
            switch (width) {
            case 1: CK_TILE(1, 1); break;
            case 2: CK_TILE(1, 2); break;
#if CK_TILE_COLUMNS > 2
            case 3: CK_TILE(1, 3); break;
            case 4: CK_TILE(1, 4); break;
            case 5: CK_TILE(1, 5); break;
            default: CK_TILE(1, 6); break;
#endif
            }
        }
        b += width;
    }

#endif
