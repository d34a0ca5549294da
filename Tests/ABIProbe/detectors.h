/*
 * A detector of the fixtures' features, as JSON, and what it says of a stream: written down once more
 * in f64 and in the plainest way. Shares nothing with the library but docs/detector.md.
 */
#ifndef DETECTORS_H
#define DETECTORS_H

#include "fixture.h"
#include "steering.h"

enum {
    DETECTOR_STRUCTURES = 3, /* "mean", "max" and "rate" of the same terms */
    DETECTOR_TERMS = 4,
    DETECTOR_BLOCK = 4, /* kept tokens per block */
    DETECTOR_NULLS = 150 /* null scores, of documents and of blocks */
};

/* The JSON form for a dictionary of these sizes; rows of sink_norm or more are sinks, 0 for none.
 * calibrated: 0 or 1. Free it. */
char *detector_json(size_t features, size_t width, double sink_norm, int calibrated);

/* Opens it on a dictionary of these sizes; ends the program if that fails. */
steer_detector_t *detector_open(const steer_dictionary_t *dictionary, size_t features, size_t width,
    double sink_norm, int calibrated);

/* What a stream has shown so far. */
typedef struct stream_oracle {
    const fixture_t *fixture;
    double sink_norm;
    uint64_t kept, special, sink, undefined;
    double pooled[DETECTOR_STRUCTURES][DETECTOR_TERMS]; /* sums, or largest */
    double block[DETECTOR_STRUCTURES][DETECTOR_TERMS];
    uint64_t in_block, n_blocks;
    double p[DETECTOR_STRUCTURES][64]; /* of complete blocks */
    double adaptive[DETECTOR_STRUCTURES], grenander[DETECTOR_STRUCTURES]; /* ln of the wealth */
    double largest[DETECTOR_STRUCTURES];
    uint64_t crossed_at[DETECTOR_STRUCTURES];
    double margin; /* how close a score came to a null score */
} stream_oracle_t;

/* The ln of the wealth that flags, for every structure. */
#define DETECTOR_THRESHOLD 0.5
/* That of the threshold: ln(1/rate) is below it. */
#define DETECTOR_RATE 0.9

void stream_oracle_start(stream_oracle_t *oracle, const fixture_t *fixture, double sink_norm);
void stream_oracle_observe(stream_oracle_t *oracle, const double *row, int special);
steer_verdict_t stream_oracle_verdict(stream_oracle_t *oracle, size_t structure);

#endif
