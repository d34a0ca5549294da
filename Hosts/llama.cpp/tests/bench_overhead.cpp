/* What steering costs: tokens per second of single-sequence decoding, with a clamp of three features and
 * with no callback at all, block by block in turn. Prints JSON.
 *
 *     bench_overhead model.gguf dictionary [repeats]
 *
 * Two dictionaries of 4,096 features: the one given, and a JumpReLU one with random weights. */
#include "support.h"

#include <algorithm>
#include <cstdlib>

static const int block = 32; /* tokens */

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

/* One block of greedy-like decoding from the start of a text: fixed tokens, logits each time. */
static void decode_block(llama_context *context, const std::function<int32_t(llama_batch)> &decode) {
    llama_memory_clear(llama_get_memory(context), false);
    Batch batch(1);
    for (int i = 0; i < block; ++i) {
        batch.clear();
        batch.add(texts[1][size_t(i) % texts[1].size()], i, 0, true);
        EXPECT(decode(batch.batch) == 0, "decode");
    }
}

static void measure(llama_model *model, const char *name, const steer_dictionary_t *dictionary,
                    int repeats, bool has_plan, bool is_last) {
    const auto plain = plain_context(model, [](llama_context_params &params) { params.n_seq_max = 1; });
    Run run(model, [](llama_context_params &params) { params.n_seq_max = 1; });
    const Plan plan = plan_json(dictionary, R"({"version": 1, "interventions": [
        {"feature": 1000, "mode": "clamp", "alpha": 200},
        {"feature": 2000, "mode": "clamp", "alpha": 200},
        {"feature": 3000, "mode": "clamp", "alpha": 200}]})");
    if (has_plan) attach(run, 0, dictionary, plan.get());
    const auto with = [&] {
        decode_block(run.context.get(), [&](llama_batch batch) { return run.steer.decode(batch); });
    };
    const auto without = [&] {
        decode_block(plain.get(), [&](llama_batch batch) { return llama_decode(plain.get(), batch); });
    };
    with();
    without();
    std::vector<double> ratios, rates, plain_rates;
    for (int i = 0; i < repeats; ++i) {
        // Either goes first in turn, so that a machine that drifts favours neither.
        double steered = 0;
        if (i % 2 == 0) steered = seconds_of(with);
        const double base = seconds_of(without);
        if (i % 2 == 1) steered = seconds_of(with);
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
    if (repeats < 1) return 2;
    Workshop workshop;
    llama_model *model = load_model(argv[1], true);
    {
        MadeDictionary wish;
        wish.n_features = 4096;
        wish.threshold = 500;
        const Dictionary given = open_dictionary(argv[2]);
        const Dictionary jumprelu = open_dictionary(workshop.make(wish));
        std::printf("{\n  \"tokens_per_block\": %d,\n  \"pairs\": %d,\n  \"cases\": [\n", block,
                    repeats);
        measure(model, "no plan", jumprelu.get(), repeats, false, false);
        measure(model, "clamp of 3, jumprelu", jumprelu.get(), repeats, true, false);
        measure(model, "clamp of 3, given dictionary", given.get(), repeats, true, true);
        std::printf("  ]\n}\n");
    }
    llama_model_free(model);
    return n_failures == 0 ? 0 : 1;
}
