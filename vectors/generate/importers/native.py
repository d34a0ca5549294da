"""The native form with its int8 accelerator, by the definitions in docs/formats/native.md."""

import hashlib
import json
import struct

import numpy as np

import common

LANES = 16


def in_lanes(terms):
    """A sum of f64 as 16 partial sums, of every 16th term, that are then added in order."""
    lanes = np.zeros(LANES)
    for place, term in enumerate(terms):
        lanes[place % LANES] += term
    total = 0.0
    for lane in lanes:
        total += float(lane)
    return total


def rounded_up(value):
    return np.float32(value * (1 + 2.0 ** -20) + 2.0 ** -149) if value > 0 else np.float32(0)


def quantised(row):
    """Codes, scale, residual and norm of one row."""
    largest = np.abs(row).max()
    if largest < 2.0 ** -60:
        scale, codes = np.float32(2) * largest, np.zeros(row.size, np.float32)
    else:
        scale = largest / np.float32(127)
        codes = np.rint(row * (np.float32(127) / largest))
    losses = row.astype(float) - float(scale) * codes.astype(float)
    return (codes.astype(np.int8), scale, rounded_up(np.sqrt(in_lanes(losses * losses))),
            rounded_up(np.sqrt(in_lanes(row.astype(float) ** 2))))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def safetensors(arrays, metadata):
    header, data = {"__metadata__": metadata}, b""
    kinds = {"float32": "F32", "int8": "I8"}
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    return struct.pack("<Q", len(text)) + text + data


options = common.arguments(seed=5, width=70, features=16, rows=6)
for generator in common.attempts(options.seed):
    encoder, decoder, encoder_bias, decoder_bias = common.dense(
        generator, options.width, options.features)
    decoder = np.ascontiguousarray(decoder.T)
    # A row of zeros, one that is too small for codes, one of subnormals, one with a massive weight.
    encoder[3] = 0
    encoder[5] *= np.float32(2.0 ** -70)
    encoder[6] *= np.float32(2.0 ** -140)
    encoder[9, 11] = 40
    x = common.rows(generator, options.rows, options.width)
    pre = x.astype(float) @ encoder.T.astype(float) + encoder_bias
    if common.margin(pre) > common.MARGIN:
        break
features = np.maximum(pre, 0)
decoded = features @ decoder.astype(float) + decoder_bias

weights = {"encoder": encoder, "decoder": decoder, "encoder_bias": encoder_bias,
           "decoder_bias": decoder_bias}
tap = {"model": None, "hook": None, "module_hook": None}
document = {
    "format": "steering-dictionary", "version": 1, "name": "accelerated", "kind": "autoencoder",
    "feature_count": options.features, "model_width": options.width,
    "output_width": options.width, "activation": {"function": "relu"},
    "normalisation": {"method": "none"}, "output_scale": {"method": "undoes-normalisation"},
    "subtracts_decoder_bias": False, "decoder_norm_role": "none", "prefixes": [],
    "flattens_heads": False, "excludes_special_tokens": None, "input": tap, "output": tap,
    "encoder": {"storage": "dense"}, "decoder": {"storage": "dense"}, "has_skip": False,
    "tensors": {name: {"sha256": sha256(array.tobytes())} for name, array in weights.items()},
    "ledger": [],
}

rows = [quantised(row) for row in encoder]
codes = np.zeros((options.features, -(-options.width // 64) * 64), np.int8)
codes[:, :options.width] = [row[0] for row in rows]
arrays = {name: np.array([row[place] for row in rows], np.float32)
          for place, name in [(1, "scales"), (2, "residuals"), (3, "norms")]}
arrays["codes"] = codes
metadata = {"format": "steering-accelerator", "version": "1",
            "encoder_sha256": sha256(encoder.tobytes())}
metadata.update({name + "_sha256": sha256(array.tobytes()) for name, array in arrays.items()})
common.write_case(
    "native", "accelerated",
    {"dictionary.json": (json.dumps(document, indent=2) + "\n").encode(),
     "weights.safetensors": safetensors(weights, {"format": "pt"}),
     "accelerator.safetensors": safetensors(arrays, metadata)},
    x, features, decoded,
    "the native form with an int8 accelerator, rows of zeros, subnormals and a massive weight")
