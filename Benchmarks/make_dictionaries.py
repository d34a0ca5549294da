"""Writes synthetic dictionaries, as SAELens folders, and rows to encode with them. Needs NumPy.

    make_dictionaries.py FOLDER WIDTHxFEATURES:TYPE[+TYPE]:KIND[+KIND...] ...

fills FOLDER/WIDTHxFEATURES/{rows.f32, TYPE/KIND/{cfg.json, sae_weights.safetensors}} unless they are
there. TYPE is f32 or bf16; KIND is topk (k = 64), topkN, relu or jumprelu. The same seed makes the same
files.

Random Gaussian weights would flatter methods that look at a bound first: real dictionaries have rows
that resemble each other's inputs, and real rows have a few huge dimensions. So here

    D    unit rows; E = tied to D, and noise
    x    = sum of 60 features with positive coefficients, noise, a bias, and three dimensions that are
           25 to 60 times larger than the others, in every row nearly the same
    topk, relu   subtract the bias first, as trained dictionaries do
    jumprelu     does not (its encoder bias makes up for it), so it sees the huge dimensions; its
                 thresholds leave about 100 features active
"""

import json
import os
import pathlib
import struct
import sys
import tempfile

import numpy as np

SEED = 20260
ACTIVE = 60
ROWS = 512
K = 64
L0 = 100
BLOCK = 4096  # features at a time, to stay within memory


def weights(rng, n, d):
    """D [n, d] with unit rows, and E [n, d] tied to it."""
    decoder = np.empty((n, d), np.float32)
    encoder = np.empty((n, d), np.float32)
    for first in range(0, n, BLOCK):
        part = slice(first, min(n, first + BLOCK))
        block = rng.standard_normal((part.stop - first, d), dtype=np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        decoder[part] = block
        noise = rng.standard_normal(block.shape, dtype=np.float32)
        encoder[part] = 0.9 * block + (0.3 / np.sqrt(d)) * noise
    return decoder, encoder


def inputs(rng, decoder, bias):
    """Rows [ROWS, d] with `bias` in them, whose huge dimensions are put into `bias`, too."""
    n, d = decoder.shape
    rows = 0.1 * rng.standard_normal((ROWS, d), dtype=np.float32)
    for row in rows:
        features = rng.choice(n, ACTIVE, replace=False)
        row += (4 * rng.lognormal(0, 0.5, ACTIVE)).astype(np.float32) @ decoder[features]
    size = np.sqrt(np.mean(rows**2))
    huge = rng.choice(d, 3, replace=False)
    bias[huge] = size * rng.uniform(25, 60, 3) * rng.choice([-1, 1], 3)
    rows += bias
    rows[:, huge] *= 1 + 0.1 * rng.standard_normal((ROWS, 3))
    return rows


def as_type(array, kind):
    if kind == "f32":
        return np.ascontiguousarray(array, np.float32)
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    out = np.empty(bits.shape, np.uint16)
    for first in range(0, len(bits), BLOCK):
        part = bits[first : first + BLOCK]
        out[first : first + BLOCK] = (part + (0x7FFF + ((part >> 16) & 1))) >> 16
    return out


def write(path, kind, tensors):
    """A safetensors file, appearing whole or not at all; data begins at a multiple of 64."""
    header, offset = {}, 0
    for name, array in tensors.items():
        size = array.size * (4 if kind == "f32" else 2)
        header[name] = {
            "dtype": "F32" if kind == "f32" else "BF16",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            as_type(array, kind).tofile(file)
        file.flush()
        os.fsync(file.fileno())  # pages that are not written yet cannot leave the page cache
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def configuration(sigma, n, d, element):
    is_top_k = sigma.startswith("topk")
    config = {
        "architecture": {"relu": "standard"}.get(sigma, "topk" if is_top_k else sigma),
        "d_in": d,
        "d_sae": n,
        "dtype": "float32" if element == "f32" else "bfloat16",
        "device": "cpu",
        "apply_b_dec_to_input": sigma != "jumprelu",
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            "sae_lens_version": "6.54.12",
            "model_name": "synthetic",
            "hook_name": "blocks.12.hook_resid_post",
        },
    }
    if is_top_k:
        config |= {"k": int(sigma.removeprefix("topk") or K), "rescale_acts_by_decoder_norm": False}
    return json.dumps(config, indent=1) + "\n"


def make(base, n, d, kinds, sigmas):
    wanted = [base / kind / sigma for kind in kinds for sigma in sigmas]
    wanted = [folder for folder in wanted if not (folder / "cfg.json").exists()]
    if (base / "rows.f32").exists() and not wanted:
        return
    print(f"making {base}", file=sys.stderr)
    rng = np.random.default_rng([SEED, n, d])
    decoder, encoder = weights(rng, n, d)
    bias = (0.05 * rng.standard_normal(d)).astype(np.float32)
    rows = inputs(rng, decoder, bias)
    encoder_bias = (0.05 * rng.standard_normal(n)).astype(np.float32)
    own_bias = encoder_bias - encoder @ bias
    z = rows[:128] @ encoder.T + own_bias
    level = np.partition(z.ravel(), -128 * L0)[-128 * L0]
    threshold = (level * np.exp(0.1 * rng.standard_normal(n))).astype(np.float32)
    base.mkdir(parents=True, exist_ok=True)
    rows.astype(np.float32).tofile(base / "rows.f32")
    common = {"W_dec": decoder, "W_enc": np.ascontiguousarray(encoder.T), "b_dec": bias}
    del encoder
    for folder in wanted:
        kind, sigma = folder.parts[-2:]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "sae_weights.safetensors"
        if sigma == "jumprelu":
            write(file, kind, common | {"b_enc": own_bias, "threshold": threshold})
        else:  # the same weights for all: one file, in the page cache once
            twin = base / kind / "weights.safetensors"
            if not twin.exists():
                write(twin, kind, common | {"b_enc": encoder_bias})
            file.unlink(missing_ok=True)
            os.link(twin, file)
        (folder / "cfg.json").write_text(configuration(sigma, n, d, kind))


def main():
    folder = pathlib.Path(sys.argv[1])
    for argument in sys.argv[2:]:
        shape, kinds, sigmas = argument.split(":")
        d, n = (int(part) for part in shape.split("x"))
        make(folder / shape, n, d, kinds.split("+"), sigmas.split("+"))


if __name__ == "__main__":
    main()
