#include "generate.h"

#include "failure.h"
#include "sampling.h"

#include <algorithm>

namespace {

/* One sequence of the context while it runs. */
struct Running {
    Continuation *continuation;
    Sampler sampler;
    llama_pos position = 0;       /* of the token that goes in next */
    llama_token next = LLAMA_TOKEN_NULL;
    int output = -1;              /* index in the batch whose logits are its own */
    bool is_done = false;
};

class Generator {
public:
    Generator(Host &host, const Options &options, const Plans &plans)
        : host(host), options(options), plans(plans) {}

    Generation run() {
        choose_sequences();
        size_t longest = 0;
        for (const auto &tokens : result.prompt_tokens) longest = std::max(longest, tokens.size());
        const int64_t needed = int64_t(longest) + std::max(options.n_predict, 1);
        if (options.context > 0 && options.context < needed) {
            throw Failure(EXIT_USAGE,
                          "--ctx is " + std::to_string(options.context) + ", expected at least "
                              + std::to_string(needed) + " for the longest prompt and --predict");
        }
        const int64_t n_positions = options.context > 0 ? options.context : needed;
        // No more room than all prompts fill, no less than one token per sequence.
        const int64_t most = int64_t(longest) * int64_t(running.size());
        const int n_batch =
            int(std::max<int64_t>(std::min<int64_t>(options.n_batch, most), running.size()));
        host.make_context(int(running.size()), n_positions, n_batch, options.n_threads);
        attach();
        Capture capture(host, options, result.layer);
        const bool is_last = result.layer == host.n_layer() - 1;
        if (options.has_plan() && is_last && !capture.needs_all_logits()) {
            result.notes.push_back("layer " + std::to_string(result.layer)
                                   + " is the last: of a prompt only the last row gets there, and "
                                     "only that one is counted");
        }
        Batch batch(n_batch);
        read_prompts(batch, capture);
        continue_all(batch, capture);
        collect();
        capture.finish();
        for (const auto &file : capture.files) {
            result.notes.push_back(std::to_string(file->n_rows()) + " rows of layer "
                                   + std::to_string(file->layer) + " in " + file->path());
        }
        return std::move(result);
    }

private:
    /* The un-steered twin stands beside the steered sequence, so that both meet the same
     * kernels. */
    void choose_sequences() {
        for (size_t i = 0; i < options.prompts.size(); ++i) {
            result.prompt_tokens.push_back(host.tokenize(options.prompts[i].text, true, true));
            if (result.prompt_tokens.back().empty()) {
                throw Failure(EXIT_BAD_INPUT,
                              "prompt " + std::to_string(i + 1)
                                  + " has no token, expected at least one");
            }
            const bool is_steered = options.is_steered(options.prompts[i]);
            for (int steered = 0; steered < 2; ++steered) {
                if (steered ? !is_steered : is_steered && !options.wants_baseline) continue;
                Continuation continuation;
                continuation.prompt = i;
                continuation.is_steered = steered != 0;
                result.continuations.push_back(continuation);
            }
        }
        for (Continuation &continuation : result.continuations) {
            Running sequence;
            sequence.continuation = &continuation;
            // The two continuations of a prompt draw by the same noise, as that line of a prompts file.
            sequence.sampler = make_sampler(options, draw_seed(options.seed, continuation.prompt),
                                            result.prompt_tokens[continuation.prompt].back());
            running.push_back(std::move(sequence));
            // With plans the steered rows are captured, else all.
            const bool is_kept = continuation.is_steered
                || !options.is_steered(options.prompts[continuation.prompt]);
            documents.push_back(
                {is_kept ? int32_t(continuation.prompt) : -1, continuation.is_steered});
        }
    }

    void attach() {
        if (options.needs_layer()) result.layer = plans.layer(host);
        bool covers_bos = false;
        for (size_t i = 0; i < running.size(); ++i) {
            const Continuation &continuation = *running[i].continuation;
            if (!continuation.is_steered) continue;
            const Treatment treatment = plans.of(continuation.prompt);
            const steer_plan_t *plan = treatment.plan.get();
            running[i].continuation->mark = treatment.mark.json;
            const uint64_t length = result.prompt_tokens[continuation.prompt].size();
            plans.attach(host, llama_seq_id(i), plan, length);
            covers_bos = covers_bos || plans.covers_start(plan, length);
        }
        if (covers_bos && host.adds_bos()) {
            result.notes.push_back("the plan covers BOS too, whose row is unlike all others; "
                                   "skip_first 1 leaves it alone");
        }
    }

    void decode(Batch &batch, Capture &capture) {
        host.decode(batch.batch);
        if (capture.is_on()) capture.drain(documents);
    }

    void check_logits(const Running &sequence) const {
        const char *fault = logits_fault(llama_get_logits_ith(host.context.get(), sequence.output),
                                         size_t(llama_vocab_n_tokens(host.vocab)));
        if (!fault) return;
        const size_t prompt = sequence.continuation->prompt;
        const bool is_steered = sequence.continuation->is_steered;
        const std::string who = is_steered ? plans.name_of(prompt) + " leaves" : "the model has";
        throw Failure(EXIT_BAD_INPUT, who + " no usable logits of prompt "
                                          + std::to_string(prompt + 1) + ": " + fault
                                          + (is_steered ? ", expected smaller amounts" : ""));
    }

    void sample(Running &sequence) {
        check_logits(sequence);
        sequence.next =
            llama_sampler_sample(sequence.sampler.get(), host.context.get(), sequence.output);
        sequence.output = -1;
        std::vector<llama_token> &tokens = sequence.continuation->tokens;
        if (int(tokens.size()) >= options.n_predict
            || llama_vocab_is_eog(host.vocab, sequence.next)) {
            sequence.is_done = true;
            return;
        }
        tokens.push_back(sequence.next);
    }

    void flush(Batch &batch, Capture &capture) {
        if (batch.count() == 0) return;
        decode(batch, capture);
        for (Running &sequence : running) {
            if (sequence.output >= 0) sample(sequence);
        }
        batch.clear();
    }

    void read_prompts(Batch &batch, Capture &capture) {
        const int64_t start = llama_time_us();
        size_t n_tokens = 0;
        for (size_t i = 0; i < running.size(); ++i) {
            const auto &tokens = result.prompt_tokens[running[i].continuation->prompt];
            n_tokens += tokens.size();
            for (size_t j = 0; j < tokens.size(); ++j) {
                if (batch.is_full()) flush(batch, capture);
                const bool is_last = j + 1 == tokens.size();
                const int index = batch.add(tokens[j], running[i].position++, llama_seq_id(i),
                                            is_last || capture.needs_all_logits());
                if (is_last) running[i].output = index;
            }
        }
        flush(batch, capture);
        const double seconds = double(llama_time_us() - start) / 1e6;
        result.prompt_tokens_per_second = double(n_tokens) / seconds;
    }

    void continue_all(Batch &batch, Capture &capture) {
        const int64_t start = llama_time_us();
        size_t n_tokens = 0;
        for (;;) {
            for (size_t i = 0; i < running.size(); ++i) {
                Running &sequence = running[i];
                // The last token's own row is of no use to a continuation that ends with it.
                if (sequence.is_done
                    || int(sequence.continuation->tokens.size()) >= options.n_predict)
                    continue;
                sequence.output =
                    batch.add(sequence.next, sequence.position++, llama_seq_id(i), true);
            }
            if (batch.count() == 0) break;
            n_tokens += size_t(batch.count());
            flush(batch, capture);
        }
        const double seconds = double(llama_time_us() - start) / 1e6;
        result.tokens_per_second = n_tokens > 0 ? double(n_tokens) / seconds : 0;
    }

    void collect() {
        for (size_t i = 0; i < running.size(); ++i) {
            Continuation &continuation = *running[i].continuation;
            continuation.text = host.text(continuation.tokens);
            if (!continuation.is_steered) continue;
            continuation.applied = host.steer.applied(llama_seq_id(i));
            for (const steering::Applied &applied : continuation.applied) {
                if (applied.in_scope > 0) continue;
                const bool has_generated = continuation.tokens.size() > 1;
                result.never_acted.push_back(
                    "the plan of prompt " + std::to_string(continuation.prompt + 1)
                    + " never acted: 0 of " + std::to_string(applied.rows)
                    + " rows are in its scope"
                    + (has_generated ? "" : ", none of them generated: a continuation's last token "
                                            "is not read, so that takes two tokens"));
            }
        }
    }

    Host &host;
    const Options &options;
    const Plans &plans;
    Generation result;
    std::vector<Running> running; /* by sequence */
    std::vector<CaptureDocument> documents; /* by sequence */
};

} // namespace

Generation generate(Host &host, const Options &options, const Plans &plans) {
    return Generator(host, options, plans).run();
}
