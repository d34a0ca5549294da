/* What loading the library does to a process, and what it must not: threads, signal handlers.
 *
 *   quiet LIBRARY DICTIONARY */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <steering.h>

static long threads(void) {
    char line[256];
    long count = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return count;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Threads:", 8) == 0) count = strtol(line + 8, NULL, 10);
    fclose(file);
    return count;
}

static int handlers(void) {
    int count = 0;
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) count++;
    }
    return count;
}

static int alternate_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0;
}

static int check(const char *when, int handlers_before) {
    long running = threads();
    int handled = handlers() - handlers_before, stack = alternate_stack();
    printf("%s: %ld thread, %d new signal handlers, %d signal stacks\n", when, running, handled,
           stack);
    return running == 1 && handled == 0 && stack == 0;
}

typedef steer_status_t open_fn(
    const char *, const steer_open_options_t *, steer_dictionary_t **, steer_error_t *);
typedef void close_fn(steer_dictionary_t *);

int main(int argc, char **argv) {
    struct timespec start, end;
    steer_error_t error = STEER_ERROR_INIT;
    steer_dictionary_t *dictionary = NULL;
    open_fn *open;
    close_fn *close;
    int before = handlers(), quiet;
    if (argc != 3) return 2;

    clock_gettime(CLOCK_MONOTONIC, &start);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return EXIT_FAILURE;
    }
    printf("dlopen: %.2f ms\n", (double)(end.tv_sec - start.tv_sec) * 1e3 +
                                    (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    quiet = check("loaded", before);

    /* POSIX has functions in void pointers, C has not. */
    *(void **)&open = dlsym(library, "steer_dictionary_open");
    *(void **)&close = dlsym(library, "steer_dictionary_close");
    if (open == NULL || close == NULL) return EXIT_FAILURE;
    for (int round = 0; round < 3; round++) {
        if (open(argv[2], NULL, &dictionary, &error) != STEER_OK) {
            fprintf(stderr, "%s\n", error.message);
            return EXIT_FAILURE;
        }
        close(dictionary);
    }
    quiet = check("used", before) && quiet;
    dlclose(library);
    return quiet ? EXIT_SUCCESS : EXIT_FAILURE;
}
