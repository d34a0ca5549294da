/* Which row is whose: small ubatches, interleaved sequences, the last layer, capture, chaining. */
#include "support.h"

#include <cstring>
#include <map>

#include "ggml-backend.h"
#include "ggml.h"

/* A callback of the host's own: copies the rows of one tensor, ubatch after ubatch. */
struct Recorder {
    std::string name;
    Floats values;
    int n_asked = 0;

    static bool callback(ggml_tensor *tensor, bool ask, void *user) {
        Recorder &recorder = *static_cast<Recorder *>(user);
        if (recorder.name != tensor->name) return false;
        if (ask) {
            recorder.n_asked += 1;
            return true;
        }
        const size_t start = recorder.values.size();
        recorder.values.resize(start + size_t(ggml_nelements(tensor)));
        ggml_backend_tensor_get(tensor, recorder.values.data() + start, 0, ggml_nbytes(tensor));
        return true;
    }
};

/* Sequences of unlike lengths, token by token in turn; `wants_logits` decides by place. */
static void fill_ragged(Batch &batch, const std::function<bool(size_t)> &wants_logits) {
    size_t n = 0;
    for (size_t j = 0; j < 14; ++j) {
        for (size_t s = 0; s < texts.size(); ++s) {
            if (j >= texts[s].size()) continue;
            batch.add(texts[s][j], llama_pos(j), llama_seq_id(s), wants_logits(n));
            ++n;
        }
    }
}

/* Captured rows against what a bare callback sees in a context of its own. */
static void capture_is_the_tensor(llama_model *model, uint32_t n_ubatch) {
    for (int layer : {0, 9, 12, 17}) {
        Recorder recorder;
        recorder.name = "l_out-" + std::to_string(layer);
        const auto plain = plain_context(model, [&](llama_context_params &params) {
            params.cb_eval = Recorder::callback;
            params.cb_eval_user_data = &recorder;
            params.n_ubatch = n_ubatch;
        });
        Run run(model, [&](llama_context_params &params) { params.n_ubatch = n_ubatch; });
        EXPECT(run.steer.capture({layer}), "%s", run.steer.error().c_str());
        Batch batch(64);
        const auto every_third = [](size_t i) { return i % 3 == 1; };
        fill_ragged(batch, every_third);
        EXPECT(llama_decode(plain.get(), batch.batch) == 0, "plain");
        run.decode(batch.batch);
        const steering::CapturedRows &rows = *run.steer.captured(layer);
        EXPECT(is_same(rows.values, recorder.values), "layer %d, n_ubatch %u: %zu and %zu values",
               layer, n_ubatch, rows.values.size(), recorder.values.size());
        size_t r = 0;
        for (int i = 0; i < batch.count(); ++i) {
            if (layer == 17 && !every_third(size_t(i))) continue;
            EXPECT(r < rows.tokens.size() && rows.tokens[r] == batch.batch.token[i]
                       && rows.positions[r] == batch.batch.pos[i]
                       && rows.sequences[r] == batch.batch.seq_id[i][0],
                   "layer %d, row %zu", layer, r);
            ++r;
        }
        EXPECT(r == rows.tokens.size(), "layer %d: %zu rows, expected %zu", layer,
               rows.tokens.size(), r);
        run.steer.clear_captured();
        EXPECT(run.steer.captured(layer)->tokens.empty(), "cleared");
        EXPECT(!run.steer.captured(layer + 1), "a layer that was not chosen");
    }
}

/* A plan that covers one position of one sequence changes one row, the right one. */
static void one_row(llama_model *model, const steer_dictionary_t *dictionary, uint32_t n_ubatch) {
    const auto tweak = [&](llama_context_params &params) { params.n_ubatch = n_ubatch; };
    Batch batch(64);
    fill_ragged(batch, [](size_t) { return false; });
    Run base(model, tweak);
    base.steer.capture({12});
    base.decode(batch.batch);
    const steering::CapturedRows &before = *base.steer.captured(12);
    for (int target = 0; target < batch.count(); target += 3) {
        const llama_pos position = batch.batch.pos[target];
        const llama_seq_id sequence = batch.batch.seq_id[target][0];
        const Plan plan = plan_json(
            dictionary,
            R"({"version": 1, "interventions": [{"feature": 7, "alpha": 100, "scope":
            {"ranges": [[)"
                + std::to_string(position) + ", " + std::to_string(position + 1) + "]]}}]}");
        Run run(model, tweak);
        attach(run, sequence, dictionary, plan.get());
        run.steer.capture({12});
        run.decode(batch.batch);
        const steering::CapturedRows &after = *run.steer.captured(12);
        for (size_t r = 0; r < after.tokens.size(); ++r) {
            const bool is_changed = !is_same(row_of(before, r), row_of(after, r));
            EXPECT(is_changed == (int(r) == target), "n_ubatch %u, target %d, row %zu", n_ubatch,
                   target, r);
        }
        const auto applied = run.steer.applied(sequence);
        EXPECT(applied.size() == 1 && applied[0].edited == 1 && applied[0].in_scope == 1
                   && applied[0].rows == texts[size_t(sequence)].size(),
               "target %d", target);
    }
}

/* Behind the last block only rows with logits are left. */
static void last_layer(llama_model *model, const steer_dictionary_t *dictionary,
                       uint32_t n_ubatch) {
    const Plan plan = plan_json(
        dictionary, R"({"version": 1, "interventions": [{"feature": 7, "alpha": 9000}]})");
    const int layer = llama_model_n_layer(model) - 1;
    const auto tweak = [&](llama_context_params &params) { params.n_ubatch = n_ubatch; };
    Run base(model, tweak);
    Run run(model, tweak);
    attach(run, 1, dictionary, plan.get(), layer);
    Batch batch(64);
    const auto wants = [](size_t i) { return i % 4 == 2; };
    fill_ragged(batch, wants);
    base.decode(batch.batch);
    run.decode(batch.batch);
    uint64_t n_rows = 0;
    for (int i = 0; i < batch.count(); ++i) {
        if (!wants(size_t(i))) continue;
        const bool is_steered = batch.batch.seq_id[i][0] == 1;
        n_rows += is_steered;
        EXPECT(is_same(base.logits(i), run.logits(i)) != is_steered, "n_ubatch %u, row %d",
               n_ubatch, i);
    }
    auto applied = run.steer.applied(1);
    EXPECT(applied.size() == 1 && applied[0].rows == n_rows && applied[0].edited == n_rows,
           "%zu rows, expected %zu", size_t(applied[0].rows), size_t(n_rows));

    // No logits at all: nothing to steer, and nothing wrong.
    batch.clear();
    batch.add(5, llama_pos(texts[1].size()), 1, false);
    run.decode(batch.batch);
    applied = run.steer.applied(1);
    EXPECT(applied[0].rows == n_rows, "a token without logits has no row there");
}

/* A callback that stood there before is still called, and sees steered rows. */
static void chained(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan =
        plan_json(dictionary, R"({"version": 1, "interventions": [{"feature": 7, "alpha": 300}]})");
    for (const char *name : {"l_out-12", "l_out-4"}) {
        Recorder recorder;
        recorder.name = name;
        Run run(model, [&](llama_context_params &params) {
            params.cb_eval = Recorder::callback;
            params.cb_eval_user_data = &recorder;
        });
        attach(run, 0, dictionary, plan.get());
        EXPECT(run.steer.capture({4, 12}), "%s", run.steer.error().c_str());
        Batch batch(64);
        fill_ragged(batch, [](size_t) { return false; });
        run.decode(batch.batch);
        EXPECT(recorder.n_asked == 1, "asked %d times", recorder.n_asked);
        const int layer = std::strcmp(name, "l_out-12") == 0 ? 12 : 4;
        EXPECT(is_same(recorder.values, run.steer.captured(layer)->values), "%s", name);
        EXPECT(run.steer.applied(0)[0].edited == texts[0].size(), "%s", name);
    }
}

/* llama.cpp fills in positions and sequences that a batch leaves out. */
static void bare_batches(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, R"({"version": 1, "scope": {"skip_first": 1},
        "interventions": [{"feature": 7, "mode": "clamp", "alpha": 300}]})");
    Run bare(model);
    Run full(model);
    attach(bare, 0, dictionary, plan.get());
    attach(full, 0, dictionary, plan.get());
    std::vector<llama_token> tokens = texts[1];
    Batch batch(64);
    for (size_t i = 0; i < tokens.size(); ++i) {
        batch.add(tokens[i], llama_pos(i), 0, i + 1 == tokens.size());
    }
    bare.decode(llama_batch_get_one(tokens.data(), int32_t(tokens.size())));
    full.decode(batch.batch);
    EXPECT(is_same(bare.logits(-1), full.logits(-1)), "prefill");
    llama_token token = 496;
    bare.decode(llama_batch_get_one(&token, 1));
    EXPECT(is_same(bare.logits(-1), full.step(496, llama_pos(tokens.size()), 0)), "step");
    EXPECT(bare.steer.applied(0)[0].in_scope == tokens.size(), "all rows but BOS");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        for (uint32_t n_ubatch : {64u, 8u, 5u, 1u}) {
            capture_is_the_tensor(model, n_ubatch);
            last_layer(model, dictionary.get(), n_ubatch);
        }
        for (uint32_t n_ubatch : {64u, 8u}) one_row(model, dictionary.get(), n_ubatch);
        chained(model, dictionary.get());
        bare_batches(model, dictionary.get());
    }
    llama_model_free(model);
    return finished("mapping");
}
