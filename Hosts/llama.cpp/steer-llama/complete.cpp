#include "complete.h"

#include "failure.h"
#include "json.h"
#include "origin.h"
#include "progress.h"
#include "sampling.h"

#include <algorithm>

namespace {

/* One sequence of the context and the prompt that has it. */
struct Slot {
    bool is_busy = false;
    size_t index = 0; /* of the record */
    Treatment treatment;
    Sampler sampler;
    std::vector<llama_token> prompt, generated;
    size_t n_read = 0; /* of both */
    int output = -1;   /* index in the batch whose logits come next */

    llama_token token(size_t i) const {
        return i < prompt.size() ? prompt[i] : generated[i - prompt.size()];
    }
    size_t n_known() const { return prompt.size() + generated.size(); }
};

class Completer {
public:
    Completer(Host &host, const Options &options, const Plans &plans,
              const std::vector<Record> &records)
        : host(host), options(options), plans(plans), records(records),
          file(options.output, records) {}

    Completions run() {
        make_context();
        Batch batch(n_batch);
        Progress progress("prompts", true);
        for (;;) {
            batch.clear();
            fill(batch);
            if (batch.count() == 0) break;
            host.decode(batch.batch);
            for (size_t i = 0; i < slots.size(); ++i) {
                if (slots[i].output >= 0) sample(slots[i], llama_seq_id(i));
            }
            progress.show(result.n_prompts, result.n_tokens);
        }
        progress.end();
        file.finish();
        result.file = options.output;
        result.tokens_per_second = double(result.n_tokens) / progress.seconds();
        if (n_failed > 0) result.complaints.push_back(first_failed + and_others(n_failed));
        if (n_never_acted > 0) {
            result.complaints.push_back(first_never_acted + ": its plan never acted"
                                        + and_others(n_never_acted));
        }
        return std::move(result);
    }

private:
    static std::string and_others(size_t count) {
        return count == 1 ? "" : ", as of " + std::to_string(count) + " prompts";
    }

    /* As many positions as the longest prompt and its continuation take. */
    void make_context() {
        size_t longest = 0;
        const int64_t trained = llama_model_n_ctx_train(host.model.get());
        const int64_t limit = options.context > 0 ? options.context : trained;
        const int64_t n_generated = std::max(options.n_predict, 1);
        for (const Record &record : records) {
            const size_t n = host.tokenize(record.prompt, true, true).size();
            if (n == 0) {
                throw Failure(EXIT_BAD_INPUT,
                              record.place + ": 'prompt' has no token, expected at least one");
            }
            if (int64_t(n) + n_generated > limit) {
                throw Failure(EXIT_BAD_INPUT,
                              record.place + ": 'prompt' has " + std::to_string(n)
                                  + " tokens, expected at most "
                                  + std::to_string(std::max<int64_t>(limit - n_generated, 0))
                                  + " beside --predict " + std::to_string(options.n_predict)
                                  + (options.context > 0 ? " in --ctx"
                                                         : " in the context of the model"));
            }
            longest = std::max(longest, n);
        }
        const size_t n_slots = std::min(records.size(), size_t(options.n_parallel));
        const int64_t n_positions
            = options.context > 0 ? options.context : int64_t(longest) + n_generated;
        const int64_t most = int64_t(longest) * int64_t(n_slots);
        n_batch = int(std::max<int64_t>(std::min<int64_t>(options.n_batch, most),
                                        int64_t(n_slots)));
        host.make_context(int(n_slots), n_positions, n_batch, options.n_threads);
        slots.resize(n_slots);
    }

    void start(Slot &slot, llama_seq_id sequence) {
        const Record &record = records[n_started];
        slot.is_busy = true;
        slot.index = n_started;
        slot.prompt = host.tokenize(record.prompt, true, true);
        slot.generated.clear();
        slot.n_read = 0;
        const uint32_t seed = record.has_seed ? draw_seed(record.seed)
                                              : draw_seed(options.seed, n_started);
        slot.sampler = make_sampler(options, seed, slot.prompt.back());
        slot.treatment = plans.of(record);
        const steer_plan_t *plan = slot.treatment.plan.get();
        if (plan) plans.attach(host, sequence, plan, slot.prompt.size());
        n_started += 1;
    }

    /* First the sequences that generate, one token each, then prompts as far as there is room. */
    void fill(Batch &batch) {
        for (size_t i = 0; i < slots.size(); ++i) {
            if (slots[i].is_busy && slots[i].n_read >= slots[i].prompt.size()) read(i, batch);
        }
        for (size_t i = 0; i < slots.size() && !batch.is_full(); ++i) {
            Slot &slot = slots[i];
            if (!slot.is_busy && n_started < records.size()) start(slot, llama_seq_id(i));
            if (slot.is_busy && slot.n_read < slot.prompt.size()) read(i, batch);
        }
    }

    void read(size_t i, Batch &batch) {
        Slot &slot = slots[i];
        while (slot.n_read < slot.n_known() && !batch.is_full()) {
            const bool is_last = slot.n_read + 1 == slot.n_known();
            const int index = batch.add(slot.token(slot.n_read), llama_pos(slot.n_read),
                                        llama_seq_id(i), is_last);
            if (is_last) slot.output = index;
            slot.n_read += 1;
        }
    }

    void sample(Slot &slot, llama_seq_id sequence) {
        const float *logits = llama_get_logits_ith(host.context.get(), slot.output);
        const char *fault = logits_fault(logits, size_t(llama_vocab_n_tokens(host.vocab)));
        const Record &record = records[slot.index];
        if (fault) {
            const bool is_steered = bool(slot.treatment.plan);
            const std::string why = (is_steered ? plans.name_of(record) + " leaves" : "the model has")
                + " no usable logits: " + fault + (is_steered ? ", expected smaller amounts" : "");
            file.add(slot.index, "\"error\":" + json_text(why));
            if (n_failed++ == 0) first_failed = record.place + ": " + why;
            release(slot, sequence);
            return;
        }
        bool has_ended = false;
        if (options.n_predict > 0) {
            const llama_token token
                = llama_sampler_sample(slot.sampler.get(), host.context.get(), slot.output);
            has_ended = llama_vocab_is_eog(host.vocab, token);
            if (!has_ended) {
                slot.generated.push_back(token);
                result.n_tokens += 1;
            }
        }
        slot.output = -1;
        if (has_ended || int(slot.generated.size()) >= options.n_predict) {
            end(slot, sequence, has_ended);
        }
    }

    /* The last token's own row is of no use to a continuation that ends with it: it is not read. */
    void end(Slot &slot, llama_seq_id sequence, bool has_ended) {
        uint64_t edited = 0;
        for (const steering::Applied &applied : host.steer.applied(sequence)) {
            edited += applied.edited;
            // A continuation that ended at once gave a plan of generated positions nothing to do.
            if (applied.in_scope > 0 || slot.generated.size() < 2) continue;
            if (n_never_acted++ == 0) first_never_acted = records[slot.index].place;
        }
        const std::string &mark = slot.treatment.mark.json;
        file.add(slot.index, "\"text\":" + json_text(host.text(slot.generated)) + ",\"tokens\":"
                                 + std::to_string(slot.generated.size()) + ",\"prompt_tokens\":"
                                 + std::to_string(slot.prompt.size()) + ",\"finished\":\""
                                 + (has_ended ? "end" : "length") + "\","
                                 + origin_of_prompt(options, records[slot.index])
                                 + ",\"edited\":" + std::to_string(edited)
                                 + (mark.empty() ? "" : ",\"watermark\":{" + mark + "}"));
        release(slot, sequence);
    }

    void release(Slot &slot, llama_seq_id sequence) {
        host.steer.detach(sequence);
        llama_memory_seq_rm(llama_get_memory(host.context.get()), sequence, -1, -1);
        slot.is_busy = false;
        slot.output = -1;
        result.n_prompts += 1;
    }

    Host &host;
    const Options &options;
    const Plans &plans;
    const std::vector<Record> &records;
    RecordsFile file;
    Completions result;
    int n_batch = 0;
    std::vector<Slot> slots; /* by sequence */
    size_t n_started = 0;
    size_t n_failed = 0;
    std::string first_failed;
    size_t n_never_acted = 0;
    std::string first_never_acted;
};

} // namespace

Completions complete_prompts(Host &host, const Options &options, const Plans &plans,
                             const std::vector<Record> &records) {
    return Completer(host, options, plans, records).run();
}
