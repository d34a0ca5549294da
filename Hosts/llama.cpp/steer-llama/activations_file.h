/* Residual rows as a safetensors file that steerctl reads. */
#ifndef STEER_LLAMA_ACTIVATIONS_FILE_H
#define STEER_LLAMA_ACTIVATIONS_FILE_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

/* Rows go to a new file beside `path` as they come, what belongs to them stays in memory (14 bytes
 * a row), and finish() renames. A file that is never finished is removed,
 * also by a signal that asks the process to end. */
class ActivationsFile {
public:
    /* Throws Failure when the file cannot be made. */
    ActivationsFile(const std::string &path, size_t width, const std::string &model, int layer);
    ~ActivationsFile();
    ActivationsFile(const ActivationsFile &) = delete;
    ActivationsFile &operator=(const ActivationsFile &) = delete;

    void append(const float *row, int32_t token, int32_t position, int32_t document,
                bool is_special, bool is_steered);
    void finish();

    size_t n_rows() const { return tokens.size(); }
    const std::string path;
    const int layer;

private:
    void write(const void *bytes, size_t count);
    std::string header() const;

    std::string part; /* a name of its own beside `path` */
    const size_t width;
    const std::string model;
    std::FILE *file = nullptr;
    size_t header_bytes = 0; /* reserved, the length prefix included */
    std::vector<int32_t> tokens, positions, documents;
    std::vector<uint8_t> special, steered;
};

#endif
