"""Blanks between words, from the gaps in the ink: the recognizer drops them in tight print."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from watchers.extract.neural import Glyph, Line
from watchers.extract.page_geometry import ink

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Widths of the gaps in a crop, in heights of the crop, one for each pair of neighbouring glyphs."""

    between: tuple[float, ...]


def measure(line: Line, crop: Pixels) -> Gaps:
    """The widest empty run of columns between the centres of each two neighbours; blanks do not count."""
    solid = [g for g in line.glyphs if g.char != " "]
    if len(solid) < 2:
        return Gaps(())
    high, wide = crop.shape[:2]
    marks = ink(crop)[int(high * 0.12) : int(high * 0.94)]
    columns = (marks > 0).sum(axis=0) >= max(1, round(high * 0.03))
    empty = np.concatenate([[False], ~columns, [False]])
    edges = np.flatnonzero(empty[1:] != empty[:-1])
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    places = [g.place * wide for g in solid]
    widths = [0.0] * (len(solid) - 1)
    for start, end in runs:
        if start == 0 or end >= wide - 1:
            continue
        centre = (start + end) / 2
        at = int(np.searchsorted(places, centre)) - 1
        if 0 <= at < len(widths):
            widths[at] = max(widths[at], (end - start) / high)
    return Gaps(tuple(widths))


def mend(lines: Sequence[Line], crops: Sequence[Pixels]) -> list[Line]:
    """Put in the blanks that the ink shows and the recognizer left out."""
    gaps = [measure(line, crop) for line, crop in zip(lines, crops, strict=True)]
    page_apart: list[float] = []
    page_close: list[float] = []
    for line, gap in zip(lines, gaps, strict=True):
        apart, close = _split(line, gap)
        page_apart += apart
        page_close += close
    if len(page_apart) < 3 or len(page_close) < 10:
        return list(lines)
    out = []
    for line, gap in zip(lines, gaps, strict=True):
        apart, close = _split(line, gap)
        wide = median(apart) if len(apart) >= 4 else median(page_apart)
        tight = median(close) if len(close) >= 10 else median(page_close)
        out.append(_with_blanks(line, gap, tight + 0.62 * max(0.08, wide - tight)))
    return out


def _split(line: Line, gap: Gaps) -> tuple[list[float], list[float]]:
    apart, close = [], []
    number = -1
    blank = False
    before = ""
    for glyph in line.glyphs:
        if glyph.char == " ":
            blank = True
            continue
        number += 1
        if number and number - 1 < len(gap.between):
            if blank:
                apart.append(gap.between[number - 1])
            elif before.isalnum() and glyph.char.isalnum():
                close.append(gap.between[number - 1])
        blank, before = False, glyph.char
    return [a for a in apart if a > 0], close


_NONE_BEFORE = frozenset(".,;:%)]}!?'\u00b0\u00b2\u00b3")
_NONE_AFTER = frozenset("([{<>\u2264\u2265'")


def _cling(before: str, after: str) -> bool:
    """Whether two signs stand together however wide the gap between them looks."""
    if after in _NONE_BEFORE or before in _NONE_AFTER:
        return True
    return (before in ".,:/-" and after.isdigit()) or (before.isdigit() and after in "/-")


def _ranges(line: Line, gap: Gaps, limit: float) -> frozenset[int]:
    """Dashes that stand apart from the figures on both sides, as in ``3.5 - 5.1`` and in no date."""
    solid = [glyph.char for glyph in line.glyphs if glyph.char != " "]
    return frozenset(
        i
        for i in range(1, min(len(solid) - 1, len(gap.between)))
        if solid[i] == "-"
        and solid[i - 1].isdigit()
        and solid[i + 1].isdigit()
        and min(gap.between[i - 1 : i + 1]) > limit
    )


def _with_blanks(line: Line, gap: Gaps, limit: float) -> Line:
    out: list[Glyph] = []
    number = -1
    blank = True
    ranges = _ranges(line, gap, limit)
    for glyph in line.glyphs:
        if glyph.char == " ":
            blank = True
        else:
            number += 1
            before = out[-1].char if out else ""
            # Narrow figures stand far apart: "11" needs a wider gap than letters do.
            near = limit * 1.5 if before.isdigit() and glyph.char.isdigit() else limit
            wide = not blank and number - 1 < len(gap.between) and gap.between[number - 1] > near
            ranged = number in ranges or number - 1 in ranges
            if wide and (ranged or not _cling(before, glyph.char)):
                out.append(Glyph(" ", 0.5, "", 0.5, (out[-1].place + glyph.place) / 2))
            blank = False
        out.append(glyph)
    return Line(tuple(out))
