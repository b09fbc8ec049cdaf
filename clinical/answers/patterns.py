"""Sets of laboratory values that make one think of a condition, by fixed rules (``rules/patterns.toml``).

No model speaks here: a pattern holds where the report's own values, judged by their ranges, meet it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from clinical.answers.answer import Claim
from clinical.answers.printed import is_former, stated
from clinical.report import Measurement, Report
from clinical.structure.units import convert, same_kind, ucum

_TERM = re.compile(
    r"(?P<name>.+?) (?P<what>[HLNA-]|\dx H|(?P<sign>>=|<=|<|>) (?P<limit>[\d.]+) ?(?P<unit>\S*))"
)
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "H": ("H", "HH"),
    "L": ("L", "LL"),
    "N": ("N",),
    "A": ("A", "H", "HH"),
}
_SHORT = 4

Values = Mapping[str, Sequence[Measurement]]


@dataclass(frozen=True, slots=True)
class _Term:
    """One part of a rule: an analyte and what is asked of it."""

    name: str
    what: str
    sign: str
    limit: float
    unit: str


@dataclass(frozen=True, slots=True)
class _Rule:
    condition: str
    needs: tuple[tuple[_Term, ...], ...]
    speaks_for: tuple[_Term, ...]
    against: tuple[_Term, ...]
    decides: tuple[str, ...]
    named: re.Pattern[str]
    less: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that holds: its condition, the values for and against it, and what would decide.

    ``named`` finds the words by which a report names the same condition.
    """

    condition: str
    speaks_for: tuple[Claim, ...] = field(repr=False)
    against: tuple[Claim, ...] = field(repr=False)
    decides: tuple[str, ...]
    critical: bool
    named: re.Pattern[str] = field(repr=False)


@cache
def _rules() -> tuple[_Rule, ...]:
    data = loads((Path(__file__).parent / "rules" / "patterns.toml").read_text(encoding="utf-8"))
    return tuple(_rule(entry) for entry in data["pattern"])


def _rule(entry: Mapping[str, Any]) -> _Rule:
    def terms(words: Iterable[str]) -> tuple[_Term, ...]:
        return tuple(_term(word) for line in words for word in line.split(" | "))

    keys = [entry["condition"], *entry.get("named", ())]
    ends = [rf"{re.escape(key)}\b" if len(key) <= _SHORT else re.escape(key) for key in keys]
    return _Rule(
        condition=entry["condition"],
        needs=tuple(terms((line,)) for line in entry["needs"]),
        speaks_for=terms(entry.get("for", ())),
        against=terms(entry.get("against", ())),
        decides=tuple(entry["decides"]),
        named=re.compile(rf"\b(?:{'|'.join(ends)})", re.I),
        less=tuple(entry.get("less", ())),
    )


def _term(words: str) -> _Term:
    match = _TERM.fullmatch(words)
    if match is None:
        raise ValueError(f"not a rule of patterns.toml: {words}")
    return _Term(
        match["name"], match["what"], match["sign"] or "", float(match["limit"] or 0), match["unit"] or ""
    )


def patterns_of(report: Report) -> list[Pattern]:
    """The patterns that the report's present values meet, in the order of the rules; the wider ones left out."""
    values: dict[str, list[Measurement]] = {}
    for m in report.structure.measurements:
        if not (m.doubtful or is_former(report, m)):
            values.setdefault(m.name, []).append(m)
    held = [(rule, _held(rule, values)) for rule in _rules()]
    met = {rule.condition: (rule, needed) for rule, needed in held if needed is not None}
    needless = {name for rule, _ in met.values() for name in rule.less}
    return [
        _pattern(report, rule, needed, values) for name, (rule, needed) in met.items() if name not in needless
    ]


def _pattern(report: Report, rule: _Rule, needed: Sequence[Measurement], values: Values) -> Pattern:
    pro = dict.fromkeys([*needed, *(m for term in rule.speaks_for for m in _meeting(term, values))])
    contra = dict.fromkeys(m for term in rule.against for m in _meeting(term, values))
    return Pattern(
        condition=rule.condition,
        speaks_for=tuple(stated(report, m) for m in pro),
        against=tuple(stated(report, m) for m in contra if m not in pro),
        decides=rule.decides,
        critical=any(m.critical for m in needed),
        named=rule.named,
    )


def _held(rule: _Rule, values: Values) -> list[Measurement] | None:
    """The values by which the rule holds, or None."""
    needed: list[Measurement] = []
    for line in rule.needs:
        by = [(term, _meeting(term, values)) for term in line]
        if not any(found or _is_met(term, values) for term, found in by):
            return None
        needed += [m for _, found in by for m in found]
    return needed


def _is_met(term: _Term, values: Values) -> bool:
    """Does a term hold that no single value carries: an absence, or the ratio of the liver's enzymes?"""
    if term.what == "-":
        return term.name not in values
    ratio = _liver_ratio(values) if term.name == "r" else None
    return ratio is not None and _beyond(term, ratio)


def _meeting(term: _Term, values: Values) -> list[Measurement]:
    """The values that meet a term; for "in range" only where every value of the name is."""
    there = values.get(term.name, ())
    if term.what == "N":
        return list(there[:1]) if there and all(m.flag == "N" for m in there) else []
    return [m for m in there if _meets(term, m)][:1]


def _meets(term: _Term, m: Measurement) -> bool:
    if term.what in _FLAGS:
        return m.flag in _FLAGS[term.what]
    if term.what.endswith("x H"):
        return m.value is not None and m.high is not None and 0 < m.high * int(term.what[0]) <= m.value
    if not term.sign or m.value is None:
        return False
    unit = ucum(term.unit) or term.unit
    if m.unit.startswith(unit):
        return _beyond(term, m.value)
    if not m.unit:
        return unit == "%" and _beyond(term, m.value)
    return same_kind(m.unit, unit, m.name) and _beyond(term, convert(m.value, m.unit, unit, m.name))


def _beyond(term: _Term, value: float) -> bool:
    limit = term.limit
    return {">=": value >= limit, "<=": value <= limit, "<": value < limit, ">": value > limit}[term.sign]


def _liver_ratio(values: Values) -> float | None:
    """ALT by its upper limit, divided by alkaline phosphatase by its own: the pattern of liver injury."""
    parts = []
    for name in ("alt", "alkaline phosphatase"):
        m = next(iter(values.get(name, ())), None)
        if m is None or not m.value or not m.high:
            return None
        parts.append(m.value / m.high)
    return parts[0] / parts[1]
