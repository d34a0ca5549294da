#include "report.h"

#include "json.h"

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

/* Text for a terminal: control characters and broken UTF-8 become U+FFFD, line ends stay. */
std::string printable(const std::string &text) {
    std::string result;
    for (size_t i = 0; i < text.size();) {
        const size_t length = utf8_length(text, i);
        const unsigned char c = (unsigned char)text[i];
        // C1 controls are two bytes: C2 80 to C2 9F.
        const bool is_c1 = length == 2 && c == 0xC2 && (unsigned char)text[i + 1] < 0xA0;
        if (length == 0 || is_c1 || (c < 0x20 && c != '\n') || c == 0x7F) {
            result += c == '\t' ? "    " : "\xEF\xBF\xBD";
            i += length ? length : 1;
            continue;
        }
        result += text.substr(i, length);
        i += length;
    }
    return result;
}

int character_width(const std::string &character) {
    wchar_t wide = 0;
    std::mbstate_t state = std::mbstate_t();
    const size_t read = std::mbrtowc(&wide, character.data(), character.size(), &state);
    const int width = read == size_t(-1) || read == size_t(-2) ? 1 : wcwidth(wide);
    return width < 0 ? 1 : width;
}

struct Line {
    std::string text;
    int width = 0;
};

/* Breaks at spaces where it can. */
std::vector<Line> wrap(const std::string &text, int limit) {
    std::vector<Line> lines(1);
    size_t break_at = std::string::npos; // in the last line's bytes, behind a space
    int break_width = 0;
    for (size_t i = 0; i < text.size();) {
        const std::string character = text.substr(i, std::max<size_t>(1, utf8_length(text, i)));
        i += character.size();
        if (character == "\n") {
            lines.emplace_back();
            break_at = std::string::npos;
            continue;
        }
        const int width = character_width(character);
        if (lines.back().width + width > limit) {
            Line rest;
            if (break_at != std::string::npos) {
                Line &full = lines.back();
                rest.text = full.text.substr(break_at);
                rest.width = full.width - break_width;
                full.text.resize(break_at);
                full.width = break_width;
            }
            lines.push_back(rest);
            break_at = std::string::npos;
        }
        lines.back().text += character;
        lines.back().width += width;
        if (character == " ") {
            break_at = lines.back().text.size();
            break_width = lines.back().width;
        }
    }
    return lines;
}

int terminal_width() {
    winsize size{};
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

void print_columns(const std::string &left, const std::string &right, int width) {
    const int column = (width - 3) / 2;
    const std::vector<Line> lefts = wrap("un-steered\n" + printable(left), column);
    const std::vector<Line> rights = wrap("steered\n" + printable(right), column);
    for (size_t i = 0; i < std::max(lefts.size(), rights.size()); ++i) {
        const Line a = i < lefts.size() ? lefts[i] : Line();
        const Line b = i < rights.size() ? rights[i] : Line();
        std::printf("%s%*s | %s\n", a.text.c_str(), column - a.width, "", b.text.c_str());
    }
}

std::string sentence(const steering::Applied &applied) {
    std::string text = "applied to " + std::to_string(applied.edited) + " of "
        + std::to_string(applied.rows) + " rows (layer " + std::to_string(applied.layer) + ", "
        + std::to_string(applied.in_scope) + " in scope";
    if (applied.undefined > 0) text += ", " + std::to_string(applied.undefined) + " undefined";
    return text + ")";
}

std::string json_numbers(const std::vector<llama_token> &tokens) {
    std::string text = "[";
    for (size_t i = 0; i < tokens.size(); ++i) {
        text += (i ? ", " : "") + std::to_string(tokens[i]);
    }
    return text + "]";
}

std::string json_applied(const std::vector<steering::Applied> &all) {
    std::string text = "[";
    for (size_t i = 0; i < all.size(); ++i) {
        text += std::string(i ? ", " : "") + "{\"layer\": " + std::to_string(all[i].layer)
            + ", \"rows\": " + std::to_string(all[i].rows)
            + ", \"rows_in_scope\": " + std::to_string(all[i].in_scope)
            + ", \"rows_edited\": " + std::to_string(all[i].edited)
            + ", \"rows_undefined\": " + std::to_string(all[i].undefined) + "}";
    }
    return text + "]";
}

std::string json_texts(const std::vector<std::string> &texts) {
    std::string text = "[";
    for (size_t i = 0; i < texts.size(); ++i) text += (i ? ", " : "") + json_text(texts[i]);
    return text + "]";
}

} // namespace

void print_text(const Options &options, const Generation &generation) {
    std::setlocale(LC_CTYPE, "");
    const int width = terminal_width();
    const auto &all = generation.continuations;
    for (size_t i = 0; i < all.size(); ++i) {
        const Continuation &one = all[i];
        const bool is_first = i == 0 || all[i - 1].prompt != one.prompt;
        if (is_first) {
            std::printf("%sprompt: %s\n", i ? "\n" : "",
                        printable(options.prompts[one.prompt].text).c_str());
        }
        const bool has_twin = i + 1 < all.size() && all[i + 1].prompt == one.prompt;
        if (has_twin && width >= 80) {
            print_columns(one.text, all[i + 1].text, width);
        } else if (is_first || width < 80) {
            std::printf("%s: %s\n", one.is_steered ? "steered" : "un-steered",
                        printable(one.text).c_str());
        }
        for (const steering::Applied &applied : one.applied) {
            std::printf("%s\n", sentence(applied).c_str());
        }
        if (!one.mark.empty()) std::printf("watermark {%s}\n", printable(one.mark).c_str());
    }
    std::printf("\n%.1f tokens/s in %zu sequence%s, prompts %.1f tokens/s\n",
                generation.tokens_per_second, all.size(), all.size() == 1 ? "" : "s",
                generation.prompt_tokens_per_second);
    for (const std::string &note : generation.notes) {
        std::printf("note: %s\n", printable(note).c_str());
    }
}

void print_json(const Options &options, const Generation &generation) {
    std::printf("{\n  \"model\": %s,\n  \"layer\": %s,\n  \"prompts\": [",
                json_text(options.model).c_str(),
                generation.layer < 0 ? "null" : std::to_string(generation.layer).c_str());
    for (size_t i = 0; i < options.prompts.size(); ++i) {
        std::printf("%s\n    {\n      \"prompt\": %s,\n      \"prompt_tokens\": %s", i ? "," : "",
                    json_text(options.prompts[i].text).c_str(),
                    json_numbers(generation.prompt_tokens[i]).c_str());
        for (const Continuation &one : generation.continuations) {
            if (one.prompt != i) continue;
            std::printf(",\n      \"%s\": {\n        \"text\": %s,\n        \"tokens\": %s",
                        one.is_steered ? "steered" : "unsteered", json_text(one.text).c_str(),
                        json_numbers(one.tokens).c_str());
            if (one.is_steered) {
                std::printf(",\n        \"applied\": %s", json_applied(one.applied).c_str());
            }
            if (!one.mark.empty()) {
                std::printf(",\n        \"watermark\": {%s}", one.mark.c_str());
            }
            std::printf("\n      }");
        }
        std::printf("\n    }");
    }
    std::printf("\n  ],\n  \"tokens_per_second\": %.2f,\n  \"prompt_tokens_per_second\": %.2f,\n"
                "  \"notes\": %s\n}\n",
                generation.tokens_per_second, generation.prompt_tokens_per_second,
                json_texts(generation.notes).c_str());
}

void print_text(const TextCapture &capture) {
    std::printf("%zu documents, %zu windows, %zu rows at %.1f tokens/s\n", capture.n_documents,
                capture.n_windows, capture.n_tokens, capture.tokens_per_second);
    for (const steering::Applied &applied : capture.applied) {
        std::printf("%s\n", sentence(applied).c_str());
    }
    for (const auto *paths : {&capture.files, &capture.documents_files}) {
        for (const std::string &path : *paths) std::printf("%s\n", printable(path).c_str());
    }
}

void print_json(const TextCapture &capture) {
    std::printf("{\n  \"documents\": %zu,\n  \"windows\": %zu,\n  \"rows\": %zu,\n"
                "  \"tokens_per_second\": %.2f,\n  \"applied\": %s,\n  \"files\": %s,\n"
                "  \"documents_files\": %s\n}\n",
                capture.n_documents, capture.n_windows, capture.n_tokens, capture.tokens_per_second,
                json_applied(capture.applied).c_str(), json_texts(capture.files).c_str(),
                json_texts(capture.documents_files).c_str());
}
