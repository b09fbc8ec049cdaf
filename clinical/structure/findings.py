"""Findings of a report by a lexicon of clinical terms, each with what the text asserts of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache

from clinical.report import Finding, Section
from clinical.structure.assertion import Assertions
from clinical.structure.lexicon import RULES, Lexicon, Word, rules
from clinical.structure.sentences import Sentence


@cache
def concepts() -> Lexicon:
    """Every term of the lexicon with its preferred term."""
    phrases: list[tuple[str, str]] = []
    exact: list[tuple[str, str]] = []
    for file in sorted((RULES / "findings").glob("*.toml")):
        for terms in rules(f"findings/{file.name}").values():
            for preferred, synonyms in terms.items():
                phrases.append((preferred, preferred))
                for term in filter(None, synonyms.split("|")):
                    (exact if term[0] == "=" else phrases).append((term.lstrip("="), preferred))
    return Lexicon(phrases, exact)


def find_findings(
    text: str, words: Sequence[Word], sections: Sequence[Section], parts: Sequence[Sentence]
) -> list[Finding]:
    """Findings in order of appearance."""
    found: list[Finding] = []
    starts = [word.start for word in words]
    section_starts = [section.start for section in sections]
    for part in parts:
        inside = words[bisect_left(starts, part.start) : bisect_left(starts, part.end)]
        matches = concepts().find(inside, text)
        if not matches:
            continue
        at = bisect_right(section_starts, part.start) - 1
        section = sections[at].name if at >= 0 else None
        assertions = Assertions(text, inside, section)
        for match in matches:
            found.append(
                Finding(
                    match.start,
                    match.end,
                    match.payload,
                    assertions.of(match.first, match.last),
                    assertions.side(match.first, match.last),
                    assertions.severity(match.first, match.last),
                    section,
                )
            )
    return found
