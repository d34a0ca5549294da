"""Goodfire: two linear layers in a .pth file, the decoder saved as a transposed view."""

import numpy as np

import common

options = common.arguments(seed=1)
for generator in common.attempts(options.seed):
    encoder, decoder, encoder_bias, decoder_bias = common.dense(
        generator, options.width, options.features)
    x = common.rows(generator, options.rows, options.width)
    pre = x.astype(float) @ encoder.T.astype(float) + encoder_bias
    if common.margin(pre) > common.MARGIN:
        break
features = np.maximum(pre, 0)
decoded = features @ decoder.T.astype(float) + decoder_bias
state = {
    "encoder_linear.weight": encoder,
    "encoder_linear.bias": encoder_bias,
    "decoder_linear.weight": np.asfortranarray(decoder),
    "decoder_linear.bias": decoder_bias,
}
common.write_case(
    "goodfire", "l19", {"Llama-SAE-l19.pth": common.torch_file(state)}, x, features, decoded,
    "Goodfire: ReLU, nothing subtracted, the decoder a transposed view")
