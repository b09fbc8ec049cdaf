"""The kind of a report, as a plain lower-case word, from its title or headings. Unknown stays None."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from watchers.extract.dates import DATE

_RULES = Path(__file__).with_name("report_types.toml")
_TITLE_LINES = 30
# A line that prints one result: a number with a concentration's unit.
_RESULT = re.compile(
    r"\d\s*(?:[a-zµ]?[gG]/d?L|[mµun]?mol/L|m?[IU]{1,2}/m?L|10\^\d+/[uµ]?L|[kK]/[uµ]L|fL|mEq/L|pg/mL|ng/mL|/HPF|%)(?![\w])"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    title: re.Pattern[str]
    body: re.Pattern[str] | None


@lru_cache(maxsize=1)
def _kinds() -> tuple[_Kind, ...]:
    rules = tomllib.loads(_RULES.read_text(encoding="utf-8"))["type"]
    return tuple(
        _Kind(
            rule["name"],
            re.compile(rf"(?<!\w)(?:{'|'.join(rule['title'])})(?!\w)", re.IGNORECASE),
            re.compile(rf"(?:^|\n)[^\n\w]*(?:{'|'.join(rule['body'])})", re.IGNORECASE)
            if rule.get("body")
            else None,
        )
        for rule in rules
    )


def type_of_title(title: str | None) -> str | None:
    """The type that a title names (a message's service or document name, a heading)."""
    if not title:
        return None
    hits = [(m.start(), i, kind.name) for i, kind in enumerate(_kinds()) if (m := kind.title.search(title))]
    return min(hits, key=lambda hit: (hit[1], hit[0]))[2] if hits else None


def _titles(text: str) -> list[str]:
    """Lines that look like titles, and what stands after "Exam:", "Study:" or "Procedure:"."""
    named: list[str] = []
    plain: list[str] = []
    for number, line in enumerate(text.splitlines()[:_TITLE_LINES]):
        line = line.strip(" \t*=#_-|")
        if not line:
            continue
        label = re.search(
            r"\b(?:exam(?:ination)?(?: type| description)?|study(?: type| description)?|procedure|"
            r"report type|document type|"
            r"test(?: name)?|service|type of (?:exam|study|report)|modality|title|panel)\s*[:\-]\s*(.{2,80})",
            line,
            re.IGNORECASE,
        )
        if label:
            named.append(label[1])
            continue
        for cell in re.split(r"\s{3,}|\t|\s\|\s", line):
            cell = DATE.sub("", cell).strip(" ,.;-")
            if (
                2 < len(cell) <= 70
                and not line.endswith((".", ";"))
                and ":" not in cell.rstrip(":")
                and _is_title(cell, number)
            ):
                plain.append(cell)
    return plain + named


def _is_title(cell: str, number: int) -> bool:
    """Capitals, or near the top a few words that begin with a type's name."""
    upper = sum(c.isupper() for c in cell) / max(1, sum(c.isalpha() for c in cell))
    words = cell.split()
    if upper > 0.6 or sum(word[:1].isupper() for word in words) >= len(words) * 0.7:
        return True
    begins = any((m := kind.title.search(cell)) and m.start() <= 2 for kind in _kinds())
    return number < 14 and len(words) <= 8 and begins


def find_report_type(text: str) -> str | None:
    """The type by titles first, then by telling headings anywhere."""
    for title in _titles(text):
        # A hospital's "Department of Radiology" heads every kind of image: look on for a more telling title.
        if (found := type_of_title(title)) and found not in ("radiology", "laboratory"):
            return found
    best: tuple[int, str] | None = None
    for kind in _kinds():
        if kind.body is None:
            continue
        count = len(kind.body.findall(text))
        if count and (best is None or count > best[0]):
            best = (count, kind.name)
    for title in _titles(text):
        if found := type_of_title(title):
            return found
    if best:
        return best[1]
    lines = [line for line in text.splitlines() if line.strip()]
    results = sum(_RESULT.search(line) is not None for line in lines)
    return "laboratory" if results >= 3 and results >= 0.25 * len(lines) else None
