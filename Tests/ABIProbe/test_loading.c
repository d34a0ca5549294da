/*
 * The library loaded and unloaded by its name, as plugins do: encoders with threads of their own work
 * each time, and closing the library under one that still has them is not the end of the process.
 *
 *     test_loading <library>
 *
 * Not linked with the library: the two functions that this folder's helpers need are answered here.
 */
#include "fixture.h"
#include "numbers.h"
#include "probe.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 700, WIDTH = 48, ROWS = 12, K = 9, ROUNDS = 20 };

typedef struct library {
    void *handle;
    const char *(*status_name)(steer_status_t);
    steer_status_t (*open)(const char *, const steer_open_options_t *, steer_dictionary_t **,
        steer_error_t *);
    void (*close)(steer_dictionary_t *);
    steer_status_t (*create)(const steer_dictionary_t *, const steer_encoder_options_t *,
        steer_encoder_t **, steer_error_t *);
    steer_status_t (*encode)(steer_encoder_t *, const void *, steer_type_t, size_t, size_t,
        uint64_t *, uint32_t *, float *, size_t, size_t *, steer_outcome_t *, steer_error_t *);
    void (*destroy)(steer_encoder_t *);
} library_t;

static library_t library;

const char *steer_status_name(steer_status_t status) { return library.status_name(status); }

steer_status_t steer_dictionary_open(const char *path, const steer_open_options_t *options,
    steer_dictionary_t **out, steer_error_t *error)
{
    return library.open(path, options, out, error);
}

static void *find(const char *name)
{
    void *found = dlsym(library.handle, name);
    if (found == NULL) {
        printf("%s is not exported\n", name);
        exit(1);
    }
    return found;
}

static void load(const char *path)
{
    library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library.handle == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    *(void **)&library.status_name = find("steer_status_name");
    *(void **)&library.open = find("steer_dictionary_open");
    *(void **)&library.close = find("steer_dictionary_close");
    *(void **)&library.create = find("steer_encoder_create_with_options");
    *(void **)&library.encode = find("steer_encoder_encode");
    *(void **)&library.destroy = find("steer_encoder_destroy");
}

typedef struct codes {
    uint64_t offsets[ROWS + 1];
    uint32_t indices[ROWS * K];
    float values[ROWS * K];
} codes_t;

static steer_encoder_t *encode(const fixture_t *fixture, const float *rows, codes_t *codes)
{
    steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    steer_dictionary_t *dictionary = fixture_open(fixture);
    steer_encoder_t *encoder = NULL;
    memset(codes, 0, sizeof *codes);
    options.workers = 3;
    REQUIRE_OK(library.create(dictionary, &options, &encoder, &probe_error));
    REQUIRE_OK(library.encode(encoder, rows, STEER_F32, ROWS, WIDTH, codes->offsets, codes->indices,
        codes->values, ROWS * K, NULL, NULL, &probe_error));
    library.close(dictionary);
    return encoder;
}

int main(int argc, char **argv)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    codes_t first, again;
    float rows[ROWS * WIDTH];
    uint64_t state = 7;
    size_t i;
    if (argc != 2) {
        printf("usage: test_loading <library>\n");
        return 2;
    }
    for (i = 0; i < ROWS * WIDTH; i++) {
        rows[i] = (float)random_normal(&state);
    }
    spec.architecture = "topk";
    spec.features = FEATURES;
    spec.width = WIDTH;
    spec.k = K;
    fixture_make(&fixture, &spec);
    fixture_write(&fixture);
    for (i = 0; i < ROUNDS; i++) {
        probe_case("round %zu", i);
        load(argv[1]);
        library.destroy(encode(&fixture, rows, i == 0 ? &first : &again));
        CHECK(i == 0 || memcmp(&first, &again, sizeof first) == 0, "the codes differ");
        CHECK(dlclose(library.handle) == 0, "%s", dlerror());
    }
    CHECK(first.offsets[ROWS] > 0, "nothing is active");
    probe_case("closed under an encoder");
    load(argv[1]);
    {
        steer_encoder_t *encoder = encode(&fixture, rows, &again);
        CHECK(dlclose(library.handle) == 0, "%s", dlerror());
        load(argv[1]);
        library.destroy(encoder);
        encoder = encode(&fixture, rows, &again);
        CHECK(memcmp(&first, &again, sizeof first) == 0, "the codes differ");
        /* Its threads sleep when the process ends. */
        CHECK(encoder != NULL && dlclose(library.handle) == 0, "%s", dlerror());
    }
    fixture_end(&fixture);
    return probe_finish();
}
