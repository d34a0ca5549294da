/* Draws by noise that belongs to a seed, a place and a token, not to the order of draws.
 *
 *     argmax over v of logit_v + G(seed, position, v),   G standard Gumbel
 *
 * is distributed as softmax(logits) (Gumbel-max; Maddison, Tarlow and Minka 2014). Two models that read with the
 * same seed draw from the same noise: where their logits differ little, most tokens stay the same. Two
 * draws differ with a probability of at most 2 TV / (1 + TV), TV the distributions' distance. */
#ifndef STEER_LLAMA_GUMBEL_H
#define STEER_LLAMA_GUMBEL_H

#include <cstdint>

#include "llama.h"

/* G of `token` at the place whose state is gumbel_state(seed, position); at most 37.5. */
double gumbel(uint64_t state, llama_token token);
uint64_t gumbel_state(uint32_t seed, uint64_t position);

/* The last of a chain: draws from what the others left, after the temperature. Its position is the number
 * of tokens that it accepted. */
llama_sampler *make_gumbel_sampler(uint32_t seed);

#endif
