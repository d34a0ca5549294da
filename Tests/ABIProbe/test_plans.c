/*
 * Plans: what compiles and what does not, what the flags say, fingerprints that agree exactly where
 * the edit agrees, and control vectors.
 */
#include "numbers.h"
#include "oracle.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 20 };

static scene_t scene;

static void refuse_plan(const steer_intervention_t *wishes, size_t count,
    const steer_scope_t *scope, const char *field, int line)
{
    steer_plan_t *plan = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    const steer_status_t status =
        steer_plan_compile(scene.dictionary, wishes, count, scope, &plan, &error);
    CHECK(status == STEER_ERR_PLAN && plan == NULL, "line %d: %s: %s", line,
        steer_status_name(status), error.message);
    scene_check_error(&error, status, -1, line);
    CHECK(strstr(error.message, field) != NULL, "line %d: '%s' does not name %s", line,
        error.message, field);
    steer_plan_destroy(plan);
}

static void test_refused_plans(void)
{
    steer_intervention_t wishes[3];
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_range_t range = { 3, 3 };
    size_t i;
    probe_case("refused plans");
    wishes[0] = scene_wish(1, STEER_MODE_ADD, 1);
#define RESET() (wishes[1] = scene_wish(2, STEER_MODE_CLAMP, 1))
#define REFUSE(field) refuse_plan(wishes, 2, NULL, field, __LINE__)
    RESET();
    wishes[1].feature = 48;
    REFUSE("interventions[1].feature");
    wishes[1].feature = UINT32_MAX;
    REFUSE("interventions[1].feature");
    RESET();
    for (i = 0; i < 4; i++) {
        static const int32_t bad[] = { -1, 7, INT32_MAX, INT32_MIN };
        wishes[1].mode = bad[i];
        REFUSE("interventions[1].mode");
    }
    RESET();
    wishes[1].strength = 4;
    REFUSE("interventions[1].strength");
    wishes[1].strength = STEER_STRENGTH_UNIT;
    REFUSE("interventions[1].strength");
    RESET();
    for (i = 0; i < 4; i++) {
        const double bad[] = { NAN, INFINITY, -INFINITY, 1e39 };
        wishes[1].alpha = bad[i];
        REFUSE("interventions[1].alpha");
    }
    wishes[1] = scene_wish(2, STEER_MODE_ABLATE, 1);
    REFUSE("interventions[1].alpha");
    wishes[1] = scene_wish(2, STEER_MODE_PROJECT_OUT, NAN);
    REFUSE("interventions[1].alpha");
    RESET();
    wishes[1].max_activation = 2;
    REFUSE("interventions[1].max_activation");
    wishes[1].strength = STEER_STRENGTH_MAX_ACTIVATION;
    for (i = 0; i < 5; i++) {
        const double bad[] = { 0, -1, NAN, INFINITY, 1e39 };
        wishes[1].max_activation = bad[i];
        REFUSE("interventions[1].max_activation");
    }
    wishes[1].max_activation = 1e30;
    wishes[1].alpha = 1e30;
    REFUSE("interventions[1].alpha");
    wishes[1] = scene_wish(1, STEER_MODE_CLAMP, 1); /* one feature set twice */
    REFUSE("interventions[1]");
    RESET();
    scope.phase = 3;
    wishes[1].scope = &scope;
    REFUSE("interventions[1].scope.phase");
    refuse_plan(wishes, 1, &scope, "scope.phase", __LINE__);
    scope.phase = STEER_PHASE_ALL;
    scope.ranges = &range;
    scope.n_ranges = 1;
    REFUSE("interventions[1].scope.ranges[0]");
    range.begin = 4;
    refuse_plan(wishes, 1, &scope, "scope.ranges[0]", __LINE__);
    scope.n_ranges = UINT64_MAX;
    REFUSE("interventions[1].scope");
}

static void test_json(void)
{
    static const struct {
        const char *text;
        steer_status_t status;
    } cases[] = {
        { "", STEER_ERR_FILE },
        { "{", STEER_ERR_FILE },
        { "{\"version\": 1, \"interventions\": [{\"feature\": 1, \"alpha\": 1}]} x",
            STEER_ERR_FILE },
        { "[]", STEER_ERR_PLAN },
        { "{\"version\": 2, \"interventions\": [{\"feature\": 1, \"alpha\": 1}]}", STEER_ERR_PLAN },
        { "{\"version\": 1, \"interventions\": []}", STEER_ERR_PLAN },
        { "{\"version\": 1, \"interventions\": [{\"feature\": 48, \"alpha\": 1}]}",
            STEER_ERR_PLAN },
        { "{\"version\": 1, \"interventions\": [{\"feature\": 1, \"alpha\": 1, \"x\": 0}]}",
            STEER_ERR_PLAN },
        { "{\"version\": 1, \"interventions\": [{\"feature\": 1, \"alpha\": 1}]}", STEER_OK },
    };
    const steer_intervention_t wish = scene_wish(1, STEER_MODE_ADD, 1);
    steer_plan_t *plan = scene_plan(scene.dictionary, &wish, 1, NULL);
    uint8_t expected[32], found[32];
    size_t i;
    probe_case("json");
    REQUIRE_OK(steer_plan_fingerprint(plan, expected, &probe_error));
    steer_plan_destroy(plan);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t length = strlen(cases[i].text);
        char *text = (char *)probe_allocate(length + 1);
        memcpy(text, cases[i].text, length);
        text[length] = 'x'; /* no NUL is needed, and nothing behind `length` is read */
        plan = NULL;
        CHECK_STATUS(cases[i].status,
            steer_plan_compile_json(scene.dictionary, text, length, &plan, &probe_error));
        CHECK((plan != NULL) == (cases[i].status == STEER_OK), "case %zu: a handle", i);
        if (plan != NULL) {
            REQUIRE_OK(steer_plan_fingerprint(plan, found, &probe_error));
            CHECK(memcmp(expected, found, 32) == 0, "the JSON form has another fingerprint");
        }
        steer_plan_destroy(plan);
        free(text);
    }
    plan = NULL;
    CHECK_STATUS_IN(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_FILE) | ONE(STEER_ERR_PLAN),
        steer_plan_compile_json(scene.dictionary, "{}", ((size_t)16 << 20) + 1, &plan, NULL));
    CHECK_STATUS_IN(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_FILE) | ONE(STEER_ERR_PLAN),
        steer_plan_compile_json(scene.dictionary, "{}", SIZE_MAX, &plan, NULL));
    CHECK(plan == NULL, "a refused plan was written");
}

static void test_flags(void)
{
    static const struct {
        const char *architecture, *normalisation;
        int32_t mode, strength, phase;
        uint64_t skip_first;
        uint32_t flags;
    } cases[] = {
        { "jumprelu", "none", STEER_MODE_ADD, STEER_STRENGTH_DECODER, 0, 0, STEER_PLAN_CONSTANT },
        { "topk", "none", STEER_MODE_ADD, STEER_STRENGTH_UNIT, 0, 0, STEER_PLAN_CONSTANT },
        { "jumprelu", "none", STEER_MODE_ADD, STEER_STRENGTH_RELATIVE, 0, 0, 0 },
        { "jumprelu", "none", STEER_MODE_ADD, STEER_STRENGTH_DECODER, 0, 1,
            STEER_PLAN_NEEDS_POSITIONS },
        { "jumprelu", "none", STEER_MODE_ADD, STEER_STRENGTH_DECODER, STEER_PHASE_PROMPT, 0,
            STEER_PLAN_NEEDS_PROMPT_LENGTH | STEER_PLAN_NEEDS_POSITIONS },
        { "jumprelu", "none", STEER_MODE_PROJECT_OUT, STEER_STRENGTH_DECODER, 0, 0, 0 },
        { "jumprelu", "none", STEER_MODE_CLAMP, STEER_STRENGTH_DECODER, 0, 0,
            STEER_PLAN_READS_ACTIVATIONS },
        { "topk", "none", STEER_MODE_CLAMP, STEER_STRENGTH_DECODER, 0, 0,
            STEER_PLAN_READS_ACTIVATIONS | STEER_PLAN_RANKS },
        { "abstopk", "none", STEER_MODE_SCALE, STEER_STRENGTH_DECODER, STEER_PHASE_GENERATED, 0,
            STEER_PLAN_READS_ACTIVATIONS | STEER_PLAN_RANKS | STEER_PLAN_NEEDS_PROMPT_LENGTH
                | STEER_PLAN_NEEDS_POSITIONS },
        { "gated", "none", STEER_MODE_FLOOR, STEER_STRENGTH_DECODER, 0, 0,
            STEER_PLAN_READS_ACTIVATIONS },
        { "jumprelu", "constant_norm_rescale", STEER_MODE_ADD, STEER_STRENGTH_DECODER, 0, 0, 0 },
        { "jumprelu", "layer_norm", STEER_MODE_ADD, STEER_STRENGTH_UNIT, 0, 0,
            STEER_PLAN_CONSTANT },
        { "transcoder", "layer_norm", STEER_MODE_ADD, STEER_STRENGTH_DECODER, 0, 0,
            STEER_PLAN_CONSTANT },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_spec_t spec = FIXTURE_SPEC_INIT;
        fixture_t fixture;
        steer_dictionary_t *dictionary;
        steer_scope_t scope = STEER_SCOPE_INIT;
        steer_intervention_t wishes[2];
        steer_plan_info_t info = STEER_PLAN_INFO_INIT;
        steer_plan_t *plan;
        float buffer[WIDTH];
        const steer_plan_t *constant;
        const int32_t layer = 1;
        probe_case("flags %zu", i);
        spec.architecture = cases[i].architecture;
        spec.normalisation = cases[i].normalisation;
        spec.k = strstr(spec.architecture, "topk") ? 5 : 0;
        dictionary = fixture_create(&fixture, &spec);
        wishes[0] = scene_wish(3, cases[i].mode, cases[i].mode == STEER_MODE_PROJECT_OUT ? 0 : 1);
        wishes[0].strength = cases[i].strength;
        wishes[1] = scene_wish(9, STEER_MODE_ADD, 0.25);
        wishes[1].strength = STEER_STRENGTH_UNIT;
        scope.phase = cases[i].phase;
        scope.skip_first = cases[i].skip_first;
        plan = scene_plan(dictionary, wishes, 2, &scope);
        REQUIRE_OK(steer_plan_inspect(plan, &info, &probe_error));
        CHECK(info.flags == cases[i].flags, "flags %u, expected %u", info.flags, cases[i].flags);
        CHECK(info.width == WIDTH && info.n_interventions == 2 && info.n_features == 2
                && info.n_readings == (cases[i].flags & STEER_PLAN_READS_ACTIVATIONS ? 1u : 0u),
            "counts");
        constant = plan;
        CHECK_STATUS(cases[i].flags & STEER_PLAN_CONSTANT ? STEER_OK : STEER_ERR_PLAN,
            steer_plan_control_vector(&constant, &layer, 1, 1, buffer, WIDTH, NULL, NULL));
        steer_plan_destroy(plan);
        steer_dictionary_close(dictionary);
        fixture_end(&fixture);
    }
}

static void test_control_vectors(void)
{
    enum { LAYERS = 5 };
    steer_intervention_t wishes[3];
    const steer_plan_t *plans[4];
    steer_plan_t *own[3];
    const int32_t layers[4] = { 2, 5, 2, 1 };
    int32_t bad[4] = { 2, 5, 2, 0 };
    probe_guard_t guard = probe_guard_make(LAYERS * WIDTH * sizeof(float));
    float *buffer = (float *)(void *)guard.bytes;
    double expected[LAYERS * WIDTH] = { 0 }, zero[WIDTH] = { 0 }, row[WIDTH], margin;
    size_t required = 0, i, j;
    wishes[0] = scene_wish(1, STEER_MODE_ADD, 0.5);
    wishes[1] = scene_wish(2, STEER_MODE_ADD, -3);
    wishes[1].strength = STEER_STRENGTH_UNIT;
    wishes[2] = scene_wish(1, STEER_MODE_ADD, 2);
    wishes[2].strength = STEER_STRENGTH_MAX_ACTIVATION;
    wishes[2].max_activation = 4;
    probe_case("control vectors");
    for (i = 0; i < 3; i++) {
        own[i] = scene_plan(scene.dictionary, wishes + i, 3 - i, NULL);
    }
    for (i = 0; i < 4; i++) {
        plans[i] = own[i % 3];
        oracle_apply(&scene.fixture, wishes + i % 3, 3 - i % 3, NULL, 0, 0, zero, row, &margin);
        for (j = 0; j < WIDTH; j++) {
            expected[(size_t)(layers[i] - 1) * WIDTH + j] += row[j];
        }
    }
    REQUIRE_OK(steer_plan_control_vector(
        plans, layers, 4, LAYERS, buffer, LAYERS * WIDTH, &required, &probe_error));
    CHECK(required == LAYERS * WIDTH, "required is %zu", required);
    for (i = 0; i < LAYERS * WIDTH; i++) {
        CHECK(fabs(buffer[i] - expected[i]) <= 1e-5 * (1 + fabs(expected[i])),
            "layer %zu, column %zu: %g, expected %g", i / WIDTH + 1, i % WIDTH, buffer[i],
            expected[i]);
    }
    CHECK(probe_guard_intact(&guard), "bytes beside the buffer were written");
    memset(guard.bytes, 7, guard.length);
    required = 0;
    CHECK_STATUS(STEER_ERR_CAPACITY,
        steer_plan_control_vector(
            plans, layers, 4, LAYERS, buffer, LAYERS * WIDTH - 1, &required, NULL));
    CHECK(required == LAYERS * WIDTH, "required is %zu", required);
    CHECK_STATUS(STEER_ERR_CAPACITY,
        steer_plan_control_vector(plans, layers, 4, LAYERS, NULL, 0, &required, NULL));
#define REFUSE_VECTOR(mask, layers_, n_layers_)                                                    \
    CHECK_STATUS_IN(mask,                                                                          \
        steer_plan_control_vector(                                                                 \
            plans, layers_, 4, n_layers_, buffer, LAYERS *WIDTH, &required, NULL))
    required = 99;
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT), bad, LAYERS);
    bad[3] = -1;
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT), bad, LAYERS);
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_SHAPE), layers, LAYERS - 1);
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_SHAPE), layers, 0);
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_SHAPE), layers, SIZE_MAX);
    REFUSE_VECTOR(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_SHAPE), layers, SIZE_MAX / 8);
    CHECK_STATUS_IN(ONE(STEER_ERR_ARGUMENT) | ONE(STEER_ERR_SHAPE),
        steer_plan_control_vector(plans, layers, SIZE_MAX, LAYERS, buffer, 0, NULL, NULL));
    CHECK(required == 99, "a refused call wrote required");
    for (i = 0; i < guard.length; i++) {
        CHECK(guard.bytes[i] == 7, "a refused call wrote the buffer");
    }
    wishes[0].alpha = 3e38;
    wishes[0].strength = STEER_STRENGTH_UNIT;
    {
        /* Twelve times 3e38 on a direction whose largest part is far above 1/9. */
        steer_plan_t *strong = scene_plan(scene.dictionary, wishes, 1, NULL);
        const steer_plan_t *many[12];
        int32_t ones[12];
        for (i = 0; i < 12; i++) {
            many[i] = strong;
            ones[i] = 1;
        }
        CHECK_STATUS(STEER_ERR_NONFINITE,
            steer_plan_control_vector(many, ones, 12, 1, buffer, LAYERS * WIDTH, NULL, NULL));
        steer_plan_destroy(strong);
    }
    for (i = 0; i < 3; i++) {
        steer_plan_destroy(own[i]);
    }
    probe_guard_free(&guard);
}

int main(void)
{
    scene_make(&scene);
    test_refused_plans();
    test_json();
    test_flags();
    test_control_vectors();
    scene_end(&scene);
    return probe_finish();
}
