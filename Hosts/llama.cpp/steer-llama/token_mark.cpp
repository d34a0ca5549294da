#include "token_mark.h"

#include <cmath>
#include <cstdio>

/* Eight bytes at a time, the length and the kind first. */
static uint64_t seed_of(TokenMarkKind kind, const std::string &key) {
    uint64_t state = mix64(uint64_t(kind) << 32 ^ uint64_t(key.size()));
    for (size_t i = 0; i < key.size(); i += 8) {
        uint64_t word = 0;
        for (size_t j = i; j < key.size() && j < i + 8; ++j) {
            word |= uint64_t((unsigned char)key[j]) << (8 * (j - i));
        }
        state = mix64(state ^ word);
    }
    return state;
}

/* Half of a hash that is used for nothing else. */
static std::string fingerprint_of(const std::string &key) {
    const uint64_t hash = mix64(~seed_of(TokenMarkKind::none, key));
    char text[9];
    std::snprintf(text, sizeof text, "%08x", unsigned(hash >> 32));
    return text;
}

TokenMark::TokenMark(TokenMarkKind kind, const std::string &key, double gamma, double delta)
    : kind(kind), fingerprint(fingerprint_of(key)), gamma(gamma), delta(delta),
      key_seed(seed_of(kind, key)),
      threshold(uint64_t(std::ldexp(gamma, 64))) {}
