#include "report.h"

#include "json.h"

#include <cmath>
#include <cstdio>

/* A plain path on standard output, as it was given. */
void print_text(const Completions &completions) {
    std::printf("%zu prompts, %zu tokens at %.1f tokens/s\n%s\n", completions.n_prompts,
                completions.n_tokens, completions.tokens_per_second, completions.file.c_str());
}

void print_json(const Completions &completions) {
    std::printf("{\n  \"prompts\": %zu,\n  \"tokens\": %zu,\n  \"tokens_per_second\": %.2f,\n"
                "  \"file\": %s\n}\n",
                completions.n_prompts, completions.n_tokens, completions.tokens_per_second,
                json_text(completions.file).c_str());
}

static double perplexity(const Scores &scores) {
    return std::exp(-scores.log_likelihood / double(scores.n_scored));
}

/* What is said of one text after a look at it alone. */
static void print_verdict(const TextVerdict &text) {
    const uint32_t flags = text.verdict.flags;
    char number[40];
    std::snprintf(number, sizeof number, "%.2f", text.z);
    const std::string z = std::isfinite(text.z) ? number : "undefined";
    std::printf("%s: ", text.place.c_str());
    if (!(flags & STEER_VERDICT_HAS_P)) {
        std::printf("%s than every null text, z %s\n",
                    flags & STEER_VERDICT_BEYOND_CALIBRATION ? "longer" : "shorter", z.c_str());
        return;
    }
    std::printf("%s, p %.3g, z %s\n", flags & STEER_VERDICT_FLAGGED ? "flagged" : "not flagged",
                text.verdict.p, z.c_str());
}

static size_t count_flagged(const Scores &scores) {
    size_t count = 0;
    for (const TextVerdict &text : scores.verdicts) {
        count += text.verdict.flags & STEER_VERDICT_FLAGGED ? 1 : 0;
    }
    return count;
}

void print_text(const Scores &scores) {
    for (const TextVerdict &text : scores.verdicts) print_verdict(text);
    std::printf("%zu texts, %zu of them cut, %zu tokens at %.1f tokens/s\n", scores.n_texts,
                scores.n_cut, scores.n_tokens, scores.tokens_per_second);
    if (scores.n_scored > 0) std::printf("perplexity %.3f\n", perplexity(scores));
    if (!scores.verdicts.empty()) {
        std::printf("%zu of %zu texts flagged\n", count_flagged(scores),
                    scores.verdicts.size());
    }
    std::printf("%s\n", scores.file.c_str());
}

void print_json(const Scores &scores) {
    std::printf("{\n  \"texts\": %zu,\n  \"cut\": %zu,\n  \"tokens\": %zu,\n"
                "  \"tokens_per_second\": %.2f,\n  \"perplexity\": %s,\n",
                scores.n_texts, scores.n_cut, scores.n_tokens, scores.tokens_per_second,
                json_number(perplexity(scores)).c_str());
    if (!scores.verdicts.empty()) {
        std::printf("  \"verdicts\": %zu,\n  \"flagged\": %zu,\n", scores.verdicts.size(),
                    count_flagged(scores));
    }
    if (scores.n_failed > 0) std::printf("  \"failed\": %zu,\n", scores.n_failed);
    std::printf("  \"file\": %s\n}\n", json_text(scores.file).c_str());
}
