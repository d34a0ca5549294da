/*
 * The key calls, each once under callgrind after a first call that warms what is kept. A dump per call
 * carries its name; Benchmarks/instructions.py starts this and reads the dumps.
 *
 * Without valgrind it runs them all and counts nothing.
 */
#include "fixture.h"
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

typedef void call_fn(void *context);

/* Every function of an operation gets here through the same pointer, so that nothing is inlined. */
static void count(const char *name, call_fn *call, void *context)
{
    call_fn *volatile body = call;
    body(context);
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    body(context);
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}

typedef struct shape {
    const char *architecture;
    size_t features, width, k;
    steer_type_t type;
    float raised; /* added to every threshold */
} shape_t;

/* How the encoder is made, and so what it has to do. */
typedef enum way { BY_DEFAULT, PLAIN, BOUNDED } way_t;

typedef struct subject {
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    steer_plan_t *plan; /* clamps three features */
    steer_session_t *session;
    steer_reader_t *reader; /* of the same */
    steer_encoder_t *encoder;
    size_t batch;
    float *rows; /* [16, width] */
    float activations[16 * 3];
    uint64_t offsets[17];
    uint32_t *indices;
    float *values;
    size_t capacity;
} subject_t;

enum { MOST_ROWS = 16 };

static void encoder_make(subject_t *s, way_t way)
{
    steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    if (way == BY_DEFAULT) {
        REQUIRE_OK(steer_encoder_create(s->dictionary, &s->encoder, &probe_error));
        return;
    }
    options.plain = way == PLAIN;
    REQUIRE_OK(
        steer_encoder_create_with_options(s->dictionary, &options, &s->encoder, &probe_error));
}

/* What was counted is what its name says: every row went the way that was asked for. */
static void encoder_check(const subject_t *s, way_t way, const char *name)
{
    steer_encoder_info_t info = STEER_ENCODER_INFO_INIT;
    uint64_t expected;
    if (way == BY_DEFAULT) {
        return;
    }
    REQUIRE_OK(steer_encoder_inspect(s->encoder, &info, &probe_error));
    expected = way == BOUNDED ? 2 * s->batch : 0;
    CHECK(info.rows == 2 * s->batch, "%s: %lu rows", name, (unsigned long)info.rows);
    CHECK(info.pruned_rows == expected, "%s: bounds thinned out %lu rows, expected %lu", name,
        (unsigned long)info.pruned_rows, (unsigned long)expected);
}

static void subject_make(subject_t *s, shape_t shape, way_t way)
{
    static const uint32_t features[] = { 5, 21, 40 };
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    steer_intervention_t wishes[3];
    size_t i;
    memset(s, 0, sizeof *s);
    spec.architecture = shape.architecture;
    spec.features = shape.features;
    spec.width = shape.width;
    spec.k = shape.k;
    spec.type = shape.type;
    fixture_make(&s->fixture, &spec);
    for (i = 0; i < shape.features; i++) {
        s->fixture.threshold[i] += shape.raised;
    }
    fixture_write(&s->fixture);
    s->dictionary = fixture_open(&s->fixture);
    for (i = 0; i < 3; i++) {
        wishes[i] = scene_wish(features[i], STEER_MODE_CLAMP, 2);
    }
    s->plan = scene_plan(s->dictionary, wishes, 3, NULL);
    s->session = scene_session(s->plan);
    REQUIRE_OK(steer_reader_create(s->dictionary, features, 3, &s->reader, &probe_error));
    encoder_make(s, way);
    s->batch = 1;
    s->rows = probe_allocate(MOST_ROWS * shape.width * sizeof(float));
    scene_fill(s->rows, STEER_F32, MOST_ROWS * shape.width, 1, 7);
    s->capacity = MOST_ROWS * shape.features;
    s->indices = probe_allocate(s->capacity * sizeof *s->indices);
    s->values = probe_allocate(s->capacity * sizeof *s->values);
}

static void subject_end(subject_t *s)
{
    steer_encoder_destroy(s->encoder);
    steer_reader_destroy(s->reader);
    steer_session_destroy(s->session);
    steer_plan_destroy(s->plan);
    steer_dictionary_close(s->dictionary);
    free(s->rows);
    free(s->indices);
    free(s->values);
    fixture_end(&s->fixture);
}

/* ---- Operations --------------------------------------------------------------------------------- */

static void apply(void *context)
{
    subject_t *s = context;
    REQUIRE_OK(steer_session_apply(
        s->session, s->rows, STEER_F32, s->batch, s->fixture.d, NULL, &probe_error));
}

static void read_features(void *context)
{
    subject_t *s = context;
    REQUIRE_OK(steer_reader_read(s->reader, s->rows, STEER_F32, s->batch, s->fixture.d,
        s->activations, 3, &probe_error));
}

static void encode(void *context)
{
    subject_t *s = context;
    REQUIRE_OK(steer_encoder_encode(s->encoder, s->rows, STEER_F32, s->batch, s->fixture.d,
        s->offsets, s->indices, s->values, s->capacity, NULL, NULL, &probe_error));
}

static void open_and_plan(void *context)
{
    const subject_t *s = context;
    steer_dictionary_t *dictionary = fixture_open(&s->fixture);
    steer_intervention_t wish = scene_wish(5, STEER_MODE_CLAMP, 2);
    steer_plan_t *plan = scene_plan(dictionary, &wish, 1, NULL);
    steer_session_destroy(scene_session(plan));
    steer_plan_destroy(plan);
    steer_dictionary_close(dictionary);
}

/* Shapes of which bounds can rule most out; of RARE they do, as few features reach its thresholds. */
#define TOP_K { "topk", 1024, 256, 32, STEER_F32, 0 }
#define JUMP_RELU { "jumprelu", 1024, 256, 0, STEER_F32, 0 }
#define RARE { "jumprelu", 1024, 256, 0, STEER_F32, 2 }

int main(void)
{
    static const struct {
        const char *name;
        call_fn *call;
        shape_t shape;
        size_t batch;
        way_t way;
    } operations[] = {
        { "clamp 3, jumprelu f32 2304", apply, { "jumprelu", 64, 2304, 0, STEER_F32, 0 }, 1,
            BY_DEFAULT },
        { "clamp 3, jumprelu bf16 2304", apply, { "jumprelu", 64, 2304, 0, STEER_BF16, 0 }, 1,
            BY_DEFAULT },
        { "clamp 3, topk f32 2304x256", apply, { "topk", 256, 2304, 12, STEER_F32, 0 }, 1,
            BY_DEFAULT },
        { "read 3, jumprelu f32 2304", read_features, { "jumprelu", 64, 2304, 0, STEER_F32, 0 }, 1,
            BY_DEFAULT },
        { "encode, topk bf16 256x1024", encode, { "topk", 1024, 256, 32, STEER_BF16, 0 }, 1,
            BY_DEFAULT },
        { "encode, jumprelu f32 256x1024", encode, JUMP_RELU, 1, BY_DEFAULT },
        { "encode plainly, topk f32 256x1024", encode, TOP_K, 1, PLAIN },
        { "encode 16 rows plainly, topk f32 256x1024", encode, TOP_K, 16, PLAIN },
        { "encode plainly, jumprelu f32 256x1024", encode, RARE, 1, PLAIN },
        { "encode 16 rows plainly, jumprelu f32 256x1024", encode, RARE, 16, PLAIN },
        { "encode with bounds, topk f32 256x1024", encode, TOP_K, 1, BOUNDED },
        { "encode 16 rows with bounds, topk f32 256x1024", encode, TOP_K, 16, BOUNDED },
        { "encode with bounds, jumprelu f32 256x1024", encode, RARE, 1, BOUNDED },
        { "encode 16 rows with bounds, jumprelu f32 256x1024", encode, RARE, 16, BOUNDED },
        { "select, topk f32 4x16384", encode, { "topk", 16384, 4, 64, STEER_F32, 0 }, 1,
            BY_DEFAULT },
        { "open and plan, jumprelu f32", open_and_plan, { "jumprelu", 64, 256, 0, STEER_F32, 0 }, 1,
            BY_DEFAULT },
    };
    steer_capabilities_t capabilities = STEER_CAPABILITIES_INIT;
    size_t i;
    REQUIRE_OK(steer_capabilities_get(&capabilities, &probe_error));
    printf("%s\n", capabilities.kernels);
    for (i = 0; i < sizeof operations / sizeof *operations; i++) {
        subject_t subject;
        subject_make(&subject, operations[i].shape, operations[i].way);
        subject.batch = operations[i].batch;
        count(operations[i].name, operations[i].call, &subject);
        encoder_check(&subject, operations[i].way, operations[i].name);
        subject_end(&subject);
    }
    return probe_failures();
}
