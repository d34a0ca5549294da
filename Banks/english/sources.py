"""Sections of real English text from packages that Debian ships.

Packages: wordnet-base, dict-jargon, fortunes, debian-policy, developers-reference, anarchism.
A section is what one author wrote in one place: an article, an entry, a chapter, a saying. It is
the unit of every split, because its sentences share words and style.
"""

import gzip
import hashlib
import html
import os
import re

DOC = "/usr/share/doc"
FORTUNES = "/usr/share/games/fortunes"
SKIPPED_FORTUNES = {"art", "ascii-art", "perl", "startrek", "translate-me", "zippy"}

ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|ed|eds|vol|no|p|pp|ch|op|cit|ibid"
    r"|fig|sec|approx|al|Inc|Co|Ltd|Gen|Gov|Sen|Rep|Capt|Lt|Rev|U\.S|viz)|\b[A-Z])\.$")
BOUNDARY = re.compile(r"""([.!?]["')\]]*)\s+(?=["'(\[]*[A-Z])""")


def hashed(text, modulus):
    """A number below `modulus` that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % modulus


def split_of(group):
    """Where a section belongs: labelled sentences, null calibration or null evaluation."""
    bucket = hashed("split:" + group, 100)
    return "labelled" if bucket < 22 else "calibration" if bucket < 68 else "evaluation"


def sentences(paragraph):
    """The sentences of one paragraph, in order."""
    found, start = [], 0
    text = " ".join(paragraph.split())
    for match in BOUNDARY.finditer(text):
        if match.group(1) == "." and ABBREVIATION.search(text[start:match.end(1)]):
            continue
        found.append(text[start:match.end(1)].strip())
        start = match.end()
    if text[start:].strip():
        found.append(text[start:].strip())
    return found


def is_prose(sentence):
    """Whether it starts and ends like a sentence, and is made of words."""
    if not re.match(r"""["'(]?[A-Z]""", sentence):
        return False
    if not re.search(r"""[.!?]["')]*$""", sentence) or len(sentence.split()) < 3:
        return False
    letters = sum(c.isalpha() or c in " ,.'\"?!;:-()" for c in sentence)
    shouted = sum(word.isupper() and len(word) > 1 for word in sentence.split())
    return (letters >= 0.94 * len(sentence) and sentence.isascii()
            and shouted * 4 <= len(sentence.split())
            and not re.search(r"https?:|www\.|[<>{}|\\_*=@#~^]|--\s*$|\.\.\.\.", sentence)
            and max(len(word) for word in sentence.split()) <= 24)


def read_gzip(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        return file.read()


def ascii_quotes(text):
    for old, new in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'),
                     ("\u2013", "-"), ("\u2014", " - "), ("\u2026", "..."), ("\u00a0", " ")):
        text = text.replace(old, new)
    return text


def anarchism():
    folder = f"{DOC}/anarchism/html"
    for name in sorted(os.listdir(folder)):
        if not re.match(r"(sec|append)[A-Z0-9].*\.html$", name):
            continue
        with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
            page = file.read()
        for number, part in enumerate(re.split(r"<h[1-4][^>]*>", page)):
            part = re.sub(r"^.*?</h[1-4]>", "", part, count=1, flags=re.S) if number else part
            part = re.sub(r"<(head|script|style).*?</\1>", " ", part, flags=re.S)
            part = re.sub(r"\[[^\]\[]*(?:pp?\.|<b>)[^\]\[]*\]", " ", part)  # source references
            paragraphs = []
            for paragraph in re.split(r"</?(?:p|blockquote|li|ul|ol|br|div|td)\b[^>]*>", part):
                text = ascii_quotes(html.unescape(re.sub(r"<[^>]+>", "", paragraph)))
                paragraphs.append(re.sub(r"\s+([.,;:?!])", r"\1", " ".join(text.split())))
            yield f"anarchism/{name[:-5]}/{number:02}", "anarchism", paragraphs


def fortunes():
    seen = set()
    for name in sorted(os.listdir(FORTUNES)):
        path = f"{FORTUNES}/{name}"
        if "." in name or name in SKIPPED_FORTUNES or not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            sayings = re.split(r"^%\n", ascii_quotes(file.read()), flags=re.M)
        for number, saying in enumerate(sayings):
            if "\b" in saying or "\x1b" in saying:
                continue
            saying = re.split(r"^\s*--", saying, flags=re.M)[0]
            key = re.sub(r"\W+", "", saying.lower())[:80]
            if key in seen:
                continue
            seen.add(key)
            paragraphs = re.split(r"\n\s*\n|\n\t", saying)
            yield f"fortunes/{name}/{number:04}", "fortunes", paragraphs


def jargon():
    text = read_gzip("/usr/share/dictd/jargon.dict.dz")
    entries = re.split(r"^(?=[^\s].*$)", text, flags=re.M)
    for number, entry in enumerate(entries):
        lines = entry.split("\n")
        body = "\n".join(line for line in lines[1:] if not re.search(r"\S {3,}\S", line))
        body = ascii_quotes(body).replace("{", "").replace("}", "")
        paragraphs = [re.sub(r"^\s*(?:\d+\.|n\.|vt?\.|vi\.|adj\.)\s+", "", p)
                      for p in re.split(r"\n\s*\n|^\s+\d+\. ", body, flags=re.M)]
        paragraphs = [re.sub(r"\s*\[[^\]]*\]", "", p) for p in paragraphs]
        yield f"jargon/{number:04}", "jargon", paragraphs


def wordnet():
    """Example sentences, capitalised and closed, of twelve neighbouring entries at a time."""
    for part in ("noun", "verb", "adj", "adv"):
        examples = []
        with open(f"/usr/share/wordnet/data.{part}", encoding="ascii", errors="replace") as file:
            for line in file:
                gloss = line.partition("|")[2]
                for quoted in re.findall(r'"([^"]+)"', gloss):
                    words = quoted.split()
                    if len(words) < 4 or not quoted[0].isalpha() or ";" in quoted:
                        continue
                    ending = "" if quoted[-1] in ".!?" else "."
                    examples.append(quoted[0].upper() + quoted[1:] + ending)
        for block in range(0, len(examples), 12):
            paragraph = "\n".join(examples[block:block + 12])
            yield f"wordnet/{part}/{block // 12:04}", "wordnet", [paragraph]


def manuals():
    files = [("debian-policy", f"{DOC}/debian-policy/{name}.txt.gz") for name in (
        "policy", "perl-policy", "menu-policy", "debconf_specification", "autopkgtest",
        "copyright-format-1.0", "fhs/fhs-3.0", "upgrading-checklist")]
    files.append(("developers-reference",
                  f"{DOC}/developers-reference/docs/developers-reference.txt.gz"))
    for source, path in files:
        if not os.path.exists(path):
            continue
        text = ascii_quotes(read_gzip(path)).replace("*", "").replace("\u2022", "")
        text = re.sub(r"\[\d+\]|\"\"", "", text)
        name = os.path.basename(path)[:-7]
        for number, part in enumerate(re.split(r"\n\n(?=(?:\d+\.)+\d*\.? )", text)):
            yield f"{source}/{name}/{number:03}", source, re.split(r"\n\s*\n", part)


def sections():
    """(group, source, [[sentence]] by paragraph) of everything installed, always in this order."""
    for reader in (anarchism, fortunes, jargon, wordnet, manuals):
        for group, source, paragraphs in reader():
            kept = []
            for paragraph in paragraphs:
                parts = paragraph.split("\n") if source == "wordnet" else sentences(paragraph)
                if parts:
                    kept.append(parts)
            if kept:
                yield group, source, kept
