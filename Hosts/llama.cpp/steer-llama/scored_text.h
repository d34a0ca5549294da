/* One text that is read again, and what comes of it. */
#ifndef STEER_LLAMA_SCORED_TEXT_H
#define STEER_LLAMA_SCORED_TEXT_H

#include <algorithm>
#include <string>
#include <vector>

#include "llama.h"
#include "plans.h"
#include "token_count.h"
#include "token_statistics.h"

/* A text's tokens behind BOS and its prompt's. */
struct Text {
    std::vector<llama_token> tokens;
    size_t n_before = 0; /* BOS and the prompt */
    bool has_prompt = false;
    bool is_cut = false;

    /* The first token that has one before it. */
    size_t first_scored() const { return std::max<size_t>(n_before, 1); }
    size_t n_scored() const {
        return tokens.size() > first_scored() ? tokens.size() - first_scored() : 0;
    }
};

struct Score {
    Score(const TokenMark &mark, const TokenMark &unigram, bool has_cost)
        : mark(mark), has_cost(has_cost), count(mark), unigram(unigram) {}

    /* The output's members, "key":value, ... `origin`: those of origin.h. `has_plans`: whether texts have plans at all. Where the text's
     * plan is that of a `key` that has verdicts, there is one afterwards. */
    std::string members(const std::string &origin, const Watermark *key, bool has_plans,
                        bool wants_tokens);

    const TokenMark &mark;
    const bool has_cost; /* of the replay and of the token mark */
    Text text;
    Treatment treatment;
    double log_likelihood = 0;
    TokenCount count;
    TokenCount unigram; /* beside kgw: the same key's */
    double mark_cost = 0; /* sum of drawing_cost of the token mark, where it is wanted */
    Replay replay;
    std::vector<double> log_ratios; /* by token, where they are wanted */
    std::string error; /* why there is no score; empty: none */
    bool has_verdict = false;
    steer_verdict_t verdict = STEER_VERDICT_INIT;

private:
    std::string replay_members(const Watermark *key);
    /* Whether what the text's mark costs is asked for, and not whether it is there. */
    bool is_price(const Watermark *key) const;
};

#endif
