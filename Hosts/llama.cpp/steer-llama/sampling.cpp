#include "sampling.h"

#include "gumbel.h"
#include "token_mark.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

/* Adds delta to the logits of green tokens. */
struct MarkSampler {
    TokenMark mark;
    llama_token prompt_end; /* what reset() goes back to */
    llama_token previous;
};

MarkSampler &mark_of(const llama_sampler *sampler) {
    return *static_cast<MarkSampler *>(sampler->ctx);
}

const char *mark_name(const llama_sampler *) { return "token-mark"; }

void mark_accept(llama_sampler *sampler, llama_token token) { mark_of(sampler).previous = token; }

void mark_apply(llama_sampler *sampler, llama_token_data_array *candidates) {
    const MarkSampler &state = mark_of(sampler);
    const uint64_t seed = state.mark.seed(state.previous);
    const float bias[2] = {0, float(state.mark.delta)};
    llama_token_data *data = candidates->data;
    for (size_t i = 0; i < candidates->size; ++i) {
        data[i].logit += bias[state.mark.is_green(seed, data[i].id) ? 1 : 0];
    }
    candidates->sorted = false;
}

void mark_reset(llama_sampler *sampler) { mark_of(sampler).previous = mark_of(sampler).prompt_end; }
void mark_free(llama_sampler *sampler) { delete &mark_of(sampler); }

llama_sampler *mark_clone(const llama_sampler *sampler);

llama_sampler_i make_interface() {
    llama_sampler_i interface = {};
    interface.name = mark_name;
    interface.accept = mark_accept;
    interface.apply = mark_apply;
    interface.reset = mark_reset;
    interface.clone = mark_clone;
    interface.free = mark_free;
    return interface;
}
llama_sampler_i mark_interface = make_interface();

llama_sampler *mark_clone(const llama_sampler *sampler) {
    return llama_sampler_init(&mark_interface, new MarkSampler(mark_of(sampler)));
}

} // namespace

Sampler make_sampler(const Options &options, uint32_t seed, llama_token previous) {
    Sampler result(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    llama_sampler *chain = result.get();
    const auto add = [chain](llama_sampler *sampler) { llama_sampler_chain_add(chain, sampler); };
    if (options.token_mark.is_on()) {
        add(llama_sampler_init(&mark_interface,
                               new MarkSampler{options.token_mark, previous, previous}));
    }
    if (!(options.temperature > 0)) {
        add(llama_sampler_init_greedy());
        return result;
    }
    if (options.top_k > 0) add(llama_sampler_init_top_k(options.top_k));
    if (options.top_p < 1) add(llama_sampler_init_top_p(options.top_p, 1));
    add(llama_sampler_init_temp(options.temperature));
    add(make_gumbel_sampler(seed));
    return result;
}

uint32_t draw_seed(uint64_t seed) { return uint32_t(mix64(seed) >> 32); }
uint32_t draw_seed(uint64_t seed, uint64_t place) { return draw_seed(mix64(seed) + place); }

const char *logits_fault(const float *logits, size_t n) {
    const size_t n_lanes = 16; // independent ones, so that the loop is vectorised
    float low[n_lanes], high[n_lanes], odd[n_lanes];
    std::fill(low, low + n_lanes, std::numeric_limits<float>::infinity());
    std::fill(high, high + n_lanes, -std::numeric_limits<float>::infinity());
    std::fill(odd, odd + n_lanes, 0.0f);
    for (size_t i = 0; i < n; i += n_lanes) {
        const size_t count = std::min(n_lanes, n - i);
        for (size_t j = 0; j < count; ++j) {
            const float x = logits[i + j];
            low[j] = x < low[j] ? x : low[j];
            high[j] = high[j] < x ? x : high[j];
            odd[j] += x == x ? 0.0f : 1.0f; // NaN alone differs from itself
        }
    }
    const float most = *std::max_element(high, high + n_lanes);
    for (float count : odd) {
        if (count > 0) return "some are NaN";
    }
    // Single tokens at minus infinity are some models' way to forbid them.
    if (std::isfinite(most) && *std::min_element(low, low + n_lanes) < most) return nullptr;
    return "they are all alike or infinite";
}
