/* A file that exists whole or not at all. */
#ifndef STEER_LLAMA_NEW_FILE_H
#define STEER_LLAMA_NEW_FILE_H

#include <cstddef>
#include <cstdio>
#include <string>

/* Bytes go to a new file beside `path`, which publish() renames. One that is never published is
 * removed, also by a signal that asks the process to end. Failures are Failure, with the path. */
class NewFile {
public:
    explicit NewFile(const std::string &path);
    ~NewFile();
    NewFile(const NewFile &) = delete;
    NewFile &operator=(const NewFile &) = delete;

    void write(const void *bytes, size_t count);
    /* Goes on writing at the file's start. */
    void rewind();
    /* Everything is on the disk, or a Failure says why not. */
    void close();
    /* What has the name so far goes away; a Failure says why it cannot. */
    void remove_old();
    /* After close(): it has its name. */
    void publish();

    const std::string path;

private:
    std::string part; /* a name of its own beside `path` */
    std::FILE *file = nullptr;
    bool is_published = false;
};

#endif
