/*
 * Encoders made in every way: threads, bounds or none, batches of any size. Their codes are those of
 * one thread that encodes plainly row by row, bit for bit, and what they say about themselves is true.
 */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 72, FEATURES = 1200, ROWS = 150, K = 20, MAX_WORKERS = 3 };

/* A dictionary large enough for bounds: features * width is at least 16,384. */
static steer_dictionary_t *large_dictionary(
    fixture_t *fixture, const char *architecture, const char *normalisation)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    size_t i;
    spec.architecture = architecture;
    spec.normalisation = normalisation;
    spec.features = FEATURES;
    spec.width = WIDTH;
    spec.k = strstr(architecture, "topk") ? K : 0;
    spec.rescales = strcmp(architecture, "abstopk") == 0;
    spec.type = strcmp(architecture, "topk") == 0 ? STEER_BF16 : STEER_F32;
    fixture_make(fixture, &spec);
    for (i = 0; i < FEATURES; i++) {
        fixture->threshold[i] += 2; /* few features of a row reach it */
    }
    fixture_write(fixture);
    return fixture_open(fixture);
}

static steer_encoder_t *make_encoder(
    const steer_dictionary_t *dictionary, uint32_t workers, uint32_t plain)
{
    steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    steer_encoder_t *encoder = NULL;
    options.workers = workers;
    options.plain = plain;
    REQUIRE_OK(steer_encoder_create_with_options(dictionary, &options, &encoder, &probe_error));
    return encoder;
}

static steer_encoder_info_t state_of(const steer_encoder_t *encoder)
{
    steer_encoder_info_t info = STEER_ENCODER_INFO_INIT;
    REQUIRE_OK(steer_encoder_inspect(encoder, &info, &probe_error));
    return info;
}

typedef struct codes {
    uint64_t offsets[ROWS + 1];
    uint32_t indices[ROWS * FEATURES];
    float values[ROWS * FEATURES];
    steer_outcome_t outcomes[ROWS];
} codes_t;

/* Encodes ROWS rows, `batch` at a time. */
static void encode(
    steer_encoder_t *encoder, const void *rows, steer_type_t type, size_t batch, codes_t *codes)
{
    size_t first, r;
    codes->offsets[0] = 0;
    for (first = 0; first < ROWS; first += batch) {
        const size_t count = first + batch <= ROWS ? batch : ROWS - first;
        const size_t used = (size_t)codes->offsets[first];
        uint64_t offsets[ROWS + 1];
        size_t required = 0;
        REQUIRE_OK(steer_encoder_encode(encoder,
            (const unsigned char *)rows + first * WIDTH * element_size(type), type, count, WIDTH,
            offsets, codes->indices + used, codes->values + used, ROWS * FEATURES - used, &required,
            codes->outcomes + first, &probe_error));
        CHECK(required == offsets[count], "required is %zu", required);
        for (r = 0; r <= count; r++) {
            codes->offsets[first + r] = used + offsets[r];
        }
    }
}

static int same_codes(const codes_t *a, const codes_t *b)
{
    const size_t count = (size_t)a->offsets[ROWS];
    return memcmp(a->offsets, b->offsets, sizeof a->offsets) == 0
        && memcmp(a->indices, b->indices, count * sizeof a->indices[0]) == 0
        && memcmp(a->values, b->values, count * sizeof a->values[0]) == 0
        && memcmp(a->outcomes, b->outcomes, sizeof a->outcomes) == 0;
}

/* Whether bounds are expected to rule most features out of every row. */
typedef enum pruning { NEVER, ALWAYS, MAYBE } pruning_t;

static void check_state(const steer_encoder_info_t *info, uint32_t workers, uint64_t rows,
    uint64_t entries, pruning_t pruning)
{
    CHECK(info->struct_size == sizeof *info && info->workers == workers && info->rows == rows,
        "%u workers, expected %u; %lu rows, expected %lu", info->workers, workers,
        (unsigned long)info->rows, (unsigned long)rows);
    CHECK(info->pruned_rows <= info->rows, "%lu pruned rows", (unsigned long)info->pruned_rows);
    /* Where more than a quarter is left, the row is encoded plainly; two lists of at most that. */
    CHECK(info->rescored_features <= info->rows * (FEATURES / 2), "%lu rescored features",
        (unsigned long)info->rescored_features);
    switch (pruning) {
    case NEVER:
        CHECK(info->pruned_rows == 0 && info->rescored_features == 0, "%lu rows pruned, %lu read",
            (unsigned long)info->pruned_rows, (unsigned long)info->rescored_features);
        break;
    case ALWAYS:
        CHECK(info->pruned_rows == rows, "%lu of %lu rows pruned",
            (unsigned long)info->pruned_rows, (unsigned long)rows);
        CHECK(info->rescored_features >= entries, "%lu active features, of which %lu were read",
            (unsigned long)entries, (unsigned long)info->rescored_features);
        break;
    default: break;
    }
}

static void test_same_bits(const char *architecture, const char *normalisation, pruning_t pruning)
{
    static const size_t batches[] = { 1, 2, 17, ROWS };
    fixture_t fixture;
    steer_dictionary_t *dictionary = large_dictionary(&fixture, architecture, normalisation);
    codes_t *expected = (codes_t *)probe_allocate(sizeof *expected),
            *found = (codes_t *)probe_allocate(sizeof *found);
    unsigned char *rows = (unsigned char *)probe_allocate(ROWS * WIDTH * sizeof(float));
    steer_type_t type;
    size_t b;
    uint32_t workers, plain;
    for (type = STEER_F32; type <= STEER_F16; type++) {
        steer_encoder_t *reference = make_encoder(dictionary, 1, 1);
        uint64_t entries;
        probe_case("%s, %s, %s rows", architecture, normalisation, element_name(type));
        scene_fill(rows, type, ROWS * WIDTH, 1, 12 + (uint64_t)type);
        encode(reference, rows, type, 1, expected);
        entries = expected->offsets[ROWS];
        CHECK(entries > ROWS && entries < ROWS * FEATURES, "%lu entries", (unsigned long)entries);
        for (b = 0; b < sizeof batches / sizeof batches[0]; b++) {
            for (plain = 0; plain < 2; plain++) {
                steer_encoder_info_t alone = STEER_ENCODER_INFO_INIT;
                for (workers = 1; workers <= MAX_WORKERS; workers++) {
                    steer_encoder_t *encoder = make_encoder(dictionary, workers, plain);
                    steer_encoder_info_t info = state_of(encoder);
                    CHECK(info.workers == workers && info.rows == 0 && info.pruned_rows == 0
                            && info.rescored_features == 0,
                        "a new encoder has counted");
                    encode(encoder, rows, type, batches[b], found);
                    CHECK(same_codes(expected, found),
                        "%u workers, plain %u, batches of %zu encode differently", workers, plain,
                        batches[b]);
                    info = state_of(encoder);
                    check_state(&info, workers, ROWS, entries, plain ? NEVER : pruning);
                    if (workers == 1) {
                        alone = info;
                    }
                    CHECK(info.pruned_rows == alone.pruned_rows
                            && info.rescored_features == alone.rescored_features,
                        "%u workers read %lu encoder rows, one %lu", workers,
                        (unsigned long)info.rescored_features,
                        (unsigned long)alone.rescored_features);
                    steer_encoder_destroy(encoder);
                }
            }
        }
        steer_encoder_destroy(reference);
    }
    free(expected);
    free(found);
    free(rows);
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

/* A row whose normalisation is undefined is not counted, and changes nobody else's codes. */
static void test_undefined_rows(void)
{
    fixture_t fixture;
    steer_dictionary_t *dictionary = large_dictionary(&fixture, "topk", "constant_norm_rescale");
    steer_encoder_t *reference = make_encoder(dictionary, 1, 1),
                    *encoder = make_encoder(dictionary, 3, 0);
    codes_t *expected = (codes_t *)probe_allocate(sizeof *expected),
            *found = (codes_t *)probe_allocate(sizeof *found);
    float *rows = (float *)probe_allocate(ROWS * WIDTH * sizeof *rows);
    steer_encoder_info_t info;
    probe_case("undefined rows");
    scene_fill(rows, STEER_F32, ROWS * WIDTH, 1, 4);
    memset(rows + 33 * WIDTH, 0, WIDTH * sizeof *rows);
    encode(reference, rows, STEER_F32, 1, expected);
    encode(encoder, rows, STEER_F32, ROWS, found);
    CHECK(same_codes(expected, found), "the codes differ");
    CHECK(found->outcomes[33] == STEER_ROW_UNDEFINED, "outcome %d", found->outcomes[33]);
    info = state_of(encoder);
    CHECK(info.rows == ROWS - 1, "%lu rows", (unsigned long)info.rows);
    free(expected);
    free(found);
    free(rows);
    steer_encoder_destroy(reference);
    steer_encoder_destroy(encoder);
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

/* What is refused is refused as ever, and the encoder works on; it needs no open dictionary. */
static void test_refusals(void)
{
    fixture_t fixture;
    steer_dictionary_t *dictionary = large_dictionary(&fixture, "jumprelu", "none");
    steer_encoder_t *encoder = make_encoder(dictionary, 3, 0);
    codes_t *expected = (codes_t *)probe_allocate(sizeof *expected),
            *found = (codes_t *)probe_allocate(sizeof *found);
    float *rows = (float *)probe_allocate(ROWS * WIDTH * sizeof *rows), kept;
    steer_error_t error = STEER_ERROR_INIT;
    size_t required = 77, i, changed = 0;
    probe_case("refusals");
    steer_dictionary_close(dictionary);
    scene_fill(rows, STEER_F32, ROWS * WIDTH, 1, 4);
    encode(encoder, rows, STEER_F32, ROWS, expected);
    kept = rows[100 * WIDTH + 5];
    rows[100 * WIDTH + 5] = NAN;
    rows[120 * WIDTH] = NAN;
    memset(found, 0xA5, sizeof *found);
#define ENCODE(capacity)                                                                           \
    steer_encoder_encode(encoder, rows, STEER_F32, ROWS, WIDTH, found->offsets, found->indices,    \
        found->values, capacity, &required, found->outcomes, &error)
    CHECK_STATUS(STEER_ERR_NONFINITE, ENCODE(ROWS * FEATURES));
    scene_check_error(&error, STEER_ERR_NONFINITE, 100, __LINE__);
    CHECK(required == 77, "required was written");
    rows[100 * WIDTH + 5] = kept;
    scene_fill(rows, STEER_F32, ROWS * WIDTH, 1, 4);
    CHECK_STATUS(STEER_ERR_CAPACITY, ENCODE((size_t)expected->offsets[ROWS] - 1));
    CHECK(required == expected->offsets[ROWS], "required is %zu", required);
    for (i = 0; i < sizeof *found; i++) {
        changed += ((const unsigned char *)found)[i] != 0xA5;
    }
    CHECK(changed == 0, "a refused call wrote its outputs");
#undef ENCODE
    encode(encoder, rows, STEER_F32, 17, found);
    CHECK(same_codes(expected, found), "after an error the codes are others");
    free(expected);
    free(found);
    free(rows);
    steer_encoder_destroy(encoder);
    fixture_end(&fixture);
}

static void test_options(void)
{
    const steer_encoder_options_t empty = STEER_ENCODER_OPTIONS_INIT;
    const uint32_t size = (uint32_t)sizeof empty;
    const uint32_t small[] = { 0, 1, 4, size - 1 };
    struct {
        steer_encoder_options_t options;
        unsigned char later[16];
    } larger;
    scene_t scene;
    steer_encoder_t *encoder = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    uint32_t i;
    probe_case("options");
    scene_make(&scene);
#define CREATE(given)                                                                              \
    steer_encoder_create_with_options(scene.dictionary, given, &encoder, &error)
#define CREATED_WITH(given, n_workers)                                                             \
    do {                                                                                           \
        CHECK_STATUS(STEER_OK, CREATE(given));                                                     \
        CHECK(encoder && state_of(encoder).workers == (n_workers), "expected %u workers",          \
            (unsigned)(n_workers));                                                                \
        steer_encoder_destroy(encoder);                                                            \
        encoder = NULL;                                                                            \
    } while (0)
#define IS_REFUSED(given)                                                                          \
    do {                                                                                           \
        error.status = 0;                                                                          \
        if (CHECK_STATUS(STEER_ERR_ARGUMENT, CREATE(given))) {                                     \
            scene_check_error(&error, STEER_ERR_ARGUMENT, -1, __LINE__);                           \
        }                                                                                          \
        CHECK(encoder == NULL, "a refused create wrote its handle");                               \
    } while (0)
    CREATED_WITH(NULL, 1);
    CREATED_WITH(&empty, 1);
    memset(&larger, 0, sizeof larger);
    for (i = 0; i < 4; i++) {
        larger.options = empty;
        larger.options.struct_size = small[i];
        IS_REFUSED(&larger.options);
    }
    /* What lies behind the struct is not read, a later field at its default is accepted. */
    memset(&larger, 0xFF, sizeof larger);
    larger.options = empty;
    larger.options.workers = 2;
    CREATED_WITH(&larger.options, 2);
    memset(&larger, 0, sizeof larger);
    larger.options = empty;
    larger.options.struct_size = (uint32_t)sizeof larger;
    CREATED_WITH(&larger.options, 1);
    for (i = 0; i < sizeof larger.later; i++) {
        larger.later[i] = 1; /* a later field that is set */
        IS_REFUSED(&larger.options);
        larger.later[i] = 0;
    }
    larger.options.struct_size = UINT32_MAX;
    IS_REFUSED(&larger.options);
    larger.options = empty;
    larger.options.reserved = 1;
    IS_REFUSED(&larger.options);
    larger.options = empty;
    larger.options.workers = 1025;
    IS_REFUSED(&larger.options);
    larger.options.workers = UINT32_MAX;
    IS_REFUSED(&larger.options);
    /* Any other number than 0 is plain. */
    larger.options = empty;
    larger.options.plain = UINT32_MAX;
    CREATED_WITH(&larger.options, 1);
    scene_end(&scene);
}

int main(void)
{
    test_options();
    test_same_bits("topk", "none", ALWAYS);
    test_same_bits("abstopk", "constant_norm_rescale", ALWAYS);
    test_same_bits("jumprelu", "layer_norm", ALWAYS);
    test_same_bits("standard", "none", MAYBE);
    test_same_bits("gated", "none", NEVER);
    test_undefined_rows();
    test_refusals();
    return probe_finish();
}
