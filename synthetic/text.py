"""Text that knows what stands where in it: marks travel along when pieces are joined."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from clinical.report import Assertion, Comparator, Flag, Label, Side


@dataclass(frozen=True, slots=True)
class Identifier:
    """Mark of an identifier."""

    label: Label


@dataclass(frozen=True, slots=True)
class Found:
    """Mark of a finding's words."""

    concept: str
    assertion: Assertion = "present"
    side: Side | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Mark of a measured value, from its name through its flag as printed."""

    name: str
    text: str = field(repr=False)
    value: float | None = field(default=None, repr=False)
    unit: str = ""
    low: float | None = None
    high: float | None = None
    flag: Flag | None = None
    critical: bool = False
    comparator: Comparator = "="
    printed_range: bool = False


@dataclass(frozen=True, slots=True)
class Headed:
    """Mark of a section, heading included."""

    name: str
    heading: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a stretch of text is."""

    start: int
    end: int
    value: Identifier | Found | Measured | Headed


@dataclass(frozen=True, slots=True)
class Text:
    """A string with marks. ``+`` and ``join`` shift the marks of what is appended."""

    string: str = field(default="", repr=False)
    marks: tuple[Mark, ...] = field(default=(), repr=False)

    def __add__(self, other: "Text | str") -> "Text":
        if isinstance(other, str):
            return Text(self.string + other, self.marks)
        shift = len(self.string)
        moved = tuple(replace(m, start=m.start + shift, end=m.end + shift) for m in other.marks)
        return Text(self.string + other.string, self.marks + moved)

    def __radd__(self, other: str) -> "Text":
        return Text(other) + self

    def __bool__(self) -> bool:
        return bool(self.string)

    def marked(self, value: Identifier | Found | Measured | Headed) -> "Text":
        """The same text with one more mark over all of it."""
        return Text(self.string, (*self.marks, Mark(0, len(self.string), value)))

    def mapped(self, string: str) -> "Text":
        """The same marks over another string of the same length.

        Raises:
            ValueError: the lengths differ, so that the marks would lie.
        """
        if len(string) != len(self.string):
            raise ValueError("a mapped text keeps its length")
        return Text(string, self.marks)

    def capital(self) -> "Text":
        """First letter in upper case."""
        return self.mapped(self.string[:1].upper() + self.string[1:]) if self.string else self


def as_text(piece: Text | str) -> Text:
    """A piece as Text."""
    return Text(piece) if isinstance(piece, str) else piece


def join(separator: str, pieces: Iterable[Text | str]) -> Text:
    """Non-empty pieces joined, marks shifted."""
    strings: list[str] = []
    marks: list[Mark] = []
    at = 0
    for piece in pieces:
        if not piece:
            continue
        if strings:
            strings.append(separator)
            at += len(separator)
        if isinstance(piece, str):
            strings.append(piece)
            at += len(piece)
            continue
        strings.append(piece.string)
        marks += [Mark(m.start + at, m.end + at, m.value) for m in piece.marks]
        at += len(piece.string)
    return Text("".join(strings), tuple(marks))


_TITLE = re.compile(r"(?:Dr|DR|Mr|Ms)\. ")
_DEGREE = re.compile(r", (?:MD|DO)$")


def identifier(label: Label, string: str) -> Text:
    """A string that is an identifier; of a name, title and degree are not part of it."""
    start, end = 0, len(string)
    if label == "NAME":
        title, degree = _TITLE.match(string), _DEGREE.search(string)
        start = title.end() if title else 0
        end = degree.start() if degree else end
    return Text(string, (Mark(start, end, Identifier(label)),)) if string else Text()


def wrap(text: Text, width: int) -> Text:
    """Lines broken at blanks, length kept: a blank becomes a line break, so marks stay true.

    Lines in columns stay whole.
    """
    lines = []
    for line in text.string.split("\n"):
        if "   " in line or "\t" in line or " | " in line:
            lines.append(line)
            continue
        rest = line
        pieces = []
        while len(rest) > width:
            at = rest.rfind(" ", 0, width + 1)
            if at <= 0 or not rest[:at].strip():
                break
            pieces.append(rest[:at])
            rest = rest[at + 1 :]
        lines.append("\n".join([*pieces, rest]))
    return text.mapped("\n".join(lines))
