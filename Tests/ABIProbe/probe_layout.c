/*
 * The layout of everything that crosses the interface, frozen: compiling this file is the test.
 *
 * Numbers are those of ABI 1 on LP64 machines with natural alignment. Within ABI 1 a struct may only
 * grow at its end: then its size here changes, and no other line.
 */
#include "steering.h"

#include <limits.h>
#include <stddef.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
/* C99 has no static assertion: an array of negative length does the same. */
#define HOLDS(condition) \
    typedef char JOIN(frozen_on_line_, __LINE__)[(condition) ? 1 : -1]
#define SIZE(type, bytes) HOLDS(sizeof(type) == (bytes))
#define FIELD(type, field, offset, bytes) \
    HOLDS(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (bytes))
#define VALUE(name, number) HOLDS((name) == (number))

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wunused-local-typedefs"
#endif

HOLDS(CHAR_BIT == 8);
HOLDS(sizeof(void *) == 8);
HOLDS(sizeof(size_t) == 8);
HOLDS(sizeof(float) == 4);
HOLDS(sizeof(double) == 8);
SIZE(steer_status_t, 4);
HOLDS((steer_status_t)-1 < 0);
SIZE(steer_type_t, 4);
HOLDS((steer_type_t)-1 < 0);
SIZE(steer_outcome_t, 4);
HOLDS((steer_outcome_t)-1 < 0);

SIZE(steer_error_t, 1024);
FIELD(steer_error_t, struct_size, 0, 4);
FIELD(steer_error_t, status, 4, 4);
FIELD(steer_error_t, row, 8, 8);
FIELD(steer_error_t, message, 16, 1008);

SIZE(steer_capabilities_t, 40);
FIELD(steer_capabilities_t, struct_size, 0, 4);
FIELD(steer_capabilities_t, abi_version, 4, 4);
FIELD(steer_capabilities_t, row_types, 8, 4);
FIELD(steer_capabilities_t, modes, 12, 4);
FIELD(steer_capabilities_t, strengths, 16, 4);
FIELD(steer_capabilities_t, activations, 20, 4);
FIELD(steer_capabilities_t, kernels, 24, 16);

SIZE(steer_open_options_t, 72);
FIELD(steer_open_options_t, struct_size, 0, 4);
FIELD(steer_open_options_t, weight_check, 4, 4);
FIELD(steer_open_options_t, activation_scale, 8, 8);
FIELD(steer_open_options_t, ignored_config_keys, 16, 8);
FIELD(steer_open_options_t, n_ignored_config_keys, 24, 8);
FIELD(steer_open_options_t, format, 32, 8);
FIELD(steer_open_options_t, architecture, 40, 8);
FIELD(steer_open_options_t, k, 48, 8);
FIELD(steer_open_options_t, has_layer, 56, 4);
FIELD(steer_open_options_t, layer, 60, 4);
FIELD(steer_open_options_t, kind, 64, 4);
FIELD(steer_open_options_t, activation_units, 68, 4);

SIZE(steer_dictionary_info_t, 72);
FIELD(steer_dictionary_info_t, struct_size, 0, 4);
FIELD(steer_dictionary_info_t, kind, 4, 4);
FIELD(steer_dictionary_info_t, feature_count, 8, 8);
FIELD(steer_dictionary_info_t, model_width, 16, 8);
FIELD(steer_dictionary_info_t, output_width, 24, 8);
FIELD(steer_dictionary_info_t, activation, 32, 4);
FIELD(steer_dictionary_info_t, normalisation, 36, 4);
FIELD(steer_dictionary_info_t, k, 40, 8);
FIELD(steer_dictionary_info_t, weight_bytes, 48, 8);
FIELD(steer_dictionary_info_t, input_layer, 56, 4);
FIELD(steer_dictionary_info_t, input_site, 60, 4);
FIELD(steer_dictionary_info_t, output_layer, 64, 4);
FIELD(steer_dictionary_info_t, output_site, 68, 4);

VALUE(STEER_OPEN_KIND_DECLARED, 0);
VALUE(STEER_OPEN_KIND_AUTOENCODER, 1);
VALUE(STEER_OPEN_KIND_TRANSCODER, 2);
VALUE(STEER_OPEN_KIND_EMBEDDING, 3);
VALUE(STEER_OPEN_UNITS_PUBLISHED, 0);
VALUE(STEER_OPEN_UNITS_NORMALISED, 1);
VALUE(STEER_OPEN_UNITS_RAW, 2);

SIZE(steer_range_t, 16);
FIELD(steer_range_t, begin, 0, 8);
FIELD(steer_range_t, end, 8, 8);

SIZE(steer_scope_t, 32);
FIELD(steer_scope_t, struct_size, 0, 4);
FIELD(steer_scope_t, phase, 4, 4);
FIELD(steer_scope_t, skip_first, 8, 8);
FIELD(steer_scope_t, ranges, 16, 8);
FIELD(steer_scope_t, n_ranges, 24, 8);

SIZE(steer_intervention_t, 40);
FIELD(steer_intervention_t, struct_size, 0, 4);
FIELD(steer_intervention_t, feature, 4, 4);
FIELD(steer_intervention_t, mode, 8, 4);
FIELD(steer_intervention_t, strength, 12, 4);
FIELD(steer_intervention_t, alpha, 16, 8);
FIELD(steer_intervention_t, max_activation, 24, 8);
FIELD(steer_intervention_t, scope, 32, 8);

SIZE(steer_plan_info_t, 40);
FIELD(steer_plan_info_t, struct_size, 0, 4);
FIELD(steer_plan_info_t, flags, 4, 4);
FIELD(steer_plan_info_t, width, 8, 8);
FIELD(steer_plan_info_t, n_interventions, 16, 8);
FIELD(steer_plan_info_t, n_features, 24, 8);
FIELD(steer_plan_info_t, n_readings, 32, 8);

SIZE(steer_session_info_t, 56);
FIELD(steer_session_info_t, struct_size, 0, 4);
FIELD(steer_session_info_t, reserved, 4, 4);
FIELD(steer_session_info_t, position, 8, 8);
FIELD(steer_session_info_t, prompt_length, 16, 8);
FIELD(steer_session_info_t, rows, 24, 8);
FIELD(steer_session_info_t, rows_in_scope, 32, 8);
FIELD(steer_session_info_t, rows_edited, 40, 8);
FIELD(steer_session_info_t, rows_undefined, 48, 8);

SIZE(steer_encoder_options_t, 16);
FIELD(steer_encoder_options_t, struct_size, 0, 4);
FIELD(steer_encoder_options_t, workers, 4, 4);
FIELD(steer_encoder_options_t, plain, 8, 4);
FIELD(steer_encoder_options_t, reserved, 12, 4);

SIZE(steer_encoder_info_t, 32);
FIELD(steer_encoder_info_t, struct_size, 0, 4);
FIELD(steer_encoder_info_t, workers, 4, 4);
FIELD(steer_encoder_info_t, rows, 8, 8);
FIELD(steer_encoder_info_t, pruned_rows, 16, 8);
FIELD(steer_encoder_info_t, rescored_features, 24, 8);

SIZE(steer_detector_info_t, 56);
FIELD(steer_detector_info_t, struct_size, 0, 4);
FIELD(steer_detector_info_t, flags, 4, 4);
FIELD(steer_detector_info_t, n_structures, 8, 8);
FIELD(steer_detector_info_t, n_features, 16, 8);
FIELD(steer_detector_info_t, model_width, 24, 8);
FIELD(steer_detector_info_t, block_length, 32, 8);
FIELD(steer_detector_info_t, shortest_length, 40, 8);
FIELD(steer_detector_info_t, longest_length, 48, 8);

SIZE(steer_verdict_t, 96);
FIELD(steer_verdict_t, struct_size, 0, 4);
FIELD(steer_verdict_t, flags, 4, 4);
FIELD(steer_verdict_t, score, 8, 8);
FIELD(steer_verdict_t, p, 16, 8);
FIELD(steer_verdict_t, log_wealth, 24, 8);
FIELD(steer_verdict_t, anytime_p, 32, 8);
FIELD(steer_verdict_t, threshold, 40, 8);
FIELD(steer_verdict_t, n_blocks, 48, 8);
FIELD(steer_verdict_t, crossed_at, 56, 8);
FIELD(steer_verdict_t, tokens_kept, 64, 8);
FIELD(steer_verdict_t, tokens_special, 72, 8);
FIELD(steer_verdict_t, tokens_sink, 80, 8);
FIELD(steer_verdict_t, tokens_undefined, 88, 8);

SIZE(steer_watermark_info_t, 56);
FIELD(steer_watermark_info_t, struct_size, 0, 4);
FIELD(steer_watermark_info_t, flags, 4, 4);
FIELD(steer_watermark_info_t, n_entries, 8, 8);
FIELD(steer_watermark_info_t, count, 16, 8);
FIELD(steer_watermark_info_t, scheme, 24, 4);
FIELD(steer_watermark_info_t, window_seconds, 28, 4);
FIELD(steer_watermark_info_t, created, 32, 8);
FIELD(steer_watermark_info_t, retired, 40, 8);
FIELD(steer_watermark_info_t, replay_strength, 48, 8);

SIZE(steer_document_t, 32);
FIELD(steer_document_t, struct_size, 0, 4);
FIELD(steer_document_t, scheme, 4, 4);
FIELD(steer_document_t, text, 8, 8);
FIELD(steer_document_t, length, 16, 8);
FIELD(steer_document_t, time, 24, 8);

SIZE(steer_replay_t, 48);
FIELD(steer_replay_t, struct_size, 0, 4);
FIELD(steer_replay_t, reserved, 4, 4);
FIELD(steer_replay_t, n_tokens, 8, 8);
FIELD(steer_replay_t, innovation, 16, 8);
FIELD(steer_replay_t, variance, 24, 8);
FIELD(steer_replay_t, log_ratio, 32, 8);
FIELD(steer_replay_t, strength, 40, 8);

SIZE(steer_plan_arrays_t, 296);
FIELD(steer_plan_arrays_t, struct_size, 0, 4);
FIELD(steer_plan_arrays_t, normalisation, 4, 4);
FIELD(steer_plan_arrays_t, normalisation_value, 8, 4);
FIELD(steer_plan_arrays_t, selection, 12, 4);
FIELD(steer_plan_arrays_t, k, 16, 8);
FIELD(steer_plan_arrays_t, model_width, 24, 8);
FIELD(steer_plan_arrays_t, width, 32, 8);
FIELD(steer_plan_arrays_t, n_readings, 40, 8);
FIELD(steer_plan_arrays_t, n_slots, 48, 8);
FIELD(steer_plan_arrays_t, n_edits, 56, 8);
FIELD(steer_plan_arrays_t, n_scopes, 64, 8);
FIELD(steer_plan_arrays_t, n_ranges, 72, 8);
FIELD(steer_plan_arrays_t, n_rivals, 80, 8);
FIELD(steer_plan_arrays_t, decoder_bias, 88, 8);
FIELD(steer_plan_arrays_t, readings, 96, 8);
FIELD(steer_plan_arrays_t, encoder_rows, 104, 8);
FIELD(steer_plan_arrays_t, encoder_bias, 112, 8);
FIELD(steer_plan_arrays_t, encoder_norms, 120, 8);
FIELD(steer_plan_arrays_t, threshold, 128, 8);
FIELD(steer_plan_arrays_t, gate_bias, 136, 8);
FIELD(steer_plan_arrays_t, magnitude_bias, 144, 8);
FIELD(steer_plan_arrays_t, gate_scale, 152, 8);
FIELD(steer_plan_arrays_t, rival_rows, 160, 8);
FIELD(steer_plan_arrays_t, rival_bias, 168, 8);
FIELD(steer_plan_arrays_t, rival_norms, 176, 8);
FIELD(steer_plan_arrays_t, features, 184, 8);
FIELD(steer_plan_arrays_t, directions, 192, 8);
FIELD(steer_plan_arrays_t, inverse_norms, 200, 8);
FIELD(steer_plan_arrays_t, decode_scales, 208, 8);
FIELD(steer_plan_arrays_t, edit_modes, 216, 8);
FIELD(steer_plan_arrays_t, edit_slots, 224, 8);
FIELD(steer_plan_arrays_t, edit_readings, 232, 8);
FIELD(steer_plan_arrays_t, edit_scopes, 240, 8);
FIELD(steer_plan_arrays_t, edit_units, 248, 8);
FIELD(steer_plan_arrays_t, edit_amounts, 256, 8);
FIELD(steer_plan_arrays_t, scope_phases, 264, 8);
FIELD(steer_plan_arrays_t, scope_skip_first, 272, 8);
FIELD(steer_plan_arrays_t, scope_range_offsets, 280, 8);
FIELD(steer_plan_arrays_t, scope_ranges, 288, 8);

VALUE(STEER_ABI_VERSION, 1);
VALUE(STEER_PROMPT_LENGTH_UNKNOWN, UINT64_MAX);

VALUE(STEER_OK, 0);
VALUE(STEER_ERR_ARGUMENT, 1);
VALUE(STEER_ERR_SHAPE, 2);
VALUE(STEER_ERR_NONFINITE, 3);
VALUE(STEER_ERR_CAPACITY, 4);
VALUE(STEER_ERR_IO, 10);
VALUE(STEER_ERR_FILE, 11);
VALUE(STEER_ERR_UNSUPPORTED, 12);
VALUE(STEER_ERR_PLAN, 20);

VALUE(STEER_F32, 0);
VALUE(STEER_BF16, 1);
VALUE(STEER_F16, 2);

VALUE(STEER_WEIGHT_CHECK_LAZY, 0);
VALUE(STEER_WEIGHT_CHECK_ALL, 1);

VALUE(STEER_KIND_AUTOENCODER, 0);
VALUE(STEER_KIND_TRANSCODER, 1);

VALUE(STEER_ACTIVATION_RELU, 0);
VALUE(STEER_ACTIVATION_JUMP_RELU, 1);
VALUE(STEER_ACTIVATION_TOP_K, 2);
VALUE(STEER_ACTIVATION_BATCH_TOP_K, 3);
VALUE(STEER_ACTIVATION_ABS_TOP_K, 4);
VALUE(STEER_ACTIVATION_GATED, 5);
VALUE(STEER_ACTIVATION_SIGNED_TOP_K, 6);
VALUE(STEER_ACTIVATION_GROUP_MAX, 7);
VALUE(STEER_ACTIVATION_BI_JUMP_RELU, 8);
VALUE(STEER_ACTIVATION_BLOCK_TOP_K, 9);
VALUE(STEER_ACTIVATION_MATCHING_PURSUIT, 10);

VALUE(STEER_NORMALISATION_NONE, 0);
VALUE(STEER_NORMALISATION_CONSTANT, 1);
VALUE(STEER_NORMALISATION_ROOT_WIDTH, 2);
VALUE(STEER_NORMALISATION_LAYER_NORM, 3);

VALUE(STEER_SITE_UNKNOWN, 0);
VALUE(STEER_SITE_RESIDUAL_PRE, 1);
VALUE(STEER_SITE_RESIDUAL_MID, 2);
VALUE(STEER_SITE_RESIDUAL_POST, 3);
VALUE(STEER_SITE_ATTENTION_OUT, 4);
VALUE(STEER_SITE_MLP_OUT, 5);

VALUE(STEER_TEXT_NAME, 0);
VALUE(STEER_TEXT_MODEL, 1);
VALUE(STEER_TEXT_INPUT_HOOK, 2);
VALUE(STEER_TEXT_OUTPUT_HOOK, 3);
VALUE(STEER_TEXT_LEDGER, 4);

VALUE(STEER_MODE_ADD, 0);
VALUE(STEER_MODE_CLAMP, 1);
VALUE(STEER_MODE_FLOOR, 2);
VALUE(STEER_MODE_CEILING, 3);
VALUE(STEER_MODE_SCALE, 4);
VALUE(STEER_MODE_ABLATE, 5);
VALUE(STEER_MODE_PROJECT_OUT, 6);

VALUE(STEER_STRENGTH_DECODER, 0);
VALUE(STEER_STRENGTH_UNIT, 1);
VALUE(STEER_STRENGTH_RELATIVE, 2);
VALUE(STEER_STRENGTH_MAX_ACTIVATION, 3);

VALUE(STEER_PHASE_ALL, 0);
VALUE(STEER_PHASE_PROMPT, 1);
VALUE(STEER_PHASE_GENERATED, 2);

VALUE(STEER_PLAN_READS_ACTIVATIONS, 1);
VALUE(STEER_PLAN_RANKS, 2);
VALUE(STEER_PLAN_NEEDS_PROMPT_LENGTH, 4);
VALUE(STEER_PLAN_CONSTANT, 8);
VALUE(STEER_PLAN_NEEDS_POSITIONS, 16);

VALUE(STEER_ROW_UNTOUCHED, 0);
VALUE(STEER_ROW_EDITED, 1);
VALUE(STEER_ROW_UNDEFINED, 2);

VALUE(STEER_DETECTOR_CALIBRATED, 1);
VALUE(STEER_DETECTOR_CALIBRATED_STREAMS, 2);

VALUE(STEER_VERDICT_HAS_SCORE, 1);
VALUE(STEER_VERDICT_HAS_P, 2);
VALUE(STEER_VERDICT_HAS_THRESHOLD, 4);
VALUE(STEER_VERDICT_FLAGGED, 8);
VALUE(STEER_VERDICT_BEYOND_CALIBRATION, 16);

VALUE(STEER_DOCUMENT_GIVEN, 1);
VALUE(STEER_DOCUMENT_PROMPT, 2);
VALUE(STEER_DOCUMENT_WINDOW, 3);
VALUE(STEER_DOCUMENT_CONSTANT, 4);

VALUE(STEER_WATERMARK_RETIRED, 1);
VALUE(STEER_WATERMARK_CALIBRATED, 2);
VALUE(STEER_WATERMARK_CALIBRATED_STREAMS, 4);
VALUE(STEER_WATERMARK_CALIBRATED_REPLAY, 8);

VALUE(STEER_SELECT_THRESHOLD, 0);
VALUE(STEER_SELECT_GATE, 1);
VALUE(STEER_SELECT_TOP_K, 2);
VALUE(STEER_SELECT_ABS_TOP_K, 3);
VALUE(STEER_SELECT_SIGNED_TOP_K, 4);

VALUE(STEER_UNIT_ACTIVATION, 0);
VALUE(STEER_UNIT_LENGTH, 1);
VALUE(STEER_UNIT_FRACTION, 2);

int main(void)
{
    return 0;
}
