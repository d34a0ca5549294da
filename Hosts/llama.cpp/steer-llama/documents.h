/* The texts to read, and the file that says what captured rows belong to. */
#ifndef STEER_LLAMA_DOCUMENTS_H
#define STEER_LLAMA_DOCUMENTS_H

#include <set>
#include <string>
#include <vector>

#include "lines.h"
#include "new_file.h"
#include "options.h"

struct Document {
    std::string text;
    std::string members; /* of its line in the documents file: "key":value, ... */
};

/* The documents of --text-file or --documents-file, one by one. */
class DocumentReader {
public:
    explicit DocumentReader(const Options &options);

    /* False at the end. Throws Failure with file and line: a line of --documents-file must be an
     * object with a string "text", and no two may have the same "id". */
    bool next(Document &document);
    /* File and line of the document that came last. */
    std::string place() const { return lines.place(); }

private:
    Document parse(const std::string &line);

    const bool is_json;
    LineReader lines;
    std::set<std::string> ids;
};

/* Reads the documents files to their end before any work begins; throws Failure. */
void check_documents(const Options &options);

/* The line of a documents file, without its end. `pieces`: one per row, any bytes. */
std::string document_line(int number, const Document &document,
                          const std::vector<std::string> &pieces);

/* Throws Failure, with the document's place, for a line that no reader would take. */
void check_line(const std::string &line, const std::string &place);

/* One line per document, in the order of the numbers that rows have. */
class DocumentsFile {
public:
    explicit DocumentsFile(const std::string &path) : file(path) {}

    void append(int number, const Document &document, const std::vector<std::string> &pieces);
    /* See NewFile. */
    void close() { file.close(); }
    void publish() { file.publish(); }
    const std::string &path() const { return file.path; }

private:
    NewFile file;
};

#endif
