#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_FAILURES = 30, CANARY_BYTES = 64, CANARY = 0xA5 };

steer_error_t probe_error = STEER_ERROR_INIT;

static unsigned long n_checks;
static unsigned long n_failures;
static char current_case[256] = "";

void probe_case(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(current_case, sizeof current_case, format, arguments);
    va_end(arguments);
}

static int fail_at(const char *file, int line, const char *text)
{
    n_failures++;
    if (n_failures > SHOWN_FAILURES) {
        return 0;
    }
    printf("%s:%d: %s%s%s", file, line, current_case, current_case[0] ? ": " : "", text);
    return 1;
}

int probe_check(int holds, const char *file, int line, const char *text, const char *format, ...)
{
    n_checks++;
    if (!holds && fail_at(file, line, text)) {
        va_list arguments;
        va_start(arguments, format);
        printf(" does not hold: ");
        vprintf(format, arguments);
        printf("\n");
        va_end(arguments);
        fflush(stdout);
    }
    return holds;
}

int probe_status(
    steer_status_t found, uint32_t accepted, const char *file, int line, const char *call)
{
    const int holds = found >= 0 && found < 32 && (accepted >> found & 1u) != 0;
    n_checks++;
    if (!holds && fail_at(file, line, call)) {
        int status;
        const char *separator = " returned ";
        printf("%s%s, expected", separator, steer_status_name(found));
        separator = " ";
        for (status = 0; status < 32; status++) {
            if (accepted >> status & 1u) {
                printf("%s%s", separator, steer_status_name(status));
                separator = " or ";
            }
        }
        printf("\n");
        fflush(stdout);
    }
    return holds;
}

void probe_require(steer_status_t found, const char *file, int line, const char *call)
{
    n_checks++;
    if (found != STEER_OK) {
        printf("%s:%d: %s%s%s returned %s, expected STEER_OK: %s\n", file, line, current_case,
            current_case[0] ? ": " : "", call, steer_status_name(found), probe_error.message);
        exit(1);
    }
}

void *probe_allocate(size_t bytes)
{
    void *memory = calloc(bytes ? bytes : 1, 1);
    if (memory == NULL) {
        printf("out of memory\n");
        exit(1);
    }
    return memory;
}

probe_guard_t probe_guard_make(size_t length)
{
    probe_guard_t guard;
    void *allocation = NULL;
    if (posix_memalign(&allocation, 64, length + 2 * CANARY_BYTES) != 0) {
        printf("out of memory\n");
        exit(1);
    }
    guard.allocation = (unsigned char *)allocation;
    guard.bytes = guard.allocation + CANARY_BYTES;
    guard.length = length;
    memset(guard.allocation, CANARY, length + 2 * CANARY_BYTES);
    return guard;
}

int probe_guard_intact(const probe_guard_t *guard)
{
    size_t i;
    for (i = 0; i < CANARY_BYTES; i++) {
        if (guard->allocation[i] != CANARY || guard->bytes[guard->length + i] != CANARY) {
            return 0;
        }
    }
    return 1;
}

void probe_guard_free(probe_guard_t *guard)
{
    free(guard->allocation);
    guard->allocation = NULL;
    guard->bytes = NULL;
}

int probe_failures(void) { return n_checks > 0 && n_failures == 0 ? 0 : 1; }

int probe_finish(void)
{
    if (n_failures > SHOWN_FAILURES) {
        printf("and %lu more\n", n_failures - SHOWN_FAILURES);
    }
    printf("%lu checks, %lu failed\n", n_checks, n_failures);
    return probe_failures();
}
