"""Scores, contributions, segments and calibrated p-values of small documents, in NumPy and SciPy.

Writes vectors/detector/scoring and lists it in the manifest. The formulas are those of
docs/detector.md, on dense matrices and without anything of the library.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
from scipy import stats

VECTORS = pathlib.Path(__file__).resolve().parents[2]
FEATURES, WIDTH, MINIMUM = 24, 3, 15
READINGS = {"positive": lambda f: np.maximum(f, 0), "negative": lambda f: np.maximum(-f, 0),
            "magnitude": np.abs}
POOLINGS = {"max": lambda r: r.max(0), "mean": lambda r: r.mean(0),
            "rate": lambda r: (r > 0).mean(0), "last": lambda r: r[-1]}


def document(rng, number, length):
    activations = np.round(rng.normal(size=(length, FEATURES)) * 32) / 32
    activations[rng.random((length, FEATURES)) < 0.88] = 0
    uses = rng.choice(4, size=length, p=[0.88, 0.04, 0.04, 0.04])
    uses[rng.integers(length)] = 0
    activations[uses != 0] = 0
    segments = np.sort(rng.integers(0, 3, size=length)) if number % 2 else np.arange(length) % 2
    mean = np.round(rng.normal(size=WIDTH) * 64) / 64
    return {"activations": activations, "uses": uses, "segments": segments, "mean": mean}


def written(found):
    tokens = []
    for row in found["activations"]:
        place = np.flatnonzero(row)
        tokens.append([place.tolist(), row[place].tolist()])
    return {"tokens": tokens, "uses": found["uses"].tolist(),
            "segments": found["segments"].tolist(), "mean": found["mean"].tolist()}


def structures(rng):
    found = []
    for pooling in POOLINGS:
        features = np.sort(rng.choice(FEATURES, size=5, replace=False))
        found.append({
            "name": pooling, "pooling": pooling, "readout": "linear",
            "features": features.tolist(), "readings": rng.choice(list(READINGS), 5).tolist(),
            "weights": rng.normal(size=5).tolist(), "centres": rng.normal(size=5).tolist(),
            "scales": rng.uniform(0.5, 2, size=5).tolist(), "intercept": float(rng.normal())})
    shares = rng.dirichlet(np.ones(7))[:5]
    found.append({"name": "profile", "pooling": "mean", "readout": "profile",
                  "features": rng.choice(FEATURES, size=5, replace=False).tolist(),
                  "shares": np.sort(shares)[::-1].tolist()})
    basis = np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    found.append({"name": "subspace", "pooling": "max", "readout": "subspace",
                  "features": np.sort(rng.choice(FEATURES, size=6, replace=False)).tolist(),
                  "basis": basis.ravel().tolist(), "rank": 2})
    found.append({"name": "dense", "pooling": "mean", "readout": "dense",
                  "weights": rng.normal(size=WIDTH).tolist(), "intercept": float(rng.normal())})
    return found


def score(structure, activations, mean):
    """Of kept rows alone, [kept, FEATURES]; None for a dense readout without a mean."""
    pool = POOLINGS[structure["pooling"]]
    if structure["readout"] == "dense":
        if mean is None:
            return None
        return float(np.dot(structure["weights"], mean) + structure["intercept"])
    if structure["readout"] == "linear":
        readings = np.stack([READINGS[name](activations[:, feature]) for name, feature in
                             zip(structure["readings"], structure["features"])], axis=1)
        parts = (pool(readings) - structure["centres"]) / structure["scales"]
        return float(np.dot(structure["weights"], parts) + structure["intercept"])
    energy = pool(np.abs(activations))
    picked = energy[structure["features"]]
    if structure["readout"] == "profile":
        total = (energy ** 2).sum()
        shares = picked ** 2 / total if total > 0 else np.zeros(len(picked))
        return float(-np.abs(shares - structure["shares"]).sum())
    basis = np.reshape(structure["basis"], (structure["rank"], -1))
    total = (picked ** 2).sum()
    return float(((basis @ picked) ** 2).sum() / total) if total > 0 else 0.0


def contributions(structure, found):
    """[tokens]; None for what is no sum over tokens."""
    if structure["readout"] != "linear":
        return None
    kept = np.flatnonzero(found["uses"] == 0)
    result = np.zeros(len(found["uses"]))
    for feature, name, weight, scale in zip(*[structure[key] for key in
                                              ("features", "readings", "weights", "scales")]):
        readings = READINGS[name](found["activations"][kept, feature])
        if structure["pooling"] == "max":
            part = np.where(np.arange(len(kept)) == readings.argmax(), readings, 0)
        elif structure["pooling"] == "mean":
            part = readings / len(kept)
        elif structure["pooling"] == "rate":
            part = (readings > 0) / len(kept)
        else:
            part = np.where(np.arange(len(kept)) == len(kept) - 1, readings, 0)
        result[kept] += weight * part / scale
    return result.tolist()


def scores(found, wanted, within=None):
    kept = found["uses"] == 0
    rows = found["activations"][kept if within is None else kept & within]
    if len(rows) == 0:
        return None
    mean = found["mean"] if within is None else None
    return [score(structure, rows, mean) for structure in wanted]


def length(found):
    return int((found["uses"] == 0).sum())


def calibrate(nulls, wanted):
    """Two buckets: the second starts at the first length with half of the documents below it."""
    lengths = sorted(length(null) for null in nulls)
    edge = next(a for i, a in enumerate(lengths) if i and a != lengths[i - 1]
                and 2 * i >= len(lengths) and MINIMUM <= i <= len(lengths) - MINIMUM)
    buckets = []
    for low, high in ((lengths[0], edge - 1), (edge, lengths[-1])):
        members = np.array([scores(null, wanted) for null in nulls if low <= length(null) <= high])
        ranks = stats.norm.ppf(stats.rankdata(members, axis=0) / (len(members) + 1))
        buckets.append({"lengths": [low, high], "scores": members,
                        "normal": ranks - ranks.mean(0)})
    correlation = np.corrcoef(np.concatenate([b["normal"] for b in buckets]), rowvar=False)
    for bucket in buckets:
        count = len(bucket["scores"])
        p = (count + 1 - stats.rankdata(bucket["scores"], "min", axis=0)) / (count + 1)
        bucket["combined"] = combined(p, count)
    return buckets, correlation


def combined(p, count):
    """Both statistics of [..., structures] p-values, as f32; p is capped at N/(N + 1)."""
    p = np.minimum(p, count / (count + 1))
    ranks = np.round(p.min(-1) * (count + 1))
    return {"smallest": np.float32(-ranks - p.mean(-1)),
            "stouffer": np.float32(np.clip(stats.norm.isf(p), -5, 15).sum(-1))}


def verdict(found, wanted, buckets):
    values = np.array(scores(found, wanted))
    for bucket in buckets:
        low, high = bucket["lengths"]
        if low <= length(found) <= high:
            count = len(bucket["scores"]) + 1
            p = (1 + (bucket["scores"] >= values).sum(0)) / count
            together = {}
            for name, value in combined(p, count - 1).items():
                nulls = bucket["combined"][name]
                # No rounding may decide a rank.
                apart = np.abs(nulls - value)
                assert np.all((apart == 0) | (apart > 1e-5 * np.abs(value)))
                together[name] = float((1 + (nulls >= value).sum()) / count)
            return {"p": p.tolist(), "combined": together}
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "detector" / "scoring")
    parser.add_argument("--seed", type=int, default=20260102)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    wanted = structures(rng)
    # Edges apart, so that no score ties by chance.
    nulls = [document(rng, i, int(rng.integers(7, 14))) for i in range(40)]
    fresh = [document(rng, i, int(rng.integers(7, 14))) for i in range(12)]
    buckets, correlation = calibrate(nulls, wanted)
    cases = []
    for number, found in enumerate(fresh):
        names = list(dict.fromkeys(found["segments"].tolist()))
        cases.append({
            "document": written(found), "scores": scores(found, wanted),
            "contributions": [contributions(s, found) for s in wanted] if number < 4 else None,
            "segments": [[name, scores(found, wanted, found["segments"] == name)]
                         for name in names] if len(names) > 1 else [],
            "verdict": verdict(found, wanted, buckets)})
    case = {"library": "NumPy 2.4.6, SciPy 1.17.1",
            "pins": "scores of every readout, pooling and reading; p-values by length; correlation",
            "tolerance_abs": 0, "tolerance_rel": 1e-10}
    contents = {"case": case, "scores": {
        "featureCount": FEATURES, "width": WIDTH, "minimum": MINIMUM, "structures": wanted,
        "cases": cases},
        "calibration": {"nulls": [written(null) for null in nulls],
                        "lengths": [bucket["lengths"] for bucket in buckets],
                        "correlation": correlation.ravel().tolist(),
                        "scores": [np.sort(b["scores"], axis=0).T.tolist() for b in buckets]}}
    options.out.mkdir(parents=True)
    for name, content in contents.items():
        text = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("},{", "},\n{")
        (options.out / f"{name}.json").write_text(text + "\n")
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        manifest["cases"]["detector/scoring"] = {**case, "files": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.iterdir())}}
        manifest["cases"] = dict(sorted(manifest["cases"].items()))
        place.write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
