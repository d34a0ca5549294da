#include "documents.h"

#include "failure.h"
#include "json.h"
#include "json_scan.h"

DocumentReader::DocumentReader(const Options &options)
    : is_json(!options.documents_files.empty()),
      lines(is_json ? options.documents_files : options.text_files,
            is_json ? max_json_line_bytes : 0) {}

bool DocumentReader::next(Document &document) {
    for (std::string line; lines.next(line);) {
        if (is_json) {
            try {
                document = parse(line);
            } catch (const JsonError &error) {
                throw Failure(EXIT_BAD_INPUT, place() + ": " + error.what());
            }
            return true;
        }
        if (line.empty()) continue;
        document = {line, "\"text\":" + json_text(line)};
        return true;
    }
    return false;
}

Document DocumentReader::parse(const std::string &line) {
    Document document;
    bool has_text = false;
    for (const JsonMember &member : scan_object(line)) {
        if (member.key == "document" || member.key == "pieces") continue; // ours to say
        if (member.key == "text" || member.key == "id") {
            if (member.value[0] != '"') {
                throw JsonError("'" + member.key + "' is " + shown(member.value)
                                + ", expected a string");
            }
        }
        if (member.key == "text") {
            has_text = true;
            document.text = string_of(member.value);
            if (document.text.empty()) throw JsonError("'text' is empty");
            if (document.text.find('\0') != std::string::npos) {
                throw JsonError("'text' contains U+0000");
            }
        }
        if (member.key == "id" && !ids.insert(string_of(member.value)).second) {
            throw JsonError("'id' is " + shown(json_text(string_of(member.value)))
                            + " as on an earlier line, expected another");
        }
        document.members += (document.members.empty() ? "" : ",") + member.whole;
    }
    if (!has_text) throw JsonError("'text' is missing, expected a string");
    return document;
}

void check_documents(const Options &options) {
    if (options.documents_files.empty()) return;
    DocumentReader reader(options);
    size_t n_documents = 0;
    for (Document document; reader.next(document);) n_documents += 1;
    if (n_documents == 0) throw Failure(EXIT_BAD_INPUT, "the documents files hold no document");
}

std::string document_line(int number, const Document &document,
                          const std::vector<std::string> &pieces) {
    std::string line = "{\"document\":" + std::to_string(number) + "," + document.members
        + ",\"pieces\":[";
    for (size_t i = 0; i < pieces.size(); ++i) line += (i ? "," : "") + json_text(pieces[i]);
    return line + "]}";
}

void check_line(const std::string &line, const std::string &place) {
    const std::string what = place + ": the document's line, with its pieces, ";
    if (line.size() > max_json_line_bytes) {
        throw Failure(EXIT_BAD_INPUT,
                      what + "is longer than " + std::to_string(max_json_line_bytes) + " bytes");
    }
    try {
        scan_object(line);
    } catch (const JsonError &error) {
        throw Failure(EXIT_BAD_INPUT, what + "has " + error.what());
    }
}

void DocumentsFile::append(int number, const Document &document,
                           const std::vector<std::string> &pieces) {
    const std::string line = document_line(number, document, pieces) + "\n";
    file.write(line.data(), line.size());
}
