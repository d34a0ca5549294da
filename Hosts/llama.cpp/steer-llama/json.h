/* Text as a JSON string. */
#ifndef STEER_LLAMA_JSON_H
#define STEER_LLAMA_JSON_H

#include <string>

/* The length of the valid UTF-8 sequence at `at`, 0 when there is none. */
inline size_t utf8_length(const std::string &text, size_t at) {
    const auto byte = [&](size_t i) { return i < text.size() ? (unsigned char)text[i] : 0u; };
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned second = byte(at + 1); // overlong forms, surrogates, beyond U+10FFFF
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
        || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return 0;
    return length;
}

/* Quoted. What is not UTF-8 (a token may hold half a character) becomes U+FFFD. */
inline std::string json_text(const std::string &text) {
    static const char digits[] = "0123456789abcdef";
    std::string result = "\"";
    for (size_t i = 0; i < text.size();) {
        const size_t length = utf8_length(text, i);
        const unsigned char c = (unsigned char)text[i];
        if (length == 0) {
            result += "\xEF\xBF\xBD";
            i += 1;
            continue;
        }
        if (c == '"' || c == '\\') {
            result += '\\';
            result += char(c);
        } else if (c == '\n') {
            result += "\\n";
        } else if (c < 0x20) {
            result += "\\u00";
            result += digits[c >> 4];
            result += digits[c & 15];
        } else {
            result += text.substr(i, length);
        }
        i += length;
    }
    return result + "\"";
}

#endif
