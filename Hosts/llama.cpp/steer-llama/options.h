/* The command line of steer-llama. */
#ifndef STEER_LLAMA_OPTIONS_H
#define STEER_LLAMA_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

#include "steering.h"
#include "token_mark.h"

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
    std::vector<std::string> prompts_files;
    std::vector<std::string> score_files;
    std::string output; /* of prompts files and score files */

    /* The plan for prompts that have none of their own */
    std::string plan;
    /* The key whose plans stand for it, the key's bank, and the name of the only prompt */
    std::string watermark;
    std::string bank;
    std::string document;
    double mark_strength = 0; /* 0: the bank's own amounts */
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
    int top_k = 0;   /* 0: off */
    float top_p = 1; /* 1: off */
    TokenMark token_mark;
    TokenMark unigram_mark; /* of the same key */
    int n_parallel = 16; /* sequences at once, of a prompts file */

    std::string capture;
    std::vector<int> capture_layers;
    bool wants_json = false;
    bool wants_baseline = true;
    bool wants_tokens = false; /* of each text's scores */
    bool reads_prompts = true; /* before texts that are scored */
    bool is_verbose = false;

    /* Whether replays say what drawing from the steered model costs. */
    bool has_costs() const { return temperature > 0 && top_k > 0; }
    /* Whether marks are looked for. What one costs, its whole plan says, and a reading leaves a part out. */
    bool reads_marks() const { return !score_files.empty() && !has_costs(); }
    /* Whether whole texts are read in place of prompts, and the flag that says so. */
    bool has_texts() const { return !text_files.empty() || !documents_files.empty(); }
    const char *texts_flag() const {
        return text_files.empty() ? "--documents-file" : "--text-file";
    }
    /* Whether the input is a file of records: of prompts, or of texts to score. */
    bool has_records() const { return !prompts_files.empty() || !score_files.empty(); }
    const char *records_flag() const {
        return prompts_files.empty() ? "--score-file" : "--prompts-file";
    }
    /* Whether any prompt or text is steered; not known of records. */
    bool has_plan() const;
    bool has_default_plan() const {
        return !plan.empty() || !features.empty() || !watermark.empty();
    }
    bool is_steered(const Prompt &prompt) const;
    /* Whether the plans' layer must be known. */
    bool needs_layer() const { return has_plan() || (!capture.empty() && capture_layers.empty()); }
};

extern const char *const help_text;

/* Throws Failure with EXIT_USAGE where flags miss or exclude each other. */
void check_options(const Options &options);

/* Parses and checks the arguments; throws Failure with EXIT_USAGE. Empty model: help was
 * printed. */
Options parse_options(int argc, char **argv);

#endif
