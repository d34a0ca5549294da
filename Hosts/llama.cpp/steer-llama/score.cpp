#include "score.h"

#include "drawing.h"
#include "failure.h"
#include "json.h"
#include "origin.h"
#include "progress.h"
#include "sampling.h"
#include "scored_text.h"

#include <algorithm>
#include <deque>
#include <list>
#include <memory>

namespace {

const int64_t most_sequences = 16;
const int64_t most_tokens = 2048; // of a text with its prompt, without --ctx
const int default_batch = 128; // all of a batch's logits stand in memory, 1 MiB each with Gemma 3

/* One pass over a text; with a plan a steered twin goes with it, so that the batches of both, and with them
 * the kernels, are the same. */
struct Reading {
    size_t index;
    std::unique_ptr<Score> score;
    llama_seq_id sequence;
    llama_seq_id twin; /* -1: none */
    size_t n_read = 0;

    bool has_twin() const { return twin >= 0; }
    int n_rows() const { return has_twin() ? 2 : 1; }
    bool is_read() const {
        return !score->error.empty() || n_read + 1 >= score->text.tokens.size();
    }
};

/* Rows of the batch whose logits are of the token at `place`. */
struct Output {
    Reading *reading;
    int row;
    int twin_row; /* -1: none */
    size_t place;
};

class Scorer {
public:
    Scorer(Host &host, const Options &options, const Plans &plans,
           const std::vector<Record> &records)
        : host(host), options(options), plans(plans), records(records),
          file(options.output, records), origin(origin_of_text(options)), rows_per_token(plans.dictionary ? 2 : 1),
          modulus(spike_modulus(options.token_mark.gamma, options.token_mark.delta)) {}

    Scores run() {
        make_context();
        Batch batch(n_batch);
        Progress progress("texts", true);
        for (;;) {
            batch.clear();
            fill(batch);
            if (batch.count() == 0) break;
            host.decode(batch.batch);
            for (const Output &output : outputs) take(output);
            result.n_tokens += size_t(batch.count());
            finish_read();
            progress.show(result.n_texts, result.n_tokens);
        }
        progress.end();
        file.finish();
        std::sort(result.verdicts.begin(), result.verdicts.end(),
                  [](const TextVerdict &a, const TextVerdict &b) { return a.index < b.index; });
        if (result.n_failed > 0) {
            const std::string count = std::to_string(result.n_failed);
            result.complaints.push_back(first_failed
                                        + (result.n_failed == 1 ? "" : ", as of " + count + " texts"));
        }
        result.file = options.output;
        result.tokens_per_second = double(result.n_tokens) / progress.seconds();
        return std::move(result);
    }

private:
    Text tokens_of(const Record &record) const {
        Text text;
        const std::string prompt = options.reads_prompts ? record.prompt : "";
        text.has_prompt = !prompt.empty();
        text.tokens = host.tokenize(prompt, true, true);
        text.n_before = text.tokens.size();
        const std::vector<llama_token> own = host.tokenize(record.text, false, false);
        text.tokens.insert(text.tokens.end(), own.begin(), own.end());
        if (int64_t(text.n_before) >= limit) {
            throw Failure(EXIT_BAD_INPUT, record.place + ": 'prompt' has "
                                              + std::to_string(text.n_before)
                                              + " tokens, expected fewer than "
                                              + std::to_string(limit));
        }
        text.is_cut = int64_t(text.tokens.size()) > limit;
        if (text.is_cut) text.tokens.resize(size_t(limit));
        return text;
    }

    /* Texts are read in order and as many at once as a batch holds, so that at any time one, with its
     * twin, may stand half-read behind a batch's end. */
    void make_context() {
        const int64_t trained = llama_model_n_ctx_train(host.model.get());
        limit = options.context > 0 ? options.context : std::min(most_tokens, trained);
        if (limit > trained) {
            throw Failure(EXIT_USAGE, "--ctx is " + std::to_string(limit) + ", expected at most "
                                          + std::to_string(trained)
                                          + ", the context of the model");
        }
        size_t longest = 1;
        for (const Record &record : records) {
            longest = std::max(longest, tokens_of(record).tokens.size());
        }
        const bool is_given = std::find(options.given.begin(), options.given.end(), "--batch")
            != options.given.end();
        // No more room than all sequences fill, no less than one token and its twin.
        const int64_t most = std::min<int64_t>(is_given ? options.n_batch : default_batch,
                                               most_sequences * int64_t(longest));
        n_batch = int(std::max<int64_t>(most, rows_per_token));
        // llama.cpp wants no more sequences than rows.
        const int64_t n_sequences = std::min(most_sequences, int64_t(n_batch));
        // With few of them no cell is left over: a text may be as long as the model's context.
        const int64_t n_cells
            = std::min(int64_t(rows_per_token) * int64_t(longest) + 2 * int64_t(n_batch),
                       n_sequences * int64_t(longest));
        host.make_context(int(n_sequences), (n_cells + n_sequences - 1) / n_sequences, n_batch,
                          options.n_threads);
        for (llama_seq_id i = 0; i < llama_seq_id(n_sequences); ++i) free_sequences.push_back(i);
    }

    llama_seq_id take_sequence() {
        const llama_seq_id sequence = free_sequences.front();
        free_sequences.pop_front();
        return sequence;
    }

    void start_next() {
        const size_t index = next++;
        std::unique_ptr<Score> score(new Score(options.token_mark, options.unigram_mark, options.has_costs()));
        score->text = tokens_of(records[index]);
        score->treatment = plans.of(records[index]);
        if (score->text.n_scored() == 0) {
            write(index, *score);
            return;
        }
        const steer_plan_t *plan = score->treatment.plan.get();
        const llama_seq_id sequence = take_sequence(), twin = plan ? take_sequence() : -1;
        if (plan) plans.attach(host, twin, plan, score->text.n_before);
        readings.push_back({index, std::move(score), sequence, twin, 0});
    }

    void fill(Batch &batch) {
        outputs.clear();
        for (Reading &reading : readings) read(reading, batch);
        while (n_batch - batch.count() >= rows_per_token && next < records.size()
               && free_sequences.size() >= size_t(rows_per_token)) {
            const size_t n_before = readings.size();
            start_next();
            if (readings.size() > n_before) read(readings.back(), batch);
        }
    }

    /* The last token's own row is of no use: it is not read. */
    void read(Reading &reading, Batch &batch) {
        const Text &text = reading.score->text;
        while (!reading.is_read() && n_batch - batch.count() >= reading.n_rows()) {
            const size_t place = reading.n_read + 1;
            const bool is_wanted = place >= text.first_scored();
            const llama_token token = text.tokens[reading.n_read];
            const llama_pos position = llama_pos(reading.n_read);
            Output output = {&reading, -1, -1, place};
            output.row = batch.add(token, position, reading.sequence, is_wanted);
            if (reading.has_twin()) {
                output.twin_row = batch.add(token, position, reading.twin, is_wanted);
            }
            if (is_wanted) outputs.push_back(output);
            reading.n_read = place;
        }
    }

    /* Whether there are any; else the score has an error. */
    bool read_logits(Softmax &softmax, int row, const Record &record, bool is_steered, Score &score) {
        const float *logits = llama_get_logits_ith(host.context.get(), row);
        const size_t n = size_t(llama_vocab_n_tokens(host.vocab));
        const char *fault = logits_fault(logits, n);
        if (!fault && softmax.read(logits, n)) return true;
        score.error = (is_steered ? plans.name_of(record) + " leaves" : "the model has")
            + " no usable logits" + (fault ? std::string(": ") + fault : "")
            + (is_steered ? ", expected smaller amounts" : "");
        return false;
    }

    void take(const Output &output) {
        const Record &record = records[output.reading->index];
        Score &score = *output.reading->score;
        if (!score.error.empty() || !read_logits(plain, output.row, record, false, score)) return;
        const llama_token token = score.text.tokens[output.place];
        const double log_probability = plain.log_probability(size_t(token));
        score.log_likelihood += log_probability;
        if (output.twin_row >= 0) {
            if (!read_logits(steered, output.twin_row, record, true, score)) return;
            const double log_ratio = steered.log_probability(size_t(token)) - log_probability;
            score.replay.add(log_ratio, plain.log_ratio_moments(steered));
            if (options.has_costs()) {
                const Drawing drawing{options.top_k, options.top_p, options.temperature};
                score.replay.cost += drawing_cost(plain, steered, drawing);
            }
            if (options.wants_tokens) score.log_ratios.push_back(log_ratio);
        }
        if (!options.token_mark.is_on()) return;
        if (options.has_costs()) add_mark_cost(output.row, score, score.text.tokens[output.place - 1]);
        const bool has_previous = output.place > score.text.n_before || score.text.has_prompt;
        const llama_token previous = has_previous ? score.text.tokens[output.place - 1] : -1;
        if (options.token_mark.needs_previous()) score.unigram.takes(previous, token);
        if (score.count.takes(previous, token) && options.token_mark.needs_previous()) {
            score.count.add_entropy(plain.spike_entropy(modulus));
        }
    }

    /* What the token mark would cost here; as when it is made, `previous` may be of the prompt. */
    void add_mark_cost(int row, Score &score, llama_token previous) {
        const float *logits = llama_get_logits_ith(host.context.get(), row);
        const uint64_t seed = options.token_mark.seed(previous);
        const float bias[2] = {0, float(options.token_mark.delta)};
        biased.resize(plain.size());
        for (size_t i = 0; i < biased.size(); ++i) {
            biased[i] = logits[i] + bias[options.token_mark.is_green(seed, llama_token(i)) ? 1 : 0];
        }
        if (!marked.read(biased.data(), biased.size())) return; // the plain logits are usable
        const Drawing drawing{options.top_k, options.top_p, options.temperature};
        score.mark_cost += drawing_cost(plain, marked, drawing);
    }

    void release(llama_seq_id sequence) {
        if (sequence < 0) return;
        llama_memory_seq_rm(llama_get_memory(host.context.get()), sequence, -1, -1);
        free_sequences.push_back(sequence);
    }

    void finish_read() {
        for (auto reading = readings.begin(); reading != readings.end();) {
            if (!reading->is_read()) {
                ++reading;
                continue;
            }
            if (reading->has_twin()) host.steer.detach(reading->twin);
            release(reading->sequence);
            release(reading->twin);
            write(reading->index, *reading->score);
            reading = readings.erase(reading);
        }
    }

    void write(size_t index, Score &score) {
        result.n_texts += 1;
        std::string members;
        if (score.error.empty()) {
            try {
                members = score.members(origin, plans.key(), plans.dictionary != nullptr,
                                        options.wants_tokens);
            } catch (const Failure &failure) { // numbers that no verdict can be made of
                score.error = failure.what();
            }
        }
        if (!score.error.empty()) {
            file.add(index, origin + ",\"error\":" + json_text(score.error));
            if (result.n_failed++ == 0) first_failed = records[index].place + ": " + score.error;
            return;
        }
        file.add(index, members);
        result.n_cut += score.text.is_cut ? 1 : 0;
        result.n_scored += score.text.n_scored();
        result.log_likelihood += score.log_likelihood;
        if (!score.has_verdict) return;
        result.verdicts.push_back({index, records[index].place, score.replay.z(), score.verdict});
    }

    Host &host;
    const Options &options;
    const Plans &plans;
    const std::vector<Record> &records;
    RecordsFile file;
    const std::string origin; /* in every line */
    const int rows_per_token; /* of a text that has a twin, if any may */
    Scores result;
    int n_batch = 0;
    int64_t limit = 0;
    std::deque<llama_seq_id> free_sequences;
    std::list<Reading> readings; /* in the order in which they began */
    std::vector<Output> outputs; /* of the batch */
    size_t next = 0;             /* record */
    Softmax plain, steered, marked;
    std::vector<float> biased; /* logits of `marked` */
    const double modulus;
    std::string first_failed;
};

} // namespace

Scores score_texts(Host &host, const Options &options, const Plans &plans,
                   const std::vector<Record> &records) {
    return Scorer(host, options, plans, records).run();
}
