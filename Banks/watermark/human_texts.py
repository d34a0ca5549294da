"""Unmarked human text of the lengths that are judged, from installed packages.

    python3 human_texts.py COUNT OUTPUT.jsonl

Packages as Banks/english/sources.py says. Every document is a run of neighbouring prose sentences of one section
of 40 to 230 tokens (1.35 per word); sections of one split share no document with another. A third of the
sections calibrate ("split": "null"), the others are judged ("split": "test"). The same packages give the same
bytes.
"""

import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "english"))
import sources
from real_text import estimate, runs

SHORTEST, LONGEST = 40, 230


def documents():
    rng = random.Random(20261122)
    everything = list(sources.sections())
    rng.shuffle(everything)
    seen = set()
    for group, source, paragraphs in everything:
        number = 0
        for run in runs(paragraphs):
            start = 0
            while start < len(run):
                wanted = rng.uniform(SHORTEST, LONGEST)
                end, text = start + 1, run[start]
                while end < len(run) and estimate(text) < wanted:
                    text += " " + run[end]
                    end += 1
                key = text[:60].lower()
                if SHORTEST <= estimate(text) <= LONGEST * 1.2 and key not in seen:
                    seen.add(key)
                    yield {"id": f"human/{group}/{number}", "source": "human",
                           "package": source,
                           "split": "test" if sources.hashed("mark:" + group, 3) else "null",
                           "text": text}
                    number += 1
                start = end


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    count = int(sys.argv[1])
    room = {"null": count // 3, "test": count - count // 3}
    # No package more than a half of a split: the largest has one author's style.
    most = {split: number // 2 for split, number in room.items()}
    taken = {}
    kept = []
    for document in documents():
        split = document["split"]
        place = split, document["package"]
        if room[split] == 0 or taken.get(place, 0) >= most[document["split"]]:
            continue
        room[split] -= 1
        taken[place] = taken.get(place, 0) + 1
        kept.append(document)
    if any(room.values()):
        sys.exit(f"{sum(room.values())} documents are missing: install more of the packages")
    with open(sys.argv[2] + ".part", "w", encoding="utf-8") as file:
        for document in kept:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    os.rename(sys.argv[2] + ".part", sys.argv[2])


if __name__ == "__main__":
    main()
