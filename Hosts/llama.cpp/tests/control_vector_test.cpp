/* A constant plan through the adapter and through llama.cpp's own control vector: the same bits. */
#include "support.h"

static void check_layer(llama_model *model, const steer_dictionary_t *dictionary, int layer) {
    const Plan plan = plan_json(dictionary, R"({"version": 1, "interventions": [
        {"feature": 1234, "alpha": 700}, {"feature": 8, "alpha": -55.5}]})");
    const size_t n_rows = size_t(llama_model_n_layer(model)) - 1;
    const size_t width = size_t(llama_model_n_embd(model));
    Floats buffer(n_rows * width);
    const steer_plan_t *plans[] = {plan.get()};
    const int32_t layers[] = {layer};
    steer_error_t error = STEER_ERROR_INIT;
    EXPECT(steer_plan_control_vector(plans, layers, 1, n_rows, buffer.data(), buffer.size(),
                                     nullptr, &error)
               == STEER_OK,
           "%s", error.message);

    Run run(model);
    attach(run, 0, dictionary, plan.get(), layer);
    const auto vector = plain_context(model);
    const auto base = plain_context(model);
    const auto set = [&](const float *data) {
        return llama_set_adapter_cvec(vector.get(), data, buffer.size(), int32_t(width), 1,
                                      int32_t(n_rows));
    };
    EXPECT(set(buffer.data()) == 0, "llama_set_adapter_cvec");

    Batch batch(64);
    for (size_t j = 0; j < texts[0].size(); ++j) batch.add(texts[0][j], llama_pos(j), 0, true);
    run.decode(batch.batch);
    EXPECT(llama_decode(vector.get(), batch.batch) == 0
               && llama_decode(base.get(), batch.batch) == 0,
           "decode");
    for (int i = 0; i < batch.count(); ++i) {
        const Floats steered = run.logits(i);
        EXPECT(is_same(steered, logits_of(vector.get(), i)), "layer %d, row %d", layer, i);
        EXPECT(!is_same(steered, logits_of(base.get(), i)), "layer %d, row %d is unchanged", layer,
               i);
    }
    const llama_pos next = llama_pos(texts[0].size());
    Batch one(1);
    one.add(496, next, 0, true);
    EXPECT(llama_decode(vector.get(), one.batch) == 0, "decode");
    EXPECT(is_same(run.step(496, next, 0), logits_of(vector.get(), 0)), "layer %d, a step", layer);

    // And without: both are the model again.
    run.steer.detach(0);
    EXPECT(set(nullptr) == 0, "llama_set_adapter_cvec");
    for (llama_context *context : {run.context.get(), vector.get(), base.get()}) {
        llama_memory_clear(llama_get_memory(context), true);
    }
    run.decode(batch.batch);
    EXPECT(llama_decode(vector.get(), batch.batch) == 0
               && llama_decode(base.get(), batch.batch) == 0,
           "decode");
    for (int i = 0; i < batch.count(); ++i) {
        const Floats logits = logits_of(base.get(), i);
        EXPECT(is_same(logits, run.logits(i)), "detached, row %d", i);
        EXPECT(is_same(logits, logits_of(vector.get(), i)), "cleared, row %d", i);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        for (int layer : {1, 12, llama_model_n_layer(model) - 1}) {
            check_layer(model, dictionary.get(), layer);
        }
    }
    llama_model_free(model);
    return finished("control_vector");
}
