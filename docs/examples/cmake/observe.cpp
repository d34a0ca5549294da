// Clamps features of one of two sequences in a batch, and reads their activations before and after.
// A clamp sets what a feature contributes; reading the row again gives less where rows of the
// dictionary are not orthogonal (docs/plans.md).
//
//   observe DICTIONARY FEATURE...
#include <steering.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Ending {
    void operator()(steer_dictionary_t *handle) const { steer_dictionary_close(handle); }
    void operator()(steer_plan_t *handle) const { steer_plan_destroy(handle); }
    void operator()(steer_session_t *handle) const { steer_session_destroy(handle); }
    void operator()(steer_reader_t *handle) const { steer_reader_destroy(handle); }
};
template <typename Handle> using Owned = std::unique_ptr<Handle, Ending>;

// The last argument of every call that can fail; throws what the library says.
struct Error {
    steer_error_t block = STEER_ERROR_INIT;

    void check(steer_status_t status) const {
        if (status != STEER_OK)
            throw std::runtime_error(std::string(steer_status_name(status)) + ": " + block.message);
    }
};

Owned<steer_dictionary_t> open(const std::string &path) {
    Error error;
    steer_dictionary_t *out = nullptr;
    error.check(steer_dictionary_open(path.c_str(), nullptr, &out, &error.block));
    return Owned<steer_dictionary_t>(out);
}

Owned<steer_plan_t> clamp(
    const steer_dictionary_t *dictionary, const std::vector<uint32_t> &features, double alpha) {
    std::vector<steer_intervention_t> wishes;
    for (uint32_t feature : features) {
        steer_intervention_t wish = STEER_INTERVENTION_INIT;
        wish.feature = feature;
        wish.mode = STEER_MODE_CLAMP;
        wish.alpha = alpha;
        wishes.push_back(wish);
    }
    Error error;
    steer_plan_t *out = nullptr;
    error.check(steer_plan_compile(
        dictionary, wishes.data(), wishes.size(), nullptr, &out, &error.block));
    return Owned<steer_plan_t>(out);
}

Owned<steer_session_t> start(const steer_plan_t *plan) {
    Error error;
    steer_session_t *out = nullptr;
    error.check(steer_session_create(plan, STEER_PROMPT_LENGTH_UNKNOWN, &out, &error.block));
    return Owned<steer_session_t>(out);
}

void print(
    steer_reader_t *reader, const char *when, const std::vector<float> &rows, size_t width,
    const std::vector<uint32_t> &features) {
    const size_t n_rows = rows.size() / width;
    std::vector<float> read(n_rows * features.size());
    Error error;
    error.check(steer_reader_read(
        reader, rows.data(), STEER_F32, n_rows, width, read.data(), features.size(), &error.block));
    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 0; i < features.size(); i++)
            std::printf("%s  row %zu  feature %u  %.4f\n", when, row,
                        static_cast<unsigned>(features[i]),
                        static_cast<double>(read[row * features.size() + i]));
}

void run(const std::string &path, const std::vector<uint32_t> &features) {
    Error error;
    const auto dictionary = open(path);
    steer_dictionary_info_t info = STEER_DICTIONARY_INFO_INIT;
    error.check(steer_dictionary_inspect(dictionary.get(), &info, &error.block));
    const size_t width = static_cast<size_t>(info.model_width);

    steer_reader_t *out = nullptr;
    error.check(steer_reader_create(
        dictionary.get(), features.data(), features.size(), &out, &error.block));
    const Owned<steer_reader_t> reader(out);

    // Two rows of the model: here a formula.
    std::vector<float> rows(2 * width);
    for (size_t i = 0; i < rows.size(); i++)
        rows[i] = static_cast<float>(std::sin(0.7 * static_cast<double>(i)));
    print(reader.get(), "before", rows, width, features);

    // Each row belongs to a sequence of its own; the second has no plan.
    const auto plan = clamp(dictionary.get(), features, 12.0);
    const auto session = start(plan.get());
    steer_session_t *const sessions[2] = {session.get(), nullptr};
    error.check(steer_batch_apply(
        sessions, nullptr, rows.data(), STEER_F32, 2, width, nullptr, &error.block));
    print(reader.get(), "after ", rows, width, features);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: observe DICTIONARY FEATURE...\n");
        return 2;
    }
    try {
        std::vector<uint32_t> features;
        for (int i = 2; i < argc; i++)
            features.push_back(static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)));
        run(argv[1], features);
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "observe: %s\n", problem.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
