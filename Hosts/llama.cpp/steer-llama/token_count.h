/* What a token mark's detectors say of one text. */
#ifndef STEER_LLAMA_TOKEN_COUNT_H
#define STEER_LLAMA_TOKEN_COUNT_H

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "token_mark.h"

/* Counts tokens as they come. What is hashed counts once, however often it stands in the text: the pair
 * (previous, token) for kgw, the token for unigram. A repeated one is green or not like the first and
 * says nothing new, and z would call it evidence. (MarkLLM counts all.) */
class TokenCount {
public:
    explicit TokenCount(const TokenMark &mark) : mark(mark) {}

    /* Whether the place has a green list and was not counted yet; a negative `previous` is none, and
     * kgw then does not score the token. */
    bool takes(int32_t previous, int32_t token);
    /* After takes(): the spike entropy at that place. */
    void add_entropy(double spike_entropy) { entropies.push_back(spike_entropy); }

    size_t n_scored() const { return is_green.size(); }
    size_t n_green() const;
    double z() const;
    double z_ewd() const;

private:
    const TokenMark &mark;
    std::set<std::pair<int32_t, int32_t>> seen;
    std::vector<bool> is_green;
    std::vector<double> entropies;
};

#endif
