"""Rules that say whether a real sentence has a structure: True, False, or None where unsure.

They prefer silence to error: a sentence without a clear sign either way gets no label. Forms of
verbs, nouns and adjectives come from the installed wordnet-base. Measured precision: README.md.
"""

import re

WORDNET = "/usr/share/wordnet"
BE = r"(?:am|is|are|was|were|be|been|being|isn't|aren't|wasn't|weren't|'m|'re)"
BETWEEN = r"(?:\s+(?:not|also|now|still|always|never|only|often|just|largely|usually|\w+ly))?"


def bases(part):
    with open(f"{WORDNET}/index.{part}", encoding="ascii") as file:
        return {line.split()[0] for line in file if not line.startswith(" ")}


def exceptions(part):
    with open(f"{WORDNET}/{part}.exc", encoding="ascii") as file:
        return {line.split()[0]: line.split()[1] for line in file if len(line.split()) > 1}


VERBS, NOUNS, ADJECTIVES = bases("verb"), bases("noun"), bases("adj")
VERB_FORMS, NOUN_FORMS, ADJECTIVE_FORMS = (exceptions(part) for part in ("verb", "noun", "adj"))

# Past forms that are no participle and no other word.
PAST = set("""went saw came took knew gave wrote began became spoke chose drove ate fell flew grew
    drew threw broke woke swam sang drank ran rose arose forgot stole shook wore tore showed said
    asked told replied thought felt kept seemed looked wanted believed argued noted decided
    happened tried lived died stood walked turned""".split())
PARTICIPLES = set("""been done gone seen taken known given written begun become spoken chosen driven
    eaten fallen flown grown drawn thrown broken forgotten stolen shaken worn torn shown said told
    thought held kept left lost made paid put read sent set sold built brought bought caught found
    won taught understood hidden beaten bound fed led met cut hit shut laid born""".split())
ADJECTIVAL = set("""interested tired supposed used married excited worried aged concerned opposed
    convinced committed inclined surprised pleased bored confused scared prepared satisfied
    disappointed gone born dedicated related limited entitled unlimited indeed need worn lost
    done left become fallen grown come allied ashamed embarrassed unemployed united advanced
    involved based divided determined""".split())
NOT_PROGRESSIVE = set("""interesting boring willing missing exciting amazing surprising annoying
    nothing something anything everything during king thing string ring spring evening morning
    meaning building feeling being going lacking confusing disappointing misleading wanting
    outstanding striking charming overwhelming unwilling compelling encouraging fascinating
    forthcoming demanding depressing binding exhausting convincing revealing sing bring
    wing""".split())
SPEECH = (r"(?:said|says|asked|asks|replied|replies|answered|cried|exclaimed|shouted|whispered"
          r"|remarked|explained|explains|argued|argues|wrote|writes|stated|states|noted|notes"
          r"|put it|declared|observed|insisted|added|yelled|announced|muttered)")
IMPERATIVE = set("""add allow ask avoid be beware buy check choose come compare consider do eat
    enjoy ensure expect fight find follow forget get give go help imagine install join keep learn
    leave let listen look love make meet notice pay please pray put read recall remember remove
    run say see send show sit speak stop support take talk teach tell think throw treat try turn
    use wait walk write""".split())
AFTER_IMPERATIVE = (r"(?:a|an|the|this|that|these|those|it|me|us|him|her|them|my|your|his|our"
                    r"|their|yourself|not|to|at|for|from|up|down|out|in|into|on|about|away|off|no"
                    r"|any|all|one|some|every|sure|what|how|if|who|with|only|careful|kind|more)")


def words(text):
    return re.findall(r"[A-Za-z]+(?:'[a-z]+)?", text)


def is_past_form(word):
    return word in PAST or word.endswith("ed") and len(word) > 4


def is_participle(word):
    if word in ADJECTIVAL:
        return False
    if word in PARTICIPLES:
        return True
    return (word.endswith("ed") and not word.startswith("un")
            and (word[:-1] in VERBS or word[:-2] in VERBS or word[:-3] + "y" in VERBS
                 or word[:-3] in VERBS))


def is_plural(word):
    if word in ("is", "as", "was", "has", "does", "this", "less", "us"):
        return False
    if word in NOUN_FORMS:
        return True
    return (word.endswith("s") and not word.endswith(("ss", "us", "is"))
            and any(form in NOUNS for form in (word[:-1], word[:-2], word[:-3] + "y")))


def past_tense(text, low, tokens):
    past = (re.search(r"\b(?:was|were|did|had|wasn't|weren't|didn't|hadn't)\b", low)
            or any(token in PAST for token in tokens)
            or re.search(r"\b(?:i|he|she|it|we|they|you|who)\s+(?:\w+ly\s+)?\w{3,}ed\b", low))
    present = (re.search(r"\b(?:is|are|am|has|have|do|does|will|can|may|must|should|would|could"
                         r"|cannot|isn't|aren't|don't|doesn't|won't|can't|shall|might)\b|'(?:s|re"
                         r"|m|ll|ve)\b", low)
               or re.search(r"\b(?:he|she|it|who|which|that)\s+\w{3,}s\b", low))
    if past and not present and not re.search(r"\bif\b|\bwere to\b", low):
        return True
    finite = re.search(r"\b(?:is|are|am|has|have|does|do|isn't|aren't|doesn't|don't)\b", low)
    if finite and not past and not re.search(r"\b(?:would|could|might)\b", low):
        loose = [token for i, token in enumerate(tokens) if is_past_form(token)
                 and not (i and tokens[i - 1] in ("is", "are", "be", "been", "have", "has", "a",
                                                  "the", "not", "of", "and"))]
        return None if loose else False
    return None


def passive(text, low, tokens):
    for match in re.finditer(rf"\b{BE}{BETWEEN}\s+([a-z]+)\b(\s+by\b)?", low):
        if is_participle(match.group(1)):
            strong = match.group(2) or re.search(
                r"\b(?:been|being|be|was|were)\b", match.group(0))
            return True if strong else None
    if re.search(rf"\b(?:{BE}|get|gets|got)\b(?:\s+\w+){{0,3}}\s+\w+(?:ed|en)\b", low):
        return None
    if re.search(rf"\b{BE}{BETWEEN}\s+(?:{'|'.join(sorted(ADJECTIVAL | PARTICIPLES))})\b", low):
        return None
    if any(is_participle(token) and i + 1 < len(tokens) and tokens[i + 1] in
           ("by", "in", "as", "for", "to", "from", "on", "with") for i, token in enumerate(tokens)):
        return None
    return False


def plural(text, low, tokens):
    found = [token for token in tokens if is_plural(token)]
    marked = re.findall(r"\b(?:these|those|many|several|few|most|all|two|three|four|five|ten"
                        r"|other|some|our|their)\s+(?:\w+\s+)?(\w+)", low)
    if len(found) >= 3 and any(is_plural(word) for word in marked):
        return True
    unknown = [token for token in tokens if token.endswith("s") and len(token) > 3
               and not token.endswith(("ss", "us", "is", "'s")) and token not in NOUNS
               and token[:-1] not in VERBS and token[:-2] not in VERBS]
    others = re.search(r"\b(?:we|us|they|them|these|those|many|both|several|are|were|people|two"
                       r"|three|four|ones|others|few)\b|'re\b|s'", low)
    if not found and not unknown and not others:
        return False
    return None


def negation(text, low, tokens):
    if re.search(r"\b(?:not only|not just|no doubt|no less|no more|no\.|whether or not)\b", low):
        return None
    if re.search(r"\b(?:not|never|nobody|nothing|none|neither|nor|cannot|nowhere)\b|n't\b"
                 r"|\bno (?=[a-z])", low):
        return True
    return None if re.search(r"\b(?:without|hardly|barely|scarcely|few|little|no|lack\w*|fail\w*"
                             r"|rarely|seldom|unless|refus\w*|den(?:y|ies|ied|ying))\b",
                             low) else False


def question(text, low, tokens):
    if re.search(r"\?[\"')]*$", text):
        # The title of a chapter or book may be a question in a sentence that is none.
        is_title = re.search(r"\?\"\)?$", text) and not re.search(r"(?:^|[,:] )\"[^\"]*\"$", text)
        return None if is_title and text.count('"') > 1 else True
    return None if "?" in text else False


def imperative(text, low, tokens):
    if re.search(r"^be that as|[-,;:]\s*(?:do not|don't|never)\b", low):
        return None
    first, rest = tokens[0], " ".join(tokens[1:4])
    if "?" in text:
        return None if first in IMPERATIVE else False
    if text[0].isalpha():
        if re.match(r"(?:do not|don't|never|always|please|just)\s+([a-z]+)\b", low):
            verb = re.match(r"(?:do not|don't|never|always|please|just)\s+([a-z]+)\b", low).group(1)
            if verb in VERBS and verb not in ("in", "a", "an", "as", "at", "mind"):
                return True
        if first in IMPERATIVE and re.match(AFTER_IMPERATIVE + r"\b", rest):
            return True
    if (re.match(r"(?:the|a|an|he|she|it|they|i|we|this|that|these|those|there|my|his|her|our|their"
                 r"|some|in|as|for|however|while|but|when|all)\b", low)
            and not re.search(r"[\":;]|\bplease\b|\blet\b|, (?:\w+\s)?(?:do|don't|be|go)\b", low)):
        return False
    return None


def is_comparative(word):
    if word in ADJECTIVE_FORMS and word.endswith("er"):
        return True
    if not word.endswith("er") or len(word) < 5:
        return False
    return word[:-2] in ADJECTIVES or word[:-1] in ADJECTIVES or word[:-3] + "y" in ADJECTIVES


def comparative(text, low, tokens):
    if re.search(r"\b(?:more|less|fewer|better|worse)\s+(?!to\b)(?:[\w-]+\s+){1,3}than\b"
                 r"|\b(?:better|worse) than\b", low) and not re.search("than not|less than", low):
        return True
    match = re.search(r"\b(\w+er)\s+than\b", low)
    if match and match.group(1) not in ("rather", "other", "either", "number"):
        return True
    if re.search(r"\b(?:than|more|less|fewer|most|least|better|worse|further|farther|superior)\b",
                 low) or any(is_comparative(token) for token in tokens):
        return None
    return False


def conditional(text, low, tokens):
    if (re.search(r"(?:^[\"'(]?|[,;:-]\s*|\b(?:then|but|and|that|even|only|be|it|them|not)\s+)if\s",
                  low) or re.search(r"\bunless\b|\bprovided that\b", low)):
        if not re.search(r"\bif any\b|\b(?:as|what|ask\w*|wonder\w*|know|see|determine|check"
                         r"|doubt\w*)\s+(?:\w+\s)?if\b", low):
            return True
    return None if re.search(r"\b(?:if|unless|provided|whether|would|were to|otherwise|should"
                             r"|suppose|assuming|had)\b", low) else False


def relative_clause(text, low, tokens):
    if re.search(r"\b(?:judge|certainty|clear|unclear|question|idea) (?:who|which)\b", low):
        return None
    asked = (r"(?:know|knows|knew|ask|asked|asks|wonder|see|tell|told|matter|of|about|is|was|on|and"
             r"|to|decide|just|exactly|choose|or|but|not|that)")
    if re.search(rf"\b(?!{asked}\b)[a-z]{{3,}},?\s+(?:who|whose)\s+(?!else)[a-z]+", low):
        return None if re.match(r"[\"']?(?:who|whose|which|what)\b", low) else True
    if re.search(r"[a-z]{3,}, (?:which|whom|(?:\w+ )?(?:of|in|to|for|with|on|by|from) which)\b|"
                 r"\b(?!(?:know|decide|see|tell)\b)[a-z]{3,} (?:in|to|for|by|with|under|through)"
                 r" which\b", low):
        return True
    if re.search(r"\b(?:who|which|whose|whom|that|where|what|when|whatever|whoever|why|how|as)\b",
                 low):
        return None
    return None if re.search(r"\b(?:the|a|an|all|everything|way|time|thing|my|your|any)\s+"
                             r"(?:\w+\s+){0,2}(?:i|you|he|she|we|they|it)\b", low) else False


def coordination(text, low, tokens):
    if re.search(r"\b(?:and|or)\b|[a-z], but\b", low):
        return True
    return None if re.search(r"\b(?:but|nor|yet|as well as|plus|so|etc|then)\b|[;&/]|, \w+, ",
                             low) else False


def first_person(text, low, tokens):
    if re.search(r"\b(?:I|me|my|mine|myself|we|We|us|our|Our|My|ours|ourselves)\b(?!\.)", text):
        return True
    return None if re.search(r"\b(?:I|Me|me|let's|Let's)\b", text) else False


def direct_speech(text, low, tokens):
    if text.count('"') == 0 and not re.search(r"(?:^|\s)'\w|''|``", text):
        return False
    quoted = [span for span in re.findall(r'"([^"]+)"', text) if len(span.split()) >= 3]
    if quoted and (re.search(rf'[,?!]"\s+(?:\w+\s+){{0,3}}{SPEECH}\b', text)
                   or re.search(rf'\b{SPEECH}(?:\s+\w+){{0,2}}\s*[,:]\s*"', text)):
        return True
    spans = re.findall(r'"([^"]*)"', text)
    if (text.count('"') % 2 == 0 and spans and all(len(span.split()) <= 2 for span in spans)
            and not re.search(SPEECH, low)):
        return False
    return None


def future(text, low, tokens):
    match = re.search(r"(?:\b(?<!free )(?<!good )(?<!the )(?<!own )(?<!a )(?:will|won't|shall)|'ll)"
                      r"(?:\s+(?:not|also|always|never|only|now|soon|then|still|just|\w+ly))?"
                      r"\s+([a-z]+)\b", low)
    if match and (match.group(1) in VERBS or match.group(1) == "be"):
        return True
    if re.search(r"\b(?:am|is|are|'re|'m|'s) (?:not )?going to (?!the|a|my|work|bed)[a-z]+", low):
        return True
    return None if re.search(r"\b(?:will|shall|won't|going to|gonna|about to|tomorrow|wills)\b"
                             r"|'ll\b", low) else False


def progressive(text, low, tokens):
    for match in re.finditer(rf"(?:\b{BE}|\b(?:he|she|it|who|that|what|there)'s){BETWEEN}"
                             r"\s+([a-z]+ing)\b", low):
        word = match.group(1)
        stems = (word[:-3], word[:-3] + "e", word[:-4])
        if word == "being" and re.match(r"\s+[a-z]+(?:ed|en)\b", low[match.end():]):
            return True
        if word not in NOT_PROGRESSIVE and any(stem in VERBS for stem in stems):
            # A noun that is defined by an activity is no progressive: "the aim is keeping ...".
            if re.search(r"\b(?:i|he|she|we|they|you|who|people|it|been|be|[a-z]{3,}s)\s*(?:"
                         + BE + r"|'s|'m|'re)", low):
                return True
        return None
    if re.search(rf"(?:\b{BE}|'s)\b(?:\s+\w+){{0,3}}\s+[a-z]+ing\b", low):
        return None
    return False


LABELLERS = {
    "past-tense": past_tense, "passive": passive, "plural": plural, "negation": negation,
    "question": question, "imperative": imperative, "comparative": comparative,
    "conditional": conditional, "relative-clause": relative_clause, "coordination": coordination,
    "first-person": first_person, "direct-speech": direct_speech, "future": future,
    "progressive": progressive,
}


def labels(text):
    """The structures that are decided: {structure: has it}."""
    low = text.lower()
    tokens = [word.lower() for word in words(text)]
    found = {name: rule(text, low, tokens) for name, rule in LABELLERS.items()}
    return {name: value for name, value in found.items() if value is not None}
