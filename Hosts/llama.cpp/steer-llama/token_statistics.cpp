#include "token_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

double green_z(size_t n_green, size_t n_tokens, double gamma) {
    const double total = double(n_tokens);
    return (double(n_green) - gamma * total) / std::sqrt(total * gamma * (1 - gamma));
}

double spike_modulus(double gamma, double delta) {
    const double alpha = std::exp(delta);
    return (1 - gamma) * (alpha - 1) / (1 - gamma + gamma * alpha);
}

std::vector<double> entropy_weights(const std::vector<double> &spike_entropies) {
    std::vector<double> weights = spike_entropies;
    if (weights.empty()) return weights;
    const double least = *std::min_element(weights.begin(), weights.end());
    for (double &weight : weights) weight -= least;
    return weights;
}

double weighted_z(const std::vector<double> &weights, const std::vector<bool> &is_green,
                  double gamma) {
    double green = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
        if (is_green[i]) green += weights[i];
        sum += weights[i];
        squares += weights[i] * weights[i];
    }
    return (green - gamma * sum) / std::sqrt(gamma * (1 - gamma) * squares);
}

// ---- Softmax. Loops over lanes, which compilers vectorise without being allowed to reorder sums.

// Compiled for what the machine has: these loops run over the whole vocabulary at every token.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__ELF__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

static const size_t n_lanes = 16;
static const size_t chunk = 1024;

/* exp(x) for x <= 0, relative error below 2e-7; at least exp(-87). NaN stays NaN.
 *
 * x = n ln 2 + r, |r| <= ln 2 / 2, with Cephes' polynomial for exp(r) and n put into the exponent. */
static inline float exp_part(float x) {
    x = x < -87.0f ? -87.0f : x;
    const float shifted = x * 1.44269504f + 12582912.0f; // rounds to the nearest integer: 1.5 2^23
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t power;
    std::memcpy(&power, &shifted, sizeof power);
    power = int32_t((uint32_t(power) + 127u) << 23); // the low bits of `shifted` are n
    float two_to_n;
    std::memcpy(&two_to_n, &power, sizeof two_to_n);
    return p * two_to_n;
}

static double lanes_sum(const float *lanes) {
    double sum = 0;
    for (size_t i = 0; i < n_lanes; ++i) sum += double(lanes[i]);
    return sum;
}

VECTORISED bool Softmax::read(const float *given, size_t n_given) {
    logits = given;
    n = n_given;
    float high[n_lanes];
    std::fill(high, high + n_lanes, -std::numeric_limits<float>::infinity());
    size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        for (size_t j = 0; j < n_lanes; ++j) high[j] = high[j] < given[i + j] ? given[i + j] : high[j];
    }
    for (; i < n; ++i) high[0] = high[0] < given[i] ? given[i] : high[0];
    const float most = *std::max_element(high, high + n_lanes);
    if (!std::isfinite(most)) return false;

    const size_t padded = (n + n_lanes - 1) / n_lanes * n_lanes;
    parts.resize(padded);
    const size_t whole = n / n_lanes * n_lanes;
    double sum = 0;
    for (size_t begin = 0; begin < whole; begin += chunk) {
        const size_t end = std::min(whole, begin + chunk);
        float lanes[n_lanes] = {0};
        for (size_t k = begin; k < end; k += n_lanes) {
            for (size_t j = 0; j < n_lanes; ++j) {
                const float part = exp_part(given[k + j] - most);
                parts[k + j] = part;
                lanes[j] += part;
            }
        }
        sum += lanes_sum(lanes);
    }
    for (size_t k = whole; k < padded; ++k) {
        parts[k] = k < n ? exp_part(given[k] - most) : 0;
        sum += double(parts[k]);
    }
    log_sum = double(most) + std::log(sum);
    scale = float(1 / sum);
    return std::isfinite(sum);
}

double Softmax::log_probability(size_t token) const { return double(logits[token]) - log_sum; }

VECTORISED double Softmax::spike_entropy(double modulus) const {
    const float c = float(modulus) * scale; // p / (1 + c p) = s e / (1 + c s e)
    double sum = 0;
    for (size_t begin = 0; begin < parts.size(); begin += chunk) {
        const size_t end = std::min(parts.size(), begin + chunk);
        float lanes[n_lanes] = {0};
        for (size_t k = begin; k < end; k += n_lanes) {
            for (size_t j = 0; j < n_lanes; ++j) lanes[j] += parts[k + j] / (1.0f + c * parts[k + j]);
        }
        sum += lanes_sum(lanes);
    }
    return sum * double(scale);
}

VECTORISED LogRatioMoments Softmax::log_ratio_moments(const Softmax &other) const {
    // l = (b - a) - (ln Z_q - ln Z_p) is small where plans are gentle, and its mean is of the order of
    // its variance: the mean of squares loses nothing to cancellation.
    const float shift = float(other.log_sum - log_sum);
    const float *a = logits, *b = other.logits;
    const float none = -std::numeric_limits<float>::infinity();
    double sum = 0, squares = 0;
    const auto add = [&](size_t k, float &lane, float &square_lane) {
        const float l = a[k] > none ? (b[k] - a[k]) - shift : 0.0f;
        const float weighted = parts[k] * l;
        lane += weighted;
        square_lane += weighted * l;
    };
    const size_t whole = n / n_lanes * n_lanes;
    for (size_t begin = 0; begin < whole; begin += chunk) {
        const size_t end = std::min(whole, begin + chunk);
        float lanes[n_lanes] = {0}, square_lanes[n_lanes] = {0};
        for (size_t k = begin; k < end; k += n_lanes) {
            for (size_t j = 0; j < n_lanes; ++j) add(k + j, lanes[j], square_lanes[j]);
        }
        sum += lanes_sum(lanes);
        squares += lanes_sum(square_lanes);
    }
    for (size_t k = whole; k < n; ++k) {
        float lane = 0, square_lane = 0;
        add(k, lane, square_lane);
        sum += double(lane);
        squares += double(square_lane);
    }
    LogRatioMoments moments;
    moments.mean = sum * double(scale);
    moments.variance = squares * double(scale) - moments.mean * moments.mean;
    if (moments.variance < 0) moments.variance = 0; // a rounding
    return moments;
}
