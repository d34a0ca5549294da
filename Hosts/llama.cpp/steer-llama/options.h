/* The command line of steer-llama. */
#ifndef STEER_LLAMA_OPTIONS_H
#define STEER_LLAMA_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

#include "steering.h"

struct Prompt {
    std::string text;
    std::string plan; /* a file, "none", or empty: what stands for all */
};

struct Options {
    std::string model;
    std::string sae;
    std::vector<Prompt> prompts;
    std::vector<std::string> text_files;
    std::vector<std::string> documents_files;

    /* The plan for prompts that have none of their own */
    std::string plan;
    std::vector<uint32_t> features;
    std::vector<double> alphas;
    std::vector<double> max_activations;
    int32_t mode = STEER_MODE_ADD;
    int32_t strength = STEER_STRENGTH_DECODER;
    int32_t phase = STEER_PHASE_ALL;
    uint64_t skip_first = 0;
    int layer = -1;

    std::vector<std::string> given; /* flags, as often as they stand there */
    int n_predict = 64;
    int context = 0; /* positions per sequence; 0: as many as are needed */
    int n_batch = 512;
    int n_threads = 0;
    int n_gpu_layers = -1;
    float temperature = 0;
    uint32_t seed = 0;

    std::string capture;
    std::vector<int> capture_layers;
    bool wants_json = false;
    bool wants_baseline = true;
    bool is_verbose = false;

    /* Whether whole texts are read in place of prompts, and the flag that says so. */
    bool has_texts() const { return !text_files.empty() || !documents_files.empty(); }
    const char *texts_flag() const {
        return text_files.empty() ? "--documents-file" : "--text-file";
    }
    /* Whether any prompt or text is steered. */
    bool has_plan() const;
    bool has_default_plan() const { return !plan.empty() || !features.empty(); }
    bool is_steered(const Prompt &prompt) const;
    /* Whether the plans' layer must be known. */
    bool needs_layer() const { return has_plan() || (!capture.empty() && capture_layers.empty()); }
};

/* Parses and checks the arguments; throws Failure with EXIT_USAGE. Empty model: help was
 * printed. */
Options parse_options(int argc, char **argv);

#endif
