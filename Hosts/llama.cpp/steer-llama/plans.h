/* The dictionary and the plans that the command line asks for. */
#ifndef STEER_LLAMA_PLANS_H
#define STEER_LLAMA_PLANS_H

#include <memory>
#include <string>
#include <vector>

#include "host.h"
#include "options.h"

struct DictionaryDeleter {
    void operator()(steer_dictionary_t *dictionary) const { steer_dictionary_close(dictionary); }
};
struct PlanDeleter {
    void operator()(steer_plan_t *plan) const { steer_plan_destroy(plan); }
};
using PlanHandle = std::shared_ptr<steer_plan_t>;

class Plans {
public:
    /* Opens the dictionary and compiles every plan, before any model is loaded. */
    explicit Plans(const Options &options);

    /* The plan of the prompt at `index`, and of all texts; NULL: left alone. */
    const steer_plan_t *of(size_t index) const;
    const steer_plan_t *of_all() const { return default_plan.get(); }

    /* What to call it in messages. */
    std::string name_of(size_t index) const;

    /* The block after whose output the plans act; throws Failure where the dictionary's place is
     * none. */
    int layer(Host &host) const;

    /* Whether a plan covers position 0 of a sequence. */
    bool covers_start(const steer_plan_t *plan, uint64_t prompt_length) const;

    void attach(Host &host, llama_seq_id sequence, const steer_plan_t *plan,
                uint64_t prompt_length) const;

    std::unique_ptr<steer_dictionary_t, DictionaryDeleter> dictionary;

private:
    static bool needs_prompt(const steer_plan_t *plan);
    PlanHandle compile_flags() const;
    PlanHandle compile_file(const std::string &path) const;

    const Options &options;
    PlanHandle default_plan;
    std::vector<PlanHandle> own_plans; /* by prompt */
};

#endif
