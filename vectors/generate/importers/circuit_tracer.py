"""circuit-tracer: a decoder stored the other way round, negative thresholds, TopK, a gated CLT."""

import numpy as np
from cases import Weights, arguments, finish, rows, save, top_k

CONFIG = """model_name: google/gemma-3-270m
model_kind: {kind}
feature_input_hook: mlp.hook_in
feature_output_hook: mlp.hook_out
scan: demo
"""


def named(w):
    return {"W_enc": w.encoder, "b_enc": w.encoder_bias, "W_dec": w.decoder, "b_dec": w.decoder_bias}


def case(a, name, tensors, w, activation, note, skip=None, options=None, config=True):
    folder = a.out / "circuit_tracer" / name
    save(folder / "layer_4.safetensors", tensors, w.dtype)
    if config:
        (folder / "config.yaml").write_text(CONFIG.format(kind="transcoder_set"))
    x = rows(w.random, a.rows, a.width)
    f = activation(x @ w.encoder.T + w.encoder_bias)
    y = f @ w.decoder + w.decoder_bias
    forward = y if skip is None else y + x @ skip.T
    finish(folder, "circuit_tracer", note, x, f, y, forward, options)


def cross_layer(a):
    folder = a.out / "circuit_tracer" / "clt-jumprelu"
    ws = [Weights(a.seed + 40 + i, a.width, a.features, dtype="BF16") for i in range(a.layers)]
    random = ws[0].random
    decoders = []
    for i, w in enumerate(ws):
        decoders.append(w.round(random.normal(size=(a.features, a.layers - i, a.width))))
        save(folder / f"W_enc_{i}.safetensors", {
            f"W_enc_{i}": w.encoder, f"b_enc_{i}": w.encoder_bias, f"b_dec_{i}": w.decoder_bias,
            f"threshold_{i}": w.threshold}, w.dtype)
        save(folder / f"W_dec_{i}.safetensors", {f"W_dec_{i}": decoders[i]}, w.dtype)
    (folder / "config.yaml").write_text(CONFIG.format(kind="cross_layer_transcoder"))
    x = np.stack([rows(random, a.rows, a.width) for _ in ws])
    f = []
    for i, w in enumerate(ws):
        z = x[i] @ w.encoder.T + w.encoder_bias
        f.append(z * (z > w.threshold))
    f = np.stack(f)
    y = np.stack([
        sum(f[s] @ decoders[s][:, t - s] for s in range(t + 1)) + ws[t].decoder_bias
        for t in range(a.layers)])
    finish(folder, "circuit_tracer", "cross-layer transcoder with thresholds, bf16", x, f, y)


if __name__ == "__main__":
    a = arguments(__doc__)
    w = Weights(a.seed, a.width, a.features, dtype="BF16")
    case(a, "relu-decoder-transposed", {**named(w), "W_dec": w.decoder.T}, w,
         lambda z: np.maximum(z, 0), "W_dec [d, F], ReLU, no config.yaml, bf16", config=False)
    w = Weights(a.seed + 1, a.width, a.features)
    threshold = w.threshold - 0.4
    threshold = w.round(threshold)
    case(a, "negative-thresholds",
         {**named(w), "activation_function.threshold": threshold, "W_skip": w.skip}, w,
         lambda z: z * (z > threshold), "z where z > theta, without ReLU", skip=w.skip)
    w = Weights(a.seed + 2, a.width, a.features, dtype="F16")
    case(a, "topk", named(w), w, lambda z: top_k(z, 30), "TopK without ReLU, k given, f16",
         options={"k": 30})
    cross_layer(a)
