"""Makes a bank of watermark entries from the features of a bank of structures.

    steerctl fit bank ROWS/pairs*.safetensors --count 24 --output STRUCTURES.json
    python3 make_bank.py plans STRUCTURES.json TEXTS.jsonl FOLDER
    steer-llama --model M.gguf --sae SAE --score-file FOLDER/probes.jsonl --output FOLDER/scores.jsonl
        --temp 1 --top-k 64 --top-p 0.95
    python3 make_bank.py bank STRUCTURES.json FOLDER/scores.jsonl BANK
    steerctl watermark bind --bank BANK --sae SAE

ROWS are those of Banks/english. An entry per feature that some structure was found by with CONFIDENCE, each
feature once, with the structure that it tells best (FRC). TEXTS are a few unmarked continuations of
development prompts. `plans` writes plans that move generated rows by +PROBE and -PROBE along each feature's decoder
direction, and a line per plan and unmarked text. Replay says how much the next-token distribution moves (the
summed variance of the log ratio), and what that costs in likelihood. `bank` scales every entry so that COUNT of
them, each alone, move it by INFORMATION nats^2 a token in sum: all choices of a key are then about as easy to find.
(Together they move it by two thirds of that: half go up and half down, and what they share cancels.) The
half difference of the two costs is the entry's slope. Entries of more than SLOPE are left out: nearly every least
costly choice would hold them, and keys would be told apart by the others alone.
"""

import json
import math
import os
import sys

PROBE = 200.0
COUNT = 8
INFORMATION = 0.28
DRAWS = 32
SLOPE = 0.035  # nats a token
CONFIDENCE = 0.57  # FRC


def entries(path):
    """[(feature, structure, evidence)] by feature."""
    with open(path, encoding="utf-8") as file:
        detector = json.load(file)
    best = {}
    for structure in detector["structures"]:
        for term in structure["readout"]["terms"]:
            confidence = term["evidence"]["confidence"]
            if confidence >= max(CONFIDENCE, best.get(term["feature"], (None, 0))[1]):
                best[term["feature"]] = (structure["name"], confidence)
    return detector, sorted((feature, name) for feature, (name, _) in best.items())


def plans(english, texts, folder):
    os.makedirs(os.path.join(folder, "plans"), exist_ok=True)
    with open(texts, encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    with open(os.path.join(folder, "probes.jsonl"), "w", encoding="utf-8") as out:
        for feature, _ in entries(english)[1]:
            for sign in (1, -1):
                name = f"{feature}{'+' if sign > 0 else '-'}.json"
                path = os.path.join(os.path.abspath(folder), "plans", name)
                with open(path, "w", encoding="utf-8") as file:
                    json.dump({"version": 1, "scope": {"phase": "generated"}, "interventions": [
                        {"feature": feature, "mode": "add", "strength": "unit",
                         "alpha": sign * PROBE}]}, file)
                for document in documents:
                    out.write(json.dumps({"id": document["id"], "feature": feature, "sign": sign,
                                          "plan": path, "text": document["text"]}) + "\n")


def bank(english, scores, folder):
    detector, chosen = entries(english)
    variance, cost, tokens = ({feature: [0, 0] for feature, _ in chosen} for _ in range(3))
    with open(scores, encoding="utf-8") as file:
        for line in map(json.loads, file):
            feature, side, replay = line["feature"], line["sign"] < 0, line["replay"]
            variance[feature][side] += replay["variance"]
            cost[feature][side] += replay["cost"]
            tokens[feature][side] += replay["tokens"]
    steps, structures = [], []
    for feature, name in chosen:
        moved = sum(variance[feature]) / sum(tokens[feature])
        alpha = PROBE * math.sqrt(INFORMATION / COUNT / moved)
        up, down = (cost[feature][side] / tokens[feature][side] for side in (0, 1))
        slope = (up - down) / 2 / PROBE * alpha
        print(f"{feature:5} {name:16} alpha {alpha:6.1f} slope {slope:+.5f}"
              f" second order {(up + down) / 2 / moved:.3f} nats per nats^2"
              f"{', left out' if abs(slope) > SLOPE else ''}")
        if abs(slope) > SLOPE:
            continue
        steps.append({"feature": feature, "alpha": round(alpha, 2), "slope": round(slope, 6)})
        structures.append({
            "name": f"{name}-{feature}", "pooling": "mean",
            "readout": {"type": "linear", "intercept": 0, "terms": [
                {"feature": feature, "reading": "positive", "weight": 1, "centre": 0, "scale": 1}]}})
    detector["name"] = "english structures"
    detector["kind"] = "bank"
    detector["structures"] = structures
    detector.pop("calibration", None)
    detector["dictionary"]["fingerprint"] = ""  # was of other features: `bind` says that of these
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "bank.json"), "w", encoding="utf-8") as file:
        json.dump({"format": "steering-watermark-bank/1", "count": COUNT, "draws": DRAWS,
                   "entries": steps, "detector": detector}, file)
        file.write("\n")


def main():
    verbs = {"plans": plans, "bank": bank}
    if len(sys.argv) != 5 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
