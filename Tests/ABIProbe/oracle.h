/*
 * What the header says a plan does, written down once more in f64 and in the plainest way: full
 * encode, sort, sum. Shares nothing with the library but the header.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "fixture.h"
#include "steering.h"

/* Every activation of a row; NaN where the row's normalisation is undefined. Returns how far the
 * closest decision was from going the other way, in units of z: a test skips what is too close. */
double oracle_encode(const fixture_t *fixture, const double *row, double *activations);

/* The row after all interventions; returns its outcome. `margin` as above, also of floor, ceiling.
 */
steer_outcome_t oracle_apply(const fixture_t *fixture, const steer_intervention_t *interventions,
    size_t n_interventions, const steer_scope_t *scope, uint64_t position, uint64_t prompt_length,
    const double *row, double *edited, double *margin);

int oracle_covers(const steer_scope_t *scope, uint64_t position, uint64_t prompt_length);

/* The same from exported arrays, by the algorithm in the header: `arrays` alone decides. */
steer_outcome_t oracle_apply_arrays(const steer_plan_arrays_t *arrays, uint64_t position,
    uint64_t prompt_length, const double *row, double *edited);

#endif
