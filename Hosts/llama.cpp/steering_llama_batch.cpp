/* What a decode is about to compute, and whether it did. */
#include "steering_llama_state.h"

#include <algorithm>
#include <limits>

namespace steering {

using std::to_string;

int32_t LlamaAdapter::decode(llama_batch batch) {
    State &s = state->begin();
    if (!s.context) {
        s.fail("the adapter has no context, expected bind() first");
        return DECODE_REFUSED;
    }
    if (s.was_bypassed) {
        s.was_bypassed = false;
        s.fail("llama_decode was called directly while plans stand, so its rows were not steered: "
               "expected LlamaAdapter::decode");
        return DECODE_REFUSED;
    }
    // Without plans a decode is llama.cpp's own affair, whatever the batch holds.
    if (s.n_wanted > 0 && !s.read_batch(batch)) return DECODE_REFUSED;

    s.is_decoding = true;
    const int32_t code = llama_decode(s.context, batch);
    s.is_decoding = false;

    if (code != 0) {
        if (!s.has_failed) s.fail("llama_decode returned " + to_string(code));
        return code;
    }
    if (s.n_wanted == 0 || s.check_finished()) return 0;
    s.take_back(batch);
    return DECODE_FAILED;
}

/* Copies the batch's tokens, positions and sequences, as llama.cpp will read them. */
bool LlamaAdapter::State::read_batch(const llama_batch &batch) {
    rows.clear();
    ubatch_begin = ubatch_end = 0;
    n_ubatches = n_positions_checked = 0;
    lookup_weight[0] = 0;
    for (Layer &layer : layers) {
        layer.n_seen = 0;
        std::fill(layer.expected.begin(), layer.expected.end(), 0);
        std::fill(layer.given.begin(), layer.given.end(), 0);
    }
    // llama_decode ends the process on a batch that is too long.
    if (batch.n_tokens <= 0 || uint32_t(batch.n_tokens) > llama_n_batch(context)) {
        return fail("the batch has " + to_string(batch.n_tokens) + " tokens, expected 1 to "
                    + to_string(llama_n_batch(context)) + " (n_batch)");
    }
    if (!batch.token || batch.embd) {
        return fail("the batch holds embeddings, expected tokens while plans stand");
    }
    if (!batch.pos) std::fill(first_positions.begin(), first_positions.end(), -1);
    llama_memory_t memory = llama_get_memory(context);
    for (int32_t i = 0; i < batch.n_tokens; ++i) {
        const int32_t n_sequences = batch.seq_id && batch.n_seq_id ? batch.n_seq_id[i] : 1;
        if (n_sequences < 1) return fail("token " + to_string(i) + " belongs to no sequence");
        for (int32_t j = 0; j < n_sequences; ++j) {
            const llama_seq_id sequence = batch.seq_id ? batch.seq_id[i][j] : 0;
            if (!has_sequence(sequence)) return false;
            if (n_sequences > 1 && n_attached[size_t(sequence)] > 0) {
                return fail("token " + to_string(i) + " belongs to " + to_string(n_sequences)
                            + " sequences, expected one where sequence " + to_string(sequence)
                            + " is steered");
            }
        }
        const llama_seq_id sequence = batch.seq_id ? batch.seq_id[i][0] : 0;
        llama_pos position;
        if (batch.pos) {
            position = batch.pos[i];
        } else {
            llama_pos &last = first_positions[size_t(sequence)];
            if (last < 0) last = llama_memory_seq_pos_max(memory, sequence);
            position = last += 1;
        }
        if (position < 0) {
            return fail("token " + to_string(i) + " has position " + to_string(position)
                        + ", expected 0 or more");
        }
        const bool has_output = batch.logits ? batch.logits[i] != 0 : i == batch.n_tokens - 1;
        rows.push_back({batch.token[i], position, sequence, has_output});
        for (Layer &layer : layers) {
            if (layer.n_attached == 0 || !layer.sessions[size_t(sequence)]) continue;
            // Behind the last block only rows with logits are left; the others change nothing.
            const bool is_last = &layer == &layers.back();
            if (has_output || !is_last) layer.expected[size_t(sequence)] += 1;
        }
    }
    return true;
}

/* Whether every row of every steered sequence met its plan. */
bool LlamaAdapter::State::check_finished() {
    if (has_failed) return false;
    if (n_ubatches == 0) {
        return fail("no token lookup was seen in the graph, expected one: the context must be made "
                    "from the params that install() filled");
    }
    if (ubatch_end != rows.size()) {
        return fail("the graph took " + to_string(ubatch_end) + " of the batch's "
                    + to_string(rows.size()) + " tokens");
    }
    if (has_positions && n_positions_checked != n_ubatches) {
        return fail("the graph showed the positions of " + to_string(n_positions_checked) + " of "
                    + to_string(n_ubatches) + " ubatches, so rows cannot be told apart");
    }
    for (size_t i = 0; i < layers.size(); ++i) {
        const Layer &layer = layers[i];
        if (!layer.is_wanted()) continue;
        if (layer.n_seen == 0) {
            return fail("no tensor 'l_out-" + to_string(i)
                        + "' appeared, expected one per ubatch: "
                          "this architecture does not name it");
        }
        for (size_t sequence = 0; sequence < layer.expected.size(); ++sequence) {
            if (layer.given[sequence] < layer.expected[sequence]) {
                return fail("the plan of sequence " + to_string(sequence) + " on layer "
                            + to_string(i) + " met " + to_string(layer.given[sequence])
                            + " rows, expected " + to_string(layer.expected[sequence]));
            }
        }
    }
    return true;
}

/* Removes what the batch put into the memory, as llama_decode does with a ubatch that fails. */
void LlamaAdapter::State::take_back(const llama_batch &batch) {
    const llama_pos none = std::numeric_limits<llama_pos>::max();
    std::fill(first_positions.begin(), first_positions.end(), none);
    for (int32_t i = 0; i < batch.n_tokens; ++i) {
        const int32_t n_sequences = batch.seq_id && batch.n_seq_id ? batch.n_seq_id[i] : 1;
        for (int32_t j = 0; j < n_sequences; ++j) {
            llama_pos &first = first_positions[size_t(batch.seq_id ? batch.seq_id[i][j] : 0)];
            first = std::min(first, rows[size_t(i)].position);
        }
    }
    llama_memory_t memory = llama_get_memory(context);
    for (size_t sequence = 0; sequence < first_positions.size(); ++sequence) {
        if (first_positions[sequence] == none) continue;
        if (!llama_memory_seq_rm(memory, llama_seq_id(sequence), first_positions[sequence], -1)) {
            llama_memory_seq_rm(memory, llama_seq_id(sequence), -1, -1);
            error += "; sequence " + to_string(sequence) + " had to be removed whole";
        }
    }
}

} // namespace steering
