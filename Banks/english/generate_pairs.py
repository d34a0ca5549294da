"""Writes pairs.jsonl: English sentence pairs that differ in one grammatical structure.

    python3 generate_pairs.py            writes pairs.jsonl beside this file
    python3 generate_pairs.py --check    checks pairs.jsonl, changes nothing

The same files give the same bytes: every structure has its own generator, seeded by its name.
"""

import collections
import json
import os
import random
import re
import sys

import lexicon
import templates

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pairs.jsonl")
COUNTS = {"selection": 350, "held-out": 150}
PARTS = {"selection": (lexicon.SELECTION, templates.SELECTION),
         "held-out": (lexicon.HELD_OUT, templates.HELD_OUT)}


def verb_slots(letter, verb):
    return {letter + suffix: form
            for suffix, form in zip(("", "s", "ed", "en", "ing"), lexicon.forms(verb))}


def draw(words, rng):
    """One value for every slot."""
    people = rng.sample(words["people"].split(), 2)
    names = rng.sample(words["women"].split() + words["men"].split(), 2)
    person, thing = (words[kind + " adjectives"].split() for kind in ("person", "thing"))
    adjective, object_adjective = rng.choice(person), rng.choice(thing)
    verb = rng.choice(sorted(words["transitive"]))
    objects = rng.sample(words["transitive"][verb].split(), 2)
    walk, rest = rng.sample(words["intransitive"].split(), 2)
    know, say = rng.choice(words["know"].split()), rng.choice(words["say"].split())
    time, place = rng.choice(lexicon.phrases(words["times"])), rng.choice(
        lexicon.phrases(words["places"]))
    slots = {**verb_slots("V", verb), **verb_slots("W", walk), **verb_slots("Z", rest),
             **verb_slots("K", know), **verb_slots("Y", say), **verb_slots("A", words["ask"])}

    def decorated(adjectives):
        return rng.choice(adjectives) + " " if rng.random() < 0.25 else ""

    for index, suffix in enumerate(("", "2")):
        extra = decorated(person)
        is_named = rng.random() < 0.35
        name, noun = names[index], people[index]
        slots["N" + suffix] = extra + noun
        slots["N" + suffix + "p"] = extra + lexicon.plural(noun)
        slots["S" + suffix] = name if is_named else "the " + extra + noun
        slots["H" + suffix] = name if is_named else "the " + noun
        extra = decorated(thing)
        slots["O" + suffix] = "the " + extra + objects[index]
        slots["G" + suffix] = "the " + objects[index]
        slots["o" + suffix] = extra + objects[index]
        slots["o" + suffix + "p"] = extra + lexicon.plural(objects[index])
    slots["^O"], slots["^S2"] = (upper(slots[key]) for key in ("O", "S2"))
    is_woman = (names[0] in words["women"].split() if slots["S"] == names[0]
                else people[0] in ("woman", "girl", "grandmother")
                or people[0] not in ("boy", "uncle", "man") and rng.random() < 0.5)
    slots.update(zip(("he", "him", "his"), ("she", "her", "her") if is_woman
                     else ("he", "him", "his")))
    behind = rng.random() < 0.35
    slots.update({
        "Nb": people[0], "Nbp": lexicon.plural(people[0]), "ob": objects[0],
        "pa": adjective, "pac": lexicon.comparative(adjective),
        "oa": object_adjective, "oac": lexicon.comparative(object_adjective),
        "T": time, "L": place, "m": rng.choice(words["manner"].split()),
        "X": " " + rng.choice((time, place)) if behind else "",
        "F": time + ", " if not behind and rng.random() < 0.35 else "",
        "pl": rng.choice(("I", "we", "they", "you")),
        "mo": rng.choice(("can", "may", "must", "should"))})
    return slots


def upper(text):
    return text[:1].upper() + text[1:]


def realise(template, slots):
    text = re.sub(r"\{([^}]+)\}", lambda match: slots[match.group(1)], template)
    text = re.sub(r"\ba (?=(?!useful\b)[aeiou]|honest\b)", "an ", text)
    text = re.sub(r"\bA (?=(?!useful\b)[aeiou]|honest\b)", "An ", text)
    return '"' + upper(text[1:]) if text.startswith('"') else upper(text)


def pairs_of(structure, part):
    words, by_structure = PARTS[part]
    rng = random.Random(f"english/{structure}/{part}")
    seen, number = set(), 0
    while number < COUNTS[part]:
        present, absent = by_structure[structure][number % len(by_structure[structure])]
        slots = draw(words, rng)
        sentences = realise(present, slots), realise(absent, slots)
        if sentences[0] == sentences[1] or seen.intersection(sentences):
            continue
        seen.update(sentences)
        number += 1
        yield sentences


def generate():
    for structure in templates.SELECTION:
        number = 0
        for part in COUNTS:
            for present, absent in pairs_of(structure, part):
                yield {"pair": f"english/{structure}/{number:04}", "structure": structure,
                       "lexicon": part, "present": present, "absent": absent}
                number += 1


def words_of(text):
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def check(pairs):
    """What is wrong with the pairs, one line each."""
    wrong, counts, used = [], collections.Counter(), collections.defaultdict(set)
    sentences = collections.defaultdict(collections.Counter)
    for pair in pairs:
        counts[pair["structure"], pair["lexicon"]] += 1
        for side in ("present", "absent"):
            sentences[pair["structure"]][pair[side]] += 1
            used[pair["lexicon"]].update(words_of(pair[side]))
            if not re.fullmatch(r'"?[A-Z].*[.?]"?', pair[side]) or "  " in pair[side]:
                wrong.append(f"{pair['pair']}: '{pair[side]}' is no sentence")
    wrong += [f"{structure}: '{text}' occurs {count} times"
              for structure, counter in sentences.items()
              for text, count in counter.items() if count > 1]
    wrong += [f"'{word}' is in both lexicons and no function word"
              for word in sorted(used["selection"] & used["held-out"] - lexicon.FUNCTION)]
    for structure in templates.SELECTION:
        wrong += [f"{structure}, {part}: {counts[structure, part]}, expected {count}"
                  for part, count in COUNTS.items() if counts[structure, part] != count]
        shared = set(templates.SELECTION[structure]) & set(templates.HELD_OUT[structure])
        wrong += [f"{structure}: template {template} is in both parts" for template in shared]
    if len({pair["pair"] for pair in pairs}) != len(pairs):
        wrong.append("pair names repeat")
    return wrong


def main():
    if sys.argv[1:] == ["--check"]:
        with open(PATH, encoding="utf-8") as file:
            pairs = [json.loads(line) for line in file]
        wrong = check(pairs)
        if pairs != list(generate()):
            wrong.append("pairs.jsonl is not what the lexicon and templates give")
        sys.exit("\n".join(wrong) if wrong else None)
    if sys.argv[1:]:
        sys.exit(__doc__)
    with open(PATH, "w", encoding="utf-8") as file:
        for pair in generate():
            file.write(json.dumps(pair) + "\n")


if __name__ == "__main__":
    main()
