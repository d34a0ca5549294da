"""Real text from installed packages (see sources.py): null documents and labelled sentences.

    python3 real_text.py null OUTPUT.jsonl
    python3 real_text.py labelled OUTPUT.jsonl

Every null document is a run of neighbouring sentences of one section, as long as a draw from a
log-uniform distribution of 12 to 180 tokens (1.35 per word). Sections, not documents, are split
into calibration and evaluation.

Labelled sentences come from sections of neither. For every structure up to 250 sentences with it
and as many without are drawn so that both have the same numbers of every source and length. A
sentence carries the labels that it was drawn for, no others.

The same packages give the same bytes.
"""

import collections
import json
import math
import random
import sys

import labels
import sources

SHORTEST, LONGEST, BINS = 12, 180, 8
PER_SIDE = 250
WANTED = {"calibration": 6600, "evaluation": 4600}
SHARE = {"anarchism": 0.36, "fortunes": 0.24, "jargon": 0.2, "wordnet": 0.1,
         "debian-policy": 0.07, "developers-reference": 0.06}


def estimate(text):
    """About how many tokens: by words, and by letters where words are long."""
    return max(1.35 * len(text.split()), len(text) / 4.6)


def bin_of(tokens):
    if not SHORTEST <= tokens <= LONGEST:
        return None
    position = math.log(tokens / SHORTEST) / math.log(LONGEST / SHORTEST)
    return min(BINS - 1, int(position * BINS))


def runs(paragraphs):
    """Longest runs of neighbouring sentences that read as prose."""
    run = []
    for paragraph in paragraphs:
        for sentence in paragraph:
            if sources.is_prose(sentence):
                run.append(sentence)
            elif run:
                yield run
                run = []
    if run:
        yield run


def cut(run, rng, room):
    """Cuts documents from a run; `room[bin]` says how many of a length are still wanted."""
    start = 0
    while start < len(run):
        open_bins = [index for index in range(BINS) if room[index] > 0]
        if not open_bins:
            return
        # Long ones are tried twice as often: few runs are long enough.
        index = rng.choice(open_bins + [b for b in open_bins if b >= BINS // 2])
        low = SHORTEST * (LONGEST / SHORTEST) ** (index / BINS)
        end, text = start + 1, run[start]
        while end < len(run) and estimate(text) < low:
            text += " " + run[end]
            end += 1
        found = bin_of(estimate(text))
        if found is None or room[found] <= 0:
            start += 1
            continue
        room[found] -= 1
        yield text
        start = end


def null_documents():
    rng = random.Random(20260513)
    everything = [entry for entry in sources.sections()
                  if sources.split_of(entry[0]) in WANTED]
    rng.shuffle(everything)
    room = {(split, source): [math.ceil(count * share / BINS)] * BINS
            for split, count in WANTED.items() for source, share in SHARE.items()}
    seen = set()
    for group, source, paragraphs in everything:
        split = sources.split_of(group)
        number = 0
        for run in runs(paragraphs):
            for text in cut(run, rng, room[split, source]):
                key = text[:60].lower()
                if key in seen:
                    continue
                seen.add(key)
                yield {"id": f"null/{group}/{number}", "group": group, "source": source,
                       "split": split, "text": text}
                number += 1


def candidates():
    """Sentences of 8 to 40 words in sections kept for labelling, in a fixed random order."""
    found, seen = [], set()
    for group, source, paragraphs in sources.sections():
        if sources.split_of(group) != "labelled":
            continue
        number = 0
        for paragraph in paragraphs:
            for sentence in paragraph:
                length, key = len(sentence.split()), sentence[:60].lower()
                if sources.is_prose(sentence) and 8 <= length <= 40 and key not in seen:
                    seen.add(key)
                    found.append({"id": f"labelled/{group}/{number}", "group": group,
                                  "source": source, "split": "labelled", "text": sentence})
                    number += 1
    random.Random(20260514).shuffle(found)
    return found


def length_bin(sentence):
    return sum(len(sentence["text"].split()) > limit for limit in (11, 15, 20, 27))


def labelled_sentences():
    pool = candidates()
    for sentence in pool:
        sentence["all"], sentence["labels"] = labels.labels(sentence["text"]), {}
    for structure in labels.LABELLERS:
        cells = collections.defaultdict(lambda: ([], []))
        # Sentences that are drawn already come first: one text serves several structures.
        for sentence in sorted(pool, key=lambda each: -len(each["labels"])):
            if structure in sentence["all"]:
                cell = cells[sentence["source"], length_bin(sentence)]
                cell[sentence["all"][structure]].append(sentence)
        room = {key: min(map(len, cell)) for key, cell in sorted(cells.items())}
        taken = dict.fromkeys(room, 0)
        wanted = min(PER_SIDE, sum(room.values()))
        while wanted:
            for key in room:
                if wanted and taken[key] < room[key]:
                    taken[key] += 1
                    wanted -= 1
        for key, count in taken.items():
            for side in (False, True):
                for sentence in cells[key][side][:count]:
                    sentence["labels"][structure] = side
    # The same sentence may stand in a section of another split.
    elsewhere = {document["text"] for document in null_documents()}
    for sentence in pool:
        del sentence["all"]
        if sentence["labels"] and sentence["text"] not in elsewhere:
            yield sentence


def main():
    kinds = {"null": null_documents, "labelled": labelled_sentences}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        for document in kinds[sys.argv[1]]():
            file.write(json.dumps(document, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
