/* Sequences over time: copies, rollbacks, phases, detaching. */
#include "support.h"

static void read_text(Run &run, llama_seq_id sequence, size_t text) {
    Batch batch(64);
    const std::vector<llama_token> &tokens = texts[text];
    for (size_t i = 0; i < tokens.size(); ++i) {
        batch.add(tokens[i], llama_pos(i), sequence, i + 1 == tokens.size());
    }
    run.decode(batch.batch);
}

static uint64_t n_edited(const Run &run, llama_seq_id sequence) {
    const auto applied = run.steer.applied(sequence);
    return applied.empty() ? 0 : applied[0].edited;
}

/* A copied sequence goes on as the original would have. */
static void copies(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, R"({"version": 1, "interventions": [
        {"feature": 77, "mode": "clamp", "alpha": 400}, {"feature": 8, "alpha": 90}]})");
    const llama_pos n = llama_pos(texts[0].size());
    Run original(model);
    attach(original, 0, dictionary, plan.get());
    read_text(original, 0, 0);

    Run run(model);
    attach(run, 0, dictionary, plan.get());
    attach(run, 3, dictionary, plan.get(), 5); // to be replaced
    read_text(run, 0, 0);
    llama_memory_seq_cp(llama_get_memory(run.context.get()), 0, 3, -1, -1);
    EXPECT(run.steer.copy(0, 3), "%s", run.steer.error().c_str());
    const auto applied = run.steer.applied(3);
    EXPECT(applied.size() == 1 && applied[0].layer == 12 && applied[0].edited == uint64_t(n),
           "the copy has the original's plans and counts, not its own");
    for (int i = 0; i < 4; ++i) {
        const Floats expected = original.step(496 + i, n + i, 0);
        EXPECT(is_same(expected, run.step(496 + i, n + i, 3)), "step %d of the copy", i);
        EXPECT(is_same(expected, run.step(496 + i, n + i, 0)), "step %d of the original", i);
    }
    EXPECT(n_edited(run, 3) == uint64_t(n) + 4 && n_edited(run, 0) == uint64_t(n) + 4, "counts");
    run.steer.detach(0);
    EXPECT(run.steer.applied(0).empty() && run.steer.applied(3).size() == 1, "detached alone");
}

/* Positions come with the batch, so taking tokens back needs nothing of the adapter. */
static void rollback(llama_model *model, const steer_dictionary_t *dictionary) {
    const llama_pos n = llama_pos(texts[0].size());
    const Plan plan =
        plan_json(dictionary,
                  R"({"version": 1, "interventions": [{"feature": 8, "alpha": 900, "scope":
        {"ranges": [[)"
                      + std::to_string(n + 1) + ", " + std::to_string(n + 2) + "]]}}]}");
    Run run(model);
    attach(run, 0, dictionary, plan.get());
    read_text(run, 0, 0);
    std::vector<Floats> first;
    for (int i = 0; i < 3; ++i) first.push_back(run.step(496 + i, n + i, 0));
    EXPECT(n_edited(run, 0) == 1, "%zu rows", size_t(n_edited(run, 0)));
    // Rejected drafts: back to the text, another token, back again.
    llama_memory_t memory = llama_get_memory(run.context.get());
    EXPECT(llama_memory_seq_rm(memory, 0, n, -1), "rollback");
    run.step(77, n, 0);
    EXPECT(llama_memory_seq_rm(memory, 0, n, -1), "rollback");
    for (int i = 0; i < 3; ++i) {
        EXPECT(is_same(first[size_t(i)], run.step(496 + i, n + i, 0)), "step %d", i);
    }
    EXPECT(n_edited(run, 0) == 2, "%zu rows", size_t(n_edited(run, 0)));
}

/* skip_first 1 leaves BOS and the whole first row alone. */
static void skips_bos(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, R"({"version": 1, "scope": {"skip_first": 1},
        "interventions": [{"feature": 8, "alpha": 90}]})");
    Run base(model);
    Run run(model);
    attach(run, 2, dictionary, plan.get());
    for (Run *one : {&base, &run}) {
        one->steer.capture({12});
        read_text(*one, 2, 1);
    }
    const auto &before = *base.steer.captured(12);
    const auto &after = *run.steer.captured(12);
    for (size_t r = 0; r < after.tokens.size(); ++r) {
        EXPECT(is_same(row_of(before, r), row_of(after, r)) == (after.positions[r] == 0), "row %zu",
               r);
    }
    const auto applied = run.steer.applied(2);
    EXPECT(applied[0].rows == texts[1].size() && applied[0].in_scope == texts[1].size() - 1
               && applied[0].edited == texts[1].size() - 1,
           "all rows but BOS");
}

/* A plan for generated positions leaves the prompt's bits alone, in one batch or many. */
static void phases(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, R"({"version": 1, "scope": {"phase": "generated"},
        "interventions": [{"feature": 8, "alpha": 900}]})");
    const llama_pos n = llama_pos(texts[0].size());
    Run base(model);
    Run run(model);
    EXPECT(!run.steer.attach(0, dictionary, plan.get()), "a phase without a prompt length");
    attach(run, 0, dictionary, plan.get(), -1, uint64_t(n));
    read_text(base, 0, 0);
    read_text(run, 0, 0);
    EXPECT(is_same(base.logits(-1), run.logits(-1)) && n_edited(run, 0) == 0, "the prompt");
    EXPECT(!is_same(base.step(496, n, 0), run.step(496, n, 0)) && n_edited(run, 0) == 1,
           "the first generated token");
}

/* A plan may come and go between decodes; two layers at once. */
static void comes_and_goes(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan =
        plan_json(dictionary, R"({"version": 1, "interventions": [{"feature": 8, "alpha": 900}]})");
    Run base(model);
    Run run(model);
    read_text(base, 0, 0);
    read_text(run, 0, 0);
    const llama_pos n = llama_pos(texts[0].size());
    attach(run, 0, dictionary, plan.get());
    attach(run, 0, dictionary, plan.get(), 5);
    EXPECT(!is_same(base.step(496, n, 0), run.step(496, n, 0)), "steered");
    EXPECT(run.steer.applied(0).size() == 2 && run.steer.applied(0)[0].layer == 5
               && run.steer.applied(0)[0].edited == 1 && run.steer.applied(0)[1].edited == 1,
           "two layers");
    run.steer.detach(0, 5);
    EXPECT(run.steer.applied(0).size() == 1, "one layer");
    run.steer.detach(0);
    for (Run *one : {&base, &run}) {
        llama_memory_seq_rm(llama_get_memory(one->context.get()), 0, n, -1);
    }
    EXPECT(is_same(base.step(496, n, 0), run.step(496, n, 0)), "the same again");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        copies(model, dictionary.get());
        rollback(model, dictionary.get());
        skips_bos(model, dictionary.get());
        phases(model, dictionary.get());
        comes_and_goes(model, dictionary.get());
    }
    llama_model_free(model);
    return finished("sequence");
}
