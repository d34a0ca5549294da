/* After the first tokens, the adapter's callback allocates nothing. */
#include "support.h"

#include <cstdlib>
#include <new>

static bool is_inside = false;
static size_t n_allocations = 0;

void *operator new(size_t size) {
    if (is_inside) n_allocations += 1;
    if (void *memory = std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

/* Marks the time that the adapter spends in the graph. */
struct Gate {
    ggml_backend_sched_eval_callback adapter = nullptr;
    void *user = nullptr;
    size_t n_calls = 0;

    static bool callback(ggml_tensor *tensor, bool ask, void *user) {
        Gate &gate = *static_cast<Gate *>(user);
        gate.n_calls += 1;
        is_inside = true;
        const bool answer = gate.adapter(tensor, ask, gate.user);
        is_inside = false;
        return answer;
    }
};

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        const Plan plan = plan_json(dictionary.get(), R"({"version": 1, "interventions": [
            {"feature": 77, "mode": "clamp", "alpha": 300}, {"feature": 9, "alpha": 20}]})");
        Gate gate;
        Run run(model, nullptr, [&](llama_context_params &params) {
            gate.adapter = params.cb_eval;
            gate.user = params.cb_eval_user_data;
            params.cb_eval = Gate::callback;
            params.cb_eval_user_data = &gate;
        });
        attach(run, 0, dictionary.get(), plan.get());
        attach(run, 1, dictionary.get(), plan.get(), llama_model_n_layer(model) - 1);
        EXPECT(run.steer.capture({3, 12}), "%s", run.steer.error().c_str());
        Batch batch(64);
        for (int i = 0; i < 20; ++i) {
            batch.clear();
            for (int s = 0; s < 2; ++s) batch.add(texts[1][size_t(i) % 14], i, s, true);
            if (i == 2) n_allocations = gate.n_calls = 0;
            run.decode(batch.batch);
            run.steer.clear_captured();
        }
        EXPECT(gate.n_calls > 1000, "the callback was called %zu times", gate.n_calls);
        EXPECT(n_allocations == 0, "%zu allocations in %zu calls", n_allocations, gate.n_calls);
        EXPECT(run.steer.applied(0)[0].edited == 20 && run.steer.applied(1)[0].edited == 20,
               "rows");
    }
    llama_model_free(model);
    return finished("allocation");
}
