#include "detectors.h"

#include "oracle.h"
#include "probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEAN = 0, MAX = 1, RATE = 2 };

static const char *const poolings[DETECTOR_STRUCTURES] = { "mean", "max", "rate" };
static const uint32_t features[DETECTOR_TERMS] = { 3, 7, 7, 20 };
static const char *const readings[DETECTOR_TERMS] = { "positive", "positive", "magnitude",
    "positive" };
static const double weights[DETECTOR_TERMS] = { 1, 0.5, -0.25, 1.5 };
static const double centres[DETECTOR_TERMS] = { 0.25, 0, 0.125, 0 };
static const double scales[DETECTOR_TERMS] = { 2, 1, 0.5, 1 };
static const double intercept = 0.0625;

/* Null scores of documents and of blocks, ascending; no short binary fractions, as rates are. */
static double null_score(size_t i) { return -0.4987654 + 0.0203125 * (double)i; }

static double null_block_score(size_t i) { return -0.7487654 + 0.0230625 * (double)i; }

typedef struct text {
    char *bytes;
    size_t length, capacity;
} text_t;

static void add(text_t *text, const char *string)
{
    const size_t length = strlen(string);
    if (text->length + length + 1 > text->capacity) {
        text->capacity = 2 * (text->length + length) + 4096;
        text->bytes = realloc(text->bytes, text->capacity);
        if (text->bytes == NULL) {
            abort();
        }
    }
    memcpy(text->bytes + text->length, string, length + 1);
    text->length += length;
}

static void add_sample(text_t *text, double (*score)(size_t))
{
    char number[40];
    size_t i;
    for (i = 0; i < DETECTOR_NULLS; i++) {
        snprintf(number, sizeof number, "%s%.17g", i ? ", " : "[", score(i));
        add(text, number);
    }
    add(text, "]");
}

static void add_samples(text_t *text, double (*score)(size_t))
{
    size_t s;
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        add(text, s ? ", " : "[");
        add_sample(text, score);
    }
    add(text, "]");
}

char *detector_json(size_t n_features, size_t width, double sink_norm, int calibrated)
{
    text_t text = { NULL, 0, 0 };
    char part[512];
    size_t s, t;
    snprintf(part, sizeof part,
        "{\"format\": \"steering-detector/1\", \"name\": \"probe\", \"kind\": \"bank\", "
        "\"dictionary\": {\"name\": \"probe\", \"fingerprint\": \"\", \"feature_count\": %zu, "
        "\"model_width\": %zu}, \"masking\": {\"skips_special\": true",
        n_features, width);
    add(&text, part);
    if (sink_norm > 0) {
        snprintf(part, sizeof part, ", \"sink_norm\": %.17g", sink_norm);
        add(&text, part);
    }
    add(&text, "}, \"selection\": [], \"structures\": [");
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        snprintf(part, sizeof part,
            "%s{\"name\": \"%s\", \"pooling\": \"%s\", \"readout\": {\"type\": \"linear\", "
            "\"intercept\": %.17g, \"terms\": [",
            s ? ", " : "", poolings[s], poolings[s], intercept);
        add(&text, part);
        for (t = 0; t < DETECTOR_TERMS; t++) {
            snprintf(part, sizeof part,
                "%s{\"feature\": %u, \"reading\": \"%s\", \"weight\": %.17g, \"centre\": %.17g, "
                "\"scale\": %.17g}",
                t ? ", " : "", features[t], readings[t], weights[t], centres[t], scales[t]);
            add(&text, part);
        }
        add(&text, "]}}");
    }
    add(&text, "]");
    if (calibrated) {
        add(&text, ", \"calibration\": {\"combination\": \"smallest\", "
                   "\"documents\": [], \"correlation\": "
                   "[[1, 0, 0], [0, 1, 0], [0, 0, 1]], \"buckets\": [{\"lengths\": [5, 40], "
                   "\"nulls\": ");
        add_samples(&text, null_score);
        add(&text, ", \"combined\": ");
        add_sample(&text, null_score);
        snprintf(part, sizeof part, "}], \"sequential\": {\"block_length\": %d, \"blocks\": ",
            DETECTOR_BLOCK);
        add(&text, part);
        add_samples(&text, null_block_score);
        snprintf(part, sizeof part,
            ", \"streams\": 60, \"longest_stream\": 1000, \"thresholds\": "
            "[{\"alpha\": %g, \"log_wealth\": [%g, %g, %g]}]}}",
            DETECTOR_RATE, DETECTOR_THRESHOLD, DETECTOR_THRESHOLD, DETECTOR_THRESHOLD);
        add(&text, part);
    }
    add(&text, "}\n");
    return text.bytes;
}

steer_detector_t *detector_open(const steer_dictionary_t *dictionary, size_t n_features,
    size_t width, double sink_norm, int calibrated)
{
    char *json = detector_json(n_features, width, sink_norm, calibrated);
    steer_detector_t *detector = NULL;
    REQUIRE_OK(
        steer_detector_open_json(dictionary, json, strlen(json), &detector, &probe_error));
    free(json);
    return detector;
}

void stream_oracle_start(stream_oracle_t *oracle, const fixture_t *fixture, double sink_norm)
{
    memset(oracle, 0, sizeof *oracle);
    oracle->fixture = fixture;
    oracle->sink_norm = sink_norm;
    oracle->margin = INFINITY;
}

static double reading(size_t t, double activation)
{
    return t == 2 ? fabs(activation) : activation > 0 ? activation : 0;
}

static void pool(double pooled[DETECTOR_STRUCTURES][DETECTOR_TERMS], const double *activations)
{
    size_t t;
    for (t = 0; t < DETECTOR_TERMS; t++) {
        const double value = reading(t, activations[features[t]]);
        pooled[MEAN][t] += value;
        pooled[MAX][t] = value > pooled[MAX][t] ? value : pooled[MAX][t];
        pooled[RATE][t] += value > 0;
    }
}

static double score(const double *pooled, size_t structure, double tokens)
{
    double sum = intercept;
    size_t t;
    for (t = 0; t < DETECTOR_TERMS; t++) {
        const double value = structure == MAX ? pooled[t] : pooled[t] / tokens;
        sum += weights[t] * (value - centres[t]) / scales[t];
    }
    return sum;
}

/* (1 + null scores at or above) / (1 + null scores). */
static double rank(stream_oracle_t *oracle, double value, double (*null)(size_t))
{
    size_t i, above = 0;
    for (i = 0; i < DETECTOR_NULLS; i++) {
        const double distance = fabs(null(i) - value);
        above += null(i) >= value;
        oracle->margin = distance < oracle->margin ? distance : oracle->margin;
    }
    return (double)(1 + above) / (1 + DETECTOR_NULLS);
}

/* The stake that was best on the first n p-values, in [0, 1/2]: the derivative's root by bisection. */
static double best_stake(const double *p, size_t n)
{
    double low = 0, high = 0.5;
    int step;
    for (step = 0; step < 200; step++) {
        const double stake = step == 0 ? 0 : step == 1 ? 0.5 : (low + high) / 2;
        double slope = 0;
        size_t i;
        for (i = 0; i < n; i++) {
            const double gain = -log(p[i]) - 1;
            slope += gain / (1 + stake * gain);
        }
        if (step == 0) {
            if (slope <= 0) {
                return 0;
            }
        } else if (step == 1) {
            if (slope >= 0) {
                return 0.5;
            }
        } else if (slope > 0) {
            low = stake;
        } else {
            high = stake;
        }
    }
    return (low + high) / 2;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The decreasing density that fits the first n p-values and half a point at 0 and at 1, at `at`:
 * min over left ends a of max over right ends b of mass(a, b] / (b - a). */
static double fitted_density(const double *p, size_t n, double at)
{
    double ends[80], found = INFINITY;
    size_t count = 0, i, a, b;
    for (i = 0; i < n; i++) {
        ends[count++] = p[i];
    }
    ends[count++] = 0;
    ends[count++] = 1;
    qsort(ends, count, sizeof ends[0], by_value);
    for (a = 0; a < count && ends[a] < at; a++) {
        double largest = 0;
        for (b = 0; b < count; b++) {
            double mass = (ends[a] == 0 ? 0.5 : 0) + (ends[b] == 1 ? 0.5 : 0);
            if (ends[b] < at || ends[b] <= ends[a]) {
                continue;
            }
            for (i = 0; i < n; i++) {
                mass += p[i] > ends[a] && p[i] <= ends[b];
            }
            mass /= (double)(n + 1) * (ends[b] - ends[a]);
            largest = mass > largest ? mass : largest;
        }
        found = largest < found ? largest : found;
    }
    return found;
}

static double log_wealth(const stream_oracle_t *oracle, size_t s)
{
    return log((exp(oracle->adaptive[s]) + exp(oracle->grenander[s])) / 2);
}

static void finish_block(stream_oracle_t *oracle)
{
    const size_t n = (size_t)oracle->n_blocks;
    size_t s;
    for (s = 0; s < DETECTOR_STRUCTURES; s++) {
        const double p
            = rank(oracle, score(oracle->block[s], s, DETECTOR_BLOCK), null_block_score);
        const double stake = n ? best_stake(oracle->p[s], n) : 0;
        double wealth;
        oracle->adaptive[s] += log(1 - stake - stake * log(p));
        oracle->grenander[s] += log(fitted_density(oracle->p[s], n, p));
        oracle->p[s][n] = p;
        wealth = log_wealth(oracle, s);
        oracle->largest[s] = wealth > oracle->largest[s] ? wealth : oracle->largest[s];
        if (wealth >= DETECTOR_THRESHOLD && !oracle->crossed_at[s]) {
            oracle->crossed_at[s]
                = oracle->kept + oracle->special + oracle->sink + oracle->undefined;
        }
    }
    memset(oracle->block, 0, sizeof oracle->block);
    oracle->in_block = 0;
    oracle->n_blocks++;
}

void stream_oracle_observe(stream_oracle_t *oracle, const double *row, int special)
{
    double *activations = probe_allocate(oracle->fixture->n * sizeof(double));
    double squares = 0;
    size_t i;
    for (i = 0; i < oracle->fixture->d; i++) {
        squares += row[i] * row[i];
    }
    oracle_encode(oracle->fixture, row, activations);
    if (special) {
        oracle->special++;
    } else if (oracle->sink_norm > 0 && sqrt(squares) >= oracle->sink_norm) {
        oracle->sink++;
    } else if (isnan(activations[0])) {
        oracle->undefined++;
    } else {
        oracle->kept++;
        oracle->in_block++;
        pool(oracle->pooled, activations);
        pool(oracle->block, activations);
        if (oracle->in_block == DETECTOR_BLOCK) {
            finish_block(oracle);
        }
    }
    free(activations);
}

steer_verdict_t stream_oracle_verdict(stream_oracle_t *oracle, size_t s)
{
    steer_verdict_t verdict = STEER_VERDICT_INIT;
    verdict.flags = STEER_VERDICT_HAS_THRESHOLD;
    if (oracle->kept) {
        verdict.flags |= STEER_VERDICT_HAS_SCORE;
        verdict.score = score(oracle->pooled[s], s, (double)oracle->kept);
    }
    if (oracle->kept >= 5 && oracle->kept <= 40) {
        verdict.flags |= STEER_VERDICT_HAS_P;
        verdict.p = rank(oracle, verdict.score, null_score);
    }
    verdict.log_wealth = log_wealth(oracle, s);
    verdict.anytime_p = exp(-oracle->largest[s]);
    verdict.threshold = DETECTOR_THRESHOLD;
    verdict.n_blocks = oracle->n_blocks;
    if (oracle->crossed_at[s]) {
        verdict.flags |= STEER_VERDICT_FLAGGED;
        verdict.crossed_at = oracle->crossed_at[s];
    }
    verdict.tokens_kept = oracle->kept;
    verdict.tokens_special = oracle->special;
    verdict.tokens_sink = oracle->sink;
    verdict.tokens_undefined = oracle->undefined;
    return verdict;
}
