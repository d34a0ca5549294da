/* After the first tokens, the adapter allocates nothing: neither in the graph nor around it. */
#include "support.h"

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

static thread_local bool is_inside = false;
static size_t n_allocations = 0;

static void count() {
    if (is_inside) n_allocations += 1;
}

#ifdef __GLIBC__
/* Every way to memory, libsteering's too, leads through these. */
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
    count();
    return __libc_calloc(n, size);
}
void *realloc(void *memory, size_t size) {
    count();
    return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
    count();
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}
}
#else
void *operator new(size_t size) {
    count();
    if (void *memory = std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
#endif

/* What llama.cpp allocates is not ours. */
static size_t n_decodes = 0;
extern "C" int32_t llama_decode(llama_context *context, llama_batch batch) {
    using Decode = int32_t (*)(llama_context *, llama_batch);
    is_inside = false;
    static const Decode decode = reinterpret_cast<Decode>(dlsym(RTLD_NEXT, "llama_decode"));
    n_decodes += 1;
    const int32_t code = decode(context, batch);
    is_inside = true;
    return code;
}

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
            is_inside = true;
            const int32_t code = run.steer.decode(batch.batch);
            run.steer.clear_captured();
            is_inside = false;
            EXPECT(code == 0, "code %d: %s", code, run.steer.error().c_str());
        }
        const size_t n_seen = n_allocations;
        is_inside = true;
        run.steer.applied(0);
        is_inside = false;
        EXPECT(n_allocations > n_seen, "the counter does not count");
        n_allocations = n_seen;
        EXPECT(gate.n_calls > 1000, "the callback was called %zu times", gate.n_calls);
        EXPECT(n_decodes == 20, "llama_decode was called %zu times", n_decodes);
        EXPECT(n_allocations == 0, "%zu allocations in %zu calls", n_allocations, gate.n_calls);
        EXPECT(run.steer.applied(0)[0].edited == 20 && run.steer.applied(1)[0].edited == 20,
               "rows");
    }
    llama_model_free(model);
    return finished("allocation");
}
