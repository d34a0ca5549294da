/* What is refused, and that a row which cannot be mapped is never steered. */
#include "support.h"

#include <cstring>
#include <limits>

#include "ggml-backend.h"
#include "ggml.h"

/* The call must fail and say why. */
#define REFUSED(call, steer, part)                                                                 \
    EXPECT(!(call) && (steer).error().find(part) != std::string::npos, "got '%s', expected '%s'",  \
           (steer).error().c_str(), part)

static const char *const some_plan =
    R"({"version": 1, "interventions": [{"feature": 8, "alpha": 900}]})";

static void life(llama_model *model) {
    llama_context_params params = llama_context_default_params();
    params.n_seq_max = 2;
    steering::LlamaAdapter early;
    REFUSED(early.bind(nullptr), early, "install() before");
    REFUSED(early.attach(0, nullptr, nullptr), early, "bind() first");
    REFUSED(early.capture({1}), early, "bind() first");
    Batch batch(1);
    batch.add(2, 0, 0, true);
    EXPECT(early.decode(batch.batch) == steering::DECODE_REFUSED, "decode before bind");
    EXPECT(early.install(params), "%s", early.error().c_str());
    EXPECT(params.kv_unified, "install turns kv_unified on");
    REFUSED(early.install(params), early, "installed already");
    REFUSED(early.bind(nullptr), early, "NULL");

    steering::LlamaAdapter split;
    llama_context_params own = llama_context_default_params();
    own.n_seq_max = 2;
    split.install(own);
    own.kv_unified = false;
    std::unique_ptr<llama_context, ContextDeleter> context(llama_init_from_model(model, own));
    REFUSED(split.bind(context.get()), split, "kv_unified is off");
}

static void places(llama_model *model) {
    Workshop workshop;
    Run run(model);
    const auto made = [&](const char *hook, size_t width = 640, const char *kind = "jumprelu") {
        MadeDictionary wish;
        wish.hook = hook;
        wish.width = width;
        wish.architecture = kind;
        return open_dictionary(workshop.make(wish));
    };
    const auto layer = [&](const char *hook) { return run.steer.layer_of(made(hook).get()); };
    EXPECT(layer("blocks.0.hook_resid_post") == 0, "%s", run.steer.error().c_str());
    EXPECT(layer("blocks.17.hook_resid_post") == 17, "%s", run.steer.error().c_str());
    EXPECT(layer("blocks.13.hook_resid_pre") == 12, "%s", run.steer.error().c_str());
    REFUSED(layer("blocks.0.hook_resid_pre") >= 0, run.steer, "embeddings before block 0");
    REFUSED(layer("blocks.3.hook_resid_mid") >= 0, run.steer, "between attention and MLP");
    REFUSED(layer("blocks.3.hook_mlp_out") >= 0, run.steer, "output of the MLP");
    REFUSED(layer("blocks.3.hook_attn_out") >= 0, run.steer, "output of attention");
    REFUSED(layer("") >= 0, run.steer, "does not say which block");
    const Dictionary transcoder = made("blocks.3.hook_mlp_out", 640, "transcoder");
    REFUSED(run.steer.layer_of(transcoder.get()) >= 0, run.steer, "transcoder");

    const Dictionary mid = made("blocks.3.hook_resid_mid");
    const Plan mid_plan = plan_json(mid.get(), some_plan);
    REFUSED(run.steer.attach(0, mid.get(), mid_plan.get()), run.steer, "between attention");
    attach(run, 0, mid.get(), mid_plan.get(), 3); // an explicit layer overrides
    const Dictionary far = made("blocks.18.hook_resid_post");
    const Plan far_plan = plan_json(far.get(), some_plan);
    REFUSED(run.steer.attach(1, far.get(), far_plan.get()), run.steer, "18 is out of range");
    const Dictionary narrow = made("blocks.3.hook_resid_post", 32);
    const Plan narrow_plan = plan_json(narrow.get(), some_plan);
    REFUSED(run.steer.attach(1, narrow.get(), narrow_plan.get()), run.steer,
            "width 32, expected 640");
    steering::AttachOptions options;
    options.layer = 3;
    const Plan transcoder_plan = plan_json(transcoder.get(), some_plan);
    REFUSED(run.steer.attach(1, transcoder.get(), transcoder_plan.get(), options), run.steer,
            "transcoder");
    REFUSED(run.steer.attach(0, mid.get(), mid_plan.get(), options), run.steer, "already");
    REFUSED(run.steer.attach(1, nullptr, mid_plan.get()), run.steer, "no dictionary and no layer");
    REFUSED(run.steer.attach(-1, mid.get(), mid_plan.get(), options), run.steer, "out of range");
    REFUSED(run.steer.attach(100000, mid.get(), mid_plan.get(), options), run.steer,
            "out of range");
    REFUSED(run.steer.attach(8, mid.get(), mid_plan.get(), options), run.steer,
            "sequence 8 is out of range, expected 0 to 7 (n_seq_max)");
    REFUSED(run.steer.copy(0, 8), run.steer, "out of range");
    REFUSED(run.steer.capture({18}), run.steer, "18 is out of range");
}

static void batches(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Run run(model);
    attach(run, 1, dictionary, plan.get());
    const auto refused = [&](const llama_batch &batch, const char *part) {
        const int32_t code = run.steer.decode(batch);
        EXPECT(code == steering::DECODE_REFUSED
                   && run.steer.error().find(part) != std::string::npos,
               "code %d, '%s', expected '%s'", code, run.steer.error().c_str(), part);
    };
    llama_batch shared = llama_batch_init(1, 0, 2);
    shared.n_tokens = 1;
    shared.token[0] = 2;
    shared.pos[0] = 0;
    shared.n_seq_id[0] = 2;
    shared.seq_id[0][0] = 0;
    shared.seq_id[0][1] = 1;
    shared.logits[0] = 1;
    refused(shared, "where sequence 1 is steered");
    shared.seq_id[0][1] = 2;
    EXPECT(run.steer.decode(shared) == 0, "shared by others: %s", run.steer.error().c_str());
    llama_batch_free(shared);

    llama_batch embeddings = llama_batch_init(1, 640, 1);
    embeddings.n_tokens = 1;
    embeddings.pos[0] = 0;
    embeddings.n_seq_id[0] = 1;
    embeddings.seq_id[0][0] = 3;
    refused(embeddings, "holds embeddings");
    llama_batch_free(embeddings);

    Batch batch(100);
    for (int i = 0; i < 65; ++i) batch.add(2, i, 3, false);
    refused(batch.batch, "expected 1 to 64");
    batch.clear();
    refused(batch.batch, "expected 1 to 64");
    batch.add(2, -3, 3, false);
    refused(batch.batch, "position -3");
    batch.clear();
    batch.add(2, 0, 300, false);
    refused(batch.batch, "sequence 300 is out of range");
    // Without positions llama.cpp would write behind a table by this number.
    llama_batch unplaced = batch.batch;
    unplaced.pos = nullptr;
    refused(unplaced, "sequence 300 is out of range");
    batch.clear();
    batch.add(2, 0, 8, false);
    refused(batch.batch, "sequence 8 is out of range, expected 0 to 7");

    // A decode around the adapter cannot be steered: the next one says so.
    batch.clear();
    batch.add(2, 0, 4, true);
    EXPECT(llama_decode(run.context.get(), batch.batch) == 0, "llama_decode");
    batch.clear();
    batch.add(2, 0, 5, true);
    refused(batch.batch, "llama_decode was called directly");
    EXPECT(run.steer.decode(batch.batch) == 0, "once is enough: %s", run.steer.error().c_str());

    // So it does for a capture, but not when nobody is left who missed the rows.
    run.steer.detach(1);
    run.steer.capture({3});
    batch.clear();
    batch.add(2, 1, 5, true);
    EXPECT(llama_decode(run.context.get(), batch.batch) == 0, "llama_decode");
    batch.clear();
    batch.add(2, 2, 5, true);
    refused(batch.batch, "neither steered nor captured");
    EXPECT(llama_decode(run.context.get(), batch.batch) == 0, "llama_decode");
    run.steer.capture({});
    batch.clear();
    batch.add(2, 3, 5, true);
    EXPECT(run.steer.decode(batch.batch) == 0, "%s", run.steer.error().c_str());
}

/* Stands between llama.cpp and the adapter, and misleads it. */
struct Liar {
    enum Lie { NONE, RENAME, REORDER_POSITIONS, REORDER_TOKENS, HIDE_POSITIONS, TWICE, NAN_ROW };
    Lie lie = NONE;
    ggml_backend_sched_eval_callback adapter = nullptr;
    void *user = nullptr;

    static void swap_ends(ggml_tensor *input) {
        std::vector<int32_t> values(size_t(ggml_nelements(input)));
        ggml_backend_tensor_get(input, values.data(), 0, ggml_nbytes(input));
        std::swap(values.front(), values.back());
        ggml_backend_tensor_set(input, values.data(), 0, ggml_nbytes(input));
    }

    static bool callback(ggml_tensor *tensor, bool ask, void *user) {
        Liar &liar = *static_cast<Liar *>(user);
        ggml_tensor *input = tensor->src[1];
        const bool is_target = std::strcmp(tensor->name, "l_out-12") == 0;
        if (liar.lie == RENAME && is_target) return ask ? false : true;
        if (ask && liar.lie == REORDER_TOKENS && tensor->op == GGML_OP_GET_ROWS && input
            && std::strcmp(input->name, "inp_tokens") == 0)
            swap_ends(input);
        if (ask && liar.lie == REORDER_POSITIONS && tensor->op == GGML_OP_ROPE) {
            swap_ends(input);
            const bool wanted = liar.adapter(tensor, ask, liar.user);
            swap_ends(input);
            return wanted;
        }
        if (liar.lie == HIDE_POSITIONS && tensor->op == GGML_OP_ROPE) return false;
        if (!ask && liar.lie == TWICE && is_target) liar.adapter(tensor, false, liar.user);
        if (!ask && liar.lie == NAN_ROW && is_target) {
            const float nan = std::numeric_limits<float>::quiet_NaN();
            ggml_backend_tensor_set(tensor, &nan, 3 * tensor->nb[1] + 40, sizeof nan);
        }
        return liar.adapter(tensor, ask, liar.user);
    }
};

static void lies(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Liar liar;
    Run base(model);
    Run run(model, nullptr, [&](llama_context_params &params) {
        liar.adapter = params.cb_eval;
        liar.user = params.cb_eval_user_data;
        params.cb_eval = Liar::callback;
        params.cb_eval_user_data = &liar;
    });
    const auto read = [](Run &one, llama_seq_id sequence) {
        Batch batch(64);
        for (size_t i = 0; i < texts[0].size(); ++i) {
            batch.add(texts[0][i], llama_pos(i), sequence, i + 1 == texts[0].size());
        }
        return one.steer.decode(batch.batch);
    };
    attach(run, 1, dictionary, plan.get());
    const struct {
        Liar::Lie lie;
        const char *reason;
    } cases[] = {
        {Liar::RENAME, "no tensor 'l_out-12' appeared"},
        {Liar::REORDER_TOKENS, "reordered"},
        {Liar::REORDER_POSITIONS, "reordered"},
        {Liar::HIDE_POSITIONS, "positions of 0 of 1 ubatches"},
        {Liar::TWICE, "appeared 2 times in 1 ubatches"},
        {Liar::NAN_ROW, "(sequence 1, position 3)"},
    };
    for (const auto &one : cases) {
        liar.lie = one.lie;
        const int32_t code = read(run, 1);
        EXPECT(code == steering::DECODE_FAILED
                   && run.steer.error().find(one.reason) != std::string::npos,
               "code %d, '%s', expected '%s'", code, run.steer.error().c_str(), one.reason);
        EXPECT(llama_memory_seq_pos_max(llama_get_memory(run.context.get()), 1) == -1,
               "'%s': the batch must be taken back", one.reason);
    }
    // After that the context is as good as new.
    liar.lie = Liar::NONE;
    Run fresh(model);
    attach(fresh, 1, dictionary, plan.get());
    EXPECT(read(run, 1) == 0 && read(fresh, 1) == 0, "%s", run.steer.error().c_str());
    EXPECT(is_same(run.logits(-1), fresh.logits(-1)), "steered after failures");
    run.steer.detach(1);
    EXPECT(read(run, 2) == 0 && read(base, 2) == 0, "%s", run.steer.error().c_str());
    EXPECT(is_same(run.logits(-1), base.logits(-1)), "un-steered after failures");
}

/* A context that was made from other params never calls back. */
static void never_called(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, some_plan);
    Run run(model, nullptr, [](llama_context_params &params) { params.cb_eval = nullptr; });
    attach(run, 0, dictionary, plan.get());
    Batch batch(1);
    batch.add(2, 0, 0, true);
    EXPECT(run.steer.decode(batch.batch) == steering::DECODE_FAILED
               && run.steer.error().find("no token lookup") != std::string::npos,
           "'%s'", run.steer.error().c_str());
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        life(model);
        places(model);
        batches(model, dictionary.get());
        lies(model, dictionary.get());
        never_called(model, dictionary.get());
    }
    llama_model_free(model);
    return finished("refusal");
}
