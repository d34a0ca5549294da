#include "paths.h"

#include "failure.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

static std::string because() { return std::string(": ") + std::strerror(errno); }

static bool is_folder(const std::string &path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void check_readable(const std::string &path, const std::string &expected) {
    if (is_folder(path)) {
        throw Failure(EXIT_ENVIRONMENT, path + " is a folder, expected " + expected);
    }
    std::FILE *file = std::fopen(path.c_str(), "rb");
    if (!file) throw Failure(EXIT_ENVIRONMENT, path + " cannot be read" + because());
    std::fclose(file);
}

void check_writable(const std::string &path) {
    if (is_folder(path) || path.back() == '/') {
        throw Failure(EXIT_ENVIRONMENT, path + " is a folder, expected a file to write");
    }
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be made" + because());
    }
}

std::string capture_path(const Options &options, int layer, size_t n_layers) {
    const std::string &path = options.capture;
    if (n_layers == 1) return path;
    const std::string mark = ".layer-" + std::to_string(layer);
    const size_t dot = path.rfind('.');
    const size_t slash = path.rfind('/');
    if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return path + mark;
    return path.substr(0, dot) + mark + path.substr(dot);
}

void check_paths(const Options &options) {
    check_readable(options.model, "a model as GGUF");
    for (const std::string &path : options.text_files) check_readable(path, "a text");
    if (options.capture.empty()) return;
    std::vector<int> layers = options.capture_layers;
    std::sort(layers.begin(), layers.end());
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    if (layers.empty()) layers.push_back(0); // one, whichever it is
    for (int layer : layers) check_writable(capture_path(options, layer, layers.size()));
}
