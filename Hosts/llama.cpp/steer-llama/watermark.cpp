#include "watermark.h"

#include "failure.h"
#include "json.h"
#include "json_scan.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

Watermark::Watermark(const Options &options, const steer_dictionary_t *dictionary)
    : strength(options.mark_strength) {
    steer_error_t error = STEER_ERROR_INIT;
    steer_watermark_t *opened = nullptr;
    check(steer_watermark_open(dictionary, options.bank.c_str(), options.watermark.c_str(), &opened,
                               &error),
          error);
    watermark.reset(opened);
    check(steer_watermark_inspect(watermark.get(), &info, &error), error);
    size_t required = 0;
    steer_watermark_key_id(watermark.get(), nullptr, 0, &required, nullptr);
    key.resize(required);
    check(steer_watermark_key_id(watermark.get(), &key[0], key.size(), nullptr, &error), error);
    key.pop_back(); // NUL
    if (options.reads_marks() && has_nulls() && !has_verdicts()) {
        std::fprintf(stderr,
                     "steer-llama: null texts of bank %s were replayed at strength %g, these are at %g: "
                     "there are no p-values\n",
                     options.bank.c_str(), info.replay_strength, used_strength());
    }
}

MarkedDocument Watermark::of_prompt(const std::string &prompt, const std::string &document,
                                    const std::string &place) const {
    return make(prompt, document, place, true);
}

MarkedDocument Watermark::of_text(const Record &record) const {
    if (info.scheme == STEER_DOCUMENT_PROMPT && !record.has_prompt) {
        throw Failure(EXIT_BAD_INPUT, record.place + ": 'prompt' is missing, expected the prompt that key '"
                                          + key + "' takes for the document");
    }
    return make(record.prompt, record.document, record.place, false);
}

MarkedDocument Watermark::make(const std::string &prompt, const std::string &document,
                               const std::string &place, bool is_made_now) const {
    const auto refuse = [&](const std::string &expected) {
        const std::string found = document.empty() ? "missing" : shown(document);
        throw Failure(EXIT_BAD_INPUT, place + ": the document is " + found + ", expected "
                                          + expected + " for key '" + key + "'");
    };
    MarkedDocument result;
    std::string scheme, said = "null";
    switch (info.scheme) {
    case STEER_DOCUMENT_GIVEN:
        scheme = "given";
        if (document.empty() || document[0] != '"') refuse("a name");
        result.text = string_of(document);
        said = document;
        break;
    case STEER_DOCUMENT_PROMPT:
        scheme = "prompt";
        result.text = prompt;
        break;
    case STEER_DOCUMENT_WINDOW: {
        scheme = "window";
        if (is_made_now) {
            result.time = int64_t(std::time(nullptr));
        } else {
            char *end = nullptr;
            errno = 0;
            result.time = std::strtoll(document.c_str(), &end, 10);
            if (document.empty() || *end || errno) refuse("the seconds since 1970 that it was made at");
        }
        said = std::to_string(result.time);
        break;
    }
    case STEER_DOCUMENT_CONSTANT: scheme = "constant"; break;
    default:
        throw Failure(EXIT_BAD_INPUT, "the scheme of key '" + key + "' is unknown here");
    }
    result.json = "\"key\":" + json_text(key) + ",\"scheme\":\"" + scheme + "\",\"document\":" + said;
    return result;
}

steer_document_t Watermark::named(const MarkedDocument &document) const {
    steer_document_t named = STEER_DOCUMENT_INIT;
    named.scheme = info.scheme;
    named.time = document.time;
    if (info.scheme == STEER_DOCUMENT_GIVEN || info.scheme == STEER_DOCUMENT_PROMPT) {
        named.text = document.text.data();
        named.length = document.text.size();
    }
    return named;
}

PlanHandle Watermark::plan(const MarkedDocument &document) const {
    const steer_document_t name = named(document);
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_watermark_plan(watermark.get(), &name, strength, &plan, &error), error);
    return PlanHandle(plan, PlanDeleter());
}

PlanHandle Watermark::replay_plan(const MarkedDocument &document) const {
    const steer_document_t name = named(document);
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_watermark_replay_plan(watermark.get(), &name, strength, &plan, &error), error);
    return PlanHandle(plan, PlanDeleter());
}

steer_verdict_t Watermark::verdict(const steer_replay_t &replay) const {
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_watermark_replay_verdict(watermark.get(), &replay, 0, &verdict, &error), error);
    return verdict;
}
