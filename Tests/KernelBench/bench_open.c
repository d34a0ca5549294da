/* From a closed file to the first steered row: milliseconds, page faults, resident memory. Run by
 * bench-open.sh.
 *
 *     bench_open FOLDER [first dictionary]
 *
 * Writes dictionaries in SAELens' layout into FOLDER, measures each plan in a process of its own, and
 * removes them. cold: the weights have been dropped from the page cache. Medians. Every page of the
 * small ones holds weights; the large ones are holes, so that their cold figures leave the disk out. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "steering.h"

enum { RUNS = 9, FEATURE = 1234 };

typedef struct layout {
    const char *architecture;
    size_t d, n, bytes;
    int is_dense;
} layout;

/* What a child measured. */
typedef struct figures {
    double open_ms, first_ms, minor, major, resident_mib;
} figures;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* -- files */

static size_t append_entry(char *header, const char *name, const layout *l, const size_t *shape,
                           size_t rank, size_t start) {
    size_t end = start + l->bytes * shape[0] * (rank == 2 ? shape[1] : 1);
    char *at = header + strlen(header);
    const char *type = l->bytes == 2 ? "BF16" : "F32";
    if (rank == 2) {
        sprintf(at, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu,%zu],\"data_offsets\":[%zu,%zu]}",
                start == 0 ? "{" : ",", name, type, shape[0], shape[1], start, end);
    } else {
        sprintf(at, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}",
                start == 0 ? "{" : ",", name, type, shape[0], start, end);
    }
    return end;
}

/* Numbers between 2^-8 and 2^-7 of either sign: either half of an f32 has such a pattern. */
static void fill(int file, size_t byte_count) {
    enum { BLOCK = 1 << 16 };
    static uint16_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        block[i] = (uint16_t)(0x3c00u | (unsigned)(rand() & 0x7f) | (rand() & 1 ? 0x8000u : 0));
    }
    for (size_t done = 0; done < byte_count;) {
        const size_t left = byte_count - done;
        const ssize_t count = write(file, block, left < sizeof block ? left : sizeof block);
        if (count <= 0) {
            die("write");
        }
        done += (size_t)count;
    }
}

static void write_dictionary(const char *folder, const layout *l) {
    char path[4096], header[4096] = "";
    snprintf(path, sizeof path, "%s/cfg.json", folder);
    FILE *config = fopen(path, "w");
    if (config == NULL) {
        die(path);
    }
    fprintf(config,
            "{\"architecture\":\"%s\",\"d_in\":%zu,\"d_sae\":%zu,\"dtype\":\"%s\",\"device\":\"cpu\","
            "\"apply_b_dec_to_input\":false,\"normalize_activations\":\"none\","
            "\"reshape_activations\":\"none\",\"metadata\":{}%s}",
            l->architecture, l->d, l->n, l->bytes == 2 ? "bfloat16" : "float32",
            strcmp(l->architecture, "topk") == 0 ? ",\"k\":64" : "");
    fclose(config);
    const size_t written[] = {l->n, l->d}, read[] = {l->d, l->n};
    size_t end = append_entry(header, "W_dec", l, written, 2, 0);
    end = append_entry(header, "W_enc", l, read, 2, end);
    end = append_entry(header, "b_dec", l, read, 1, end);
    end = append_entry(header, "b_enc", l, written, 1, end);
    if (strcmp(l->architecture, "jumprelu") == 0) {
        end = append_entry(header, "threshold", l, written, 1, end);
    }
    strcat(header, "}");
    while ((strlen(header) + 8) % 64 != 0) {
        strcat(header, " ");
    }
    const uint64_t length = strlen(header);
    snprintf(path, sizeof path, "%s/sae_weights.safetensors", folder);
    const int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0 || write(file, &length, 8) != 8 || write(file, header, length) != (ssize_t)length) {
        die(path);
    }
    if (l->is_dense) {
        fill(file, end);
    } else {
        /* The row that plans name needs a direction. */
        const float one = 1;
        const off_t place = (off_t)(8 + length + FEATURE * l->d * l->bytes);
        if (ftruncate(file, (off_t)(8 + length + end)) != 0
            || pwrite(file, &one, sizeof one, place) != sizeof one) {
            die(path);
        }
    }
    if (fsync(file) != 0) {
        die(path);
    }
    close(file);
}

static void forget(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/sae_weights.safetensors", folder);
    const int file = open(path, O_RDONLY);
    if (file < 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) {
        die(path);
    }
    close(file);
}

/* -- measurement */

static void check(steer_status_t status, const steer_error_t *error) {
    if (status != STEER_OK) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
}

static double resident_mib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) {
        die("statm");
    }
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static figures measure(const char *folder, const layout *l, int32_t mode) {
    steer_error_t error = STEER_ERROR_INIT;
    steer_dictionary_t *dictionary = NULL;
    steer_plan_t *plan = NULL;
    steer_session_t *session = NULL;
    struct rusage before, after;
    figures result;
    float *row = malloc(l->d * sizeof *row);
    for (size_t i = 0; i < l->d; i++) {
        row[i] = 0.5f;
    }
    const double resident = resident_mib();
    getrusage(RUSAGE_SELF, &before);
    const double start = seconds();
    check(steer_dictionary_open(folder, NULL, &dictionary, &error), &error);
    const double opened = seconds();
    steer_intervention_t wish = STEER_INTERVENTION_INIT;
    wish.feature = FEATURE;
    wish.mode = mode;
    wish.alpha = 4;
    check(steer_plan_compile(dictionary, &wish, 1, NULL, &plan, &error), &error);
    check(steer_session_create(plan, 0, &session, &error), &error);
    check(steer_session_apply(session, row, STEER_F32, 1, l->d, NULL, &error), &error);
    const double end = seconds();
    getrusage(RUSAGE_SELF, &after);
    result.open_ms = (opened - start) * 1e3;
    result.first_ms = (end - start) * 1e3;
    result.minor = (double)(after.ru_minflt - before.ru_minflt);
    result.major = (double)(after.ru_majflt - before.ru_majflt);
    result.resident_mib = resident_mib() - resident;
    free(row);
    return result;
}

static figures in_child(const char *folder, const layout *l, int32_t mode) {
    int ends[2];
    figures result = {0, 0, 0, 0, 0};
    if (pipe(ends) != 0) {
        die("pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        result = measure(folder, l, mode);
        _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &result, sizeof result) != sizeof result) {
        die("child");
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return result;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const figures *all, size_t runs, size_t offset) {
    double values[RUNS];
    for (size_t i = 0; i < runs; i++) {
        memcpy(values + i, (const char *)(all + i) + offset, sizeof *values);
    }
    qsort(values, runs, sizeof *values, by_value);
    return values[runs / 2];
}

static void report(const char *folder, const layout *l, int32_t mode, int is_cold, size_t runs) {
    figures all[RUNS];
    if (!is_cold) {
        in_child(folder, l, mode);
    }
    for (size_t run = 0; run < runs; run++) {
        if (is_cold) {
            forget(folder);
        }
        all[run] = in_child(folder, l, mode);
    }
    printf("| %s, %s, %zu x %zu | %s | %s | %.2f | %.2f | %.0f | %.0f | %.1f |\n", l->architecture,
           l->bytes == 2 ? "bf16" : "f32", l->d, l->n, mode == STEER_MODE_ADD ? "add" : "clamp",
           is_cold ? "cold" : "warm", median(all, runs, offsetof(figures, open_ms)),
           median(all, runs, offsetof(figures, first_ms)), median(all, runs, offsetof(figures, minor)),
           median(all, runs, offsetof(figures, major)),
           median(all, runs, offsetof(figures, resident_mib)));
    fflush(stdout);
}

int main(int argc, char **argv) {
    const layout layouts[] = {
        {"jumprelu", 2304, 16384, 2, 1},
        {"topk", 2304, 16384, 2, 1},
        {"jumprelu", 768, 1048576, 2, 0},
        {"jumprelu", 768, 1048576, 4, 0},
        {"topk", 768, 1048576, 2, 0},
    };
    if (argc < 2) {
        fprintf(stderr, "usage: bench_open FOLDER [first dictionary]\n");
        return 2;
    }
    printf("| dictionary | plan | file | open ms | first row ms | minor faults | major faults |"
           " resident MiB |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = argc > 2 ? (size_t)atoi(argv[2]) : 0; i < sizeof layouts / sizeof *layouts; i++) {
        const layout *l = layouts + i;
        write_dictionary(argv[1], l);
        for (int mode = 0; mode < 2; mode++) {
            /* A clamp in a top-k dictionary reads and turns the whole encoder: not of the large one. */
            const int is_whole = mode == 1 && strcmp(l->architecture, "topk") == 0;
            if (is_whole && !l->is_dense) {
                continue;
            }
            for (int is_cold = 1; is_cold >= 0; is_cold--) {
                report(argv[1], l, mode == 0 ? STEER_MODE_ADD : STEER_MODE_CLAMP, is_cold,
                       is_whole ? 3 : RUNS);
            }
        }
        char path[4096];
        snprintf(path, sizeof path, "%s/sae_weights.safetensors", argv[1]);
        unlink(path);
    }
    return 0;
}
