/* Decodes that fail half-way: what is left in the memory and among the captured rows. */
#include "support.h"

#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <stdexcept>

#include "ggml-backend.h"
#include "ggml.h"

static const char *const some_plan =
    R"({"version": 1, "interventions": [{"feature": 8, "alpha": 900}]})";

/* llama_decode, which can be made to throw after its work. */
static bool does_throw = false;
extern "C" int32_t llama_decode(llama_context *context, llama_batch batch) {
    using Decode = int32_t (*)(llama_context *, llama_batch);
    static const Decode decode = reinterpret_cast<Decode>(dlsym(RTLD_NEXT, "llama_decode"));
    const int32_t code = decode(context, batch);
    if (does_throw) throw std::runtime_error("out of nothing");
    return code;
}

/* Stands between llama.cpp and the adapter: spoils a row or hides a tensor of one ubatch, and makes
 * llama.cpp abort, at a count of ubatches; 0: never. */
struct Fault {
    int spoil_at = 0;
    int hide_at = 0;
    int abort_at = 0;
    int n_ubatches = 0; /* in which l_out-12 was asked for */
    ggml_backend_sched_eval_callback adapter = nullptr;
    void *user = nullptr;

    void set(int spoil, int hide, int abort) {
        spoil_at = spoil;
        hide_at = hide;
        abort_at = abort;
        n_ubatches = 0;
    }

    static bool callback(ggml_tensor *tensor, bool ask, void *user) {
        Fault &fault = *static_cast<Fault *>(user);
        const bool is_target = std::strcmp(tensor->name, "l_out-12") == 0;
        if (is_target && ask) {
            fault.n_ubatches += 1;
            if (fault.n_ubatches == fault.hide_at) return false;
        }
        if (is_target && !ask && fault.n_ubatches == fault.spoil_at) {
            const float nan = std::numeric_limits<float>::quiet_NaN();
            ggml_backend_tensor_set(tensor, &nan, 40, sizeof nan);
        }
        return fault.adapter(tensor, ask, fault.user);
    }

    static bool aborts(void *user) {
        const Fault &fault = *static_cast<Fault *>(user);
        return fault.abort_at > 0 && fault.n_ubatches >= fault.abort_at;
    }

    Run::Tweak installed() {
        return [this](llama_context_params &params) {
            adapter = params.cb_eval;
            user = params.cb_eval_user_data;
            params.cb_eval = callback;
            params.cb_eval_user_data = this;
        };
    }
};

static int32_t read(Run &run, llama_seq_id sequence, llama_pos first, int count) {
    Batch batch(count);
    for (int i = 0; i < count; ++i) {
        batch.add(500 + (i * 37 + first * 11) % 3000, first + i, sequence, i + 1 == count);
    }
    return run.steer.decode(batch.batch);
}

static llama_pos last_of(const Run &run, llama_seq_id sequence) {
    return llama_memory_seq_pos_max(llama_get_memory(run.context.get()), sequence);
}

static void expect_failed(const Run &run, int32_t code, const char *reason) {
    EXPECT(code == steering::DECODE_FAILED
               && run.steer.error().find(reason) != std::string::npos,
           "code %d, '%s', expected '%s'", code, run.steer.error().c_str(), reason);
}

static void small_ubatches(llama_context_params &params) { params.n_ubatch = 8; }

/* llama.cpp's own code must not hide that rows went on without their plan. */
static void aborted(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Fault fault;
    Run run(model, small_ubatches, fault.installed());
    llama_set_abort_callback(run.context.get(), Fault::aborts, &fault);
    attach(run, 1, dictionary, plan.get());
    EXPECT(run.steer.capture({3, 12}), "%s", run.steer.error().c_str());
    const auto n_captured = [&](int layer) { return run.steer.captured(layer)->tokens.size(); };

    EXPECT(read(run, 1, 0, 5) == 0 && n_captured(3) == 5, "%s", run.steer.error().c_str());
    fault.set(2, 0, 3);
    expect_failed(run, read(run, 1, 5, 30), "(sequence 1, position 13)");
    EXPECT(last_of(run, 1) == 4, "position %d is left", last_of(run, 1));
    EXPECT(n_captured(3) == 5 && n_captured(12) == 5, "%zu and %zu rows", n_captured(3),
           n_captured(12));
    fault.set(0, 1, 2);
    expect_failed(run, read(run, 1, 5, 30), "'l_out-12' appeared");
    EXPECT(last_of(run, 1) == 4, "position %d is left", last_of(run, 1));

    // Aborted without a failure of ours: two ubatches stay, and so do their rows.
    fault.set(0, 0, 3);
    const int32_t code = read(run, 1, 5, 30);
    EXPECT(code == 2 && last_of(run, 1) == 20, "code %d, position %d", code, last_of(run, 1));
    EXPECT(n_captured(3) == 21 && n_captured(12) == 21, "%zu and %zu rows", n_captured(3),
           n_captured(12));
    EXPECT(run.steer.captured(12)->positions.back() == 20
               && run.steer.captured(12)->values.size() == 21 * run.steer.captured(12)->width,
           "the rows that are in the memory");
    fault.set(0, 0, 0);
    EXPECT(read(run, 1, 21, 14) == 0 && n_captured(12) == 35, "%s", run.steer.error().c_str());
}

/* A failed decode leaves no captured rows, and a layer must be captured in every ubatch. */
static void captures(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Fault fault;
    Run run(model, small_ubatches, fault.installed());
    EXPECT(run.steer.capture({12, 17}), "%s", run.steer.error().c_str());
    EXPECT(read(run, 0, 0, 30) == 0, "%s", run.steer.error().c_str());
    EXPECT(run.steer.captured(12)->tokens.size() == 30, "all rows");
    EXPECT(run.steer.captured(17)->tokens.size() == 1, "the row with logits");
    for (int hidden = 2; hidden <= 4; ++hidden) {
        fault.set(0, hidden, 0);
        expect_failed(run, read(run, 1, 0, 30), " ubatches, expected once in each");
        EXPECT(last_of(run, 1) == -1 && last_of(run, 0) == 29, "taken back, alone");
        EXPECT(run.steer.captured(12)->tokens.size() == 30
                   && run.steer.captured(12)->values.size() == 30 * 640,
               "%zu rows", run.steer.captured(12)->tokens.size());
    }
    fault.set(0, 0, 0);
    // Refused by llama.cpp itself: a gap.
    EXPECT(read(run, 0, 40, 3) == -1 && run.steer.captured(12)->tokens.size() == 30, "a gap");
    EXPECT(last_of(run, 0) == 29, "a gap leaves the memory alone");
}

/* An exception ends as a failed decode, with and without plans. */
static void thrown(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Run run(model);
    for (const bool is_steered : {false, true}) {
        if (is_steered) attach(run, 1, dictionary, plan.get());
        const llama_pos first = last_of(run, 1) + 1;
        does_throw = true;
        expect_failed(run, read(run, 1, first, 4), "llama_decode threw: out of nothing");
        does_throw = false;
        EXPECT(last_of(run, 1) == first - 1, "position %d", last_of(run, 1));
        EXPECT(read(run, 1, first, 4) == 0, "%s", run.steer.error().c_str());
    }
    // The adapter must not believe that it is still inside a decode.
    Batch batch(1);
    batch.add(2, 0, 3, true);
    does_throw = true;
    expect_failed(run, run.steer.decode(batch.batch), "threw");
    does_throw = false;
    EXPECT(llama_decode(run.context.get(), batch.batch) == 0, "llama_decode");
    EXPECT(read(run, 1, 8, 1) == steering::DECODE_REFUSED, "'%s'", run.steer.error().c_str());
}

/* With swa_full off, new positions overwrite old ones: going back may be impossible. */
static void sliding_window(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Fault fault;
    Run run(
        model,
        [](llama_context_params &params) {
            params.n_ctx = 2048;
            params.n_seq_max = 1;
            params.n_batch = 1024;
            params.swa_full = false;
        },
        fault.installed());
    attach(run, 0, dictionary, plan.get());
    EXPECT(read(run, 0, 0, 768) == 0, "%s", run.steer.error().c_str());
    llama_memory_t memory = llama_get_memory(run.context.get());
    const llama_pos first = llama_memory_seq_pos_min(memory, 0);

    // One token overwrites only what its own window has left behind.
    fault.set(1, 0, 0);
    expect_failed(run, read(run, 0, 768, 1), "(sequence 0, position 768)");
    EXPECT(last_of(run, 0) == 767, "position %d", last_of(run, 0));
    EXPECT(run.steer.error().find("removed whole") == std::string::npos, "'%s'",
           run.steer.error().c_str());
    EXPECT(llama_memory_seq_pos_min(memory, 0) > first, "it did overwrite: the test is none");

    fault.set(1, 0, 0);
    expect_failed(run, read(run, 0, 768, 400), "sequence 0 had to be removed whole");
    EXPECT(last_of(run, 0) == -1, "position %d", last_of(run, 0));
    fault.set(0, 0, 0);
    EXPECT(read(run, 0, 0, 20) == 0, "%s", run.steer.error().c_str());
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        aborted(model, dictionary.get());
        captures(model, dictionary.get());
        thrown(model, dictionary.get());
        sliding_window(model, dictionary.get());
    }
    llama_model_free(model);
    return finished("recovery");
}
