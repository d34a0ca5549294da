#!/usr/bin/env python3
"""Writes the folder of a detector's run over made-up English: summary.json and verdicts.jsonl.

    Scripts/make-sample-run.py FOLDER [--documents 10000] [--structures 12] [--seed 7] [--rate 0.02275]
        [--uncalibrated] [--long TOKENS]

Scores, p-values and counts belong together as in a real run, so that pages can be looked at and
tested without a model. Some documents have hostile names and text; some are too short, too long or empty.
"""
import argparse
import bisect
import functools
import json
import math
import pathlib
import random
import re

STRUCTURES = {
    "past-tense": {"walked": 3, "opened": 3, "said": 2, "was": 2, "were": 2, "had": 2, "found": 2.5,
                   "left": 2, "closed": 3, "wrote": 3, "asked": 2.5, "waited": 3, "carried": 3,
                   "is": -1.5, "are": -1.5, "will": -2, "has": -1},
    "passive-voice": {"by": 2.5, "been": 2, "was": 1, "were": 1, "being": 2.5, "built": 1.5,
                      "written": 2, "made": 1.2, "we": -1, "i": -1},
    "negation": {"not": 3, "no": 2.5, "never": 3, "nothing": 2.5, "without": 1.5, "nobody": 3},
    "question": {"?": 4, "what": 1.5, "why": 2, "how": 1.5, "who": 1.5, "where": 1.5, ".": -0.3},
    "subordinate-clause": {"because": 3, "although": 3, "while": 2, "which": 2, "that": 1, "when": 2},
    "modality": {"may": 2.5, "might": 3, "must": 2.5, "should": 3, "could": 2.5, "would": 2},
    "comparative": {"than": 3, "more": 1.8, "less": 2, "larger": 3, "smaller": 3, "better": 2.5},
    "imperative": {"take": 2, "open": 1.8, "add": 2, "stir": 3, "press": 2.5, "let": 1.5, "was": -1},
    "quotation": {"\u201c": 3, "\u201d": 3, "said": 2, "asked": 1.5},
    "enumeration": {"first": 2, "second": 2, "third": 2.5, "finally": 2.5, ",": 0.4, "and": 0.3},
    "first-person": {"i": 3, "we": 2.5, "my": 2.5, "our": 2.5, "me": 3, "she": -0.8, "they": -0.8},
    "conditional": {"if": 3.5, "unless": 3.5, "would": 1.2, "then": 1.5},
}

STYLES = {
    "fiction": [
        "She walked down to the harbour and waited until the last boat had left.",
        "The old man opened the letter, read it twice and closed the door without a word.",
        "\u201cNobody was there,\u201d he said, \u201cand nothing had been touched.\u201d",
        "They carried the table into the garden, where the lamps were already lit.",
        "I found my brother in the kitchen; he had not slept.",
        "When the rain stopped, we left the mill and walked home along the river.",
        "She wrote three pages that evening, asked for tea and said nothing more.",
    ],
    "news": [
        "The bridge was built by the city in nine months and was opened on Tuesday.",
        "The committee said that the report had been written by two engineers.",
        "Prices are higher than last year, although wages have risen more slowly.",
        "No one was hurt, the police said, because the street had been closed in time.",
        "The minister asked why the plan was made without a public hearing.",
        "Smaller towns are growing faster than the capital, which may change the vote.",
    ],
    "recipe": [
        "Take a large bowl, add the flour and stir in the milk.",
        "Press the dough flat, fold it twice and let it rest for an hour.",
        "If the sauce is too thick, add a spoon of water and stir again.",
        "First, chop the onions; second, warm the oil; finally, add the herbs.",
        "Open the oven, turn the bread and bake it until the crust is brown.",
    ],
    "manual": [
        "If the light is red, the filter must be cleaned before the next use.",
        "You should not open the case unless the plug has been removed.",
        "The second valve is larger than the first and could be damaged by frost.",
        "Press the button for five seconds; the display will show the version.",
        "The pump may be louder when it is cold, which is not a fault.",
    ],
    "letters": [
        "I am glad that you are coming, and my mother is too.",
        "What would you like to see, and how long will you stay?",
        "We have a small room for you, and our garden is better than ever.",
        "Why did you not write to me if you were in town?",
        "I might be late, because my train never arrives when it should.",
    ],
}

NULL_COUNT = 1500
RATE = 0.02275013194817921
LENGTHS = (24, 400)


def survival(z):
    return math.erfc(z / math.sqrt(2)) / 2


@functools.cache
def quantile(share):
    """z with P(Z > z) = share, by halving."""
    low, high = -40.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if survival(middle) > share else (low, middle)
    return (low + high) / 2


def wilson(count, total):
    if total == 0:
        return [0, 1]
    z, share = 1.959963984540054, count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(
        share * (1 - share) / total + z * z / (4 * total * total))
    return [max(0, middle - half), min(1, middle + half)]


def discoveries(p, q=0.05):
    """Benjamini and Hochberg: how many of the hypotheses are rejected."""
    found = 0
    for rank, value in enumerate(sorted(p), 1):
        if value <= q * rank / len(p):
            found = rank
    return found


@functools.cache
def tokens_of(sentence):
    return re.findall(r" ?[\w\u2019]+| ?[^\w\s]", " " + sentence)


class Run:
    def __init__(self, arguments):
        self.random = random.Random(arguments.seed)
        self.rate = arguments.rate
        self.names = list(STRUCTURES)[: arguments.structures]
        self.weights = {}
        for index, name in enumerate(self.names):
            for word, weight in STRUCTURES[name].items():
                self.weights.setdefault(word, []).append((index, weight))
        # What an ordinary token adds, and how much that varies, from ordinary text.
        sums = [[] for _ in self.names]
        for _ in range(NULL_COUNT):
            _, _, parts = self.text(self.style_mix(), self.random.randint(5, 20))
            for index in range(len(self.names)):
                values = [value for value in parts[index] if value is not None]
                sums[index].append((sum(values) / len(values), len(values)))
        self.mean = [sum(s * n for s, n in one) / sum(n for _, n in one) for one in sums]
        # A document is compared with ordinary ones after the usual 1 / sqrt(n) is taken out.
        self.null = [sorted((s - m) * math.sqrt(n) for s, n in one)
                     for one, m in zip(sums, self.mean)]
        self.threshold = [one[-max(1, round(self.rate * len(one)))] for one in self.null]

    @functools.cache
    def weight(self, piece):
        return self.weights.get(piece.strip().lower(), ())

    def style_mix(self):
        return {name: 1.0 for name in STYLES}

    def text(self, mix, count):
        styles = self.random.choices(list(mix), list(mix.values()), k=count)
        pieces, segments = ["<bos>"], [0]
        for number, style in enumerate(styles):
            found = tokens_of(self.random.choice(STYLES[style]))
            pieces += found
            segments += [number] * len(found)
        pieces[1] = pieces[1].lstrip()
        parts = [[0.0] * len(pieces) for _ in self.names]
        for place, piece in enumerate(pieces):
            for index, weight in self.weight(piece):
                parts[index][place] = weight * (0.75 + 0.5 * self.random.random())
        return pieces, segments, parts

    def document(self, number, arguments):
        pick = self.random.random()
        planted = pick < 0.08
        source = "fiction" if planted else self.random.choice(["web", "web", "news", "manual", "letters"])
        mix = self.style_mix()
        if planted:
            mix = {"fiction": 6.0, "news": 3.0, "letters": 0.5}
        count = 1 if pick > 0.985 else self.random.randint(60, 80) if pick > 0.98 else (
            self.random.randint(5, 20))
        pieces, segments, parts = self.text(mix, count)
        name = f"{source}/{number:05d}"
        if number == 3:
            name = "</script><img src=x onerror=alert(1)>"
            pieces[2:4] = [" </script><b>bold", "\u202e gnirts\u0007"]
        if number == 4:
            name = "=HYPERLINK(\"x\")\u202etxt.exe"
            pieces[5] = "\u200b zero\u00a0width\n"
        if number == 5:
            pieces, segments, parts = ["<bos>"], [0], [[0.0] for _ in self.names]
        if number == 6:
            pieces[3:6] = ["a\u200cb\u200d", "\u180e\u3164\u115f", "\u2764\ufe0f\u034f"]
        if number == 0 and arguments.long:
            times = arguments.long // len(pieces) + 1
            segments = [place // 2000 for place in range(arguments.long)]
            pieces = (pieces * times)[: arguments.long]
            parts = [(part * times)[: arguments.long] for part in parts]
        kept = len(pieces) - 1
        limit = ("empty" if kept == 0 else "too-short" if kept < LENGTHS[0]
                 else "too-long" if kept > LENGTHS[1] else None)
        findings, contributions, flagged, stouffer = [], {}, [], 0.0
        for index, structure in enumerate(self.names if kept else []):
            score = sum(parts[index]) / kept
            excess = (score - self.mean[index]) * math.sqrt(kept)
            p = z_cal = threshold = None
            if limit is None and not arguments.uncalibrated:
                null = self.null[index]
                p = (1 + len(null) - bisect.bisect_left(null, excess)) / (1 + len(null))
                z_cal = quantile(p)
                threshold = self.mean[index] + self.threshold[index] / math.sqrt(kept)
                stouffer += z_cal
            found = p is not None and p <= self.rate
            if found:
                flagged.append(structure)
            findings.append({"structure": structure, "score": score, "p": p, "z": z_cal,
                             "threshold": threshold, "flagged": found, "segments": []})
            contributions[structure] = [round(value / kept, 7) for value in parts[index]]
        localised = bool(flagged) or self.random.random() < 0.02 or arguments.localise_all or number < 8
        if localised and max(segments) > 0:
            for index, finding in enumerate(findings):
                for segment in range(max(segments) + 1):
                    places = [i for i, s in enumerate(segments) if s == segment]
                    real = [i for i in places if i > 0]
                    finding["segments"].append({
                        "segment": segment, "first_token": places[0], "tokens": len(places),
                        "score": sum(parts[index][i] for i in real) / len(real) if real else None})
        shard = f"corpus-{number * 8 // max(1, arguments.documents):02d}"
        line = {"document": name, "shard": shard, "source": source,
                "tokens": {"kept": kept, "special": 1, "sink": 0, "undefined": 0}, "limit": limit,
                "combined_p": None if limit or len(self.names) < 2 or arguments.uncalibrated else
                survival(stouffer / math.sqrt(len(self.names))),
                "flagged": flagged, "findings": findings}
        labels = {}
        if "past-tense" in self.names:
            labels["past-tense"] = planted
        if "passive-voice" in self.names and number % 2 == 0:
            labels["passive-voice"] = planted and pick < 0.04
        line["labels"] = labels
        if localised:
            line["pieces"] = pieces
            line["contributions"] = contributions
        return line


def labelled(pairs, run_rate):
    """ROC of (score, label) pairs: AUROC with ties, Hanley and McNeil's interval, points."""
    positive = sum(1 for _, label in pairs if label)
    negative = len(pairs) - positive
    if not positive or not negative:
        return None
    points, area, tp, fp = [[0, 0]], 0.0, 0, 0
    ordered = sorted(pairs, key=lambda pair: -pair[0])
    place = 0
    while place < len(ordered):
        end = place
        gained_p = gained_n = 0
        while end < len(ordered) and ordered[end][0] == ordered[place][0]:
            gained_p += ordered[end][1]
            gained_n += not ordered[end][1]
            end += 1
        area += gained_n * (tp + gained_p / 2)
        tp, fp, place = tp + gained_p, fp + gained_n, end
        points.append([fp / negative, tp / positive])
    area /= positive * negative
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    error = math.sqrt((area * (1 - area) + (positive - 1) * (q1 - area * area)
                       + (negative - 1) * (q2 - area * area)) / (positive * negative))
    step = max(1, len(points) // 198)
    roc = points[::step] + ([] if points[-1] in points[::step] else [points[-1]])
    rates = []
    for rate in sorted({run_rate, 0.01, 0.001}, reverse=True):
        tpr = max(t for f, t in points if f <= rate)
        rates.append({"fpr": rate, "tpr": tpr, "interval": wilson(round(tpr * positive), positive)})
    return {"with": positive, "without": negative, "left_out": 0, "auroc": area,
            "interval": [max(0, area - 1.96 * error), min(1, area + 1.96 * error)],
            "roc": roc, "tpr_at": rates}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--structures", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--localise-all", action="store_true")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--uncalibrated", action="store_true", help="no p-values")
    parser.add_argument("--long", type=int, default=0, help="tokens of the first document")
    arguments = parser.parse_args()
    run = Run(arguments)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tokens = {"kept": 0, "special": 0, "sink": 0, "undefined": 0}
    limits, shards, combined = {}, {}, []
    values = {name: [] for name in run.names}
    pairs = {name: [] for name in run.names}
    with open(arguments.folder / "verdicts.jsonl", "w", encoding="utf-8") as out:
        for number in range(arguments.documents):
            line = run.document(number, arguments)
            for key, count in line["tokens"].items():
                tokens[key] += count
            shard = shards.setdefault(line["shard"], [0, 0])
            shard[0] += 1
            shard[1] += sum(line["tokens"].values())
            if line["limit"] == "empty" or line["limit"] and not arguments.uncalibrated:
                limits[line["limit"]] = limits.get(line["limit"], 0) + 1
            if line["combined_p"] is not None:
                combined.append(line["combined_p"])
            for finding in line["findings"]:
                name = finding["structure"]
                if finding["p"] is not None:
                    values[name].append((finding["p"], finding["z"], finding["flagged"]))
                if name in line["labels"]:
                    pairs[name].append((finding["score"], line["labels"][name]))
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    structures = []
    for name in run.names:
        counts = [0] * 80
        for _, z, _ in values[name]:
            counts[min(79, max(0, math.floor((z + 5) / 0.25)))] += 1
        scored = len(values[name])
        flagged = sum(found for _, _, found in values[name])
        structures.append({
            "name": name, "scored": arguments.documents - limits.get("empty", 0), "tested": scored,
            "flagged": flagged,
            "share": flagged / scored if scored else None,
            "interval": wilson(flagged, scored) if scored else None, "expected": arguments.rate,
            "flagged_bh": discoveries([p for p, _, _ in values[name]]),
            "z_histogram": {"lower": -5, "width": 0.25, "counts": counts},
            "labelled": labelled(pairs[name], arguments.rate)})
    found = sum(p <= arguments.rate for p in combined)
    rows = [{"name": name, "documents": count, "rows": size, "status": "done", "error": None}
            for name, (count, size) in sorted(shards.items())]
    rows.append({"name": "corpus-08", "documents": 0, "rows": 0, "status": "skipped", "error":
                 "corpus-08.safetensors: row 1207 is NaN, expected finite numbers"})
    summary = {
        "format": "steering-report/1",
        "detector": {"name": "linguistic-bank", "kind": "bank",
                     "dictionary": "gemma-3-270m-layer12-topk32-4096", "structures": run.names},
        "rate": arguments.rate, "combination": "stouffer" if combined else None, "documents": arguments.documents, "limits": limits,
        "tokens": tokens, "structures": structures,
        "combined": {"tested": len(combined), "flagged": found, "share": found / len(combined),
                     "interval": wilson(found, len(combined)), "flagged_bh": discoveries(combined)}
        if combined else None,
        "shards": rows, "failed_shards": 1}
    with open(arguments.folder / "summary.json", "w", encoding="utf-8") as out:
        json.dump(summary, out, ensure_ascii=False, indent=1)


main()
