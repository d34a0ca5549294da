/* A small dictionary with the handles that most tests need, and a snapshot of a session's state. */
#ifndef SCENE_H
#define SCENE_H

#include "fixture.h"
#include "steering.h"

typedef struct scene {
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    steer_plan_t *plan;
    steer_session_t *session;
    steer_reader_t *reader; /* of features 0 to 3 */
    steer_encoder_t *encoder;
    size_t width;
} scene_t;

/* jumprelu, none, 48 x 20, with a plan that clamps feature 3, adds 7 and ablates 11. */
void scene_make(scene_t *scene);
/* The same on another dictionary. */
void scene_make_with(scene_t *scene, const fixture_spec_t *spec);
void scene_end(scene_t *scene);

steer_plan_t *scene_plan(const steer_dictionary_t *dictionary, const steer_intervention_t *wishes,
    size_t count, const steer_scope_t *scope);
steer_intervention_t scene_wish(uint32_t feature, int32_t mode, double alpha);
steer_session_t *scene_session(const steer_plan_t *plan);
steer_session_info_t scene_state(const steer_session_t *session);
int scene_same_state(const steer_session_info_t *a, const steer_session_info_t *b);

/* Ordinary values, [count] of `type`. */
void scene_fill(void *rows, steer_type_t type, size_t count, double size, uint64_t seed);

/* Checks that an error block describes `status` and `row` in one line. */
void scene_check_error(const steer_error_t *error, steer_status_t status, int64_t row, int line);

#endif
