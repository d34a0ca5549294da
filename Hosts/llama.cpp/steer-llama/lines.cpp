#include "lines.h"

#include "failure.h"

#include <cerrno>
#include <cstring>

std::string LineReader::place() const {
    return paths[n_opened - 1] + " line " + std::to_string(n_lines);
}

bool LineReader::next_of_file(std::string &line) {
    line.clear();
    n_lines += 1;
    std::streambuf &bytes = *file.rdbuf(); // throws where the file cannot be read on
    const int end = std::char_traits<char>::eof();
    for (int c = bytes.sbumpc(); c != end; c = bytes.sbumpc()) {
        if (c == '\n') return true;
        if (max_bytes > 0 && line.size() == max_bytes) {
            throw Failure(EXIT_BAD_INPUT,
                          place() + " is longer than " + std::to_string(max_bytes) + " bytes");
        }
        line += char(c);
    }
    return !line.empty();
}

bool LineReader::next(std::string &line) {
    for (;;) {
        if (!file.is_open()) {
            if (n_opened == paths.size()) return false;
            n_lines = 0;
            errno = 0;
            file.open(paths[n_opened++], std::ios::binary);
            if (!file) {
                throw Failure(EXIT_ENVIRONMENT, paths[n_opened - 1] + " cannot be read: "
                                                    + std::strerror(errno));
            }
        }
        if (next_of_file(line)) break;
        file.close();
        file.clear();
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
}
