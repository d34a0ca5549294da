#include "activations_file.h"

#include "failure.h"
#include "json.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

static std::string because() { return std::string(": ") + std::strerror(errno); }

ActivationsFile::ActivationsFile(
    const std::string &path, size_t width, const std::string &model, int layer)
    : path(path), layer(layer), part(path + ".part"), width(width), model(model) {
    file = std::fopen(part.c_str(), "wbx");
    if (!file) throw Failure(EXIT_ENVIRONMENT, part + " cannot be made" + because());
    // The header comes first but knows the row count last: room for the longest one.
    header_bytes = (header().size() + 8 + 512) / 64 * 64;
    const std::string blank(header_bytes, ' ');
    write(blank.data(), blank.size());
}

ActivationsFile::~ActivationsFile() {
    if (!file) return;
    std::fclose(file);
    std::remove(part.c_str());
}

void ActivationsFile::write(const void *bytes, size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file) != count) {
        throw Failure(EXIT_ENVIRONMENT, part + " cannot be written" + because());
    }
}

void ActivationsFile::append(
    const float *row, int32_t token, int32_t position, int32_t document, bool is_special) {
    write(row, width * sizeof(float)); // little-endian machines only, as everywhere here
    tokens.push_back(token);
    positions.push_back(position);
    documents.push_back(document);
    special.push_back(is_special);
}

std::string ActivationsFile::header() const {
    const size_t n = tokens.size();
    size_t offset = 0;
    const auto tensor = [&](const char *name, const char *type, const std::string &shape,
                            size_t bytes) {
        const std::string begin = std::to_string(offset);
        offset += bytes;
        return std::string(",\"") + name + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + shape
            + "],\"data_offsets\":[" + begin + "," + std::to_string(offset) + "]}";
    };
    const std::string rows = std::to_string(n);
    return "{\"__metadata__\":{\"model\":" + json_text(model) + ",\"hook\":"
        + json_text("l_out-" + std::to_string(layer) + " = blocks." + std::to_string(layer)
                    + ".hook_resid_post")
        + "}"
        + tensor("activations", "F32", rows + "," + std::to_string(width), n * width * sizeof(float))
        + tensor("documents", "I32", rows, n * 4) + tensor("positions", "I32", rows, n * 4)
        + tensor("tokens", "I32", rows, n * 4) + tensor("special", "U8", rows, n) + "}";
}

void ActivationsFile::finish() {
    const size_t n = tokens.size();
    write(documents.data(), n * sizeof(int32_t));
    write(positions.data(), n * sizeof(int32_t));
    write(tokens.data(), n * sizeof(int32_t));
    write(special.data(), n);
    std::string text = header();
    text.resize(header_bytes - 8, ' ');
    const uint64_t length = text.size();
    if (std::fseek(file, 0, SEEK_SET) != 0) {
        throw Failure(EXIT_ENVIRONMENT, part + " cannot be written" + because());
    }
    write(&length, 8);
    write(text.data(), text.size());
    const bool is_flushed = std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    const bool is_closed = std::fclose(file) == 0;
    file = nullptr;
    if (!is_flushed || !is_closed || std::rename(part.c_str(), path.c_str()) != 0) {
        const std::string reason = because();
        std::remove(part.c_str());
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be written" + reason);
    }
}
