"""Which numbers, units and identifiers on a page are to be doubted: each is read again, and the readings compared.

The neural reader reads a number once in its line and once alone, tesseract reads its line. What tesseract
confirms stands. Elsewhere the place is doubtful and all readings are kept; where the two second readings agree
against an unsure first one, theirs comes first. Blanks within a number go where another reading has none.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from watchers.extract import tesseract
from watchers.extract.neural import Glyph, Line, Neural
from watchers.extract.points import blots, points_of, printed_points, with_points, without_points

Pixels = NDArray[np.uint8]
# A stretch without blanks that holds a digit, with a sign before it; figures parted by one blank are one stretch,
# for a fax loses points: "12 5 mg".
TOKEN = re.compile(r"[^\s|]*\d[^\s|]*(?:(?<=\d) (?=\.?\d)[^\s|]*)*")
_PLAIN_NUMBER = re.compile(r"[<>≥≤±=+-]{0,2}\d+(?: \d+)?%?")
_PARTED = re.compile(r"[<>≥≤±-]?\d{1,3} \d{1,2}%?")  # as where a point was lost
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.]000")  # a comma that was taken for a point
_SLASH_AT_EDGE = re.compile(r"^/|/$|/[./]")  # often a seven
_COLON_IN = re.compile(r"\d+:\d(?!\d)\D*")  # no time: a point that was taken for a colon
_DAY_AND_TIME = re.compile(r"[\d/.-]{6,10} \d{1,2}:\d{2}(?::\d{2})?|\(?\d{3}\)? \d{3}-\d{4}")
_STROKE_AFTER = re.compile(r"\.? ?[il|I/](?= |$)| [./]")
_LETTER_CELL = re.compile(r"\s*([OoIl|SZ])(?:\s+[HL]{1,2})?\s*")
_EDGE = "()[]{},;:\"'“”.*_"
# What tesseract prints for signs that its English alphabet lacks.
_SEEN_AS = {
    "±": ("+", "", "t"),
    "≥": ("2", ">", "=", "z", ""),
    "≤": ("<", "s", "S", "5", "$", ""),
    "^": ("4", "*", "A", "", '"'),
    "°": ("", "o", "*", "0", '"'),
    "u": ("u", "p", "y", "j", "w"),
    "½": ("1/2", "4", "%"),
    "→": ("-", ">", ""),
}
# How sure the first reading must be of its weakest character where tesseract confirms it; where tesseract is not
# installed; and below what it may be outvoted (measured on hard pages, see bench/README.md).
SURE_CONFIRMED, SURE_ALONE, UNSURE = 0.5, 0.9995, 0.95
# A page whose characters are read with lower odds than this is noisy: there a number needs these odds, and one that
# is torn apart by a blank or followed by a stray stroke is doubtful even where tesseract reads the same.
NOISY, SURE_ON_NOISE = 0.985, 0.8


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the readers say of one number.

    Attributes:
        line, start, end: the line and the glyphs in it.
        odds: the lowest odds of a character; rival: the reading with that one's runner-up.
        alone: the reading of the number cut out alone, or the first where tesseract leaves nothing open.
        second: tesseract's, "" where it read nothing there, None where it is not installed.
        points: after how many of its signs the ink shows a decimal point.
        noisy: the page reads badly; torn: a blank stands in the number, or a stray stroke after it.
    """

    line: int
    start: int
    end: int
    text: str = field(repr=False)
    odds: float
    alone: str = field(repr=False)
    second: str | None = field(repr=False)
    rival: str = field(repr=False)
    points: tuple[int, ...] = ()
    noisy: bool = False
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful stretch of a line's glyphs with its readings, the kept one first."""

    line: int
    start: int
    end: int
    readings: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settled:
    """The lines after the second readings, and what in them is doubtful."""

    lines: tuple[Line, ...] = field(repr=False)
    doubts: tuple[Doubt, ...]


def settle_numbers(lines: Sequence[Line], crops: Sequence[Pixels], neural: Neural) -> Settled:
    """Read every number of the page again; mend blanks, let an unsure reading be outvoted, mark what is doubtful."""
    out = [list(line.glyphs) for line in lines]
    doubts: list[Doubt] = []
    # From the right, so that a reading of another length moves only what is done.
    for e in sorted(gather(lines, crops, neural), key=lambda e: (e.line, -e.start)):
        text = kept_reading(e)
        if text != e.text:
            glyphs = out[e.line][e.start : e.end]
            moved = len(text) - len(e.text)
            out[e.line][e.start : e.end] = _respelled(glyphs, text)
            doubts = [
                Doubt(d.line, d.start + moved, d.end + moved, d.readings) if d.line == e.line else d
                for d in doubts
            ]
        if doubtful(e):
            doubts.append(Doubt(e.line, e.start, e.start + len(text), _readings(e, text)))
    return Settled(tuple(Line(tuple(glyphs)) for glyphs in out), tuple(doubts))


def kept_reading(e: Evidence) -> str:
    """The reading that the text gets."""
    if lost_point(e) and any(_has_point(reading) for reading in (e.text, e.alone, e.second, e.rival)):
        # The ink and a reader: the point is put back. The ink alone may be dirt: doubtful, and left as it was read.
        return with_points(e.text, e.points)
    if _COLON_IN.fullmatch(e.text) and e.text.replace(":", ".") in (e.alone, e.second, e.rival):
        return e.text.replace(":", ".")
    if _COLON_IN.fullmatch(e.alone) and e.text == e.alone.replace(":", "."):
        return e.text
    if _THOUSANDS.fullmatch(e.text.replace(",", ".")) and "," in e.text:
        return e.text
    if plain(e.alone) != plain(e.text) and e.second and confirms(e.alone, e.second) and e.odds < UNSURE:
        return e.alone
    if " " in e.text:
        joined = e.text.replace(" ", "")
        if (e.second and confirms(joined, e.second) and " " not in e.second) or e.alone == joined:
            return joined
    return e.text


def lost_point(e: Evidence) -> bool:
    """Whether the ink shows a decimal point in a plain number that the first reading has not."""
    return _PLAIN_NUMBER.fullmatch(e.text) is not None and bool(e.points)


def _has_point(reading: str | None) -> bool:
    """Whether a reading has something between two figures."""
    return reading is not None and re.search(r"\d[., ]+\d", reading) is not None


def _respelled(glyphs: Sequence[Glyph], text: str) -> list[Glyph]:
    first, last = glyphs[0].place, glyphs[-1].place
    odds = min(g.odds for g in glyphs)
    step = (last - first) / max(1, len(text) - 1)
    return [Glyph(char, odds, "", 1 - odds, first + step * i) for i, char in enumerate(text)]


def gather(lines: Sequence[Line], crops: Sequence[Pixels], neural: Neural) -> list[Evidence]:
    """The readings of every number; alone are read those that tesseract leaves open."""
    tokens = [(i, start, end) for i, line in enumerate(lines) for start, end in numbers(line)]
    if not tokens:
        return []
    wanted = sorted({i for i, _, _ in tokens})
    second: dict[int, str] = {}
    if tesseract.installed():
        second = dict(zip(wanted, tesseract.read_lines([crops[i] for i in wanted]), strict=True))
    noisy = is_noisy(lines)
    seen = {i: blots(crops[i]) for i in wanted}
    out = []
    for i, start, end in tokens:
        glyphs, after = lines[i].glyphs[start:end], lines[i].text[end:]
        weak = min((g for g in glyphs if g.char != " "), key=lambda g: g.odds)
        rival = "".join(g.second if g is weak and g.second else g.char for g in glyphs)
        text = "".join(g.char for g in glyphs)
        beside = _beside(lines[i].text, start, end, second[i]) if i in second else None
        torn = " " in text and _DAY_AND_TIME.fullmatch(text) is None
        torn = torn or _STROKE_AFTER.match(after) is not None
        torn = torn or (re.fullmatch(r"\d{4,6}", text) is not None and after.lstrip().startswith("mmHg"))
        points = points_of(glyphs, seen[i])
        out.append(Evidence(i, start, end, text, weak.odds, text, beside, rival, points, noisy, torn))
    asked = [k for k, e in enumerate(out) if _open(e)]
    cuts = [_cut(lines[e.line], crops[e.line], e.start, e.end) for e in (out[k] for k in asked)]
    for k, again in zip(asked, neural.recognize(cuts), strict=True):
        out[k] = replace(out[k], alone=_pick(out[k].text, again.text))
    return out


def _open(e: Evidence) -> bool:
    """Whether a third reading can change what becomes of a number."""
    sure = e.second is not None and confirms(e.text, e.second) and e.odds >= UNSURE
    return not sure or e.noisy or lost_point(e) or " " in e.text or "," in e.text


def is_noisy(lines: Sequence[Line]) -> bool:
    """Whether a page's characters are read with low odds."""
    odds = [glyph.odds for line in lines for glyph in line.glyphs if glyph.char != " "]
    return bool(odds) and float(np.mean(odds)) < NOISY


def numbers(line: Line) -> list[tuple[int, int]]:
    """Glyph ranges of what is to be read twice, without the punctuation around it."""
    text = line.text
    found = []
    if cell := _LETTER_CELL.fullmatch(text):
        # A letter alone in a cell may be a figure.
        return [cell.span(1)]
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
    """A reading without what differs between readers but not in meaning: blanks, forms of dashes and quotes."""
    text = unicodedata.normalize("NFKC", text.replace("²", "2").replace("³", "3"))
    text = text.replace("μ", "u").replace("µ", "u").replace("×", "x").replace("–", "-").replace("—", "-")
    return re.sub(r"[\s'\"“”’‘`]", "", text).strip(_EDGE)


def confirms(first: str, second: str) -> bool:
    """Whether tesseract's reading says the same, allowing for the signs that it cannot print."""
    one, other = plain(first), plain(second)
    if one == other:
        return True
    signs = [c for c in one if c in _SEEN_AS]
    if not signs or len(signs) > 3:
        return False
    forms = [(c, *_SEEN_AS[c]) if c in _SEEN_AS else (c,) for c in one]
    return any("".join(form) == other for form in product(*forms))


def doubtful(evidence: Evidence) -> bool:
    """Whether the readings leave a doubt: what tesseract confirms stands unless the first was itself unsure."""
    if evidence.second is None:
        return evidence.odds < SURE_ALONE or plain(evidence.alone) != plain(evidence.text)
    if lost_point(evidence) or _PARTED.fullmatch(evidence.text) or _THOUSANDS.fullmatch(evidence.text):
        return True
    if _SLASH_AT_EDGE.search(evidence.text):
        return True
    if any(_COLON_IN.fullmatch(reading) for reading in (evidence.text, evidence.alone)):
        return True
    if any(_THOUSANDS.fullmatch(other) for other in (evidence.alone, evidence.second)):
        return True
    differs = plain(evidence.alone) != plain(evidence.text)
    if evidence.noisy and (evidence.torn or evidence.odds < SURE_ON_NOISE or differs):
        return True
    second, text = evidence.second, evidence.text
    trusted = not evidence.noisy or evidence.odds >= UNSURE
    if trusted and evidence.points and set(evidence.points) == set(printed_points(text)):
        # The ink confirms the points, so tesseract need not.
        second, text = without_points(second), without_points(text)
    return not confirms(text, second) or evidence.odds < SURE_CONFIRMED


def _readings(evidence: Evidence, kept: str) -> tuple[str, ...]:
    out = [kept]
    for other in (evidence.text, evidence.second, evidence.alone, evidence.rival):
        if other and all(plain(other) != plain(known) for known in out):
            out.append(other)
    return tuple(out) if len(out) > 1 else (kept, "?")


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
    """What the second reader has where the first has ``first[start:end]``, and what clings to it there."""
    if not second:
        return ""
    out = ""
    for op in Levenshtein.opcodes(first, second):
        if op.tag == "equal":
            low, high = max(op.src_start, start), min(op.src_end, end)
            if low < high:
                out += second[op.dest_start + low - op.src_start : op.dest_start + high - op.src_start]
            continue
        piece = second[op.dest_start : op.dest_end]
        if (
            op.src_start >= start
            and op.src_end <= end
            and (start < op.src_start < end or op.src_end > op.src_start)
        ):
            out += piece
        elif op.tag == "insert" and op.src_start == start:
            # In front of the number: what stands there without a blank before the number belongs to it.
            out += piece.rsplit(" ", 1)[-1] if not piece.endswith(" ") and _clings(first, start - 1) else ""
        elif op.tag == "insert" and op.src_start == end:
            out += piece.split(" ", 1)[0] if not piece.startswith(" ") and _clings(first, end) else ""
        elif op.src_start < end and op.src_end > start:
            # A replacement across the edge: the part that stands for the number.
            low = max(0, start - op.src_start)
            high = len(piece) - max(0, op.src_end - end)
            out += piece[min(low, len(piece)) : max(low, high)]
    return out.strip()


def _clings(first: str, at: int) -> bool:
    """Whether the first reader has a blank (or nothing) there, so that a sign of the second is news."""
    return not 0 <= at < len(first) or first[at].isspace()
