/* Preloaded by program_test.sh: makes what hardly ever happens happen. STEER_TEST_FAULT says what:
 * "rename" kills the program when rows are about to get their name, "fdopen" lets no file be opened. */
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

static bool has_fault(const char *name) {
    const char *fault = std::getenv("STEER_TEST_FAULT");
    return fault && std::strcmp(fault, name) == 0;
}

extern "C" int rename(const char *from, const char *to) noexcept {
    static const char rows[] = ".safetensors";
    const size_t length = std::strlen(to), suffix = sizeof rows - 1;
    if (has_fault("rename") && length > suffix && !std::strcmp(to + length - suffix, rows)) {
        raise(SIGKILL);
    }
    const auto next = reinterpret_cast<int (*)(const char *, const char *)>(
        dlsym(RTLD_NEXT, "rename"));
    return next(from, to);
}

extern "C" FILE *fdopen(int descriptor, const char *mode) noexcept {
    if (has_fault("fdopen")) {
        errno = ENOMEM;
        return nullptr;
    }
    const auto next = reinterpret_cast<FILE *(*)(int, const char *)>(dlsym(RTLD_NEXT, "fdopen"));
    return next(descriptor, mode);
}
