"""llamascopium 2: selections with and without decoder norms, its normalisations, and a CLT."""

import numpy as np
from cases import Weights, arguments, f32, finish, jump_relu, rows, save, save_json, top_k

LOG = "activation_function.log_jumprelu_threshold"
NORM = "dataset_average_activation_norm."


def config(a, act, norm, gated, hooks, **more):
    return {
        "sae_type": "sae", "d_model": a.width, "expansion_factor": a.features / a.width,
        "use_decoder_bias": True, "act_fn": act, "norm_activation": norm,
        "sparsity_include_decoder_norm": gated, "top_k": 6, "use_triton_kernel": False,
        "sparsity_threshold_for_triton_spmm_kernel": 0.996, "jumprelu_threshold_window": 2.0,
        "hook_point_in": hooks[0], "hook_point_out": hooks[1], "use_glu_encoder": False, **more}


def case(a, name, act, norm, gated, seed, norms=None, bias=True, options=None):
    """Returns nothing; writes the case `name`."""
    w = Weights(seed, a.width, a.features)
    hooks = ("blocks.5.hook_resid_mid", "blocks.5.hook_mlp_out")
    if norms is None or len(norms) == 1:
        hooks = (hooks[0], hooks[0])
    folder = a.out / "llamascopium" / name
    tensors = {"W_E": w.encoder.T, "b_E": w.encoder_bias, "W_D": w.decoder}
    if bias:
        tensors["b_D"] = w.decoder_bias
    logarithm = f32(np.log(w.threshold))
    if act == "jumprelu":
        tensors[LOG] = logarithm
    for hook, value in zip(hooks, norms or ()):
        tensors[NORM + hook] = f32(np.array(value))
    save(folder / "sae_weights.safetensors", tensors)
    save_json(folder / "config.json", config(a, act, norm, gated, hooks, use_decoder_bias=bias))

    x = rows(w.random, a.rows, a.width, zero=norm != "token-wise")
    into = back = 1.0
    if norm == "dataset-wise":
        into = np.sqrt(a.width) / norms[0]
        back = norms[-1] / np.sqrt(a.width)
    elif norm == "token-wise":
        into = np.sqrt(a.width) / np.linalg.norm(x, axis=1, keepdims=True)
        back = 1 / into
    z = (x * into) @ w.encoder.T + w.encoder_bias
    gate = np.linalg.norm(w.decoder, axis=1) if gated else np.ones(a.features)
    if act == "relu":
        f = np.maximum(z, 0)
    elif act == "jumprelu":
        f = jump_relu(z * gate, np.exp(logarithm)) / gate
    else:
        f = top_k(np.maximum(z, 0), 6, by=np.maximum(z, 0) * gate)
    y = (f @ w.decoder + (w.decoder_bias if bias else 0)) * back
    finish(folder, "llamascopium", f"{act}, {norm}, decoder norms {'gate' if gated else 'unused'}",
           x, f, y, y, options)


def cross_layer(a):
    folder = a.out / "llamascopium" / "clt-jumprelu"
    ws = [Weights(a.seed + 30 + i, a.width, a.features) for i in range(a.layers)]
    random = ws[0].random
    decoders = [f32(random.normal(size=(t + 1, a.features, a.width))) for t in range(a.layers)]
    logarithm = f32(np.log(np.stack([w.threshold for w in ws]) * 4))
    tensors = {
        "W_E": np.stack([w.encoder.T for w in ws]),
        "b_E": np.stack([w.encoder_bias for w in ws]),
        LOG: logarithm,
    }
    for t in range(a.layers):
        tensors[f"W_D.{t}"] = decoders[t]
        tensors[f"b_D.{t}"] = ws[t].decoder_bias
    save(folder / "sae_weights.safetensors", tensors)
    document = config(a, "jumprelu", "inference", True, ("", ""), sae_type="clt",
                      decode_with_csr=False, sparsity_threshold_for_csr=0.05,
                      init_cross_layer_decoder_all_zero=False,
                      hook_points_in=[f"blocks.{i}.hook_resid_mid" for i in range(a.layers)],
                      hook_points_out=[f"blocks.{i}.hook_mlp_out" for i in range(a.layers)])
    for key in ("hook_point_in", "hook_point_out", "use_glu_encoder"):
        del document[key]
    save_json(folder / "config.json", document)
    x = np.stack([rows(random, a.rows, a.width) for _ in ws])
    f = []
    for s, w in enumerate(ws):
        gate = np.sqrt(sum((decoders[t][s] ** 2).sum(axis=1) for t in range(s, a.layers)))
        z = x[s] @ w.encoder.T + w.encoder_bias
        f.append(jump_relu(z * gate, np.exp(logarithm[s])) / gate)
    f = np.stack(f)
    y = np.stack([
        sum(f[s] @ decoders[t][s] for s in range(t + 1)) + ws[t].decoder_bias
        for t in range(a.layers)])
    finish(folder, "llamascopium", "cross-layer transcoder by target, gated by all decoder rows",
           x, f, y)


if __name__ == "__main__":
    a = arguments(__doc__)
    case(a, "topk-ranked-by-norm", "topk", "dataset-wise", True, a.seed, norms=(9.5,))
    case(a, "topk-plain", "topk", "inference", False, a.seed + 1, bias=False)
    case(a, "jumprelu-gated-transcoder", "jumprelu", "dataset-wise", True, a.seed + 2,
         norms=(9.5, 2.25))
    case(a, "relu-token-wise", "relu", "token-wise", True, a.seed + 3)
    case(a, "batchtopk-per-row", "batchtopk", "inference", True, a.seed + 4, options={"k": 6})
    cross_layer(a)
