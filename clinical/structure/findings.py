"""Findings of a report by a lexicon of clinical terms, each with what the text asserts of it.

Beyond the lexicon only one form is safe enough to be read as a finding: "no … is seen", whose noun is denied.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache

from clinical.report import Assertion, Finding, Section
from clinical.structure.analytes import names
from clinical.structure.assertion import Assertions, is_leaflet
from clinical.structure.lexicon import RULES, Lexicon, Match, Word, rules, word_key
from clinical.structure.sentences import Sentence

_SEEN = frozenset(
    "seen noted identified demonstrated appreciated detected observed visualized evident apparent".split()
)
_DETERMINERS = frozenset("definite obvious significant evidence of focal acute other gross new".split())


_LONGEST = 250
_WITHIN = frozenset(("in", "of", "over", "at", "to"))
_FELT = frozenset("pain tenderness swelling numbness weakness paresthesia spasm".split())
_BEFORE_PLACE = frozenset("the her his their left right both".split())
_OPERATIVE = frozenset(("procedure", "other", "anesthesia", "technique"))
# After an abbreviation: a number of a chart, a ZIP code, a kind of imaging.
_OTHER_SENSE = re.compile(
    r"[ \t]?#|[ \t]+(?:No\b|num(?:ber|\.)|\d{5}\b|angio|entero|cholangio|veno|uro|arthro|spectro|imag|scan|brain|"
    r"head|neck|spine|cervical|lumbar|thoracic|pelvis|abdomen|knee|shoulder|hip|ankle|wrist|breast|prostate|liver|"
    r"cardiac|study|exam|w/|with(?:out)? (?:and without )?contrast)",
    re.IGNORECASE,
)
_ALTERED = {
    "elevated": "elevated",
    "raised": "elevated",
    "high": "elevated",
    "increased": "elevated",
    "low": "low",
    "decreased": "low",
    "reduced": "low",
}


@cache
def _only_elsewhere() -> frozenset[str]:
    """Concepts whose words mean handiwork in the account of an operation."""
    return frozenset(rules("findings/not_findings.toml")["operative"]["concepts"])


@cache
def concepts() -> Lexicon:
    """Every term of the lexicon with its preferred term; None for phrases that only look like a finding."""
    phrases: list[tuple[str, str | None]] = []
    exact: list[tuple[str, str | None]] = []
    for file in sorted((RULES / "findings").glob("*.toml")):
        for group, terms in rules(f"findings/{file.name}").items():
            if group in ("operative", "ending", "denied"):
                continue
            if group == "not_findings":
                phrases += [(phrase, None) for phrase in terms["phrases"]]
                continue
            for preferred, synonyms in terms.items():
                phrases.append((preferred, preferred))
                for term in filter(None, synonyms.split("|")):
                    (exact if term[0] == "=" else phrases).append((term.lstrip("="), preferred))
    return Lexicon(phrases, exact)


@cache
def _anatomy() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    data = rules("anatomy.toml")
    places = frozenset(word_key(word) for phrase in data["places"]["words"] for word in phrase.split())
    return places, frozenset(data["places"]["heads"]), frozenset(data["unlisted"]["not_heads"])


@cache
def _unsided() -> frozenset[str]:
    return frozenset(rules("anatomy.toml")["places"]["unsided"])


def find_findings(
    text: str, words: Sequence[Word], sections: Sequence[Section], parts: Sequence[Sentence]
) -> list[Finding]:
    """Findings in order of appearance; none in a heading."""
    found: list[Finding] = []
    starts = [word.start for word in words]
    section_starts = [section.start for section in sections]
    lexicon = concepts()
    leaflet = is_leaflet(text)
    for inside in _stretches(words, starts, parts):
        at = bisect_right(section_starts, inside[0].start) - 1
        section = sections[at] if at >= 0 else None
        matches = [match for match in lexicon.find(inside, text) if match.payload is not None]
        if section is not None and section.name in _OPERATIVE:
            matches = [match for match in matches if match.payload not in _only_elsewhere()]
        matches += _altered(text, inside, matches)
        matches = [match for match in matches if not _in_heading(text, match, section, sections, at)]
        matches += _unlisted(text, inside, matches)
        matches += _by_ending(inside, matches)
        denied = _denied_words(inside, matches)
        matches += denied
        if not matches:
            continue
        name = section.name if section is not None else None
        assertions = Assertions(text, inside, name, leaflet=leaflet)
        for match in sorted(matches, key=lambda m: m.first):
            first, concept = _with_place(inside, match)
            found.append(
                Finding(
                    inside[first].start,
                    match.end,
                    concept,
                    _turned(assertions.of(match.first, match.last), inside, match, denied),
                    None if concept in _unsided() else assertions.side(first, match.last),
                    assertions.severity(first, match.last),
                    name,
                )
            )
    return found


def _stretches(
    words: Sequence[Word], starts: Sequence[int], parts: Sequence[Sentence]
) -> Iterator[Sequence[Word]]:
    """The words of each sentence; one of more than ``_LONGEST`` words in several, so that cost stays linear."""
    for part in parts:
        low = bisect_left(starts, part.start)
        high = bisect_left(starts, part.end, low)
        for at in range(low, high, _LONGEST):
            yield words[at : min(high, at + _LONGEST)]


def _altered(text: str, words: Sequence[Word], known: Sequence[Match]) -> list[Match]:
    """ "elevated creatinine", "low HDL": an analyte out of its range in so many words."""
    found = []
    taken = {at for match in known for at in range(match.first, match.last)}
    for at, word in enumerate(words[:-1]):
        direction = _ALTERED.get(word.key)
        if direction is None or at in taken or words[at + 1].key in ("blood", "weight", "rate"):
            continue
        match = names().find_at(words, at + 1, text)
        if (
            match is None
            or match.payload is None
            or match.payload.kind not in ("lab", "drug", "echo", "urine")
        ):
            continue
        if not taken.intersection(range(match.first, match.last)):
            found.append(Match(at, match.last, word.start, match.end, f"{direction} {match.payload.name}"))
    return found


def _in_heading(
    text: str, match: Match, section: Section | None, sections: Sequence[Section], at: int
) -> bool:
    printed = text[match.start : match.end]
    if printed.isupper() and len(printed) <= 4:
        if _OTHER_SENSE.match(text, match.end):
            return True
        after = text[match.end : match.end + 1]
        if after.isdigit() or text[match.start - 1 : match.start].isdigit():
            return True
        if (
            printed == "MR"
            and after == "."
            and text[max(0, match.start - 8) : match.start].rstrip(" ")[-1:] in ".:\n"
        ):
            return True
    if section is not None and match.start < section.start + len(section.heading):
        return True
    if at + 1 < len(sections) and sections[at + 1].start <= match.start:
        return match.end <= sections[at + 1].start + len(sections[at + 1].heading)
    return text[match.end : match.end + 1] == ":" and text[match.start : match.end].isupper()


def _with_place(words: Sequence[Word], match: Match) -> tuple[int, str]:
    """A place of the body right before or after becomes part of the name: "knee pain", "pain in the left hip"."""
    places, heads, _ = _anatomy()
    first = match.first
    if match.payload not in heads:
        return first, match.payload
    while first > 0 and match.first - first < 3 and words[first - 1].key in places:
        first -= 1
    place = " ".join(words[at].key for at in range(first, match.first))
    if not place and match.payload in _FELT and match.last < len(words) and words[match.last].key in _WITHIN:
        at = match.last + 1
        while at < len(words) and words[at].key in _BEFORE_PLACE:
            at += 1
        last = at
        while last < len(words) and last - at < 3 and words[last].key in places:
            last += 1
        place = " ".join(words[i].key for i in range(at, last))
    return first, f"{place} {match.payload}".strip()


@cache
def _endings() -> tuple[tuple[str, ...], tuple[str, ...]]:
    data = rules("findings/words.toml")["ending"]
    return tuple(data["of_findings"]), tuple(data["of_others"])


@cache
def _named_heads() -> tuple[frozenset[str], frozenset[str]]:
    data = rules("findings/words.toml")["ending"]
    return frozenset(data["heads"]), frozenset(data["not_before"])


def _by_ending(words: Sequence[Word], known: Sequence[Match]) -> list[Match]:
    """Words that no lexicon lists and whose ending names a disease: "adenotonsillitis", "macrocephaly"."""
    endings, others = _endings()
    heads, not_before = _named_heads()
    taken = {at for match in known for at in range(match.first, match.last)}
    named = [
        Match(at - 1, at + 1, words[at - 1].start, word.end, f"{words[at - 1].key} {word.key}")
        for at, word in enumerate(words)
        if at
        and word.key in heads
        and not taken.intersection((at - 1, at))
        and words[at - 1].text.isalpha()
        and len(words[at - 1].key) > 3
        and words[at - 1].key not in not_before
    ]
    taken |= {at for match in named for at in range(match.first, match.last)}
    return named + [
        Match(at, at + 1, word.start, word.end, word.key)
        for at, word in enumerate(words)
        if len(word.key) > 6
        and word.key.endswith(endings)
        and not word.key.endswith(others)
        and at not in taken
    ]


def _denied_words(words: Sequence[Word], known: Sequence[Match]) -> list[Match]:
    """Words that deny a finding by their own first syllable: "nontender", "afebrile", "anicteric"."""
    listed = rules("findings/words.toml")["denied"]
    taken = {at for match in known for at in range(match.first, match.last)}
    found = []
    for at, word in enumerate(words):
        if at in taken:
            continue
        concept = listed.get(word.key)
        if concept is None and word.key.startswith("non") and len(word.key) > 7:
            bare = Word(word.start + 3, word.end, word.text[3:], word.key[3:])
            match = concepts().find_at((bare,), 0, word.text[3:])
            concept = match.payload if match is not None else None
        if concept is not None:
            found.append(Match(at, at + 1, word.start, word.end, concept))
    return found


def _turned(assertion: Assertion, words: Sequence[Word], match: Match, denied: Sequence[Match]) -> Assertion:
    """What is asserted of a finding that its word denies: "nontender" is no tenderness, "not afebrile" a fever."""
    if match not in denied or assertion not in ("present", "absent"):
        return assertion
    return "present" if match.first and words[match.first - 1].key in ("not", "isn't", "never") else "absent"


def _unlisted(text: str, words: Sequence[Word], known: Sequence[Match]) -> list[Match]:
    """Nouns of the form "no … is seen" that no lexicon lists."""
    found = []
    _, _, refused = _anatomy()
    for at, word in enumerate(words):
        if word.key != "no":
            continue
        first = at + 1
        while first < len(words) and words[first].key in _DETERMINERS:
            first += 1
        last = first
        while last < len(words) and last - first < 4 and words[last].text.isalpha():
            if words[last].key in ("is", "are", "was", "were") or words[last].key in _SEEN:
                break
            last += 1
        after = [w.key for w in words[last : last + 2]]
        if (
            last == first
            or not after
            or not (after[0] in _SEEN or (after[0] in ("is", "are", "was", "were") and after[-1] in _SEEN))
        ):
            continue
        if any(match.first < last and first < match.last for match in known):
            continue
        keys = [w.key for w in words[first:last]]
        if refused.intersection(keys) or len(keys[-1]) < 4:
            continue
        found.append(Match(first, last, words[first].start, words[last - 1].end, " ".join(keys)))
    return found
