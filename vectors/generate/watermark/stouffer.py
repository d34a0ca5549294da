"""Vectors of the keyed statistic: Stouffer's sum with correlation, length buckets and p-values.

    python3 vectors/generate/watermark/stouffer.py [--out FOLDER]

NumPy in float64, by the definitions in docs and doc comments. Scores are f32 numbers.
"""

import argparse
import json
import pathlib

import numpy as np

VECTORS = pathlib.Path(__file__).resolve().parents[2]
ENTRIES, NULLS, MINIMUM, MAXIMUM = 6, 90, 20, 3


def buckets(lengths):
    """Ranges from the shortest to the longest, each with MINIMUM documents or more."""
    lengths = np.sort(lengths)
    count = len(lengths)
    wanted = max(1, min(MAXIMUM, count // MINIMUM))
    edges, start = [int(lengths[0])], 0
    for index in range(1, count):
        if lengths[index] == lengths[index - 1]:
            continue
        share = index * wanted >= len(edges) * count
        if share and index - start >= MINIMUM and count - index >= MINIMUM:
            edges.append(int(lengths[index]))
            start = index
    last = [edge - 1 for edge in edges[1:]] + [int(lengths[-1])]
    return list(zip(edges, last))


def statistic(scores, mean, deviation, correlation, entries, signs):
    signs = np.array(signs, float)
    z = (scores[..., entries] - mean[entries]) / deviation[entries]
    return z @ signs / np.sqrt(signs @ correlation[np.ix_(entries, entries)] @ signs)


def null_statistic(nulls, entries, signs):
    """T of each null document: by the moments of all others, or of all where that is larger."""
    def moments(rows):
        return rows.mean(0), rows.std(0), np.corrcoef(rows.T)
    everyone = statistic(nulls, *moments(nulls), entries, signs)
    left_out = [statistic(row, *moments(np.delete(nulls, index, 0)), entries, signs)
                for index, row in enumerate(nulls)]
    return np.maximum(everyone, left_out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "watermark" / "stouffer")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20)
    lengths = random.integers(8, 60, NULLS)
    mixing = random.normal(size=(ENTRIES, ENTRIES)) * 0.5 + np.eye(ENTRIES)
    location = random.normal(size=ENTRIES) * 3

    def draw(count):
        rows = random.normal(size=(count, ENTRIES)) @ mixing + location
        return rows.astype(np.float32).astype(np.float64)

    nulls, texts = draw(NULLS), draw(12)
    text_lengths = [8, 60, 7, 61] + [int(x) for x in random.integers(8, 60, 8)]
    mean, deviation = nulls.mean(0), nulls.std(0)
    correlation = np.corrcoef(nulls.T)
    ranges = buckets(lengths)
    cases = []
    for entries, signs in [([2], [1]), ([2], [-1]), ([4, 0, 3], [1, 1, -1]),
                           ([5, 1, 2, 0], [-1, -1, 1, 1]), ([0, 1, 2, 3, 4, 5], [1] * 6)]:
        null = null_statistic(nulls, entries, signs)
        found = statistic(texts, mean, deviation, correlation, entries, signs)
        p = []
        for length, value in zip(text_lengths, found):
            sample = [n for low, high in ranges if low <= length <= high
                      for n, l in zip(null, lengths) if low <= l <= high]
            p.append((1 + sum(n >= value for n in sample)) / (len(sample) + 1)
                     if sample else None)
        cases.append({"entries": entries, "signs": signs, "null": null.tolist(),
                      "statistic": found.tolist(), "p": p})
    content = {
        "minimum_per_bucket": MINIMUM, "maximum_buckets": MAXIMUM, "buckets": ranges,
        "lengths": lengths.tolist(), "nulls": nulls.tolist(), "text_lengths": text_lengths,
        "texts": texts.tolist(), "cases": cases,
    }
    (out / "stouffer.json").write_text(json.dumps(content, indent=1) + "\n")
    (out / "case.json").write_text(json.dumps({
        "pins": "the keyed statistic with the correlation of its entries, null values that leave their"
                " document out, length buckets, p-values",
        "library": f"numpy {np.__version__}", "tolerance_abs": 0, "tolerance_rel": 1e-10,
    }, indent=1) + "\n")


main()
