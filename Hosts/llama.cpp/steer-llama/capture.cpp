#include "capture.h"

#include "failure.h"
#include "paths.h"

#include <algorithm>
#include <cstdio>

static std::string file_name(const std::string &path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

Capture::Capture(Host &host, const Options &options, int plan_layer) : host(host) {
    if (options.capture.empty()) return;
    std::vector<int> layers = options.capture_layers;
    if (layers.empty()) layers.push_back(plan_layer);
    std::sort(layers.begin(), layers.end());
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    if (!host.steer.capture(layers)) throw Failure(EXIT_BAD_INPUT, host.steer.error());
    for (int layer : layers) {
        has_last_layer = has_last_layer || layer == host.n_layer() - 1;
        const std::string path = capture_path(options, layer, layers.size());
        files.emplace_back(
            new ActivationsFile(path, size_t(host.n_embd()), file_name(options.model), layer));
        if (options.has_texts()) {
            documents_files.emplace_back(new DocumentsFile(documents_path(path)));
        }
    }
}

void Capture::drain(const std::vector<CaptureDocument> &documents) {
    for (const auto &file : files) {
        const steering::CapturedRows &rows = *host.steer.captured(file->layer);
        for (size_t i = 0; i < rows.tokens.size(); ++i) {
            const CaptureDocument &document = documents[size_t(rows.sequences[i])];
            if (document.number < 0) continue;
            file->append(rows.values.data() + i * rows.width, rows.tokens[i], rows.positions[i],
                         document.number, host.is_special(rows.tokens[i]), document.is_steered);
        }
    }
    host.steer.clear_captured();
}

void Capture::add(int number, const Document &document, const std::vector<std::string> &pieces) {
    for (const auto &file : documents_files) file->append(number, document, pieces);
}

void Capture::finish() {
    for (const auto &file : files) file->close();
    for (const auto &file : documents_files) file->close();
    // First the rows of an earlier run go away: whenever this one is killed, new documents never stand
    // beside old rows.
    if (!documents_files.empty()) {
        for (const auto &file : files) file->remove_old();
    }
    std::vector<std::string> published;
    try {
        // First the documents: rows are never there without them.
        for (const auto &file : documents_files) {
            file->publish();
            published.push_back(file->path());
        }
        for (const auto &file : files) {
            file->publish();
            published.push_back(file->path());
        }
    } catch (const Failure &) {
        for (const std::string &path : published) std::remove(path.c_str());
        throw;
    }
}
