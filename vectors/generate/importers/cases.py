"""Writes golden cases: a publisher's files, rows, and what the published formula makes of them.

NumPy in float64, independent of the library under test. Weights are rounded to their stored type first,
so that the answers are those of the stored numbers.
"""

import argparse
import json
import struct
from pathlib import Path

import numpy as np


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, required=True, help="folder for the cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=12)
    parser.add_argument("--features", type=int, default=40)
    parser.add_argument("--rows", type=int, default=7)
    parser.add_argument("--layers", type=int, default=3)
    return parser.parse_args()


def bf16(values):
    """Rounds to the nearest bf16, ties to even, as float64."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def f32(values):
    return np.asarray(values, np.float32).astype(np.float64)


def f16(values):
    return np.asarray(values, np.float16).astype(np.float64)


ROUND = {"F32": f32, "BF16": bf16, "F16": f16}


def encoded(values, dtype):
    values = np.ascontiguousarray(values)
    if dtype == "BF16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def save(path, tensors, dtype="F32"):
    """Writes a safetensors file; every value must be one of `dtype` already."""
    header, parts, offset = {}, [], 0
    for name, values in tensors.items():
        data = encoded(values, dtype)
        header[name] = {
            "dtype": dtype,
            "shape": list(np.shape(values)),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def save_json(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


class Weights:
    """Random weights of one dictionary, rounded to their stored type."""

    def __init__(self, seed, width, features, out=None, dtype="F32"):
        random = np.random.default_rng(seed)
        self.dtype = dtype
        self.round = ROUND[dtype]
        out = out or width
        self.encoder = self.round(random.normal(size=(features, width)) / np.sqrt(width))
        self.decoder = self.round(
            random.normal(size=(features, out)) * random.uniform(0.3, 1.5, size=(features, 1)))
        self.encoder_bias = self.round(random.normal(size=features) * 0.1)
        self.decoder_bias = self.round(random.normal(size=out) * 0.2)
        self.threshold = self.round(random.uniform(0.05, 0.6, size=features))
        self.skip = self.round(random.normal(size=(out, width)) * 0.3)
        self.random = random


def rows(random, count, width, zero=True):
    """Row 0 has a large norm, row 1 is zero."""
    values = random.normal(size=(count, width)) * 2
    values[0] *= 40
    if zero:
        values[1] = 0
    return f32(values)


def finish(folder, publisher, note, input, features, decoded=None, forward=None, options=None):
    arrays = {"input": input, "features": features}
    if decoded is not None:
        arrays["decoded"] = decoded
    if forward is not None:
        arrays["forward"] = forward
    save(folder / "case.safetensors", {k: f32(v) for k, v in arrays.items()})
    case = {
        "publisher": publisher,
        "note": note,
        "d_in": input.shape[-1],
        "d_sae": features.shape[-1],
        "tolerance_abs": 2e-05,
        "tolerance_rel": 2e-05,
        "library": "documented formula, float64",
    }
    if options:
        case["options"] = options
    save_json(folder / "case.json", case)


def jump_relu(z, threshold):
    return np.where((z > threshold) & (z > 0), z, 0)


def top_k(z, k, by=None):
    """The k largest of each row by `by`, then ReLU; the lower index wins."""
    by = z if by is None else by
    kept = np.zeros_like(z)
    for row in range(z.shape[0]):
        order = np.lexsort((np.arange(z.shape[1]), -by[row]))[:k]
        kept[row, order] = z[row, order]
    return kept
