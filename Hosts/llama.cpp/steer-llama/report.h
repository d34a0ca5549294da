/* What steer-llama prints. */
#ifndef STEER_LLAMA_REPORT_H
#define STEER_LLAMA_REPORT_H

#include "generate.h"
#include "options.h"
#include "text_capture.h"

/* Two columns on a terminal that is wide enough, else one text after another. */
void print_text(const Options &options, const Generation &generation);
void print_json(const Options &options, const Generation &generation);
void print_text(const TextCapture &capture);
void print_json(const TextCapture &capture);

#endif
