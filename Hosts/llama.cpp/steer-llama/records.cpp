#include "records.h"

#include "failure.h"
#include "json.h"
#include "json_scan.h"
#include "lines.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

namespace {

/* A prompt gets a new text: nothing stays that was said of another, here or when it was scored. */
bool is_of_old_text(const std::string &key) {
    static const std::set<std::string> said
        = {"text", "tokens", "prompt_tokens", "finished", "edited", "watermark", "sampling",
           "token_mark", "error", "model", "log_likelihood", "perplexity", "cut", "scored", "green",
           "log_ratio", "log_ratios", "replay", "cost"};
    return said.count(key) > 0 || key.compare(0, 2, "z_") == 0;
}

/* Scores of other kinds, from earlier runs, stay beside what this run writes. */
std::set<std::string> written_of_texts(const Options &options) {
    std::set<std::string> written
        = {"tokens", "log_likelihood", "perplexity", "cut", "model", "error"};
    if (options.token_mark.is_on()) written.insert({"token_mark", "scored", "green", "z_unigram"});
    if (options.token_mark.needs_previous()) written.insert({"z_kgw", "z_ewd"});
    if (!options.sae.empty()) written.insert({"log_ratio", "replay"});
    // What an earlier mark cost says nothing of this one.
    if (options.token_mark.is_on() || !options.sae.empty()) written.insert("cost");
    if (options.wants_tokens) written.insert("log_ratios");
    return written;
}

class RecordReader {
public:
    explicit RecordReader(const Options &options)
        : has_prompts(!options.prompts_files.empty()), written(written_of_texts(options)) {}

    Record parse(const std::string &line) {
        const std::string needed = has_prompts ? "prompt" : "text";
        Record record;
        bool has_needed = false;
        rank = 0;
        for (const JsonMember &member : scan_object(line)) {
            if (has_prompts ? is_of_old_text(member.key) : written.count(member.key) > 0) continue;
            has_needed = has_needed || member.key == needed;
            take(member, record);
            record.members += (record.members.empty() ? "" : ",") + member.whole;
        }
        if (!has_needed) throw JsonError("'" + needed + "' is missing, expected a string");
        return record;
    }

private:
    void take(const JsonMember &member, Record &record) {
        if (member.key == "prompt") {
            record.prompt = string(member);
            record.has_prompt = true;
        }
        if (member.key == "text") record.text = string(member);
        if (member.key == "plan") {
            record.plan = string(member);
            if (record.plan.empty()) throw JsonError("'plan' is empty, expected a file or none");
            if (record.plan.find('\0') != std::string::npos) {
                throw JsonError("'plan' contains U+0000");
            }
        }
        if (member.key == "id") name(member.value, 1, record);
        if (member.key == "document") name(member.value, 3, record);
        if (!has_prompts) {
            if (member.key == "watermark" && member.value[0] == '{') {
                // A time is no name: what a line is called says nothing of when it was made.
                bool is_time = false;
                std::string document = "null";
                for (const JsonMember &inner : scan_object(member.value)) {
                    if (inner.key == "scheme") is_time = inner.value == "\"window\"";
                    if (inner.key == "document") document = inner.value;
                }
                name(document, is_time ? 4 : 2, record);
            }
            return;
        }
        if (member.key == "id" && !ids.insert(string(member)).second) {
            throw JsonError("'id' is " + shown(member.value)
                            + " as on an earlier line, expected another");
        }
        if (member.key == "seed") {
            const std::string &value = member.value;
            const bool is_whole = value.find_first_not_of("0123456789") == std::string::npos;
            const unsigned long long seed = is_whole ? std::strtoull(value.c_str(), nullptr, 10) : 0;
            if (!is_whole || seed > UINT32_MAX) {
                throw JsonError("'seed' is " + shown(value)
                                + ", expected a whole number from 0 to 4294967295");
            }
            record.has_seed = true;
            record.seed = uint32_t(seed);
        }
    }

    /* The name of the highest rank stands, whatever the members' order. null is none. */
    void name(const std::string &value, int value_rank, Record &record) {
        if (value_rank < rank || value == "null") return;
        rank = value_rank;
        record.document = value;
    }

    static std::string string(const JsonMember &member) {
        if (member.value[0] == '"') return string_of(member.value);
        throw JsonError("'" + member.key + "' is " + shown(member.value) + ", expected a string");
    }

    const bool has_prompts;
    const std::set<std::string> written;
    int rank = 0; /* of the record's document */
    std::set<std::string> ids;
};

} // namespace

std::vector<Record> read_records(const Options &options) {
    std::vector<Record> records;
    if (!options.has_records()) return records;
    const bool has_prompts = !options.prompts_files.empty();
    LineReader lines(has_prompts ? options.prompts_files : options.score_files,
                     max_json_line_bytes);
    RecordReader reader(options);
    for (std::string line; lines.next(line);) {
        try {
            records.push_back(reader.parse(line));
        } catch (const JsonError &error) {
            throw Failure(EXIT_BAD_INPUT, lines.place() + ": " + error.what());
        }
        records.back().place = lines.place();
    }
    if (records.empty()) {
        throw Failure(EXIT_BAD_INPUT, std::string(options.records_flag()) + " "
                                          + (has_prompts ? options.prompts_files
                                                         : options.score_files)[0]
                                          + " holds no line, expected at least one");
    }
    return records;
}

void RecordsFile::add(size_t index, const std::string &members) {
    const std::string &kept = records[index].members;
    waiting[index] = "{" + kept + (kept.empty() ? "" : ",") + members + "}\n";
    for (auto next = waiting.begin(); next != waiting.end() && next->first == n_written;
         next = waiting.erase(next)) {
        file.write(next->second.data(), next->second.size());
        n_written += 1;
    }
}

void RecordsFile::finish() {
    file.close();
    file.publish();
}

std::string json_number(double value) {
    if (!std::isfinite(value)) return "null";
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}
