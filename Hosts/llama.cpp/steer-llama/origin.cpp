#include "origin.h"

#include "json.h"

#include <cstdio>
#include <cstdlib>

/* The shortest that is read back as `value`. */
static std::string shortest(double value, bool is_float) {
    char text[40];
    for (int digits = 6;; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        const bool is_same = is_float ? std::strtof(text, nullptr) == float(value)
                                      : std::strtod(text, nullptr) == value;
        if (is_same || digits == 17) return text;
    }
}

/* With a comma before it; empty without a token mark. */
static std::string token_mark(const Options &options) {
    const TokenMark &mark = options.token_mark;
    if (!mark.is_on()) return "";
    return std::string(",\"token_mark\":{\"kind\":\"")
        + (mark.kind == TokenMarkKind::kgw ? "kgw" : "unigram") + "\",\"gamma\":"
        + shortest(mark.gamma, false) + ",\"delta\":" + shortest(mark.delta, false) + ",\"key\":\""
        + mark.fingerprint + "\"}";
}

std::string origin_of_prompt(const Options &options, const Record &record) {
    return "\"sampling\":{\"temp\":" + shortest(options.temperature, true) + ",\"top_k\":"
        + std::to_string(options.top_k) + ",\"top_p\":" + shortest(options.top_p, true)
        + ",\"seed\":" + std::to_string(record.has_seed ? record.seed : options.seed) + "}"
        + token_mark(options);
}

std::string origin_of_text(const Options &options) {
    const size_t slash = options.model.rfind('/');
    const std::string name = slash == std::string::npos ? options.model
                                                        : options.model.substr(slash + 1);
    return "\"model\":" + json_text(name) + token_mark(options);
}
