/* Several sequences through one context, with and without their plans. */
#ifndef STEER_LLAMA_GENERATE_H
#define STEER_LLAMA_GENERATE_H

#include <string>
#include <vector>

#include "capture.h"
#include "host.h"
#include "options.h"
#include "plans.h"

/* One continuation of one prompt. */
struct Continuation {
    size_t prompt = 0; /* index in the options */
    bool is_steered = false;
    std::vector<llama_token> tokens; /* generated */
    std::string text;
    std::string mark; /* the key's document, as JSON members; empty: no key's */
    std::vector<steering::Applied> applied;
};

struct Generation {
    std::vector<std::vector<llama_token>> prompt_tokens; /* by prompt */
    std::vector<Continuation> continuations;
    std::vector<std::string> notes;
    std::vector<std::string> never_acted; /* which plans met no row in their scope, and why */
    int layer = -1;
    double prompt_tokens_per_second = 0;
    double tokens_per_second = 0; /* of all sequences together */
};

/* Runs every prompt; makes the context. */
Generation generate(Host &host, const Options &options, const Plans &plans);

#endif
