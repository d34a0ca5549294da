#include "scored_text.h"

#include "records.h"

#include <cmath>

std::string Score::replay_members(const Watermark *key) {
    const bool is_keyed = key && !treatment.mark.json.empty();
    std::string members = treatment.mark.json;
    if (is_keyed) members += ",\"strength\":" + json_number(key->used_strength()) + ",";
    members += "\"tokens\":" + std::to_string(replay.n_tokens);
    if (is_price(key)) return members + ",\"cost\":" + json_number(replay.cost);
    members += ",\"innovation\":" + json_number(replay.innovation) + ",\"variance\":"
        + json_number(replay.variance) + ",\"log_ratio\":" + json_number(replay.log_ratio)
        + ",\"z\":" + json_number(replay.z());
    if (has_cost) members += ",\"cost\":" + json_number(replay.cost);
    if (!is_keyed || !key->has_nulls()) return members;
    if (!key->has_verdicts()) return members + ",\"p\":null,\"flagged\":null";
    steer_replay_t reading = STEER_REPLAY_INIT;
    reading.strength = key->used_strength();
    reading.n_tokens = replay.n_tokens;
    reading.innovation = replay.innovation;
    reading.variance = replay.variance;
    reading.log_ratio = replay.log_ratio;
    has_verdict = true;
    verdict = key->verdict(reading);
    const bool has_p = verdict.flags & STEER_VERDICT_HAS_P;
    return members + ",\"p\":" + (has_p ? json_number(verdict.p) : "null") + ",\"flagged\":"
        + (verdict.flags & STEER_VERDICT_FLAGGED ? "true" : "false");
}

/* The plan was that of the mark: what it says of the text is not what null texts were compared with. */
bool Score::is_price(const Watermark *key) const {
    return has_cost && key && !treatment.mark.json.empty();
}

std::string Score::members(const std::string &origin, const Watermark *key, bool has_plans,
                           bool wants_tokens) {
    const size_t n = text.n_scored();
    const double mean = log_likelihood / double(n);
    std::string members = "\"tokens\":" + std::to_string(n) + ",\"log_likelihood\":"
        + json_number(log_likelihood) + ",\"perplexity\":" + json_number(std::exp(-mean))
        + ",\"cut\":" + (text.is_cut ? "true" : "false") + "," + origin;
    if (mark.is_on()) {
        const bool is_kgw = mark.kind == TokenMarkKind::kgw;
        members += ",\"scored\":" + std::to_string(count.n_scored())
            + ",\"green\":" + std::to_string(count.n_green())
            + (is_kgw ? ",\"z_kgw\":" : ",\"z_unigram\":") + json_number(count.z());
        if (is_kgw) {
            members += ",\"z_ewd\":" + json_number(count.z_ewd()) + ",\"z_unigram\":"
                + json_number(unigram.z());
        }
        if (has_cost) members += ",\"cost\":" + json_number(mark_cost);
    }
    if (!has_plans) return members;
    const bool is_replayed = treatment.plan && n > 0;
    if (is_replayed) members += ",\"replay\":{" + replay_members(key) + "}";
    if (is_price(key)) return members;
    if (is_replayed && wants_tokens) {
        members += ",\"log_ratios\":[";
        for (size_t i = 0; i < log_ratios.size(); ++i) {
            members += (i ? "," : "") + json_number(log_ratios[i]);
        }
        members += "]";
    }
    return members + ",\"log_ratio\":" + (is_replayed ? json_number(replay.log_ratio) : "null");
}
