/* Progress on standard error, of work that lasts over a second. */
#ifndef STEER_LLAMA_PROGRESS_H
#define STEER_LLAMA_PROGRESS_H

#include <cstdio>
#include <unistd.h>

#include "llama.h"

/* In place on a terminal; elsewhere a line now and then, or none. */
class Progress {
public:
    explicit Progress(const char *unit, bool needs_terminal = false)
        : unit(unit), needs_terminal(needs_terminal) {}

    void show(size_t n_units, size_t n_tokens) {
        const int64_t now = llama_time_us();
        if ((needs_terminal && !is_terminal) || now - start < 1000000
            || now - shown < (is_terminal ? 200000 : 10000000))
            return;
        shown = now;
        std::fprintf(stderr, "%s%zu %s, %zu tokens, %.0f tokens/s%s", is_terminal ? "\r" : "",
                     n_units, unit, n_tokens, double(n_tokens) / seconds(),
                     is_terminal ? " " : "\n");
        needs_newline = is_terminal;
    }
    void end() const {
        if (needs_newline) std::fputc('\n', stderr);
    }
    double seconds() const { return double(llama_time_us() - start) / 1e6; }

private:
    const char *const unit;
    const bool needs_terminal;
    const bool is_terminal = isatty(STDERR_FILENO) != 0;
    int64_t start = llama_time_us();
    int64_t shown = 0;
    bool needs_newline = false;
};

#endif
