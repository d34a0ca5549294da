/* What can be said of the files on the command line before a model is loaded. */
#ifndef STEER_LLAMA_PATHS_H
#define STEER_LLAMA_PATHS_H

#include <string>
#include <vector>

#include "options.h"
#include "records.h"

/* Throws Failure where a file to read is a folder or cannot be opened. `expected`: what it is. */
void check_readable(const std::string &path, const std::string &expected);

/* Throws Failure where a file to write is a folder, or its own folder takes no files. */
void check_writable(const std::string &path);

/* The model, what is read and what is written; the dictionary and the plans are read early anyway. */
void check_paths(const Options &options);

/* Throws Failure where --output would replace a file that this run reads. */
void check_output(const Options &options, const std::vector<Record> &records);

/* The file that rows of `layer` go to, one of `n_layers`. */
std::string capture_path(const Options &options, int layer, size_t n_layers);

/* The documents file beside a file of rows: a.documents.jsonl for a.safetensors. */
std::string documents_path(const std::string &capture);

#endif
