#include "activations_file.h"

#include "json.h"

ActivationsFile::ActivationsFile(const std::string &path, size_t width, const std::string &model,
                                 int layer)
    : layer(layer), file(path), width(width), model(model) {
    // The header comes first but knows the row count last: room for the longest one.
    header_bytes = (header().size() + 8 + 512) / 64 * 64;
    const std::string blank(header_bytes, ' ');
    file.write(blank.data(), blank.size());
}

void ActivationsFile::append(const float *row, int32_t token, int32_t position, int32_t document,
                             bool is_special, bool is_steered) {
    file.write(row, width * sizeof(float)); // little-endian machines only, as everywhere here
    tokens.push_back(token);
    positions.push_back(position);
    documents.push_back(document);
    special.push_back(is_special);
    steered.push_back(is_steered);
}

std::string ActivationsFile::header() const {
    const size_t n = tokens.size();
    const std::string rows = std::to_string(n);
    const std::string block = std::to_string(layer);
    std::string text = "{\"__metadata__\":{\"model\":" + json_text(model) + ",\"hook\":"
        + json_text("l_out-" + block + " = blocks." + block + ".hook_resid_post") + "}";
    size_t offset = 0;
    const auto add = [&](const char *name, const char *type, const std::string &shape,
                         size_t bytes) {
        text += std::string(",\"") + name + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + shape
            + "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(offset + bytes)
            + "]}";
        offset += bytes;
    };
    add("activations", "F32", rows + "," + std::to_string(width), n * width * sizeof(float));
    add("documents", "I32", rows, n * 4);
    add("positions", "I32", rows, n * 4);
    add("tokens", "I32", rows, n * 4);
    add("special", "U8", rows, n);
    add("steered", "U8", rows, n);
    return text + "}";
}

void ActivationsFile::close() {
    const size_t n = tokens.size();
    file.write(documents.data(), n * sizeof(int32_t));
    file.write(positions.data(), n * sizeof(int32_t));
    file.write(tokens.data(), n * sizeof(int32_t));
    file.write(special.data(), n);
    file.write(steered.data(), n);
    std::string text = header();
    text.resize(header_bytes - 8, ' ');
    const uint64_t length = text.size();
    file.rewind();
    file.write(&length, 8);
    file.write(text.data(), text.size());
    file.close();
}
