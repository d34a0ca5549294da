/* Opening: what is refused and with which status; texts; weights that are not finite. */
#include "numbers.h"
#include "probe.h"
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void refuse_open(
    const char *path, const steer_open_options_t *options, uint32_t mask, int line)
{
    steer_dictionary_t *out = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    const steer_status_t status = steer_dictionary_open(path, options, &out, &error);
    CHECK(status >= 0 && (mask >> status & 1u) && out == NULL, "line %d: %s: %s", line,
        steer_status_name(status), error.message);
    scene_check_error(&error, status, -1, line);
    steer_dictionary_close(out);
}

/* Choices outside their range, and those that this layout has no use for. */
static void refuse_choices(const char *path)
{
    const steer_open_options_t empty = STEER_OPEN_OPTIONS_INIT;
    steer_open_options_t options = empty;
    steer_dictionary_t *out = NULL;
    options.format = "no such layout";
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.format = "\xFF";
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options = empty;
    options.layer = 1;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.has_layer = 2;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.has_layer = 1;
    options.layer = -1;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.layer = 0;
    refuse_open(path, &options, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options = empty;
    options.k = UINT64_MAX;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.k = 1;
    refuse_open(path, &options, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options = empty;
    options.kind = STEER_OPEN_KIND_EMBEDDING + 1;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.kind = -1;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.kind = STEER_OPEN_KIND_TRANSCODER;
    refuse_open(path, &options, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options = empty;
    options.activation_units = STEER_OPEN_UNITS_RAW + 1;
    refuse_open(path, &options, ONE(STEER_ERR_ARGUMENT), __LINE__);
    options.activation_units = STEER_OPEN_UNITS_RAW;
    refuse_open(path, &options, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options = empty;
    options.architecture = "jumprelu";
    refuse_open(path, &options, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options = empty;
    options.format = "saelens";
    CHECK_STATUS(STEER_OK, steer_dictionary_open(path, &options, &out, NULL));
    steer_dictionary_close(out);
}

/* Writes `text` over a file of the folder. */
static void replace(const fixture_t *fixture, const char *name, const char *text, size_t length)
{
    char path[320];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", fixture->path, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(text, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void test_refused_folders(void)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    char path[320];
    steer_dictionary_t *dictionary;
    static const char not_json[] = "{\"architecture\": ";
    static const char unknown[] = "{\"architecture\": \"temporal\", \"d_in\": 20, \"d_sae\": 48,"
                                  " \"metadata\": {\"sae_lens_version\": \"6.54.12\"}}";
    static const char other_width[] =
        "{\"architecture\": \"jumprelu\", \"d_in\": 21, \"d_sae\": 48,"
        " \"metadata\": {\"sae_lens_version\": \"6.54.12\"}}";
    static const char extra_key[] =
        "{\"architecture\": \"jumprelu\", \"d_in\": 20, \"d_sae\": 48, \"w\": 1,"
        " \"metadata\": {\"sae_lens_version\": \"6.54.12\"}}";
    steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    static const char *const keys[] = { "w" };
    static const double scales[] = { -2, NAN, INFINITY, -INFINITY, 1e300, 1e-320 };
    size_t i;
    probe_case("refused folders");
    refuse_open("", NULL, ONE(STEER_ERR_IO) | ONE(STEER_ERR_ARGUMENT), __LINE__);
    refuse_open("/nowhere/at/all", NULL, ONE(STEER_ERR_IO), __LINE__);
    refuse_open("\xFF\xFE", NULL, ONE(STEER_ERR_IO) | ONE(STEER_ERR_ARGUMENT), __LINE__);
    dictionary = fixture_create(&fixture, &spec);
    replace(&fixture, "notes.txt", "no dictionary", 13);
    snprintf(path, sizeof path, "%s/notes.txt", fixture.path);
    refuse_open(path, NULL, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    unlink(path);
    {
        steer_dictionary_t *whole = NULL;
        snprintf(path, sizeof path, "%s/cfg.json", fixture.path); /* one file stands for its folder */
        CHECK_STATUS(STEER_OK, steer_dictionary_open(path, NULL, &whole, &probe_error));
        steer_dictionary_close(whole);
    }
    for (i = 0; i < 6; i++) {
        options.activation_scale = scales[i];
        refuse_open(fixture.path, &options,
            ONE(STEER_ERR_ARGUMENT) | (i > 3 ? ONE(STEER_ERR_UNSUPPORTED) : 0), __LINE__);
    }
    options.activation_scale = 0;
    refuse_choices(fixture.path);
    replace(&fixture, "cfg.json", not_json, sizeof not_json - 1);
    refuse_open(fixture.path, NULL, ONE(STEER_ERR_FILE), __LINE__);
    replace(&fixture, "cfg.json", unknown, sizeof unknown - 1);
    refuse_open(fixture.path, NULL, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    replace(&fixture, "cfg.json", other_width, sizeof other_width - 1);
    refuse_open(fixture.path, NULL, ONE(STEER_ERR_SHAPE), __LINE__);
    replace(&fixture, "cfg.json", extra_key, sizeof extra_key - 1);
    refuse_open(fixture.path, NULL, ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    options.ignored_config_keys = keys;
    options.n_ignored_config_keys = 1;
    {
        steer_dictionary_t *again = NULL;
        CHECK_STATUS(STEER_OK, steer_dictionary_open(fixture.path, &options, &again, &probe_error));
        steer_dictionary_close(again);
    }
    snprintf(path, sizeof path, "%s/sae_weights.safetensors", fixture.path);
    unlink(path); /* what is open stays open */
    refuse_open(fixture.path, &options, ONE(STEER_ERR_IO) | ONE(STEER_ERR_UNSUPPORTED), __LINE__);
    replace(&fixture, "sae_weights.safetensors", "\377\377\377\377\377\377\377\177{}", 10);
    refuse_open(fixture.path, &options, ONE(STEER_ERR_FILE), __LINE__);
    replace(&fixture, "sae_weights.safetensors", "", 0);
    refuse_open(fixture.path, &options, ONE(STEER_ERR_FILE), __LINE__);
    {
        const steer_intervention_t wish = scene_wish(4, STEER_MODE_CLAMP, 1);
        steer_plan_destroy(scene_plan(dictionary, &wish, 1, NULL));
    }
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

static void test_not_finite_weights(void)
{
    size_t which;
    for (which = 0; which < 4; which++) {
        fixture_spec_t spec = FIXTURE_SPEC_INIT;
        fixture_t fixture;
        probe_case("a weight that is not finite, %zu", which);
        fixture_make(&fixture, &spec);
        *(which == 0         ? &fixture.encoder[77]
                : which == 1 ? &fixture.decoder[77]
                : which == 2 ? &fixture.encoder_bias[3]
                             : &fixture.threshold[3]) = which % 2 ? (float)INFINITY : (float)NAN;
        fixture_write(&fixture);
        refuse_open(fixture.path, NULL, ONE(STEER_ERR_NONFINITE), __LINE__);
        fixture_end(&fixture);
    }
}

static void test_texts(void)
{
    scene_t scene;
    static const char *const expected[] = { NULL, "probe", "blocks.3.hook_resid_post",
        "blocks.3.hook_resid_post", NULL };
    int32_t which;
    scene_make(&scene);
    for (which = STEER_TEXT_NAME; which <= STEER_TEXT_LEDGER; which++) {
        size_t required = 0, again = 0, capacity;
        char *text;
        probe_case("text %d", which);
        CHECK_STATUS(STEER_ERR_CAPACITY,
            steer_dictionary_text(scene.dictionary, which, NULL, 0, &required, NULL));
        text = (char *)probe_allocate(required + 8);
        for (capacity = required - 1; capacity <= required + 1; capacity++) {
            memset(text, '?', required + 8);
            CHECK_STATUS(capacity < required ? STEER_ERR_CAPACITY : STEER_OK,
                steer_dictionary_text(scene.dictionary, which, text, capacity, &again, NULL));
            CHECK(again == required, "required is %zu, then %zu", required, again);
            if (capacity < required) {
                CHECK(text[0] == '?', "a buffer that is too small was written");
                continue;
            }
            CHECK(strlen(text) + 1 == required && text[required] == '?', "'%s'", text);
            CHECK(expected[which] == NULL || strcmp(text, expected[which]) == 0, "'%s'", text);
        }
        if (which == STEER_TEXT_NAME) {
            CHECK(strcmp(text, strrchr(scene.fixture.path, '/') + 1) == 0, "'%s'", text);
        }
        if (which == STEER_TEXT_LEDGER) {
            CHECK(text[0] == '[' && text[required - 2] == ']' && strstr(text, "\"statement\""),
                "'%s'", text);
        }
        free(text);
    }
    scene_end(&scene);
}

int main(void)
{
    test_refused_folders();
    test_not_finite_weights();
    test_texts();
    return probe_finish();
}
