/* Many texts read anew: how likely they are, what marks they carry, and what a plan makes of them. */
#ifndef STEER_LLAMA_SCORE_H
#define STEER_LLAMA_SCORE_H

#include <string>
#include <vector>

#include "host.h"
#include "options.h"
#include "plans.h"
#include "records.h"

/* Whether one text is marked by the key. */
struct TextVerdict {
    size_t index; /* of the record */
    std::string place;
    double z;
    steer_verdict_t verdict;
};

struct Scores {
    size_t n_texts = 0;
    size_t n_cut = 0;    /* of them, longer than the limit */
    size_t n_tokens = 0; /* read, those of steered readings too */
    double log_likelihood = 0;
    size_t n_scored = 0; /* tokens in log_likelihood */
    double tokens_per_second = 0;
    std::vector<TextVerdict> verdicts; /* in the order of the texts, of a key with verdicts */
    size_t n_failed = 0; /* texts that have an error in place of scores */
    std::vector<std::string> complaints;
    std::string file;
};

/* Reads every text and writes --output; one whose logits say nothing becomes a line with "error". Makes the
 * context. */
Scores score_texts(Host &host, const Options &options, const Plans &plans,
                   const std::vector<Record> &records);

#endif
