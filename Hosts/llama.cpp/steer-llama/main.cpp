/* steer-llama: what a plan does to a model's continuation, side by side with none. */
#include <cstdio>
#include <exception>

#include "complete.h"
#include "documents.h"
#include "failure.h"
#include "generate.h"
#include "paths.h"
#include "report.h"
#include "score.h"
#include "text_capture.h"

/* What was asked for did not happen, though the results stand. */
static void check_done(const std::vector<std::string> &complaints) {
    if (complaints.empty()) return;
    std::string message;
    for (const std::string &one : complaints) message += (message.empty() ? "" : "; ") + one;
    std::fflush(stdout); // the results come before the complaint
    throw Failure(EXIT_BAD_INPUT, message);
}

static void run(const Options &options) {
    check_paths(options);
    check_documents(options);
    const std::vector<Record> records = read_records(options);
    check_output(options, records);
    const Plans plans(options, records);
    Host host(options.model, options.n_gpu_layers, options.is_verbose);
    if (options.has_texts()) {
        const TextCapture capture = capture_texts(host, options, plans);
        options.wants_json ? print_json(capture) : print_text(capture);
        check_done(capture.never_acted);
        return;
    }
    if (!options.prompts_files.empty()) {
        const Completions completions = complete_prompts(host, options, plans, records);
        options.wants_json ? print_json(completions) : print_text(completions);
        check_done(completions.complaints);
        return;
    }
    if (!options.score_files.empty()) {
        const Scores scores = score_texts(host, options, plans, records);
        options.wants_json ? print_json(scores) : print_text(scores);
        check_done(scores.complaints);
        return;
    }
    const Generation generation = generate(host, options, plans);
    options.wants_json ? print_json(options, generation) : print_text(options, generation);
    check_done(generation.never_acted);
}

static int complain(ExitCode code, const char *message) {
    std::fprintf(stderr, "steer-llama: error: %s\n", message);
    return code;
}

int main(int argc, char **argv) {
    try {
        const Options options = parse_options(argc, argv);
        if (options.model.empty()) return EXIT_DONE; // help
        run(options);
        if (std::fflush(stdout) != 0) return complain(EXIT_ENVIRONMENT, "output cannot be written");
        return EXIT_DONE;
    } catch (const Failure &failure) {
        return complain(failure.code, failure.what());
    } catch (const std::exception &exception) {
        return complain(EXIT_ENVIRONMENT, exception.what());
    }
}
