/* What a sampler draws from: the distribution that is left after top-k, top-p and temperature. */
#ifndef STEER_LLAMA_DRAWING_H
#define STEER_LLAMA_DRAWING_H

#include <cstddef>
#include <vector>

#include "token_statistics.h"

struct Drawing {
    int top_k = 0; /* above 0 */
    double top_p = 1;
    double temperature = 1;
};

/* By how much drawing from the steered model in place of the plain one makes the next token more
 * surprising to the plain model: E_q s - E_p s in nats, s(v) = -ln p(v), each expectation over what its own
 * sampler leaves. The change of cross-entropy that a mark costs, without the noise of one draw. */
double drawing_cost(const Softmax &plain, const Softmax &steered, const Drawing &drawing);

#endif
