"""Vectors of the evaluation of watermarks: rates, areas, perplexity ratios and variety of words.

    python3 vectors/generate/watermark/evaluation.py [--out FOLDER]

NumPy, SciPy and scikit-learn, by the definitions in doc comments.
"""

import argparse
import hashlib
import json
import math
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.metrics import roc_auc_score

VECTORS = pathlib.Path(__file__).resolve().parents[2]
RATES = [0.1, 0.022750131948179207, 0.01]
MINIMUM = 50
TARGET = 0.9
WORDS = "the a cat dog saw ran Home, home and very old tree of light wind. stone é".split()
# Far enough apart that equal numbers of texts in each make the ranges.
LENGTHS = [(20, 26), (50, 58), (100, 112)]


def text(rng):
    few = WORDS[:3] if rng.random() < 0.6 else WORDS
    return " ".join(rng.choice(few, int(rng.integers(0, 14))))


def line(rng, ident, method, role, shift, tokens, nats, **more):
    entry = {"id": ident, "method": method, "role": role, "tokens": tokens,
             "z": {"alpha": round(float(rng.normal() + shift), 3)}} | more
    if more.get("split") != "null":
        entry |= {"text": text(rng), "log_likelihood": -round(nats * tokens, 4)}
    return entry


def lines(rng):
    entries = []
    for low, high in LENGTHS:
        for number in range(MINIMUM):
            tokens = low if number == 0 else int(rng.integers(low, high))
            entries.append(line(rng, f"null-{low}-{number}", "human", "unmarked", 0, tokens, 3,
                                split="null"))
    for number in range(40):
        low, high = LENGTHS[number % 3]
        base = float(rng.normal(3, 0.3))

        def one(method, role, shift, cost, **more):
            tokens = int(rng.integers(low, high - 1))
            entries.append(line(rng, f"p{number}", method, role, shift, tokens,
                                base + cost + float(rng.normal(0, 0.1)), **more))
        one("none", "unmarked", 0, 0, source="model", split="test")
        if number % 2 == 0:
            one("human", "unmarked", 0.1, 0.2, split="test")
        for strength, shift, cost in [(1, 1.2, 0.02), (2, 2.5, 0.08), (4, 3.6, 0.3)]:
            one("steered", "marked", shift, cost, strength=strength, seconds=round(1 + shift, 3))
        if number % 2 == 1:
            one("steered", "attacked", 1.5, 0.4, strength=4, attack="cut")
            one("steered", "wrong-key", 0, 0.1, strength=4)
    # One text per end that no null text is as short or as long as.
    entries.append(line(rng, "short", "steered", "marked", 9, 5, 3, strength=4))
    entries.append(line(rng, "long", "steered", "marked", 9, 500, 3, strength=4))
    return entries


def grams(words, n):
    return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]


def mean(values):
    return math.fsum(values) / len(values) if values else None


def variety(texts):
    distinct = []
    for n in (1, 2, 3):
        shares = [len(set(found)) / len(found) for t in texts if (found := grams(t, n))]
        distinct.append(mean(shares))
    repeated = []
    for words in texts:
        seen, again, found = set(), 0, grams(words, 4)
        for gram in found:
            again += gram in seen
            seen.add(gram)
        if found:
            repeated.append(again / len(found))
    return distinct, mean(repeated)


class Null:
    def __init__(self, entries):
        starts = [low for low, _ in LENGTHS]
        last = max(e["tokens"] for e in entries)
        self.ranges = list(zip(starts, [s - 1 for s in starts[1:]] + [last]))
        self.samples = [[np.float32(e["z"]["alpha"]) for e in entries if a <= e["tokens"] <= b]
                        for a, b in self.ranges]
        assert all(len(s) == MINIMUM for s in self.samples)

    def p(self, entry):
        for (a, b), sample in zip(self.ranges, self.samples):
            if a <= entry["tokens"] <= b:
                above = sum(s >= np.float32(entry["z"]["alpha"]) for s in sample)
                return (1 + int(above)) / (len(sample) + 1)
        return None


def flags(entries, null, is_marked):
    p = [null.p(e) for e in entries]
    known = [x for x in p if x is not None]
    trials = len(p) if is_marked else len(known)
    shares = []
    for rate in RATES:
        if 1 / (MINIMUM + 1) > rate:
            shares.append(None)
            continue
        count = sum(x <= rate for x in known)
        ends = stats.binomtest(count, trials).proportion_ci(0.95, method="wilson")
        shares.append({"count": count, "of": trials, "share": count / trials,
                       "interval": [ends.low, ends.high]})
    return {"texts": len(p), "uncalibrated": len(p) - len(known), "shares": shares,
            "mean_cal_z": mean([float(np.clip(-stats.norm.ppf(x), -5, 15)) for x in known])}


def delong(positives, negatives):
    wins = (np.subtract.outer(positives, negatives) > 0) + 0.5 * np.equal.outer(positives, negatives)
    area = roc_auc_score([1] * len(positives) + [0] * len(negatives),
                         np.concatenate([positives, negatives]))
    deviation = math.sqrt(wins.mean(1).var(ddof=1) / len(positives)
                          + wins.mean(0).var(ddof=1) / len(negatives))
    reach = stats.norm.ppf(0.975) * deviation
    return {"area": area, "interval": [max(area - reach, 0), min(area + reach, 1)]}


def perplexity(entries, plain):
    differences = []
    for entry in entries:
        if entry["id"] in plain:
            differences.append(-entry["log_likelihood"] / entry["tokens"] - plain[entry["id"]])
    if not differences:
        return None
    ends = stats.t.interval(0.95, len(differences) - 1, np.mean(differences),
                            stats.sem(differences))
    return {"ratio": math.exp(np.mean(differences)), "interval": [math.exp(x) for x in ends],
            "prompts": len(differences)}


def expected(entries):
    null = Null([e for e in entries if e.get("split") == "null"])
    test = [e for e in entries if e["role"] == "unmarked" and e["split"] != "null"]
    negatives = np.array([e["z"]["alpha"] for e in test])
    plain = {e["id"]: -e["log_likelihood"] / e["tokens"] for e in test if e["method"] == "none"}
    groups = []
    for role, strength, attack in [("marked", 1, None), ("marked", 2, None), ("marked", 4, None),
                                   ("attacked", 4, "cut")]:
        members = [e for e in entries if e["role"] == role and e["strength"] == strength]
        distinct, repeated = variety([e["text"].lower().split() for e in members])
        timed = [e for e in members if "seconds" in e]
        groups.append({
            "role": role, "strength": strength, "attack": attack, "flags": flags(members, null, True),
            "auroc": delong(np.array([e["z"]["alpha"] for e in members]), negatives),
            "perplexity_ratio": perplexity(members, plain), "distinct": distinct,
            "repetition": repeated, "mean_tokens": mean([e["tokens"] for e in members]),
            "seconds_per_token": (sum(e["seconds"] for e in timed) / sum(e["tokens"] for e in timed)
                                  if timed else None)})
    alarms = []
    for role in ("unmarked", "wrong-key"):
        members = test if role == "unmarked" else [e for e in entries if e["role"] == role]
        source = {id(e): e.get("source", e["method"]) for e in members}
        alarms.append({"role": role, "source": None, "tokens": None, "flags": flags(members, null, False)})
        for name in sorted(set(source.values())):
            own = [e for e in members if source[id(e)] == name]
            alarms.append({"role": role, "source": name, "tokens": None, "flags": flags(own, null, False)})
            for a, b in null.ranges:
                inside = [e for e in own if a <= e["tokens"] <= b]
                if inside:
                    alarms.append({"role": role, "source": name, "tokens": [a, b],
                                   "flags": flags(inside, null, False)})
    marked = [g for g in groups if g["role"] == "marked"]
    found = [g["flags"]["shares"][0]["share"] for g in marked]
    place = next(i for i, share in enumerate(found) if share >= TARGET)
    assert place > 0
    part = (TARGET - found[place - 1]) / (found[place] - found[place - 1])
    ratios = [math.log(g["perplexity_ratio"]["ratio"]) for g in marked]
    return {"nulls": {"ranges": null.ranges, "texts": [len(s) for s in null.samples]},
            "groups": groups, "false_alarms": alarms,
            "reached": marked[place]["strength"],
            "crossing": {
                "strength": marked[place - 1]["strength"]
                + part * (marked[place]["strength"] - marked[place - 1]["strength"]),
                "perplexity_ratio": math.exp(
                    ratios[place - 1] + part * (ratios[place] - ratios[place - 1]))}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "watermark" / "evaluation")
    parser.add_argument("--seed", type=int, default=20260104)
    options = parser.parse_args()
    entries = lines(np.random.default_rng(options.seed))
    case = {"library": f"NumPy {np.__version__}, SciPy {scipy.__version__},"
                       f" scikit-learn {sklearn.__version__}",
            "pins": "evaluation of watermarks: flags by length, areas, perplexity, words, matching",
            "tolerance_abs": 1e-12, "tolerance_rel": 1e-10,
            "rates": RATES, "minimum": MINIMUM, "target": TARGET}
    options.out.mkdir(parents=True)
    (options.out / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    (options.out / "expected.json").write_text(json.dumps(expected(entries), indent=1) + "\n")
    (options.out / "scored.jsonl").write_text(
        "".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n" for e in entries))
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        listed = {k: case[k] for k in ("library", "pins", "tolerance_abs", "tolerance_rel")}
        manifest["cases"]["watermark/evaluation"] = {**listed, "files": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.iterdir())}}
        place.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
