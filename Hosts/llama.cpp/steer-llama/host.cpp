#include "host.h"

#include "failure.h"

#include <cstdio>
#include <cstring>
#include <limits>
#include <thread>

/* llama.cpp's last complaint, for the message when it says no more than NULL. */
static std::string last_complaint;
static bool lacks_memory = false;
static bool shows_all = false;

static void keep_log(ggml_log_level level, const char *text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) {
        for (const char *word : {"alloc", "out of memory"}) {
            lacks_memory = lacks_memory || std::strstr(text, word);
        }
    }
    if (shows_all) {
        std::fputs(text, stderr);
    } else if (level == GGML_LOG_LEVEL_ERROR) {
        last_complaint = text;
        while (!last_complaint.empty() && last_complaint.back() == '\n') last_complaint.pop_back();
    }
}

static std::string because() { return last_complaint.empty() ? "" : ": " + last_complaint; }

Host::Host(const std::string &path, int n_gpu_layers, bool is_verbose) {
    shows_all = is_verbose;
    llama_log_set(keep_log, nullptr);
    llama_backend_init();
    llama_model_params params = llama_model_default_params();
    if (n_gpu_layers >= 0) params.n_gpu_layers = n_gpu_layers;
    model.reset(llama_model_load_from_file(path.c_str(), params));
    if (!model && lacks_memory) {
        throw Failure(EXIT_ENVIRONMENT, "there is no memory for " + path + because());
    }
    if (!model) {
        throw Failure(EXIT_BAD_INPUT, path + " is no model that llama.cpp loads" + because());
    }
    vocab = llama_model_get_vocab(model.get());
}

Host::~Host() {
    context.reset();
    model.reset();
    llama_backend_free();
}

void Host::make_context(int n_sequences, int64_t n_positions, int n_batch, int n_threads) {
    if (size_t(n_sequences) > llama_max_parallel_sequences()) {
        throw Failure(EXIT_USAGE,
                      std::to_string(n_sequences) + " sequences, expected at most "
                          + std::to_string(llama_max_parallel_sequences()));
    }
    // llama.cpp counts in 32 bits, takes 0 for its own choice, and fails late or not at all.
    const int64_t trained = llama_model_n_ctx_train(model.get());
    const int64_t total = std::numeric_limits<int32_t>::max();
    const int64_t limit = std::min(trained, total / n_sequences);
    if (n_positions > limit) {
        throw Failure(EXIT_USAGE, std::to_string(n_positions)
                                      + " positions per sequence (prompt and --predict, or --ctx), "
                                        "expected at most "
                                      + std::to_string(limit)
                                      + (limit == trained ? ", the context of the model" : ""));
    }
    if (n_threads == 0) n_threads = int(std::thread::hardware_concurrency());
    llama_context_params params = llama_context_default_params();
    params.n_ctx = uint32_t(n_sequences * n_positions);
    params.n_batch = params.n_ubatch = uint32_t(n_batch);
    params.n_seq_max = uint32_t(n_sequences);
    params.n_threads = params.n_threads_batch = n_threads > 0 ? n_threads : 1;
    if (!steer.install(params)) throw Failure(EXIT_ENVIRONMENT, steer.error());
    context.reset(llama_init_from_model(model.get(), params));
    if (!context) throw Failure(EXIT_ENVIRONMENT, "llama.cpp made no context" + because());
    if (!steer.bind(context.get())) throw Failure(EXIT_BAD_INPUT, steer.error());
}

std::vector<llama_token> Host::tokenize(const std::string &text, bool with_bos,
                                        bool with_special) const {
    std::vector<llama_token> tokens(text.size() + 2);
    int n = llama_tokenize(vocab, text.data(), int32_t(text.size()), tokens.data(),
                           int32_t(tokens.size()), with_bos, with_special);
    if (n < 0) {
        tokens.resize(size_t(-n));
        n = llama_tokenize(vocab, text.data(), int32_t(text.size()), tokens.data(),
                           int32_t(tokens.size()), with_bos, with_special);
    }
    tokens.resize(n < 0 ? 0 : size_t(n));
    return tokens;
}

std::string Host::text(const std::vector<llama_token> &tokens) const {
    std::string result(tokens.size() * 8 + 16, 0);
    for (;;) {
        const int n = llama_detokenize(vocab, tokens.data(), int32_t(tokens.size()), &result[0],
                                       int32_t(result.size()), false, false);
        result.resize(size_t(n < 0 ? -n : n));
        if (n >= 0) return result;
    }
}

std::string Host::piece(llama_token token) const {
    std::string result(32, 0);
    for (;;) {
        const int n
            = llama_token_to_piece(vocab, token, &result[0], int32_t(result.size()), 0, true);
        result.resize(size_t(n < 0 ? -n : n));
        if (n >= 0) return result;
    }
}

bool Host::adds_bos() const {
    return llama_vocab_get_add_bos(vocab) && llama_vocab_bos(vocab) != LLAMA_TOKEN_NULL;
}

bool Host::is_special(llama_token token) const {
    return token == llama_vocab_bos(vocab) || llama_vocab_is_control(vocab, token)
        || llama_vocab_is_eog(vocab, token);
}

void Host::decode(const llama_batch &batch) {
    const int32_t code = steer.decode(batch);
    if (code == 0) return;
    // llama_decode's codes for no room in its memory and for memory that the system refused.
    const bool has_no_room = code == 1 || code == -2;
    throw Failure(has_no_room ? EXIT_ENVIRONMENT : EXIT_BAD_INPUT, steer.error() + because());
}

Batch::Batch(int capacity) : batch(llama_batch_init(capacity, 0, 1)), capacity(capacity) {}

int Batch::add(llama_token token, llama_pos position, llama_seq_id sequence, bool wants_logits) {
    const int i = batch.n_tokens++;
    batch.token[i] = token;
    batch.pos[i] = position;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = sequence;
    batch.logits[i] = wants_logits;
    return i;
}
