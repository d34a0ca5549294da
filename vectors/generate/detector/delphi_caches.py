"""Small caches of latents, written by delphi's own LatentCache.

    pip install --no-deps eai-delphi==0.1.3
    pip install torch transformers safetensors jaxtyping simple_parsing tqdm
    python3 vectors/generate/detector/delphi_caches.py [--out FOLDER] [--seed N]

Only `delphi.config` and `delphi.latents.cache` are imported, not delphi's package of latents, which
wants faiss and vllm. The cache runs over a model without weights, whose hook gives the position of each
token, and an encoder that looks up what latents are there. `expected.json` comes from that table in
NumPy alone, and what was written is read again, without delphi, and compared with it.
"""

import argparse
import hashlib
import importlib.util
import json
import logging
import pathlib
import sys
import types

import numpy as np
import torch
from safetensors.numpy import load_file

VECTORS = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = "eai-delphi 0.1.3"
ROWS, CONTEXT = 3, 16

# Name: latents, splits, whether tokens are kept, active latents per token, and what it pins.
CASES = {
    "uint16": (100, 3, True, 8, "three ranges of uneven width, uint16 locations, int64 tokens"),
    "uint32": (140_000, 2, True, 8,
               "a range with a latent from 65,536 on has uint32 locations, its neighbour uint16"),
    "no-tokens": (64, 2, False, 3,
                  "no tokens, signed activations, positions without a latent, f16 subnormals; "
                  "what is at most 1e-5 is not kept"),
}


def own_modules():
    """delphi's cache and its configuration."""
    folder = pathlib.Path(importlib.util.find_spec("delphi").origin).parent
    latents = types.ModuleType("delphi.latents")
    latents.__path__ = [str(folder / "latents")]
    sys.modules["delphi.latents"] = latents
    from delphi.config import CacheConfig
    from delphi.latents.cache import LatentCache
    logging.getLogger("delphi").setLevel(logging.ERROR)
    return LatentCache, CacheConfig


class Model(torch.nn.Module):
    """One layer, whose output says which batch of which rows it is."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Identity()])

    def forward(self, tokens):
        return self.layers[0](tokens)


def table(name, width, active, generator):
    """f32 [rows, context, width], zero where a latent is not active."""
    dense = np.zeros((ROWS, CONTEXT, width), np.float32)
    for row in dense:
        for place in row:
            chosen = generator.choice(width, active, replace=False)
            place[chosen] = generator.gamma(2, 3, active)
    if name == "uint32":
        dense[:, :, 65_536:70_000] = 0
        dense[:, :, 70_000 + 65_536:] = 0
        for row, position, latent in [(0, 0, 0), (0, 3, 65_535), (1, 7, 65_536), (2, 15, 69_999),
                                      (0, 3, 70_000), (2, 1, 70_000 + 65_535)]:
            dense[row, position, latent] = 1.5 + row
    if name == "uint16":
        for latent in [0, 32, 33, 65, 66, 99]:  # both ends of every range
            dense[1, 4, latent] = 1 + latent / 8
    if name == "no-tokens":
        dense *= generator.choice([-1, 1], dense.shape)
        dense[0, 0] = dense[1, 5] = dense[2, 15] = 0
        dense[0, 1, 7], dense[0, 2, 7], dense[0, 2, 9] = 2e-5, 1e-6, -2e-5
    return dense


def expected(dense):
    """What a reader must find: the entries of every position, latents ascending."""
    entries = []
    for row in range(ROWS):
        for position in range(CONTEXT):
            place = dense[row, position]
            kept = np.flatnonzero(np.abs(place) > np.float32(1e-5))
            values = place[kept].astype(np.float16).astype(np.float64)
            entries.append({"row": row, "position": position,
                            "latents": kept.tolist(), "values": values.tolist()})
    return entries


def read_again(module, width):
    """The entries of all files, by the layout alone."""
    dense = np.zeros((ROWS, CONTEXT, width), np.float64)
    for file in module.glob("*.safetensors"):
        tensors = load_file(file)
        place = tensors["locations"].astype(np.int64)
        start, end = map(int, file.stem.split("_"))
        assert (place[:, 2] <= end - start).all()
        dense[place[:, 0], place[:, 1], place[:, 2] + start] = tensors["activations"]
    return dense


def write(out, name, seed):
    width, splits, keeps_tokens, active, pins = CASES[name]
    latent_cache, cache_config = own_modules()
    generator = np.random.default_rng([seed, *name.encode()])
    dense = table(name, width, active, generator)
    tokens = generator.integers(3, 262_144, (ROWS, CONTEXT))
    tokens[:, 0] = 2
    folder = out / name
    folder.mkdir(parents=True)

    batches = iter(torch.from_numpy(dense))
    cache = latent_cache(
        Model(), {"layers.0": lambda hidden: next(batches)[None]}, batch_size=1)
    cache.run(ROWS * CONTEXT, torch.from_numpy(tokens))
    cache.save_splits(splits, folder, save_tokens=keeps_tokens)
    cache.save_config(
        folder, cache_config(dataset_repo="random", dataset_split="train", batch_size=1,
                             cache_ctx_len=CONTEXT, n_tokens=ROWS * CONTEXT, n_splits=splits),
        "random")

    entries = expected(dense)
    found = read_again(folder / "layers.0", width)
    for entry in entries:
        place = found[entry["row"], entry["position"]]
        assert np.flatnonzero(place).tolist() == entry["latents"], entry
        assert place[entry["latents"]].tolist() == entry["values"], entry
    files = {file.stem: load_file(file) for file in (folder / "layers.0").glob("*.safetensors")}
    ranges = sorted([*map(int, stem.split("_")), str(tensors["locations"].dtype)]
                    for stem, tensors in files.items())
    (folder / "expected.json").write_text(json.dumps({
        "module": "layers.0", "rows": ROWS, "context": CONTEXT, "latents": width,
        "ranges": [{"start": a, "end": b, "locations": kind} for a, b, kind in ranges],
        "tokens": tokens.tolist() if keeps_tokens else None,
        "entries": entries}) + "\n")
    (folder / "case.json").write_text(json.dumps(
        {"library": LIBRARY, "pins": pins, "tolerance_abs": 0, "tolerance_rel": 0}, indent=1) + "\n")
    return folder, pins


def list_case(folder, pins):
    place = VECTORS / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["cases"][str(folder.relative_to(VECTORS))] = {
        "library": LIBRARY, "pins": pins, "tolerance_abs": 0, "tolerance_rel": 0,
        "files": {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                  for file in sorted(folder.rglob("*")) if file.is_file()}}
    manifest["cases"] = dict(sorted(manifest["cases"].items()))
    place.write_text(json.dumps(manifest, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "detector" / "delphi")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in CASES:
        folder, pins = write(options.out.resolve(), name, options.seed)
        if folder.is_relative_to(VECTORS):
            list_case(folder, pins)


if __name__ == "__main__":
    main()
