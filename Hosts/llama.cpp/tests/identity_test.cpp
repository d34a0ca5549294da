/* What steering leaves alone keeps its bits, and what it does is what the library does to a row. */
#include "support.h"

static const char *const mixed_plan =
    R"({"version": 1, "scope": {"skip_first": 1}, "interventions": [
          {"feature": 77, "mode": "clamp", "alpha": 300},
          {"feature": 1234, "alpha": 200},
          {"feature": 9, "mode": "project-out"}]})";

/* Adds texts[i] as sequence i, logits at its last token; the indices of those. */
static std::vector<int> add_texts(Batch &batch, const std::vector<size_t> &which) {
    std::vector<int> last;
    for (size_t i : which) {
        int index = -1;
        for (size_t j = 0; j < texts[i].size(); ++j) {
            index = batch.add(texts[i][j], llama_pos(j), llama_seq_id(i), j + 1 == texts[i].size());
        }
        last.push_back(index);
    }
    return last;
}

static void zero_strength(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(
        dictionary, R"({"version": 1, "interventions": [{"feature": 1234, "alpha": 0}]})");
    const auto base = plain_context(model);
    Run run(model);
    attach(run, 0, dictionary, plan.get());
    attach(run, 0, dictionary, plan.get(), 3);
    EXPECT(run.steer.capture({0, 17}), "%s", run.steer.error().c_str());

    Batch batch(64);
    const std::vector<int> last = add_texts(batch, {0, 1});
    EXPECT(llama_decode(base.get(), batch.batch) == 0, "base");
    run.decode(batch.batch);
    for (int index : last)
        EXPECT(is_same(logits_of(base.get(), index), run.logits(index)), "prefill");
    for (int i = 0; i < 4; ++i) {
        batch.clear();
        batch.add(496, llama_pos(texts[0].size()) + i, 0, true);
        batch.add(496, llama_pos(texts[1].size()) + i, 1, true);
        EXPECT(llama_decode(base.get(), batch.batch) == 0, "base");
        run.decode(batch.batch);
        EXPECT(is_same(logits_of(base.get(), 0), run.logits(0)), "step %d", i);
        EXPECT(is_same(logits_of(base.get(), 1), run.logits(1)), "step %d", i);
    }
    const auto applied = run.steer.applied(0);
    EXPECT(applied.size() == 2, "%zu entries", applied.size());
    for (const auto &entry : applied) {
        EXPECT(entry.rows == texts[0].size() + 4 && entry.in_scope == entry.rows
                   && entry.edited == 0,
               "%zu rows, %zu in scope, %zu edited", size_t(entry.rows), size_t(entry.in_scope),
               size_t(entry.edited));
    }
}

static void one_of_two(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, mixed_plan);
    Run base(model);
    Run run(model);
    attach(run, 1, dictionary, plan.get());
    Batch batch(64);
    // Interleaved, so that steered and other rows alternate.
    for (size_t j = 0; j < texts[0].size(); ++j) {
        for (int s = 0; s < 2; ++s) {
            batch.add(texts[size_t(s)][j], llama_pos(j), s, j + 1 == texts[0].size());
        }
    }
    base.decode(batch.batch);
    run.decode(batch.batch);
    const int n = batch.count();
    EXPECT(is_same(base.logits(n - 2), run.logits(n - 2)), "the neighbour at prefill");
    EXPECT(!is_same(base.logits(n - 1), run.logits(n - 1)), "the steered sequence must differ");
    for (int i = 0; i < 4; ++i) {
        batch.clear();
        for (int s = 0; s < 2; ++s) batch.add(496, llama_pos(texts[0].size()) + i, s, true);
        base.decode(batch.batch);
        run.decode(batch.batch);
        EXPECT(is_same(base.logits(0), run.logits(0)), "the neighbour at step %d", i);
        EXPECT(!is_same(base.logits(1), run.logits(1)), "the steered sequence at step %d", i);
    }
    const auto applied = run.steer.applied(1);
    EXPECT(applied.size() == 1 && applied[0].layer == 12 && applied[0].rows == texts[0].size() + 4
               && applied[0].edited == applied[0].rows - 1,
           "all rows but BOS");
    EXPECT(run.steer.applied(0).empty(), "the neighbour has no plan");
}

/* Layer 12's rows do not depend on edits behind layer 12. So the rows of an un-steered run, given
 * to sessions one by one, must be the rows of a steered run: whatever else is in the batch. */
static void edits_are_the_librarys(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, mixed_plan);
    const std::vector<std::vector<size_t>> compositions = {
        {0}, {1}, {0, 1}, {1, 0}, {2, 1, 0}, {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}};
    size_t n_edited = 0;
    for (uint32_t n_ubatch : {64u, 7u, 1u}) {
        const auto tweak = [&](llama_context_params &params) { params.n_ubatch = n_ubatch; };
        for (const auto &which : compositions) {
            Run base(model, tweak);
            Run run(model, tweak);
            for (size_t i : which) {
                if (i % 2 == 1) attach(run, llama_seq_id(i), dictionary, plan.get());
            }
            Batch batch(64);
            add_texts(batch, which);
            for (Run *one : {&base, &run}) {
                one->steer.capture({12});
                one->decode(batch.batch);
            }
            const steering::CapturedRows &before = *base.steer.captured(12);
            const steering::CapturedRows &after = *run.steer.captured(12);
            EXPECT(after.tokens.size() == size_t(batch.count()), "%zu rows", after.tokens.size());
            for (size_t r = 0; r < after.tokens.size(); ++r) {
                EXPECT(after.tokens[r] == batch.batch.token[r]
                           && after.positions[r] == batch.batch.pos[r]
                           && after.sequences[r] == batch.batch.seq_id[r][0],
                       "row %zu is another token", r);
                Floats row = row_of(before, r);
                if (after.sequences[r] % 2 == 1) {
                    steer_session_t *session = nullptr;
                    steer_session_create(plan.get(), STEER_PROMPT_LENGTH_UNKNOWN, &session,
                                         nullptr);
                    steer_session_seek(session, uint64_t(after.positions[r]), nullptr);
                    steer_session_apply(session, row.data(), STEER_F32, 1, row.size(), nullptr,
                                        nullptr);
                    steer_session_destroy(session);
                    n_edited += !is_same(row, row_of(before, r));
                }
                EXPECT(is_same(row, row_of(after, r)), "n_ubatch %u, %zu sequences, row %zu",
                       n_ubatch, which.size(), r);
            }
        }
    }
    EXPECT(n_edited > 100, "only %zu rows were edited at all", n_edited);
}

/* llama.cpp's own kernels may give a token other bits in another batch. Where the un-steered model
 * does not, the steered one must not either. */
static void same_in_any_batch(llama_model *model, const steer_dictionary_t *dictionary) {
    const Plan plan = plan_json(dictionary, mixed_plan);
    const Plan other =
        plan_json(dictionary, R"({"version": 1, "interventions": [{"feature": 5, "alpha": 900}]})");
    const int n_steps = 10;
    const auto tokens_of = [&](bool is_steered, int n_others, bool is_first) {
        Run run(model);
        if (is_steered) {
            attach(run, 0, dictionary, plan.get());
            for (int s = 1; s <= n_others; s += 2) attach(run, s, dictionary, other.get());
        }
        Floats all;
        Batch batch(64);
        for (int i = 0; i < n_steps; ++i) {
            batch.clear();
            int index = -1;
            if (is_first) index = batch.add(texts[0][size_t(i)], i, 0, true);
            for (int s = 1; s <= n_others; ++s) {
                batch.add(texts[1][size_t(i + s) % texts[1].size()], i, s, true);
            }
            if (!is_first) index = batch.add(texts[0][size_t(i)], i, 0, true);
            run.decode(batch.batch);
            const Floats logits = run.logits(index);
            all.insert(all.end(), logits.begin(), logits.end());
        }
        return all;
    };
    const Floats alone = tokens_of(false, 0, true);
    const Floats steered_alone = tokens_of(true, 0, true);
    EXPECT(!is_same(alone, steered_alone), "the plan must do something");
    int n_comparable = 0;
    for (int n_others : {1, 2, 3, 4, 7}) {
        for (bool is_first : {true, false}) {
            const bool is_comparable = is_same(alone, tokens_of(false, n_others, is_first));
            n_comparable += is_comparable;
            std::printf("  with %d others, %s: un-steered %s\n", n_others,
                        is_first ? "first" : "last",
                        is_comparable ? "the same bits" : "other bits, not compared");
            if (!is_comparable) continue;
            EXPECT(is_same(steered_alone, tokens_of(true, n_others, is_first)), "with %d others",
                   n_others);
        }
    }
    EXPECT(n_comparable > 0, "no composition in which the un-steered model repeats its bits");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llama_model *model = load_model(argv[1]);
    {
        const Dictionary dictionary = open_dictionary(argv[2]);
        zero_strength(model, dictionary.get());
        one_of_two(model, dictionary.get());
        edits_are_the_librarys(model, dictionary.get());
        same_in_any_batch(model, dictionary.get());
    }
    llama_model_free(model);
    return finished("identity");
}
