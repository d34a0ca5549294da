"""OpenAI's sparse_autoencoder beyond the plain forms: TopK without ReLU, and a tied decoder."""

import numpy as np

import common

options = common.arguments(seed=5)
k = options.features * 2 // 3


def normalised(x):
    mean = x.mean(axis=1, keepdims=True)
    deviation = x.std(axis=1, ddof=1, keepdims=True)
    return (x - mean) / (deviation + 1e-5), mean, deviation


for generator in common.attempts(options.seed):
    encoder, decoder, latent_bias, pre_bias = common.dense(
        generator, options.width, options.features)
    x = common.rows(generator, options.rows, options.width)
    z, mean, deviation = normalised(x.astype(float))
    pre = (z - pre_bias) @ encoder.T.astype(float) + latent_bias
    if common.margin(pre, k) > common.MARGIN:
        break
features = common.top(pre, k)
assert (features < 0).any()
decoded = (features @ decoder.T.astype(float) + pre_bias) * deviation + mean
counts = {
    "stats_last_nonzero": np.zeros(options.features, "<i8"),
    "latents_activation_frequency": np.ones(options.features, "<f4"),
    "latents_mean_square": np.zeros(options.features, "<f4"),
}
state = {"pre_bias": pre_bias, "latent_bias": latent_bias, **counts, "encoder.weight": encoder,
         "decoder.weight": decoder, "activation": "TopK",
         "activation_state_dict": {"k": k, "postact_fn": "Identity"}}
common.write_case(
    "openai", "topk-identity", {"3.pt": common.torch_file(state)}, x, features, decoded,
    "TopK with postact_fn Identity: negative activations are kept")

for generator in common.attempts(options.seed + 1):
    encoder, _, latent_bias, pre_bias = common.dense(generator, options.width, options.features)
    x = common.rows(generator, options.rows, options.width)
    pre = (x.astype(float) - pre_bias) @ encoder.T.astype(float) + latent_bias
    if common.margin(pre) > common.MARGIN:
        break
features = np.maximum(pre, 0)
decoded = features @ encoder.astype(float) + pre_bias
state = {"pre_bias": pre_bias, "latent_bias": latent_bias, **counts, "encoder.weight": encoder,
         "decoder.linear.weight": common.Shared("encoder.weight"), "activation": "ReLU",
         "activation_state_dict": {}}
common.write_case(
    "openai", "tied", {"3.pt": common.torch_file(state)}, x, features, decoded,
    "a tied decoder, saved as the encoder once more")
