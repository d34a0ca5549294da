#include "options.h"

#include "failure.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "ggml.h"

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

static std::string path(const std::string &flag, const char *text) {
    if (!*text) usage(flag + " is empty, expected a text");
    return text;
}

/* --strength is a factor of a watermark's amounts, and else what --alpha is measured in. */
static void take_strength(const char *text, Options &options) {
    const std::string flag = "--strength";
    if (!text) return;
    if (options.watermark.empty()) {
        options.strength = choice(flag, text, {"decoder", "unit", "relative", "max-activation"});
        return;
    }
    options.mark_strength = number(flag, text);
    if (!(options.mark_strength > 0)) {
        usage(flag + " is '" + text + "', expected a number above 0");
    }
}

/* --token-mark and what belongs to it. */
struct MarkFlags {
    TokenMarkKind kind = TokenMarkKind::none;
    std::string key;
    double gamma = TokenMark().gamma;
    double delta = TokenMark().delta;
};

Options parse_options(int argc, char **argv) {
    Options options;
    MarkFlags mark;
    const char *strength = nullptr;
    const long long int_max = std::numeric_limits<int>::max();
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        options.given.push_back(flag);
        if (flag == "--help" || flag == "-h") {
            std::fputs(help_text, stdout);
            return Options();
        }
        if (flag == "--json") { options.wants_json = true; continue; }
        if (flag == "--verbose") { options.is_verbose = true; continue; }
        if (flag == "--no-baseline") { options.wants_baseline = false; continue; }
        if (flag == "--per-token") { options.wants_tokens = true; continue; }
        if (flag == "--text-alone") { options.reads_prompts = false; continue; }
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
        else if (flag == "--prompts-file") options.prompts_files.push_back(value());
        else if (flag == "--score-file") options.score_files.push_back(value());
        else if (flag == "--output") options.output = value();
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
        else if (flag == "--strength") strength = value();
        else if (flag == "--watermark") options.watermark = path(flag, value());
        else if (flag == "--bank") options.bank = path(flag, value());
        else if (flag == "--document") options.document = path(flag, value());
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
        else if (flag == "--top-k") options.top_k = count(0);
        else if (flag == "--top-p") {
            const char *text = value();
            const double part = number(flag, text);
            if (!(part > 0 && part <= 1)) {
                usage(flag + " is '" + text + "', expected above 0 and at most 1");
            }
            options.top_p = float(part);
        }
        else if (flag == "--parallel") options.n_parallel = count(1);
        else if (flag == "--token-mark") {
            mark.kind = choice(flag, value(), {"kgw", "unigram"}) == 0 ? TokenMarkKind::kgw
                                                                       : TokenMarkKind::unigram;
        }
        else if (flag == "--token-key") {
            mark.key = value();
            if (mark.key.empty()) usage(flag + " is empty, expected a text");
        }
        else if (flag == "--token-gamma") {
            const char *text = value();
            mark.gamma = number(flag, text);
            if (!(mark.gamma >= 0.001 && mark.gamma <= 0.999)) {
                usage(flag + " is '" + text + "', expected 0.001 to 0.999");
            }
        }
        else if (flag == "--token-delta") {
            const char *text = value();
            mark.delta = number(flag, text);
            if (!(mark.delta >= 0 && mark.delta <= 100)) {
                usage(flag + " is '" + text + "', expected 0 to 100");
            }
        }
        else if (flag == "--capture") options.capture = value();
        else if (flag == "--capture-layer") options.capture_layers.push_back(count(0));
        else usage("unknown argument '" + flag + "', see --help");
    }
    take_strength(strength, options);
    options.token_mark = TokenMark(mark.kind, mark.key, mark.gamma, mark.delta);
    options.unigram_mark = TokenMark(TokenMarkKind::unigram, mark.key, mark.gamma, mark.delta);
    check_options(options);
    return options;
}
