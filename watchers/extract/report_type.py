"""The kind of a report, as a plain lower-case word, from its title or headings. Unknown stays None."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from watchers.extract.dates import DATE
from watchers.extract.text import without_leaders

_RULES = Path(__file__).with_name("report_types.toml")
_TITLE_LINES = 30
_LABEL = (
    r"(?:(?:exam(?:ination)?|study)(?: type| description| requested| performed| ordered| name)?|procedure|"
    r"report type|document type|test(?: name)?|service|type of (?:exam|study|report)|modality|title|panel)"
)
# "Exam: CT of the head", or such a label alone in a cell with its title in the next one.
_NAMED = re.compile(
    rf"(?:(?:\b{_LABEL}|^report)\s*[:\-]|(?:^|[|\t]\s*|\s{{2,}}){_LABEL}(?:\s*[|\t]|\s{{3,}}))\s*(?P<title>.{{2,80}})",
    re.IGNORECASE,
)
_WHEN = re.compile(
    DATE.pattern + r"(?:[\s,]*(?:at\s*)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?(?!\w))?", DATE.flags
)
# A line that prints one result: a number with a concentration's unit.
_RESULT = re.compile(
    r"\d\s*(?:[a-zµ]?[gG]/d?L|[mµun]?mol/L|m?[IU]{1,2}/m?L|10\^\d+/[uµ]?L|[kK]/[uµ]L|fL|mEq/L|pg/mL|ng/mL|/HPF|%)(?![\w])"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    title: re.Pattern[str]
    body: re.Pattern[str] | None
    telling: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=1)
def _kinds() -> tuple[_Kind, ...]:
    rules = tomllib.loads(_RULES.read_text(encoding="utf-8"))["type"]
    return tuple(
        _Kind(
            rule["name"],
            re.compile(rf"(?<!\w)(?:{'|'.join(rule['title']) or '(?!)'})(?!\w)", re.IGNORECASE),
            re.compile(rf"(?:^|\n)[^\n\w]*(?:{'|'.join(rule['body'])})", re.IGNORECASE)
            if rule.get("body")
            else None,
            tuple(re.compile(rf"(?<!\w){words}", re.IGNORECASE) for words in rule.get("telling", ())),
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
        line = without_leaders(line).strip(" \t*=#_-|")
        if not line:
            continue
        if label := _NAMED.search(line):
            named.append(re.split(r"\s*[|\t]|\s{4,}", label["title"].strip())[0])
            continue
        for cell in re.split(r"\s{3,}|\t|\s\|\s", line):
            cell = _WHEN.sub("", cell).strip(" ,.;-")
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
    """The type by titles first, then by telling headings anywhere, then by words of its text."""
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
    if results >= 3 and results >= 0.25 * len(lines):
        return "laboratory"
    found_words = [(sum(p.search(text) is not None for p in kind.telling), kind.name) for kind in _kinds()]
    most = max(found_words, key=lambda found: found[0])
    return most[1] if most[0] else None
