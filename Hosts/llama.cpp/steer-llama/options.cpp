#include "options.h"

#include "failure.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "ggml.h"

static const char *const help =
    R"(usage: steer-llama --model m.gguf --sae dir --feature 1234 --alpha 4 --prompt "..."

Generates with llama.cpp, un-steered and steered at once, and shows both.

  --model FILE          model, GGUF
  --sae DIR             folder of the dictionary
  --prompt TEXT         what to continue; repeatable: all prompts run as sequences of one batch
  -n, --predict N       tokens to generate at most (64)

What to do, for all prompts:
  --feature I           feature to steer; repeatable, paired with --alpha
  --alpha X             amount, one per --feature or one for all
  --mode M              add, clamp, floor, ceiling, scale, ablate or project-out (add)
  --strength S          decoder, unit, relative or max-activation (decoder)
  --max-activation X    largest activation, one per --feature, for --strength max-activation
  --skip-first N        leave positions below this alone; 1 skips BOS (0)
  --phase P             all, prompt or generated (all)
  --plan FILE           plan as JSON in place of these flags. Behind a --prompt it is that prompt's
                        own; before the first --prompt it is for all. none: leave the prompt alone
  --layer L             act after block L, wherever the dictionary says that it reads
  --no-baseline         only the steered continuations

How to run:
  --temp X, --seed N    sample at this temperature, 0.001 to 1000 (0: the likeliest token), with
                        this seed (0)
  --ctx N               positions per sequence (as many as needed); windows of whole texts (256);
                        at most the model's own context
  --batch N             prompt tokens per decode at most (512)
  --threads N           threads (all cores)
  --gpu-layers N        layers on the GPU (all, where there is one)
  --json                report for scripts
  --verbose             llama.cpp's own messages too

Residual rows into a file that steerctl reads:
  --capture FILE        safetensors with activations, tokens, positions, documents, special and
                        steered: 1 where the row's prompt has a plan, whose un-steered twin is
                        left out. Several layers: FILE gets .layer-L before its suffix
  --capture-layer L     block whose output to keep; repeatable (the plan's layer)
  --text-file FILE      in place of prompts: every line is a document, cut into windows of --ctx
                        with BOS first; repeatable. Needs --capture, generates nothing
  --documents-file FILE in place of --text-file: every line is an object with a string "text";
                        repeatable
For both, FILE.documents.jsonl beside FILE.safetensors says what rows belong to: "document" and
"pieces", one per row, and all other members of the documents file as they stand.

Exit codes: 0 done, 2 usage, 3 bad input, or a plan that met no row in its scope (results are
printed and captured all the same), 4 environment: files, memory.
)";

[[noreturn]] static void usage(const std::string &message) { throw Failure(EXIT_USAGE, message); }

static double number(const std::string &flag, const char *text) {
    char *end = nullptr;
    const double value = std::strtod(text, &end);
    if (end == text || *end || !std::isfinite(value)) {
        usage(flag + " is '" + text + "', expected a number");
    }
    return value;
}

static long long whole(const std::string &flag, const char *text, long long low, long long high) {
    char *end = nullptr;
    errno = 0;
    const long long value = std::strtoll(text, &end, 10);
    if (end == text || *end || errno || value < low || value > high) {
        usage(flag + " is '" + text + "', expected a whole number from " + std::to_string(low)
              + " to " + std::to_string(high));
    }
    return value;
}

static int32_t choice(const std::string &flag, const std::string &text,
                      const std::vector<std::string> &names) {
    std::string list;
    for (size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return int32_t(i); // in the order of the constants of steering.h
        list += (i == 0 ? "" : i + 1 < names.size() ? ", " : " or ") + names[i];
    }
    usage(flag + " is '" + text + "', expected " + list);
}

static bool is_given(const Options &options, const std::string &flag) {
    return std::find(options.given.begin(), options.given.end(), flag) != options.given.end();
}

bool Options::is_steered(const Prompt &prompt) const {
    return prompt.plan == "none" ? false : !prompt.plan.empty() || has_default_plan();
}

bool Options::has_plan() const {
    if (has_texts()) return has_default_plan();
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

static void check_whole(const Options &options) {
    if (options.model.empty()) usage("--model is missing");
    if (options.prompts.empty() && !options.has_texts()) usage("--prompt is missing");
    if (!options.prompts.empty() && options.has_texts()) {
        usage(std::string("--prompt and ") + options.texts_flag() + " exclude each other");
    }
    if (!options.text_files.empty() && !options.documents_files.empty()) {
        usage("--text-file and --documents-file exclude each other");
    }
    if (options.has_texts() && options.capture.empty()) {
        usage(std::string(options.texts_flag()) + " needs --capture");
    }
    for (const char *flag : {"-n", "--predict", "--temp", "--seed", "--batch", "--no-baseline",
                             "--phase"}) {
        if (options.has_texts() && is_given(options, flag)) {
            usage(std::string(flag) + " means nothing with " + options.texts_flag()
                  + ", which generates nothing");
        }
    }
    check_plan(options);
    const auto has_none = [](const Prompt &prompt) { return prompt.plan.empty(); };
    if (!options.has_texts() && options.has_default_plan()
        && std::none_of(options.prompts.begin(), options.prompts.end(), has_none)) {
        usage(std::string(options.plan.empty() ? "--feature" : "--plan before the first --prompt")
              + " acts on no prompt: every --prompt has a --plan of its own");
    }
    if (!options.has_plan() && options.capture.empty()) {
        usage("nothing to do: give --feature and --alpha, --plan, or --capture");
    }
    if (options.has_plan() && options.sae.empty()) usage("--sae is missing");
    if (!options.capture_layers.empty() && options.capture.empty()) {
        usage("--capture-layer needs --capture");
    }
    if (!options.capture.empty() && options.capture_layers.empty() && options.sae.empty()
        && options.layer < 0) {
        usage("--capture needs --capture-layer, or --sae to know the layer from");
    }
    if (!options.wants_baseline && !options.has_plan()) usage("--no-baseline needs a plan");
}

Options parse_options(int argc, char **argv) {
    Options options;
    const long long int_max = std::numeric_limits<int>::max();
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        options.given.push_back(flag);
        if (flag == "--help" || flag == "-h") {
            std::fputs(help, stdout);
            return Options();
        }
        if (flag == "--json") { options.wants_json = true; continue; }
        if (flag == "--verbose") { options.is_verbose = true; continue; }
        if (flag == "--no-baseline") { options.wants_baseline = false; continue; }
        const auto value = [&]() -> const char * {
            if (i + 1 >= argc) usage(flag + " needs a value");
            return argv[++i];
        };
        const auto count = [&](long long low) { return int(whole(flag, value(), low, int_max)); };
        if (flag == "--model") options.model = value();
        else if (flag == "--sae") options.sae = value();
        else if (flag == "--prompt") options.prompts.push_back({value(), ""});
        else if (flag == "--text-file") options.text_files.push_back(value());
        else if (flag == "--documents-file") options.documents_files.push_back(value());
        else if (flag == "--plan") {
            const bool is_for_all = options.prompts.empty();
            std::string &plan = is_for_all ? options.plan : options.prompts.back().plan;
            if (!plan.empty()) usage("two --plan for one --prompt, expected one");
            plan = value();
            if (plan.empty()) usage("--plan is empty, expected a file or none");
            if (is_for_all && plan == "none") {
                usage("--plan none stands before the first --prompt, expected it behind one");
            }
        }
        else if (flag == "--feature") {
            options.features.push_back(uint32_t(whole(flag, value(), 0, UINT32_MAX)));
        }
        else if (flag == "--alpha") options.alphas.push_back(number(flag, value()));
        else if (flag == "--max-activation") {
            options.max_activations.push_back(number(flag, value()));
        }
        else if (flag == "--mode") {
            options.mode = choice(flag, value(), {"add", "clamp", "floor", "ceiling", "scale",
                                                  "ablate", "project-out"});
        }
        else if (flag == "--strength") {
            options.strength
                = choice(flag, value(), {"decoder", "unit", "relative", "max-activation"});
        }
        else if (flag == "--phase") {
            options.phase = choice(flag, value(), {"all", "prompt", "generated"});
        }
        else if (flag == "--skip-first") options.skip_first = uint64_t(count(0));
        else if (flag == "--layer") options.layer = count(0);
        else if (flag == "-n" || flag == "--predict") options.n_predict = count(0);
        else if (flag == "--ctx") options.context = count(2);
        else if (flag == "--batch") options.n_batch = count(1);
        else if (flag == "--threads") {
            options.n_threads = int(whole(flag, value(), 1, GGML_MAX_N_THREADS));
        }
        else if (flag == "--gpu-layers") options.n_gpu_layers = count(0);
        else if (flag == "--seed") options.seed = uint32_t(whole(flag, value(), 0, UINT32_MAX));
        else if (flag == "--temp") {
            const char *text = value();
            const double temperature = number(flag, text);
            // Far outside, logits divided by it are no longer numbers.
            if (temperature != 0 && !(temperature >= 1e-3 && temperature <= 1e3)) {
                usage(flag + " is '" + text + "', expected 0 or 0.001 to 1000");
            }
            options.temperature = float(temperature);
        }
        else if (flag == "--capture") options.capture = value();
        else if (flag == "--capture-layer") options.capture_layers.push_back(count(0));
        else usage("unknown argument '" + flag + "', see --help");
    }
    check_whole(options);
    return options;
}
