/* Residual rows of whole texts. */
#ifndef STEER_LLAMA_TEXT_CAPTURE_H
#define STEER_LLAMA_TEXT_CAPTURE_H

#include <string>
#include <vector>

#include "host.h"
#include "options.h"
#include "plans.h"

struct TextCapture {
    size_t n_documents = 0;
    size_t n_windows = 0;
    size_t n_tokens = 0;
    double tokens_per_second = 0;
    std::vector<std::string> files;
    std::vector<std::string> documents_files;
    std::vector<steering::Applied> applied;
    std::vector<std::string> never_acted; /* as in Generation */
};

/* Reads every line of the files as a document and captures its rows, window by window. */
TextCapture capture_texts(Host &host, const Options &options, const Plans &plans);

#endif
