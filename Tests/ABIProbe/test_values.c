/*
 * Every mode, strength, activation function, normalisation and rescaling, against the oracle: rows
 * as applied, activations as read and encoded, and the exported arrays evaluated by the header's
 * algorithm.
 */
#include "fixture.h"
#include "numbers.h"
#include "oracle.h"
#include "probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 6, MOST = 64, STEERED = 5 };

static unsigned long n_compared, n_skipped;

static const fixture_spec_t base_spec = FIXTURE_SPEC_INIT;

/* Row 1 is zero, row 2 long, the others ordinary; in values that `type` holds. */
static void draw_rows(double *rows, size_t width, steer_type_t type, uint64_t seed)
{
    uint64_t state = seed;
    size_t r, j;
    for (r = 0; r < N_ROWS; r++) {
        for (j = 0; j < width; j++) {
            unsigned char bytes[4];
            const double size = r == 1 ? 0 : r == 2 ? 60 : 1.5;
            element_store(bytes, type, 0, (float)(size * random_normal(&state)));
            rows[r * width + j] = element_load(bytes, type, 0);
        }
    }
}

/* Half a step of the type at `value`, beside what f32 arithmetic may lose. */
static double tolerance(steer_type_t type, double value, double largest)
{
    const double step = type == STEER_F32 ? 0 : type == STEER_BF16 ? 1.0 / 256 : 1.0 / 2048;
    return 1.01 * step * fabs(value) + 4e-6 * largest + 1e-5 + (type == STEER_F16 ? 6e-8 : 0);
}

static void compare_row(const char *what, size_t row, steer_type_t type, const void *rows,
    size_t start, const double *expected, size_t width)
{
    double largest = 0;
    size_t j;
    for (j = 0; j < width; j++) {
        largest = fabs(expected[j]) > largest ? fabs(expected[j]) : largest;
    }
    for (j = 0; j < width; j++) {
        const double found = element_load(rows, type, start + j);
        if (!CHECK(fabs(found - expected[j]) <= tolerance(type, expected[j], largest),
                "%s, %s row %zu, column %zu: %.9g, expected %.9g", what, element_name(type), row, j,
                found, expected[j])) {
            return;
        }
    }
}

/* Applies one plan to rows of one type and compares; positions 0, 1, 2, ... */
static void check_plan(const fixture_t *fixture, const steer_dictionary_t *dictionary,
    const steer_intervention_t *interventions, size_t count, const steer_scope_t *scope,
    uint64_t prompt_length, steer_type_t type, uint64_t seed)
{
    const size_t width = fixture->d_out, stride = width + 3;
    double rows[N_ROWS * MOST], expected[MOST], from_arrays[MOST], margin;
    unsigned char data[N_ROWS * (MOST + 3) * 4];
    steer_outcome_t outcomes[N_ROWS];
    steer_plan_t *plan = NULL;
    steer_session_t *session = NULL;
    steer_arrays_t *arrays = NULL;
    steer_plan_arrays_t view;
    size_t r, j;
    memset(&view, 0, sizeof view);
    view.struct_size = (uint32_t)sizeof view;
    memset(data, 0, sizeof data);
    draw_rows(rows, width, type, seed);
    for (r = 0; r < N_ROWS; r++) {
        for (j = 0; j < width; j++) {
            element_store(data, type, r * stride + j, (float)rows[r * width + j]);
        }
    }
    REQUIRE_OK(steer_plan_compile(dictionary, interventions, count, scope, &plan, &probe_error));
    REQUIRE_OK(steer_session_create(plan, prompt_length, &session, &probe_error));
    REQUIRE_OK(steer_arrays_create(plan, &arrays, &probe_error));
    steer_plan_destroy(plan); /* both live on without it */
    REQUIRE_OK(steer_arrays_view(arrays, &view, &probe_error));
    REQUIRE_OK(steer_session_apply(session, data, type, N_ROWS, stride, outcomes, &probe_error));
    for (r = 0; r < N_ROWS; r++) {
        const steer_outcome_t outcome = oracle_apply(fixture, interventions, count, scope, r,
            prompt_length, rows + r * width, expected, &margin);
        const steer_outcome_t again =
            oracle_apply_arrays(&view, r, prompt_length, rows + r * width, from_arrays);
        if (margin < 2e-4) {
            n_skipped++;
            continue;
        }
        n_compared++;
        CHECK(outcomes[r] == outcome, "row %zu: outcome %d, expected %d", r, outcomes[r], outcome);
        CHECK(again == outcome, "arrays, row %zu: outcome %d, expected %d", r, again, outcome);
        compare_row("apply", r, type, data, r * stride, expected, width);
        for (j = 0; j < width; j++) {
            if (!CHECK(fabs(from_arrays[j] - expected[j])
                        <= tolerance(STEER_F32, 0, 60 + fabs(expected[j])),
                    "arrays, row %zu, column %zu: %.9g, expected %.9g", r, j, from_arrays[j],
                    expected[j])) {
                break;
            }
        }
    }
    steer_session_destroy(session);
    steer_arrays_destroy(arrays);
}

static void check_modes(
    const fixture_t *fixture, const steer_dictionary_t *dictionary, const char *name)
{
    static const int32_t strengths[7][5] = { { 0, 1, 2, 3, -1 }, { 0, 3, -1 }, { 0, 3, -1 },
        { 0, 3, -1 }, { 0, -1 }, { 0, -1 }, { 0, -1 } };
    uint64_t state = fixture->spec.seed;
    int32_t mode, type;
    size_t s, i;
    for (mode = STEER_MODE_ADD; mode <= STEER_MODE_PROJECT_OUT; mode++) {
        if (fixture_is_transcoder(&fixture->spec) && mode != STEER_MODE_ADD
            && mode != STEER_MODE_PROJECT_OUT) {
            continue;
        }
        for (s = 0; strengths[mode][s] >= 0; s++) {
            steer_intervention_t wishes[STEERED];
            for (i = 0; i < STEERED; i++) {
                const steer_intervention_t empty = STEER_INTERVENTION_INIT;
                wishes[i] = empty;
                wishes[i].feature = (uint32_t)(i * 9 + random_bits(&state) % 9);
                wishes[i].mode = mode;
                wishes[i].strength = strengths[mode][s];
                if (mode != STEER_MODE_ABLATE && mode != STEER_MODE_PROJECT_OUT) {
                    wishes[i].alpha = (mode == STEER_MODE_ADD ? 2 : 0.4) * random_normal(&state);
                }
                if (wishes[i].strength == STEER_STRENGTH_MAX_ACTIVATION) {
                    wishes[i].max_activation = 0.5 + random_uniform(&state);
                }
            }
            for (type = STEER_F32; type <= STEER_F16; type++) {
                probe_case("%s, mode %d, strength %d", name, mode, strengths[mode][s]);
                check_plan(
                    fixture, dictionary, wishes, STEERED, NULL, 0, type, random_bits(&state));
            }
        }
    }
}

/* Interventions of all kinds at once, two on one feature, each with a scope. */
static void check_scopes(
    const fixture_t *fixture, const steer_dictionary_t *dictionary, const char *name)
{
    static const steer_range_t some[] = { { 0, 1 }, { 3, 5 } },
                               late[] = { { 4, UINT64_C(1) << 62 } };
    steer_scope_t scopes[5];
    steer_intervention_t wishes[7];
    size_t i;
    for (i = 0; i < 5; i++) {
        const steer_scope_t empty = STEER_SCOPE_INIT;
        scopes[i] = empty;
    }
    scopes[0].skip_first = 2;
    scopes[1].phase = STEER_PHASE_PROMPT;
    scopes[2].phase = STEER_PHASE_GENERATED;
    scopes[2].skip_first = 4;
    scopes[3].ranges = some;
    scopes[3].n_ranges = 2;
    scopes[4].ranges = late;
    scopes[4].n_ranges = 1;
    for (i = 0; i < 7; i++) {
        const steer_intervention_t empty = STEER_INTERVENTION_INIT;
        const int transcoder = fixture_is_transcoder(&fixture->spec);
        wishes[i] = empty;
        wishes[i].feature = (uint32_t)(i == 6 ? 3 : 3 + i * 5);
        wishes[i].mode = i == 6 || transcoder ? STEER_MODE_ADD : (int32_t)i;
        wishes[i].alpha = 0.7 + 0.3 * (double)i;
        wishes[i].scope = i < 5 ? &scopes[i] : NULL;
        if (wishes[i].mode == STEER_MODE_ABLATE || wishes[i].mode == STEER_MODE_PROJECT_OUT) {
            wishes[i].alpha = 0;
        }
    }
    probe_case("%s, scopes", name);
    check_plan(fixture, dictionary, wishes, 7, &scopes[0], 3, STEER_F32, 99);
    check_plan(fixture, dictionary, wishes, 7, NULL, 0, STEER_BF16, 98);
    check_plan(fixture, dictionary, wishes, 5, &scopes[1], UINT64_C(1) << 40, STEER_F16, 97);
}

static void check_encoding(const fixture_t *fixture, const steer_dictionary_t *dictionary,
    const char *name, steer_type_t type)
{
    const size_t width = fixture->d, n = fixture->n, stride = width + 1;
    double rows[N_ROWS * MOST], f[MOST];
    unsigned char data[N_ROWS * (MOST + 1) * 4];
    uint64_t offsets[N_ROWS + 1];
    uint32_t indices[N_ROWS * MOST], features[MOST];
    float values[N_ROWS * MOST], read[N_ROWS * (MOST + 2)];
    steer_outcome_t outcomes[N_ROWS];
    steer_encoder_t *encoder = NULL;
    steer_reader_t *reader = NULL;
    size_t required = 0, r, i, entry = 0;
    probe_case("%s, encode %s", name, element_name(type));
    draw_rows(rows, width, type, 7 + (uint64_t)type);
    for (r = 0; r < N_ROWS; r++) {
        for (i = 0; i < width; i++) {
            element_store(data, type, r * stride + i, (float)rows[r * width + i]);
        }
    }
    for (i = 0; i < n; i++) {
        features[i] = (uint32_t)((i * 5 + 3) % n); /* any order; n is no multiple of 5 */
    }
    REQUIRE_OK(steer_encoder_create(dictionary, &encoder, &probe_error));
    REQUIRE_OK(steer_reader_create(dictionary, features, n, &reader, &probe_error));
    REQUIRE_OK(steer_encoder_encode(encoder, data, type, N_ROWS, stride, offsets, indices, values,
        n * N_ROWS, &required, outcomes, &probe_error));
    REQUIRE_OK(steer_reader_read(reader, data, type, N_ROWS, stride, read, n + 2, &probe_error));
    CHECK(offsets[0] == 0 && offsets[N_ROWS] == required, "%zu entries, offsets end at %llu",
        required, (unsigned long long)offsets[N_ROWS]);
    for (r = 0; r < N_ROWS && offsets[r + 1] <= n * N_ROWS; r++) {
        const double margin = oracle_encode(fixture, rows + r * width, f);
        const int undefined = f[0] != f[0];
        CHECK(outcomes[r] == (undefined ? STEER_ROW_UNDEFINED : STEER_ROW_UNTOUCHED),
            "row %zu: outcome %d", r, outcomes[r]);
        CHECK(!undefined || offsets[r + 1] == offsets[r], "an undefined row has entries");
        n_skipped += margin < 2e-4;
        n_compared += margin >= 2e-4;
        for (i = 0; i < n; i++) {
            const int listed = entry < offsets[r + 1] && indices[entry] == i;
            const float value = listed ? values[entry] : 0;
            /* Where feature i stands among the features read: 5 j + 3 = i (mod n). */
            size_t place = 0;
            while (features[place] != i) {
                place++;
            }
            entry += (size_t)listed;
            CHECK(!listed || value != 0, "row %zu lists feature %zu with 0", r, i);
            if (undefined) {
                CHECK(read[r * (n + 2) + place] != read[r * (n + 2) + place],
                    "an undefined row reads %g, expected NaN", read[r * (n + 2) + place]);
                continue;
            }
            CHECK(memcmp(&read[r * (n + 2) + place], &value, 4) == 0,
                "row %zu, feature %zu: read %.9g, encoded %.9g, expected the same bits", r, i,
                read[r * (n + 2) + place], value);
            CHECK(margin < 2e-4
                    || fabs(value - f[i]) <= 1e-5 + 1e-5 * fabs(f[i]) + (r == 2 ? 2e-4 : 0),
                "row %zu, feature %zu: %.9g, expected %.9g", r, i, value, f[i]);
            CHECK(
                margin < 2e-4 || (value != 0) == (f[i] != 0), "row %zu, feature %zu: active", r, i);
        }
        CHECK(entry == offsets[r + 1], "row %zu: entries are not ascending features", r);
        entry = (size_t)offsets[r + 1];
    }
    steer_encoder_destroy(encoder);
    steer_reader_destroy(reader);
}

static void check_information(const fixture_t *fixture, const steer_dictionary_t *dictionary)
{
    steer_dictionary_info_t info = STEER_DICTIONARY_INFO_INIT;
    const fixture_spec_t *spec = &fixture->spec;
    const int transcoder = fixture_is_transcoder(spec);
    const char *a = spec->architecture;
    REQUIRE_OK(steer_dictionary_inspect(dictionary, &info, &probe_error));
    CHECK(info.feature_count == fixture->n && info.model_width == fixture->d
            && info.output_width == fixture->d_out,
        "shape");
    CHECK(info.kind == (transcoder ? STEER_KIND_TRANSCODER : STEER_KIND_AUTOENCODER), "%d",
        info.kind);
    CHECK(info.activation
            == (strcmp(a, "topk") == 0           ? STEER_ACTIVATION_TOP_K
                    : strcmp(a, "abstopk") == 0  ? STEER_ACTIVATION_ABS_TOP_K
                    : strcmp(a, "gated") == 0    ? STEER_ACTIVATION_GATED
                    : strncmp(a, "jump", 4) == 0 ? STEER_ACTIVATION_JUMP_RELU
                                                 : STEER_ACTIVATION_RELU),
        "%d", info.activation);
    CHECK(info.normalisation
            == (spec->activation_scale != 0         ? STEER_NORMALISATION_CONSTANT
                    : spec->normalisation[0] == 'c' ? STEER_NORMALISATION_ROOT_WIDTH
                    : spec->normalisation[0] == 'l' ? STEER_NORMALISATION_LAYER_NORM
                                                    : STEER_NORMALISATION_NONE),
        "%d", info.normalisation);
    CHECK(info.k == spec->k, "k is %llu", (unsigned long long)info.k);
    CHECK(
        info.weight_bytes == fixture->n * (fixture->d + fixture->d_out) * element_size(spec->type),
        "%llu bytes", (unsigned long long)info.weight_bytes);
    CHECK(info.input_layer == 3 && info.input_site == STEER_SITE_RESIDUAL_POST, "input");
    CHECK(info.output_layer == 3
            && info.output_site == (transcoder ? STEER_SITE_MLP_OUT : STEER_SITE_RESIDUAL_POST),
        "output");
}

int main(void)
{
    static const char *const architectures[] = { "standard", "jumprelu", "topk", "abstopk", "gated",
        "transcoder", "jumprelu_transcoder" };
    static const char *const normalisations[] = { "none", "constant_norm_rescale", "layer_norm",
        "expected_average_only_in" };
    size_t a, n, variant;
    for (a = 0; a < sizeof architectures / sizeof architectures[0]; a++) {
        for (n = 0; n < sizeof normalisations / sizeof normalisations[0]; n++) {
            for (variant = 0; variant < 2; variant++) {
                fixture_spec_t spec = base_spec;
                fixture_t fixture;
                steer_dictionary_t *dictionary;
                char name[128];
                const int transcoder = a >= 5;
                if (transcoder && n == 3) {
                    continue; /* refused: the input's scale says nothing about the output */
                }
                spec.architecture = architectures[a];
                spec.normalisation = normalisations[n];
                spec.activation_scale = n == 3 ? 1.75 : 0;
                spec.k = a == 2 || a == 3 ? 6 : 0;
                spec.subtracts = variant == 0;
                spec.rescales = variant == 1 && spec.k > 0;
                spec.type = variant == 0 ? STEER_F32 : STEER_BF16;
                spec.output_width = transcoder && variant == 1 ? 14 : 0;
                spec.seed = a * 100 + n * 10 + variant;
                snprintf(name, sizeof name, "%s, %s, %s%s%s", spec.architecture, spec.normalisation,
                    element_name(spec.type), spec.subtracts ? ", b_dec subtracted" : "",
                    spec.rescales ? ", rescaled" : "");
                probe_case("%s", name);
                dictionary = fixture_create(&fixture, &spec);
                check_information(&fixture, dictionary);
                check_modes(&fixture, dictionary, name);
                check_scopes(&fixture, dictionary, name);
                check_encoding(&fixture, dictionary, name, STEER_F32);
                check_encoding(&fixture, dictionary, name, variant ? STEER_BF16 : STEER_F16);
                steer_dictionary_close(dictionary);
                fixture_end(&fixture);
            }
        }
    }
    probe_case("all");
    CHECK(n_skipped * 10 < n_compared, "%lu of %lu rows were too close to call", n_skipped,
        n_compared);
    printf("%lu rows compared, %lu too close to call\n", n_compared, n_skipped);
    return probe_finish();
}
