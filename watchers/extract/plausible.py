"""Numbers that readers agree on and the page itself contradicts: its flags, its ranges, the figures beside them.

Both readers lose the same faint point or sign. A value that its printed flag does not fit, or that alone of its row
has no decimals on a page that reads badly, is to be looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clinical.report import Doubtful, Measurement
from clinical.structure.build import build_structure

_FIGURES = re.compile(r"(?<!\S)[<>≤≥]?-?\d+(?:\.(?P<decimals>\d+))?(?= {2,}|(?: [HL]{1,2})?(?: {2,}|$))")
_FLAG = re.compile(r"\s\*?(?P<flag>[HL])(?P=flag)?\*?$")
_TABLE_ROW = re.compile(r"^.*\S {2,}\S*\d.* {2,}\S.*$", re.MULTILINE)
SIBLINGS = 2  # so many figures of a row with as many decimals make one without an odd one
FLAGGED = 2  # so many rows with a right flag show that a page flags what is out of range
FAR = 3.0  # times the upper limit, for a value whose point may be lost


@dataclass(frozen=True, slots=True)
class _Row:
    value: Doubtful
    printed: str | None
    expected: str | None
    far: bool


def odd_numbers(text: str, *, noisy: bool) -> tuple[Doubtful, ...]:
    """Stretches of a page's text that hold an implausible number; ``noisy`` pages are trusted less."""
    if not _TABLE_ROW.search(text):
        return ()
    found = _against_flags(text, noisy)
    return (*found, *_without_decimals(text)) if noisy else tuple(found)


def _against_flags(text: str, noisy: bool) -> list[Doubtful]:
    rows = [row for m in build_structure(text).measurements if (row := _row(text, m))]
    right = sum(row.printed is not None and row.printed == row.expected for row in rows)
    missing = sum(row.printed is None and row.expected is not None for row in rows)
    flags = right >= FLAGGED and missing <= right
    return [
        row.value
        for row in rows
        if ((row.printed or flags) and row.printed != row.expected) or (noisy and row.far)
    ]


def _row(text: str, measurement: Measurement) -> _Row | None:
    m = measurement
    if m.range_source != "printed" or m.value is None or m.comparator != "=":
        return None
    start = text.find(m.value_text, m.start, m.end)
    if start < 0 or not m.value_text:
        return None
    flag = _FLAG.search(text, m.start, m.end)
    above, below = m.high is not None and m.value > m.high, m.low is not None and m.value < m.low
    point_lost = "." not in m.value_text and m.high is not None and m.value > FAR * m.high > 0
    return _Row(
        Doubtful(start, start + len(m.value_text), (m.value_text, "?")),
        flag["flag"] if flag else None,
        "H" if above else "L" if below else None,
        point_lost,
    )


def _without_decimals(text: str) -> list[Doubtful]:
    found: list[Doubtful] = []
    at = 0
    for line in text.split("\n"):
        cells = list(_FIGURES.finditer(line))
        decimals: Sequence[int] = [len(cell["decimals"] or "") for cell in cells]
        usual = max(set(decimals), key=decimals.count, default=0)
        if usual and decimals.count(usual) >= SIBLINGS:
            found += [
                Doubtful(at + cell.start(), at + cell.end(), (cell[0], "?"))
                for cell, count in zip(cells, decimals, strict=True)
                if count == 0 and len(cell[0].lstrip("<>≤≥-")) > 1
            ]
        at += len(line) + 1
    return found
