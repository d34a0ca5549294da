#include "gumbel.h"

#include "token_mark.h"

#include <cmath>

namespace {

const double most_noise = 37.5; // -ln(-ln(1 - 2^-54)) = 37.43

struct GumbelSampler {
    uint32_t seed;
    uint64_t position;
};

GumbelSampler &state_of(const llama_sampler *sampler) {
    return *static_cast<GumbelSampler *>(sampler->ctx);
}

const char *gumbel_name(const llama_sampler *) { return "gumbel"; }
void gumbel_accept(llama_sampler *sampler, llama_token) { state_of(sampler).position += 1; }
void gumbel_reset(llama_sampler *sampler) { state_of(sampler).position = 0; }
void gumbel_free(llama_sampler *sampler) { delete &state_of(sampler); }

/* Of equal values the lowest token, whatever the candidates' order. */
void gumbel_apply(llama_sampler *sampler, llama_token_data_array *candidates) {
    const GumbelSampler &own = state_of(sampler);
    const uint64_t state = gumbel_state(own.seed, own.position);
    double best = -INFINITY;
    candidates->selected = candidates->size > 0 ? 0 : -1;
    for (size_t i = 0; i < candidates->size; ++i) {
        const llama_token_data &one = candidates->data[i];
        // Most tokens are too unlikely for any noise: without top-k this is the whole vocabulary.
        if (!(double(one.logit) + most_noise >= best)) continue;
        const double value = double(one.logit) + gumbel(state, one.id);
        if (value < best) continue;
        if (value == best && one.id > candidates->data[candidates->selected].id) continue;
        best = value;
        candidates->selected = int64_t(i);
    }
}

llama_sampler *gumbel_clone(const llama_sampler *sampler);

llama_sampler_i make_interface() {
    llama_sampler_i interface = {};
    interface.name = gumbel_name;
    interface.accept = gumbel_accept;
    interface.apply = gumbel_apply;
    interface.reset = gumbel_reset;
    interface.clone = gumbel_clone;
    interface.free = gumbel_free;
    return interface;
}
llama_sampler_i gumbel_interface = make_interface();

llama_sampler *gumbel_clone(const llama_sampler *sampler) {
    return llama_sampler_init(&gumbel_interface, new GumbelSampler(state_of(sampler)));
}

} // namespace

uint64_t gumbel_state(uint32_t seed, uint64_t position) {
    // Other states than those of token marks, whatever their keys.
    return mix64(mix64(seed ^ 0x6C62272E07BB0142u) ^ mix64(position));
}

double gumbel(uint64_t state, llama_token token) {
    const uint64_t bits = mix64(state + uint64_t(uint32_t(token))) >> 11;
    const double part = (double(bits) + 0.5) * 0x1p-53; // in (0, 1)
    return -std::log(-std::log(part));
}

llama_sampler *make_gumbel_sampler(uint32_t seed) {
    return llama_sampler_init(&gumbel_interface, new GumbelSampler{seed, 0});
}
