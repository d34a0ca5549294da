"""Attacks on marked text, as an editor without the key could make them.

    python3 attacks.py MARKED.jsonl HUMAN.jsonl OUTPUT.jsonl

Every line of MARKED gives a line per attack: its members, "text" attacked, "attack" the name, "role"
"attacked" and "changed", the share of words that an attack on words reached. Draws depend on the line's id and the
attack alone.

respace                  white space made single spaces, as all others do: the control
delete-10, delete-30     that share of words removed
synonym-10, synonym-30   that share of words replaced by a synonym of WordNet (wordnet-base), or all that have one
shuffle                  sentences in random order
truncate-50              the first half of the words
mix-50, mix-25           that share of words of the marked text, in one piece within human text of HUMAN, of several where
                         one is short, the whole as long as the marked text
"""

import json
import os
import random
import re
import sys

WORDNET = "/usr/share/wordnet"


def synonyms():
    """Single lower-case words and their synonyms, of all senses."""
    found = {}
    for part in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(WORDNET, f"data.{part}"), encoding="ascii") as file:
            for line in file:
                if line.startswith("  "):
                    continue
                fields = line.split()
                count = int(fields[3], 16)
                words = [fields[4 + 2 * index].split("(")[0] for index in range(count)]
                words = [word for word in words if word.isalpha() and word.islower()]
                for word in words:
                    found.setdefault(word, set()).update(words)
    return {word: sorted(others - {word}) for word, others in found.items()
            if len(others) > 1}


def split_sentences(text):
    return [part for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]


def delete(words, share, rng):
    kept = [word for word in words if rng.random() >= share]
    return kept or words[:1]


def substitute(words, share, rng, table):
    places = [index for index, word in enumerate(words)
              if re.sub(r"\W", "", word).lower() in table]
    rng.shuffle(places)
    result = list(words)
    for place in places[:round(share * len(words))]:
        bare = re.sub(r"\W", "", words[place])
        other = rng.choice(table[bare.lower()])
        other = other.capitalize() if bare[:1].isupper() else other
        result[place] = words[place].replace(bare, other, 1)
    return result


def mix(words, share, rng, humans):
    length = max(1, round(share * len(words)))
    start = rng.randrange(len(words) - length + 1)
    outside = []
    while len(outside) < len(words) - length:
        outside += rng.choice(humans)["text"].split()
    outside = outside[:len(words) - length]
    place = rng.randrange(len(outside) + 1)
    return outside[:place] + words[start:start + length] + outside[place:]


def attacked(entry, table, humans):
    words = entry["text"].split()
    if not words:
        return
    sentences = split_sentences(entry["text"])

    def rng(name):
        return random.Random(f"{name}/{entry['id']}")

    yield "respace", " ".join(words), 0
    for share in (10, 30):
        name = f"delete-{share}"
        kept = delete(words, share / 100, rng(name))
        yield name, " ".join(kept), 1 - len(kept) / len(words)
        name = f"synonym-{share}"
        other = substitute(words, share / 100, rng(name), table)
        yield name, " ".join(other), sum(map(str.__ne__, words, other)) / len(words)
    rng("shuffle").shuffle(sentences)
    yield "shuffle", " ".join(sentences), None
    yield "truncate-50", " ".join(words[:max(1, len(words) // 2)]), None
    for share in (50, 25):
        name = f"mix-{share}"
        yield name, " ".join(mix(words, share / 100, rng(name), humans)), None


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    table = synonyms()
    with open(sys.argv[2], encoding="utf-8") as file:
        humans = [entry for entry in map(json.loads, file) if entry["split"] == "test"]
    with open(sys.argv[1], encoding="utf-8") as file, \
            open(sys.argv[3] + ".part", "w", encoding="utf-8") as out:
        for entry in map(json.loads, file):
            for name, text, changed in attacked(entry, table, humans):
                line = {**entry, "text": text, "attack": name, "role": "attacked", "changed": changed}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
    os.rename(sys.argv[3] + ".part", sys.argv[3])


if __name__ == "__main__":
    main()
