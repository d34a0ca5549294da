/* What the tests share: the model, contexts with the adapter in place, and dictionaries made to
 * order. */
#ifndef STEERING_LLAMA_TESTS_SUPPORT_H
#define STEERING_LLAMA_TESTS_SUPPORT_H

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host.h"
#include "plans.h"
#include "steering_llama.h"

extern int n_failures;

/* Says what did not hold and goes on; main returns finished(). */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ++n_failures;                                                                          \
            std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                            \
            std::printf(__VA_ARGS__);                                                              \
            std::printf("\n");                                                                     \
        }                                                                                          \
    } while (0)

int finished(const char *name);

using Floats = std::vector<float>;
using Dictionary = std::unique_ptr<steer_dictionary_t, DictionaryDeleter>;
using Plan = std::unique_ptr<steer_plan_t, PlanDeleter>;
using SessionHandle = std::unique_ptr<steer_session_t, void (*)(steer_session_t *)>;

/* The model, without repacked weights: their kernels depend on how many rows come at once. */
llama_model *load_model(const char *path, bool use_extra_buffers = false);
Dictionary open_dictionary(const std::string &folder);
Plan plan_json(const steer_dictionary_t *dictionary, const std::string &json);

/* A dictionary folder with random weights. */
struct MadeDictionary {
    std::string architecture = "jumprelu"; /* or "transcoder" */
    std::string hook = "blocks.12.hook_resid_post";
    size_t width = 640;
    size_t n_features = 64;
    float threshold = 100;
};

/* Makes dictionaries, each in a folder of its own (one that is open must not be written over), and
 * removes them in the end. */
class Workshop {
public:
    Workshop();
    ~Workshop();
    std::string make(const MadeDictionary &made);

private:
    std::string root;
    std::vector<std::string> folders;
};

/* A context with the adapter. */
class Run {
public:
    using Tweak = std::function<void(llama_context_params &)>;
    /* `before` and `after` change the params around install(). */
    explicit Run(llama_model *model, const Tweak &before = nullptr, const Tweak &after = nullptr);

    /* llama_decode through the adapter; a code other than 0 is a failed test. */
    void decode(const llama_batch &batch);
    /* One token, with logits. */
    Floats step(llama_token token, llama_pos position, llama_seq_id sequence);
    Floats logits(int index) const;

    steering::LlamaAdapter steer;
    std::unique_ptr<llama_context, ContextDeleter> context;
    llama_model *model;
};

/* The same without any callback. */
std::unique_ptr<llama_context, ContextDeleter> plain_context(llama_model *model,
                                                             const Run::Tweak &tweak = nullptr);
Floats logits_of(llama_context *context, int index);

/* Gives `steer` a plan or fails the test. */
void attach(Run &run, llama_seq_id sequence, const steer_dictionary_t *dictionary,
            const steer_plan_t *plan, int layer = -1,
            uint64_t prompt_length = STEER_PROMPT_LENGTH_UNKNOWN);

/* Same bits, same length. */
bool is_same(const Floats &a, const Floats &b);
Floats row_of(const steering::CapturedRows &rows, size_t index);
/* The place of a token among captured rows. */
size_t find_row(const steering::CapturedRows &rows, llama_seq_id sequence, llama_pos position);

/* "The weather today is a bit of a mess", "Once upon a time, ..." and more, with BOS. */
extern const std::vector<std::vector<llama_token>> texts;

#endif
