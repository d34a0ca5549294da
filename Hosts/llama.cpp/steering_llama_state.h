/* What the adapter's two halves share: plans by layer and sequence, and the map of the batch. */
#ifndef STEERING_LLAMA_STATE_H
#define STEERING_LLAMA_STATE_H

#include "steering_llama.h"

#include "ggml.h"

namespace steering {

struct SessionDeleter {
    void operator()(steer_session_t *session) const { steer_session_destroy(session); }
};
using Session = std::unique_ptr<steer_session_t, SessionDeleter>;

/* One block's output. */
struct Layer {
    std::vector<Session> sessions; /* by sequence; empty while nothing was ever attached here */
    size_t n_attached = 0;
    bool is_captured = false;
    CapturedRows captured;

    /* Of the running decode, by sequence as above. */
    std::vector<int32_t> expected;
    std::vector<int32_t> given;
    int32_t n_seen = 0;           /* ubatches in which its tensor appeared */
    size_t n_captured_before = 0; /* rows that earlier decodes left */

    bool is_wanted() const { return n_attached > 0 || is_captured; }

    /* Drops all captured rows but the first `count`; their memory stays. */
    void keep_captured(size_t count) {
        captured.values.resize(count * captured.width);
        captured.tokens.resize(count);
        captured.positions.resize(count);
        captured.sequences.resize(count);
    }
};

/* The positions of a sequence that the memory holds; -1 and -1 for none. */
struct Span {
    llama_pos first = -1;
    llama_pos last = -1;
};

/* One token of the running batch. */
struct BatchRow {
    llama_token token;
    llama_pos position;
    llama_seq_id sequence;
    bool has_output;
};

struct LlamaAdapter::State {
    /* Beside the context */
    ggml_backend_sched_eval_callback chained = nullptr;
    void *chained_user = nullptr;
    bool is_installed = false;
    llama_context *context = nullptr;
    int32_t n_layer = 0;
    int32_t n_embd = 0;
    bool has_positions = false; /* the model rotates by position, so the graph shows positions */

    std::vector<Layer> layers;
    std::vector<int32_t> n_attached; /* by sequence */
    size_t n_wanted = 0;             /* layers */
    std::string error;

    /* The running decode. Ubatches are consecutive runs of the batch: [ubatch_begin,
     * ubatch_end). */
    bool is_decoding = false;
    bool was_bypassed = false; /* a graph ran that decode() did not start */
    bool has_failed = false;
    std::vector<BatchRow> rows;
    size_t ubatch_begin = 0;
    size_t ubatch_end = 0;
    int32_t n_ubatches = 0;
    int32_t n_positions_checked = 0;
    char lookup_weight[GGML_MAX_NAME] = {0}; /* the embedding table: its lookup opens a ubatch */
    bool is_asked = false;         /* the tensor that comes next was asked for by us, */
    bool is_chained_asked = false; /* by the callback that stood there before us */
    int asked_layer = -1;

    /* Scratch, sized at bind(). */
    std::vector<int32_t> integers;
    std::vector<size_t> tensor_rows; /* place in `rows` of each row of a tensor */
    std::vector<steer_session_t *> row_sessions;
    std::vector<uint64_t> row_positions;
    std::vector<steer_outcome_t> outcomes;
    std::vector<unsigned char> values;
    std::vector<llama_pos> next_positions; /* by sequence, for batches without positions */
    std::vector<Span> spans_before;        /* by sequence, for taking a batch back */

    static bool callback(ggml_tensor *tensor, bool ask, void *user);

    /* Starts a call: forgets what an earlier one complained about. */
    State &begin();
    /* Records the first reason and returns false. */
    bool fail(const std::string &reason);
    bool has_sequence(llama_seq_id sequence);
    void count_wanted();
    void drop(llama_seq_id sequence, Layer &layer);

    bool read_batch(const llama_batch &batch);
    void remember();
    int32_t run(const llama_batch &batch);
    bool check_ubatches();
    bool check_kept();
    bool check_finished();
    void take_back();
    void drop_lost_rows();
    bool wants(const ggml_tensor *tensor);
    void look_at_inputs(const ggml_tensor *node);
    bool open_ubatch(const ggml_tensor *tokens);
    bool check_positions(const ggml_tensor *positions);
    bool map_rows(const ggml_tensor *tensor, int layer);
    bool take_rows(ggml_tensor *tensor, int layer);
    bool steer_rows(ggml_tensor *tensor, Layer &layer, steer_type_t type);
    void append_captured(const ggml_tensor *tensor, CapturedRows &captured);
};

} // namespace steering

#endif
