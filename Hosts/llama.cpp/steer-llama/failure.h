/* How steer-llama ends when it cannot do its work: one line, and an exit code. */
#ifndef STEER_LLAMA_FAILURE_H
#define STEER_LLAMA_FAILURE_H

#include <stdexcept>
#include <string>

#include "steering.h"

enum ExitCode { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_BAD_INPUT = 3, EXIT_ENVIRONMENT = 4 };

struct Failure : std::runtime_error {
    ExitCode code;
    Failure(ExitCode code, const std::string &message) : std::runtime_error(message), code(code) {}
};

/* Throws what libsteering reports. */
inline void check(steer_status_t status, const steer_error_t &error,
                  const std::string &prefix = "") {
    if (status == STEER_OK) return;
    throw Failure(status == STEER_ERR_IO ? EXIT_ENVIRONMENT : EXIT_BAD_INPUT,
                  prefix + error.message);
}

#endif
