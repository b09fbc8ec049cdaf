"""How well a page was read: characters, identifiers, numbers, and whether wrong numbers were marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from clinical.report import Doubtful

NUMBER = re.compile(r"(?<![A-Za-z\d])[<>≤≥±+-]?\d[\d.,:/^-]*\d|(?<![A-Za-z\d])[<>≤≥±+-]?\d")


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page. Rates are over the page; numbers are those that the truth prints."""

    errors: int
    length: int
    wrong: int
    unmarked: int
    right: int
    in_vain: int
    identifiers: int
    identifiers_read: int


def squeeze(text: str) -> str:
    """Blanks and line ends as one blank: what is judged is reading, not layout."""
    return " ".join(text.split())


def score(truth: str, text: str, doubtful: Sequence[Doubtful], identifiers: Sequence[str]) -> PageScore:
    """Compare a page's text with what is printed on it.

    A number is wrong if the characters aligned with it differ or more digits cling to it; it is marked if a
    doubtful stretch touches that place.
    """
    wanted, found = squeeze(truth), squeeze(text)
    places = _raw_places(text)
    landed = _landing(wanted, found)
    wrong = unmarked = right = in_vain = 0
    for match in NUMBER.finditer(wanted):
        start, end = landed[match.start()], landed[match.end()]
        exact = found[start:end] == match[0]
        clings = found[start - 1 : start].isdigit() if start else False
        clings = clings or found[end : end + 1].isdigit()
        low = places[start] if start < len(places) else len(text)
        high = max(low, places[end - 1] if 0 < end <= len(places) else len(text)) + 1
        marked = any(d.start < high + 1 and d.end > low - 1 for d in doubtful)
        if exact and not clings:
            right += 1
            in_vain += marked
        else:
            wrong += 1
            unmarked += not marked
    kept = sum(squeeze(identifier) in found for identifier in identifiers)
    return PageScore(
        Levenshtein.distance(wanted, found),
        len(wanted),
        wrong,
        unmarked,
        right,
        in_vain,
        len(identifiers),
        kept,
    )


def _raw_places(text: str) -> list[int]:
    """For each character of the squeezed text, where it stands in the text."""
    places: list[int] = []
    blank = True
    for index, char in enumerate(text):
        if not char.isspace() or not blank:
            places.append(index)
        blank = char.isspace()
    return places


def _landing(wanted: str, found: str) -> list[int]:
    out = [0] * (len(wanted) + 1)
    for op in Levenshtein.opcodes(wanted, found):
        length, other = op.src_end - op.src_start, op.dest_end - op.dest_start
        for step in range(length + 1):
            at = step if op.tag == "equal" else min(other, round(step * other / length)) if length else other
            out[min(op.src_start + step, len(wanted))] = op.dest_start + at
    return out


@dataclass(frozen=True, slots=True)
class Rates:
    """Means over pages."""

    pages: int
    error_rate: float
    identifiers: float
    wrong: float
    unmarked: float
    in_vain: float


def rates(scores: Sequence[PageScore]) -> Rates:
    """Character error rate by page, identifiers by identifier, numbers a page, marks in vain by right number."""
    pages = len(scores)
    return Rates(
        pages,
        sum(s.errors / max(1, s.length) for s in scores) / pages,
        sum(s.identifiers_read for s in scores) / max(1, sum(s.identifiers for s in scores)),
        sum(s.wrong for s in scores) / pages,
        sum(s.unmarked for s in scores) / pages,
        sum(s.in_vain for s in scores) / max(1, sum(s.right for s in scores)),
    )
