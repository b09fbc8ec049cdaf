"""Headers and sign-offs of any form: where they stand, and what in them nothing but an identifier explains.

A header is told by what other layers found in it (dates, numbers, phones, names), whatever its layout: from the top
of the text to the last such line before the prose. In it a value that is no clinical value, no measurement and no kind
of document is taken by its shape (``zone_values.py``). In the prose between, nothing is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clinical.deidentify.labels import Announced, announced
from clinical.deidentify.values import MEASURED

LAYER = "zones"
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_CUT = re.compile(
    r"</?(?P<tag>[A-Za-z][\w:.-]*)(?:[ ][^<>]*)?>|[|\t;<>\"{}\[\]*~=^]+"
    r"|[ ]{2,}|[ ][/–—-]+[ ]|(?<=[\w.])[.]{3,}|_{2,}|-{2,}|,(?=\")"
)
_TOLD = re.compile(
    r"(?<![\w-])(?:the|a|an|was|is|are|were|had|has|have|been|he|she|his|her|him|it|we|this|that|which|who|with|then|there|no|not"
    r"|but|after|as|so|did|will|would|up|out|over|under|or|into|also)(?![\w-])"
)
_HEADS = 34
"""Lines that a header has at most."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The lines of a header or a sign-off."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a zone, and what its label announces."""

    kind: Announced | None
    start: int
    end: int


def find_zones(text: str, anchors: Sequence[tuple[int, int]]) -> tuple[Zone, ...]:
    """Returns the header and the sign-off, each where there is one.

    Args:
        anchors: stretches that other layers are sure of.
    """
    lines = [m.span() for m in _LINE.finditer(text)]
    zones = []
    top = _reach(text, lines[:_HEADS], anchors)
    if top:
        zones.append(Zone(lines[0][0], lines[top - 1][1]))
    rest = lines[top:]
    bottom = _reach(text, rest[: -_HEADS // 2 : -1], anchors)
    if bottom:
        zones.append(Zone(rest[-bottom][0], rest[-1][1]))
    return tuple(zones)


def _reach(text: str, lines: Sequence[tuple[int, int]], anchors: Sequence[tuple[int, int]]) -> int:
    """Returns how many of the lines, in the order given, reach to the last one with an anchor before prose."""
    reach = bare = 0
    for number, (start, end) in enumerate(lines, start=1):
        held = [a for a in anchors if a[0] < end and start < a[1]]
        covered = sum(min(a[1], end) - max(a[0], start) for a in held)
        prose = is_told(text[start:end]) and covered * 3 < end - start
        if prose or bare > 3:
            break
        if held:
            reach, bare = number, 0
        else:
            bare += 1
    while 0 < reach < len(lines) and _touches(text, lines[reach - 1], lines[reach]):
        reach += 1
    return reach


def _touches(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tells whether ``other`` is a short line next to ``one``, without a blank line or prose between."""
    between = text[min(one[1], other[1]) : max(one[0], other[0])]
    return between.count("\n") == 1 and other[1] - other[0] < 100 and not is_told(text[slice(*other)])


def is_told(line: str) -> bool:
    """Tells whether a line is of sentences and not of fields, by the small words that only sentences have."""
    return len(_TOLD.findall(line)) > 2 + line.count(":") + line.count(";")


def cells(text: str, zone: Zone) -> Iterator[Cell]:
    """Yields the values of a zone with what announces them: before, above, or in brackets behind."""
    above: list[Announced | None] = []
    for line in _LINE.finditer(text, zone.start, zone.end):
        if MEASURED.search(line.group()) or is_told(line.group()):
            above = []
            continue
        pending: Announced | None = above[0] if len(above) == 1 else None
        heads: list[Announced | None] = []
        values: list[Cell] = []
        at = line.start()
        pieces: list[tuple[int, int, str | None]] = []
        tag: str | None = None
        for cut in [*_CUT.finditer(text, *line.span()), None]:
            pieces.append((at, cut.start() if cut else line.end(), tag))
            tag = cut.group("tag") if cut else None
            at = cut.end() if cut else at
        for begin, stop, tag in pieces:
            pending = announced(tag) if tag else pending
            for start, end, label in _fields(text, begin, stop):
                if label is None and not text[start:end].strip(" :,.#"):
                    continue
                if label is not None and not text[start:end].strip(" :,.#"):
                    heads.append(label)
                    pending = label
                else:
                    values.append(Cell(label or pending, start, end))
                    pending = None
        if len(above) > 1 and not heads:
            whole = len(values) == len(above)
            values = [Cell(above[i] if whole else None, v.start, v.end) for i, v in enumerate(values)]
        yield from values
        above = heads if heads and not values else []


_LABEL = re.compile(
    r"(?<![\w.])(?P<label>[A-Za-z][A-Za-z./#'()]*(?:[ /][A-Za-z(#][A-Za-z./#'(),]*){0,4}?[ ]?\#?)"
    r"[ ]*(?P<mark>:+|[ ]-[ ]|(?<=\#)[ ]?)"
)
_BEHIND = re.compile(r"[ ]\((?P<label>[A-Za-z][\w ./#']{1,30})\)[ ]*\Z")
_OPENING = re.compile(r"[ ]*(?P<label>[A-Za-z][\w./#']*(?:[ /][A-Za-z#][\w./#']*){0,3}[ ]?\#?)[ ](?=\S)")


def _fields(text: str, begin: int, stop: int) -> Iterator[tuple[int, int, Announced | None]]:
    """Splits a piece of a line at its labels."""
    behind = _BEHIND.search(text, begin, stop)
    if behind and announced(behind.group("label")):
        yield begin, behind.start(), announced(behind.group("label"))
        return
    label: Announced | None = announced(text[begin:stop].strip(" :#,.-"))
    if label is not None:
        yield stop, stop, label
        return
    at = begin
    for match in _LABEL.finditer(text, begin, stop):
        start, kind = _longest(text, match.start("label"), match.end("label"))
        if kind is None:
            continue
        if text[at:start].strip(" :,.#") or label is not None:
            yield at, start, label
        label, at = kind, match.end()
    if label is None:
        opened = _OPENING.match(text, at, stop)
        while opened and not announced(opened.group("label")):
            shorter = opened.group("label").rpartition(" ")[0]
            opened = (
                re.compile(rf"[ ]*(?P<label>{re.escape(shorter)})[ ](?=\S)").match(text, at, stop)
                if shorter
                else None
            )
        if opened:
            label, at = announced(opened.group("label")), opened.end()
    yield at, stop, label


def _longest(text: str, start: int, end: int) -> tuple[int, Announced | None]:
    """Returns where the longest label that ends at ``end`` begins, and what it announces."""
    while start < end:
        kind = announced(text[start:end])
        if kind is not None:
            return start, kind
        space = re.compile(r"[ /]").search(text, start, end)
        if space is None:
            break
        start = space.end()
    return start, None
