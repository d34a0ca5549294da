/*
 * Applies a plan to a batch of rows and prints what it did to them.
 *
 *   cc -std=c99 steer.c $(pkg-config --cflags --libs steering) -lm -o steer
 *   ./steer path/to/dictionary plan.json
 *
 * The host's model would stand where rows_of_the_model does.
 */
#include <math.h>
#include <steering.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_ROWS = 4 };

/* Prints what went wrong. */
static int complain(const char *what, const steer_error_t *error) {
    fprintf(stderr, "%s: %s (%s)\n", what, error->message, steer_status_name(error->status));
    return EXIT_FAILURE;
}

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;
    if (file == NULL) return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0 && (text = malloc((size_t)size + 1)) != NULL)
        *length = fread(text, 1, (size_t)size, file);
    fclose(file);
    return text;
}

static void rows_of_the_model(float *rows, size_t width) {
    for (size_t i = 0; i < N_ROWS * width; i++) rows[i] = (float)sin(0.7 * (double)i);
}

static double distance(const float *a, const float *b, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sqrt(sum);
}

int main(int argc, char **argv) {
    steer_error_t error = STEER_ERROR_INIT;
    steer_dictionary_t *dictionary = NULL;
    steer_plan_t *plan = NULL;
    steer_session_t *session = NULL;
    steer_plan_info_t info = STEER_PLAN_INFO_INIT;
    steer_outcome_t outcomes[N_ROWS];
    float *rows = NULL, *before = NULL;
    char *json = NULL;
    size_t length = 0;
    int result = EXIT_FAILURE;

    if (argc != 3) {
        fprintf(stderr, "usage: steer DICTIONARY PLAN.json\n");
        return 2;
    }
    if (steer_abi_version() != STEER_ABI_VERSION) {
        fprintf(stderr, "libsteering has ABI %u, expected %u\n", (unsigned)steer_abi_version(),
                (unsigned)STEER_ABI_VERSION);
        return EXIT_FAILURE;
    }
    if ((json = read_file(argv[2], &length)) == NULL) {
        perror(argv[2]);
        return EXIT_FAILURE;
    }

    /* Once per process; once per request; once per sequence. */
    if (steer_dictionary_open(argv[1], NULL, &dictionary, &error) != STEER_OK ||
        steer_plan_compile_json(dictionary, json, length, &plan, &error) != STEER_OK ||
        steer_plan_inspect(plan, &info, &error) != STEER_OK ||
        steer_session_create(plan, N_ROWS, &session, &error) != STEER_OK) {
        complain("steer", &error);
        goto end;
    }

    size_t width = (size_t)info.width;
    rows = malloc(N_ROWS * width * sizeof *rows);
    before = malloc(N_ROWS * width * sizeof *before);
    if (rows == NULL || before == NULL) goto end;
    rows_of_the_model(rows, width);
    rows_of_the_model(before, width);

    /* Once per token, or per batch of tokens: no allocation, no lock. */
    if (steer_session_apply(session, rows, STEER_F32, N_ROWS, width, outcomes, &error) !=
        STEER_OK) {
        complain("apply", &error);
        goto end;
    }
    printf("steering %s\n", steer_version());
    for (size_t row = 0; row < N_ROWS; row++)
        printf("row %zu: %s, moved by %.4f\n", row,
               outcomes[row] == STEER_ROW_EDITED ? "edited" : "untouched",
               distance(rows + row * width, before + row * width, width));
    result = EXIT_SUCCESS;

end:
    steer_session_destroy(session);
    steer_plan_destroy(plan);
    steer_dictionary_close(dictionary);
    free(before);
    free(rows);
    free(json);
    return result;
}
