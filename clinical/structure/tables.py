"""Laboratory tables with a heading row: columns by their headings, in pipes, tabs or aligned blanks.

Rows without a heading row are read by the scanner in ``reading``; this file is for what only the heading can tell:
which of two numbers is the result, and where low and high stand in columns of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from clinical.structure.analytes import names
from clinical.structure.bounds import Reading, number
from clinical.structure.lexicon import rules, words_of
from clinical.structure.reading import Scanner
from clinical.structure.units import ucum

_QUOTED = re.compile(r'[ ]*"(?P<cell>[^"\n]*)"[ ]*(?=[,;]|$)')
_GAPS = re.compile(r"[ ]{2,}")
_RULE_LINE = re.compile(r"[\s|+=:_\-]*$")
_DATE_CELL = re.compile(
    r"(?:\d{1,2}/\d{1,2}(?:/\d{2,4})?|\d{4}-\d{2}-\d{2}|\[DATE[^\]]*\])(?:[ ]+\d{1,2}:\d{2})?$"
)
_PLAIN_NUMBER = re.compile(r"[<>≤≥]?=?[ ]?-?\d[\d,.]*$")
_SPACE_NAMED = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell by offset, without surrounding blanks."""

    start: int
    end: int
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """A result read: where its name stands, where it begins, and the line it is on."""

    name: Cell
    reading: Reading
    start: int
    line_start: int


@dataclass(frozen=True, slots=True)
class _Header:
    roles: tuple[str, ...]
    starts: tuple[int, ...]
    dates: tuple[str | None, ...]
    mark: str
    cells: tuple[Cell, ...] = ()


@cache
def _roles() -> dict[str, str]:
    return {word: role for role, words in rules("tables.toml")["column"].items() for word in words}


@cache
def _role_words() -> tuple[tuple[str, frozenset[str]], ...]:
    """Words that tell a column's role in a longer heading ("Biological Ref. Interval"), the surest first."""
    return tuple((role, frozenset(words)) for role, words in rules("tables.toml")["word"].items())


def _cells(text: str, start: int, end: int, mark: str) -> list[Cell]:
    found: list[Cell] = []
    if mark == "gap":
        at, column = start, 0
        pieces = [*_GAPS.finditer(text, start, end)]
        for gap in pieces:
            if gap.start() > at:
                found.append(Cell(at, gap.start(), column))
                column += 1
            at = gap.end()
        if at < end:
            found.append(Cell(at, end, column))
        return found
    pieces_start = start
    column = 0
    line = text[start:end]
    if mark == "|" and line.lstrip().startswith("|"):
        pieces_start = start + line.index("|") + 1
    at = pieces_start
    while at <= end:
        quoted = _QUOTED.match(text, at, end) if mark in ",;" else None
        stop = text.find(mark, quoted.end() if quoted else at, end)
        stop = end if stop < 0 else stop
        low, high = quoted.span("cell") if quoted else (at, stop)
        while low < high and text[low] in " \t*":
            low += 1
        while high > low and text[high - 1] in " \t":
            high -= 1
        found.append(Cell(low, high, column))
        column += 1
        at = stop + 1
    return found


def _mark_of(line: str) -> str | None:
    if line.count(",") >= 3 and "  " not in line.strip() and "\t" not in line and "|" not in line:
        return ","
    if line.count(";") >= 3 and "  " not in line.strip() and "\t" not in line and "|" not in line:
        return ";"
    if line.count("|") >= 2 or (line.count("|") == 1 and "\t" not in line):
        return "|"
    if "\t" in line:
        return "\t"
    return "gap" if "  " in line.strip() else None


def _role(word: str) -> str | None:
    plain = re.sub(r"[^a-z0-9/ .#%]", "", word.lower()).strip(" .")
    role = _roles().get(plain)
    if role is not None or not 1 < len(plain.split()) <= 5:
        return role
    words = frozenset(plain.replace(".", " ").split())
    return next((kind for kind, told in _role_words() if words & told), None)


def _header(text: str, start: int, end: int) -> _Header | None:
    line = text[start:end]
    if len(line) > 200:
        return None
    mark = _mark_of(line)
    if mark is None:
        return None
    cells = _cells(text, start, end, mark)
    while cells and cells[-1].end <= cells[-1].start:
        cells.pop()
    roles: list[str] = []
    dates: list[str | None] = []
    for cell in cells:
        word = text[cell.start : cell.end]
        date = word if _DATE_CELL.match(word) else None
        roles.append("result" if date else _role(word) or "")
        dates.append(date)
    if roles and roles[0] in ("date", "name") and not any(roles[1:]):
        named = [
            names().find_at(words_of(text[c.start : c.end]), 0, text[c.start : c.end]) for c in cells[1:]
        ]
        if named and all(match is not None and match.payload is not None for match in named):
            across = ("date", *("across" for _ in named))
            return _Header(across, tuple(cell.start - start for cell in cells), (), mark, tuple(cells))
    known = {role for role in roles if role}
    if mark in ",;" and len(known) < 3:
        return None
    if "result" not in known or len(known) < 2 or len([r for r in roles if r]) * 2 < len(roles):
        return None
    if "name" not in known:
        roles[0] = roles[0] or "name"
        if roles[0] != "name":
            return None
    return _Header(tuple(roles), tuple(cell.start - start for cell in cells), tuple(dates), mark)


def find_rows(text: str, sex: str | None) -> list[Row]:
    """Rows of every table with a heading row, in order; rows whose result is not surely a value are left out."""
    rows: list[Row] = []
    header: _Header | None = None
    misses = 0
    at = 0
    while at <= len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        end = stop
        while end > at and text[end - 1].isspace():
            end -= 1
        new = _header(text, at, end)
        if new is not None:
            header, misses = new, 0
        elif header is not None and end > at and not _RULE_LINE.match(text, at, end):
            read = _rows_of(text, at, end, header, sex)
            if read:
                rows += read
                misses = 0
            else:
                misses += 1
                if misses > 3:
                    header = None
        elif header is not None and end <= at:
            misses += 1
            if misses > 3:
                header = None
        at = stop + 1
    return rows


def _rows_of(text: str, start: int, end: int, header: _Header, sex: str | None) -> list[Row]:
    line = text[start:end]
    mark = header.mark if header.mark in line or header.mark == "gap" else _mark_of(line)
    if mark is None:
        return []
    cells = _cells(text, start, end, mark)
    columns = _assign(cells, header, start)
    if header.cells:
        return _across(text, columns, header, start, sex)
    name = columns.get(header.roles.index("name"))
    if name is None or not _SPACE_NAMED.search(text[name.start : name.end]) or name.end - name.start > 60:
        return []
    found = []
    for index, role in enumerate(header.roles):
        if role != "result" or index not in columns:
            continue
        reading = _reading(text, columns, header, index, sex)
        if reading is not None:
            found.append(Row(name, reading, name.start, start))
    return found


def _across(text: str, columns: dict[int, Cell], header: _Header, start: int, sex: str | None) -> list[Row]:
    """A row of a table whose headings are analytes and whose rows are dates."""
    date = columns.get(0)
    if date is None or not _DATE_CELL.match(text, date.start, date.end):
        return []
    found = []
    for index in range(1, len(header.cells)):
        cell = columns.get(index)
        if cell is None:
            continue
        reading = Scanner(text, cell.start, cell.end, tabular=True, qualitative=True, sex=sex).read()
        if reading is not None:
            reading.date = reading.date or _iso(text[date.start : date.end])
            found.append(Row(header.cells[index], reading, cell.start, start))
    return found


def _assign(cells: Sequence[Cell], header: _Header, line_start: int) -> dict[int, Cell]:
    """Column index of the heading → cell. Aligned cells go by place, others by order."""
    if header.mark != "gap" or len(cells) == len(header.roles):
        return {
            cell.column: cell for cell in cells if cell.column < len(header.roles) and cell.end > cell.start
        }
    columns: dict[int, Cell] = {}
    for cell in cells:
        low, high = cell.start - line_start, cell.end - line_start
        best, distance = -1, 10_000
        for index, column in enumerate(header.starts):
            width = header.starts[index + 1] - 2 if index + 1 < len(header.starts) else column + 40
            gap = 0 if low <= width and high > column else min(abs(low - column), abs(high - width))
            gap = gap * 2 + (abs(low - column) > 0)
            if gap < distance and index not in columns:
                best, distance = index, gap
        if best >= 0 and distance <= 16:
            columns[best] = cell
    return columns


def _reading(
    text: str, columns: dict[int, Cell], header: _Header, index: int, sex: str | None
) -> Reading | None:
    cell = columns[index]
    scanner = Scanner(text, cell.start, cell.end, tabular=True, qualitative=True, sex=sex)
    reading = scanner.read()
    if reading is None:
        return None
    if (
        reading.end < cell.end
        and text[reading.end : cell.end].strip(" *()[]|").isalnum()
        and reading.value is not None
    ):
        return None  # more stands in the cell than a result
    reading.date = reading.date or _iso(header.dates[index])
    for column, role in enumerate(header.roles):
        other = columns.get(column)
        if other is None or column == index:
            continue
        words = text[other.start : other.end]
        if role == "unit" and not reading.unit:
            reading.unit = ucum(words) or words
        elif role == "flag" and not reading.flagged:
            reading.flagged = words.strip("()[]<> ")
        elif role == "range" and not reading.has_range:
            Scanner(text, other.start, other.end, tabular=True, qualitative=True, sex=sex).range_into(reading)
        elif role in ("low", "high") and _PLAIN_NUMBER.match(words):
            value = number(words.lstrip("<>=≤≥ "))
            reading.low, reading.high = (value, reading.high) if role == "low" else (reading.low, value)
            reading.has_range = True
        else:
            continue
        reading.end = max(reading.end, other.end)
    return reading


def _iso(date: str | None) -> str | None:
    if date is None:
        return None
    iso = re.match(r"\d{4}-\d{2}-\d{2}", date)
    if iso:
        return iso.group()
    american = re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})", date)
    if american:
        return f"{american.group(3)}-{int(american.group(1)):02d}-{int(american.group(2)):02d}"
    return None
