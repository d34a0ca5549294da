"""How well features chosen on pairs find a structure (needs PyPI's numpy, scipy, scikit-learn).

    python3 explore.py --rows rows --steerctl .build/release/steerctl --sae default/gemma-3-...

Reads what capture.py wrote and prints AUROC tables. Features, signs and weights come from selection
pairs alone. Independent of the library but for the codes, which `steerctl encode` computes.
"""

import argparse
import json
import os
import subprocess

import numpy
from scipy import stats
from sklearn.linear_model import LogisticRegression

import templates

STRUCTURES = list(templates.SELECTION)
FEATURES, BLOCK = 4096, 16  # a block: that many tokens of one text
TYPES = {"I32": numpy.int32, "I64": numpy.int64, "U8": numpy.uint8, "F32": numpy.float32}


def tensors(path, wanted):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header, found = json.loads(file.read(length)), {}
        for name in wanted:
            start, end = header[name]["data_offsets"]
            file.seek(8 + length + start)
            found[name] = numpy.frombuffer(
                file.read(end - start), TYPES[header[name]["dtype"]]).reshape(header[name]["shape"])
    return found


class Shard:
    """Rows and codes of some documents; special tokens are left out everywhere."""

    def __init__(self, name, options):
        base, codes = os.path.join(options.rows, name), os.path.join(options.rows, name + ".codes")
        with open(base + ".documents.jsonl", encoding="utf-8") as file:
            self.documents = [json.loads(line) for line in file]
        if not os.path.exists(codes):
            subprocess.run([options.steerctl, "encode", "--activations", base + ".safetensors",
                            "--tensor", "activations", "--sae", options.sae, "--output", codes],
                           check=True, stdout=subprocess.DEVNULL)
        rows = tensors(base + ".safetensors", ("activations", "documents", "special"))
        sparse = tensors(codes, ("row_offsets", "indices", "values"))
        self.is_text = rows["special"] == 0
        self.owner, self.rows = rows["documents"], rows["activations"]
        row = numpy.repeat(numpy.arange(len(self.owner)), numpy.diff(sparse["row_offsets"]))
        kept = self.is_text[row]
        self.row, self.index = row[kept], sparse["indices"][kept]
        self.value = sparse["values"][kept]
        self.lengths = numpy.bincount(self.owner[self.is_text], minlength=len(self.documents))

    def pooled(self, pooling, owner=None, count=None, lengths=None):
        """[documents, features]: largest, mean or rate of activation over a document's tokens."""
        owner = self.owner if owner is None else owner
        count = count or len(self.documents)
        lengths = self.lengths if lengths is None else lengths
        kept = owner[self.row] >= 0
        cell = owner[self.row][kept].astype(numpy.int64) * FEATURES + self.index[kept]
        result = numpy.zeros(count * FEATURES, numpy.float32)
        if pooling == "max":
            numpy.maximum.at(result, cell, self.value[kept])
            return result.reshape(count, FEATURES)
        weights = self.value[kept] if pooling == "mean" else (self.value[kept] > 0)
        result += numpy.bincount(cell, weights=weights, minlength=count * FEATURES)
        return result.reshape(count, FEATURES) / lengths[:, None]

    def mean_rows(self):
        total = numpy.zeros((len(self.documents), self.rows.shape[1]), numpy.float64)
        numpy.add.at(total, self.owner[self.is_text], self.rows[self.is_text])
        return total / self.lengths[:, None]

    def blocks(self):
        """Per row its block of BLOCK tokens or -1, and per block its document."""
        text = numpy.flatnonzero(self.is_text)
        start = numpy.searchsorted(self.owner[text], numpy.arange(len(self.documents)))
        place = numpy.arange(len(text)) - start[self.owner[text]]
        whole = self.lengths // BLOCK
        first = numpy.concatenate([[0], numpy.cumsum(whole)])
        owner = numpy.full(len(self.owner), -1)
        inside = place < whole[self.owner[text]] * BLOCK
        owner[text[inside]] = first[self.owner[text[inside]]] + place[inside] // BLOCK
        return owner, numpy.repeat(numpy.arange(len(whole)), whole)


def area(positives, negatives):
    """AUROC with mid-ranks and its standard error (DeLong)."""
    m, n = len(positives), len(negatives)
    ranks = stats.rankdata(numpy.concatenate([positives, negatives]))
    above = (ranks[:m] - stats.rankdata(positives)) / n
    below = 1 - (ranks[m:] - stats.rankdata(negatives)) / m
    return above.mean(), numpy.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)


def confidence(present, absent):
    """FRC of every feature and the sign for which it is larger."""
    fires, stays = (present > 0).mean(0), (absent > 0).mean(0)

    def harmonic(a, b):
        return 2 * a * b / numpy.maximum(a + b, 1e-12)
    up, down = harmonic(fires, 1 - stays), harmonic(1 - fires, stays)
    return numpy.maximum(up, down), numpy.where(up >= down, 1.0, -1.0)


def best(score, count):
    return numpy.argsort(-score, kind="stable")[:count]


def detectors(present, absent):
    """{name: (features, weights)} from selection pairs; scores are weighted z-scores."""
    both = numpy.concatenate([present, absent])
    labels = numpy.repeat([1, 0], [len(present), len(absent)])
    mean, deviation = both.mean(0), both.std(0) + 1e-6
    found = {}
    score, sign = confidence(present, absent)
    for count in (1, 3, 5, 10, 20):
        chosen = best(score, count)
        found[f"FRC {count}"] = (chosen, sign[chosen] / count)
    rises = numpy.where(sign > 0, score, 0)
    found["FRC 3, present only"] = (best(rises, 3), numpy.full(3, 1 / 3))
    difference = present.mean(0) - absent.mean(0)
    paired = difference / ((present - absent).std(0) + 1e-9)
    for name, rank in (("difference", numpy.abs(difference) / deviation),
                       ("paired", numpy.abs(paired))):
        for count in (5, 16, 64):
            chosen = best(rank, count)
            model = LogisticRegression(C=1.0, max_iter=2000).fit(
                (both[:, chosen] - mean[chosen]) / deviation[chosen], labels)
            found[f"logistic {count}, {name}"] = (chosen, model.coef_[0])
    return {name: (chosen, weights, mean[chosen], deviation[chosen])
            for name, (chosen, weights) in found.items()}


def scores(values, detector):
    chosen, weights, mean, deviation = detector
    return ((values[:, chosen] - mean) / deviation) @ weights


def table(title, results, column):
    print(f"\n{title}\n")
    print("| pooling, method | " + " | ".join(STRUCTURES) + " | mean |")
    print("|---" * (len(STRUCTURES) + 2) + "|")
    for name, by_structure in results.items():
        cells = [by_structure[structure][column] for structure in STRUCTURES]
        print(f"| {name} | " + " | ".join(f"{a:.3f} ± {1.96 * e:.3f}" for a, e in cells)
              + f" | {numpy.mean([a for a, _ in cells]):.3f} |")


def pairs_of(structure, options):
    """The shard, which of its texts have the structure, and which are for choosing."""
    pairs = Shard("pairs-" + structure, options)
    return (pairs, numpy.array([each["side"] == "present" for each in pairs.documents]),
            numpy.array([each["split"] == "selection" for each in pairs.documents]))


def judge(options):
    real = Shard("labelled", options)
    results = {}
    for structure in STRUCTURES:
        pairs, is_present, choosing = pairs_of(structure, options)
        drawn = numpy.array([structure in each["labels"] for each in real.documents])
        has_it = numpy.array([each["labels"].get(structure, False) for each in real.documents])

        def note(name, held_out, labelled):
            yes, no = is_present & ~choosing, ~is_present & ~choosing
            results.setdefault(name, {})[structure] = (
                area(held_out[yes], held_out[no]),
                area(labelled[drawn & has_it], labelled[drawn & ~has_it]))
        for pooling in ("max", "mean", "rate"):
            values, real_values = pairs.pooled(pooling), real.pooled(pooling)
            made = detectors(values[choosing & is_present], values[choosing & ~is_present])
            for name, detector in made.items():
                note(f"{pooling}, {name}", scores(values, detector), scores(real_values, detector))
        dense, real_dense = pairs.mean_rows(), real.mean_rows()
        mean, deviation = dense[choosing].mean(0), dense[choosing].std(0) + 1e-6
        model = LogisticRegression(C=0.1, max_iter=5000).fit(
            (dense[choosing] - mean) / deviation, is_present[choosing])
        note("mean, logistic on rows", *(model.decision_function((each - mean) / deviation)
                                         for each in (dense, real_dense)))
    table("Held-out pairs: AUROC ± half a 95 % interval (DeLong)", results, 0)
    table("Real sentences", results, 1)


def parsed(description):
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", required=True, help="folder that capture.py wrote")
    parser.add_argument("--steerctl", required=True)
    parser.add_argument("--sae", required=True, help="folder of the dictionary")
    return parser.parse_args()


if __name__ == "__main__":
    judge(parsed(__doc__))
