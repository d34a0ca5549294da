#include "json_scan.h"

#include "json.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include <json-c/json.h>

namespace {

const size_t max_depth = 64;
const size_t max_values = 1000000; // containers included, keys not
const size_t max_objects = 200000;

class Scanner {
public:
    explicit Scanner(const std::string &text) : text(text) {}

    std::vector<JsonMember> object() {
        space();
        if (peek() != '{') throw JsonError("found " + found() + ", expected an object");
        std::vector<JsonMember> members;
        container(&members);
        space();
        if (at < text.size()) throw JsonError("found " + found() + " after the object");
        return members;
    }

private:
    int peek() const { return at < text.size() ? (unsigned char)text[at] : -1; }

    std::string found() const {
        const int c = peek();
        if (c < 0) return "the end of the line";
        const size_t length = utf8_length(text, at);
        // C1 controls are two bytes: C2 80 to C2 9F.
        const bool is_c1 = length == 2 && c == 0xC2 && (unsigned char)text[at + 1] < 0xA0;
        if (length == 0 || c < 0x20 || c == 0x7F || is_c1) return "byte " + std::to_string(c);
        return "'" + text.substr(at, length) + "'";
    }

    void space() {
        while (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') ++at;
    }

    bool takes(int c) {
        if (peek() != c) return false;
        ++at;
        return true;
    }

    /* The container that begins here; with `members` those of the object are kept. Recursion is
     * bounded by the depth. */
    void container(std::vector<JsonMember> *members) {
        if (++depth > max_depth) {
            throw JsonError("more than " + std::to_string(max_depth)
                            + " containers stand inside one another");
        }
        const bool is_object = text[at++] == '{';
        if (is_object && ++n_objects > max_objects) {
            throw JsonError("more than " + std::to_string(max_objects) + " objects");
        }
        const char end = is_object ? '}' : ']';
        std::set<std::string> keys;
        space();
        if (!takes(end)) {
            for (;;) {
                space();
                const size_t begin = at;
                std::string name;
                if (is_object) name = key(keys);
                space();
                const size_t value_begin = at;
                value();
                if (members) {
                    members->push_back({name, text.substr(value_begin, at - value_begin),
                                        text.substr(begin, at - begin)});
                }
                space();
                if (takes(end)) break;
                if (!takes(',')) {
                    throw JsonError("found " + found() + ", expected ',' or '" + end + "'");
                }
            }
        }
        --depth;
    }

    std::string key(std::set<std::string> &keys) {
        if (peek() != '"') throw JsonError("found " + found() + ", expected a key in quotes");
        const size_t begin = at;
        string();
        const std::string name = string_of(text.substr(begin, at - begin));
        if (name.find('\0') != std::string::npos) throw JsonError("a key contains U+0000");
        if (!keys.insert(name).second) throw JsonError("key " + json_text(name) + " stands twice");
        space();
        if (!takes(':')) throw JsonError("found " + found() + ", expected ':' after a key");
        return name;
    }

    void value() {
        if (++n_values > max_values) {
            throw JsonError("more than " + std::to_string(max_values) + " values");
        }
        const int c = peek();
        if (c == '{' || c == '[') container(nullptr);
        else if (c == '"') string();
        else if (c == '-' || is_digit(c)) number();
        else if (c == 't') word("true");
        else if (c == 'f') word("false");
        else if (c == 'n') word("null");
        else throw JsonError("found " + found() + ", expected a value");
    }

    void word(const char *expected) {
        if (text.compare(at, std::strlen(expected), expected) != 0) {
            throw JsonError(std::string("found an unknown word, expected ") + expected);
        }
        at += std::strlen(expected);
    }

    static bool is_digit(int c) { return c >= '0' && c <= '9'; }

    size_t digits() {
        const size_t begin = at;
        while (is_digit(peek())) ++at;
        if (at == begin) throw JsonError("found " + found() + ", expected a digit");
        return at - begin;
    }

    void number() {
        const size_t begin = at;
        const bool is_negative = takes('-');
        const bool has_zero = peek() == '0';
        if (digits() > 1 && has_zero) throw JsonError("a number starts with 0");
        bool is_integer = true;
        if (takes('.')) {
            is_integer = false;
            digits();
        }
        if (takes('e') || takes('E')) {
            is_integer = false;
            if (!takes('+')) takes('-');
            digits();
        }
        const std::string written = text.substr(begin, at - begin);
        errno = 0;
        if (is_integer && is_negative) std::strtoll(written.c_str(), nullptr, 10);
        else if (is_integer) std::strtoull(written.c_str(), nullptr, 10);
        const bool is_lost = is_integer ? errno == ERANGE
                                        : std::isinf(std::strtod(written.c_str(), nullptr));
        if (is_lost) throw JsonError("number " + written.substr(0, 40) + " is out of range");
    }

    int hexadecimal(size_t place) const {
        int unit = 0;
        for (size_t i = place; i < place + 4; ++i) {
            const int c = i < text.size() ? (unsigned char)text[i] : 0;
            const int lower = c | 0x20;
            if (is_digit(c)) unit = unit * 16 + (c - '0');
            else if (lower >= 'a' && lower <= 'f') unit = unit * 16 + (lower - 'a' + 10);
            else return -1;
        }
        return unit;
    }

    void escape() {
        const int kind = at + 1 < text.size() ? (unsigned char)text[at + 1] : 0;
        if (kind != 'u') {
            if (kind == 0 || !std::strchr("\"\\/bfnrt", kind)) {
                throw JsonError("a string contains an invalid escape");
            }
            at += 2;
            return;
        }
        const int unit = hexadecimal(at + 2);
        const bool is_high = unit >= 0xD800 && unit < 0xDC00;
        const int low = is_high && text.compare(at + 6, 2, "\\u") == 0 ? hexadecimal(at + 8) : 0;
        const bool is_paired = low >= 0xDC00 && low < 0xE000;
        if (unit < 0 || (unit >= 0xD800 && unit < 0xE000 && !is_paired)) {
            throw JsonError("a string contains an invalid escape");
        }
        at += is_high ? 12 : 6;
    }

    void string() {
        ++at;
        while (!takes('"')) {
            const int c = peek();
            const size_t length = c < 0 ? 0 : utf8_length(text, at);
            if (c < 0) throw JsonError("a string does not end");
            if (c < 0x20) throw JsonError("a string contains " + found() + ", expected an escape");
            if (length == 0) throw JsonError("a string contains " + found() + ", expected UTF-8");
            if (c == '\\') escape();
            else at += length;
        }
    }

    const std::string &text;
    size_t at = 0;
    size_t depth = 0;
    size_t n_values = 1; // the object itself
    size_t n_objects = 0;
};

struct TokenerDeleter {
    void operator()(json_tokener *tokener) const { json_tokener_free(tokener); }
};
struct ObjectDeleter {
    void operator()(json_object *object) const { json_object_put(object); }
};

} // namespace

std::vector<JsonMember> scan_object(const std::string &text) { return Scanner(text).object(); }

std::string string_of(const std::string &value) {
    if (value.empty() || value[0] != '"') throw JsonError("no string");
    if (value.find('\\') == std::string::npos) return value.substr(1, value.size() - 2);
    const std::unique_ptr<json_tokener, TokenerDeleter> tokener(json_tokener_new());
    if (!tokener) throw std::bad_alloc();
    json_tokener_set_flags(tokener.get(), JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    const std::unique_ptr<json_object, ObjectDeleter> object(
        json_tokener_parse_ex(tokener.get(), value.data(), int(value.size())));
    if (!json_object_is_type(object.get(), json_type_string)) throw JsonError("no string");
    return std::string(json_object_get_string(object.get()),
                       size_t(json_object_get_string_len(object.get())));
}

std::string shown(const std::string &value) {
    size_t end = 0;
    while (end < value.size() && end < 60) {
        const size_t length = utf8_length(value, end);
        end += length > 0 ? length : 1;
    }
    return value.substr(0, end) + (end < value.size() ? "..." : "");
}
