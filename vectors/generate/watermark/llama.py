"""A bank and keys for the bundled dictionary, for tests of the llama.cpp host.

    python3 vectors/generate/watermark/llama.py [--out FOLDER]

As host.py, bound to the dictionary of `default/`, with null texts of replays at strength 3 alone. The features are
any: it shows what a host does, not what a good bank is.
"""

import argparse
import hashlib
import json
import pathlib
import random

import dictionary
import host
from keys import VECTORS

SCHEMES = [("given", None), ("prompt", None), ("window", 3_600), ("constant", None)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "watermark" / "llama")
    parser.add_argument("--seed", type=int, default=20260123)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    host.FEATURES, host.WIDTH, host.DRAWS = 4_096, 640, 1
    made = host.bank(rng)
    for entry in made["entries"]:
        entry["alpha"] *= 500
    made = dictionary.Dictionary(
        VECTORS.parent / "default" / "gemma-3-270m-layer12-topk32-4096").bind(made)
    name = host.fingerprint(made)
    arrays = {key: values for key, values in host.nulls(rng).items() if key.startswith("replay")}
    null_file = host.safetensors(arrays, {
        "format": "steering-watermark-nulls/1", "fingerprint": name,
        "replay_minimum_per_bucket": str(host.NULLS), "replay_maximum_buckets": "8",
        "replay_strength": "3"})
    case = {"library": "Python hashlib and hmac", "tolerance_abs": 0, "tolerance_rel": 0,
            "pins": "a bank and keys that steer-llama marks and replays with"}
    bank = made | {"null": {"file": "null.safetensors",
                            "sha256": hashlib.sha256(null_file).hexdigest()}}
    contents = {"case": case, "bank": bank}
    for scheme, seconds in SCHEMES:
        secret = rng.randbytes(32)
        contents[f"key-{scheme}"] = host.key_file(secret, scheme, seconds, name, f"llama.{scheme}")
        if scheme == "given":
            contents["key-retired"] = host.key_file(
                secret, scheme, None, name, "llama.old", host.RETIRED)
            contents["key-other"] = host.key_file(secret, scheme, None, "ab" * 32, "llama.other")
    options.out.mkdir(parents=True)
    (options.out / "null.safetensors").write_bytes(null_file)
    for file, content in contents.items():
        (options.out / f"{file}.json").write_text(json.dumps(content, indent=1) + "\n")
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        manifest["cases"]["watermark/llama"] = {**case, "files": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.iterdir())}}
        place.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
