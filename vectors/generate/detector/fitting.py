"""Writes vectors/detector/fitting: what scikit-learn and NumPy fit to small random documents.

    python3 vectors/generate/detector/fitting.py

Needs numpy and scikit-learn. A folder that is there is an error: a case is never edited. Tests never run
this.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

VECTORS = Path(__file__).resolve().parents[2]
FEATURES = 48


def rounded(value):
    """A number that f32 holds exactly, short in JSON."""
    return float(np.float32(round(float(value) * 64) / 64))


def documents(rng, count, signed):
    """Pairs of documents: features 3 and 7 with the structure, 11 and 20 without it."""
    out = []
    for pair in range(count):
        for present in [True, False]:
            rates = np.full(FEATURES, 0.12)
            rates[[0, 1]] = 0.7
            rates[[3, 7]] = [0.5, 0.35] if present else [0.08, 0.02]
            rates[[11, 20]] = [0.05, 0.1] if present else [0.3, 0.45]
            tokens = []
            for _ in range(rng.integers(4, 9)):
                active = np.flatnonzero(rng.random(FEATURES) < rates)
                values = [rounded(0.2 + rng.gamma(2.0, 0.6)) for _ in active]
                if signed:
                    values = [-v if f % 5 == 2 or rng.random() < 0.1 else v for f, v in zip(active, values)]
                tokens.append([[int(f), v] for f, v in zip(active, values)])
            out.append({"pair": f"pair-{pair}", "present": present, "tokens": tokens})
    return out


def pooled(document, pooling, joins=False):
    """[2 * FEATURES]: the positive and the negative side of each feature."""
    dense = np.zeros((len(document["tokens"]), FEATURES))
    for row, token in enumerate(document["tokens"]):
        for feature, value in token:
            dense[row, feature] = value
    if joins:
        sides = np.stack([np.abs(dense), np.zeros_like(dense)], 2)
    else:
        sides = np.stack([np.maximum(dense, 0), np.maximum(-dense, 0)], 2)
    sides = sides.reshape(len(dense), -1)
    if pooling == "max":
        return sides.max(0)
    if pooling == "mean":
        return sides.mean(0)
    if pooling == "rate":
        return (sides > 0).mean(0)
    return sides[-1]


def term(unit, **rest):
    return {"feature": unit // 2, "reading": ["positive", "negative"][unit % 2], **rest}


def distinct(order, count):
    """The first `count` units of different features."""
    taken, out = set(), []
    for unit in order:
        if unit // 2 not in taken and len(out) < count:
            taken.add(unit // 2)
            out.append(int(unit))
    return out


def frc(s, n):
    return np.where(s + n > 0, 2 * s * n / np.maximum(s + n, 1e-300), 0.0)


def interval(fires_with, silent_without):
    """Delta method with one pseudo-pair in each cell, with the covariance matrix written out."""
    cells = [(1, 1), (1, 0), (0, 1), (0, 0)]
    u = np.concatenate([fires_with, [c[0] for c in cells]]).astype(float)
    v = np.concatenate([silent_without, [c[1] for c in cells]]).astype(float)
    s, n = u.mean(), v.mean()
    gradient = np.array([2 * n * n, 2 * s * s]) / (s + n) ** 2
    variance = gradient @ np.cov(np.stack([u, v]), ddof=0) @ gradient / len(u)
    reach = 1.959963984540054 * np.sqrt(variance)
    centre = frc(s, n)
    point = frc(fires_with.mean(), silent_without.mean())
    return [float(min(max(centre - reach, 0), point)), float(max(min(centre + reach, 1), point))]


def bank(docs, pooling, k, weighting):
    x = np.stack([pooled(d, pooling) for d in docs])
    present, absent = x[0::2], x[1::2]
    fires = (x > 0).sum(0)
    candidates = np.flatnonzero(fires >= 5)
    difference = (present - absent).mean(0)
    limit = np.quantile(np.abs(difference[candidates]), 0.75)
    found = []
    for unit in candidates:
        if difference[unit] == 0 or abs(difference[unit]) < limit:
            continue
        a, b = present[:, unit] > 0, absent[:, unit] > 0
        supports = a.sum() > b.sum() or (a.sum() == b.sum() and difference[unit] > 0)
        with_, without = (a, b) if supports else (b, a)
        found.append((float(frc(with_.mean(), (~without).mean())), abs(difference[unit]), unit,
                      1 if supports else -1, with_, without))
    found.sort(key=lambda f: (-f[0], -f[1], f[2]))
    keep = distinct([f[2] for f in found], k)
    terms = []
    for confidence, _, unit, sign, with_, without in sorted(found, key=lambda f: f[2]):
        if unit in keep:
            terms.append(term(int(unit), weight=sign * confidence, centre=float(x[:, unit].mean()),
                              scale=float(x[:, unit].std()), sufficiency=float(with_.mean()),
                              necessity=float((~without).mean()), confidence=confidence,
                              interval=interval(with_, ~without)))
    intercept = 0.0
    if weighting == "equal":
        for entry in terms:
            entry["weight"] = float(np.sign(entry["weight"]))
    if weighting == "logistic":
        units = [2 * t["feature"] + (t["reading"] == "negative") for t in terms]
        weights, intercept = logistic(StandardScaler().fit_transform(x[:, units]),
                                      np.arange(len(docs)) % 2 == 0, 0.01)
        for entry, weight in zip(terms, weights):
            entry["weight"] = float(weight)
    return {"pooling": pooling, "k": k, "weighting": weighting, "terms": terms, "intercept": intercept}


def logistic(x, labels, c):
    model = LogisticRegression(C=c, tol=1e-12, max_iter=10000, solver="newton-cholesky")
    model.fit(x, labels)
    return model.coef_[0], float(model.intercept_[0])


def probe(docs, pooling, k, c, paired):
    x = np.stack([pooled(d, pooling) for d in docs])
    labels = np.array([d["present"] for d in docs])
    one, zero = x[labels], x[~labels]
    spread = np.sqrt((((one - one.mean(0)) ** 2).sum(0) + ((zero - zero.mean(0)) ** 2).sum(0)) / (len(x) - 2))
    difference = one.mean(0) - zero.mean(0)
    if paired:
        spread = (x[0::2] - x[1::2]).std(0)
    effect = np.abs(difference) / np.where(spread > 0, spread, 1)
    effect[((x > 0).sum(0) < 5) | (difference == 0)] = -1
    order = [u for u in np.argsort(-effect, kind="stable") if effect[u] >= 0]
    units = sorted(distinct(order, k))
    scaler = StandardScaler().fit(x[:, units])
    weights, intercept = logistic(scaler.transform(x[:, units]), labels, c)
    terms = [term(u, weight=float(w), centre=float(m), scale=float(s))
             for u, w, m, s in zip(units, weights, scaler.mean_, scaler.scale_)]
    return {"pooling": pooling, "k": k, "c": c, "paired": paired, "terms": terms, "intercept": intercept}


def profile(docs, pooling):
    x = np.stack([pooled(d, pooling, joins=True)[::2] for d in docs if d["present"]])
    shares = (x**2 / (x**2).sum(1, keepdims=True)).mean(0)
    order = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares[order]), 0.9) + 1)
    return {"pooling": pooling, "features": [int(f) for f in order[:count]],
            "shares": [float(s) for s in shares[order[:count]]]}


def subspace(docs, pooling, m):
    x = np.stack([pooled(d, pooling, joins=True)[::2] for d in docs if d["present"]])
    shares = (x**2 / (x**2).sum(1, keepdims=True)).mean(0)
    features = np.sort(np.argsort(-shares, kind="stable")[:m])
    p = x[:, features]
    p = p[(p**2).sum(1) > 0]
    p = p / np.linalg.norm(p, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(p.T @ p / len(p))
    order = np.argsort(-values)
    values, vectors = values[order], vectors[:, order].T
    rank = min(16, int(np.searchsorted(np.cumsum(values), 0.9 * values.sum()) + 1))
    basis = [v if v[np.argmax(np.abs(v))] > 0 else -v for v in vectors[:rank]]
    return {"pooling": pooling, "m": m, "features": [int(f) for f in features], "rank": rank,
            "values": [float(v) for v in values], "basis": [[float(e) for e in v] for v in basis]}


def dense(rng, rows, width, shift, c):
    labels = np.arange(rows) % 2 == 0
    x = rng.normal(size=(rows, width)) * rng.uniform(0.5, 30, width) + rng.normal(size=width) * 40
    x[:, : width // 3] += np.where(labels, shift, -shift)[:, None]
    x[:, width - 1] = 3.25
    x = np.float32(np.round(x * 16) / 16)
    scaler = StandardScaler().fit(x.astype(float))
    weights, intercept = logistic(scaler.transform(x.astype(float)), labels, c)
    weights = weights / scaler.scale_
    return {"c": c, "rows": [[float(v) for v in row] for row in x],
            "labels": [bool(v) for v in labels], "weights": [float(w) for w in weights],
            "intercept": float(intercept - weights @ scaler.mean_)}


def write(name, case):
    folder = VECTORS / "detector" / "fitting" / name
    folder.mkdir(parents=True)
    (folder / "case.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")
    place = VECTORS / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["cases"][f"detector/fitting/{name}"] = {
        "library": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
        "pins": case["pins"], "tolerance_abs": case["tolerance"], "tolerance_rel": case["tolerance"],
        "files": {"case.json": hashlib.sha256((folder / "case.json").read_bytes()).hexdigest()},
    }
    manifest["cases"] = dict(sorted(manifest["cases"].items()))
    place.write_text(json.dumps(manifest, indent=1) + "\n")


def main():
    for name, seed, signed in [("plain", 1, False), ("signed", 2, True)]:
        docs = documents(np.random.default_rng(seed), 40, signed)
        write(name, {
            "pins": "features of contrast pairs, a probe, a profile and a subspace, by their formulas"
                    + (", of a signed dictionary" if signed else ""),
            "tolerance": 1e-7, "feature_count": FEATURES, "documents": docs,
            "bank": [bank(docs, "max", 10, "confidence"), bank(docs, "mean", 4, "equal"),
                     bank(docs, "last", 6, "logistic")],
            "probe": [probe(docs, "mean", 5, 1.0, False), probe(docs, "max", 12, 100.0, True),
                      probe(docs, "rate", 1, 0.1, True)],
            "profile": [profile(docs, "mean"), profile(docs, "max")],
            "subspace": [subspace(docs, "mean", 24)],
        })
    rng = np.random.default_rng(3)
    write("dense", {
        "pins": "logistic regression on standardised rows: overlapping, separable, more columns than rows",
        "tolerance": 1e-7,
        "cases": [dense(rng, 60, 8, 2.0, 1.0), dense(rng, 40, 6, 200.0, 10.0),
                  dense(rng, 30, 64, 4.0, 0.01)],
    })


main()
