/* The formulas of token-bias detection and of re-reading a text. Pure functions. */
#ifndef STEER_LLAMA_TOKEN_STATISTICS_H
#define STEER_LLAMA_TOKEN_STATISTICS_H

#include <cmath>
#include <cstddef>
#include <vector>

/* z = (G - gamma T) / sqrt(T gamma (1 - gamma)) for G green of T tokens (Kirchenbauer et al. 2023);
 * NaN for T = 0. */
double green_z(size_t n_green, size_t n_tokens, double gamma);

/* c = (1 - gamma)(e^delta - 1) / (1 - gamma + gamma e^delta), the modulus of spike entropy. */
double spike_modulus(double gamma, double delta);

/* EWD's weights, w_t = SE_t - min_t SE (Lu et al. 2024). */
std::vector<double> entropy_weights(const std::vector<double> &spike_entropies);

/* z = (sum over green tokens of w - gamma sum w) / sqrt(gamma (1 - gamma) sum w^2); NaN where all
 * weights are 0. Both [tokens]. */
double weighted_z(const std::vector<double> &weights, const std::vector<bool> &is_green,
                  double gamma);

/* Of a log likelihood ratio, in nats and their square. */
struct LogRatioMoments {
    double mean = 0;
    double variance = 0;
};

/* What replaying a text with a plan shows: sums over its tokens x of l(x) - E_p l, Var_p l and l(x). */
struct Replay {
    size_t n_tokens = 0;
    double innovation = 0;
    double variance = 0;
    double log_ratio = 0;
    double cost = 0; /* sum of drawing_cost, where it is wanted */

    void add(double token_log_ratio, const LogRatioMoments &moments) {
        n_tokens += 1;
        innovation += token_log_ratio - moments.mean;
        variance += moments.variance;
        log_ratio += token_log_ratio;
    }
    /* innovation / sqrt(variance); NaN where the variance is 0: nothing was seen, in either direction. */
    double z() const { return variance > 0 ? innovation / std::sqrt(variance) : NAN; }
};

/* One position's distribution over the next token, softmax of its logits. f32 per token, sums of 1,024
 * tokens in f32 lanes and their total in f64. */
class Softmax {
public:
    /* [n]. A token at minus infinity, or more than 87 below the greatest logit, counts in sums as e^-87 of the
     * likeliest, which rounds away. False where a logit is NaN or infinity, or none is finite. */
    bool read(const float *logits, size_t n);

    /* Tokens of the vocabulary. */
    size_t size() const { return n; }
    /* ln p of a token of the last read() logits, minus infinity where the logit is. */
    double log_probability(size_t token) const;
    /* SE = sum over v of p_v / (1 + c p_v). */
    double spike_entropy(double modulus) const;

    /* l(v) = ln q(v) - ln p(v), p this distribution and q `other`: its mean and variance under p. Both
     * must be of the last read() logits, of one vocabulary, which are still there. Tokens at minus infinity in
     * p are left out; not finite where such a one of q is none of p. */
    LogRatioMoments log_ratio_moments(const Softmax &other) const;

private:
    const float *logits = nullptr;
    size_t n = 0;
    double log_sum = 0; /* max + ln sum exp(x - max) */
    float scale = 0;    /* 1 / sum */
    std::vector<float> parts; /* exp(x - max), padded with 0 to whole lanes */
};

#endif
