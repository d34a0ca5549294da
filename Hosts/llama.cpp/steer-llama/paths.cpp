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

/* Something like a pipe. */
static bool is_special(const std::string &path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static bool is_same_file(const std::string &a, const std::string &b) {
    struct stat first, second;
    return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0
        && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
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

std::string documents_path(const std::string &capture) {
    const std::string suffix = ".safetensors";
    const bool has_suffix = capture.size() > suffix.size()
        && capture.compare(capture.size() - suffix.size(), suffix.size(), suffix) == 0;
    return capture.substr(0, capture.size() - (has_suffix ? suffix.size() : 0))
        + ".documents.jsonl";
}

/* Whether `output`, which `flag` names, would replace what is read. */
static void check_replaced(const Options &options, const std::string &flag, const std::string &output,
                           const std::vector<Record> &records) {
    const auto refuse = [&](const std::string &what) {
        throw Failure(EXIT_USAGE, flag + " " + output + " is " + what + ", expected another file");
    };
    if (is_folder(output)) return;
    const size_t slash = output.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : output.substr(0, slash + 1);
    struct stat status;
    // A name that is free yet replaces nothing.
    if (stat(output.c_str(), &status) != 0) return;
    if (is_same_file(output, options.model)) refuse("the model");
    if (is_same_file(output, options.watermark)) refuse("the key");
    if (is_same_file(output, options.plan)) refuse("the plan");
    // No bank and no dictionary holds lines, so earlier output may stand in their folders.
    const std::string suffix = ".jsonl";
    const bool is_lines = output.size() > suffix.size()
        && output.compare(output.size() - suffix.size(), suffix.size(), suffix) == 0;
    if (!is_lines && is_same_file(folder, options.bank)) refuse("a file of the bank");
    if (!is_lines && is_same_file(folder, options.sae)) refuse("a file of the dictionary");
    for (const auto *paths : {&options.prompts_files, &options.score_files}) {
        for (const std::string &path : *paths) {
            if (is_same_file(path, output)) refuse(std::string("what ") + options.records_flag() + " reads");
        }
    }
    for (const auto *paths : {&options.text_files, &options.documents_files}) {
        for (const std::string &path : *paths) {
            if (is_same_file(path, output)) refuse(std::string("what ") + options.texts_flag() + " reads");
        }
    }
    for (const Prompt &prompt : options.prompts) {
        if (prompt.plan != "none" && is_same_file(output, prompt.plan)) refuse("the plan of a prompt");
    }
    for (const Record &record : records) {
        if (record.plan.empty() || record.plan == "none") continue;
        if (is_same_file(output, record.plan)) refuse("the plan of " + record.place);
    }
}

void check_output(const Options &options, const std::vector<Record> &records) {
    if (options.has_records()) check_replaced(options, "--output", options.output, records);
}

void check_paths(const Options &options) {
    check_readable(options.model, "a model as GGUF");
    if (!options.watermark.empty()) check_readable(options.watermark, "the key of a watermark");
    for (const std::string &path : options.text_files) check_readable(path, "a text");
    for (const std::string &path : options.documents_files) {
        // It is read twice: first to check it.
        if (is_special(path)) {
            throw Failure(EXIT_ENVIRONMENT, path + " is no regular file, expected documents");
        }
        check_readable(path, "documents");
    }
    for (const std::string &path : options.prompts_files) check_readable(path, "prompts");
    for (const std::string &path : options.score_files) check_readable(path, "texts");
    if (options.has_records()) {
        check_output(options, {});
        check_writable(options.output);
    }
    if (options.capture.empty()) return;
    std::vector<int> layers = options.capture_layers;
    std::sort(layers.begin(), layers.end());
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    if (layers.empty()) layers.push_back(0); // one, whichever it is
    for (int layer : layers) {
        const std::string path = capture_path(options, layer, layers.size());
        check_writable(path);
        check_replaced(options, "--capture", path, {});
        if (!options.has_texts()) continue;
        const std::string beside = documents_path(path);
        check_writable(beside);
        check_replaced(options, "the documents of --capture", beside, {});
    }
}
