#include "steering_llama.h"

#include "steering_llama_state.h"

#include <algorithm>

namespace steering {

using std::to_string;

LlamaAdapter::LlamaAdapter() : state(new State) {}
LlamaAdapter::~LlamaAdapter() = default;

const std::string &LlamaAdapter::error() const { return state->error; }

bool LlamaAdapter::State::fail(const std::string &reason) {
    if (!has_failed) error = reason;
    has_failed = true;
    return false;
}

LlamaAdapter::State &LlamaAdapter::State::begin() {
    error.clear();
    has_failed = false;
    return *this;
}

// ---- Context

bool LlamaAdapter::install(llama_context_params &params) {
    State &s = state->begin();
    if (s.is_installed) return s.fail("the adapter is installed already, expected one per context");
    s.chained = params.cb_eval;
    s.chained_user = params.cb_eval_user_data;
    params.cb_eval = State::callback;
    params.cb_eval_user_data = &s;
    params.kv_unified = true;
    s.is_installed = true;
    return true;
}

bool LlamaAdapter::bind(llama_context *context) {
    State &s = state->begin();
    if (!s.is_installed) {
        return s.fail("nothing is installed, expected install() before llama_init_from_model");
    }
    if (!context) return s.fail("the context is NULL");
    if (s.context)
        return s.fail("the adapter has a context already, expected one adapter per context");
    if (steer_abi_version() != STEER_ABI_VERSION) {
        return s.fail("libsteering has ABI " + to_string(steer_abi_version()) + ", expected "
                      + to_string(STEER_ABI_VERSION));
    }
    const llama_model *model = llama_get_model(context);
    if (llama_model_has_encoder(model)) {
        return s.fail("the model has an encoder, expected a decoder only");
    }
    // There is no getter for kv_unified, but only a split cache gives each sequence a part.
    if (llama_n_seq_max(context) > 1 && llama_n_ctx_seq(context) != llama_n_ctx(context)) {
        return s.fail("kv_unified is off, expected on: llama.cpp reorders rows without it");
    }
    s.context = context;
    s.n_layer = llama_model_n_layer(model);
    s.n_embd = llama_model_n_embd(model);
    s.has_positions = llama_model_rope_type(model) != LLAMA_ROPE_TYPE_NONE;
    s.layers.resize(size_t(s.n_layer));
    s.n_attached.assign(llama_n_seq_max(context), 0);
    s.next_positions.resize(s.n_attached.size());
    s.spans_before.resize(s.n_attached.size());

    const size_t n_ubatch = llama_n_ubatch(context);
    s.rows.reserve(llama_n_batch(context));
    s.integers.resize(n_ubatch * 4); // up to four positions per token
    s.tensor_rows.reserve(n_ubatch);
    s.row_sessions.resize(n_ubatch);
    s.row_positions.resize(n_ubatch);
    s.outcomes.resize(n_ubatch);
    s.values.resize(n_ubatch * size_t(s.n_embd) * sizeof(float));
    return true;
}

// ---- Plans

static const char *site_name(int32_t site) {
    switch (site) {
    case STEER_SITE_RESIDUAL_PRE: return "the residual stream before a block";
    case STEER_SITE_RESIDUAL_MID: return "the residual stream between attention and MLP";
    case STEER_SITE_RESIDUAL_POST: return "the residual stream after a block";
    case STEER_SITE_ATTENTION_OUT: return "the output of attention";
    case STEER_SITE_MLP_OUT: return "the output of the MLP";
    default: return "an unknown place";
    }
}

int LlamaAdapter::layer_of(const steer_dictionary_t *dictionary) {
    State &s = state->begin();
    steer_dictionary_info_t info = STEER_DICTIONARY_INFO_INIT;
    steer_error_t error = STEER_ERROR_INIT;
    if (steer_dictionary_inspect(dictionary, &info, &error) != STEER_OK) {
        s.fail(error.message);
        return -1;
    }
    if (info.kind != STEER_KIND_AUTOENCODER) {
        s.fail("the dictionary is a transcoder, expected an autoencoder of the residual stream");
        return -1;
    }
    if (info.output_layer < 0) {
        s.fail(
            "the dictionary does not say which block it belongs to, expected a layer to be given");
        return -1;
    }
    if (info.output_site == STEER_SITE_RESIDUAL_POST) return info.output_layer;
    if (info.output_site == STEER_SITE_RESIDUAL_PRE) {
        if (info.output_layer > 0) return info.output_layer - 1;
        s.fail(
            "the dictionary acts on the embeddings before block 0, expected the output of a block");
        return -1;
    }
    s.fail(std::string("the dictionary acts on ") + site_name(info.output_site)
           + ", expected the residual stream before or after a block");
    return -1;
}

bool LlamaAdapter::State::has_sequence(llama_seq_id sequence) {
    if (!context) return fail("the adapter has no context, expected bind() first");
    if (sequence >= 0 && size_t(sequence) < n_attached.size()) return true;
    return fail("sequence " + to_string(sequence) + " is out of range, expected 0 to "
                + to_string(n_attached.size() - 1) + " (n_seq_max)");
}

void LlamaAdapter::State::count_wanted() {
    n_wanted = size_t(std::count_if(layers.begin(), layers.end(),
                                    [](const Layer &layer) { return layer.is_wanted(); }));
    // Nobody is left who missed those rows.
    if (n_wanted == 0) was_bypassed = false;
}

/* Whether the dictionary's kind lets its plans act on a residual stream at all. */
static bool is_transcoder(const steer_dictionary_t *dictionary) {
    steer_dictionary_info_t info = STEER_DICTIONARY_INFO_INIT;
    return dictionary && steer_dictionary_inspect(dictionary, &info, nullptr) == STEER_OK
        && info.kind == STEER_KIND_TRANSCODER;
}

bool LlamaAdapter::attach(llama_seq_id sequence, const steer_dictionary_t *dictionary,
                          const steer_plan_t *plan, const AttachOptions &options) {
    State &s = state->begin();
    if (!s.has_sequence(sequence)) return false;
    if (!plan) return s.fail("the plan is NULL");
    int layer = options.layer;
    if (layer < 0) {
        if (!dictionary) return s.fail("no dictionary and no layer given, expected one of them");
        layer = layer_of(dictionary);
        if (layer < 0) return false;
    } else if (is_transcoder(dictionary)) {
        return s.fail(
            "the dictionary is a transcoder, expected an autoencoder of the residual stream");
    }
    if (layer >= s.n_layer) {
        return s.fail("layer " + to_string(layer) + " is out of range, expected 0 to "
                      + to_string(s.n_layer - 1));
    }
    steer_plan_info_t info = STEER_PLAN_INFO_INIT;
    steer_error_t error = STEER_ERROR_INIT;
    if (steer_plan_inspect(plan, &info, &error) != STEER_OK) return s.fail(error.message);
    if (info.width != uint64_t(s.n_embd)) {
        return s.fail("the plan edits rows of width " + to_string(info.width) + ", expected "
                      + to_string(s.n_embd) + " from the model");
    }
    Layer &place = s.layers[size_t(layer)];
    if (!place.sessions.empty() && place.sessions[size_t(sequence)]) {
        return s.fail("sequence " + to_string(sequence) + " has a plan on layer " + to_string(layer)
                      + " already, expected one");
    }
    steer_session_t *session = nullptr;
    if (steer_session_create(plan, options.prompt_length, &session, &error) != STEER_OK) {
        return s.fail(error.message);
    }
    Session owned(session);
    place.sessions.resize(s.n_attached.size());
    place.expected.resize(s.n_attached.size());
    place.given.resize(s.n_attached.size());
    place.sessions[size_t(sequence)] = std::move(owned);
    place.n_attached += 1;
    s.n_attached[size_t(sequence)] += 1;
    s.count_wanted();
    return true;
}

void LlamaAdapter::State::drop(llama_seq_id sequence, Layer &layer) {
    if (layer.sessions.empty() || !layer.sessions[size_t(sequence)]) return;
    layer.sessions[size_t(sequence)].reset();
    layer.n_attached -= 1;
    n_attached[size_t(sequence)] -= 1;
}

void LlamaAdapter::detach(llama_seq_id sequence) {
    State &s = state->begin();
    if (!s.has_sequence(sequence)) return;
    for (Layer &layer : s.layers) s.drop(sequence, layer);
    s.count_wanted();
}

void LlamaAdapter::detach(llama_seq_id sequence, int layer) {
    State &s = state->begin();
    if (!s.has_sequence(sequence) || layer < 0 || layer >= s.n_layer) return;
    s.drop(sequence, s.layers[size_t(layer)]);
    s.count_wanted();
}

bool LlamaAdapter::copy(llama_seq_id from, llama_seq_id to) {
    State &s = state->begin();
    if (!s.has_sequence(from) || !s.has_sequence(to)) return false;
    if (from == to) return true;
    // All forks before the first change, so that a failure leaves `to` as it was.
    std::vector<Session> forks(s.layers.size());
    steer_error_t error = STEER_ERROR_INIT;
    for (size_t i = 0; i < s.layers.size(); ++i) {
        const Layer &layer = s.layers[i];
        if (layer.sessions.empty() || !layer.sessions[size_t(from)]) continue;
        steer_session_t *fork = nullptr;
        if (steer_session_fork(layer.sessions[size_t(from)].get(), &fork, &error) != STEER_OK) {
            return s.fail(error.message);
        }
        forks[i].reset(fork);
    }
    for (size_t i = 0; i < s.layers.size(); ++i) {
        s.drop(to, s.layers[i]);
        if (!forks[i]) continue;
        s.layers[i].sessions[size_t(to)] = std::move(forks[i]);
        s.layers[i].n_attached += 1;
        s.n_attached[size_t(to)] += 1;
    }
    s.count_wanted();
    return true;
}

std::vector<Applied> LlamaAdapter::applied(llama_seq_id sequence) const {
    std::vector<Applied> result;
    if (sequence < 0 || size_t(sequence) >= state->n_attached.size()) return result;
    for (size_t i = 0; i < state->layers.size(); ++i) {
        const Layer &layer = state->layers[i];
        if (layer.sessions.empty() || !layer.sessions[size_t(sequence)]) continue;
        steer_session_info_t info = STEER_SESSION_INFO_INIT;
        steer_session_inspect(layer.sessions[size_t(sequence)].get(), &info, nullptr);
        result.push_back(
            {int(i), info.rows, info.rows_in_scope, info.rows_edited, info.rows_undefined});
    }
    return result;
}

// ---- Capture

bool LlamaAdapter::capture(const std::vector<int> &layers) {
    State &s = state->begin();
    if (!s.context) return s.fail("the adapter has no context, expected bind() first");
    for (int layer : layers) {
        if (layer < 0 || layer >= s.n_layer) {
            return s.fail("layer " + to_string(layer) + " is out of range, expected 0 to "
                          + to_string(s.n_layer - 1));
        }
    }
    for (size_t i = 0; i < s.layers.size(); ++i) {
        Layer &layer = s.layers[i];
        layer.is_captured = std::find(layers.begin(), layers.end(), int(i)) != layers.end();
        if (!layer.is_captured) layer.captured = CapturedRows();
        layer.captured.width = size_t(s.n_embd);
    }
    s.count_wanted();
    return true;
}

const CapturedRows *LlamaAdapter::captured(int layer) const {
    if (layer < 0 || size_t(layer) >= state->layers.size()) return nullptr;
    const Layer &place = state->layers[size_t(layer)];
    return place.is_captured ? &place.captured : nullptr;
}

void LlamaAdapter::clear_captured() {
    for (Layer &layer : state->layers) layer.keep_captured(0);
}

} // namespace steering
