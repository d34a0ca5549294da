/* How the next token is drawn. */
#ifndef STEER_LLAMA_SAMPLING_H
#define STEER_LLAMA_SAMPLING_H

#include <memory>

#include "llama.h"
#include "options.h"

struct SamplerDeleter {
    void operator()(llama_sampler *sampler) const { llama_sampler_free(sampler); }
};
using Sampler = std::unique_ptr<llama_sampler, SamplerDeleter>;

/* The chain, in this order: the token mark's bias, top-k, top-p, temperature, the draw (gumbel.h). At temperature
 * 0 the mark's bias, then the likeliest token. `previous`: the prompt's last token, which the mark of
 * the first token may follow from. */
Sampler make_sampler(const Options &options, uint32_t seed, llama_token previous);

/* What a prompt's seed is: of --seed and the prompt's place in the files, or of its own "seed". */
uint32_t draw_seed(uint64_t seed);
uint32_t draw_seed(uint64_t seed, uint64_t place);

/* Why logits cannot be drawn from; nullptr: they can. Numbers that overflowed somewhere in the model
 * end as NaN, or as a row of equal ones. */
const char *logits_fault(const float *logits, size_t n);

#endif
