/* What steering costs: tokens per second of single-sequence decoding, with a clamp of three
 * features and with no callback at all, token by token in turn. Prints JSON.
 *
 *     bench_overhead model.gguf dictionary [blocks [threads [bank key.json]]]
 *
 * Two dictionaries of 4,096 features: the one given, and a JumpReLU one with random weights. With a bank and a
 * key, which must leave its documents a name or none, also the plan of a mark. */
#include "support.h"

#include <algorithm>
#include <cstdlib>

static const int block = 32; /* tokens */
static int n_threads = 1;

static void set_params(llama_context_params &params) {
    params.n_seq_max = 1;
    params.n_threads = params.n_threads_batch = n_threads;
}

static double seconds_of(const std::function<void()> &work) {
    const int64_t start = llama_time_us();
    work();
    return double(llama_time_us() - start) / 1e6;
}

static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/* A context that reads one text again and again, a token at a time. */
struct Reader {
    std::function<int32_t(llama_batch)> decode;
    llama_context *context;
    Batch batch{1};
    int position = 0;
    double seconds = 0;

    void read() {
        if (position == 256) position = 0;
        if (position == 0) llama_memory_clear(llama_get_memory(context), false);
        batch.clear();
        batch.add(texts[1][size_t(position) % texts[1].size()], position, 0, true);
        position += 1;
        seconds += seconds_of([&] { EXPECT(decode(batch.batch) == 0, "decode"); });
    }
    double taken() {
        const double result = seconds;
        seconds = 0;
        return result;
    }
};

static Plan clamps(const steer_dictionary_t *dictionary) {
    return plan_json(dictionary, R"({"version": 1, "interventions": [
        {"feature": 1000, "mode": "clamp", "alpha": 200},
        {"feature": 2000, "mode": "clamp", "alpha": 200},
        {"feature": 3000, "mode": "clamp", "alpha": 200}]})");
}

static Plan mark(const steer_dictionary_t *dictionary, const char *bank, const char *key) {
    steer_watermark_t *watermark = nullptr;
    steer_watermark_info_t info = STEER_WATERMARK_INFO_INIT;
    steer_document_t document = STEER_DOCUMENT_INIT;
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    EXPECT(steer_watermark_open(dictionary, bank, key, &watermark, &error) == STEER_OK, "%s",
           error.message);
    EXPECT(steer_watermark_inspect(watermark, &info, &error) == STEER_OK, "%s", error.message);
    document.scheme = info.scheme;
    if (info.scheme == STEER_DOCUMENT_GIVEN) {
        document.text = "overhead";
        document.length = 8;
    }
    EXPECT(steer_watermark_plan(watermark, &document, 1, &plan, &error) == STEER_OK, "%s",
           error.message);
    steer_watermark_destroy(watermark);
    return Plan(plan);
}

/* `plan`: null for none. */
static void measure(llama_model *model, const char *name, const steer_dictionary_t *dictionary,
                    int repeats, const steer_plan_t *plan, bool is_last) {
    const auto plain = plain_context(model, set_params);
    Run run(model, set_params);
    if (plan) attach(run, 0, dictionary, plan, -1, 1); // all but the first token is generated
    Reader with{[&](llama_batch batch) { return run.steer.decode(batch); }, run.context.get()};
    Reader without{[&](llama_batch batch) { return llama_decode(plain.get(), batch); },
                   plain.get()};
    std::vector<double> ratios, rates, plain_rates;
    for (int i = -1; i < repeats; ++i) {
        // Token by token in turn, each first as often, so that a busy machine favours neither.
        for (int j = 0; j < block; ++j) {
            (j % 2 ? with : without).read();
            (j % 2 ? without : with).read();
        }
        const double steered = with.taken();
        const double base = without.taken();
        if (i < 0) continue; // warming up
        ratios.push_back(base / steered);
        rates.push_back(block / steered);
        plain_rates.push_back(block / base);
    }
    const auto applied = run.steer.applied(0);
    std::printf("    {\"case\": \"%s\", \"speed_ratio\": %.4f, \"speed_ratio_low\": %.4f, "
                "\"speed_ratio_high\": %.4f, \"tokens_per_second\": %.2f, "
                "\"tokens_per_second_plain\": %.2f, \"rows_edited\": %zu, \"rows\": %zu}%s\n",
                name, median(ratios), *std::min_element(ratios.begin(), ratios.end()),
                *std::max_element(ratios.begin(), ratios.end()), median(rates), median(plain_rates),
                applied.empty() ? 0 : size_t(applied[0].edited),
                applied.empty() ? 0 : size_t(applied[0].rows), is_last ? "" : ",");
    std::fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const int repeats = argc > 3 ? std::atoi(argv[3]) : 15;
    if (argc > 4) n_threads = std::atoi(argv[4]);
    if (repeats < 1 || n_threads < 1) return 2;
    Workshop workshop;
    llama_model *model = load_model(argv[1], true);
    {
        MadeDictionary wish;
        wish.n_features = 4096;
        wish.threshold = 500;
        const Dictionary given = open_dictionary(argv[2]);
        const Dictionary jumprelu = open_dictionary(workshop.make(wish));
        const Plan three = clamps(jumprelu.get()), three_given = clamps(given.get());
        std::printf("{\n  \"tokens_per_block\": %d,\n  \"blocks\": %d,\n  \"threads\": %d,\n"
                    "  \"cases\": [\n",
                    block, repeats, n_threads);
        measure(model, "no plan", jumprelu.get(), repeats, nullptr, false);
        measure(model, "clamp of 3, jumprelu", jumprelu.get(), repeats, three.get(), false);
        measure(model, "clamp of 3, given dictionary", given.get(), repeats, three_given.get(),
                argc <= 6);
        if (argc > 6) {
            const Plan marking = mark(given.get(), argv[5], argv[6]);
            measure(model, "mark, given dictionary", given.get(), repeats, marking.get(), true);
        }
        std::printf("  ]\n}\n");
    }
    llama_model_free(model);
    return n_failures == 0 ? 0 : 1;
}
