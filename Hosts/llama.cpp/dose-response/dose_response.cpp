/*
 * How a model answers to rising amounts of one direction: adds it after one block, and measures, over
 * all positions of all prompts but the first, the activation of one feature re-read one block later
 * and the probability of some tokens. One JSON object per amount on standard output.
 *
 *     dose-response MODEL SAE FEATURE DIRECTION LENGTHS TOKENS PROMPTS
 *
 * FEATURE is read, the decoder row of feature DIRECTION is added, LENGTHS are lengths of the edit in
 * units of the row, TOKENS are token ids (both separated by commas), PROMPTS is a file with one prompt
 * per line. dose_response.py calls this and draws the picture.
 */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "llama.h"
#include "steering.h"
#include "steering_llama.h"

namespace {

template <typename T, void (*end)(T *)> struct Ended {
    void operator()(T *object) const { end(object); }
};
using Model = std::unique_ptr<llama_model, Ended<llama_model, llama_model_free>>;
using Context = std::unique_ptr<llama_context, Ended<llama_context, llama_free>>;
using Dictionary =
    std::unique_ptr<steer_dictionary_t, Ended<steer_dictionary_t, steer_dictionary_close>>;
using Plan = std::unique_ptr<steer_plan_t, Ended<steer_plan_t, steer_plan_destroy>>;
using Reader = std::unique_ptr<steer_reader_t, Ended<steer_reader_t, steer_reader_destroy>>;

void check(steer_status_t status, const steer_error_t &error)
{
    if (status != STEER_OK) {
        throw std::runtime_error(error.message);
    }
}

void check(bool done, const steering::LlamaAdapter &steer)
{
    if (!done) {
        throw std::runtime_error(steer.error());
    }
}

std::vector<double> numbers(const std::string &text)
{
    std::vector<double> values;
    std::stringstream stream(text);
    for (std::string item; std::getline(stream, item, ',');) {
        char *end = nullptr;
        values.push_back(std::strtod(item.c_str(), &end));
        if (item.empty() || *end != '\0') {
            throw std::runtime_error("'" + item + "' is not a number");
        }
    }
    return values;
}

/* `value` as a whole number below `limit`. */
uint32_t whole(const char *what, double value, double limit)
{
    if (!(value >= 0 && value < limit) || value != std::floor(value)) {
        char message[128];
        std::snprintf(message, sizeof message,
                      "%s is %.17g, expected a whole number from 0 to %.0f", what, value,
                      limit - 1);
        throw std::runtime_error(message);
    }
    return static_cast<uint32_t>(value);
}

uint32_t feature_number(const char *what, const char *text)
{
    const std::vector<double> values = numbers(text);
    if (values.size() != 1) {
        throw std::runtime_error(std::string(what) + " is '" + text + "', expected one number");
    }
    return whole(what, values[0], 4294967296.0);
}

std::vector<std::vector<llama_token>> read_prompts(const char *path, const llama_vocab *vocab)
{
    std::ifstream file(path);
    std::vector<std::vector<llama_token>> prompts;
    for (std::string line; std::getline(file, line);) {
        std::vector<llama_token> tokens(line.size() + 8);
        const int count =
            llama_tokenize(vocab, line.data(), static_cast<int32_t>(line.size()), tokens.data(),
                           static_cast<int32_t>(tokens.size()), true, false);
        if (count > 1) {
            tokens.resize(static_cast<size_t>(count));
            prompts.push_back(tokens);
        }
    }
    if (prompts.empty()) {
        throw std::runtime_error(std::string(path) + ": no prompts, expected one per line");
    }
    return prompts;
}

/* Sums over positions. */
struct Totals {
    double activation = 0;
    double probability = 0;
    double positions = 0;
};

double probability_of(const std::vector<llama_token> &tokens, const float *logits, int vocab_size)
{
    float largest = logits[0];
    for (int i = 1; i < vocab_size; i++) {
        largest = std::max(largest, logits[i]);
    }
    double all = 0;
    for (int i = 0; i < vocab_size; i++) {
        all += std::exp(static_cast<double>(logits[i] - largest));
    }
    double some = 0;
    for (const llama_token token : tokens) {
        some += std::exp(static_cast<double>(logits[token] - largest));
    }
    return some / all;
}

class Experiment {
public:
    Experiment(const char *model_path, const char *sae_path, uint32_t feature)
    {
        llama_model_params model_params = llama_model_default_params();
        model.reset(llama_model_load_from_file(model_path, model_params));
        if (!model) {
            throw std::runtime_error(std::string(model_path) + ": not a model that llama.cpp reads");
        }
        llama_context_params params = llama_context_default_params();
        params.n_ctx = 512;
        check(steer.install(params), steer);
        context.reset(llama_init_from_model(model.get(), params));
        if (!context) {
            throw std::runtime_error(std::string(model_path) + ": llama.cpp made no context");
        }
        check(steer.bind(context.get()), steer);

        steer_dictionary_t *opened = nullptr;
        check(steer_dictionary_open(sae_path, nullptr, &opened, &error), error);
        dictionary.reset(opened);
        steer_reader_t *made = nullptr;
        check(steer_reader_create(dictionary.get(), &feature, 1, &made, &error), error);
        reader.reset(made);
        layer = steer.layer_of(dictionary.get());
        check(layer >= 0 && steer.capture({layer + 1}), steer);
    }

    const llama_vocab *vocab() const { return llama_model_get_vocab(model.get()); }

    Totals run(uint32_t direction, double length,
               const std::vector<std::vector<llama_token>> &prompts,
               const std::vector<llama_token> &tokens)
    {
        steer_intervention_t add = STEER_INTERVENTION_INIT;
        add.feature = direction;
        add.strength = STEER_STRENGTH_UNIT;
        add.alpha = length;
        steer_scope_t scope = STEER_SCOPE_INIT;
        scope.skip_first = 1;
        steer_plan_t *compiled = nullptr;
        check(steer_plan_compile(dictionary.get(), &add, 1, &scope, &compiled, &error), error);
        const Plan plan(compiled);
        Totals totals;
        for (const auto &prompt : prompts) {
            measure(plan.get(), prompt, tokens, totals);
        }
        return totals;
    }

private:
    void measure(const steer_plan_t *plan, const std::vector<llama_token> &prompt,
                 const std::vector<llama_token> &tokens, Totals &totals)
    {
        llama_memory_clear(llama_get_memory(context.get()), true);
        steer.clear_captured();
        steer.detach(0);
        check(steer.attach(0, dictionary.get(), plan), steer);

        const int count = static_cast<int>(prompt.size());
        llama_batch batch = llama_batch_init(count, 0, 1);
        for (int i = 0; i < count; i++) {
            batch.token[i] = prompt[static_cast<size_t>(i)];
            batch.pos[i] = i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i] = 1;
        }
        batch.n_tokens = count;
        const int32_t status = steer.decode(batch);
        llama_batch_free(batch);
        check(status == 0, steer);

        const steering::CapturedRows &rows = *steer.captured(layer + 1);
        std::vector<float> activations(prompt.size());
        check(steer_reader_read(reader.get(), rows.values.data(), STEER_F32, prompt.size(),
                                rows.width, activations.data(), 1, &error),
              error);
        const int vocab_size = llama_vocab_n_tokens(vocab());
        for (int i = 1; i < count; i++) {
            totals.activation += static_cast<double>(activations[static_cast<size_t>(i)]);
            totals.probability +=
                probability_of(tokens, llama_get_logits_ith(context.get(), i), vocab_size);
            totals.positions += 1;
        }
    }

    steer_error_t error = STEER_ERROR_INIT;
    steering::LlamaAdapter steer;
    Model model;
    Context context;
    Dictionary dictionary;
    Reader reader;
    int layer = -1;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc != 8) {
        std::fprintf(stderr,
                     "usage: dose-response MODEL SAE FEATURE DIRECTION LENGTHS TOKENS PROMPTS\n");
        return 2;
    }
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    try {
        const uint32_t feature = feature_number("FEATURE", argv[3]);
        const uint32_t direction = feature_number("DIRECTION", argv[4]);
        const std::vector<double> lengths = numbers(argv[5]);
        Experiment experiment(argv[1], argv[2], feature);
        const double vocab_size = llama_vocab_n_tokens(experiment.vocab());
        std::vector<llama_token> tokens;
        for (const double id : numbers(argv[6])) {
            tokens.push_back(static_cast<llama_token>(whole("a token", id, vocab_size)));
        }
        const auto prompts = read_prompts(argv[7], experiment.vocab());
        for (const double length : lengths) {
            const Totals totals = experiment.run(direction, length, prompts, tokens);
            std::printf("{\"length\": %.9g, \"activation\": %.9g, \"probability\": %.9g, "
                        "\"positions\": %.0f}\n",
                        length, totals.activation / totals.positions,
                        totals.probability / totals.positions, totals.positions);
            std::fflush(stdout);
        }
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "dose-response: %s\n", failure.what());
        return 3;
    }
    return 0;
}
