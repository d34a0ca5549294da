"""Qwen Scope: layers in files of their own, W_enc [features, width], TopK without ReLU, k not in a file."""

import numpy as np

import common

options = common.arguments(seed=3)
k = options.features * 2 // 3
layers = {}
for layer in [0, 7]:
    for generator in common.attempts(options.seed + layer):
        encoder, decoder, encoder_bias, decoder_bias = common.dense(
            generator, options.width, options.features)
        x = common.rows(generator, options.rows, options.width)
        pre = x.astype(float) @ encoder.T.astype(float) + encoder_bias
        if common.margin(pre, k) > common.MARGIN:
            break
    features = common.top(pre, k)
    assert (features < 0).any()
    layers[f"layer{layer}.sae.pt"] = common.torch_file(
        {"W_enc": encoder, "W_dec": decoder, "b_enc": encoder_bias, "b_dec": decoder_bias})
decoded = features @ decoder.T.astype(float) + decoder_bias
common.write_case(
    "qwen_scope", "two-layers", layers, x, features, decoded,
    "Qwen Scope: the k largest of each row, negative ones among them; nothing subtracted",
    options={"layer": 7, "k": k})
