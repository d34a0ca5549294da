/* The model and its context, with the adapter in place. */
#ifndef STEER_LLAMA_HOST_H
#define STEER_LLAMA_HOST_H

#include <memory>
#include <string>
#include <vector>

#include "steering_llama.h"

struct ModelDeleter {
    void operator()(llama_model *model) const { llama_model_free(model); }
};
struct ContextDeleter {
    void operator()(llama_context *context) const { llama_free(context); }
};

class Host {
public:
    /* Loads a model; throws Failure. */
    Host(const std::string &path, int n_gpu_layers, bool is_verbose);
    ~Host();

    /* Makes the context: `n_sequences` of `n_positions` each; more than the model's is a
     * Failure. */
    void make_context(int n_sequences, int64_t n_positions, int n_batch, int n_threads);

    std::vector<llama_token> tokenize(const std::string &text, bool with_bos,
                                      bool with_special) const;
    std::string text(const std::vector<llama_token> &tokens) const;
    /* The token's own bytes, control tokens as they are written; may end within a character. */
    std::string piece(llama_token token) const;
    bool is_special(llama_token token) const;
    bool adds_bos() const;
    int n_layer() const { return llama_model_n_layer(model.get()); }
    int n_embd() const { return llama_model_n_embd(model.get()); }

    /* Decodes, or throws Failure with the adapter's reason. */
    void decode(const llama_batch &batch);

    std::unique_ptr<llama_model, ModelDeleter> model;
    steering::LlamaAdapter steer; /* before the context, which it must outlive */
    std::unique_ptr<llama_context, ContextDeleter> context;
    const llama_vocab *vocab = nullptr;
};

/* A batch that grows by one token of one sequence at a time. */
class Batch {
public:
    explicit Batch(int capacity);
    ~Batch() { llama_batch_free(batch); }
    Batch(const Batch &) = delete;
    Batch &operator=(const Batch &) = delete;

    void clear() { batch.n_tokens = 0; }
    /* Its index in the batch. */
    int add(llama_token token, llama_pos position, llama_seq_id sequence, bool wants_logits);
    int count() const { return batch.n_tokens; }
    bool is_full() const { return batch.n_tokens == capacity; }

    llama_batch batch;

private:
    int capacity;
};

#endif
