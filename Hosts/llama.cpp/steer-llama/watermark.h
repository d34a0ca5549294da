/* A key, and what it makes of prompts and texts. */
#ifndef STEER_LLAMA_WATERMARK_H
#define STEER_LLAMA_WATERMARK_H

#include <memory>
#include <string>

#include "options.h"
#include "records.h"

struct PlanDeleter {
    void operator()(steer_plan_t *plan) const { steer_plan_destroy(plan); }
};
using PlanHandle = std::shared_ptr<steer_plan_t>;

/* One text, as the key's scheme names it. */
struct MarkedDocument {
    std::string text; /* a name or a prompt */
    int64_t time = 0;
    std::string json; /* "key":...,"scheme":...,"document":... */
};

class Watermark {
public:
    /* Opens --bank and --watermark; throws Failure. */
    Watermark(const Options &options, const steer_dictionary_t *dictionary);

    /* The document of a prompt that is to be continued, named `document` as JSON, empty for no name; of
     * a text to be read again. Throws Failure, after `place`, where the scheme needs a name and there is
     * none. */
    MarkedDocument of_prompt(const std::string &prompt, const std::string &document,
                             const std::string &place) const;
    MarkedDocument of_text(const Record &record) const;

    /* The plan that marks a text; to be read again with, also by a retired key. */
    PlanHandle plan(const MarkedDocument &document) const;
    PlanHandle replay_plan(const MarkedDocument &document) const;

    /* Whether the bank has null texts of replays; whether they are of this strength, so that replays have
     * p-values. */
    bool has_nulls() const { return info.flags & STEER_WATERMARK_CALIBRATED_REPLAY; }
    bool has_verdicts() const { return has_nulls() && info.replay_strength == used_strength(); }
    steer_verdict_t verdict(const steer_replay_t &replay) const;

    /* Times the bank's amounts, in its plans. */
    double used_strength() const { return strength > 0 ? strength : 1; }

    bool names_documents() const { return info.scheme == STEER_DOCUMENT_GIVEN; }

private:
    struct Deleter {
        void operator()(steer_watermark_t *watermark) const { steer_watermark_destroy(watermark); }
    };
    MarkedDocument make(const std::string &prompt, const std::string &document,
                        const std::string &place, bool is_made_now) const;
    steer_document_t named(const MarkedDocument &document) const;

    const double strength;
    std::unique_ptr<steer_watermark_t, Deleter> watermark;
    steer_watermark_info_t info = STEER_WATERMARK_INFO_INIT;
    std::string key;
};

#endif
