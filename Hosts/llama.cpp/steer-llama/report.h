/* What steer-llama prints. */
#ifndef STEER_LLAMA_REPORT_H
#define STEER_LLAMA_REPORT_H

#include "complete.h"
#include "generate.h"
#include "options.h"
#include "score.h"
#include "text_capture.h"

/* Two columns on a terminal that is wide enough, else one text after another. */
void print_text(const Options &options, const Generation &generation);
void print_json(const Options &options, const Generation &generation);
void print_text(const TextCapture &capture);
void print_json(const TextCapture &capture);
void print_text(const Completions &completions);
void print_json(const Completions &completions);
void print_text(const Scores &scores);
void print_json(const Scores &scores);

#endif
