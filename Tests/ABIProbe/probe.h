/* Checks that say what went wrong. Every program of this folder ends with `return probe_finish();`.
 */
#ifndef PROBE_H
#define PROBE_H

#include "steering.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PROBE_FORMAT(string, first) __attribute__((format(printf, string, first)))
#else
#define PROBE_FORMAT(string, first)
#endif

/* Names the case that the following checks belong to; printed with each failure. */
void probe_case(const char *format, ...) PROBE_FORMAT(1, 2);

/* Counts a check; on failure prints where, the case, what was expected and the message. */
int probe_check(int holds, const char *file, int line, const char *text, const char *format, ...)
    PROBE_FORMAT(5, 6);

#define CHECK(condition, ...)                                                                      \
    probe_check((condition) != 0, __FILE__, __LINE__, #condition, __VA_ARGS__)

/* Compares a status with what the header promises. */
#define CHECK_STATUS(expected, call)                                                               \
    probe_status((call), 1u << (expected), __FILE__, __LINE__, #call)
/* The same where the header leaves more than one open: `mask` has bit 1 << STEER_... for each. */
#define CHECK_STATUS_IN(mask, call) probe_status((call), (mask), __FILE__, __LINE__, #call)
#define ONE(status) (1u << (status))
int probe_status(
    steer_status_t found, uint32_t accepted, const char *file, int line, const char *call);

/* For set-up without which nothing else makes sense: ends the program with 1. */
#define REQUIRE_OK(call) probe_require((call), __FILE__, __LINE__, #call)
void probe_require(steer_status_t found, const char *file, int line, const char *call);
extern steer_error_t probe_error; /* pass &probe_error to calls under REQUIRE_OK */

/* A block of memory with a canary before and after; `probe_guard_intact` looks at both. */
typedef struct probe_guard {
    unsigned char *bytes; /* what may be used, aligned to 64 */
    size_t length;
    unsigned char *allocation;
} probe_guard_t;

probe_guard_t probe_guard_make(size_t length);
int probe_guard_intact(const probe_guard_t *guard);
void probe_guard_free(probe_guard_t *guard);

void *probe_allocate(size_t bytes); /* zeroed, or the program ends */
int probe_finish(void); /* prints the counts; 1 if a check failed or there was none */
int probe_failures(void); /* the same without printing, for programs whose output is data */

#endif
