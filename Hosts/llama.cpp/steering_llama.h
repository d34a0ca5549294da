/*
 * Steering inside llama.cpp: plans on the sequences of a llama_context.
 *
 *     steering::LlamaAdapter steer;
 *     steer.install(context_params);             before llama_init_from_model
 *     steer.bind(context);                       after it
 *     steer.attach(sequence, dictionary, plan);  as often as wanted, between decodes
 *     steer.decode(batch);                       in place of llama_decode
 *
 * The residual stream after block L is the graph's tensor `l_out-L`. The adapter asks the scheduler
 * for those tensors alone that a plan or a capture needs, edits the rows that belong to steered
 * sequences, and leaves every other row's bits as they were.
 *
 * ERRORS   Functions that can fail return false (decode: a code other than 0); error() has the
 *          reason, one line, until the next call. Nothing throws but std::bad_alloc; what
 *          llama_decode throws is caught, and the decode has failed.
 * THREADS  One thread at a time, the one that decodes.
 * LIFE     The adapter must stay where it is and outlive the context. Plans and dictionaries may be
 *          ended once they are attached.
 */
#ifndef STEERING_LLAMA_H
#define STEERING_LLAMA_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "llama.h"
#include "steering.h"

namespace steering {

/* Codes of decode() beside llama_decode's own. */
enum : int32_t {
    DECODE_REFUSED = -1000, /* nothing was computed; the memory is as it was */
    /* Computed and taken back: of the batch, no position is left in the memory and no row among the
     * captured. A sequence that cannot be brought back to where it was is removed whole, and
     * error() says so: a sliding-window cache (swa_full off) may have overwritten positions that
     * it still needs, and a recurrent state cannot go back. */
    DECODE_FAILED = -1001
};

/* How a plan is attached. */
struct AttachOptions {
    /* The block after whose output the plan acts; -1: where the dictionary says that it reads. */
    int layer = -1;
    /* For plans with phases: positions from here on are generated ones. It cannot be changed later:
     * after a context shift attach anew, which starts the counts again. */
    uint64_t prompt_length = STEER_PROMPT_LENGTH_UNKNOWN;
};

/* What a plan has done on a sequence since it was attached. */
struct Applied {
    int layer = -1;
    uint64_t rows = 0;      /* that passed the layer */
    uint64_t in_scope = 0;  /* of those, that the plan covers */
    uint64_t edited = 0;    /* of those, that were changed */
    uint64_t undefined = 0; /* of those, whose normalisation is undefined: left alone */
};

/* Rows of one layer, in the order in which they were computed: what the rest of the model sees, so
 * after edits. A token of several sequences is listed under its first. */
struct CapturedRows {
    size_t width = 0;
    std::vector<float> values; /* [tokens.size(), width] */
    std::vector<llama_token> tokens;
    std::vector<llama_pos> positions;
    std::vector<llama_seq_id> sequences;
};

class LlamaAdapter {
public:
    LlamaAdapter();
    ~LlamaAdapter();
    LlamaAdapter(const LlamaAdapter &) = delete;
    LlamaAdapter &operator=(const LlamaAdapter &) = delete;

    /* Puts the callback into `params` and turns kv_unified on, which keeps rows in the batch's
     * order. A callback that stands there already is kept: it is asked for every tensor as before,
     * and sees steered layers after the edit. */
    bool install(llama_context_params &params);

    /* Takes the context that was made from those params. Refused: a context without unified KV
     * cache, a model with an encoder, a libsteering of another ABI. */
    bool bind(llama_context *context);

    /* The block after whose output `dictionary` acts: L for the residual stream after block L,
     * L - 1 for the one before block L >= 1. -1 for any other place, with the reason in error(). */
    int layer_of(const steer_dictionary_t *dictionary);

    /* Starts `plan` on a sequence, from the next decode on. `dictionary` may be NULL when
     * options.layer is given, but then a plan of a transcoder goes unnoticed: plans do not say what
     * they were made from. One plan per sequence and layer. Sequences are those below the context's
     * n_seq_max.
     *
     * Scopes and phases mean the positions that batches carry. llama_memory_seq_add and _div move
     * tokens to other positions, and what comes after them meets the plan at the moved ones. */
    bool attach(llama_seq_id sequence, const steer_dictionary_t *dictionary,
                const steer_plan_t *plan, const AttachOptions &options = {});

    /* Ends all plans of a sequence, or its plan on one layer. Ending none is fine. */
    void detach(llama_seq_id sequence);
    void detach(llama_seq_id sequence, int layer);

    /* Gives `to` the plans and counts of `from` in place of its own: call it beside
     * llama_memory_seq_cp. Rolling back (llama_memory_seq_rm) needs no call: positions come with
     * the batch. */
    bool copy(llama_seq_id from, llama_seq_id to);

    /* llama_decode with steering. 0, a code of llama_decode, DECODE_REFUSED or DECODE_FAILED. After
     * a code of llama_decode every row that is left in the memory was steered.
     * Batches of embeddings are refused while a plan or a capture stands, and so is a token that
     * belongs to a steered and to another sequence. */
    int32_t decode(llama_batch batch);

    /* What the plans of a sequence have done, one entry per layer, ascending. Failed decodes
     * count. */
    std::vector<Applied> applied(llama_seq_id sequence) const;

    /* Collects rows of these layers from the next decode on, in place of earlier choices; none:
     * stops. The last layer has rows only for tokens whose logits are asked for. */
    bool capture(const std::vector<int> &layers);

    /* What was collected; NULL for a layer that is not captured. Grows until clear_captured(),
     * which keeps the memory. */
    const CapturedRows *captured(int layer) const;
    void clear_captured();

    const std::string &error() const;

private:
    struct State;
    std::unique_ptr<State> state;
};

} // namespace steering

#endif
