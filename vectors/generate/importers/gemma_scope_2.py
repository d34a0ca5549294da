"""Gemma Scope 2: an autoencoder, a transcoder without config.json, and cross-layer transcoders."""

import numpy as np
from cases import Weights, arguments, finish, jump_relu, rows, save, save_json


def config(**more):
    return {"architecture": "jump_relu", "model_name": "google/gemma-3-270m", **more}


def named(w):
    return {
        "w_enc": w.encoder.T,
        "w_dec": w.decoder,
        "b_enc": w.encoder_bias,
        "b_dec": w.decoder_bias,
        "threshold": w.threshold,
    }


def autoencoder(a):
    w = Weights(a.seed, a.width, a.features, dtype="BF16")
    folder = a.out / "gemma_scope_2" / "autoencoder"
    save(folder / "params.safetensors", named(w), w.dtype)
    hook = "model.layers.9.output"
    save_json(
        folder / "config.json",
        config(hf_hook_point_in=hook, hf_hook_point_out=hook, width=a.features, l0=20,
               affine_connection=False, type="sae"))
    x = rows(w.random, a.rows, a.width)
    f = jump_relu(x @ w.encoder.T + w.encoder_bias, w.threshold)
    y = f @ w.decoder + w.decoder_bias
    finish(folder, "gemma_scope_2", "autoencoder with every published config key, bf16", x, f, y, y)


def transcoder(a):
    w = Weights(a.seed + 1, a.width, a.features, out=a.width + 3)
    folder = a.out / "gemma_scope_2" / "transcoder-other-width"
    save(folder / "params.safetensors", named(w))
    x = rows(w.random, a.rows, a.width)
    f = jump_relu(x @ w.encoder.T + w.encoder_bias, w.threshold)
    y = f @ w.decoder + w.decoder_bias
    finish(folder, "gemma_scope_2", "transcoder told by its output's width, no config.json",
           x, f, y, y)


def cross_layer(a, stacked):
    name = "clt-stacked" if stacked else "clt-per-layer"
    folder = a.out / "gemma_scope_2" / name
    ws = [Weights(a.seed + 10 + i, a.width, a.features) for i in range(a.layers)]
    random = ws[0].random
    decoders = [ws[0].round(random.normal(size=(a.features, a.layers, a.width))) for _ in ws]
    layers = []
    for w, decoder in zip(ws, decoders):
        layer = named(w)
        layer["w_dec"] = decoder
        layer["affine_skip_connection"] = w.skip.T
        layers.append(layer)
    if stacked:
        save(folder / "params.safetensors", {k: np.stack([l[k] for l in layers]) for k in layers[0]})
    else:
        for index, layer in enumerate(layers):
            save(folder / f"layer_{index}_width_0k_l0_medium_affine.safetensors", layer)
    x = np.stack([rows(random, a.rows, a.width) for _ in ws])
    f = np.stack([
        jump_relu(x[i] @ w.encoder.T + w.encoder_bias, w.threshold) for i, w in enumerate(ws)])
    y = np.stack([
        sum(f[s] @ decoders[s][:, t] for s in range(t + 1)) + ws[t].decoder_bias
        for t in range(a.layers)])
    forward = y + np.stack([x[t] @ ws[t].skip.T for t in range(a.layers)])
    finish(folder, "gemma_scope_2",
           "cross-layer transcoder, decoder [L, F, L, d] in one file" if stacked
           else "cross-layer transcoder, one file per layer, affine y += x @ S", x, f, y, forward)


if __name__ == "__main__":
    a = arguments(__doc__)
    autoencoder(a)
    transcoder(a)
    cross_layer(a, stacked=False)
    cross_layer(a, stacked=True)
