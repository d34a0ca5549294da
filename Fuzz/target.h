/* What both fuzz targets share: dictionaries to call with, and properties that end the process. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "steering.h"

#include <stddef.h>
#include <stdint.h>

enum { TARGET_DICTIONARIES = 6, TARGET_MOST_WIDTH = 12, TARGET_FEATURES = 24 };

typedef struct target_dictionary {
    steer_dictionary_t *handle;
    char path[256];
    size_t width; /* of rows edited */
    size_t model_width;
} target_dictionary_t;

/* One of each kind of activation, a transcoder, and one that normalises; opened on first use. */
const target_dictionary_t *target_dictionary(size_t index);

/* Ends the process when a property does not hold. */
#define MUST(condition) target_must((condition) != 0, __FILE__, __LINE__, #condition)
void target_must(int holds, const char *file, int line, const char *text);

/* A status that the header knows; on failure an error block that agrees with it. */
void target_check(steer_status_t status, const steer_error_t *error);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
