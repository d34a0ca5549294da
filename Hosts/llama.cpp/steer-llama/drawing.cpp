#include "drawing.h"

#include <algorithm>
#include <cmath>

namespace {

struct Token {
    double log_probability;
    size_t place;
};

bool is_likelier(const Token &a, const Token &b) {
    return a.log_probability != b.log_probability ? a.log_probability > b.log_probability
                                                  : a.place < b.place;
}

/* The likeliest `count` tokens, likeliest first. */
std::vector<Token> likeliest(const Softmax &softmax, size_t count) {
    std::vector<Token> tokens;
    double low = -INFINITY; // of the count-th likeliest so far
    for (size_t i = 0; i < softmax.size(); ++i) {
        const double log_probability = softmax.log_probability(i);
        if (!(log_probability > low)) continue;
        tokens.push_back({log_probability, i});
        if (tokens.size() < 4 * count) continue;
        std::nth_element(tokens.begin(), tokens.begin() + count - 1, tokens.end(), is_likelier);
        tokens.resize(count);
        low = tokens.back().log_probability;
    }
    std::sort(tokens.begin(), tokens.end(), is_likelier);
    if (tokens.size() > count) tokens.resize(count);
    return tokens;
}

/* E of -ln p over what the sampler leaves of `softmax`. */
double expected_surprise(const Softmax &softmax, const Softmax &plain, const Drawing &drawing) {
    std::vector<Token> tokens = likeliest(softmax, size_t(drawing.top_k));
    double total = 0;
    for (const Token &token : tokens) total += std::exp(token.log_probability);
    size_t n_left = 0;
    for (double sum = 0; n_left < tokens.size() && (n_left == 0 || sum < drawing.top_p * total);) {
        sum += std::exp(tokens[n_left++].log_probability);
    }
    double weights = 0, surprise = 0;
    for (size_t i = 0; i < n_left; ++i) {
        const double weight = std::exp((tokens[i].log_probability - tokens[0].log_probability)
                                       / drawing.temperature);
        weights += weight;
        surprise -= weight * plain.log_probability(tokens[i].place);
    }
    return surprise / weights;
}

} // namespace

double drawing_cost(const Softmax &plain, const Softmax &steered, const Drawing &drawing) {
    return expected_surprise(steered, plain, drawing) - expected_surprise(plain, plain, drawing);
}
