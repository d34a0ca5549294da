/* The dictionary and the plans that the command line asks for. */
#ifndef STEER_LLAMA_PLANS_H
#define STEER_LLAMA_PLANS_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host.h"
#include "options.h"
#include "records.h"
#include "watermark.h"

struct DictionaryDeleter {
    void operator()(steer_dictionary_t *dictionary) const { steer_dictionary_close(dictionary); }
};

/* What is done to one prompt or text. */
struct Treatment {
    PlanHandle plan;      /* NULL: left alone */
    MarkedDocument mark;  /* json is empty where the plan is no key's */
};

class Plans {
public:
    /* Opens the dictionary and compiles every plan, before any model is loaded. Plans of records
     * are left alone without a dictionary when they are texts to score, which then are only read
     * plainly. */
    explicit Plans(const Options &options, const std::vector<Record> &records = {});

    /* What is done to the prompt at `index`, and to a record. The plans of keys are compiled here: ask
     * once, when the work begins. */
    Treatment of(size_t index) const;
    Treatment of(const Record &record) const;
    /* The plan of all texts that are read whole; NULL: left alone. */
    const steer_plan_t *of_all() const { return default_plan.get(); }
    /* NULL without --watermark. */
    const Watermark *key() const { return watermark.get(); }

    /* What to call it in messages. */
    std::string name_of(size_t index) const { return name_of(options.prompts[index].plan); }
    std::string name_of(const Record &record) const { return name_of(record.plan); }

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
    /* `plan` as in Prompt and Record: a file, "none", or empty for what stands for all. */
    PlanHandle named(const std::string &plan) const;
    bool is_marked(const std::string &plan) const { return watermark && plan.empty(); }
    MarkedDocument document_of(size_t index) const;
    MarkedDocument document_of(const Record &record) const;
    /* Of the mark, or of reading it. */
    PlanHandle plan_of(const MarkedDocument &document) const;
    void check_documents(const std::vector<Record> &records) const;
    std::string name_of(const std::string &plan) const;
    void compile(const std::string &plan);
    PlanHandle compile_flags() const;
    PlanHandle compile_file(const std::string &path) const;

    const Options &options;
    std::unique_ptr<Watermark> watermark;
    PlanHandle default_plan;
    std::map<std::string, PlanHandle> own_plans; /* by file */
};

#endif
