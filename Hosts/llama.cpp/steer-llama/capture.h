/* Captured rows on their way from the adapter to files. */
#ifndef STEER_LLAMA_CAPTURE_H
#define STEER_LLAMA_CAPTURE_H

#include <memory>
#include <string>
#include <vector>

#include "activations_file.h"
#include "documents.h"
#include "host.h"
#include "options.h"

/* What the rows of a sequence belong to. */
struct CaptureDocument {
    int32_t number; /* negative: its rows are thrown away */
    bool is_steered;
};

/* One file per captured layer, for whole texts with a documents file beside it. */
class Capture {
public:
    /* Nothing to do without --capture. `plan_layer` is where the plans act, -1 for unknown. */
    Capture(Host &host, const Options &options, int plan_layer);

    bool is_on() const { return !files.empty(); }
    /* Whether rows exist only for tokens whose logits are asked for. */
    bool needs_all_logits() const { return has_last_layer; }

    /* Takes what the last decode brought; `documents` by sequence. */
    void drain(const std::vector<CaptureDocument> &documents);
    /* A document of --text-file or --documents-file is complete. */
    void add(int number, const Document &document, const std::vector<std::string> &pieces);
    /* All files, or a Failure and none. */
    void finish();

    std::vector<std::unique_ptr<ActivationsFile>> files;
    /* Beside each of them, when whole texts are captured. */
    std::vector<std::unique_ptr<DocumentsFile>> documents_files;

private:
    Host &host;
    bool has_last_layer = false;
};

#endif
