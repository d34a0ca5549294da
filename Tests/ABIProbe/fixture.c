#include "fixture.h"

#include "numbers.h"
#include "probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fixture_is_transcoder(const fixture_spec_t *spec)
{
    return strstr(spec->architecture, "transcoder") != NULL;
}

/* Values that the file's type holds exactly. */
static float *draw(uint64_t *state, steer_type_t type, size_t count, double mean, double deviation)
{
    float *values = (float *)probe_allocate(count * sizeof(float));
    size_t i;
    for (i = 0; i < count; i++) {
        const float value = (float)(mean + deviation * random_normal(state));
        values[i] = type == STEER_BF16 ? f32_from_bf16(bf16_from_f32(value)) : value;
    }
    return values;
}

void fixture_make(fixture_t *fixture, const fixture_spec_t *spec)
{
    uint64_t state = spec->seed * 977 + 5;
    const steer_type_t type = spec->type;
    size_t i;
    memset(fixture, 0, sizeof *fixture);
    fixture->spec = *spec;
    fixture->n = spec->features;
    fixture->d = spec->width;
    fixture->d_out = spec->output_width ? spec->output_width : spec->width;
    fixture->encoder = draw(&state, type, fixture->n * fixture->d, 0, 1 / sqrt((double)fixture->d));
    fixture->decoder = draw(&state, type, fixture->n * fixture->d_out, 0, 0.4);
    fixture->encoder_bias = draw(&state, type, fixture->n, 0, 0.2);
    fixture->decoder_bias = draw(&state, type, fixture->d_out, 0, 0.3);
    fixture->threshold = draw(&state, type, fixture->n, 0.4, 0.3);
    fixture->gate_bias = draw(&state, type, fixture->n, -0.2, 0.3);
    fixture->magnitude_bias = draw(&state, type, fixture->n, 0.1, 0.3);
    fixture->log_scale = draw(&state, type, fixture->n, 0, 0.5);
    if (strcmp(spec->architecture, "gated") == 0) {
        for (i = 0; i < fixture->n; i++) {
            fixture->encoder_bias[i] = 0;
        }
    }
}

typedef struct tensor {
    const char *name;
    const float *values;
    size_t rows, columns; /* columns 0: one dimension */
    int transposed; /* values are [columns, rows] in memory */
} tensor_t;

static void put(FILE *file, steer_type_t type, float value)
{
    unsigned char bytes[4];
    element_store(bytes, type, 0, value);
    fwrite(bytes, 1, element_size(type), file);
}

static void write_safetensors(
    const char *path, steer_type_t type, const tensor_t *tensors, size_t count)
{
    char header[4096];
    size_t length = 0, offset = 0, i, r, c;
    unsigned char prefix[8];
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    for (i = 0; i < count; i++) {
        const tensor_t *t = &tensors[i];
        const size_t bytes = t->rows * (t->columns ? t->columns : 1) * element_size(type);
        length +=
            (size_t)snprintf(header + length, sizeof header - length, "%c\"%s\":{\"dtype\":\"%s\",",
                i ? ',' : '{', t->name, type == STEER_F32 ? "F32" : "BF16");
        length += t->columns ? (size_t)snprintf(header + length, sizeof header - length,
                                   "\"shape\":[%zu,%zu],", t->rows, t->columns)
                             : (size_t)snprintf(header + length, sizeof header - length,
                                   "\"shape\":[%zu],", t->rows);
        length += (size_t)snprintf(header + length, sizeof header - length,
            "\"data_offsets\":[%zu,%zu]}", offset, offset + bytes);
        offset += bytes;
    }
    header[length++] = '}';
    while (length % 8) {
        header[length++] = ' ';
    }
    for (i = 0; i < 8; i++) {
        prefix[i] = (unsigned char)(length >> (8 * i));
    }
    fwrite(prefix, 1, 8, file);
    fwrite(header, 1, length, file);
    for (i = 0; i < count; i++) {
        const tensor_t *t = &tensors[i];
        const size_t columns = t->columns ? t->columns : 1;
        for (r = 0; r < t->rows; r++) {
            for (c = 0; c < columns; c++) {
                put(file, type, t->values[t->transposed ? c * t->rows + r : r * columns + c]);
            }
        }
    }
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void write_configuration(const fixture_t *fixture, const char *path)
{
    const fixture_spec_t *spec = &fixture->spec;
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fprintf(file,
        "{\"architecture\": \"%s\", \"d_in\": %zu, \"d_sae\": %zu, \"dtype\": \"%s\", \"device\": "
        "\"cpu\","
        " \"apply_b_dec_to_input\": %s, \"normalize_activations\": \"%s\","
        " \"reshape_activations\": \"none\", \"metadata\": {\"sae_lens_version\": \"6.54.12\","
        " \"model_name\": \"probe\", \"hook_name\": \"blocks.3.hook_resid_post\"",
        spec->architecture, fixture->d, fixture->n,
        spec->type == STEER_F32 ? "float32" : "bfloat16",
        spec->subtracts && !fixture_is_transcoder(spec) ? "true" : "false", spec->normalisation);
    if (fixture_is_transcoder(spec)) {
        fprintf(file, ", \"hook_name_out\": \"blocks.3.hook_mlp_out\"}, \"d_out\": %zu",
            fixture->d_out);
    } else {
        fprintf(file, "}");
    }
    if (spec->k) {
        fprintf(file, ", \"k\": %zu, \"rescale_acts_by_decoder_norm\": %s", spec->k,
            spec->rescales ? "true" : "false");
    }
    fprintf(file, "}\n");
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* docs/formats/native.md. Digests are compared only when asked for: these are of nothing. */
static void write_native(const fixture_t *fixture)
{
    static const char digest[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const tensor_t tensors[] = { { "decoder", fixture->decoder, fixture->n, fixture->d_out, 0 },
        { "decoder_bias", fixture->decoder_bias, fixture->d_out, 0, 0 },
        { "encoder", fixture->encoder, fixture->n, fixture->d, 0 },
        { "encoder_bias", fixture->encoder_bias, fixture->n, 0, 0 } };
    char path[320];
    FILE *file;
    size_t i;
    snprintf(path, sizeof path, "%s/weights.safetensors", fixture->path);
    write_safetensors(path, STEER_F32, tensors, 4);
    snprintf(path, sizeof path, "%s/dictionary.json", fixture->path);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fprintf(file,
        "{\"format\": \"steering-dictionary\", \"version\": 1, \"name\": \"probe\", \"kind\": "
        "\"autoencoder\", \"feature_count\": %zu, \"model_width\": %zu, \"output_width\": %zu, "
        "\"activation\": {\"function\": \"blockTopK\", \"block_size\": 4, \"blocks\": 3}, "
        "\"normalisation\": {\"method\": \"none\"}, "
        "\"output_scale\": {\"method\": \"undoes-normalisation\"}, "
        "\"subtracts_decoder_bias\": true, \"decoder_norm_role\": \"none\", \"prefixes\": [], "
        "\"flattens_heads\": false, \"excludes_special_tokens\": null, "
        "\"encoder\": {\"storage\": \"dense\"}, \"decoder\": {\"storage\": \"dense\"}, "
        "\"has_skip\": false, \"ledger\": [], \"tensors\": {",
        fixture->n, fixture->d, fixture->d_out);
    for (i = 0; i < 4; i++) {
        fprintf(file, "%s\"%s\": {\"sha256\": \"%s\"}", i ? ", " : "", tensors[i].name, digest);
    }
    fprintf(file, "}");
    for (i = 0; i < 2; i++) {
        fprintf(file, ", \"%s\": {\"model\": null, \"hook\": null, \"module_hook\": null}",
            i ? "output" : "input");
    }
    fprintf(file, "}\n");
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

void fixture_write(fixture_t *fixture)
{
    const char *folder = getenv("TMPDIR");
    const char *architecture = fixture->spec.architecture;
    char path[320];
    tensor_t tensors[8];
    size_t count = 0;
    snprintf(
        fixture->path, sizeof fixture->path, "%s/steering-probe-XXXXXX", folder ? folder : "/tmp");
    if (mkdtemp(fixture->path) == NULL) {
        perror(fixture->path);
        exit(1);
    }
    if (strcmp(architecture, FIXTURE_BLOCK_TOP_K) == 0) {
        write_native(fixture);
        return;
    }
    snprintf(path, sizeof path, "%s/cfg.json", fixture->path);
    write_configuration(fixture, path);
#define TENSOR(tensor_name, array, n_rows, n_columns, is_transposed)                               \
    do {                                                                                           \
        tensors[count].name = (tensor_name);                                                       \
        tensors[count].values = (array);                                                           \
        tensors[count].rows = (n_rows);                                                            \
        tensors[count].columns = (n_columns);                                                      \
        tensors[count].transposed = (is_transposed);                                               \
        count++;                                                                                   \
    } while (0)
    TENSOR("W_dec", fixture->decoder, fixture->n, fixture->d_out, 0);
    TENSOR("W_enc", fixture->encoder, fixture->d, fixture->n, 1);
    TENSOR("b_dec", fixture->decoder_bias, fixture->d_out, 0, 0);
    if (strcmp(architecture, "gated") == 0) {
        TENSOR("b_gate", fixture->gate_bias, fixture->n, 0, 0);
        TENSOR("b_mag", fixture->magnitude_bias, fixture->n, 0, 0);
        TENSOR("r_mag", fixture->log_scale, fixture->n, 0, 0);
    } else {
        TENSOR("b_enc", fixture->encoder_bias, fixture->n, 0, 0);
    }
    if (strncmp(architecture, "jumprelu", 8) == 0) {
        TENSOR("threshold", fixture->threshold, fixture->n, 0, 0);
    }
#undef TENSOR
    snprintf(path, sizeof path, "%s/sae_weights.safetensors", fixture->path);
    write_safetensors(path, fixture->spec.type, tensors, count);
}

steer_dictionary_t *fixture_open(const fixture_t *fixture)
{
    steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    steer_dictionary_t *dictionary = NULL;
    options.activation_scale = fixture->spec.activation_scale;
    REQUIRE_OK(steer_dictionary_open(fixture->path, &options, &dictionary, &probe_error));
    return dictionary;
}

steer_dictionary_t *fixture_create(fixture_t *fixture, const fixture_spec_t *spec)
{
    fixture_make(fixture, spec);
    fixture_write(fixture);
    return fixture_open(fixture);
}

void fixture_end(fixture_t *fixture)
{
    static const char *const names[] = { "cfg.json", "sae_weights.safetensors", "dictionary.json",
        "weights.safetensors" };
    char path[320];
    size_t i;
    if (fixture->path[0]) {
        for (i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "%s/%s", fixture->path, names[i]);
            unlink(path);
        }
        rmdir(fixture->path);
    }
    free(fixture->encoder);
    free(fixture->decoder);
    free(fixture->encoder_bias);
    free(fixture->decoder_bias);
    free(fixture->threshold);
    free(fixture->gate_bias);
    free(fixture->magnitude_bias);
    free(fixture->log_scale);
    memset(fixture, 0, sizeof *fixture);
}
