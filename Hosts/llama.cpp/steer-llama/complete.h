/* Many prompts through one context, one continuation each. */
#ifndef STEER_LLAMA_COMPLETE_H
#define STEER_LLAMA_COMPLETE_H

#include <string>
#include <vector>

#include "host.h"
#include "options.h"
#include "plans.h"
#include "records.h"

struct Completions {
    size_t n_prompts = 0;
    size_t n_tokens = 0; /* generated */
    double tokens_per_second = 0;
    std::string file;
    std::vector<std::string> complaints; /* of lines that have an error, and of plans that never acted */
};

/* Continues every prompt and writes --output; a sequence that has ended gives its place to the next
 * prompt. One whose logits cannot be drawn from becomes a line with "error". Makes the context. */
Completions complete_prompts(Host &host, const Options &options, const Plans &plans,
                             const std::vector<Record> &records);

#endif
