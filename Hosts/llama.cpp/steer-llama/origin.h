/* What a line of the output says of how it was made. */
#ifndef STEER_LLAMA_ORIGIN_H
#define STEER_LLAMA_ORIGIN_H

#include <string>

#include "options.h"
#include "records.h"

/* "sampling":{...},"token_mark":{...}: how a prompt's text was drawn. The seed is the line's own, or
 * --seed. */
std::string origin_of_prompt(const Options &options, const Record &record);

/* "model":"...","token_mark":{...}: what a text was scored with. The model without its folders. */
std::string origin_of_text(const Options &options);

#endif
