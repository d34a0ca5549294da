/*
 * Bytes as a sequence of calls, with structs, sizes and pointers drawn from them. Buffers are of
 * exactly the size that a call may touch, so that AddressSanitizer sees anything more; a call that
 * fails must have left them alone.
 */
#include "target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4, MOST_CALLS = 40 };

typedef struct input {
    const uint8_t *data;
    size_t size, at;
} input_t;

typedef struct state {
    steer_plan_t *plans[SLOTS];
    size_t plan_dictionary[SLOTS];
    steer_session_t *sessions[SLOTS];
    size_t session_dictionary[SLOTS];
    steer_reader_t *reader;
    size_t reader_dictionary, reader_features;
    steer_encoder_t *encoder;
    size_t encoder_dictionary;
} state_t;

static uint64_t take(input_t *input, size_t bytes)
{
    uint64_t value = 0;
    while (bytes--) {
        value = value << 8 | (input->at < input->size ? input->data[input->at++] : 0);
    }
    return value;
}

/* Mostly small; sometimes one of the sizes that overflow something. */
static size_t take_size(input_t *input, size_t usual)
{
    static const size_t odd[] = { 0, SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 4,
        SIZE_MAX / 2 - 1, (size_t)1 << 62, 1 };
    const uint64_t choice = take(input, 1);
    return choice >= 240 ? odd[choice % 8] : choice >= 200 ? (size_t)(choice % 7) : usual;
}

static double take_double(input_t *input)
{
    static const double plain[] = { 0, 1, -1, 0.5, 3, 1e30, -1e39, 1e-320 };
    const uint64_t choice = take(input, 1);
    double value;
    if (choice < 200) {
        return plain[choice % 8];
    }
    {
        const uint64_t bits = take(input, 8);
        memcpy(&value, &bits, sizeof value);
    }
    return value;
}

static uint32_t take_struct_size(input_t *input, size_t size)
{
    const uint64_t choice = take(input, 1);
    return choice < 230 ? (uint32_t)size
        : choice < 240  ? (uint32_t)choice % (uint32_t)size
        : choice < 250  ? UINT32_MAX
                        : 0;
}

/* A buffer of its own, filled from the input; NULL rarely. */
static void *take_buffer(input_t *input, size_t bytes)
{
    unsigned char *buffer;
    size_t i;
    const uint64_t seed = take(input, 1);
    if (seed == 255) {
        return NULL;
    }
    buffer = (unsigned char *)malloc(bytes ? bytes : 1);
    for (i = 0; i < bytes; i++) {
        /* Small floats unless the input says otherwise. */
        buffer[i] = seed < 128 ? (i % 4 == 3 ? 0x3F : (unsigned char)(i * seed))
                               : (unsigned char)take(input, 1);
    }
    return buffer;
}

static void *copy_of(const void *buffer, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);
    if (buffer != NULL) {
        memcpy(copy, buffer, bytes);
    }
    return copy;
}

/* Bytes that `count` rows span, or a few where the numbers are nonsense and nothing may be touched.
 */
static size_t extent(size_t count, size_t stride, size_t width, size_t element)
{
    if (count > 8 || stride > 64 || stride < width) {
        return width * element;
    }
    return count == 0 ? 0 : ((count - 1) * stride + width) * element;
}

static void compile(state_t *state, input_t *input)
{
    const size_t slot = take(input, 1) % SLOTS, which = take(input, 1);
    const target_dictionary_t *dictionary = target_dictionary(which);
    const size_t count = 1 + take(input, 1) % 4;
    steer_range_t ranges[2];
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_intervention_t *wishes = (steer_intervention_t *)malloc(count * sizeof *wishes);
    const steer_intervention_t empty = STEER_INTERVENTION_INIT;
    steer_error_t error = STEER_ERROR_INIT;
    steer_plan_t *plan = NULL;
    steer_status_t status;
    size_t i;
    for (i = 0; i < 2; i++) {
        ranges[i].begin = take(input, 1);
        ranges[i].end =
            take(input, 1) < 250 ? ranges[i].begin + 1 + take(input, 1) % 9 : take(input, 8);
    }
    scope.phase = (int32_t)take(input, 1) % 4;
    scope.skip_first = take(input, 1) < 250 ? take(input, 1) % 4 : take(input, 8);
    scope.n_ranges = take(input, 1) % 3;
    scope.ranges = take(input, 1) < 250 ? ranges : NULL;
    scope.struct_size = take_struct_size(input, sizeof scope);
    /* A larger size says that there are more bytes: only with one may that be a lie, never read. */
    if (scope.struct_size > sizeof scope) {
        scope.struct_size = 0;
    }
    for (i = 0; i < count; i++) {
        wishes[i] = empty;
        if (take(input, 1) > 250) {
            wishes[i].struct_size = take(input, 1) % 2 ? 0 : UINT32_MAX;
        }
        wishes[i].feature =
            (uint32_t)(take(input, 1) < 250 ? take(input, 1) % TARGET_FEATURES : take(input, 4));
        wishes[i].mode = (int32_t)(int8_t)take(input, 1) % 8;
        wishes[i].strength = (int32_t)(int8_t)(take(input, 1) < 128 ? 0 : take(input, 1)) % 5;
        wishes[i].alpha = take_double(input);
        wishes[i].max_activation = take(input, 1) < 128 ? 0 : take_double(input);
        wishes[i].scope = take(input, 1) < 128 ? NULL : &scope;
    }
    status = steer_plan_compile(dictionary->handle, take(input, 1) == 255 ? NULL : wishes,
        take(input, 1) > 252 ? take_size(input, 0) & ~(size_t)7 ? SIZE_MAX : 0 : count,
        take(input, 1) < 200 ? NULL : &scope, &plan, &error);
    target_check(status, &error);
    MUST((status == STEER_OK) == (plan != NULL));
    if (plan != NULL) {
        steer_plan_destroy(state->plans[slot]);
        state->plans[slot] = plan;
        state->plan_dictionary[slot] = which;
    }
    free(wishes);
}

static void make_session(state_t *state, input_t *input)
{
    const size_t slot = take(input, 1) % SLOTS, plan = take(input, 1) % SLOTS;
    const uint64_t length = take(input, 1) < 200 ? take(input, 1) : take(input, 8) * 2 + 1;
    steer_session_t *session = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    const steer_status_t status =
        steer_session_create(state->plans[plan], length, &session, &error);
    target_check(status, &error);
    MUST((status == STEER_OK) == (session != NULL));
    if (session != NULL) {
        steer_session_destroy(state->sessions[slot]);
        state->sessions[slot] = session;
        state->session_dictionary[slot] = state->plan_dictionary[plan];
    }
}

static void move(state_t *state, input_t *input)
{
    const size_t a = take(input, 1) % SLOTS, b = take(input, 1) % SLOTS;
    steer_session_info_t info = STEER_SESSION_INFO_INIT;
    steer_session_t *fork = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    steer_status_t status;
    switch (take(input, 1) % 6) {
    case 0: status = steer_session_seek(state->sessions[a], take(input, 8), &error); break;
    case 1: status = steer_session_reset(state->sessions[a], take(input, 8), &error); break;
    case 2: status = steer_session_assign(state->sessions[a], state->sessions[b], &error); break;
    case 3:
        status = steer_session_fork(state->sessions[a], &fork, &error);
        MUST((status == STEER_OK) == (fork != NULL));
        if (fork != NULL) {
            state->session_dictionary[b] = state->session_dictionary[a];
            steer_session_destroy(state->sessions[b]);
            state->sessions[b] = fork;
        }
        break;
    case 4: {
        int32_t covers = 2;
        status = steer_session_covers(state->sessions[a], take(input, 8), &covers, &error);
        MUST(status == STEER_OK ? covers == 0 || covers == 1 : covers == 2);
        break;
    }
    default:
        info.struct_size = take_struct_size(input, sizeof info);
        status = steer_session_inspect(state->sessions[a], &info, &error);
        MUST(status != STEER_OK
            || (info.rows_edited + info.rows_undefined <= info.rows_in_scope
                && info.rows_in_scope <= info.rows));
    }
    target_check(status, &error);
}

static void apply(state_t *state, input_t *input)
{
    const size_t slot = take(input, 1) % SLOTS;
    const steer_type_t type =
        (steer_type_t)(take(input, 1) < 240 ? take(input, 1) % 3 : take(input, 4));
    const size_t element = type == STEER_F32 ? 4 : 2;
    const int single = take(input, 1) < 100;
    const size_t count = take_size(input, 1 + take(input, 1) % 5);
    steer_session_t *sessions[8];
    uint64_t positions[8];
    size_t width = 0, stride, bytes, i;
    int mixed = 0;
    steer_outcome_t *outcomes = NULL;
    unsigned char *rows, *before;
    steer_error_t error = STEER_ERROR_INIT;
    steer_status_t status;
    for (i = 0; i < 8; i++) {
        const size_t other = single ? slot : take(input, 1) % (SLOTS + 1);
        sessions[i] = other == SLOTS ? NULL : state->sessions[other];
        positions[i] = take(input, 1) < 230 ? take(input, 1) : take(input, 8);
        if (sessions[i] != NULL && i < count) {
            const size_t own = target_dictionary(state->session_dictionary[other])->width;
            mixed |= width != 0 && width != own;
            width = own > width ? own : width;
        }
    }
    stride = take_size(input, width + take(input, 1) % 3);
    bytes = extent(count, stride, width, element);
    rows = (unsigned char *)take_buffer(input, bytes + 4);
    before = (unsigned char *)copy_of(rows, bytes);
    if (count <= 8 && take(input, 1) < 200) {
        outcomes = (steer_outcome_t *)malloc(count * sizeof *outcomes + 1);
    }
    if (single) {
        status = steer_session_apply(sessions[0], rows, type, count, stride, outcomes, &error);
    } else {
        /* The list of sessions is read in full: a count beyond it may only be nonsense. */
        if (count > 8 && count < (size_t)1 << 40) {
            goto done;
        }
        status = steer_batch_apply(sessions, take(input, 1) < 128 ? NULL : positions, rows, type,
            count, stride, outcomes, &error);
        MUST(status != STEER_OK || !mixed);
    }
    target_check(status, &error);
    if (status != STEER_OK && rows != NULL) {
        MUST(memcmp(rows, before, bytes) == 0);
    }
    for (i = 0; status == STEER_OK && outcomes != NULL && i < count; i++) {
        MUST(outcomes[i] >= STEER_ROW_UNTOUCHED && outcomes[i] <= STEER_ROW_UNDEFINED);
    }
done:
    free(rows);
    free(before);
    free(outcomes);
}

static void observe(state_t *state, input_t *input)
{
    const size_t which = take(input, 1);
    const target_dictionary_t *dictionary = target_dictionary(which);
    steer_error_t error = STEER_ERROR_INIT;
    steer_status_t status;
    if (take(input, 1) % 2) {
        steer_reader_t *reader = NULL;
        uint32_t features[4];
        const size_t count = 1 + take(input, 1) % 4;
        size_t i;
        for (i = 0; i < count; i++) {
            features[i] = (uint32_t)(take(input, 1) < 250 ? take(input, 1) % TARGET_FEATURES
                                                          : take(input, 4));
        }
        status = steer_reader_create(dictionary->handle, features, count, &reader, &error);
        MUST((status == STEER_OK) == (reader != NULL));
        if (reader != NULL) {
            steer_reader_destroy(state->reader);
            state->reader = reader;
            state->reader_dictionary = which;
            state->reader_features = count;
        }
    } else {
        steer_encoder_t *encoder = NULL;
        status = steer_encoder_create(dictionary->handle, &encoder, &error);
        MUST((status == STEER_OK) == (encoder != NULL));
        steer_encoder_destroy(state->encoder);
        state->encoder = encoder;
        state->encoder_dictionary = which;
    }
    target_check(status, &error);
}

static void read_rows(state_t *state, input_t *input)
{
    const steer_type_t type = (steer_type_t)(take(input, 1) % 4);
    const size_t element = type == STEER_F32 ? 4 : 2;
    const size_t count = take_size(input, 1 + take(input, 1) % 5), width = TARGET_MOST_WIDTH;
    const size_t stride = take_size(input, width + take(input, 1) % 3);
    const size_t bytes = extent(count, stride, width, element);
    unsigned char *rows = (unsigned char *)take_buffer(input, bytes);
    steer_error_t error = STEER_ERROR_INIT;
    steer_status_t status;
    if (take(input, 1) % 2) {
        const size_t n = state->reader_features,
                     out_stride = take_size(input, n + take(input, 1) % 2);
        const size_t out_bytes = extent(count, out_stride, n, 4);
        float *out = (float *)take_buffer(input, out_bytes),
              *before = (float *)copy_of(out, out_bytes);
        status =
            steer_reader_read(state->reader, rows, type, count, stride, out, out_stride, &error);
        MUST(status == STEER_OK || out == NULL || memcmp(out, before, out_bytes) == 0);
        free(out);
        free(before);
    } else {
        const size_t capacity = count > 8 ? 0 : take(input, 1) % (8 * TARGET_FEATURES + 1);
        uint64_t *offsets = (uint64_t *)malloc(count > 8 ? 8 : (count + 1) * 8);
        uint32_t *indices = (uint32_t *)malloc(capacity * 4 + 1);
        float *values = (float *)malloc(capacity * 4 + 1);
        size_t required = 0;
        status = steer_encoder_encode(state->encoder, rows, type, count, stride, offsets, indices,
            values, capacity, &required, NULL, &error);
        MUST(status != STEER_OK
            || (required <= capacity && offsets[count > 8 ? 0 : count] == required));
        MUST(status != STEER_ERR_CAPACITY || required > capacity);
        free(offsets);
        free(indices);
        free(values);
    }
    target_check(status, &error);
    free(rows);
}

static void export_plan(state_t *state, input_t *input)
{
    const size_t slot = take(input, 1) % SLOTS;
    steer_error_t error = STEER_ERROR_INIT;
    steer_plan_arrays_t view;
    steer_arrays_t *arrays = NULL;
    uint8_t fingerprint[32];
    const steer_plan_t *plans[2];
    int32_t layers[2];
    size_t required = 0, n_layers, capacity;
    float *buffer;
    steer_status_t status = steer_plan_fingerprint(state->plans[slot], fingerprint, &error);
    if (state->plans[slot] == NULL) {
        target_check(status, &error);
        return;
    }
    target_check(status, &error);
    MUST(
        status == STEER_OK && steer_arrays_create(state->plans[slot], &arrays, &error) == STEER_OK);
    memset(&view, 0, sizeof view);
    view.struct_size = (uint32_t)sizeof view;
    MUST(steer_arrays_view(arrays, &view, &error) == STEER_OK);
    MUST(view.n_slots >= 1 && view.n_edits >= view.n_slots
        && isfinite(view.directions[view.n_slots * view.width - 1])
        && view.edit_slots[view.n_edits - 1] < view.n_slots
        && view.scope_range_offsets[view.n_scopes] == view.n_ranges);
    steer_arrays_destroy(arrays);
    plans[0] = state->plans[slot];
    plans[1] = state->plans[take(input, 1) % SLOTS];
    layers[0] = (int32_t)(int8_t)take(input, 1) % 8;
    layers[1] = (int32_t)(int8_t)take(input, 1) % 8;
    n_layers = take_size(input, 7);
    capacity = take(input, 1) < 200 ? 7 * TARGET_MOST_WIDTH : take(input, 1) % 80;
    buffer = (float *)malloc(capacity * sizeof *buffer + 1);
    status = steer_plan_control_vector(
        plans, layers, 1 + take(input, 1) % 2, n_layers, buffer, capacity, &required, &error);
    target_check(status, &error);
    MUST(status != STEER_OK || required <= capacity);
    free(buffer);
}

static void open_folder(input_t *input)
{
    const target_dictionary_t *dictionary = target_dictionary(take(input, 1));
    steer_open_options_t options = STEER_OPEN_OPTIONS_INIT;
    const char *keys[2] = { "a key", NULL };
    steer_dictionary_t *handle = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    steer_status_t status;
    char text[64];
    size_t required = 0, capacity = take(input, 1) % 65;
    options.weight_check = (int32_t)take(input, 1) % 3;
    options.activation_scale = take(input, 1) < 200 ? 0 : take_double(input);
    options.n_ignored_config_keys = take(input, 1) % 3;
    options.ignored_config_keys = take(input, 1) < 128 ? keys : NULL;
    if (take(input, 1) > 200) {
        static const char *const formats[] = { NULL, "saelens", "native", "no such layout" };
        options.format = formats[take(input, 1) % 4];
        options.architecture = take(input, 1) > 200 ? "jumprelu" : NULL;
        options.k = take(input, 1) % 4;
        options.has_layer = (int32_t)take(input, 1) % 3;
        options.layer = (int32_t)take(input, 1) - 64;
        options.kind = (int32_t)take(input, 1) % 5;
        options.activation_units = (int32_t)take(input, 1) % 4;
    }
    status = steer_dictionary_open(
        take(input, 1) < 220 ? dictionary->path : (const char *)"/nowhere\xFF", &options, &handle,
        &error);
    target_check(status, &error);
    MUST((status == STEER_OK) == (handle != NULL));
    steer_dictionary_close(handle);
    error.status = STEER_OK;
    error.row = -1;
    error.message[0] = 0;
    status = steer_dictionary_text(
        dictionary->handle, (int32_t)take(input, 1) % 6, text, capacity, &required, &error);
    target_check(status, &error);
    MUST(status != STEER_OK || (required <= capacity && text[required - 1] == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input;
    state_t state;
    size_t i;
    input.data = data;
    input.size = size;
    input.at = 0;
    memset(&state, 0, sizeof state);
    for (i = 0; i < MOST_CALLS && input.at < input.size; i++) {
        switch (take(&input, 1) % 10) {
        case 0:
        case 1: compile(&state, &input); break;
        case 2: make_session(&state, &input); break;
        case 3: move(&state, &input); break;
        case 4:
        case 5: apply(&state, &input); break;
        case 6: observe(&state, &input); break;
        case 7: read_rows(&state, &input); break;
        case 8: export_plan(&state, &input); break;
        default: open_folder(&input);
        }
    }
    for (i = 0; i < SLOTS; i++) {
        steer_session_destroy(state.sessions[i]);
        steer_plan_destroy(state.plans[i]);
    }
    steer_reader_destroy(state.reader);
    steer_encoder_destroy(state.encoder);
    return 0;
}
