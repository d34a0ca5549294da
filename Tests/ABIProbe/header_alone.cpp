// The header alone in C++11; also that every function has C linkage and is there to be linked.
#include "steering.h"

#include <cstdio>

typedef void (*any_function)();
#define ENTRY(name) reinterpret_cast<any_function>(name)

static const any_function functions[] = { ENTRY(steer_abi_version), ENTRY(steer_arrays_create),
    ENTRY(steer_arrays_destroy), ENTRY(steer_arrays_view), ENTRY(steer_batch_apply),
    ENTRY(steer_capabilities_get), ENTRY(steer_dictionary_close), ENTRY(steer_dictionary_inspect),
    ENTRY(steer_detector_destroy), ENTRY(steer_detector_inspect), ENTRY(steer_detector_open_json),
    ENTRY(steer_detector_structure_name), ENTRY(steer_dictionary_open),
    ENTRY(steer_dictionary_text), ENTRY(steer_encoder_create),
    ENTRY(steer_encoder_destroy), ENTRY(steer_encoder_encode),
    ENTRY(steer_monitor_assign), ENTRY(steer_monitor_create), ENTRY(steer_monitor_destroy),
    ENTRY(steer_monitor_fork), ENTRY(steer_monitor_observe), ENTRY(steer_monitor_observe_batch),
    ENTRY(steer_monitor_reset), ENTRY(steer_monitor_verdict), ENTRY(steer_plan_compile),
    ENTRY(steer_plan_compile_json), ENTRY(steer_plan_control_vector), ENTRY(steer_plan_destroy),
    ENTRY(steer_plan_fingerprint), ENTRY(steer_plan_inspect), ENTRY(steer_reader_create),
    ENTRY(steer_reader_destroy), ENTRY(steer_reader_read), ENTRY(steer_session_apply),
    ENTRY(steer_session_assign), ENTRY(steer_session_covers), ENTRY(steer_session_create), ENTRY(steer_session_destroy),
    ENTRY(steer_session_fork), ENTRY(steer_session_inspect), ENTRY(steer_session_reset),
    ENTRY(steer_session_seek), ENTRY(steer_session_set_monitor), ENTRY(steer_status_name), ENTRY(steer_version),
    ENTRY(steer_watermark_destroy), ENTRY(steer_watermark_detector),
    ENTRY(steer_watermark_inspect), ENTRY(steer_watermark_key_id), ENTRY(steer_watermark_open),
    ENTRY(steer_watermark_plan), ENTRY(steer_watermark_replay_plan),
    ENTRY(steer_watermark_replay_verdict) };

int main()
{
    steer_error_t error = STEER_ERROR_INIT;
    steer_capabilities_t capabilities = STEER_CAPABILITIES_INIT;
    const steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    const steer_dictionary_info_t dictionary = STEER_DICTIONARY_INFO_INIT;
    const steer_scope_t scope = STEER_SCOPE_INIT;
    const steer_intervention_t intervention = STEER_INTERVENTION_INIT;
    const steer_plan_info_t plan = STEER_PLAN_INFO_INIT;
    const steer_session_info_t session = STEER_SESSION_INFO_INIT;
    const steer_detector_info_t detector = STEER_DETECTOR_INFO_INIT;
    const steer_verdict_t verdict = STEER_VERDICT_INIT;
    const steer_watermark_info_t watermark = STEER_WATERMARK_INFO_INIT;
    const steer_document_t document = STEER_DOCUMENT_INIT;
    const steer_replay_t replay = STEER_REPLAY_INIT;
    const steer_plan_arrays_t arrays = STEER_PLAN_ARRAYS_INIT;
    const std::size_t sizes = options.struct_size + dictionary.struct_size + scope.struct_size
        + intervention.struct_size + plan.struct_size + session.struct_size + detector.struct_size
        + verdict.struct_size + watermark.struct_size + document.struct_size + replay.struct_size
        + arrays.struct_size;
    const std::size_t expected = sizeof options + sizeof dictionary + sizeof scope
        + sizeof intervention + sizeof plan + sizeof session + sizeof detector
        + sizeof verdict + sizeof watermark
        + sizeof document + sizeof replay + sizeof arrays;
    for (any_function function : functions) {
        if (function == nullptr) {
            return 1;
        }
    }
    const steer_status_t status = steer_capabilities_get(&capabilities, &error);
    std::printf("%zu functions linked from C++\n", sizeof functions / sizeof functions[0]);
    return status == STEER_OK && sizes == expected && steer_abi_version() == STEER_ABI_VERSION ? 0
                                                                                               : 1;
}
