/* One JSON object as its members' own bytes, so that they can be copied as they stand. */
#ifndef STEER_LLAMA_JSON_SCAN_H
#define STEER_LLAMA_JSON_SCAN_H

#include <stdexcept>
#include <string>
#include <vector>

/* Why a text is no object, without the place. */
struct JsonError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct JsonMember {
    std::string key;
    std::string value; /* as written */
    std::string whole; /* key, colon and value as written */
};

/* The members of the object that `text` is, in its order.
 *
 * json-c keeps the last of two equal keys, rounds long integers and takes NaN, so the grammar is
 * checked here, as strictly as the library does: RFC 8259, UTF-8, no key twice in one object,
 * integers of 64 bits, at most 64 containers inside one another, 1,000,000 values and 200,000 objects.
 * Throws JsonError. */
std::vector<JsonMember> scan_object(const std::string &text);

/* What a value stands for that is a string; throws JsonError when it is none. May hold NUL. */
std::string string_of(const std::string &value);

/* A value as written, cut where it is long, for messages. */
std::string shown(const std::string &value);

#endif
