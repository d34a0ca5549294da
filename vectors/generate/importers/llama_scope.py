"""Llama Scope 1 in both units, a transcoder with two norms, and Llama Scope R1 Distill."""

import numpy as np
from cases import Weights, arguments, bf16, f32, finish, jump_relu, rows, save, save_json


def write(folder, w, norm_in, norm_out, threshold, hooks, **more):
    save(folder / "checkpoints" / "final.safetensors", {
        "encoder.weight": w.encoder,
        "encoder.bias": w.encoder_bias,
        "decoder.weight": w.decoder.T,
        "decoder.bias": w.decoder_bias,
    }, w.dtype)
    save_json(folder / "hyperparams.json", {
        "d_model": w.encoder.shape[1], "d_sae": w.encoder.shape[0], "act_fn": "jumprelu",
        "hook_point_in": hooks[0], "hook_point_out": hooks[1], "jump_relu_threshold": threshold,
        "dataset_average_activation_norm": {"in": norm_in, "out": norm_out},
        "norm_activation": "dataset-wise", "use_decoder_bias": True, "top_k": 50,
        "apply_decoder_bias_to_pre_encoder": False, "init_decoder_norm": 0.5, **more})


def case(a, name, norms, hooks, units, seed, gated=False):
    w = Weights(seed, a.width, a.features, dtype="BF16")
    folder = a.out / "llama_scope" / name
    threshold = 0.31
    more = {"sparsity_include_decoder_norm": True} if gated else {}
    write(folder, w, *norms, threshold, hooks, **more)
    s, t = (np.sqrt(a.width) / norm for norm in norms)
    x = rows(w.random, a.rows, a.width)
    z = (s * x) @ w.encoder.T + w.encoder_bias
    gate = np.linalg.norm(w.decoder, axis=1) if gated else 1
    f = np.where((z * gate > threshold * s) & (z > 0), z, 0)
    y = (f @ w.decoder + w.decoder_bias) / t
    options = None
    if units == "raw":
        f = f / s
        options = {"activation_units": "raw"}
    finish(folder, "llama_scope", f"{name}: {units} units", x, f, y, y, options)


def distill(a):
    w = Weights(a.seed + 20, a.width, a.features)
    folder = a.out / "llama_scope_r1" / "residual"
    logarithm = f32(np.log(w.threshold))
    save(folder / "sae_weights.safetensors", {
        "encoder.weight": w.encoder, "encoder.bias": w.encoder_bias,
        "decoder.weight": w.decoder.T, "decoder.bias": w.decoder_bias,
        "log_jumprelu_threshold": logarithm})
    save_json(folder / "config.json", {
        "sae_type": "sae", "d_model": a.width, "expansion_factor": a.features / a.width,
        "hook_point_in": "blocks.3.hook_resid_post", "hook_point_out": "blocks.3.hook_resid_post",
        "act_fn": "jumprelu", "norm_activation": "dataset-wise"})
    scale = 3.25
    x = rows(w.random, a.rows, a.width)
    f = jump_relu((scale * x) @ w.encoder.T + w.encoder_bias, np.exp(logarithm))
    y = (f @ w.decoder + w.decoder_bias) / scale
    finish(folder, "llama_scope_r1", "theta = exp(log), scale given by the caller", x, f, y, y,
           {"activation_scale": scale})


if __name__ == "__main__":
    a = arguments(__doc__)
    residual = ("blocks.12.hook_resid_post",) * 2
    across = ("blocks.8.ln2.hook_normalized", "blocks.8.hook_mlp_out")
    case(a, "residual-raw", (7.5, 7.5), residual, "raw", a.seed)
    case(a, "transcoder", (8.0, 3.390625), across, "normalised", a.seed + 1)
    case(a, "transcoder-raw", (8.0, 3.390625), across, "raw", a.seed + 1)
    case(a, "gated-by-decoder-norm", (7.5, 7.5), residual, "normalised", a.seed + 2, gated=True)
    distill(a)
