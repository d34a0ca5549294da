#include "activations_file.h"

#include "failure.h"
#include "json.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

// The unfinished files, for the signal handler: more layers than these do not exist.
static std::atomic<const char *> unfinished[512];

static void remove_unfinished(int signal_number) {
    for (const auto &slot : unfinished) {
        const char *part = slot.load();
        if (part) unlink(part);
    }
    std::signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch(const char *part) {
    for (int signal_number : {SIGHUP, SIGINT, SIGTERM}) {
        // What the caller told us to ignore (nohup) stays ignored.
        if (std::signal(signal_number, remove_unfinished) == SIG_IGN) {
            std::signal(signal_number, SIG_IGN);
        }
    }
    for (auto &slot : unfinished) {
        const char *none = nullptr;
        if (slot.compare_exchange_strong(none, part)) return;
    }
}

static void unwatch(const char *part) {
    for (auto &slot : unfinished) {
        const char *expected = part;
        if (slot.compare_exchange_strong(expected, nullptr)) return;
    }
}

static std::string because() { return std::string(": ") + std::strerror(errno); }

ActivationsFile::ActivationsFile(const std::string &path, size_t width, const std::string &model,
                                 int layer)
    : path(path), layer(layer), part(path + ".XXXXXX"), width(width), model(model) {
    const int descriptor = mkstemp(&part[0]);
    if (descriptor < 0) { throw Failure(EXIT_ENVIRONMENT, path + " cannot be made" + because()); }
    watch(part.c_str());
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask); // as any other new file
    file = fdopen(descriptor, "wb");
    // The header comes first but knows the row count last: room for the longest one.
    header_bytes = (header().size() + 8 + 512) / 64 * 64;
    const std::string blank(header_bytes, ' ');
    write(blank.data(), blank.size());
}

ActivationsFile::~ActivationsFile() {
    if (!file) return;
    std::fclose(file);
    std::remove(part.c_str());
    unwatch(part.c_str());
}

void ActivationsFile::write(const void *bytes, size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file) != count) {
        throw Failure(EXIT_ENVIRONMENT, part + " cannot be written" + because());
    }
}

void ActivationsFile::append(const float *row, int32_t token, int32_t position, int32_t document,
                             bool is_special, bool is_steered) {
    write(row, width * sizeof(float)); // little-endian machines only, as everywhere here
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

void ActivationsFile::finish() {
    const size_t n = tokens.size();
    write(documents.data(), n * sizeof(int32_t));
    write(positions.data(), n * sizeof(int32_t));
    write(tokens.data(), n * sizeof(int32_t));
    write(special.data(), n);
    write(steered.data(), n);
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
        unwatch(part.c_str());
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be written" + reason);
    }
    unwatch(part.c_str());
}
