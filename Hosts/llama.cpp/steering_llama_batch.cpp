/* What a decode is about to compute, and whether it did. */
#include "steering_llama_state.h"

#include <algorithm>
#include <exception>
#include <string>

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
        s.fail("llama_decode was called directly while a plan or a capture stands, so its rows "
               "were neither steered nor captured: expected LlamaAdapter::decode");
        return DECODE_REFUSED;
    }
    // Without plans a decode is llama.cpp's own affair, whatever the batch holds.
    if (s.n_wanted > 0 && !s.read_batch(batch)) return DECODE_REFUSED;

    s.remember();
    const int32_t code = s.run(batch);
    if (!s.has_failed && s.n_wanted > 0) code == 0 ? s.check_finished() : s.check_kept();
    if (s.has_failed) {
        // Whatever llama_decode says: rows behind the failure went on without their plan, and
        // llama.cpp keeps the ubatches before one that was aborted.
        s.take_back();
        return DECODE_FAILED;
    }
    if (code != 0) {
        s.drop_lost_rows();
        s.fail("llama_decode returned " + to_string(code));
    }
    return code;
}

/* llama_decode; what it throws becomes a failure like the callback's own. */
int32_t LlamaAdapter::State::run(const llama_batch &batch) {
    int32_t code = DECODE_FAILED;
    is_decoding = true;
    try {
        code = llama_decode(context, batch);
    } catch (const std::exception &exception) {
        fail(std::string("llama_decode threw: ") + exception.what());
    } catch (...) {
        fail("llama_decode threw something that is not a std::exception");
    }
    is_decoding = false;
    return code;
}

/* Notes what a failed decode must leave behind. */
void LlamaAdapter::State::remember() {
    llama_memory_t memory = llama_get_memory(context);
    for (size_t i = 0; i < spans_before.size(); ++i) {
        spans_before[i] = {llama_memory_seq_pos_min(memory, llama_seq_id(i)),
                           llama_memory_seq_pos_max(memory, llama_seq_id(i))};
    }
    for (Layer &layer : layers) layer.n_captured_before = layer.captured.tokens.size();
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
    if (!batch.pos) std::fill(next_positions.begin(), next_positions.end(), -1);
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
            llama_pos &last = next_positions[size_t(sequence)];
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

/* Whether every ubatch so far was seen whole. */
bool LlamaAdapter::State::check_ubatches() {
    if (has_positions && n_positions_checked != n_ubatches) {
        return fail("the graph showed the positions of " + to_string(n_positions_checked) + " of "
                    + to_string(n_ubatches) + " ubatches, so rows cannot be told apart");
    }
    for (size_t i = 0; i < layers.size(); ++i) {
        const Layer &layer = layers[i];
        if (!layer.is_wanted() || layer.n_seen == n_ubatches) continue;
        const std::string name = "'l_out-" + to_string(i) + "'";
        if (layer.n_seen == 0) {
            return fail("no tensor " + name + " appeared, expected one per ubatch: this "
                        "architecture does not name it");
        }
        return fail("tensor " + name + " appeared in " + to_string(layer.n_seen) + " of "
                    + to_string(n_ubatches) + " ubatches, expected once in each");
    }
    return true;
}

/* After a code of llama_decode: whether the rows that it kept were seen. Only ubatches are kept or
 * removed, and those before the last were checked when it began. */
bool LlamaAdapter::State::check_kept() {
    llama_memory_t memory = llama_get_memory(context);
    size_t n_kept = 0;
    for (const BatchRow &row : rows) {
        if (row.position > spans_before[size_t(row.sequence)].last
            && row.position <= llama_memory_seq_pos_max(memory, row.sequence)) {
            n_kept += 1;
        }
    }
    if (n_kept < ubatch_end || n_kept == 0) return true;
    if (n_kept == ubatch_end) return check_ubatches();
    return fail("the memory holds " + to_string(n_kept) + " rows of the batch, expected the "
                + to_string(ubatch_end) + " that the graph showed");
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
    if (!check_ubatches()) return false;
    for (size_t i = 0; i < layers.size(); ++i) {
        const Layer &layer = layers[i];
        if (!layer.is_wanted()) continue;
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

/* Removes what the decode put into the memory, and what it captured. A batch only ever adds
 * positions behind those that a sequence has: llama.cpp refuses others. */
void LlamaAdapter::State::take_back() {
    for (Layer &layer : layers) layer.keep_captured(layer.n_captured_before);
    llama_memory_t memory = llama_get_memory(context);
    const llama_pos n_window = llama_model_n_swa(llama_get_model(context));
    for (size_t i = 0; i < spans_before.size(); ++i) {
        const llama_seq_id sequence = llama_seq_id(i);
        const Span before = spans_before[i];
        if (llama_memory_seq_pos_min(memory, sequence) == before.first
            && llama_memory_seq_pos_max(memory, sequence) == before.last) {
            continue;
        }
        const llama_pos next = before.last + 1;
        const char *reason = nullptr;
        if (!llama_memory_seq_rm(memory, sequence, next, -1)) {
            reason = "its memory cannot go back";
        } else {
            // A sliding-window cache lets new positions overwrite old ones. That is no loss as long
            // as the window of the next position is whole.
            const llama_pos first = llama_memory_seq_pos_min(memory, sequence);
            const bool is_whole = first >= 0 && n_window > 0 && first <= next - n_window + 1;
            if (first != before.first && !is_whole) {
                reason = "positions of its sliding window were overwritten";
            }
        }
        if (!reason) continue;
        llama_memory_seq_rm(memory, sequence, -1, -1);
        error += "; sequence " + to_string(sequence) + " had to be removed whole: " + reason;
    }
}

/* After a code of llama_decode: it has removed the positions of the ubatch that it gave up. */
void LlamaAdapter::State::drop_lost_rows() {
    llama_memory_t memory = llama_get_memory(context);
    for (Layer &layer : layers) {
        const CapturedRows &captured = layer.captured;
        size_t count = captured.tokens.size();
        while (count > layer.n_captured_before
               && captured.positions[count - 1]
                   > llama_memory_seq_pos_max(memory, captured.sequences[count - 1])) {
            count -= 1;
        }
        layer.keep_captured(count);
    }
}

} // namespace steering
