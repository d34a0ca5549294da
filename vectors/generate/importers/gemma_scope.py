"""Gemma Scope 1 beyond plain autoencoders: transcoders, embeddings, lower-case names, deflated."""

import zipfile

import numpy as np

import common

options = common.arguments(seed=4)


def case(name, seed, note, file, kind=None, scale=1.0):
    """`scale` is what rows are divided by before encoding, and multiplied by after decoding."""
    for generator in common.attempts(seed):
        encoder, decoder, encoder_bias, decoder_bias = common.dense(
            generator, options.width, options.features)
        threshold = np.abs(generator.standard_normal(options.features)).astype(np.float32)
        x = common.rows(generator, options.rows, options.width)
        pre = x.astype(float) / scale @ encoder.T.astype(float) + encoder_bias
        if common.margin(pre, threshold=threshold) > common.MARGIN:
            break
    features = np.where((pre > threshold) & (pre > 0), pre, 0)
    decoded = (features @ decoder.T.astype(float) + decoder_bias) * scale
    arrays = {"W_enc": np.ascontiguousarray(encoder.T), "W_dec": np.ascontiguousarray(decoder.T),
              "b_enc": encoder_bias, "b_dec": decoder_bias, "threshold": threshold}
    fields = {"options": {"kind": kind}} if kind else {}
    common.write_case(
        "gemma_scope", name, {"params.npz": file(arrays)}, x, features, decoded, note, **fields)


def lower(arrays):
    return common.npz_file(
        {key.replace("W_", "w_"): value for key, value in arrays.items()}, zipfile.ZIP_DEFLATED)


case("lower-case", options.seed, "Gemma Scope 1 with w_enc and w_dec, deflated", lower)
case("transcoder", options.seed + 1, "Gemma Scope 1 transcoder, which only the caller can tell",
     common.npz_file, "transcoder")
case("embedding", options.seed + 2,
     "Gemma Scope 1 of embeddings: rows are √d times those of training, decoder bias included",
     common.npz_file, "embedding", float(np.sqrt(options.width)))
