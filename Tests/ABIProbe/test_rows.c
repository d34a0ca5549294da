/*
 * Rows that must be refused, and what is left alone then: every row, outcome, session, and the
 * bytes around them.
 */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5 };

static scene_t scene;

/* Rows with padding between canaries, a copy of them, and canaries for outcomes. */
typedef struct stage {
    steer_type_t type;
    size_t stride;
    probe_guard_t rows, outcomes;
    unsigned char *before;
    steer_session_t *sessions[ROWS];
    steer_session_info_t states[ROWS];
} stage_t;

static void set_up(stage_t *stage, steer_type_t type, double size)
{
    size_t r;
    stage->type = type;
    stage->stride = scene.width + 3;
    stage->rows = probe_guard_make(ROWS * stage->stride * element_size(type));
    stage->outcomes = probe_guard_make(ROWS * sizeof(steer_outcome_t));
    stage->before = (unsigned char *)probe_allocate(stage->rows.length);
    scene_fill(stage->rows.bytes, type, ROWS * stage->stride, size, 5 + (uint64_t)type);
    for (r = 0; r < ROWS; r++) {
        stage->sessions[r] = scene_session(scene.plan);
        REQUIRE_OK(steer_session_seek(stage->sessions[r], 10 * r, &probe_error));
        stage->states[r] = scene_state(stage->sessions[r]);
    }
}

static void set(stage_t *stage, size_t row, size_t column, float value)
{
    element_store(stage->rows.bytes, stage->type, row * stage->stride + column, value);
}

static void tear_down(stage_t *stage)
{
    size_t r;
    for (r = 0; r < ROWS; r++) {
        steer_session_destroy(stage->sessions[r]);
    }
    CHECK(probe_guard_intact(&stage->rows) && probe_guard_intact(&stage->outcomes),
        "bytes beside rows or outcomes were written");
    probe_guard_free(&stage->rows);
    probe_guard_free(&stage->outcomes);
    free(stage->before);
}

/* Both ways of applying must answer `mask` with `row`, and change nothing. */
static void refuse(stage_t *stage, void *rows, steer_type_t type, size_t n_rows, size_t stride,
    uint32_t mask, int64_t row, int line)
{
    size_t r;
    int way;
    memcpy(stage->before, stage->rows.bytes, stage->rows.length);
    memset(stage->outcomes.bytes, 0xA5, stage->outcomes.length);
    for (way = 0; way < 2; way++) {
        steer_error_t error = STEER_ERROR_INIT;
        steer_outcome_t *outcomes = (steer_outcome_t *)stage->outcomes.bytes;
        const steer_status_t status = way == 0
            ? steer_session_apply(stage->sessions[0], rows, type, n_rows, stride, outcomes, &error)
            : steer_batch_apply((steer_session_t *const *)stage->sessions, NULL, rows, type, n_rows,
                  stride, outcomes, &error);
        size_t written = 0;
        CHECK(status >= 0 && status < 32 && (mask >> status & 1u), "line %d, way %d: %s: %s", line,
            way, steer_status_name(status), error.message);
        if (status == STEER_OK) {
            continue;
        }
        scene_check_error(&error, status, row, line);
        CHECK(memcmp(stage->before, stage->rows.bytes, stage->rows.length) == 0,
            "line %d, way %d: rows were changed", line, way);
        for (r = 0; r < stage->outcomes.length; r++) {
            written += stage->outcomes.bytes[r] != 0xA5;
        }
        CHECK(written == 0, "line %d, way %d: outcomes were written", line, way);
        for (r = 0; r < ROWS; r++) {
            const steer_session_info_t state = scene_state(stage->sessions[r]);
            CHECK(scene_same_state(&state, &stage->states[r]),
                "line %d, way %d: session %zu moved to %llu", line, way, r,
                (unsigned long long)state.position);
        }
    }
}

static void test_shapes(steer_type_t type)
{
    const size_t width = scene.width;
    stage_t stage;
    unsigned char *rows;
    size_t offset;
    probe_case("shapes, %s", element_name(type));
    set_up(&stage, type, 1);
    rows = stage.rows.bytes;
    refuse(&stage, rows, type, ROWS, width - 1, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, ROWS, 1, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, ROWS, 0, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    /* An extent that no address space holds: counts and strides that do not fit together. */
    refuse(&stage, rows, type, ROWS, SIZE_MAX, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, ROWS, SIZE_MAX / 2, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, ROWS, SIZE_MAX / 4, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, ROWS, (size_t)1 << 62, ONE(STEER_ERR_SHAPE), -1, __LINE__);
    refuse(&stage, rows, type, 2, SIZE_MAX / element_size(type) - 1, ONE(STEER_ERR_SHAPE), -1,
        __LINE__);
    refuse(&stage, NULL, type, ROWS, stage.stride, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    for (offset = 1; offset < element_size(type); offset++) {
        refuse(&stage, rows + offset, type, 1, width, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    }
    refuse(&stage, rows, 3, ROWS, stage.stride, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    refuse(&stage, rows, -1, ROWS, stage.stride, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    refuse(&stage, rows, INT32_MAX, ROWS, stage.stride, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    refuse(&stage, rows, INT32_MIN, ROWS, stage.stride, ONE(STEER_ERR_ARGUMENT), -1, __LINE__);
    tear_down(&stage);
}

/* n_rows that cannot be, for the function that reads no array of sessions. */
static void test_row_counts(void)
{
    float row[64] = { 0 };
    static const size_t counts[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 80 + 1 };
    const steer_session_info_t before = scene_state(scene.session);
    steer_session_info_t after;
    size_t i;
    probe_case("row counts");
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        CHECK_STATUS_IN(ONE(STEER_ERR_SHAPE) | ONE(STEER_ERR_ARGUMENT),
            steer_session_apply(scene.session, row, STEER_F32, counts[i], scene.width, NULL, NULL));
        CHECK_STATUS_IN(ONE(STEER_ERR_SHAPE) | ONE(STEER_ERR_ARGUMENT),
            steer_batch_apply(
                &scene.session, NULL, row, STEER_F32, counts[i], scene.width, NULL, NULL));
        CHECK_STATUS_IN(ONE(STEER_ERR_SHAPE) | ONE(STEER_ERR_ARGUMENT),
            steer_reader_read(
                scene.reader, row, STEER_F32, counts[i], scene.width, row + 32, 4, NULL));
    }
    CHECK_STATUS(
        STEER_OK, steer_session_apply(scene.session, NULL, STEER_F32, 0, scene.width, NULL, NULL));
    CHECK_STATUS(
        STEER_OK, steer_session_apply(scene.session, row, STEER_BF16, 0, scene.width, NULL, NULL));
    CHECK_STATUS(STEER_OK,
        steer_batch_apply(&scene.session, NULL, NULL, STEER_F32, 0, scene.width, NULL, NULL));
    after = scene_state(scene.session);
    CHECK(scene_same_state(&before, &after), "no rows moved a session");
}

static void test_not_finite(steer_type_t type)
{
    const float values[] = { NAN, INFINITY, -INFINITY };
    size_t v, row, place;
    for (v = 0; v < 3; v++) {
        for (row = 0; row < ROWS; row++) {
            for (place = 0; place < 2; place++) {
                stage_t stage;
                probe_case("%g in %s row %zu", values[v], element_name(type), row);
                set_up(&stage, type, 1);
                set(&stage, row, place ? scene.width - 1 : 0, values[v]);
                refuse(&stage, stage.rows.bytes, type, ROWS, stage.stride, ONE(STEER_ERR_NONFINITE),
                    (int64_t)row, __LINE__);
                tear_down(&stage);
            }
        }
    }
}

/* Rows that are finite, and results that the type cannot hold. */
static void test_overflow(steer_type_t type)
{
    const float largest = type == STEER_F32 ? 3.4028235e38f
        : type == STEER_BF16                ? 3.3895314e38f
                                            : 65504.0f;
    const double alpha = type == STEER_F16 ? 3e4 : 3e38;
    size_t row, r;
    for (row = 0; row < ROWS; row++) {
        stage_t stage;
        steer_intervention_t wish = scene_wish(7, STEER_MODE_ADD, alpha);
        steer_plan_t *plan, *gentle;
        size_t column = 0;
        for (r = 0; r < scene.width; r++) {
            if (fabs(scene.fixture.decoder[7 * scene.width + r])
                > fabs(scene.fixture.decoder[7 * scene.width + column])) {
                column = r;
            }
        }
        wish.strength = STEER_STRENGTH_UNIT;
        plan = scene_plan(scene.dictionary, &wish, 1, NULL);
        wish.alpha = 1;
        gentle = scene_plan(scene.dictionary, &wish, 1, NULL);
        probe_case("overflow of %s in row %zu", element_name(type), row);
        set_up(&stage, type, 1);
        for (r = 0; r < ROWS; r++) {
            steer_session_destroy(stage.sessions[r]);
            /* session_apply takes session 0 for all rows: let that one be the strong plan. */
            stage.sessions[r] = scene_session(r == row || r == 0 ? plan : gentle);
            stage.states[r] = scene_state(stage.sessions[r]);
        }
        set(&stage, row, column,
            scene.fixture.decoder[7 * scene.width + column] > 0 ? largest : -largest);
        refuse(&stage, stage.rows.bytes, type, ROWS, stage.stride, ONE(STEER_ERR_NONFINITE),
            (int64_t)row, __LINE__);
        steer_plan_destroy(plan);
        steer_plan_destroy(gentle);
        tear_down(&stage);
    }
}

/* What no intervention covers is not looked at. */
static void test_out_of_scope(steer_type_t type)
{
    steer_scope_t scope = STEER_SCOPE_INIT;
    const steer_intervention_t wish = scene_wish(7, STEER_MODE_ADD, 1);
    steer_plan_t *plan;
    steer_session_t *session;
    stage_t stage;
    size_t j;
    const steer_outcome_t *outcomes;
    probe_case("out of scope, %s", element_name(type));
    scope.skip_first = 2;
    plan = scene_plan(scene.dictionary, &wish, 1, &scope);
    session = scene_session(plan);
    set_up(&stage, type, 1);
    set(&stage, 0, 3, NAN);
    set(&stage, 1, 0, INFINITY);
    for (j = scene.width; j < stage.stride; j++) {
        set(&stage, 3, j, NAN); /* between rows */
    }
    memcpy(stage.before, stage.rows.bytes, stage.rows.length);
    outcomes = (const steer_outcome_t *)stage.outcomes.bytes;
    CHECK_STATUS(STEER_OK,
        steer_session_apply(session, stage.rows.bytes, type, ROWS, stage.stride,
            (steer_outcome_t *)stage.outcomes.bytes, NULL));
    CHECK(memcmp(stage.before, stage.rows.bytes, 2 * stage.stride * element_size(type)) == 0,
        "rows out of scope were changed");
    CHECK(outcomes[0] == STEER_ROW_UNTOUCHED && outcomes[1] == STEER_ROW_UNTOUCHED
            && outcomes[2] == STEER_ROW_EDITED,
        "outcomes %d %d %d", outcomes[0], outcomes[1], outcomes[2]);
    for (j = 0; j < ROWS; j++) {
        const size_t start = (j * stage.stride + scene.width) * element_size(type);
        CHECK(memcmp(stage.before + start, stage.rows.bytes + start, 3 * element_size(type)) == 0,
            "what lies after row %zu was changed", j);
    }
    /* In a batch, a row without a session is not looked at either. */
    set(&stage, 2, 0, NAN);
    memcpy(stage.before, stage.rows.bytes, stage.rows.length);
    steer_session_destroy(stage.sessions[0]);
    steer_session_destroy(stage.sessions[1]);
    steer_session_destroy(stage.sessions[2]);
    stage.sessions[0] = stage.sessions[1] = stage.sessions[2] = NULL;
    CHECK_STATUS(STEER_OK,
        steer_batch_apply((steer_session_t *const *)stage.sessions, NULL, stage.rows.bytes, type,
            ROWS, stage.stride, (steer_outcome_t *)stage.outcomes.bytes, NULL));
    CHECK(memcmp(stage.before, stage.rows.bytes, 3 * stage.stride * element_size(type)) == 0,
        "rows without a session were changed");
    CHECK(outcomes[2] == STEER_ROW_UNTOUCHED && outcomes[3] == STEER_ROW_EDITED, "outcomes %d %d",
        outcomes[2], outcomes[3]);
    steer_plan_destroy(plan);
    steer_session_destroy(session);
    tear_down(&stage);
}

int main(void)
{
    steer_type_t type;
    scene_make(&scene);
    test_row_counts();
    for (type = STEER_F32; type <= STEER_F16; type++) {
        test_shapes(type);
        test_not_finite(type);
        test_overflow(type);
        test_out_of_scope(type);
    }
    scene_end(&scene);
    return probe_finish();
}
