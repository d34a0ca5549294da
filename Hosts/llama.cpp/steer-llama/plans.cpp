#include "plans.h"

#include "failure.h"
#include "json.h"
#include "paths.h"

#include <fstream>
#include <iterator>

Plans::Plans(const Options &options, const std::vector<Record> &records) : options(options) {
    if (options.sae.empty()) {
        for (const Record &record : records) {
            if (!options.score_files.empty() || record.plan.empty() || record.plan == "none") continue;
            throw Failure(EXIT_USAGE, record.place + ": 'plan' needs --sae");
        }
        return;
    }
    steer_dictionary_t *opened = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_dictionary_open(options.sae.c_str(), nullptr, &opened, &error), error);
    dictionary.reset(opened);
    if (!options.plan.empty()) default_plan = compile_file(options.plan);
    if (!options.features.empty()) default_plan = compile_flags();
    if (options.has_texts() && needs_prompt(default_plan.get())) {
        throw Failure(EXIT_USAGE, options.plan + " tells prompt from generated positions, which "
                                      + options.texts_flag()
                                      + " has not: expected a plan for all positions");
    }
    if (!options.watermark.empty()) {
        watermark.reset(new Watermark(options, dictionary.get()));
        check_documents(records);
    }
    for (const Prompt &prompt : options.prompts) compile(prompt.plan);
    for (const Record &record : records) {
        try {
            compile(record.plan);
        } catch (const Failure &failure) {
            throw Failure(failure.code, record.place + ": 'plan': " + failure.what());
        }
    }
}

void Plans::compile(const std::string &plan) {
    if (plan.empty() || plan == "none" || own_plans.count(plan) > 0) return;
    own_plans[plan] = compile_file(plan);
}

PlanHandle Plans::named(const std::string &plan) const {
    if (plan == "none" || !dictionary) return nullptr;
    return plan.empty() ? default_plan : own_plans.at(plan);
}

/* Before a model is loaded: every document that the key needs has a name, and the key makes plans. */
void Plans::check_documents(const std::vector<Record> &records) const {
    bool is_first = true;
    const auto try_first = [&](const MarkedDocument &document) {
        if (is_first) plan_of(document);
        is_first = false;
    };
    size_t n_marked = 0;
    for (size_t i = 0; i < options.prompts.size(); ++i) {
        if (!is_marked(options.prompts[i].plan)) continue;
        n_marked += 1;
        try_first(document_of(i));
    }
    for (const Record &record : records) {
        if (is_marked(record.plan)) try_first(document_of(record));
    }
    if (!options.document.empty() && n_marked > 1) {
        throw Failure(EXIT_USAGE, "--document names one prompt, but " + std::to_string(n_marked)
                                      + " are marked, expected --prompts-file");
    }
    if (!options.document.empty() && !watermark->names_documents()) {
        throw Failure(EXIT_USAGE, "--document is given, but the key " + options.watermark
                                      + " does not name its documents");
    }
}

MarkedDocument Plans::document_of(size_t index) const {
    const std::string name = options.document.empty() ? "" : json_text(options.document);
    return watermark->of_prompt(options.prompts[index].text, name,
                                "--prompt " + std::to_string(index + 1));
}

MarkedDocument Plans::document_of(const Record &record) const {
    if (!options.score_files.empty()) return watermark->of_text(record);
    return watermark->of_prompt(record.prompt, record.document, record.place);
}

Treatment Plans::of(size_t index) const {
    const std::string &plan = options.prompts[index].plan;
    if (!is_marked(plan)) return {named(plan), MarkedDocument()};
    const MarkedDocument document = document_of(index);
    return {watermark->plan(document), document};
}

Treatment Plans::of(const Record &record) const {
    if (!is_marked(record.plan)) return {named(record.plan), MarkedDocument()};
    const MarkedDocument document = document_of(record);
    return {plan_of(document), document};
}

PlanHandle Plans::plan_of(const MarkedDocument &document) const {
    return options.reads_marks() ? watermark->replay_plan(document) : watermark->plan(document);
}

std::string Plans::name_of(const std::string &plan) const {
    const std::string &file = plan.empty() ? options.plan : plan;
    if (!file.empty()) return "the plan " + file;
    if (watermark) return "the plan of " + options.watermark;
    std::string text = "the plan of --feature";
    for (uint32_t feature : options.features) text += " " + std::to_string(feature);
    return text;
}

/* A session without the prompt's length is what such a plan refuses. */
bool Plans::needs_prompt(const steer_plan_t *plan) {
    if (!plan) return false;
    steer_session_t *session = nullptr;
    if (steer_session_create(plan, STEER_PROMPT_LENGTH_UNKNOWN, &session, nullptr) != STEER_OK) {
        return true;
    }
    steer_session_destroy(session);
    return false;
}

PlanHandle Plans::compile_flags() const {
    std::vector<steer_intervention_t> wishes;
    for (size_t i = 0; i < options.features.size(); ++i) {
        steer_intervention_t wish = STEER_INTERVENTION_INIT;
        wish.feature = options.features[i];
        wish.mode = options.mode;
        wish.strength = options.strength;
        if (!options.alphas.empty()) {
            wish.alpha = options.alphas[options.alphas.size() == 1 ? 0 : i];
        }
        if (!options.max_activations.empty()) wish.max_activation = options.max_activations[i];
        wishes.push_back(wish);
    }
    steer_scope_t scope = STEER_SCOPE_INIT;
    scope.phase = options.phase;
    scope.skip_first = options.skip_first;
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_plan_compile(dictionary.get(), wishes.data(), wishes.size(), &scope, &plan, &error),
          error);
    return PlanHandle(plan, PlanDeleter());
}

PlanHandle Plans::compile_file(const std::string &path) const {
    check_readable(path, "a plan as JSON");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Failure(EXIT_ENVIRONMENT, path + " cannot be read");
    const std::string json{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    check(steer_plan_compile_json(dictionary.get(), json.data(), json.size(), &plan, &error), error,
          path + ": ");
    return PlanHandle(plan, PlanDeleter());
}

int Plans::layer(Host &host) const {
    if (options.layer >= 0) {
        if (options.layer < host.n_layer()) return options.layer;
        throw Failure(EXIT_BAD_INPUT,
                      "--layer is " + std::to_string(options.layer) + ", expected 0 to "
                          + std::to_string(host.n_layer() - 1));
    }
    const int layer = host.steer.layer_of(dictionary.get());
    if (layer < 0) throw Failure(EXIT_BAD_INPUT, host.steer.error() + "; see --layer");
    return layer;
}

bool Plans::covers_start(const steer_plan_t *plan, uint64_t prompt_length) const {
    steer_plan_info_t plan_info = STEER_PLAN_INFO_INIT;
    steer_session_info_t info = STEER_SESSION_INFO_INIT;
    steer_session_t *session = nullptr;
    if (steer_plan_inspect(plan, &plan_info, nullptr) != STEER_OK
        || steer_session_create(plan, prompt_length, &session, nullptr) != STEER_OK)
        return false;
    // The plan itself knows best: give a row at position 0 to a session that is thrown away.
    std::vector<float> row(size_t(plan_info.width), 1.0f);
    steer_session_apply(session, row.data(), STEER_F32, 1, row.size(), nullptr, nullptr);
    steer_session_inspect(session, &info, nullptr);
    steer_session_destroy(session);
    return info.rows_in_scope > 0;
}

void Plans::attach(Host &host, llama_seq_id sequence, const steer_plan_t *plan,
                   uint64_t prompt_length) const {
    steering::AttachOptions how;
    how.layer = options.layer;
    how.prompt_length = prompt_length;
    if (!host.steer.attach(sequence, dictionary.get(), plan, how)) {
        throw Failure(EXIT_BAD_INPUT, host.steer.error());
    }
}
