/* Readers and encoders: what they refuse, capacities, undefined rows, many rows at once, all types.
 */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 20, FEATURES = 48, ROWS = 70, NAMED = 4 };

static scene_t scene;

typedef struct outputs {
    probe_guard_t offsets, indices, values, outcomes, activations;
} outputs_t;

static outputs_t make_outputs(size_t rows, size_t capacity)
{
    outputs_t o;
    o.offsets = probe_guard_make((rows + 1) * sizeof(uint64_t));
    o.indices = probe_guard_make(capacity * sizeof(uint32_t));
    o.values = probe_guard_make(capacity * sizeof(float));
    o.outcomes = probe_guard_make(rows * sizeof(steer_outcome_t));
    o.activations = probe_guard_make(rows * NAMED * sizeof(float));
    return o;
}

static int is_untouched(const probe_guard_t *guard)
{
    size_t i;
    for (i = 0; i < guard->length; i++) {
        if (guard->bytes[i] != 0xA5) {
            return 0;
        }
    }
    return probe_guard_intact(guard);
}

static void end_outputs(outputs_t *o, int untouched, int line)
{
    if (untouched) {
        CHECK(is_untouched(&o->offsets) && is_untouched(&o->indices) && is_untouched(&o->values)
                && is_untouched(&o->outcomes) && is_untouched(&o->activations),
            "line %d: a refused call wrote its outputs", line);
    }
    CHECK(probe_guard_intact(&o->offsets) && probe_guard_intact(&o->indices)
            && probe_guard_intact(&o->values) && probe_guard_intact(&o->outcomes)
            && probe_guard_intact(&o->activations),
        "line %d: bytes beside an output were written", line);
    probe_guard_free(&o->offsets);
    probe_guard_free(&o->indices);
    probe_guard_free(&o->values);
    probe_guard_free(&o->outcomes);
    probe_guard_free(&o->activations);
}

#define ENCODE(o, rows, type, n_rows, stride, capacity, required, error)                           \
    steer_encoder_encode(scene.encoder, rows, type, n_rows, stride,                                \
        (uint64_t *)(void *)(o).offsets.bytes, (uint32_t *)(void *)(o).indices.bytes,              \
        (float *)(void *)(o).values.bytes, capacity, required,                                     \
        (steer_outcome_t *)(void *)(o).outcomes.bytes, error)
#define READ(o, rows, type, n_rows, stride, out_stride, error)                                     \
    steer_reader_read(scene.reader, rows, type, n_rows, stride,                                    \
        (float *)(void *)(o).activations.bytes, out_stride, error)

/* Both observers refuse the same rows, with the same status and row. */
static void refuse(const void *rows, steer_type_t type, size_t n_rows, size_t stride,
    steer_status_t status, int64_t row, int line)
{
    outputs_t o = make_outputs(8, 8 * FEATURES);
    steer_error_t error = STEER_ERROR_INIT, other = STEER_ERROR_INIT;
    size_t required = 77;
    CHECK_STATUS(status, ENCODE(o, rows, type, n_rows, stride, 8 * FEATURES, &required, &error));
    scene_check_error(&error, status, row, line);
    CHECK_STATUS(status, READ(o, rows, type, n_rows, stride, NAMED, &other));
    scene_check_error(&other, status, row, line);
    CHECK(required == 77, "line %d: required was written", line);
    end_outputs(&o, 1, line);
}

static void test_refusals(steer_type_t type)
{
    unsigned char rows[8 * (WIDTH + 2) * 4 + 8];
    const float bad[] = { NAN, INFINITY, -INFINITY };
    size_t row, b, offset;
    probe_case("refused rows, %s", element_name(type));
    scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
    refuse(rows, type, 8, WIDTH - 1, STEER_ERR_SHAPE, -1, __LINE__);
    refuse(rows, type, 8, 0, STEER_ERR_SHAPE, -1, __LINE__);
    refuse(rows, type, 8, SIZE_MAX, STEER_ERR_SHAPE, -1, __LINE__);
    refuse(rows, type, 8, SIZE_MAX / 4, STEER_ERR_SHAPE, -1, __LINE__);
    refuse(rows, 3, 8, WIDTH, STEER_ERR_ARGUMENT, -1, __LINE__);
    for (offset = 1; offset < element_size(type); offset++) {
        refuse(rows + offset, type, 1, WIDTH, STEER_ERR_ARGUMENT, -1, __LINE__);
    }
    for (b = 0; b < 3; b++) {
        for (row = 0; row < 8; row++) {
            scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
            element_store(rows, type, row * (WIDTH + 2) + (row % 2 ? WIDTH - 1 : 0), bad[b]);
            refuse(rows, type, 8, WIDTH + 2, STEER_ERR_NONFINITE, (int64_t)row, __LINE__);
        }
    }
    /* Between rows anything may stand. */
    scene_fill(rows, type, 8 * (WIDTH + 2), 1, 3);
    {
        outputs_t o = make_outputs(8, 8 * FEATURES);
        element_store(rows, type, WIDTH, NAN);
        CHECK_STATUS(STEER_OK, ENCODE(o, rows, type, 8, WIDTH + 2, 8 * FEATURES, NULL, NULL));
        CHECK_STATUS(STEER_OK, READ(o, rows, type, 8, WIDTH + 2, NAMED, NULL));
        end_outputs(&o, 0, __LINE__);
    }
}

/* Exactly what is required is enough; one entry less is too little and says how much. */
static void test_capacities(void)
{
    float rows[8 * WIDTH];
    size_t required = 0, again = 0, n, capacity;
    probe_case("capacities");
    scene_fill(rows, STEER_F32, 8 * WIDTH, 1, 3);
    CHECK_STATUS(STEER_ERR_CAPACITY,
        steer_encoder_encode(scene.encoder, rows, STEER_F32, 8, WIDTH, (uint64_t[9]){ 0 },
            (uint32_t[1]){ 0 }, (float[1]){ 0 }, 0, &required, NULL, NULL));
    CHECK(required > 20 && required <= 8 * FEATURES, "required is %zu", required);
    for (n = 0; n < 4; n++) {
        const size_t capacities[] = { required - 1, required, required + 1, 1 };
        outputs_t o;
        capacity = capacities[n];
        o = make_outputs(8, capacity);
        again = 0;
        CHECK_STATUS(capacity >= required ? STEER_OK : STEER_ERR_CAPACITY,
            ENCODE(o, rows, STEER_F32, 8, WIDTH, capacity, &again, NULL));
        CHECK(again == required, "required is %zu, then %zu", required, again);
        end_outputs(&o, capacity < required, __LINE__);
    }
    {
        outputs_t o = make_outputs(8, required);
        const uint64_t *offsets = (const uint64_t *)(const void *)o.offsets.bytes;
        CHECK_STATUS(STEER_OK, ENCODE(o, NULL, STEER_F32, 0, WIDTH, required, &again, NULL));
        CHECK(offsets[0] == 0 && again == 0, "no rows, %zu entries", again);
        CHECK_STATUS(STEER_OK, READ(o, NULL, STEER_F32, 0, WIDTH, NAMED, NULL));
        CHECK_STATUS(STEER_ERR_SHAPE, READ(o, rows, STEER_F32, 8, WIDTH, NAMED - 1, NULL));
        CHECK_STATUS(STEER_ERR_SHAPE, READ(o, rows, STEER_F32, 8, WIDTH, SIZE_MAX / 2, NULL));
        end_outputs(&o, 0, __LINE__);
    }
}

static void test_overlaps(void)
{
    /* One block in which every output can be laid over another. */
    union {
        uint64_t offsets[512];
        uint32_t indices[1024];
        float values[1024];
        steer_outcome_t outcomes[1024];
    } *all = probe_allocate(sizeof *all), *apart = probe_allocate(sizeof *apart),
      *third = probe_allocate(sizeof *third), *fourth = probe_allocate(sizeof *fourth);
    float *rows = all->values;
    probe_case("overlaps");
    scene_fill(rows, STEER_F32, 2 * WIDTH, 1, 3);
#define OVERLAP(o, i, v, c)                                                                        \
    CHECK_STATUS(STEER_ERR_ARGUMENT,                                                               \
        steer_encoder_encode(                                                                      \
            scene.encoder, rows, STEER_F32, 2, WIDTH, o, i, v, 96, NULL, c, NULL))
    OVERLAP(all->offsets + 19, apart->indices, third->values, NULL);
    OVERLAP(apart->offsets, all->indices + 39, third->values, NULL);
    OVERLAP(apart->offsets, third->indices, all->values, NULL);
    OVERLAP(apart->offsets, third->indices, fourth->values, all->outcomes);
    OVERLAP(apart->offsets, apart->indices + 5, third->values, NULL);
    OVERLAP(apart->offsets, third->indices, apart->values, NULL);
    OVERLAP(apart->offsets, third->indices, third->values + 95, NULL);
    OVERLAP(apart->offsets, third->indices, fourth->values, apart->outcomes + 5);
    OVERLAP(apart->offsets, third->indices, fourth->values, third->outcomes);
    OVERLAP(apart->offsets, third->indices, fourth->values, fourth->outcomes + 95);
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_reader_read(
            scene.reader, rows, STEER_F32, 2, WIDTH, rows + 2 * WIDTH - 1, NAMED, NULL));
    CHECK_STATUS(STEER_OK,
        steer_reader_read(scene.reader, rows, STEER_F32, 2, WIDTH, rows + 2 * WIDTH, NAMED, NULL));
    free(all);
    free(apart);
    free(third);
    free(fourth);
}

/* Many rows in one call, or one at a time, strided or not, selective or full: the same bits. */
static void test_same_bits(steer_type_t type)
{
    const size_t bytes = element_size(type), stride = WIDTH + 5;
    unsigned char *tight = probe_allocate(ROWS * WIDTH * 4),
                  *loose = probe_allocate(ROWS * stride * 4);
    static uint64_t offsets[ROWS + 1], one[2];
    static uint32_t indices[ROWS * FEATURES], single_indices[FEATURES];
    static float values[ROWS * FEATURES], single_values[FEATURES], dense[ROWS * (NAMED + 1)],
        row_dense[NAMED];
    steer_outcome_t outcomes[ROWS];
    size_t required = 0, r, i;
    probe_case("same bits, %s", element_name(type));
    scene_fill(tight, type, ROWS * WIDTH, 1.5, 8);
    for (r = 0; r < ROWS; r++) {
        memcpy(loose + r * stride * bytes, tight + r * WIDTH * bytes, WIDTH * bytes);
    }
    memset(dense, 0x5A, sizeof dense);
    REQUIRE_OK(steer_encoder_encode(scene.encoder, loose, type, ROWS, stride, offsets, indices,
        values, ROWS * FEATURES, &required, outcomes, &probe_error));
    REQUIRE_OK(
        steer_reader_read(scene.reader, loose, type, ROWS, stride, dense, NAMED + 1, &probe_error));
    for (r = 0; r < ROWS; r++) {
        const size_t begin = (size_t)offsets[r], count = (size_t)(offsets[r + 1] - offsets[r]);
        REQUIRE_OK(steer_encoder_encode(scene.encoder, tight + r * WIDTH * bytes, type, 1, WIDTH,
            one, single_indices, single_values, FEATURES, NULL, NULL, &probe_error));
        REQUIRE_OK(steer_reader_read(scene.reader, tight + r * WIDTH * bytes, type, 1, WIDTH,
            row_dense, NAMED, &probe_error));
        CHECK(one[1] == count && memcmp(single_indices, indices + begin, count * 4) == 0
                && memcmp(single_values, values + begin, count * 4) == 0,
            "row %zu alone encodes differently", r);
        CHECK(memcmp(row_dense, dense + r * (NAMED + 1), sizeof row_dense) == 0,
            "row %zu alone reads differently", r);
        CHECK(bits_from_float(dense[r * (NAMED + 1) + NAMED]) == 0x5A5A5A5Au || r == ROWS - 1,
            "what lies between activations was written");
        CHECK(outcomes[r] == STEER_ROW_UNTOUCHED, "outcome %d", outcomes[r]);
        for (i = 1; i < count; i++) {
            CHECK(indices[begin + i - 1] < indices[begin + i], "row %zu: indices are not ascending",
                r);
        }
    }
    free(tight);
    free(loose);
}

static void test_refused_readers(void)
{
    static const uint32_t good[] = { 5, 5, 0 }, bad[] = { 1, 48 }, worse[] = { UINT32_MAX };
    steer_reader_t *reader = NULL;
    float row[WIDTH], out[3];
    probe_case("readers");
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_reader_create(scene.dictionary, bad, 2, &reader, NULL));
    CHECK_STATUS(
        STEER_ERR_ARGUMENT, steer_reader_create(scene.dictionary, worse, 1, &reader, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_reader_create(scene.dictionary, good, 0, &reader, NULL));
    CHECK_STATUS(
        STEER_ERR_ARGUMENT, steer_reader_create(scene.dictionary, good, SIZE_MAX, &reader, NULL));
    CHECK(reader == NULL, "a refused reader was written");
    REQUIRE_OK(steer_reader_create(scene.dictionary, good, 3, &reader, &probe_error));
    scene_fill(row, STEER_F32, WIDTH, 1, 1);
    REQUIRE_OK(steer_reader_read(reader, row, STEER_F32, 1, WIDTH, out, 3, &probe_error));
    CHECK(
        bits_from_float(out[0]) == bits_from_float(out[1]), "one feature named twice reads twice");
    steer_reader_destroy(reader);
}

int main(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    size_t kind;
    steer_type_t type;
    for (kind = 0; kind < 3; kind++) {
        spec.architecture = kind == 0 ? "jumprelu" : kind == 1 ? "topk" : "gated";
        spec.k = kind == 1 ? 9 : 0;
        scene_make_with(&scene, &spec);
        for (type = STEER_F32; type <= STEER_F16; type++) {
            test_refusals(type);
            test_same_bits(type);
        }
        test_capacities();
        test_overlaps();
        test_refused_readers();
        scene_end(&scene);
    }
    return probe_finish();
}
