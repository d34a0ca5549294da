#include "scene.h"

#include "numbers.h"
#include "probe.h"

#include <string.h>

steer_intervention_t scene_wish(uint32_t feature, int32_t mode, double alpha)
{
    steer_intervention_t wish = STEER_INTERVENTION_INIT;
    wish.feature = feature;
    wish.mode = mode;
    wish.alpha = alpha;
    return wish;
}

steer_plan_t *scene_plan(const steer_dictionary_t *dictionary, const steer_intervention_t *wishes,
    size_t count, const steer_scope_t *scope)
{
    steer_plan_t *plan = NULL;
    REQUIRE_OK(steer_plan_compile(dictionary, wishes, count, scope, &plan, &probe_error));
    return plan;
}

steer_session_t *scene_session(const steer_plan_t *plan)
{
    steer_session_t *session = NULL;
    REQUIRE_OK(steer_session_create(plan, 0, &session, &probe_error));
    return session;
}

steer_session_info_t scene_state(const steer_session_t *session)
{
    steer_session_info_t info = STEER_SESSION_INFO_INIT;
    REQUIRE_OK(steer_session_inspect(session, &info, &probe_error));
    return info;
}

int scene_same_state(const steer_session_info_t *a, const steer_session_info_t *b)
{
    return a->position == b->position && a->prompt_length == b->prompt_length && a->rows == b->rows
        && a->rows_in_scope == b->rows_in_scope && a->rows_edited == b->rows_edited
        && a->rows_undefined == b->rows_undefined;
}

void scene_make(scene_t *scene)
{
    const fixture_spec_t spec = FIXTURE_SPEC_INIT;
    scene_make_with(scene, &spec);
}

void scene_make_with(scene_t *scene, const fixture_spec_t *spec)
{
    static const uint32_t features[] = { 0, 1, 2, 3 };
    steer_intervention_t wishes[3];
    memset(scene, 0, sizeof *scene);
    wishes[0] = scene_wish(3, STEER_MODE_CLAMP, 1.5);
    wishes[1] = scene_wish(7, STEER_MODE_ADD, -2);
    wishes[2] = scene_wish(11, STEER_MODE_ABLATE, 0);
    scene->dictionary = fixture_create(&scene->fixture, spec);
    scene->plan = scene_plan(scene->dictionary, wishes, 3, NULL);
    scene->session = scene_session(scene->plan);
    REQUIRE_OK(steer_reader_create(scene->dictionary, features, 4, &scene->reader, &probe_error));
    REQUIRE_OK(steer_encoder_create(scene->dictionary, &scene->encoder, &probe_error));
    scene->width = scene->fixture.d;
}

void scene_end(scene_t *scene)
{
    /* The dictionary first: what is made from it keeps it alive. */
    steer_dictionary_close(scene->dictionary);
    steer_plan_destroy(scene->plan);
    steer_session_destroy(scene->session);
    steer_reader_destroy(scene->reader);
    steer_encoder_destroy(scene->encoder);
    fixture_end(&scene->fixture);
}

void scene_fill(void *rows, steer_type_t type, size_t count, double size, uint64_t seed)
{
    size_t i;
    for (i = 0; i < count; i++) {
        element_store(rows, type, i, (float)(size * random_normal(&seed)));
    }
}

void scene_check_error(const steer_error_t *error, steer_status_t status, int64_t row, int line)
{
    const size_t length = strnlen(error->message, sizeof error->message);
    CHECK(error->struct_size == sizeof *error, "line %d: struct_size changed", line);
    CHECK(error->status == status, "line %d: the block says %s, the call %s", line,
        steer_status_name(error->status), steer_status_name(status));
    CHECK(error->row == row, "line %d: row is %lld, expected %lld: %s", line, (long long)error->row,
        (long long)row, error->message);
    CHECK(length > 0 && length < sizeof error->message, "line %d: message of length %zu", line,
        length);
    CHECK(strchr(error->message, '\n') == NULL, "line %d: message has two lines", line);
}
