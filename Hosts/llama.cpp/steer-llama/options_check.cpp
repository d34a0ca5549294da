#include "options.h"

#include "failure.h"

#include <algorithm>

[[noreturn]] static void usage(const std::string &message) { throw Failure(EXIT_USAGE, message); }

static bool is_given(const Options &options, const std::string &flag) {
    return std::find(options.given.begin(), options.given.end(), flag) != options.given.end();
}

bool Options::is_steered(const Prompt &prompt) const {
    return prompt.plan == "none" ? false : !prompt.plan.empty() || has_default_plan();
}

bool Options::has_plan() const {
    if (has_texts() || has_records()) return has_default_plan();
    for (const Prompt &prompt : prompts) {
        if (is_steered(prompt)) return true;
    }
    return false;
}

static void check_plan(const Options &options) {
    const bool takes_alpha
        = options.mode != STEER_MODE_ABLATE && options.mode != STEER_MODE_PROJECT_OUT;
    const size_t n = options.features.size();
    if (!options.plan.empty() && n > 0) {
        usage("--plan before the first --prompt and --feature exclude each other");
    }
    if (!options.watermark.empty()) {
        if (!options.plan.empty() || n > 0) {
            usage(std::string("--watermark and ") + (n > 0 ? "--feature" : "--plan")
                  + " exclude each other");
        }
        if (options.bank.empty()) usage("--watermark needs --bank");
    } else {
        if (!options.bank.empty()) usage("--bank needs --watermark");
        if (!options.document.empty()) usage("--document needs --watermark");
    }
    if (n == 0) {
        if (!options.alphas.empty()) usage("--alpha needs --feature");
        if (!options.max_activations.empty()) usage("--max-activation needs --feature");
        if (options.mode || options.strength || options.phase || options.skip_first) {
            usage("--mode, --strength, --phase and --skip-first need --feature: a --plan says "
                  "everything itself");
        }
        return;
    }
    if (takes_alpha && options.alphas.size() != n && options.alphas.size() != 1) {
        usage(std::to_string(n) + " --feature but " + std::to_string(options.alphas.size())
              + " --alpha, expected one each or one for all");
    }
    if (!takes_alpha && !options.alphas.empty()) {
        usage("--alpha means nothing with --mode ablate and project-out");
    }
    const bool takes_maximum = options.strength == STEER_STRENGTH_MAX_ACTIVATION;
    if (options.max_activations.size() != (takes_maximum ? n : 0)) {
        usage(takes_maximum ? "--strength max-activation needs one --max-activation per --feature"
                            : "--max-activation needs --strength max-activation");
    }
}

/* One kind of input, and no other. */
static void check_input(const Options &options) {
    std::vector<std::string> found;
    if (!options.prompts.empty()) found.push_back("--prompt");
    if (!options.text_files.empty()) found.push_back("--text-file");
    if (!options.documents_files.empty()) found.push_back("--documents-file");
    if (!options.prompts_files.empty()) found.push_back("--prompts-file");
    if (!options.score_files.empty()) found.push_back("--score-file");
    if (found.empty()) usage("--prompt is missing");
    if (found.size() > 1) usage(found[0] + " and " + found[1] + " exclude each other");
    if (options.has_texts() && options.capture.empty()) usage(found[0] + " needs --capture");
    if (options.has_records() && options.output.empty()) usage(found[0] + " needs --output");

    const auto refuse = [&](const std::vector<const char *> &flags, const std::string &why) {
        for (const char *flag : flags) {
            if (is_given(options, flag)) {
                usage(std::string(flag) + " means nothing with " + found[0] + why);
            }
        }
    };
    const std::vector<const char *> of_sampling
        = {"-n", "--predict", "--seed", "--no-baseline"};
    const std::vector<const char *> of_drawing = {"--temp", "--top-k", "--top-p"};
    const std::vector<const char *> of_marks
        = {"--token-mark", "--token-key", "--token-delta", "--token-gamma"};
    const bool generates_nothing = options.has_texts() || !options.score_files.empty();
    if (generates_nothing) refuse(of_sampling, ", which generates nothing");
    if (options.has_texts()) {
        refuse(of_drawing, ", which generates nothing");
        refuse({"--watermark"}, ", whose texts are no document of a key");
        refuse({"--batch", "--phase"}, ", which generates nothing");
        refuse(of_marks, "");
    }
    if (!options.prompts_files.empty()) refuse({"--no-baseline"}, ", which has no baselines");
    else refuse({"--parallel"}, "");
    if (options.has_records()) refuse({"--capture", "--capture-layer"}, "");
    else refuse({"--output"}, "");
    if (options.has_records()) refuse({"--document"}, ", whose lines name themselves");
    if (options.score_files.empty()) refuse({"--per-token", "--text-alone"}, "");
}

static void check_sampling(const Options &options) {
    for (const char *flag : {"--top-k", "--top-p"}) {
        if (is_given(options, flag) && !(options.temperature > 0)) {
            usage(std::string(flag) + " needs --temp above 0, which is the likeliest token");
        }
    }
    // Scoring takes them for the cost of a mark alone.
    if (!options.score_files.empty() && is_given(options, "--temp")) {
        if (!options.has_costs()) usage("--temp means nothing with --score-file without --top-k");
        if (options.sae.empty() && !options.token_mark.is_on()) {
            usage("--top-k means nothing with --score-file without --sae or --token-mark");
        }
    }
    for (const char *flag : {"--token-key", "--token-delta", "--token-gamma"}) {
        if (is_given(options, flag) && !options.token_mark.is_on()) {
            usage(std::string(flag) + " needs --token-mark");
        }
    }
    if (options.token_mark.is_on() && !is_given(options, "--token-key")) {
        usage("--token-mark needs --token-key");
    }
}

void check_options(const Options &options) {
    if (options.model.empty()) usage("--model is missing");
    check_input(options);
    check_sampling(options);
    check_plan(options);
    const auto has_none = [](const Prompt &prompt) { return prompt.plan.empty(); };
    if (!options.prompts.empty() && options.has_default_plan()
        && std::none_of(options.prompts.begin(), options.prompts.end(), has_none)) {
        usage(std::string(!options.watermark.empty() ? "--watermark"
                          : options.plan.empty()     ? "--feature"
                                                     : "--plan before the first --prompt")
              + " acts on no prompt: every --prompt has a --plan of its own");
    }
    if (!options.has_plan() && options.capture.empty() && !options.has_records()) {
        usage("nothing to do: give --feature and --alpha, --plan, --watermark, or --capture");
    }
    if (options.has_plan() && options.sae.empty()) usage("--sae is missing");
    if (!options.capture_layers.empty() && options.capture.empty()) {
        usage("--capture-layer needs --capture");
    }
    if (!options.capture.empty() && options.capture_layers.empty() && options.sae.empty()
        && options.layer < 0) {
        usage("--capture needs --capture-layer, or --sae to know the layer from");
    }
    if (options.wants_tokens && options.sae.empty()) usage("--per-token needs --sae and a plan");
    if (!options.wants_baseline && !options.has_plan()) usage("--no-baseline needs a plan");
}
