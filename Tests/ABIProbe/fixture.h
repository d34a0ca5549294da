/*
 * Small dictionaries that the tests make themselves and write as SAELens folders, so that an oracle
 * can know every weight.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "steering.h"

#include <stddef.h>
#include <stdint.h>

typedef struct fixture_spec {
    const char *architecture; /* as SAELens names it: standard, gated, jumprelu, topk, ... */
    const char
        *normalisation; /* none, constant_norm_rescale, layer_norm, expected_average_only_in */
    size_t features;
    size_t width;
    size_t output_width; /* 0: width */
    size_t k; /* of topk and abstopk */
    int subtracts; /* apply_b_dec_to_input */
    int rescales; /* rescale_acts_by_decoder_norm */
    steer_type_t type; /* of every tensor: STEER_F32 or STEER_BF16 */
    double activation_scale; /* given when opening; 0: none */
    uint64_t seed;
} fixture_spec_t;

/* An architecture that SAELens has not: written in the native form, blocks of four, three of them. */
#define FIXTURE_BLOCK_TOP_K "native blockTopK"

#define FIXTURE_SPEC_INIT { "jumprelu", "none", 48, 20, 0, 0, 1, 0, STEER_F32, 0, 1 }

/* Weights as the publisher means them, feature-major, in the values that the file holds. */
typedef struct fixture {
    fixture_spec_t spec;
    size_t n, d, d_out;
    float *encoder; /* [n, d] */
    float *decoder; /* [n, d_out] */
    float *encoder_bias; /* [n]; zeros for gated */
    float *decoder_bias; /* [d_out] */
    float *threshold; /* [n], of jumprelu */
    float *gate_bias; /* [n], of gated, as the two below */
    float *magnitude_bias;
    float *log_scale; /* r_mag */
    char path[256];
} fixture_t;

/* Draws weights; nothing is written. */
void fixture_make(fixture_t *fixture, const fixture_spec_t *spec);
/* Writes cfg.json and sae_weights.safetensors into a new folder `path`. */
void fixture_write(fixture_t *fixture);
/* Opens what was written, with the scale of its spec; ends the program if that fails. */
steer_dictionary_t *fixture_open(const fixture_t *fixture);
/* Frees the arrays and removes the folder, if there is one. */
void fixture_end(fixture_t *fixture);

/* fixture_make, fixture_write and fixture_open. */
steer_dictionary_t *fixture_create(fixture_t *fixture, const fixture_spec_t *spec);

int fixture_is_transcoder(const fixture_spec_t *spec);

#endif
