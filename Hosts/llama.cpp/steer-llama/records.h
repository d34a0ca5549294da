/* The lines of a prompts file or a score file, and of what is made of them. */
#ifndef STEER_LLAMA_RECORDS_H
#define STEER_LLAMA_RECORDS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "new_file.h"
#include "options.h"

/* One object of the input. */
struct Record {
    std::string text; /* to score; empty in a prompts file */
    std::string prompt;
    bool has_prompt = false; /* an empty one is one, too */
    std::string plan; /* a file, "none", or empty: what stands for all */
    bool has_seed = false;
    uint32_t seed = 0;
    std::string document; /* its name for a key, as JSON: its "document", or of a text that of its
                             "watermark" (first, where that is a time), or its "id"; empty: none */
    std::string members; /* as written, without those that the output says anew; of a prompt also without
                            what was said of an earlier text */
    std::string place;   /* file and line */
};

/* All lines of --prompts-file or --score-file. Throws Failure with file and line: every line must be an
 * object with a string "prompt" or "text", "id"s of prompts must differ, "seed" is a whole number of 32
 * bits. No files: no records. */
std::vector<Record> read_records(const Options &options);

/* The output: one line per record, in the order of the input whatever order they come in. */
class RecordsFile {
public:
    RecordsFile(const std::string &path, const std::vector<Record> &records)
        : file(path), records(records) {}

    /* `members`: what was found, "key":value, ... Every record once. */
    void add(size_t index, const std::string &members);
    /* After the last record: the file has its name. */
    void finish();

private:
    NewFile file;
    const std::vector<Record> &records;
    size_t n_written = 0;
    std::map<size_t, std::string> waiting; /* for an earlier one */
};

/* A number as JSON, null where it is none. */
std::string json_number(double value);

#endif
