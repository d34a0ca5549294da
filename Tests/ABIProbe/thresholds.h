/* The numbers of Benchmarks/thresholds/<name>.json: {"operations": {"name": whole number, ...}}. */
#ifndef THRESHOLDS_H
#define THRESHOLDS_H

#include <stddef.h>

enum { THRESHOLDS_MAX = 64, THRESHOLDS_NAME = 64 };

typedef struct threshold {
    char name[THRESHOLDS_NAME];
    unsigned long allowed;
    unsigned long found; /* the most that was found */
    unsigned long count; /* how often it was looked at */
} threshold_t;

typedef struct thresholds {
    threshold_t entries[THRESHOLDS_MAX];
    size_t count;
} thresholds_t;

/* Reads a file; ends the program if it is not there or says something else. */
void thresholds_read(thresholds_t *thresholds, const char *path);

/* Checks one finding against its threshold; a name without one is a failure. */
void thresholds_check(thresholds_t *thresholds, const char *name, unsigned long found);

/* Prints all, and fails for names that nothing was found of. */
void thresholds_finish(const thresholds_t *thresholds);

#endif
