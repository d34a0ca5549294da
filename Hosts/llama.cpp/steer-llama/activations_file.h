/* Residual rows as a safetensors file that steerctl reads. */
#ifndef STEER_LLAMA_ACTIVATIONS_FILE_H
#define STEER_LLAMA_ACTIVATIONS_FILE_H

#include <cstdint>
#include <string>
#include <vector>

#include "new_file.h"

/* Rows go to the file as they come, what belongs to them stays in memory (14 bytes a row) until
 * close(). */
class ActivationsFile {
public:
    /* Throws Failure when the file cannot be made. */
    ActivationsFile(const std::string &path, size_t width, const std::string &model, int layer);

    void append(const float *row, int32_t token, int32_t position, int32_t document,
                bool is_special, bool is_steered);
    /* See NewFile. */
    void close();
    void remove_old() { file.remove_old(); }
    void publish() { file.publish(); }

    size_t n_rows() const { return tokens.size(); }
    const std::string &path() const { return file.path; }
    const int layer;

private:
    std::string header() const;

    NewFile file;
    const size_t width;
    const std::string model;
    size_t header_bytes = 0; /* reserved, the length prefix included */
    std::vector<int32_t> tokens, positions, documents;
    std::vector<uint8_t> special, steered;
};

#endif
