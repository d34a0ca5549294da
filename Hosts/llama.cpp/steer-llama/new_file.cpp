#include "new_file.h"

#include "failure.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

// The unfinished files, for the signal handler: two for each layer, and more layers do not exist.
static std::atomic<const char *> unfinished[1024];

static void remove_unfinished(int signal_number) {
    for (const auto &slot : unfinished) {
        const char *part = slot.load();
        if (part) unlink(part);
    }
    std::signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch(const char *part) {
    for (int signal_number : {SIGHUP, SIGINT, SIGTERM}) {
        // What the caller told us to ignore (nohup) stays ignored.
        if (std::signal(signal_number, remove_unfinished) == SIG_IGN) {
            std::signal(signal_number, SIG_IGN);
        }
    }
    for (auto &slot : unfinished) {
        const char *none = nullptr;
        if (slot.compare_exchange_strong(none, part)) return;
    }
}

static void unwatch(const char *part) {
    for (auto &slot : unfinished) {
        const char *expected = part;
        if (slot.compare_exchange_strong(expected, nullptr)) return;
    }
}

static std::string because() { return std::string(": ") + std::strerror(errno); }

NewFile::NewFile(const std::string &path) : path(path), part(path + ".XXXXXX") {
    const int descriptor = mkstemp(&part[0]);
    if (descriptor < 0) throw Failure(EXIT_ENVIRONMENT, path + " cannot be made" + because());
    watch(part.c_str());
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask); // as any other new file
    file = fdopen(descriptor, "wb");
    if (!file) {
        const std::string reason = because();
        ::close(descriptor);
        std::remove(part.c_str()); // no destructor runs
        unwatch(part.c_str());
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be made" + reason);
    }
}

NewFile::~NewFile() {
    if (file) std::fclose(file);
    if (is_published) return;
    std::remove(part.c_str());
    unwatch(part.c_str());
}

void NewFile::write(const void *bytes, size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file) != count) {
        throw Failure(EXIT_ENVIRONMENT, part + " cannot be written" + because());
    }
}

void NewFile::rewind() {
    if (std::fseek(file, 0, SEEK_SET) != 0) {
        throw Failure(EXIT_ENVIRONMENT, part + " cannot be written" + because());
    }
}

void NewFile::close() {
    bool is_written = std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    std::string reason = is_written ? "" : because();
    if (std::fclose(file) != 0 && is_written) {
        is_written = false;
        reason = because();
    }
    file = nullptr;
    if (!is_written) throw Failure(EXIT_ENVIRONMENT, path + " cannot be written" + reason);
}

void NewFile::remove_old() {
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) {
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be replaced" + because());
    }
}

void NewFile::publish() {
    if (std::rename(part.c_str(), path.c_str()) != 0) {
        throw Failure(EXIT_ENVIRONMENT, path + " cannot be written" + because());
    }
    is_published = true;
    unwatch(part.c_str());
}
