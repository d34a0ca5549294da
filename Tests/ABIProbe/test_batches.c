/*
 * One result for a row, however it comes: alone, in a batch, strided, with other plans around it,
 * with given positions, in any type that holds its values.
 */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 37, N_PLANS = 5, N_SESSIONS = 9, WIDTH = 20 };

static scene_t scene;
static steer_plan_t *plans[N_PLANS];

static void make_plans(void)
{
    static const steer_range_t ranges[] = { { 1, 3 }, { 6, 1000 } };
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_intervention_t wishes[4];
    wishes[0] = scene_wish(1, STEER_MODE_ADD, 0.5);
    wishes[1] = scene_wish(2, STEER_MODE_FLOOR, 1);
    wishes[2] = scene_wish(30, STEER_MODE_PROJECT_OUT, 0);
    wishes[3] = scene_wish(3, STEER_MODE_SCALE, 3);
    plans[0] = scene_plan(scene.dictionary, wishes, 4, NULL);
    plans[1] = scene_plan(scene.dictionary, wishes, 1, NULL);
    plans[2] = scene_plan(scene.dictionary, wishes + 2, 1, NULL);
    wishes[1].mode = STEER_MODE_CEILING;
    wishes[0].strength = STEER_STRENGTH_RELATIVE;
    scope.ranges = ranges;
    scope.n_ranges = 2;
    plans[3] = scene_plan(scene.dictionary, wishes, 4, &scope);
    wishes[0] =
        scene_wish(5, STEER_MODE_ABLATE, 0); /* often inactive: then nothing is to be done */
    plans[4] = scene_plan(scene.dictionary, wishes, 1, NULL);
}

/* A batch of rows drawn at random over sessions, NULL among them; singles on forks must agree. */
static void test_batch_equals_singles(steer_type_t type, uint64_t seed, int with_positions)
{
    const size_t stride = WIDTH + seed % 4, bytes = element_size(type);
    steer_session_t *sessions[N_SESSIONS], *singles[N_SESSIONS], *of_row[N_ROWS];
    unsigned char batch[N_ROWS * (WIDTH + 4) * 4], single[N_ROWS * (WIDTH + 4) * 4];
    unsigned char before[sizeof batch];
    uint64_t positions[N_ROWS], state = seed;
    steer_outcome_t outcomes[N_ROWS], outcome;
    size_t of[N_ROWS], r, s, edited = 0;
    probe_case("batch %llu of %s%s", (unsigned long long)seed, element_name(type),
        with_positions ? ", positions given" : "");
    for (s = 0; s < N_SESSIONS; s++) {
        sessions[s] = scene_session(plans[s % N_PLANS]);
        REQUIRE_OK(steer_session_seek(sessions[s], random_bits(&state) % 5, &probe_error));
        REQUIRE_OK(steer_session_fork(sessions[s], &singles[s], &probe_error));
    }
    scene_fill(batch, type, N_ROWS * stride, 2, seed);
    memcpy(single, batch, sizeof batch);
    memcpy(before, batch, sizeof batch);
    for (r = 0; r < N_ROWS; r++) {
        of[r] = random_bits(&state) % (N_SESSIONS + 1);
        of_row[r] = of[r] == N_SESSIONS ? NULL : sessions[of[r]];
        positions[r] = random_bits(&state) % 12;
    }
    REQUIRE_OK(steer_batch_apply(of_row, with_positions ? positions : NULL, batch, type, N_ROWS,
        stride, outcomes, &probe_error));
    for (r = 0; r < N_ROWS; r++) {
        outcome = STEER_ROW_UNTOUCHED;
        if (of_row[r] != NULL) {
            if (with_positions) {
                REQUIRE_OK(steer_session_seek(singles[of[r]], positions[r], &probe_error));
            }
            REQUIRE_OK(steer_session_apply(singles[of[r]], single + r * stride * bytes, type, 1,
                WIDTH, &outcome, &probe_error));
        }
        CHECK(outcome == outcomes[r], "row %zu: outcome %d in the batch, %d alone", r, outcomes[r],
            outcome);
        CHECK((memcmp(before + r * stride * bytes, batch + r * stride * bytes, WIDTH * bytes) != 0)
                    == (outcome == STEER_ROW_EDITED)
                || type != STEER_F32,
            "row %zu: outcome %d does not say whether bits changed", r, outcome);
        edited += outcome == STEER_ROW_EDITED;
    }
    CHECK(
        memcmp(batch, single, N_ROWS * stride * bytes) == 0, "the batch differs from single rows");
    CHECK(edited > 5 && edited < N_ROWS - 2, "%zu rows edited: the case tests too little", edited);
    for (s = 0; s < N_SESSIONS; s++) {
        const steer_session_info_t a = scene_state(sessions[s]), b = scene_state(singles[s]);
        CHECK(scene_same_state(&a, &b),
            "session %zu stands at %llu (%llu rows), alone at %llu (%llu)", s,
            (unsigned long long)a.position, (unsigned long long)a.rows,
            (unsigned long long)b.position, (unsigned long long)b.rows);
        steer_session_destroy(sessions[s]);
        steer_session_destroy(singles[s]);
    }
}

/* Contiguous or strided, one call or many: the same bits. */
static void test_strides(steer_type_t type)
{
    const size_t bytes = element_size(type);
    unsigned char tight[8 * WIDTH * 4], loose[8 * (WIDTH + 7) * 4], by_one[8 * WIDTH * 4];
    steer_session_t *session;
    size_t r, i;
    for (i = 0; i < N_PLANS; i++) {
        probe_case("strides of %s, plan %zu", element_name(type), i);
        scene_fill(tight, type, 8 * WIDTH, 2, 17 + i);
        memcpy(by_one, tight, sizeof tight);
        for (r = 0; r < 8; r++) {
            memcpy(loose + r * (WIDTH + 7) * bytes, tight + r * WIDTH * bytes, WIDTH * bytes);
        }
        session = scene_session(plans[i]);
        REQUIRE_OK(steer_session_apply(session, tight, type, 8, WIDTH, NULL, &probe_error));
        REQUIRE_OK(steer_session_reset(session, 0, &probe_error));
        REQUIRE_OK(steer_session_apply(session, loose, type, 8, WIDTH + 7, NULL, &probe_error));
        REQUIRE_OK(steer_session_reset(session, 0, &probe_error));
        for (r = 0; r < 8; r++) {
            REQUIRE_OK(steer_session_apply(
                session, by_one + r * WIDTH * bytes, type, 1, WIDTH, NULL, &probe_error));
            CHECK(memcmp(tight + r * WIDTH * bytes, loose + r * (WIDTH + 7) * bytes, WIDTH * bytes)
                    == 0,
                "row %zu differs when strided", r);
        }
        CHECK(memcmp(tight, by_one, 8 * WIDTH * bytes) == 0, "one call differs from eight");
        steer_session_destroy(session);
    }
}

/* bf16 and f16 rows are widened, edited in f32 and rounded once. */
static void test_narrow_types(steer_type_t type, double size)
{
    unsigned char narrow[8 * WIDTH * 2];
    float wide[8 * WIDTH];
    steer_outcome_t outcomes[8], wide_outcomes[8];
    size_t i, j;
    for (i = 0; i < N_PLANS; i++) {
        steer_session_t *session = scene_session(plans[i]);
        probe_case("%s of size %g, plan %zu", element_name(type), size, i);
        scene_fill(narrow, type, 8 * WIDTH, size, 3 + i);
        for (j = 0; j < 8 * WIDTH; j++) {
            wide[j] = element_load(narrow, type, j);
        }
        REQUIRE_OK(
            steer_session_apply(session, wide, STEER_F32, 8, WIDTH, wide_outcomes, &probe_error));
        REQUIRE_OK(steer_session_reset(session, 0, &probe_error));
        REQUIRE_OK(steer_session_apply(session, narrow, type, 8, WIDTH, outcomes, &probe_error));
        for (j = 0; j < 8 * WIDTH; j++) {
            unsigned char expected[2];
            element_store(expected, type, 0, wide[j]);
            CHECK(memcmp(expected, narrow + 2 * j, 2) == 0,
                "row %zu, column %zu: %.9g, expected %.9g", j / WIDTH, j % WIDTH,
                element_load(narrow, type, j), element_load(expected, type, 0));
        }
        CHECK(memcmp(outcomes, wide_outcomes, sizeof outcomes) == 0, "outcomes differ from f32");
        steer_session_destroy(session);
    }
}

static void test_refused_batches(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *wider;
    steer_plan_t *plan;
    const steer_intervention_t wish = scene_wish(1, STEER_MODE_ADD, 1);
    steer_session_t *sessions[3];
    float rows[3 * 32], before[3 * 32];
    uint64_t positions[3] = { 4, UINT64_C(0x7FFFFFFFFFFFFFFF), 5 };
    steer_outcome_t outcomes[3] = { 9, 9, 9 };
    steer_session_info_t states[3], state;
    size_t s;
    steer_error_t error = STEER_ERROR_INIT;
    spec.width = 24;
    wider = fixture_create(&fixture, &spec);
    plan = scene_plan(wider, &wish, 1, NULL);
    sessions[0] = scene_session(plans[0]);
    sessions[1] = scene_session(plan);
    sessions[2] = scene_session(plans[1]);
    scene_fill(rows, STEER_F32, 3 * 32, 1, 1);
    memcpy(before, rows, sizeof rows);
    for (s = 0; s < 3; s++) {
        states[s] = scene_state(sessions[s]);
    }
    probe_case("two widths");
    CHECK_STATUS(STEER_ERR_SHAPE,
        steer_batch_apply(sessions, NULL, rows, STEER_F32, 3, 32, outcomes, &error));
    steer_session_destroy(sessions[1]);
    sessions[1] = scene_session(plans[2]);
    states[1] = scene_state(sessions[1]);
    probe_case("a position beyond the last");
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_batch_apply(sessions, positions, rows, STEER_F32, 3, 32, outcomes, &error));
    scene_check_error(&error, STEER_ERR_ARGUMENT, 1, __LINE__);
    positions[1] = UINT64_MAX;
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_batch_apply(sessions, positions, rows, STEER_F32, 3, 32, outcomes, &error));
    probe_case("overlaps");
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_batch_apply(sessions, NULL, rows, STEER_F32, 3, 32,
            (steer_outcome_t *)(void *)(rows + 40), &error));
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_batch_apply(
            sessions, NULL, rows, STEER_F32, 3, 32, (steer_outcome_t *)(void *)sessions, &error));
    positions[1] = 4;
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_batch_apply(sessions, positions, rows, STEER_F32, 3, 32,
            (steer_outcome_t *)(void *)(positions + 1), &error));
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_session_apply(sessions[0], rows, STEER_F32, 3, 32,
            (steer_outcome_t *)(void *)(rows + 2 * 32 + 19), &error));
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_session_apply(sessions[0], rows, STEER_F32, 3, 32,
            (steer_outcome_t *)(void *)((char *)outcomes + 1), &error));
    CHECK(memcmp(rows, before, sizeof rows) == 0, "rows were changed");
    CHECK(outcomes[0] == 9 && outcomes[1] == 9 && outcomes[2] == 9, "outcomes were written");
    for (s = 0; s < 3; s++) {
        state = scene_state(sessions[s]);
        CHECK(scene_same_state(&states[s], &state), "session %zu moved", s);
    }
    probe_case("outcomes right behind the rows");
    CHECK_STATUS(STEER_OK,
        steer_session_apply(sessions[0], rows, STEER_F32, 2, 32,
            (steer_outcome_t *)(void *)(rows + 2 * 32), &error));
    probe_case("the last positions");
    positions[0] = positions[1] = positions[2] = UINT64_C(0x7FFFFFFFFFFFFFFE);
    CHECK_STATUS(
        STEER_OK, steer_batch_apply(sessions, positions, rows, STEER_F32, 3, 32, NULL, &error));
    for (s = 0; s < 3; s++) {
        state = scene_state(sessions[s]);
        CHECK(state.position == UINT64_C(0x7FFFFFFFFFFFFFFF), "position %llu",
            (unsigned long long)state.position);
        steer_session_destroy(sessions[s]);
    }
    steer_plan_destroy(plan);
    steer_dictionary_close(wider);
    fixture_end(&fixture);
}

static void run_on(const fixture_spec_t *spec)
{
    steer_type_t type;
    uint64_t seed;
    size_t i;
    scene_make_with(&scene, spec);
    make_plans();
    for (type = STEER_F32; type <= STEER_F16; type++) {
        for (seed = 1; seed <= 12; seed++) {
            test_batch_equals_singles(type, seed, seed % 2 == 0);
        }
        test_strides(type);
    }
    test_narrow_types(STEER_BF16, 2);
    test_narrow_types(STEER_BF16, 1e6);
    test_narrow_types(STEER_F16, 2);
    test_narrow_types(STEER_F16, 1e-4);
    test_refused_batches();
    for (i = 0; i < N_PLANS; i++) {
        steer_plan_destroy(plans[i]);
    }
    scene_end(&scene);
}

int main(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    run_on(&spec);
    spec.architecture = "topk";
    spec.k = 7;
    run_on(&spec);
    spec.architecture = "abstopk";
    spec.rescales = 1;
    spec.type = STEER_BF16;
    run_on(&spec);
    return probe_finish();
}
