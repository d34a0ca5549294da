"""A bank, keys of it, and what a host must get from them: plans, detectors, a verdict.

    python3 vectors/generate/watermark/host.py [--out FOLDER]

The standard library alone, by the definitions in docs and doc comments. The bank is for the dictionary in `sae`,
of 48 features of width 20; `unbound.json` is the bank before it was bound to it.
"""

import argparse
import hashlib
import json
import math
import pathlib
import random
import struct

import dictionary
from keys import VECTORS, canonical, cheapest, lean, mac, prefixed

FEATURES, WIDTH, ENTRIES, COUNT, DRAWS, NULLS, BLOCK = 48, 20, 6, 3, 4, 400, 16
STRENGTH = 1.5
CREATED, RETIRED = 1_700_000_000, 1_750_000_000
DOCUMENTS = [("given", "report-7", None), ("prompt", "Tell me a \u00e9 story.", None),
             ("window", 1_700_000_123, 86_400), ("constant", None, None)]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def bank(rng):
    features = rng.sample(range(FEATURES), ENTRIES)
    entries = [{"feature": feature, "alpha": round(rng.uniform(0.5, 4), 3),
                "slope": round(rng.gauss(0, 0.01), 5)} for feature in features]
    structures = []
    for number in range(ENTRIES):
        # Feature 3 is read by every entry, so that terms of a choice add up.
        read = sorted({(3, "positive")} | {(rng.randrange(FEATURES), rng.choice(
            ["positive", "magnitude"])) for _ in range(3)}, key=lambda term: (term[0], term[1] != "positive"))
        structures.append({
            "name": f"entry-{number}", "pooling": "mean", "readout": {
                "type": "linear", "intercept": round(rng.uniform(-1, 1), 3), "terms": [
                    {"feature": feature, "reading": reading, "weight": round(rng.uniform(-2, 2), 3),
                     "centre": round(rng.uniform(0, 0.5), 3), "scale": round(rng.uniform(0.5, 2), 3)}
                    for feature, reading in read]}})
    detector = detector_json(structures, "bank")
    return {"format": "steering-watermark-bank/1", "count": COUNT, "draws": DRAWS,
            "entries": entries, "detector": detector}


def detector_json(structures, kind):
    # Without a fingerprint: for any dictionary of these sizes.
    return {"format": "steering-detector/1", "name": "host", "kind": kind,
            "dictionary": {"name": "probe", "fingerprint": "", "feature_count": FEATURES,
                           "model_width": WIDTH},
            "masking": {"skips_special": True}, "selection": [], "structures": structures}


def fingerprint(bank):
    digest = hashlib.sha256()

    def update(value):
        if isinstance(value, str):
            digest.update(struct.pack("<q", len(value.encode())) + value.encode())
        else:
            digest.update(struct.pack("<d" if isinstance(value, float) else "<q", value))

    update("steering watermark bank 1")
    update(bank["detector"]["dictionary"]["fingerprint"])
    for number in (FEATURES, WIDTH, 1, 0, 0.0, DRAWS, len(bank["entries"])):
        update(number)
    for entry in bank["entries"]:
        update(entry["feature"])
        update(float(entry["alpha"]))
        update(float(entry["slope"]))
    structures = bank["detector"]["structures"]
    update(len(structures))
    for structure in structures:
        readout = structure["readout"]
        update(float(readout["intercept"]))
        update(len(readout["terms"]))
        for term in readout["terms"]:
            update(term["feature"])
            update(term["reading"])
            for name in ("weight", "centre", "scale"):
                update(float(term[name]))
    if "steering" in bank:
        update("steering")
        update(bank["steering"])
    return digest.hexdigest()


def nulls(rng):
    lengths = [rng.randrange(20, 61) for _ in range(NULLS)]
    means = [rng.uniform(-1, 1) for _ in range(ENTRIES)]

    def scores():
        common = rng.gauss(0, 0.3)
        return [f32(mean + common + rng.gauss(0, 0.5)) for mean in means]

    counts = [length // BLOCK for length in lengths]
    replays = sorted((rng.randrange(10, 101), f32(rng.gauss(0, 1.2))) for _ in range(NULLS))
    return {
        "tokens": lengths, "identities": sorted(rng.randrange(2 ** 62) for _ in range(NULLS)),
        "scores": [scores() for _ in range(NULLS)], "block_counts": counts,
        "blocks": [scores() for _ in range(sum(counts))],
        "replay_tokens": [tokens for tokens, _ in replays], "replay_z": [z for _, z in replays]}


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, values in tensors.items():
        flat = [v for row in values for v in row] if isinstance(values[0], list) else values
        shape = [len(values), len(values[0])] if isinstance(values[0], list) else [len(values)]
        whole = isinstance(flat[0], int)
        raw = struct.pack(f"<{len(flat)}{'q' if whole else 'f'}", *flat)
        header[name] = {"dtype": "I64" if whole else "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def key_file(secret, scheme, seconds, bank, name, retired=None):
    check = mac(secret, prefixed(
        "steering-watermark-key-check/1", "steering-watermark-key/1", name, CREATED,
        "" if retired is None else retired, "", bank, COUNT, scheme,
        "" if seconds is None else seconds))
    file = {"format": "steering-watermark-key/1", "id": name, "created": CREATED}
    file |= {} if retired is None else {"retired": retired}
    return file | {
        "bank": bank, "count": COUNT,
        "documents": {"scheme": scheme} | ({} if seconds is None else {"seconds": seconds}),
        "secret": secret.hex(), "check": check.hex()}


def plan(bank, entries, steps, strength):
    return {"version": 1, "scope": {"phase": "generated"}, "interventions": [
        {"feature": bank["entries"][entry]["feature"], "mode": "add", "strength": "unit",
         "alpha": step * strength * bank["entries"][entry]["alpha"]}
        for entry, step in zip(entries, steps) if step]}


def keyed(bank, scores, entries, signs):
    """Stouffer's sum of the chosen entries as one readout, with all centres 0 and scales 1."""
    count = len(scores)
    means = {e: math.fsum(row[e] for row in scores) / count for e in entries}
    bare = {e: sign / math.sqrt(math.fsum((row[e] - means[e]) ** 2 for row in scores) / count)
            for e, sign in zip(entries, signs)}
    variance = math.fsum(
        math.fsum(bare[e] * (row[e] - means[e]) for e in entries) ** 2 for row in scores) / count
    intercept, terms = 0.0, {}
    for entry in entries:
        factor = bare[entry] / math.sqrt(variance)
        readout = bank["detector"]["structures"][entry]["readout"]
        intercept += factor * (readout["intercept"] - means[entry])
        for term in readout["terms"]:
            place = (term["feature"], term["reading"] != "positive", term["reading"])
            weight = factor * term["weight"] / term["scale"]
            terms[place] = terms.get(place, 0) + weight
            intercept -= weight * term["centre"]
    return detector_json([{
        "name": "watermark", "pooling": "mean", "readout": {
            "type": "linear", "intercept": intercept, "terms": [
                {"feature": feature, "reading": reading, "weight": weight, "centre": 0, "scale": 1}
                for (feature, _, reading), weight in sorted(terms.items())]}}], "bank")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "watermark" / "host")
    parser.add_argument("--seed", type=int, default=20260121)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    unbound, arrays = bank(rng), nulls(rng)
    options.out.mkdir(parents=True)
    dictionary.write(options.out / "sae", FEATURES, WIDTH, random.Random(options.seed + 1))
    made = dictionary.Dictionary(options.out / "sae").bind(unbound)
    name = fingerprint(made)
    null_file = safetensors(arrays, {
        "format": "steering-watermark-nulls/1", "fingerprint": name, "block_length": str(BLOCK),
        "replay_minimum_per_bucket": str(NULLS), "replay_maximum_buckets": "8",
        "replay_strength": str(STRENGTH)})
    calibrated = made | {"null": {"file": "null.safetensors",
                                  "sha256": hashlib.sha256(null_file).hexdigest()}}
    case = {"library": "Python hashlib and hmac", "tolerance_abs": 0, "tolerance_rel": 1e-9,
            "pins": "banks, keys, plans, keyed detectors and replay verdicts as hosts get them"}
    contents = {"case.json": case, "bank.json": calibrated, "bare.json": made, "unbound.json": unbound}
    for scheme, value, seconds in DOCUMENTS:
        secret = rng.randbytes(32)
        number = value // seconds if seconds else value
        entries, signs = cheapest(secret, canonical(scheme, number),
                                  [entry["slope"] for entry in made["entries"]], COUNT, DRAWS)
        contents[f"key-{scheme}.json"] = key_file(secret, scheme, seconds, name, f"host.{scheme}")
        contents[f"plan-{scheme}.json"] = plan(made, entries, signs, STRENGTH)
        steps = [-step for step in lean([entry["slope"] for entry in made["entries"]], COUNT, DRAWS)]
        for entry, sign in zip(entries, signs):
            steps[entry] += sign
        contents[f"replay-plan-{scheme}.json"] = plan(made, range(len(steps)), steps, STRENGTH)
        contents[f"detector-{scheme}.json"] = keyed(made, arrays["scores"], entries, signs)
        if scheme == "given":
            good = contents[f"key-{scheme}.json"]
            contents["key-retired.json"] = key_file(secret, scheme, None, name, "old", RETIRED)
            contents["key-other.json"] = key_file(secret, scheme, None, "ab" * 32, "other")
            contents["key-tampered.json"] = good | {"count": COUNT - 1}
            contents["key-truncated.json"] = json.dumps(good)[:-5]
    # A replay of 50 tokens: z, its p-value among all null texts, which are one bucket.
    z = 0.875
    above = sum(null >= z for null in arrays["replay_z"])
    contents["replay.txt"] = f"{z} {(1 + above) / (NULLS + 1)!r}\n"
    (options.out / "null.safetensors").write_bytes(null_file)
    for file, content in contents.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1) + "\n"
        (options.out / file).write_text(text)
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        manifest["cases"]["watermark/host"] = {**case, "files": {
            str(file.relative_to(options.out)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.rglob("*")) if file.is_file()}}
        place.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
