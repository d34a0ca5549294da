/* The lines of several files, one after another. */
#ifndef STEER_LLAMA_LINES_H
#define STEER_LLAMA_LINES_H

#include <fstream>
#include <string>
#include <vector>

/* What the library reads as one JSON text. */
constexpr size_t max_json_line_bytes = size_t(16) << 20;

class LineReader {
public:
    /* `max_bytes`: of a line, without its end; 0 for any. */
    LineReader(const std::vector<std::string> &paths, size_t max_bytes)
        : paths(paths), max_bytes(max_bytes) {}

    /* The next line without its end, LF or CR LF; false at the end of the last file. Throws Failure
     * where a file cannot be read and where a line is too long. */
    bool next(std::string &line);
    /* File and line of what came last. */
    std::string place() const;

private:
    bool next_of_file(std::string &line);

    const std::vector<std::string> paths;
    const size_t max_bytes;
    size_t n_opened = 0;
    size_t n_lines = 0; /* of the open file */
    std::ifstream file;
};

#endif
