/*
 * The header alone, as the first and only include, with each initialiser used: compiling is the
 * test.
 */
#include "steering.h"
#include "steering.h" /* twice does no harm */

int main(void)
{
    const steer_error_t error = STEER_ERROR_INIT;
    const steer_capabilities_t capabilities = STEER_CAPABILITIES_INIT;
    const steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    const steer_dictionary_info_t dictionary = STEER_DICTIONARY_INFO_INIT;
    const steer_scope_t scope = STEER_SCOPE_INIT;
    const steer_intervention_t intervention = STEER_INTERVENTION_INIT;
    const steer_plan_info_t plan = STEER_PLAN_INFO_INIT;
    const steer_session_info_t session = STEER_SESSION_INFO_INIT;
    const steer_encoder_options_t encoder_options = STEER_ENCODER_OPTIONS_INIT;
    const steer_encoder_info_t encoder = STEER_ENCODER_INFO_INIT;
    const steer_detector_info_t detector = STEER_DETECTOR_INFO_INIT;
    const steer_verdict_t verdict = STEER_VERDICT_INIT;
    const steer_watermark_info_t watermark = STEER_WATERMARK_INFO_INIT;
    const steer_document_t document = STEER_DOCUMENT_INIT;
    const steer_replay_t replay = STEER_REPLAY_INIT;
    const steer_plan_arrays_t arrays = STEER_PLAN_ARRAYS_INIT;
    const uint32_t sizes = error.struct_size + capabilities.struct_size + options.struct_size
        + dictionary.struct_size + scope.struct_size + intervention.struct_size + plan.struct_size
        + session.struct_size + encoder_options.struct_size + encoder.struct_size
        + detector.struct_size + verdict.struct_size + watermark.struct_size
        + document.struct_size + replay.struct_size + arrays.struct_size;
    const size_t expected = sizeof error + sizeof capabilities + sizeof options + sizeof dictionary
        + sizeof scope + sizeof intervention + sizeof plan + sizeof session
        + sizeof encoder_options + sizeof encoder + sizeof detector
        + sizeof verdict + sizeof watermark + sizeof document + sizeof replay + sizeof arrays;
    return sizes == expected && error.row == -1 && error.status == STEER_OK
            && dictionary.input_layer == -1 && dictionary.output_layer == -1
        ? 0
        : 1;
}
