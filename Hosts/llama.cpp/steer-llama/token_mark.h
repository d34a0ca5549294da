/* Token-bias watermarks, the baselines that a mark by steering is compared with.
 *
 * A pseudo-random part `gamma` of the vocabulary is green; sampling adds `delta` to the logits of green
 * tokens, detection counts how many tokens of a text are green.
 *
 *     h(previous, token) = mix64(seed(key, previous) + token) < gamma 2^64
 *
 * kgw      the green list follows from the previous token (Kirchenbauer et al., prefix length 1)
 * unigram  one green list for all positions (Zhao et al.)
 *
 * The lists are not MarkLLM's, which come from torch's generator, and the hash is no cryptographic
 * one: who sees enough texts may find the key's lists. Good for measuring, not for secrets. */
#ifndef STEER_LLAMA_TOKEN_MARK_H
#define STEER_LLAMA_TOKEN_MARK_H

#include <cstddef>
#include <cstdint>
#include <string>

/* SplitMix64's next output from state `z` (Steele, Lea and Flood 2014). */
inline uint64_t mix64(uint64_t z) {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

enum class TokenMarkKind { none, kgw, unigram };

class TokenMark {
public:
    TokenMark() = default;
    /* `gamma` in (0, 1). */
    TokenMark(TokenMarkKind kind, const std::string &key, double gamma, double delta);

    bool is_on() const { return kind != TokenMarkKind::none; }
    /* Whether the green list follows from the token before. */
    bool needs_previous() const { return kind == TokenMarkKind::kgw; }
    /* The state that all tokens at one place are hashed with; unigram ignores `previous`. */
    uint64_t seed(int32_t previous) const {
        return needs_previous() ? mix64(key_seed ^ mix64(uint64_t(uint32_t(previous)))) : key_seed;
    }
    bool is_green(uint64_t seed, int32_t token) const {
        return mix64(seed + uint64_t(uint32_t(token))) < threshold;
    }

    TokenMarkKind kind = TokenMarkKind::none;
    std::string fingerprint; /* 8 hexadecimal digits: which key, whatever the kind */
    double gamma = 0.5;
    double delta = 2;

private:
    uint64_t key_seed = 0;
    uint64_t threshold = 0; /* gamma 2^64 */
};

#endif
