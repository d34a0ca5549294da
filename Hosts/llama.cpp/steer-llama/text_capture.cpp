#include "text_capture.h"

#include "capture.h"
#include "documents.h"
#include "failure.h"
#include "progress.h"

#include <algorithm>
#include <climits>

/* One piece per row: the tokens, `step` at a time, each time behind BOS where there is one. */
static std::vector<std::string> pieces_of(Host &host, const std::vector<llama_token> &tokens,
                                          size_t step, bool has_bos) {
    std::vector<std::string> pieces;
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (has_bos && i % step == 0) pieces.push_back(host.piece(llama_vocab_bos(host.vocab)));
        pieces.push_back(host.piece(tokens[i]));
    }
    return pieces;
}

/* Refuses what could not be read back, before hours go into its rows. */
static void check_lines(Host &host, const Options &options, size_t step, bool has_bos) {
    const size_t certainly_short = 100000; // at most as many tokens, and two pieces for each
    DocumentReader reader(options);
    for (Document document; reader.next(document);) {
        if (document.members.size() < certainly_short) continue;
        const std::vector<llama_token> tokens = host.tokenize(document.text, false, false);
        const std::vector<std::string> pieces = pieces_of(host, tokens, step, has_bos);
        check_line(document_line(INT_MAX, document, pieces), reader.place());
    }
}

TextCapture capture_texts(Host &host, const Options &options, const Plans &plans) {
    const int trained = llama_model_n_ctx_train(host.model.get());
    const size_t window = size_t(options.context > 0 ? options.context : std::min(256, trained));
    const size_t n_bos = host.adds_bos() ? 1 : 0;
    host.make_context(1, int(window), int(window), options.n_threads);
    const int layer = options.needs_layer() ? plans.layer(host) : -1;
    if (plans.of_all()) plans.attach(host, 0, plans.of_all(), STEER_PROMPT_LENGTH_UNKNOWN);
    const size_t step = window - n_bos;
    if (!options.capture.empty()) check_lines(host, options, step, n_bos > 0);
    Capture capture(host, options, layer);
    Batch batch{int(window)};
    TextCapture result;
    Progress progress("windows");

    DocumentReader reader(options);
    for (Document document; reader.next(document);) {
        const std::vector<llama_token> tokens = host.tokenize(document.text, false, false);
        const int number = int(result.n_documents);
        for (size_t begin = 0; begin < tokens.size(); begin += step) {
            const size_t end = std::min(tokens.size(), begin + step);
            batch.clear();
            if (n_bos) batch.add(llama_vocab_bos(host.vocab), 0, 0, capture.needs_all_logits());
            for (size_t i = begin; i < end; ++i) {
                batch.add(tokens[i], batch.count(), 0, capture.needs_all_logits());
            }
            llama_memory_clear(llama_get_memory(host.context.get()), false);
            host.decode(batch.batch);
            capture.drain({{number, plans.of_all() != nullptr}});
            result.n_windows += 1;
            result.n_tokens += size_t(batch.count());
            progress.show(result.n_windows, result.n_tokens);
        }
        capture.add(number, document, pieces_of(host, tokens, step, n_bos > 0));
        result.n_documents += 1;
    }
    progress.end();
    if (result.n_windows == 0) throw Failure(EXIT_BAD_INPUT, "the files hold no text");
    result.applied = host.steer.applied(0);
    for (const steering::Applied &applied : result.applied) {
        if (applied.in_scope == 0) {
            result.never_acted.push_back("the plan never acted: 0 of "
                                         + std::to_string(applied.rows)
                                         + " rows are in its scope");
        }
    }
    capture.finish();
    for (const auto &written : capture.files) result.files.push_back(written->path());
    for (const auto &written : capture.documents_files) {
        result.documents_files.push_back(written->path());
    }
    result.tokens_per_second = double(result.n_tokens) / progress.seconds();
    return result;
}
