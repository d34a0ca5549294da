/* Token marks and the formulas of their detection. No model. */
#include "support.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "options.h"
#include "sampling.h"
#include "token_count.h"
#include "token_mark.h"
#include "token_statistics.h"

static bool is_near(double a, double b, double bound) { return std::fabs(a - b) <= bound; }

/* Found by another implementation, in Python, of what token_mark.h says. */
static void test_green_lists() {
    EXPECT(mix64(0) == 0xE220A8397B1DCDAFu, "SplitMix64's first output from seed 0");
    struct Case {
        TokenMarkKind kind;
        const char *key;
        int32_t previous;
        uint64_t seed;
        std::vector<int32_t> green; /* of tokens 0 to 23 */
    };
    const std::vector<Case> cases = {
        {TokenMarkKind::kgw, "secret", 7, 0x7A29735B77D14430u,
         {1, 2, 4, 8, 9, 14, 17, 18, 19, 23}},
        {TokenMarkKind::kgw, "a longer key text", 262143, 0x73A2537B7F246496u,
         {1, 7, 8, 9, 11, 19, 22, 23}},
        {TokenMarkKind::unigram, "secret", 7, 0x4D8E78FE49157942u, {1, 3, 4, 6, 12, 19, 22}},
    };
    for (const Case &one : cases) {
        const TokenMark mark(one.kind, one.key, 0.25, 2);
        EXPECT(mark.seed(one.previous) == one.seed, "key '%s'", one.key);
        std::vector<int32_t> green;
        for (int32_t token = 0; token < 24; ++token) {
            if (mark.is_green(one.seed, token)) green.push_back(token);
        }
        EXPECT(green == one.green, "key '%s' has %zu green tokens", one.key, green.size());
    }
    const TokenMark unigram(TokenMarkKind::unigram, "secret", 0.25, 2);
    const TokenMark longer(TokenMarkKind::kgw, "secret.", 0.25, 2);
    EXPECT(unigram.fingerprint.size() == 8 && unigram.fingerprint != longer.fingerprint,
           "two keys are called %s", unigram.fingerprint.c_str());
    EXPECT(unigram.fingerprint == TokenMark(TokenMarkKind::kgw, "secret", 0.5, 1).fingerprint,
           "a key has two names");
    EXPECT(unigram.seed(1) == unigram.seed(2), "unigram's list follows from the token before");
}

static void test_formulas() {
    EXPECT(is_near(green_z(60, 100, 0.25), 8.08290376865476, 1e-12), "%.17g", green_z(60, 100, .25));
    EXPECT(green_z(50, 100, 0.5) == 0, "%g", green_z(50, 100, 0.5));
    EXPECT(std::isnan(green_z(0, 0, 0.5)), "no token has no z");
    EXPECT(is_near(spike_modulus(0.5, 2), 0.7615941559557649, 1e-15), "%.17g",
           spike_modulus(0.5, 2));
    EXPECT(spike_modulus(0.5, 0) == 0, "%g", spike_modulus(0.5, 0));
    const std::vector<double> weights = entropy_weights({0.6, 0.8, 0.5, 0.7});
    for (size_t i = 0; i < 4; ++i) {
        const double expected[4] = {0.1, 0.3, 0, 0.2};
        EXPECT(is_near(weights[i], expected[i], 1e-15), "weight %zu is %.17g", i, weights[i]);
    }
    EXPECT(is_near(weighted_z(weights, {true, true, false, false}, 0.25), 1.5430334996209192, 1e-12),
           "%.17g", weighted_z(weights, {true, true, false, false}, 0.25));
    EXPECT(std::isnan(weighted_z({0, 0}, {true, false}, 0.5)), "weights of 0 have no z");
    EXPECT(entropy_weights({}).empty(), "no token has no weight");
}

/* A vocabulary of 4, and one whose size fits neither lanes nor chunks. */
static void test_softmax() {
    const double modulus = spike_modulus(0.5, 2);
    Softmax softmax;
    const Floats four = {2, 1, 0, -1};
    EXPECT(softmax.read(four.data(), four.size()), "four logits");
    for (size_t i = 0; i < 4; ++i) {
        EXPECT(is_near(softmax.log_probability(i), -0.4401896985611953 - double(i), 2e-7), "%.17g",
               softmax.log_probability(i));
    }
    EXPECT(is_near(softmax.spike_entropy(modulus), 0.7457346778775499, 2e-7), "%.17g",
           softmax.spike_entropy(modulus));
    Floats many;
    for (int i = 0; i < 1501; ++i) many.push_back(float(-0.01 * i));
    EXPECT(softmax.read(many.data(), many.size()), "1,501 logits");
    EXPECT(is_near(softmax.log_probability(700), -11.610165716466309, 1e-6), "%.17g",
           softmax.log_probability(700));
    EXPECT(is_near(softmax.spike_entropy(modulus), 0.996211282607206, 1e-6), "%.17g",
           softmax.spike_entropy(modulus));

    const float infinity = std::numeric_limits<float>::infinity();
    const Floats one = {-infinity, 3, -infinity, -infinity};
    EXPECT(softmax.read(one.data(), one.size()), "one possible token");
    EXPECT(is_near(softmax.log_probability(1), 0, 1e-15), "%g", softmax.log_probability(1));
    EXPECT(is_near(softmax.spike_entropy(modulus), 0.5676676416183064, 2e-7), "%.17g",
           softmax.spike_entropy(modulus));
    Floats bad(100, 1.0f);
    for (size_t place : {size_t(0), size_t(50), size_t(99)}) {
        bad[place] = std::numeric_limits<float>::quiet_NaN();
        EXPECT(!softmax.read(bad.data(), bad.size()), "NaN at %zu", place);
        EXPECT(logits_fault(bad.data(), bad.size()) != nullptr, "NaN at %zu", place);
        bad[place] = 1;
    }
    EXPECT(logits_fault(bad.data(), bad.size()) != nullptr, "logits that are all alike");
    bad[99] = -infinity;
    EXPECT(logits_fault(bad.data(), bad.size()) == nullptr, "a forbidden token");
    bad[0] = infinity;
    EXPECT(!softmax.read(bad.data(), bad.size()), "infinity");
    EXPECT(logits_fault(bad.data(), bad.size()) != nullptr, "infinity");
}

static void test_counts() {
    const TokenMark kgw(TokenMarkKind::kgw, "secret", 0.25, 2);
    TokenCount count(kgw);
    EXPECT(!count.takes(-1, 1), "kgw scores a token without one before it");
    EXPECT(count.takes(7, 1), "a pair"); // green, see above
    EXPECT(!count.takes(7, 1), "a pair counts twice");
    EXPECT(count.takes(7, 3), "another pair"); // not green
    EXPECT(count.n_scored() == 2 && count.n_green() == 1, "%zu of %zu", count.n_green(),
           count.n_scored());
    count.add_entropy(0.9);
    count.add_entropy(0.6);
    // Weights 0.3 and 0: (0.3 - 0.25 0.3) / sqrt(0.1875 0.09) = sqrt(3).
    EXPECT(is_near(count.z_ewd(), std::sqrt(3.0), 1e-12), "%.17g", count.z_ewd());
    // (1 - 0.5) / sqrt(2 0.1875)
    EXPECT(is_near(count.z(), 0.81649658092772603, 1e-12), "%.17g", count.z());

    const TokenMark unigram(TokenMarkKind::unigram, "secret", 0.25, 2);
    TokenCount tokens(unigram);
    EXPECT(tokens.takes(-1, 1), "unigram leaves the first token out");
    EXPECT(!tokens.takes(5, 1), "a token counts twice");
}

/* delta to the green tokens of the list that the token before gives, and nothing else. */
static void test_sampler() {
    Options options;
    options.token_mark = TokenMark(TokenMarkKind::kgw, "secret", 0.25, 3);
    const Sampler sampler = make_sampler(options, 0, 7);
    llama_sampler *bias = llama_sampler_chain_get(sampler.get(), 0);
    for (int32_t previous : {7, 262143}) {
        std::vector<llama_token_data> data;
        for (llama_token token = 0; token < 1000; ++token) data.push_back({token, -1.5f, 0});
        llama_token_data_array candidates = {data.data(), data.size(), -1, false};
        llama_sampler_apply(bias, &candidates);
        const uint64_t seed = options.token_mark.seed(previous);
        size_t n_wrong = 0;
        for (const llama_token_data &one : data) {
            const float expected = options.token_mark.is_green(seed, one.id) ? 1.5f : -1.5f;
            n_wrong += one.logit == expected ? 0 : 1;
        }
        EXPECT(n_wrong == 0, "%zu tokens behind %d", n_wrong, previous);
        llama_sampler_accept(sampler.get(), 262143);
    }
    options.temperature = 1;
    options.top_k = 5;
    options.top_p = 0.9f;
    const Sampler chain = make_sampler(options, 0, 7);
    std::string names;
    for (int i = 0; i < llama_sampler_chain_n(chain.get()); ++i) {
        names += std::string(llama_sampler_name(llama_sampler_chain_get(chain.get(), i))) + " ";
    }
    // llama.cpp marks samplers with '?' that it may leave out: at temperature 1 there is nothing to do.
    names.erase(std::remove(names.begin(), names.end(), '?'), names.end());
    EXPECT(names == "token-mark top-k top-p temp gumbel ", "the chain is %s", names.c_str());
    EXPECT(draw_seed(1, 2) != draw_seed(2, 1) && draw_seed(0, 1) != draw_seed(1, 0),
           "seeds of neighbouring places and seeds meet");
}

/* Three tokens by hand: p = (1/2, 1/4, 1/4), q = (1/4, 1/4, 1/2), so l = (-ln 2, 0, ln 2). */
static void test_replay() {
    const float infinity = std::numeric_limits<float>::infinity();
    const double two = std::log(2.0);
    for (float offset : {0.0f, 24.0f}) { // of all logits, which changes no probability
        const Floats plain = {float(two), 0, 0}, steered = {offset, offset, offset + float(two)};
        Softmax p, q;
        EXPECT(p.read(plain.data(), 3) && q.read(steered.data(), 3), "three logits");
        const LogRatioMoments moments = p.log_ratio_moments(q);
        EXPECT(is_near(moments.mean, -two / 4, 2e-6), "mean %.17g", moments.mean);
        EXPECT(is_near(moments.variance, two * two * 11 / 16, 4e-6), "%.17g", moments.variance);
        Replay replay;
        EXPECT(std::isnan(replay.z()), "no token has a z of %g", replay.z());
        for (size_t token : {2, 1}) {
            replay.add(q.log_probability(token) - p.log_probability(token), moments);
        }
        // ln 2 + ln 2 / 4, then 0 + ln 2 / 4
        EXPECT(replay.n_tokens == 2 && is_near(replay.innovation, two * 1.5, 4e-6), "%.17g",
               replay.innovation);
        EXPECT(is_near(replay.log_ratio, two, 4e-6), "%.17g", replay.log_ratio);
        EXPECT(is_near(replay.z(), 1.5 / std::sqrt(11.0 / 8), 8e-6), "%.17g", replay.z());
    }
    Softmax p, q;
    Floats plain, steered;
    for (int i = 0; i < 1501; ++i) {
        plain.push_back(float(8 * std::sin(0.37 * i)));
        steered.push_back(plain.back() + float(0.1 * std::cos(1.3 * i) - 5));
    }
    plain[700] = steered[700] = -infinity; // of no part in either
    EXPECT(p.read(plain.data(), plain.size()) && q.read(steered.data(), plain.size()), "1,501");
    double z_p = 0, z_q = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
        z_p += std::exp(double(plain[i]));
        z_q += std::exp(double(steered[i]));
    }
    for (size_t i = 0; i < plain.size(); ++i) {
        if (i == 700) continue;
        const double part = std::exp(double(plain[i])) / z_p;
        const double l = double(steered[i]) - std::log(z_q) - double(plain[i]) + std::log(z_p);
        mean += part * l;
        squares += part * l * l;
    }
    const LogRatioMoments moments = p.log_ratio_moments(q);
    EXPECT(is_near(moments.mean, mean, 2e-6), "%.17g, expected %.17g", moments.mean, mean);
    EXPECT(is_near(moments.variance / (squares - mean * mean), 1, 1e-4), "%.17g, expected %.17g",
           moments.variance, squares - mean * mean);
    const LogRatioMoments none = p.log_ratio_moments(p);
    EXPECT(none.mean == 0 && none.variance == 0, "the same twice: %g, %g", none.mean, none.variance);
    steered[3] = -infinity;
    q.read(steered.data(), plain.size());
    EXPECT(!std::isfinite(p.log_ratio_moments(q).mean), "a token that only one has");
}

/* Figures, not bounds: one position of a vocabulary of 262,144. */
static void print_speed() {
    std::vector<llama_token_data> data;
    Floats logits;
    for (llama_token token = 0; token < 262144; ++token) {
        logits.push_back(float(mix64(uint64_t(token)) >> 44) * 1e-5f);
        data.push_back({token, logits.back(), 0});
    }
    llama_token_data_array candidates = {data.data(), data.size(), -1, false};
    Options options;
    options.token_mark = TokenMark(TokenMarkKind::kgw, "secret", 0.5, 2);
    const Sampler sampler = make_sampler(options, 0, 7);
    Softmax softmax;
    double sink = 0;
    const auto best = [](auto work) {
        double least = 1e9;
        for (int i = 0; i < 20; ++i) {
            const auto start = std::chrono::steady_clock::now();
            work();
            const std::chrono::duration<double, std::milli> took
                = std::chrono::steady_clock::now() - start;
            least = std::min(least, took.count());
        }
        return least;
    };
    const double mark = best(
        [&] { llama_sampler_apply(llama_sampler_chain_get(sampler.get(), 0), &candidates); });
    const double read = best([&] { sink += softmax.read(logits.data(), logits.size()); });
    const double entropy = best([&] { sink += softmax.spike_entropy(0.7); });
    Softmax other;
    other.read(logits.data(), logits.size());
    const double ratio = best([&] { sink += softmax.log_ratio_moments(other).variance; });
    const double fault = best([&] { sink += logits_fault(logits.data(), logits.size()) ? 1 : 0; });
    std::printf("262,144 tokens: mark %.3f ms, softmax %.3f ms, spike entropy %.3f ms, log ratio %.3f"
                " ms, check %.3f ms (%g)\n",
                mark, read, entropy, ratio, fault, sink);
}

int main() {
    test_green_lists();
    test_formulas();
    test_softmax();
    test_counts();
    test_sampler();
    test_replay();
    print_speed();
    return finished("token_mark");
}
