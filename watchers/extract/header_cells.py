"""The cells of a report's header: labels (data, header.toml) with the values that belong to them.

A value runs up to the next label, a column gap or the end of the line; a label alone takes the cell below it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from watchers.extract.dates import DATE
from watchers.extract.text import without_leaders

_RULES = Path(__file__).with_name("header.toml")


@dataclass(frozen=True, slots=True)
class _Labels:
    pattern: re.Pattern[str]
    kinds: Mapping[str, str]
    observed: Mapping[str, int]
    bare: frozenset[str]
    not_names: frozenset[str]


def _key(label: str) -> str:
    return re.sub(r"[\s._:]+", " ", label.casefold()).strip()


@lru_cache(maxsize=1)
def labels_of_headers() -> _Labels:
    rules: dict[str, Any] = tomllib.loads(_RULES.read_text(encoding="utf-8"))
    kinds: dict[str, str] = {}
    for label in rules["others"]["labels"]:
        kinds[_key(label)] = "other"
    for label in rules["observed"]["labels"]:
        kinds[_key(label)] = "observed"
    for kind, names in rules["labels"].items():
        for label in names:
            kinds[_key(label)] = kind
    ranked = [_key(label) for label in rules["observed"]["labels"]]
    observed: dict[str, int] = {}
    for rank, label in enumerate(ranked):
        observed.setdefault(label, rank)
    words = sorted(kinds, key=len, reverse=True)
    alternatives = "|".join(
        r"[\s._]*".join(re.escape(part) for part in re.split(r" ", word)) for word in words
    )
    # A label ends in ":" or "#:", or (some labels) in blanks before a value of its form: "DOB 12/10/81".
    pattern = re.compile(
        rf"(?<![\w/])(?P<label>{alternatives})\.?(?:\s*(?:\([A-Za-z][^()\n]{{0,24}}\)))?"
        r"(?:\s*[#№]?\s*(?:[:\uff1a]|\.{2,}:?|_{2,}:?)[ \t]*|\s*[=]\s*|(?P<bare>[ \t]*[#№]?[ \t]+)(?=[^\n]))",
        re.IGNORECASE,
    )
    return _Labels(
        pattern,
        kinds,
        observed,
        frozenset(_key(label) for label in rules["bare"]["labels"]),
        frozenset(rules["not_names"]["words"]),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    kind: str
    value: str
    line: int
    colon: bool


_LONG_NUMBER = re.compile(r"[A-Z]{0,3}\d[\d-]{5,}(?![\w/])")
_FORMED = ("birth_date", "observed", "mrn", "accession", "other_id")


def _bare_ok(label: str, kind: str, value: str, starts: bool) -> bool:
    """Whether a label without a colon is one: only a strong label whose value has the right form."""
    if label not in labels_of_headers().bare and not (starts and len(label) >= 4 and kind in _FORMED):
        return False
    head = value.strip()[:40]
    if kind in ("birth_date", "observed"):
        match = DATE.search(head)
        return match is not None and match.start() <= 3
    if kind in ("mrn", "accession", "other_id"):
        return re.match(r"[A-Za-z]{0,4}[-#]?\d", head) is not None
    if kind == "phone":
        return re.match(r"[(+]?\d[\d ().-]{6,}", head) is not None
    if kind == "sex":
        return re.match(r"(?:m|f|male|female)\b", head, re.IGNORECASE) is not None
    if kind in ("age", "age_sex"):
        return re.match(r"\d{1,3}\b", head) is not None
    return kind == "name" and re.match(r"[A-Z]", head) is not None


def _plain_cells(lines: list[str]) -> list[Cell]:
    labels = labels_of_headers()
    found: list[Cell] = []
    for number, line in enumerate(lines):
        if row := _label_row(line, labels):
            found.extend(Cell(label, labels.kinds[label], "", number, True) for label in row)
            continue
        line = _with_colons(_parted(without_leaders(line), labels), labels)
        matches: list[tuple[re.Match[str], str, str]] = []
        end = 0
        for match in labels.pattern.finditer(line):
            if match.start() < end:
                continue
            label = _key(match["label"])
            kind = labels.kinds.get(label) or labels.kinds.get(label.rstrip("#").strip(), "other")
            before = line[: match.start()]
            if match["bare"] is not None and label == "exam" and _LONG_NUMBER.match(line, match.end()):
                kind = "accession"
            # A label stands at a line's or a column's beginning, never in running words.
            starts = not before.strip() or re.search(r"(?:[|;,•·/\])(]|\s{2,}|\t)\s*$", before) is not None
            if match["bare"] is not None:
                if not _bare_ok(label, kind, line[match.end() :], starts):
                    continue
            elif not starts and (kind == "other" or len(label) < 3) and not _after_value(before):
                continue
            matches.append((match, label, kind))
            end = match.end()
        for index, (match, label, kind) in enumerate(matches):
            stop = matches[index + 1][0].start() if index + 1 < len(matches) else len(line)
            value = line[match.end() : stop]
            found.append(Cell(label, kind, value.strip(" \t|;,•·"), number, match["bare"] is None))
    return found


_PAIR = re.compile(
    r"(?P<a>[A-Za-z][A-Za-z .]{1,24}?)\s?/\s?(?P<b>[A-Za-z][A-Za-z .#]{1,24}?)\s*:\s*"
    r"(?P<x>[^|:\t]{2,40}?)\s+/\s+(?P<y>[^|\t]{1,40}?)(?=\s{2,}|\s*[|\t]|$)"
)


def _parted(line: str, labels: _Labels) -> str:
    """Two labels with two values become two cells: ``Name/DOB: Lee, Ann / 02/03/1960``."""

    def part(match: re.Match[str]) -> str:
        a, b = _key(match["a"]), _key(match["b"])
        if a not in labels.kinds or b not in labels.kinds or f"{a}/{b}" in labels.kinds:
            return match[0]
        return f"{match['a']}: {match['x']}   {match['b']}: {match['y']}"

    return _PAIR.sub(part, line)


def _with_colons(line: str, labels: _Labels) -> str:
    """Cells that are a label and no more get a colon where the next cell is no label: ``Name   Diaz, Rosa``."""
    parts = re.split(r"(\s*[|\t]\s*|\s{2,})", line)
    for at in range(0, len(parts) - 2, 2):
        here, following = parts[at].strip().rstrip(":").rstrip(), parts[at + 2].strip()
        kind = labels.kinds.get(_key(here)) if here else None
        if (
            kind is None
            or not following
            or following[0] in ":="
            or labels.kinds.get(_key(following))
            or labels.pattern.match(following)
        ):
            continue
        if kind == "name" and len(following.split()) < 2:
            continue
        parts[at], parts[at + 1] = f"{here}: ", ""
    return "".join(parts)


def _label_row(line: str, labels: _Labels) -> list[str]:
    """The labels of a line that holds nothing else, as over the columns of a table."""
    parts = [_key(part) for part in re.split(r"\s{2,}|\t|\|", line.strip().rstrip(":")) if part.strip()]
    if not parts or any(part not in labels.kinds for part in parts):
        return []
    return parts if len(parts) > 1 or (len(parts[0]) > 2 and labels.kinds[parts[0]] != "other") else []


def _after_value(before: str) -> bool:
    """Whether the words before a label look like the end of a value (so that a new label may follow)."""
    return re.search(r"(?:\d|\b[MF]|\bmale|\bfemale|[a-z]{2}|[A-Z]{2})\s*$", before) is not None


def _stacked(lines: list[str], cells: list[Cell]) -> list[Cell]:
    """Cells without a value take the one below: labels in one row, values in the next, by column."""
    out: list[Cell] = []
    for cell in cells:
        if cell.value or cell.kind == "other" or cell.line + 1 >= len(lines):
            out.append(cell)
            continue
        row = [c for c in cells if c.line == cell.line]
        below = lines[cell.line + 1]
        if any(c.line == cell.line + 1 for c in cells):
            out.append(cell)
            continue
        values = [part.strip() for part in re.split(r"\s{2,}|\t|\|", below.strip()) if part.strip()]
        index = row.index(cell)
        if all(not c.value for c in row) and len(values) == len(row):
            out.append(Cell(cell.label, cell.kind, values[index], cell.line, True))
        elif len(row) == 1 and below.strip():
            out.append(Cell(cell.label, cell.kind, below.strip(), cell.line, True))
        else:
            out.append(cell)
    return out


def header_cells(lines: list[str]) -> list[Cell]:
    """Every labelled cell of the lines, in order."""
    return _stacked(lines, _plain_cells(lines))
