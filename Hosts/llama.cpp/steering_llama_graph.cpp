/* Inside the graph: which row of a tensor is which token, and the edit itself.
 *
 * The scheduler's callback says nothing about sequences or positions. Every ubatch is therefore
 * laid against the batch: the token ids that the graph looks up and the positions that it rotates
 * by must be those of the next tokens of the batch, in order. Nothing here throws: these are C
 * frames. */
#include "steering_llama_state.h"

#include "ggml-backend.h"

#include <cstring>
#include <exception>

namespace steering {

using std::to_string;

bool LlamaAdapter::State::callback(ggml_tensor *tensor, bool ask, void *user) {
    State &s = *static_cast<State *>(user);
    try {
        if (ask) {
            s.is_asked = s.wants(tensor);
        } else if (s.is_asked && !s.has_failed) {
            s.take_rows(tensor, s.asked_layer);
        }
    } catch (const std::exception &exception) {
        // Only memory can run out here.
        s.has_failed = true;
        s.is_asked = false;
        try {
            s.error = exception.what();
        } catch (...) {}
    }
    if (ask) {
        s.is_chained_asked = s.chained && s.chained(tensor, true, s.chained_user);
        return s.is_asked || s.is_chained_asked;
    }
    // Returning false would stop the graph in silence, with logits of zero: our own failures let it
    // finish, and decode() takes the batch back.
    return s.is_chained_asked ? s.chained(tensor, false, s.chained_user) : true;
}

/* L for exactly `l_out-L`, else -1: `l_out-1` also begins `l_out-10`, and views carry a suffix. */
static int block_of(const char *name) {
    if (std::strncmp(name, "l_out-", 6) != 0) return -1;
    int layer = 0;
    const char *digit = name + 6;
    for (; *digit >= '0' && *digit <= '9' && layer < 100000; ++digit) {
        layer = layer * 10 + (*digit - '0');
    }
    return digit > name + 6 && *digit == 0 ? layer : -1;
}

bool LlamaAdapter::State::wants(const ggml_tensor *tensor) {
    if (n_wanted == 0) return false;
    const int layer = block_of(tensor->name);
    const bool is_ours = layer >= 0 && layer < n_layer && layers[size_t(layer)].is_wanted();
    if (!is_decoding) {
        if (is_ours) was_bypassed = true;
        return false;
    }
    if (has_failed) return false;
    if (tensor->op == GGML_OP_GET_ROWS || tensor->op == GGML_OP_ROPE) look_at_inputs(tensor);
    asked_layer = layer;
    return is_ours && !has_failed;
}

/* Whether a tensor is the graph's input `name`, or a copy of it on another backend
 * (`backend#name#copy`). */
static bool is_input(const ggml_tensor *tensor, const char *name) {
    const char *mark = std::strchr(tensor->name, '#');
    if (!mark) return std::strcmp(tensor->name, name) == 0;
    const size_t length = std::strlen(name);
    return std::strncmp(mark + 1, name, length) == 0 && mark[1 + length] == '#';
}

/* Inputs are in place before the graph starts, so they can be read when a node that uses them is
 * asked about. */
void LlamaAdapter::State::look_at_inputs(const ggml_tensor *node) {
    const ggml_tensor *input = node->src[1];
    if (!input || input->type != GGML_TYPE_I32) return;
    if (is_input(input, "inp_tokens")) {
        // Other tables may be looked up by token too; the first of a decode marks the ubatches.
        if (lookup_weight[0] == 0) {
            std::memcpy(lookup_weight, node->src[0]->name, sizeof lookup_weight);
        }
        if (std::strcmp(lookup_weight, node->src[0]->name) == 0) open_ubatch(input);
    } else if (is_input(input, "inp_pos")) {
        check_positions(input);
    }
}

bool LlamaAdapter::State::open_ubatch(const ggml_tensor *tokens) {
    const size_t count = size_t(ggml_nelements(tokens));
    if (count > rows.size() - ubatch_end || count > row_sessions.size()) {
        return fail("the graph takes " + to_string(count) + " tokens after " + to_string(ubatch_end)
                    + ", but the batch has " + to_string(rows.size()));
    }
    if (!check_ubatches()) return false;
    ubatch_begin = ubatch_end;
    ubatch_end += count;
    n_ubatches += 1;
    ggml_backend_tensor_get(tokens, integers.data(), 0, count * sizeof(int32_t));
    for (size_t i = 0; i < count; ++i) {
        const BatchRow &row = rows[ubatch_begin + i];
        if (integers[i] != row.token) {
            return fail("row " + to_string(ubatch_begin + i) + " of the graph is token "
                        + to_string(integers[i]) + ", expected " + to_string(row.token)
                        + " from the batch: llama.cpp has reordered it");
        }
    }
    return true;
}

bool LlamaAdapter::State::check_positions(const ggml_tensor *positions) {
    if (n_positions_checked == n_ubatches) return true;
    // Models with several axes repeat all positions once per axis.
    const size_t count = ubatch_end - ubatch_begin;
    const size_t n_positions = size_t(ggml_nelements(positions));
    if (count == 0 || n_positions % count != 0 || n_positions > integers.size()) {
        return fail("the graph has " + to_string(n_positions) + " positions, expected "
                    + to_string(count));
    }
    ggml_backend_tensor_get(positions, integers.data(), 0, count * sizeof(int32_t));
    for (size_t i = 0; i < count; ++i) {
        const BatchRow &row = rows[ubatch_begin + i];
        if (integers[i] != row.position) {
            return fail("row " + to_string(ubatch_begin + i) + " of the graph has position "
                        + to_string(integers[i]) + ", expected " + to_string(row.position)
                        + " from the batch: llama.cpp has reordered it");
        }
    }
    n_positions_checked = n_ubatches;
    return true;
}

/* Fills tensor_rows with the place in the batch of every row of a block's output. */
bool LlamaAdapter::State::map_rows(const ggml_tensor *tensor, int layer) {
    const auto named = [&] { return std::string("tensor '") + tensor->name + "'"; };
    if (layers[size_t(layer)].n_seen != n_ubatches - 1) {
        return fail(named() + " appeared " + to_string(layers[size_t(layer)].n_seen + 1)
                    + " times in " + to_string(n_ubatches) + " ubatches, expected once in each");
    }
    layers[size_t(layer)].n_seen += 1;
    if (tensor->ne[0] != n_embd || tensor->ne[2] != 1 || tensor->ne[3] != 1
        || !ggml_is_contiguous(tensor)) {
        return fail(named() + " is not [rows, " + to_string(n_embd) + "] and contiguous");
    }
    const size_t count = size_t(tensor->ne[1]);
    tensor_rows.clear();
    // Behind the last block llama.cpp keeps the rows whose logits were asked for.
    const bool is_whole = count == ubatch_end - ubatch_begin;
    for (size_t i = ubatch_begin; i < ubatch_end; ++i) {
        if (is_whole || rows[i].has_output) tensor_rows.push_back(i);
    }
    if (tensor_rows.size() == count && (is_whole || layer == n_layer - 1)) return true;
    return fail(named() + " has " + to_string(count) + " rows, expected "
                + to_string(ubatch_end - ubatch_begin)
                + (layer == n_layer - 1 ? " or one per token with logits" : ""));
}

static bool row_type(ggml_type type, steer_type_t &result) {
    switch (type) {
    case GGML_TYPE_F32: result = STEER_F32; return true;
    case GGML_TYPE_F16: result = STEER_F16; return true;
    case GGML_TYPE_BF16: result = STEER_BF16; return true;
    default: return false;
    }
}

bool LlamaAdapter::State::take_rows(ggml_tensor *tensor, int layer) {
    if (!map_rows(tensor, layer)) return false;
    steer_type_t type;
    if (!row_type(tensor->type, type)) {
        return fail(std::string("tensor '") + tensor->name + "' is of type "
                    + ggml_type_name(tensor->type) + ", expected f32, f16 or bf16");
    }
    Layer &place = layers[size_t(layer)];
    if (place.n_attached > 0 && !steer_rows(tensor, place, type)) return false;
    if (place.is_captured) append_captured(tensor, place.captured);
    return true;
}

/* Edits the rows of steered sequences. Only the span from the first to the last of them is read,
 * and only what was edited is written. */
bool LlamaAdapter::State::steer_rows(ggml_tensor *tensor, Layer &layer, steer_type_t type) {
    size_t begin = tensor_rows.size();
    size_t end = 0;
    for (size_t i = 0; i < tensor_rows.size(); ++i) {
        const BatchRow &row = rows[tensor_rows[i]];
        row_sessions[i] = layer.sessions[size_t(row.sequence)].get();
        row_positions[i] = uint64_t(row.position);
        if (!row_sessions[i]) continue;
        layer.given[size_t(row.sequence)] += 1;
        if (begin > i) begin = i;
        end = i + 1;
    }
    if (begin >= end) return true;

    const size_t row_bytes = tensor->nb[1];
    const size_t count = end - begin;
    ggml_backend_tensor_get(tensor, values.data(), begin * row_bytes, count * row_bytes);
    steer_error_t error = STEER_ERROR_INIT;
    const steer_status_t status =
        steer_batch_apply(row_sessions.data() + begin, row_positions.data() + begin, values.data(),
                          type, count, size_t(n_embd), outcomes.data(), &error);
    if (status != STEER_OK) {
        std::string reason = std::string("tensor '") + tensor->name + "': " + error.message;
        if (error.row >= 0 && size_t(error.row) < count) {
            const BatchRow &row = rows[tensor_rows[begin + size_t(error.row)]];
            reason += " (sequence " + to_string(row.sequence) + ", position "
                + to_string(row.position) + ")";
        }
        return fail(reason);
    }
    size_t first = count;
    size_t last = 0;
    for (size_t i = 0; i < count; ++i) {
        if (outcomes[i] != STEER_ROW_EDITED) continue;
        if (first > i) first = i;
        last = i + 1;
    }
    if (first < last) {
        ggml_backend_tensor_set(tensor, values.data() + first * row_bytes,
                                (begin + first) * row_bytes, (last - first) * row_bytes);
    }
    return true;
}

void LlamaAdapter::State::append_captured(const ggml_tensor *tensor, CapturedRows &captured) {
    const size_t count = tensor_rows.size();
    if (count == 0) return;
    const size_t n_values = count * size_t(n_embd);
    const size_t start = captured.values.size();
    captured.values.resize(start + n_values);
    float *target = captured.values.data() + start;
    if (tensor->type == GGML_TYPE_F32) {
        ggml_backend_tensor_get(tensor, target, 0, n_values * sizeof(float));
    } else {
        ggml_backend_tensor_get(tensor, values.data(), 0, count * tensor->nb[1]);
        if (tensor->type == GGML_TYPE_F16) {
            ggml_fp16_to_fp32_row(reinterpret_cast<const ggml_fp16_t *>(values.data()), target,
                                  int64_t(n_values));
        } else {
            ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t *>(values.data()), target,
                                  int64_t(n_values));
        }
    }
    for (size_t index : tensor_rows) {
        captured.tokens.push_back(rows[index].token);
        captured.positions.push_back(rows[index].position);
        captured.sequences.push_back(rows[index].sequence);
    }
}

} // namespace steering
