"""Which numbers, units and identifiers on a page are to be doubted: each is read again, and the readings compared.

The neural reader reads a number once in its line and once alone, tesseract reads its line. Where readings
differ in what they say, the place is doubtful and all readings are kept; none is silently picked.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from watchers.extract.neural import Line, Neural
from watchers.extract.tesseract import read_lines

Pixels = NDArray[np.uint8]
# A stretch without blanks that holds a digit, with a sign before it.
TOKEN = re.compile(r"(?:[<>≤≥±+\-~]\s?)?[^\s|]*\d[^\s|]*")
# How sure the reader must be of its weakest character, by which of the other readings agree (measured on
# hard pages; see bench/README.md).
SURE_WITH_BOTH, SURE_WITH_SECOND, SURE_WITH_ALONE, SURE_AGAINST_BOTH = 0.6, 0.9, 0.97, 0.999
_EDGE = "()[]{},;:\"'“”.*_"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the readers say of one number.

    Attributes:
        line, start, end: the line and the glyphs in it.
        odds: the lowest odds of a character; margin: the smallest lead over its runner-up.
        alone: the reading of the number cut out alone; second: tesseract's, "" where it read nothing there.
    """

    line: int
    start: int
    end: int
    text: str = field(repr=False)
    odds: float
    alone: str = field(repr=False)
    second: str = field(repr=False)
    rival: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful stretch of a line's glyphs with its readings, the kept one first."""

    line: int
    start: int
    end: int
    readings: tuple[str, ...] = field(repr=False)


def find_doubts(lines: Sequence[Line], crops: Sequence[Pixels], neural: Neural) -> list[Doubt]:
    """Read every number of the page again and say which are doubtful."""
    return [Doubt(e.line, e.start, e.end, _readings(e)) for e in gather(lines, crops, neural) if doubtful(e)]


def gather(lines: Sequence[Line], crops: Sequence[Pixels], neural: Neural) -> list[Evidence]:
    """The readings of every number."""
    tokens = [(i, start, end) for i, line in enumerate(lines) for start, end in numbers(line)]
    if not tokens:
        return []
    alone = neural.recognize([_cut(lines[i], crops[i], start, end) for i, start, end in tokens])
    wanted = sorted({i for i, _, _ in tokens})
    second = dict(zip(wanted, read_lines([crops[i] for i in wanted]), strict=True))
    out = []
    for (i, start, end), again in zip(tokens, alone, strict=True):
        glyphs = lines[i].glyphs[start:end]
        weak = min((g for g in glyphs if g.char != " "), key=lambda g: g.odds)
        rival = "".join(g.second if g is weak and g.second else g.char for g in glyphs)
        text = "".join(g.char for g in glyphs)
        out.append(
            Evidence(
                i,
                start,
                end,
                text,
                weak.odds,
                _pick(text, again.text),
                _beside(lines[i].text, start, end, second[i]),
                rival,
            )
        )
    return out


def numbers(line: Line) -> list[tuple[int, int]]:
    """Glyph ranges of what is to be read twice, without the punctuation around it."""
    text = line.text
    found = []
    for match in TOKEN.finditer(text):
        start, end = match.span()
        while start < end and text[start] in _EDGE:
            start += 1
        while end > start and text[end - 1] in _EDGE:
            end -= 1
        if any(c.isdigit() for c in text[start:end]):
            found.append((start, end))
    return found


def plain(text: str) -> str:
    """A reading without what differs between readers but not in meaning: blanks, forms of dashes, case of units."""
    text = unicodedata.normalize("NFKC", text.replace("²", "2").replace("³", "3"))
    text = text.replace("μ", "u").replace("µ", "u").replace("×", "x").replace("–", "-").replace("—", "-")
    return re.sub(r"[\s'\"“”’‘`]", "", text).strip(_EDGE)


def doubtful(evidence: Evidence) -> bool:
    """Whether the readings leave a doubt: the fewer agree, the surer the first must be of itself."""
    alone = plain(evidence.alone) == plain(evidence.text)
    second = plain(evidence.second) == plain(evidence.text)
    if second:
        return evidence.odds < (SURE_WITH_BOTH if alone else SURE_WITH_SECOND)
    return evidence.odds < (SURE_WITH_ALONE if alone else SURE_AGAINST_BOTH)


def _readings(evidence: Evidence) -> tuple[str, ...]:
    out = [evidence.text]
    for other in (evidence.second, evidence.alone, evidence.rival):
        if other and all(plain(other) != plain(known) for known in out):
            out.append(other)
    return tuple(out) if len(out) > 1 else (evidence.text, "?")


def _cut(line: Line, crop: Pixels, start: int, end: int) -> Pixels:
    """The number alone, with a little of what stands beside it."""
    high, wide = crop.shape[:2]
    left, right = line.glyphs[start].place * wide, line.glyphs[end - 1].place * wide
    before = line.glyphs[start - 1].place * wide if start else 0.0
    after = line.glyphs[end].place * wide if end < len(line.glyphs) else float(wide)
    x0 = max(0, int(min((left + before) / 2, left - 0.32 * high) if start else left - 0.8 * high))
    x1 = min(
        wide,
        int(max((right + after) / 2, right + 0.32 * high) if end < len(line.glyphs) else right + 0.8 * high),
    )
    return crop[:, x0 : max(x1, x0 + 8)]


def _pick(text: str, again: str) -> str:
    """Of the reading of the cut, the part that stands for the number (a neighbour's edge may have come along)."""
    if plain(text) == plain(again):
        return text
    parts = again.split()
    if len(parts) > 1:
        best = min(parts, key=lambda part: Levenshtein.distance(plain(text), plain(part)))
        if plain(best) == plain(text):
            return text
    return again.strip()


def _beside(first: str, start: int, end: int, second: str) -> str:
    """What the second reader has where the first has ``first[start:end]``."""
    if not second:
        return ""
    ops = Levenshtein.opcodes(first, second)
    at, to = None, 0
    for op in ops:
        if (
            op.src_end < start
            or op.src_start > end
            or (op.src_end == start and op.tag != "insert")
            or (op.src_start == end and op.tag != "insert")
        ):
            continue
        if op.tag == "equal":
            low, high = max(op.src_start, start), min(op.src_end, end)
            if low >= high:
                continue
            a, b = op.dest_start + low - op.src_start, op.dest_start + high - op.src_start
        elif op.tag == "insert" and (op.src_start in (start, end)):
            # Beside the number: only what clings to it without a blank.
            continue
        else:
            a, b = op.dest_start, op.dest_end
        at, to = (a if at is None else at), b
    if at is None:
        return ""
    while at > 0 and not second[at - 1].isspace() and first[start - 1 : start].isspace():
        at -= 1
    while to < len(second) and not second[to].isspace() and (end >= len(first) or first[end].isspace()):
        to += 1
    return second[at:to].strip()
