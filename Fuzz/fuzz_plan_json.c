/*
 * Any bytes as a plan in JSON. What compiles must be usable: it inspects, exports and applies, and
 * the same text compiles to the same fingerprint.
 */
#include "target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void use(const target_dictionary_t *dictionary, const steer_plan_t *plan)
{
    steer_plan_info_t info = STEER_PLAN_INFO_INIT;
    steer_error_t error = STEER_ERROR_INIT;
    steer_session_t *session = NULL;
    steer_arrays_t *arrays = NULL;
    float rows[3 * TARGET_MOST_WIDTH];
    steer_status_t status;
    size_t i;
    MUST(steer_plan_inspect(plan, &info, &error) == STEER_OK);
    MUST(info.width == dictionary->width && info.n_interventions >= 1
        && info.n_features <= info.n_interventions && info.n_readings <= info.n_features);
    MUST(steer_arrays_create(plan, &arrays, &error) == STEER_OK);
    steer_arrays_destroy(arrays);
    MUST(steer_session_create(plan, 1, &session, &error) == STEER_OK);
    for (i = 0; i < 3 * dictionary->width; i++) {
        rows[i] = (float)i - 9;
    }
    status = steer_session_apply(session, rows, STEER_F32, 3, dictionary->width, NULL, &error);
    target_check(status, &error);
    MUST(status == STEER_OK || status == STEER_ERR_NONFINITE);
    for (i = 0; i < 3 * dictionary->width; i++) {
        MUST(isfinite(rows[i]) && (status == STEER_OK || rows[i] == (float)i - 9));
    }
    steer_session_destroy(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its own size: reading beyond `length` is then seen. */
    char *text = (char *)malloc(size ? size : 1);
    size_t i;
    memcpy(text, data, size);
    for (i = 0; i < TARGET_DICTIONARIES; i++) {
        const target_dictionary_t *dictionary = target_dictionary(i);
        steer_plan_t *plan = NULL, *again = NULL;
        steer_error_t error = STEER_ERROR_INIT;
        uint8_t first[32], second[32];
        const steer_status_t status =
            steer_plan_compile_json(dictionary->handle, text, size, &plan, &error);
        target_check(status, &error);
        MUST((status == STEER_OK) == (plan != NULL));
        MUST(status == STEER_OK || status == STEER_ERR_FILE || status == STEER_ERR_PLAN);
        if (status == STEER_ERR_FILE) {
            break; /* not JSON for any dictionary */
        }
        if (plan == NULL) {
            continue;
        }
        use(dictionary, plan);
        MUST(steer_plan_compile_json(dictionary->handle, text, size, &again, &error) == STEER_OK);
        MUST(steer_plan_fingerprint(plan, first, &error) == STEER_OK);
        MUST(steer_plan_fingerprint(again, second, &error) == STEER_OK);
        MUST(memcmp(first, second, 32) == 0);
        steer_plan_destroy(plan);
        steer_plan_destroy(again);
    }
    free(text);
    return 0;
}
