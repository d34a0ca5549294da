/* The places of a sparse row's values: 2 or 4 bytes each, any alignment. */

#ifndef CK_COLUMNS_H
#define CK_COLUMNS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t ck_column(const void *columns, int column_bytes, size_t i) {
    if (column_bytes == 2) {
        uint16_t column;
        memcpy(&column, (const char *)columns + 2 * i, sizeof column);
        return column;
    }
    uint32_t column;
    memcpy(&column, (const char *)columns + 4 * i, sizeof column);
    return column;
}

#endif
