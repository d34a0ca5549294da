"""The words of the sentence pairs, written for this bank, in two parts that share no content word.

`SELECTION` is for choosing features, `HELD_OUT` for judging the choice. Inflected forms come from
the rules below and the exceptions in `IRREGULAR`.
"""

IRREGULAR = {  # base: third person, past, participle, -ing form; None means the rule's
    "build": (None, "built", "built", None), "break": (None, "broke", "broken", None),
    "steal": (None, "stole", "stolen", None), "write": (None, "wrote", "written", None),
    "read": (None, "read", "read", None), "buy": (None, "bought", "bought", None),
    "find": (None, "found", "found", None), "lose": (None, "lost", "lost", None),
    "draw": (None, "drew", "drawn", None), "eat": (None, "ate", "eaten", None),
    "cut": (None, "cut", "cut", "cutting"), "hide": (None, "hid", "hidden", None),
    "throw": (None, "threw", "thrown", None), "catch": (None, "caught", "caught", None),
    "choose": (None, "chose", "chosen", None), "sell": (None, "sold", "sold", None),
    "drop": (None, "dropped", "dropped", "dropping"), "sleep": (None, "slept", "slept", None),
    "leave": (None, "left", "left", None), "fall": (None, "fell", "fallen", None),
    "run": (None, "ran", "run", "running"), "know": (None, "knew", "known", None),
    "hear": (None, "heard", "heard", None), "say": (None, "said", "said", None),
    "bring": (None, "brought", "brought", None), "make": (None, "made", "made", None),
    "drive": (None, "drove", "driven", None), "ride": (None, "rode", "ridden", None),
    "sing": (None, "sang", "sung", None), "dig": (None, "dug", "dug", "digging"),
    "sweep": (None, "swept", "swept", None), "tear": (None, "tore", "torn", None),
    "hang": (None, "hung", "hung", None), "shake": (None, "shook", "shaken", None),
    "swim": (None, "swam", "swum", "swimming"), "kneel": (None, "knelt", "knelt", None),
    "forget": (None, "forgot", "forgotten", "forgetting"),
    "nod": (None, "nodded", "nodded", "nodding"), "think": (None, "thought", "thought", None),
    "admit": (None, "admitted", "admitted", "admitting"),
}
PLURALS = {"child": "children", "woman": "women", "man": "men", "fish": "fishes", "loaf": "loaves"}
COMPARATIVES = {"good": "better", "bad": "worse", "big": "bigger", "thin": "thinner"}

SELECTION = {
    "people": """farmer teacher doctor sailor lawyer student neighbor soldier merchant tailor
        carpenter butcher nurse judge banker plumber gardener librarian engineer child woman boy
        girl uncle guest clerk""",
    "women": "Anna Laura Maria Emma Sofia Alice Clara Helen Nina Ruth",
    "men": "Peter James Daniel Thomas Henry Martin David Robert George Simon",
    "transitive": {
        "open": "gate box window", "close": "gate box window", "repair": "roof engine bicycle",
        "paint": "fence wall boat", "clean": "kitchen floor window", "carry": "basket ladder bag",
        "push": "cart table bicycle", "wash": "shirt plate floor", "sell": "house boat horse",
        "build": "bridge wall tower", "break": "plate window cup", "steal": "horse painting ring",
        "write": "letter report poem", "read": "letter book report", "buy": "house book ring",
        "find": "key ring letter", "lose": "key ring bag", "draw": "map tower horse",
        "eat": "apple cake sandwich", "cook": "meal fish soup", "cut": "rope cake branch",
        "hide": "key letter painting", "throw": "stone ball rope", "catch": "fish ball horse",
        "follow": "path map river", "visit": "village museum castle",
        "watch": "film river castle", "choose": "book film painting",
        "examine": "engine map coin", "lift": "stone table basket", "move": "table ladder stone",
        "answer": "letter question", "copy": "map poem report", "count": "coin plate apple",
        "measure": "wall rope table", "burn": "letter branch fence",
        "protect": "village castle bridge", "inspect": "bridge roof tower",
        "polish": "ring table cup", "deliver": "letter report basket",
        "drop": "plate basket ball", "mend": "shirt fence roof"},
    "intransitive": """smile wait sleep arrive leave laugh fall shout cry run disappear sneeze cough
        return""",
    "know": "know hear notice believe", "say": "say explain announce reply", "ask": "ask",
    "person adjectives": "tall old young strong quiet slow patient careful famous nervous",
    "thing adjectives": """heavy small cheap bright dirty narrow thick expensive dangerous beautiful
        good""",
    "manner": "quickly slowly carefully quietly happily suddenly",
    "times": """in the morning|at noon|after lunch|on Monday|before the storm|during the summer
        |before dinner|on Sunday""",
    "places": """in the garden|near the station|behind the church|in the city|at the market
        |beside the road|outside the hotel""",
}

HELD_OUT = {
    "people": """mechanic pilot priest artist hunter waiter manager detective athlete cousin man
        grandmother professor captain barber chef guide tourist shepherd miner violinist scientist
        journalist""",
    "women": "Julia Paula Irene Diana Monica Teresa Lucy",
    "men": "Oliver Victor Edward Samuel Philip Walter Arthur",
    "transitive": {
        "bring": "umbrella blanket lamp", "make": "chair blanket pie", "drive": "truck van tractor",
        "ride": "camel pony motorcycle", "sing": "song hymn anthem", "dig": "hole ditch well",
        "sweep": "porch yard corridor", "bake": "pie biscuit loaf", "borrow": "truck umbrella lamp",
        "destroy": "barn shed statue", "record": "song speech lesson",
        "explore": "cave forest island", "study": "statue fossil speech",
        "guard": "barn island shed", "plant": "tree flower bean", "pick": "flower bean mushroom",
        "load": "truck van camel", "lock": "shed barn trunk", "discover": "cave fossil statue",
        "collect": "fossil mushroom stamp", "describe": "statue island dream",
        "remember": "song dream speech", "tear": "blanket curtain flag",
        "hang": "curtain flag lamp", "fold": "blanket flag curtain",
        "shake": "blanket carpet flag", "sign": "contract petition",
        "forget": "umbrella song speech"},
    "intransitive": "dance whisper yawn swim stumble faint nod kneel travel complain escape",
    "know": "think suspect realize remark", "say": "declare insist claim admit", "ask": "wonder",
    "person adjectives": "short thin rich poor weak loud friendly generous honest",
    "thing adjectives": "big dark cold wide strange modern comfortable useful peculiar bad",
    "manner": "gently eagerly calmly rapidly politely secretly",
    "times": """at midnight|in the evening|after breakfast|on Friday|during the winter
        |before the festival|on Tuesday""",
    "places": """in the valley|near the airport|behind the factory|in the office|at the harbor
        |beside the lake|outside the theater""",
}

# Words that both parts may use: they carry grammar, not content.
FUNCTION = set("""
    a able about after all also although always am an and are aren't as at be became because
    become been before behind being beside both but by can can't cannot could couldn't did
    didn't do does doesn't don't during each either even every everyone few first for from go
    goes going had has hasn't have having he her him his how i i'll if in indeed instead is
    isn't it its just like looked many may me more most much must my myself near neither never
    no nobody none nor not nothing now of often on once one only or our out outside please
    provided quite ready several she should since single so some somebody someone something soon
    than that the their them themselves then there these they they're this those though three to
    together too two under unless until us very was we we're were what when where whether which
    while who whom whose why will with without won't would yet you your
    """.split())


def third_person(base):
    if base.endswith(("s", "sh", "ch", "x", "z")) or base == "go":
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def plural(noun):
    return PLURALS.get(noun) or third_person(noun)


def forms(base):
    """Base, third person, past, participle and -ing form of a verb."""
    third, past, participle, ing = IRREGULAR.get(base, (None,) * 4)
    if base.endswith("e"):
        rule = base + "d"
    elif base.endswith("y") and base[-2] not in "aeiou":
        rule = base[:-1] + "ied"
    else:
        rule = base + "ed"
    stem = base[:-1] if base.endswith("e") and not base.endswith("ee") else base
    return (base, third or third_person(base), past or rule, participle or rule,
            ing or stem + "ing")


def comparative(adjective):
    if adjective in COMPARATIVES:
        return COMPARATIVES[adjective]
    if adjective in ("narrow", "quiet") or len(adjective) <= 6 and not adjective.endswith(
            ("ful", "ous", "ern", "est")):
        if adjective.endswith("y"):
            return adjective[:-1] + "ier"
        return adjective + ("r" if adjective.endswith("e") else "er")
    return "friendlier" if adjective == "friendly" else "more " + adjective


def phrases(text):
    return [" ".join(phrase.split()) for phrase in text.split("|")]
