/* Drawing by noise of seed, place and token, and what such draws cost. No model. */
#include "support.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "drawing.h"
#include "gumbel.h"
#include "options.h"
#include "sampling.h"

using Candidates = std::vector<llama_token_data>;

static Candidates candidates_of(const Floats &logits) {
    Candidates data;
    for (size_t i = 0; i < logits.size(); ++i) data.push_back({llama_token(i), logits[i], 0});
    return data;
}

static std::vector<double> softmax_of(const Floats &logits) {
    std::vector<double> parts;
    double sum = 0;
    for (float logit : logits) parts.push_back(std::exp(double(logit)));
    for (double part : parts) sum += part;
    for (double &part : parts) part /= sum;
    return parts;
}

/* The draw at the chain's place, which then moves on. */
static llama_token draw(llama_sampler *chain, Candidates data) {
    llama_token_data_array array = {data.data(), data.size(), -1, false};
    llama_sampler_apply(chain, &array);
    const llama_token token = array.data[array.selected].id;
    llama_sampler_accept(chain, token);
    return token;
}

static double chi_square(const std::vector<size_t> &counts, const std::vector<double> &parts) {
    double total = 0, sum = 0;
    for (size_t count : counts) total += double(count);
    for (size_t i = 0; i < parts.size(); ++i) {
        const double expected = total * parts[i];
        sum += (double(counts[i]) - expected) * (double(counts[i]) - expected) / expected;
    }
    return sum;
}

/* 1 of 1,000 sums with 7 degrees of freedom passes 24.32, with 63 of them 103.4. Places and seeds are taken as
 * they follow one another. */
static void test_distribution() {
    const Floats logits = {1.5f, 1.0f, 0.5f, 0, -0.5f, -1, -2, -3};
    const std::vector<double> parts = softmax_of(logits);
    Options options;
    options.temperature = 1;
    const size_t n = 100000;
    {
        const Sampler sampler = make_sampler(options, 7, 0);
        std::vector<size_t> counts(8), pairs(64);
        llama_token previous = 0;
        for (size_t i = 0; i < n; ++i) {
            const llama_token token = draw(sampler.get(), candidates_of(logits));
            counts[size_t(token)] += 1;
            if (i > 0) pairs[size_t(previous) * 8 + size_t(token)] += 1;
            previous = token;
        }
        EXPECT(chi_square(counts, parts) < 24.32, "places: %g", chi_square(counts, parts));
        std::vector<double> pair_parts;
        for (double a : parts) {
            for (double b : parts) pair_parts.push_back(a * b);
        }
        EXPECT(chi_square(pairs, pair_parts) < 103.4, "pairs: %g", chi_square(pairs, pair_parts));
    }
    std::vector<size_t> counts(8);
    for (size_t seed = 0; seed < n; ++seed) {
        const Sampler sampler = make_sampler(options, uint32_t(seed), 0);
        counts[size_t(draw(sampler.get(), candidates_of(logits)))] += 1;
    }
    EXPECT(chi_square(counts, parts) < 24.32, "seeds: %g", chi_square(counts, parts));
}

/* Temperature 2, top-k 5 and top-p 0.9 before the draw: 5 tokens of probability e^(logit / 2) / sum. */
static void test_chain() {
    const Floats logits = {1.5f, 1.0f, 0.5f, 0, -0.5f, -1, -2, -3};
    Options options;
    options.temperature = 2;
    options.top_k = 5;
    options.top_p = 0.9f; // four of the five hold 0.942 of their part, three 0.846
    const std::vector<double> parts = softmax_of({0.75f, 0.5f, 0.25f, 0});
    const Sampler sampler = make_sampler(options, 7, 0);
    std::vector<size_t> counts(8);
    for (size_t i = 0; i < 50000; ++i) {
        counts[size_t(draw(sampler.get(), candidates_of(logits)))] += 1;
    }
    for (size_t i = 4; i < 8; ++i) EXPECT(counts[i] == 0, "%zu draws of %zu", counts[i], i);
    counts.resize(4);
    EXPECT(chi_square(counts, parts) < 16.27, "chain: %g", chi_square(counts, parts)); // 3 degrees
}

/* The noise is the token's own: neither the others nor their order matter, and a reset begins anew. */
static void test_noise() {
    Floats logits;
    for (int i = 0; i < 1000; ++i) logits.push_back(float(2 * std::sin(0.7 * i)));
    Options options;
    options.temperature = 1;
    const Sampler a = make_sampler(options, 3, 0), b = make_sampler(options, 3, 0);
    std::vector<llama_token> first;
    for (int i = 0; i < 200; ++i) {
        Candidates turned = candidates_of(logits);
        std::reverse(turned.begin(), turned.end());
        first.push_back(draw(a.get(), candidates_of(logits)));
        EXPECT(first.back() == draw(b.get(), turned), "the order of candidates changes draw %d", i);
        double best = -INFINITY;
        llama_token expected = -1;
        for (llama_token token = 0; token < 1000; ++token) {
            const double value = double(logits[size_t(token)])
                + gumbel(gumbel_state(3, uint64_t(i)), token);
            if (value > best) expected = token;
            best = std::max(best, value);
        }
        EXPECT(first.back() == expected, "draw %d is %d, expected %d", i, first.back(), expected);
    }
    llama_sampler_reset(a.get());
    EXPECT(draw(a.get(), candidates_of(logits)) == first[0], "a reset does not begin anew");
    const Sampler copy(llama_sampler_clone(a.get()));
    EXPECT(draw(copy.get(), candidates_of(logits)) == first[1], "a copy is at another place");
    const Sampler last = make_sampler(options, UINT32_MAX, 0), next = make_sampler(options, 4, 0);
    size_t n_same = 0;
    for (int i = 0; i < 200; ++i) {
        n_same += draw(last.get(), candidates_of(logits)) == draw(next.get(), candidates_of(logits));
    }
    EXPECT(n_same < 10, "%zu of 200 draws are alike with two seeds", n_same);
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT(draw(next.get(), candidates_of({-infinity, -infinity, -90, -infinity})) == 2, "forbidden");
}

/* Two draws from the same noise differ with a probability of at most 2 TV / (1 + TV); with noise of their
 * own two draws from this distribution differ nearly always. */
static void test_coupling() {
    Floats plain, steered;
    for (int i = 0; i < 1000; ++i) {
        plain.push_back(float(2 * std::sin(0.7 * i)));
        steered.push_back(plain.back() + float(0.05 * std::cos(1.3 * i)));
    }
    const std::vector<double> p = softmax_of(plain), q = softmax_of(steered);
    double distance = 0;
    for (size_t i = 0; i < p.size(); ++i) distance += std::fabs(p[i] - q[i]) / 2;
    Options options;
    options.temperature = 1;
    const Sampler a = make_sampler(options, 5, 0), b = make_sampler(options, 5, 0);
    const int n = 4000;
    double n_changed = 0;
    for (int i = 0; i < n; ++i) {
        n_changed += draw(a.get(), candidates_of(plain)) != draw(b.get(), candidates_of(steered));
    }
    const double bound = 2 * distance / (1 + distance);
    const double most = bound + 4 * std::sqrt(bound * (1 - bound) / n);
    EXPECT(n_changed / n <= most, "%g of the draws differ, expected %g", n_changed / n, most);
    EXPECT(n_changed > 0, "no draw differs");
    std::printf("%.4f of the draws differ, at a distance of %.4f\n", n_changed / n, distance);
}

/* drawing_cost against llama.cpp's own samplers. */
static void test_cost() {
    Floats plain, steered;
    for (int i = 0; i < 1501; ++i) {
        plain.push_back(float(5 * std::sin(0.37 * i)));
        steered.push_back(plain.back() + float(0.8 * std::cos(1.3 * i)));
    }
    Softmax p, q;
    EXPECT(p.read(plain.data(), plain.size()) && q.read(steered.data(), plain.size()), "1,501");
    const std::vector<double> parts = softmax_of(plain);
    for (const Drawing &drawing : {Drawing{40, 1, 1}, Drawing{40, 0.8, 0.7}, Drawing{1, 1, 1},
                                   Drawing{5000, 0.95, 1.5}}) {
        double expected = 0;
        for (const Floats *logits : {&steered, &plain}) {
            const Sampler chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
            llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(drawing.top_k));
            llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(float(drawing.top_p), 1));
            llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(float(drawing.temperature)));
            Candidates data = candidates_of(*logits);
            llama_token_data_array array = {data.data(), data.size(), -1, false};
            llama_sampler_apply(chain.get(), &array);
            double weights = 0, surprise = 0;
            for (size_t i = 0; i < array.size; ++i) {
                const double weight = std::exp(double(array.data[i].logit));
                weights += weight;
                surprise -= weight * std::log(parts[size_t(array.data[i].id)]);
            }
            expected += (logits == &steered ? 1 : -1) * surprise / weights;
        }
        const double found = drawing_cost(p, q, drawing);
        EXPECT(std::fabs(found - expected) < 1e-5, "top-k %d: %.9g, expected %.9g", drawing.top_k,
               found, expected);
        EXPECT(drawing_cost(p, p, drawing) == 0, "the same model has a cost");
    }
}

int main() {
    test_distribution();
    test_chain();
    test_noise();
    test_coupling();
    test_cost();
    return finished("gumbel");
}
