#include "support.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sys/stat.h>

int n_failures = 0;

const std::vector<std::vector<llama_token>> texts = {
    {2, 818, 7606, 3124, 563, 496, 3103, 529, 496, 6232},
    {2, 14946, 3324, 496, 990, 236764, 993, 691, 496, 880, 7489, 3415, 236761, 1293},
    {2, 11634, 2915, 1156, 14339, 2390},
    {2, 818, 7606, 14946, 3324, 496, 9726, 5693},
    {2, 3103, 529, 2915},
};

int finished(const char *name) {
    if (n_failures == 0)
        std::printf("%s: passed\n", name);
    else
        std::printf("%s: %d expectations did not hold\n", name, n_failures);
    return n_failures == 0 ? 0 : 1;
}

[[noreturn]] static void give_up(const std::string &reason) {
    std::printf("cannot go on: %s\n", reason.c_str());
    std::exit(1);
}

llama_model *load_model(const char *path, bool use_extra_buffers) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.use_extra_bufts = use_extra_buffers;
    llama_model *model = llama_model_load_from_file(path, params);
    if (!model) give_up(std::string(path) + " does not load");
    return model;
}

Dictionary open_dictionary(const std::string &folder) {
    steer_dictionary_t *dictionary = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    if (steer_dictionary_open(folder.c_str(), nullptr, &dictionary, &error) != STEER_OK) {
        give_up(error.message);
    }
    return Dictionary(dictionary);
}

Plan plan_json(const steer_dictionary_t *dictionary, const std::string &json) {
    steer_plan_t *plan = nullptr;
    steer_error_t error = STEER_ERROR_INIT;
    if (steer_plan_compile_json(dictionary, json.data(), json.size(), &plan, &error) != STEER_OK) {
        give_up(error.message);
    }
    return Plan(plan);
}

// ---- Dictionaries

Workshop::Workshop() {
    char name[] = "/tmp/steering-llama-XXXXXX";
    if (!mkdtemp(name)) give_up("no temporary folder");
    root = name;
}

Workshop::~Workshop() {
    for (const std::string &folder : folders) {
        std::remove((folder + "/cfg.json").c_str());
        std::remove((folder + "/sae_weights.safetensors").c_str());
        std::remove(folder.c_str());
    }
    std::remove(root.c_str());
}

std::string Workshop::make(const MadeDictionary &made) {
    const std::string folder = root + "/" + std::to_string(folders.size());
    folders.push_back(folder);
    mkdir(folder.c_str(), 0777);
    const bool is_transcoder = made.architecture == "transcoder";
    std::ofstream(folder + "/cfg.json")
        << "{\"d_in\": " << made.width << ", \"d_sae\": " << made.n_features
        << (is_transcoder ? ", \"d_out\": " + std::to_string(made.width) : "")
        << ", \"dtype\": \"float32\", \"device\": \"cpu\", \"apply_b_dec_to_input\": false, "
        << "\"normalize_activations\": \"none\", \"reshape_activations\": \"none\", \"metadata\": {"
        << (made.hook.empty() ? "" : "\"hook_name\": \"" + made.hook + "\", ")
        << (is_transcoder ? "\"hook_name_out\": \"" + made.hook + "\", " : "")
        << "\"model_name\": \"made\"}, \"architecture\": \"" << made.architecture << "\"}";

    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 1 / std::sqrt(float(made.width)));
    const size_t n = made.n_features;
    std::string header = "{\"__metadata__\": {}";
    Floats values;
    const auto add = [&](const char *name, const std::string &shape, size_t count,
                         const std::function<float()> &value) {
        const size_t begin = values.size() * sizeof(float);
        for (size_t i = 0; i < count; ++i) values.push_back(value());
        header += std::string(", \"") + name + "\": {\"dtype\": \"F32\", \"shape\": [" + shape
            + "], \"data_offsets\": [" + std::to_string(begin) + ", "
            + std::to_string(values.size() * sizeof(float)) + "]}";
    };
    const std::string rows = std::to_string(n);
    const std::string columns = std::to_string(made.width);
    const auto drawn = [&] { return normal(random); };
    add("W_enc", columns + ", " + rows, n * made.width, drawn);
    add("W_dec", rows + ", " + columns, n * made.width, drawn);
    add("b_enc", rows, n, [] { return 0.0f; });
    add("b_dec", columns, made.width, [] { return 0.0f; });
    if (!is_transcoder) add("threshold", rows, n, [&] { return made.threshold; });
    header += "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const uint64_t length = header.size();
    std::ofstream file(folder + "/sae_weights.safetensors", std::ios::binary);
    file.write(reinterpret_cast<const char *>(&length), 8);
    file.write(header.data(), std::streamsize(header.size()));
    file.write(reinterpret_cast<const char *>(values.data()),
               std::streamsize(values.size() * sizeof(float)));
    return folder;
}

// ---- Contexts

static llama_context_params standard_params() {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 1024;
    params.n_seq_max = 8;
    params.n_batch = params.n_ubatch = 64;
    params.n_threads = params.n_threads_batch =
        1; // two that wait for each other crawl on a busy machine
    // Masked cells are skipped, so a sequence does not see who else is in the cache.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    return params;
}

Run::Run(llama_model *model, const Tweak &before, const Tweak &after) : model(model) {
    llama_context_params params = standard_params();
    if (before) before(params);
    if (!steer.install(params)) give_up(steer.error());
    if (after) after(params);
    context.reset(llama_init_from_model(model, params));
    if (!context) give_up("no context");
    if (!steer.bind(context.get())) give_up(steer.error());
}

std::unique_ptr<llama_context, ContextDeleter> plain_context(llama_model *model,
                                                             const Run::Tweak &tweak) {
    llama_context_params params = standard_params();
    params.kv_unified = true;
    if (tweak) tweak(params);
    return std::unique_ptr<llama_context, ContextDeleter>(llama_init_from_model(model, params));
}

void Run::decode(const llama_batch &batch) {
    const int32_t code = steer.decode(batch);
    EXPECT(code == 0, "code %d: %s", code, steer.error().c_str());
}

Floats logits_of(llama_context *context, int index) {
    const llama_vocab *vocab = llama_model_get_vocab(llama_get_model(context));
    const float *logits = llama_get_logits_ith(context, index);
    if (!logits) give_up("no logits");
    return Floats(logits, logits + llama_vocab_n_tokens(vocab));
}

Floats Run::logits(int index) const { return logits_of(context.get(), index); }

Floats Run::step(llama_token token, llama_pos position, llama_seq_id sequence) {
    Batch batch(1);
    batch.add(token, position, sequence, true);
    decode(batch.batch);
    return logits(0);
}

void attach(Run &run, llama_seq_id sequence, const steer_dictionary_t *dictionary,
            const steer_plan_t *plan, int layer, uint64_t prompt_length) {
    steering::AttachOptions options;
    options.layer = layer;
    options.prompt_length = prompt_length;
    EXPECT(run.steer.attach(sequence, dictionary, plan, options), "%s", run.steer.error().c_str());
}

// ---- Rows

bool is_same(const Floats &a, const Floats &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

Floats row_of(const steering::CapturedRows &rows, size_t index) {
    const float *row = rows.values.data() + index * rows.width;
    return Floats(row, row + rows.width);
}

size_t find_row(const steering::CapturedRows &rows, llama_seq_id sequence, llama_pos position) {
    for (size_t i = 0; i < rows.tokens.size(); ++i) {
        if (rows.sequences[i] == sequence && rows.positions[i] == position) return i;
    }
    give_up("a row was not captured");
}
