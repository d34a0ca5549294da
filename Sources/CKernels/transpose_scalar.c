/* Transposition in tiles of 64 x 64 elements.
 *
 * Goal: the speed of memory, whatever the strides. A stride that is a multiple of 4 KiB puts a
 * whole column of a tile into one or two cache sets, so nothing may rely on staying in the cache
 * between two visits: every tile is first copied, row by row, to a packed buffer that fits in L1,
 * and written from there. Each stretch of a row, in and out, is then touched once. The next tile is
 * prefetched meanwhile, for writing above all: the rows of out lie on different pages, where the
 * hardware does not look ahead.
 *
 * transpose_tiles.h holds the loop over tiles, once for each element size. */

#include <string.h>

#include "ckernels.h"

#if defined(__GNUC__)
#define PREFETCH_READ(address) __builtin_prefetch(address, 0)
#define PREFETCH_WRITE(address) __builtin_prefetch(address, 1)
#else
#define PREFETCH_READ(address) ((void)(address))
#define PREFETCH_WRITE(address) ((void)(address))
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE 1
#endif
#endif

enum { TILE = 64 };

static inline size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* -- Blocks that fit in registers: out[c][r] = in[r][c] for r, c < BLOCK */

#if defined(HAS_SHUFFLE)

enum { BLOCK_U32 = 4, BLOCK_U16 = 8 };

typedef uint32_t vector_u32 __attribute__((vector_size(16)));
typedef uint16_t vector_u16 __attribute__((vector_size(16)));

#define SHUFFLE __builtin_shufflevector

static inline void block_u32(const uint32_t *in, size_t in_stride, uint32_t *out,
                             size_t out_stride) {
    vector_u32 r[4];
    for (int i = 0; i < 4; i++) {
        memcpy(&r[i], in + (size_t)i * in_stride, sizeof r[i]);
    }
    /* Columns 0 and 1, then 2 and 3, of two rows. */
    const vector_u32 low01 = SHUFFLE(r[0], r[1], 0, 4, 1, 5);
    const vector_u32 low23 = SHUFFLE(r[2], r[3], 0, 4, 1, 5);
    const vector_u32 high01 = SHUFFLE(r[0], r[1], 2, 6, 3, 7);
    const vector_u32 high23 = SHUFFLE(r[2], r[3], 2, 6, 3, 7);
    const vector_u32 columns[4] = {
        SHUFFLE(low01, low23, 0, 1, 4, 5),
        SHUFFLE(low01, low23, 2, 3, 6, 7),
        SHUFFLE(high01, high23, 0, 1, 4, 5),
        SHUFFLE(high01, high23, 2, 3, 6, 7),
    };
    for (int i = 0; i < 4; i++) {
        memcpy(out + (size_t)i * out_stride, &columns[i], sizeof columns[i]);
    }
}

static inline void block_u16(const uint16_t *in, size_t in_stride, uint16_t *out,
                             size_t out_stride) {
    vector_u16 v[8];
    for (int i = 0; i < 8; i++) {
        memcpy(&v[i], in + (size_t)i * in_stride, sizeof v[i]);
    }
    /* Interleaving row i with row i + 4 turns the index of an element, 6 bits of row and column, by
     * one bit. Three times is half a turn of the 6: row and column have changed places. */
    for (int step = 0; step < 3; step++) {
        vector_u16 turned[8];
        for (int i = 0; i < 4; i++) {
            turned[2 * i] = SHUFFLE(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            turned[2 * i + 1] = SHUFFLE(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        for (int i = 0; i < 8; i++) {
            v[i] = turned[i];
        }
    }
    for (int i = 0; i < 8; i++) {
        memcpy(out + (size_t)i * out_stride, &v[i], sizeof v[i]);
    }
}

#else

enum { BLOCK_U32 = 1, BLOCK_U16 = 1 };

static inline void block_u32(const uint32_t *in, size_t in_stride, uint32_t *out,
                             size_t out_stride) {
    (void)in_stride, (void)out_stride;
    *out = *in;
}

static inline void block_u16(const uint16_t *in, size_t in_stride, uint16_t *out,
                             size_t out_stride) {
    (void)in_stride, (void)out_stride;
    *out = *in;
}

#endif

#define ELEMENT uint32_t
#define BLOCK BLOCK_U32
#define TRANSPOSE ck_transpose_u32_scalar
#define TRANSPOSE_BLOCK block_u32
#define TRANSPOSE_TILE tile_u32
#include "transpose_tiles.h"

#define ELEMENT uint16_t
#define BLOCK BLOCK_U16
#define TRANSPOSE ck_transpose_u16_scalar
#define TRANSPOSE_BLOCK block_u16
#define TRANSPOSE_TILE tile_u16
#include "transpose_tiles.h"
