/* Where a session stands, what it counted, and what the prompt's length and scopes do to that. */
#include "numbers.h"
#include "oracle.h"
#include "probe.h"
#include "scene.h"

#include <string.h>

enum { WIDTH = 20 };

static scene_t scene;
static const uint64_t last_position = UINT64_C(0x7FFFFFFFFFFFFFFE);

static void apply_rows(steer_session_t *session, size_t n_rows)
{
    float rows[16 * WIDTH];
    scene_fill(rows, STEER_F32, 16 * WIDTH, 1, 4);
    REQUIRE_OK(steer_session_apply(session, rows, STEER_F32, n_rows, WIDTH, NULL, &probe_error));
}

static void check_state(const steer_session_t *session, uint64_t position, uint64_t rows,
    uint64_t in_scope, uint64_t edited, uint64_t undefined, int line)
{
    const steer_session_info_t info = scene_state(session);
    CHECK(info.position == position && info.rows == rows && info.rows_in_scope == in_scope
            && info.rows_edited == edited && info.rows_undefined == undefined,
        "line %d: position %llu, rows %llu, in scope %llu, edited %llu, undefined %llu", line,
        (unsigned long long)info.position, (unsigned long long)info.rows,
        (unsigned long long)info.rows_in_scope, (unsigned long long)info.rows_edited,
        (unsigned long long)info.rows_undefined);
    CHECK(info.reserved == 0, "line %d: reserved is %u", line, info.reserved);
}

static void test_counts(void)
{
    steer_scope_t scope = STEER_SCOPE_INIT;
    const steer_range_t ranges[] = { { 2, 4 }, { 6, 7 } };
    const steer_intervention_t wish = scene_wish(4, STEER_MODE_ADD, 1);
    steer_plan_t *plan, *other_plan;
    steer_session_t *session, *fork, *other;
    uint8_t a[32], b[32];
    probe_case("counts");
    scope.ranges = ranges;
    scope.n_ranges = 2;
    plan = scene_plan(scene.dictionary, &wish, 1, &scope);
    other_plan = scene_plan(scene.dictionary, &wish, 1, NULL);
    session = scene_session(plan);
    check_state(session, 0, 0, 0, 0, 0, __LINE__);
    apply_rows(session, 8);
    check_state(session, 8, 8, 3, 3, 0, __LINE__);
    REQUIRE_OK(steer_session_seek(session, 2, &probe_error));
    check_state(session, 2, 8, 3, 3, 0, __LINE__);
    apply_rows(session, 1);
    check_state(session, 3, 9, 4, 4, 0, __LINE__);
    REQUIRE_OK(steer_session_fork(session, &fork, &probe_error));
    check_state(fork, 3, 9, 4, 4, 0, __LINE__);
    apply_rows(fork, 2);
    check_state(fork, 5, 11, 5, 5, 0, __LINE__);
    check_state(session, 3, 9, 4, 4, 0, __LINE__); /* not the fork's */
    REQUIRE_OK(steer_session_assign(fork, session, &probe_error));
    check_state(session, 5, 11, 5, 5, 0, __LINE__);
    REQUIRE_OK(steer_session_assign(session, session, &probe_error));
    check_state(session, 5, 11, 5, 5, 0, __LINE__);
    REQUIRE_OK(steer_session_reset(session, 3, &probe_error));
    check_state(session, 0, 0, 0, 0, 0, __LINE__);
    CHECK(scene_state(session).prompt_length == 3, "prompt length after reset");
    REQUIRE_OK(steer_session_assign(session, fork, &probe_error));
    CHECK(scene_state(fork).prompt_length == 3, "assign copies the prompt's length");
    other = scene_session(other_plan);
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_assign(other, session, NULL));
    check_state(session, 0, 0, 0, 0, 0, __LINE__);
    /* Equal plans that were compiled twice are two plans. */
    steer_session_destroy(other);
    steer_plan_destroy(other_plan);
    other_plan = scene_plan(scene.dictionary, &wish, 1, &scope);
    REQUIRE_OK(steer_plan_fingerprint(plan, a, &probe_error));
    REQUIRE_OK(steer_plan_fingerprint(other_plan, b, &probe_error));
    CHECK(memcmp(a, b, 32) == 0, "equal plans have two fingerprints");
    steer_plan_destroy(plan);
    apply_rows(session, 8); /* the session keeps its plan */
    check_state(session, 8, 8, 3, 3, 0, __LINE__);
    steer_session_destroy(session);
    apply_rows(fork, 8);
    steer_session_destroy(fork);
    steer_plan_destroy(other_plan);
}

/* A row whose edits come to zero is in scope and not edited. */
static void test_zero_edits(void)
{
    const steer_intervention_t wish = scene_wish(4, STEER_MODE_ADD, 0);
    steer_plan_t *plan = scene_plan(scene.dictionary, &wish, 1, NULL);
    steer_session_t *session = scene_session(plan);
    float rows[4 * WIDTH], before[4 * WIDTH];
    steer_outcome_t outcomes[4];
    probe_case("edits of zero");
    scene_fill(rows, STEER_F32, 4 * WIDTH, 1, 1);
    rows[3] = -0.0f;
    memcpy(before, rows, sizeof rows);
    REQUIRE_OK(steer_session_apply(session, rows, STEER_F32, 4, WIDTH, outcomes, &probe_error));
    CHECK(memcmp(before, rows, sizeof rows) == 0, "bits were changed");
    CHECK(outcomes[0] == STEER_ROW_UNTOUCHED && outcomes[3] == STEER_ROW_UNTOUCHED, "outcomes");
    check_state(session, 4, 4, 4, 0, 0, __LINE__);
    steer_session_destroy(session);
    steer_plan_destroy(plan);
}

static void test_undefined_rows(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    const steer_intervention_t wish = scene_wish(4, STEER_MODE_CLAMP, 1);
    steer_plan_t *plan;
    steer_session_t *session;
    float rows[3 * WIDTH];
    steer_outcome_t outcomes[3];
    size_t j;
    probe_case("undefined rows");
    spec.normalisation = "constant_norm_rescale";
    dictionary = fixture_create(&fixture, &spec);
    plan = scene_plan(dictionary, &wish, 1, NULL);
    session = scene_session(plan);
    scene_fill(rows, STEER_F32, 3 * WIDTH, 1, 1);
    for (j = 0; j < WIDTH; j++) {
        rows[WIDTH + j] = j % 2 ? -0.0f : 0.0f;
    }
    REQUIRE_OK(steer_session_apply(session, rows, STEER_F32, 3, WIDTH, outcomes, &probe_error));
    CHECK(outcomes[0] == STEER_ROW_EDITED && outcomes[1] == STEER_ROW_UNDEFINED
            && outcomes[2] == STEER_ROW_EDITED,
        "%d %d %d", outcomes[0], outcomes[1], outcomes[2]);
    for (j = 0; j < WIDTH; j++) {
        CHECK(bits_from_float(rows[WIDTH + j]) == (j % 2 ? 0x80000000u : 0), "bits were changed");
    }
    check_state(session, 3, 3, 3, 2, 1, __LINE__);
    steer_session_destroy(session);
    steer_plan_destroy(plan);
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

static void test_prompt_length(void)
{
    static const int32_t phases[] = { STEER_PHASE_ALL, STEER_PHASE_PROMPT, STEER_PHASE_GENERATED };
    static const uint64_t lengths[] = { 0, 1, 3, 8, UINT64_C(1) << 40, UINT64_C(0x7FFFFFFFFFFFFFFF),
        UINT64_C(0x8000000000000000), UINT64_MAX - 1, STEER_PROMPT_LENGTH_UNKNOWN };
    const steer_intervention_t wish = scene_wish(4, STEER_MODE_ADD, 1);
    size_t p, l, r;
    for (p = 0; p < 3; p++) {
        steer_scope_t scope = STEER_SCOPE_INIT;
        steer_plan_t *plan;
        steer_plan_info_t info = STEER_PLAN_INFO_INIT;
        scope.phase = phases[p];
        scope.skip_first = 1;
        plan = scene_plan(scene.dictionary, &wish, 1, &scope);
        REQUIRE_OK(steer_plan_inspect(plan, &info, &probe_error));
        CHECK(((info.flags & STEER_PLAN_NEEDS_PROMPT_LENGTH) != 0) == (p > 0), "flags %u",
            info.flags);
        for (l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            steer_session_t *session = NULL;
            const int unknown = lengths[l] == STEER_PROMPT_LENGTH_UNKNOWN;
            steer_outcome_t outcomes[8];
            float rows[8 * WIDTH];
            probe_case("phase %d, prompt of %llu", phases[p], (unsigned long long)lengths[l]);
            if (unknown && p > 0) {
                steer_session_t *known = NULL;
                CHECK_STATUS(
                    STEER_ERR_ARGUMENT, steer_session_create(plan, lengths[l], &session, NULL));
                CHECK(session == NULL, "a refused session was written");
                REQUIRE_OK(steer_session_create(plan, 5, &known, &probe_error));
                apply_rows(known, 2);
                CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_reset(known, lengths[l], NULL));
                CHECK(scene_state(known).position == 2 && scene_state(known).prompt_length == 5,
                    "a refused reset changed the session");
                steer_session_destroy(known);
                continue;
            }
            if (lengths[l] > last_position) {
                /* More than any position: refused, or taken for what it is. */
                const steer_status_t status =
                    steer_session_create(plan, lengths[l], &session, NULL);
                CHECK_STATUS_IN(ONE(STEER_OK) | ONE(STEER_ERR_ARGUMENT), status);
                if (status != STEER_OK) {
                    continue;
                }
            } else {
                REQUIRE_OK(steer_session_create(plan, lengths[l], &session, &probe_error));
            }
            CHECK(scene_state(session).prompt_length == lengths[l], "prompt length is %llu",
                (unsigned long long)scene_state(session).prompt_length);
            scene_fill(rows, STEER_F32, 8 * WIDTH, 1, 3);
            REQUIRE_OK(
                steer_session_apply(session, rows, STEER_F32, 8, WIDTH, outcomes, &probe_error));
            for (r = 0; r < 8; r++) {
                int32_t covers = 77;
                REQUIRE_OK(steer_session_covers(session, r, &covers, &probe_error));
                CHECK(covers == oracle_covers(&scope, r, lengths[l]), "position %zu: covers %d", r,
                    covers);
                CHECK((outcomes[r] == STEER_ROW_EDITED) == oracle_covers(&scope, r, lengths[l]),
                    "position %zu: outcome %d", r, outcomes[r]);
            }
            steer_session_destroy(session);
        }
        steer_plan_destroy(plan);
    }
}

static void test_open_range(void)
{
    const steer_range_t range = { 3, UINT64_MAX };
    const uint64_t places[] = { 0, 2, 3, last_position };
    const steer_intervention_t wish = scene_wish(4, STEER_MODE_ADD, 1);
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_plan_t *plan;
    steer_session_t *session;
    size_t i;
    probe_case("a range without end");
    scope.ranges = &range;
    scope.n_ranges = 1;
    plan = scene_plan(scene.dictionary, &wish, 1, &scope);
    session = scene_session(plan);
    for (i = 0; i < sizeof places / sizeof *places; i++) {
        int32_t covers = 77;
        REQUIRE_OK(steer_session_covers(session, places[i], &covers, &probe_error));
        CHECK(covers == (places[i] >= 3), "position %llu: covers %d",
            (unsigned long long)places[i], covers);
    }
    steer_session_destroy(session);
    steer_plan_destroy(plan);
}

static void test_positions(void)
{
    steer_session_t *session = scene_session(scene.plan);
    float rows[2 * WIDTH];
    int32_t covers = 77;
    probe_case("positions");
    REQUIRE_OK(steer_session_seek(session, last_position, &probe_error));
    CHECK(scene_state(session).position == last_position, "position");
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_seek(session, last_position + 1, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_seek(session, UINT64_MAX, NULL));
    CHECK(scene_state(session).position == last_position, "a refused seek moved the session");
    REQUIRE_OK(steer_session_covers(session, 5, &covers, &probe_error));
    CHECK(covers == 1, "a plan for every row covers %d", covers);
    CHECK(scene_state(session).position == last_position, "a question moved the session");
    covers = 77;
    CHECK_STATUS(STEER_ERR_ARGUMENT,
        steer_session_covers(session, last_position + 1, &covers, NULL));
    CHECK_STATUS(STEER_ERR_ARGUMENT, steer_session_covers(session, UINT64_MAX, &covers, NULL));
    CHECK(covers == 77, "a refused call wrote its answer");
    apply_rows(session, 1);
    CHECK(scene_state(session).position == last_position + 1, "after the last position");
    /* There is nothing behind the last position: any answer but a trap. */
    scene_fill(rows, STEER_F32, 2 * WIDTH, 1, 9);
    CHECK_STATUS_IN(ONE(STEER_OK) | ONE(STEER_ERR_ARGUMENT),
        steer_session_apply(session, rows, STEER_F32, 2, WIDTH, NULL, NULL));
    CHECK_STATUS_IN(ONE(STEER_OK) | ONE(STEER_ERR_ARGUMENT),
        steer_batch_apply(&session, NULL, rows, STEER_F32, 1, WIDTH, NULL, NULL));
    REQUIRE_OK(steer_session_seek(session, 0, &probe_error));
    apply_rows(session, 1);
    CHECK(scene_state(session).position == 1, "back from the last position");
    steer_session_destroy(session);
}

int main(void)
{
    scene_make(&scene);
    test_counts();
    test_zero_edits();
    test_undefined_rows();
    test_prompt_length();
    test_open_range();
    test_positions();
    scene_end(&scene);
    return probe_finish();
}
