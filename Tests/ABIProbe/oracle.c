#include "oracle.h"

#include "probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double norm_of_row(const float *values, size_t count)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        sum += (double)values[i] * values[i];
    }
    return sqrt(sum);
}

/* x~ before the bias; returns what takes a normalised difference back to the row's units, NaN where
 * that is undefined. */
static double normalise(int32_t kind, double value, const double *row, size_t d, double *normalised)
{
    double mean = 0, sum = 0;
    size_t i;
    switch (kind) {
    case STEER_NORMALISATION_CONSTANT:
        for (i = 0; i < d; i++) {
            normalised[i] = row[i] * value;
        }
        return 1 / value;
    case STEER_NORMALISATION_ROOT_WIDTH:
        for (i = 0; i < d; i++) {
            sum += row[i] * row[i];
        }
        for (i = 0; i < d; i++) {
            normalised[i] = row[i] * sqrt((double)d / sum);
        }
        return sum > 0 ? sqrt(sum / (double)d) : NAN;
    case STEER_NORMALISATION_LAYER_NORM:
        for (i = 0; i < d; i++) {
            mean += row[i] / (double)d;
        }
        for (i = 0; i < d; i++) {
            sum += (row[i] - mean) * (row[i] - mean);
        }
        sum = sqrt(sum / (double)(d - 1));
        for (i = 0; i < d; i++) {
            normalised[i] = (row[i] - mean) / (sum + value);
        }
        return sum;
    default: memcpy(normalised, row, d * sizeof *normalised); return 1;
    }
}

static int32_t normalisation_of(const fixture_spec_t *spec, double *value)
{
    *value = 0;
    if (strcmp(spec->normalisation, "constant_norm_rescale") == 0) {
        return STEER_NORMALISATION_ROOT_WIDTH;
    }
    if (strcmp(spec->normalisation, "layer_norm") == 0) {
        *value = 1e-5;
        return STEER_NORMALISATION_LAYER_NORM;
    }
    if (spec->activation_scale != 0) {
        *value = spec->activation_scale;
        return STEER_NORMALISATION_CONSTANT;
    }
    return STEER_NORMALISATION_NONE;
}

/* |D| in the units in which activations decode. */
static double unit_of(const fixture_t *fixture, size_t feature)
{
    const double norm = norm_of_row(fixture->decoder + feature * fixture->d_out, fixture->d_out);
    const double scale = fixture->spec.activation_scale;
    return scale != 0 ? norm / scale : norm;
}

/* Zeroes what the k best beat; ties go to the lower index. */
static double select_best(double *z, size_t n, size_t k, int absolute)
{
    double margin = INFINITY, *key = (double *)probe_allocate(n * sizeof *key);
    char *wins = (char *)probe_allocate(n);
    size_t i, j;
    for (i = 0; i < n; i++) {
        key[i] = absolute ? fabs(z[i]) : z[i];
    }
    for (i = 0; i < n; i++) {
        size_t better = 0;
        for (j = 0; j < n; j++) {
            better += key[j] > key[i] || (key[j] == key[i] && j < i);
        }
        wins[i] = better < k;
    }
    for (i = 0; i < n; i++) {
        for (j = 0; j < n; j++) {
            if (wins[i] && !wins[j] && key[i] - key[j] < margin) {
                margin = key[i] - key[j];
            }
        }
    }
    for (i = 0; i < n; i++) {
        if (!wins[i] || (!absolute && z[i] < 0)) {
            z[i] = 0;
        }
    }
    free(key);
    free(wins);
    return margin;
}

static void narrow_margin(double *margin, double distance)
{
    if (fabs(distance) < *margin) {
        *margin = fabs(distance);
    }
}

double oracle_encode(const fixture_t *fixture, const double *row, double *f)
{
    const fixture_spec_t *spec = &fixture->spec;
    const size_t d = fixture->d;
    double *x = (double *)probe_allocate(d * sizeof *x), value, margin = INFINITY;
    const int32_t kind = normalisation_of(spec, &value);
    const double scale = normalise(kind, value, row, d, x);
    size_t i, j;
    for (j = 0; j < d && spec->subtracts && !fixture_is_transcoder(spec); j++) {
        x[j] -= fixture->decoder_bias[j];
    }
    for (i = 0; i < fixture->n; i++) {
        double z = fixture->encoder_bias[i];
        for (j = 0; j < d; j++) {
            z += fixture->encoder[i * d + j] * x[j];
        }
        if (spec->rescales) {
            z *= unit_of(fixture, i);
        }
        f[i] = z;
        if (strcmp(spec->architecture, "gated") == 0) {
            const double magnitude =
                z * exp((double)fixture->log_scale[i]) + fixture->magnitude_bias[i];
            f[i] = z + fixture->gate_bias[i] > 0 && magnitude > 0 ? magnitude : 0;
            narrow_margin(&margin, z + fixture->gate_bias[i]);
        } else if (strncmp(spec->architecture, "jumprelu", 8) == 0) {
            const double threshold = fixture->threshold[i] > 0 ? fixture->threshold[i] : 0;
            f[i] = z > threshold ? z : 0;
            narrow_margin(&margin, z - threshold);
        } else if (!spec->k) {
            f[i] = z > 0 ? z : 0;
        }
    }
    if (spec->k) {
        margin = select_best(f, fixture->n, spec->k, strcmp(spec->architecture, "abstopk") == 0);
    }
    for (i = 0; i < fixture->n && scale != scale; i++) {
        f[i] = NAN;
    }
    free(x);
    return margin;
}

int oracle_covers(const steer_scope_t *scope, uint64_t position, uint64_t prompt_length)
{
    uint64_t i;
    if (scope == NULL) {
        return 1;
    }
    if (position < scope->skip_first
        || (scope->phase == STEER_PHASE_PROMPT && position >= prompt_length)
        || (scope->phase == STEER_PHASE_GENERATED && position < prompt_length)) {
        return 0;
    }
    for (i = 0; i < scope->n_ranges; i++) {
        if (position >= scope->ranges[i].begin && position < scope->ranges[i].end) {
            return 1;
        }
    }
    return scope->n_ranges == 0;
}

/* What an edit adds, in multiples of the stored decoder row. */
static double coefficient(
    int32_t mode, double amount, double unit, double f, double projection, double *margin)
{
    switch (mode) {
    case STEER_MODE_ADD: return amount * unit;
    case STEER_MODE_CLAMP: return (amount - f) * unit;
    case STEER_MODE_FLOOR:
        narrow_margin(margin, amount - f);
        return f < amount ? (amount - f) * unit : 0;
    case STEER_MODE_CEILING:
        narrow_margin(margin, amount - f);
        return f > amount ? (amount - f) * unit : 0;
    case STEER_MODE_SCALE: return (amount - 1) * f * unit;
    case STEER_MODE_ABLATE: return -f * unit;
    default: return -projection;
    }
}

steer_outcome_t oracle_apply(const fixture_t *fixture, const steer_intervention_t *interventions,
    size_t n_interventions, const steer_scope_t *scope, uint64_t position, uint64_t prompt_length,
    const double *row, double *edited, double *margin)
{
    const fixture_spec_t *spec = &fixture->spec;
    const size_t d = fixture->d_out;
    double *f = (double *)probe_allocate(fixture->n * sizeof *f);
    double *scratch = (double *)probe_allocate((fixture->d + d) * sizeof *scratch);
    double value, scale = 1, length = 0;
    const int32_t kind = normalisation_of(spec, &value);
    int covered = 0, needs_row = 0, changed = 0;
    size_t i, j;
    *margin = INFINITY;
    memcpy(edited, row, d * sizeof *edited);
    for (i = 0; i < n_interventions; i++) {
        const steer_intervention_t *w = &interventions[i];
        covered |= oracle_covers(w->scope ? w->scope : scope, position, prompt_length);
        needs_row |= w->mode != STEER_MODE_PROJECT_OUT
            && (w->mode != STEER_MODE_ADD || w->strength == STEER_STRENGTH_DECODER
                || w->strength == STEER_STRENGTH_MAX_ACTIVATION);
    }
    /* What a transcoder writes is not in the units of what it reads. */
    if (covered && needs_row && !fixture_is_transcoder(spec)) {
        scale = normalise(kind, value, row, fixture->d, scratch);
        *margin = oracle_encode(fixture, row, f);
    }
    for (j = 0; j < d; j++) {
        length += row[j] * row[j];
    }
    length = sqrt(length);
    for (i = 0; i < n_interventions && scale == scale; i++) {
        const steer_intervention_t *w = &interventions[i];
        const float *direction = fixture->decoder + w->feature * d;
        const double norm = norm_of_row(direction, d);
        double amount = w->alpha, unit = scale, projection = 0, c;
        if (!oracle_covers(w->scope ? w->scope : scope, position, prompt_length)) {
            continue;
        }
        if (spec->rescales) {
            unit /= unit_of(fixture, w->feature);
        }
        if (w->strength == STEER_STRENGTH_MAX_ACTIVATION) {
            amount *= w->max_activation;
        } else if (w->strength == STEER_STRENGTH_UNIT) {
            unit = 1 / norm;
        } else if (w->strength == STEER_STRENGTH_RELATIVE) {
            unit = length / norm;
        }
        for (j = 0; j < d; j++) {
            projection += row[j] * direction[j] / (norm * norm);
        }
        c = coefficient(w->mode, amount, unit, f[w->feature], projection, margin);
        for (j = 0; j < d && c != 0; j++) {
            edited[j] += c * direction[j];
        }
        changed |= c != 0;
    }
    free(f);
    free(scratch);
    return scale != scale ? STEER_ROW_UNDEFINED : changed ? STEER_ROW_EDITED : STEER_ROW_UNTOUCHED;
}

/* ---- From arrays --------------------------------------------------------------------------------
 */

static double product(const float *row, const double *x, size_t count)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        sum += row[i] * x[i];
    }
    return sum;
}

static double selected(const steer_plan_arrays_t *a, size_t reading, const double *x)
{
    const size_t d = (size_t)a->model_width;
    const int absolute = a->selection == STEER_SELECT_ABS_TOP_K;
    const int keeps_sign = absolute || a->selection == STEER_SELECT_SIGNED_TOP_K;
    double z = product(a->encoder_rows + reading * d, x, d) + a->encoder_bias[reading], key;
    uint64_t i, better = 0;
    if (a->encoder_norms) {
        z *= a->encoder_norms[reading];
    }
    if (a->selection == STEER_SELECT_THRESHOLD) {
        return z > a->threshold[reading] ? z : 0;
    }
    if (a->selection == STEER_SELECT_GATE) {
        const double magnitude = z * a->gate_scale[reading] + a->magnitude_bias[reading];
        return z + a->gate_bias[reading] > 0 && magnitude > 0 ? magnitude : 0;
    }
    key = absolute ? fabs(z) : z;
    for (i = 0; i < a->n_rivals; i++) {
        double rival = product(a->rival_rows + i * d, x, d) + a->rival_bias[i];
        if (a->rival_norms) {
            rival *= a->rival_norms[i];
        }
        rival = absolute ? fabs(rival) : rival;
        better += i != a->readings[reading]
            && (rival > key || (rival == key && i < a->readings[reading]));
    }
    return better < a->k && (keeps_sign || z > 0) ? z : 0;
}

static int scope_holds(
    const steer_plan_arrays_t *a, size_t index, uint64_t position, uint64_t prompt_length)
{
    steer_scope_t scope = STEER_SCOPE_INIT;
    const uint64_t begin = a->scope_range_offsets[index];
    scope.phase = a->scope_phases[index];
    scope.skip_first = a->scope_skip_first[index];
    scope.n_ranges = a->scope_range_offsets[index + 1] - begin;
    scope.ranges = scope.n_ranges ? a->scope_ranges + begin : NULL;
    return oracle_covers(&scope, position, prompt_length);
}

steer_outcome_t oracle_apply_arrays(const steer_plan_arrays_t *a, uint64_t position,
    uint64_t prompt_length, const double *row, double *edited)
{
    const size_t d = (size_t)a->width, d_in = (size_t)a->model_width;
    double *f = (double *)probe_allocate(((size_t)a->n_readings + 1) * sizeof *f);
    double *x = (double *)probe_allocate((d_in + d) * sizeof *x);
    double *c = (double *)probe_allocate(((size_t)a->n_slots + 1) * sizeof *c);
    double row_scale = 1, length = 0, margin = 0;
    int covered = 0, changed = 0, needs_row = a->n_readings > 0;
    size_t i, j;
    memcpy(edited, row, d * sizeof *edited);
    for (i = 0; i < a->n_scopes; i++) {
        covered |= scope_holds(a, i, position, prompt_length);
    }
    for (i = 0; i < a->n_edits; i++) {
        needs_row |=
            a->edit_units[i] == STEER_UNIT_ACTIVATION && a->edit_modes[i] != STEER_MODE_PROJECT_OUT;
    }
    /* Rows of another width than those read cannot be normalised: only a transcoder has such. */
    CHECK(d == d_in || a->normalisation == STEER_NORMALISATION_NONE,
        "normalisation is %d for rows of another width than those read", a->normalisation);
    if (covered && needs_row && d == d_in) {
        row_scale = normalise(a->normalisation, a->normalisation_value, row, d_in, x);
        for (j = 0; j < d_in && a->decoder_bias; j++) {
            x[j] -= a->decoder_bias[j];
        }
        for (i = 0; i < a->n_readings; i++) {
            f[i] = selected(a, i, x);
        }
    }
    for (j = 0; j < d; j++) {
        length += row[j] * row[j];
    }
    length = sqrt(length);
    for (i = 0; i < a->n_edits && row_scale == row_scale; i++) {
        const size_t slot = a->edit_slots[i];
        const double inverse = a->inverse_norms[slot];
        double unit = row_scale * a->decode_scales[slot];
        if (!scope_holds(a, a->edit_scopes[i], position, prompt_length)) {
            continue;
        }
        if (a->edit_units[i] == STEER_UNIT_LENGTH) {
            unit = inverse;
        } else if (a->edit_units[i] == STEER_UNIT_FRACTION) {
            unit = length * inverse;
        }
        c[slot] += coefficient(a->edit_modes[i], a->edit_amounts[i], unit,
            a->edit_readings[i] >= 0 ? f[a->edit_readings[i]] : 0,
            product(a->directions + slot * d, row, d) * inverse * inverse, &margin);
    }
    for (i = 0; i < a->n_slots && row_scale == row_scale; i++) {
        for (j = 0; j < d && c[i] != 0; j++) {
            edited[j] += c[i] * a->directions[i * d + j];
        }
        changed |= c[i] != 0;
    }
    free(f);
    free(x);
    free(c);
    return row_scale != row_scale ? STEER_ROW_UNDEFINED
        : changed                 ? STEER_ROW_EDITED
                                  : STEER_ROW_UNTOUCHED;
}
