"""Expander autoencoders: a mask of fixed degree, weights beneath it, TopK of either sign."""

import numpy as np

import common

options = common.arguments(seed=7, width=16, features=32)
degree, k = 5, options.features * 2 // 3
for generator in common.attempts(options.seed):
    mask = np.zeros((options.width, options.features), np.float32)
    for feature in range(options.features):
        mask[generator.choice(options.width, degree, replace=False), feature] = 1
    values = generator.standard_normal(mask.shape).astype(np.float32)
    b_enc = (0.3 * generator.standard_normal(options.features)).astype(np.float32)
    b_dec = (0.3 * generator.standard_normal(options.width)).astype(np.float32)
    x = common.rows(generator, options.rows, options.width)
    weights = (mask * values).astype(float)
    weights /= np.maximum(np.linalg.norm(weights, axis=0, keepdims=True), 1e-8)
    pre = (x.astype(float) - b_dec) @ weights + b_enc
    if common.margin(pre, k) > common.MARGIN:
        break
features = common.top(pre, k)
assert (features < 0).any()
decoded = features @ weights.T + b_dec
state = {"b_dec": b_dec, "b_enc": b_enc, "decoder_vals": values, "mask": mask}
common.write_case(
    "expander", "without-config", {"expander.pt": common.torch_file(state)}, x, features, decoded,
    "k given by the caller; negative activations are kept; weights off the mask mean nothing",
    options={"k": k})
