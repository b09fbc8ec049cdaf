"""Numbers of two texts laid side by side.

Sentences that differ only in their numbers are the same sentence.

Structure knows measurements by name; this knows them by place, and so finds a changed number that no rule
names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from clinical.structure.sentences import sentences

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\d])|(?<![\w.])\.\d+")
_DATE = re.compile(
    r"\[[A-Z]{2,9}[^\]\n]*\]"
    r"|\b\d{1,2}([/-])\d{1,2}\1\d{2,4}\b|\bon (?:0?[1-9]|1[0-2])/(?:[0-2]?\d|3[01])\b(?!/)"
    r"|\b(?:19|20)\d\d-\d\d-\d\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:,? \d{4})?\b"
    r"|\b\d{1,2}:\d\d\b",
    re.I,
)
_IDENTIFIER = re.compile(
    r"\b(?:ref(?:erence)?|accession|mrn|id|account|order|specimen|chart|phone|fax|case)\b[^\n\d]{0,12}[A-Z]{0,3}\d{4,}"
    r"|(?<![\d.])0\d{3,}",
    re.I,
)
_LIST_MARK = re.compile(r"(?m)^\s*\(?\d{1,2}[.)]\s")
_AGE = re.compile(r"\b\d{1,3}(?=[ -]*(?:years?|yrs?|y)[ /-]*(?:old|o)\b)", re.I)


@dataclass(frozen=True, slots=True)
class NumberPair:
    """The same number in prior and current: offsets of each in its text."""

    prior_start: int
    prior_end: int
    current_start: int
    current_end: int


def number_pairs(prior: str, current: str) -> tuple[NumberPair, ...]:
    """Numbers at the same place of sentences that are otherwise equal, in order of the current text.

    Dates, times, ages and list marks are no measurements and are left out.
    """
    ones, twos = _masked(prior), _masked(current)
    matcher = SequenceMatcher(None, [m for m, _ in ones], [m for m, _ in twos], autojunk=False)
    pairs: list[NumberPair] = []
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            a, b = ones[block.a + offset][1], twos[block.b + offset][1]
            pairs += [NumberPair(*x, *y) for x, y in zip(a, b, strict=True)]
    return tuple(pairs)


def name_before(text: str, start: int, end: int) -> str:
    """A name for the number at ``start:end`` from the words before it.

    At most four, back to a clause's start.
    """
    left = text[max(0, start - 80) : start]
    left = re.split(r"[.;\n]|,\s|\d", left)[-1]
    words = re.findall(r"[A-Za-z][\w'/%-]*", left)
    while words and words[-1].lower() in LINKS:
        words.pop()
    while words and words[0].lower() in LINKS:
        words.pop(0)
    if words:
        return " ".join(words[-4:])
    right = re.findall(r"[A-Za-z][\w'/%-]*", re.split(r"[.;\n,\d]", text[end : end + 60])[0])
    return " ".join(right[:3]) or "value"


LINKS = frozenset(
    "is was of at to the a an and with are were in on approximately about around had has be been as showed shows "
    "showing revealed reveals equal equals than less more greater measured measures measuring up down from current "
    "currently".split()
)
"""Words between a name and its value."""


def _masked(text: str) -> list[tuple[str, list[tuple[int, int]]]]:
    """Each sentence with its numbers masked, and where they are."""
    left_out = [m.span() for rule in (_DATE, _IDENTIFIER, _LIST_MARK, _AGE) for m in rule.finditer(text)]
    numbers = [m.span() for m in _NUMBER.finditer(text) if not _covered(m.start(), left_out)]
    found: list[tuple[str, list[tuple[int, int]]]] = []
    at = 0
    for sentence in sentences(text):
        inside: list[tuple[int, int]] = []
        while at < len(numbers) and numbers[at][0] < sentence.end:
            if numbers[at][0] >= sentence.start:
                inside.append(numbers[at])
            at += 1
        parts, last = [], sentence.start
        for start, end in inside:
            parts += [text[last:start], "#"]
            last = end
        parts.append(text[last : sentence.end])
        found.append((" ".join("".join(parts).lower().split()), inside))
    return found


def _covered(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)
