#include "target.h"

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static target_dictionary_t dictionaries[TARGET_DICTIONARIES];
static fixture_t fixtures[TARGET_DICTIONARIES];

/* The folders go; the mappings stay. */
static void end(void)
{
    size_t i;
    for (i = 0; i < TARGET_DICTIONARIES; i++) {
        steer_dictionary_close(dictionaries[i].handle);
        fixture_end(&fixtures[i]);
    }
}

static void open_all(void)
{
    static const char *const architectures[TARGET_DICTIONARIES] = { "jumprelu", "topk", "abstopk",
        "gated", "transcoder", "standard" };
    size_t i;
    for (i = 0; i < TARGET_DICTIONARIES; i++) {
        fixture_spec_t spec = FIXTURE_SPEC_INIT;
        spec.architecture = architectures[i];
        spec.features = TARGET_FEATURES;
        spec.width = TARGET_MOST_WIDTH;
        spec.output_width = i == 4 ? 7 : 0;
        spec.k = i == 1 || i == 2 ? 5 : 0;
        spec.rescales = i == 2;
        spec.normalisation = i == 5 ? "constant_norm_rescale" : i == 3 ? "layer_norm" : "none";
        spec.type = i == 1 ? STEER_BF16 : STEER_F32;
        spec.seed = i;
        dictionaries[i].handle = fixture_create(&fixtures[i], &spec);
        dictionaries[i].width = fixtures[i].d_out;
        dictionaries[i].model_width = fixtures[i].d;
        snprintf(dictionaries[i].path, sizeof dictionaries[i].path, "%s", fixtures[i].path);
    }
    atexit(end);
}

const target_dictionary_t *target_dictionary(size_t index)
{
    if (dictionaries[0].handle == NULL) {
        open_all();
    }
    return &dictionaries[index % TARGET_DICTIONARIES];
}

void target_must(int holds, const char *file, int line, const char *text)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: %s does not hold\n", file, line, text);
        abort();
    }
}

void target_check(steer_status_t status, const steer_error_t *error)
{
    MUST(status == STEER_OK || (status >= 1 && status <= 4) || (status >= 10 && status <= 12)
        || status == STEER_ERR_PLAN);
    if (status == STEER_OK) {
        MUST(error->status == STEER_OK && error->message[0] == 0 && error->row == -1);
        return;
    }
    MUST(error->status == status && error->row >= -1);
    MUST(memchr(error->message, 0, sizeof error->message) != NULL && error->message[0] != 0);
    MUST(strchr(error->message, '\n') == NULL);
}
