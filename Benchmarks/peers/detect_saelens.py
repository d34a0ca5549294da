#!/usr/bin/env python3
"""Detection as a notebook does it: SAELens encodes, NumPy pools, a linear score per structure.

Reads the same shard, dictionary and detector document as `steerctl detect`, and writes one line per
document with the same scores, so that both can be timed and compared:

    detect_saelens.py SAE SHARD DETECTOR OUT.jsonl [--threads 2] [--repeat 5] [--compare verdicts.jsonl]

Only linear readouts. Needs sae-lens (see requirements.txt).
"""

import argparse
import json
import resource
import statistics
import time

import numpy
import torch
from safetensors import safe_open
from sae_lens import SAE


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("sae")
    parser.add_argument("shard")
    parser.add_argument("detector")
    parser.add_argument("output")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--compare", help="verdicts.jsonl of steerctl detect")
    return parser.parse_args()


def read(path):
    with safe_open(path, "pt") as file:
        rows = file.get_tensor("activations").float()
        names = set(file.keys())

        def column(name):
            return file.get_tensor(name).numpy() if name in names else None

        documents = column("documents")
        special, positions = column("special"), column("positions")
    if documents is None:
        documents = numpy.zeros(len(rows), int)
    if special is None:
        special = positions == 0 if positions is not None else numpy.zeros(len(rows), bool)
    return rows, documents, special.astype(bool)


def reading(values, name):
    if name == "positive":
        return numpy.maximum(values, 0)
    if name == "negative":
        return numpy.maximum(-values, 0)
    return numpy.abs(values)


def pool(values, name):
    if name == "max":
        return values.max(axis=0)
    if name == "mean":
        return values.mean(axis=0, dtype=numpy.float64)
    if name == "rate":
        return (values > 0).mean(axis=0, dtype=numpy.float64)
    return values[-1]


def detect(options, sae, detector):
    rows, documents, special = read(options.shard)
    kept = numpy.ones(len(rows), bool)
    if detector["masking"]["skips_special"]:
        kept &= ~special
    if "sink_norm" in detector["masking"]:
        kept &= rows.norm(dim=1).numpy() < detector["masking"]["sink_norm"]
    features = sorted(
        {term["feature"] for s in detector["structures"] for term in s["readout"]["terms"]}
    )
    column = {feature: index for index, feature in enumerate(features)}
    with torch.inference_mode():
        codes = torch.cat(
            [
                sae.encode(rows[start : start + options.batch])[:, features]
                for start in range(0, len(rows), options.batch)
            ]
        ).numpy()
    starts = numpy.flatnonzero(numpy.diff(documents, prepend=documents[0] - 1))
    ends = numpy.append(starts[1:], len(documents))
    result = []
    for start, end in zip(starts, ends):
        values = codes[start:end][kept[start:end]]
        scores = {}
        for structure in detector["structures"] if len(values) else []:
            terms = structure["readout"]["terms"]
            total = structure["readout"]["intercept"]
            for term in terms:
                pooled = pool(
                    reading(values[:, column[term["feature"]]], term["reading"]),
                    structure["pooling"],
                )
                total += term["weight"] * (pooled - term["centre"]) / term["scale"]
            scores[structure["name"]] = float(total)
        result.append({"document": int(documents[start]), "scores": scores})
    with open(options.output, "w") as file:
        for line in result:
            file.write(json.dumps(line) + "\n")
    return len(rows), result


def compare(path, result):
    worst = 0.0
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == len(result), f"{len(lines)} documents, expected {len(result)}"
    for line, own in zip(lines, result):
        theirs = {finding["structure"]: finding["score"] for finding in line["findings"]}
        assert theirs.keys() == own["scores"].keys(), line["document"]
        for name, score in own["scores"].items():
            worst = max(worst, abs(theirs[name] - score) / max(1, abs(score)))
    assert worst <= 1e-4, f"scores differ by {worst}"
    return worst


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    sae = SAE.load_from_disk(options.sae, device="cpu")
    if isinstance(sae, tuple):
        sae = sae[0]
    sae = sae.float().eval()
    with open(options.detector) as file:
        detector = json.load(file)
    seconds, processor = [], []
    for _ in range(options.repeat):
        begin, spent = time.perf_counter(), time.process_time()
        rows, result = detect(options, sae, detector)
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - spent)
    median = statistics.median(seconds)
    report = {
        "rows": rows,
        "seconds": median,
        "processor_seconds": statistics.median(processor),
        "tokens_per_second": rows / median,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    if options.compare:
        report["largest_difference"] = compare(options.compare, result)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
