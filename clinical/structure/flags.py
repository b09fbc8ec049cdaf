"""Flags: as printed where a flag is printed, computed on the printed range, else on shipped adult ranges.

Shipped ranges and critical limits (``rules/ranges.csv``) are common adult teaching values; the range printed on a
report always wins, and a practice's own critical limits come before the shipped ones.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from clinical.report import Flag, RangeSource
from clinical.structure.bounds import Reading
from clinical.structure.lexicon import RULES
from clinical.structure.units import UnitMismatch, convert, same_kind


@dataclass(frozen=True, slots=True)
class Limits:
    """A shipped range for one unit; None where open. ``assume_*`` bound values that print no unit."""

    unit: str
    sex: str
    age_min: float
    age_max: float
    low: float | None
    high: float | None
    critical_low: float | None
    critical_high: float | None
    assume_low: float | None
    assume_high: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a value: the range it was judged by, its flag, and whether it is beyond a critical limit."""

    low: float | None
    high: float | None
    source: RangeSource | None
    flag: Flag | None
    critical: bool


@cache
def shipped() -> dict[str, tuple[Limits, ...]]:
    """Shipped ranges by preferred name."""
    table: dict[str, list[Limits]] = {}
    with (RULES / "ranges.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            table.setdefault(row["name"], []).append(
                Limits(
                    row["unit"],
                    row["sex"],
                    float(row["age_min"] or 18),
                    float(row["age_max"] or 200),
                    *(float(row[key]) if row[key] else None for key in _COLUMNS),
                )
            )
    return {name: tuple(rows) for name, rows in table.items()}


ADULT = 40  # where the age is not known, a report is taken to be an adult's
_COLUMNS = ("low", "high", "critical_low", "critical_high", "assume_low", "assume_high")
_HIGH = {
    "h",
    "hi",
    "high",
    "elevated",
    "abnormal high",
    "abnormal-high",
    "above",
    "above range",
    "above normal",
}
_LOW = {"l", "lo", "low", "abnormal low", "abnormal-low", "below", "below range", "below normal"}
_VERY_HIGH = {"hh", "ch", "very high"}
_VERY_LOW = {"ll", "cl", "very low"}


def printed_flag(word: str, computed: Flag | None) -> Flag | None:
    """The flag that a printed mark means; a mark without direction takes it from the computed flag."""
    mark = word.lower().strip()
    plain = mark.rstrip("*! ")
    if not mark:
        return None
    if (
        plain in _VERY_HIGH
        or mark in ("↑↑", "▲▲")
        or (plain.startswith(("crit", "panic")) and plain.endswith("high"))
    ):
        return "HH"
    if (
        plain in _VERY_LOW
        or mark in ("↓↓", "▼▼")
        or (plain.startswith(("crit", "panic")) and plain.endswith("low"))
    ):
        return "LL"
    if plain in _HIGH or mark[0] in "↑▲":
        return "H"
    if plain in _LOW or mark[0] in "↓▼":
        return "L"
    if plain in ("n", "normal", "wnl", "in range") or plain.startswith("within"):
        return "N"
    if plain == "c" or plain.startswith(("crit", "panic")):
        return {"H": "HH", "L": "LL"}.get(computed or "", "A")  # type: ignore[return-value]
    return computed if computed in ("H", "L") else "A"


def flag_of(reading: Reading) -> Flag | None:
    """The flag computed on a range; None without one, or where a comparator leaves it open."""
    if reading.spread is not None:
        return _spread_flag(reading)
    if reading.value is None:
        return _word_flag(reading)
    if reading.low is None and reading.high is None:
        return None
    value, high, low = reading.value, reading.high, reading.low
    if reading.comparator in ("<", "<="):
        if low is not None and value <= low and low > 0:
            return "L"
        return "N" if (high is None or value <= high) and (low is None or low <= 0) else None
    if reading.comparator in (">", ">="):
        if high is not None and value >= high:
            return "H"
        return "N" if high is None and low is not None and value >= low else None
    if high is not None and (value > high or (reading.strict_high and value == high)):
        return "H"
    if low is not None and (value < low or (reading.strict_low and value == low)):
        return "L"
    return "N"


def _spread_flag(reading: Reading) -> Flag | None:
    """Of two numbers: outside if either is."""
    if reading.spread is None or (reading.low is None and reading.high is None):
        return None
    if reading.high is not None and reading.spread[1] > reading.high:
        return "H"
    return "L" if reading.low is not None and reading.spread[0] < reading.low else "N"


_NEGATIVE = {
    "negative", "neg", "nonreactive", "non-reactive", "non reactive", "not detected", "none seen",
    "none detected", "none",
    "absent",
}  # fmt: skip


def _word_flag(reading: Reading) -> Flag | None:
    if not reading.range_word or not reading.value_text:
        return None
    value, expected = reading.value_text.lower(), reading.range_word
    if value == expected or (value in _NEGATIVE and expected in _NEGATIVE):
        return "N"
    return "A" if expected in _NEGATIVE or expected in ("clear", "normal") else None


def judge(
    name: str,
    reading: Reading,
    *,
    sex: str | None = None,
    age: int | None = None,
    practice_limits: Mapping[str, Any] | None = None,
) -> Judged:
    """Flag and critical state of a reading; ranges in the unit that is printed."""
    low, high = reading.low, reading.high
    source: RangeSource | None = None
    rows = shipped().get(name, ())
    computed: Flag | None = None
    if reading.has_range:
        source = "printed"
        computed = flag_of(reading)
    row = _row(rows, name, reading, sex, age)
    if source is None and row is not None and (row.low is not None or row.high is not None):
        scaled = _scaled(row, name, reading)
        if scaled is not None:
            low, high, source = scaled.low, scaled.high, "shipped"
            computed = flag_of(_with_range(reading, low, high))
    flag = printed_flag(reading.flagged, computed) if reading.flagged else computed
    critical = flag in ("HH", "LL") or _critical(name, reading, row, practice_limits)
    return Judged(low, high, source, flag, critical)


def _with_range(reading: Reading, low: float | None, high: float | None) -> Reading:
    return replace(reading, low=low, high=high, strict_low=False, strict_high=False)


def _row(
    rows: tuple[Limits, ...], name: str, reading: Reading, sex: str | None, age: int | None
) -> Limits | None:
    for row in rows:
        if not row.age_min <= (ADULT if age is None else age) < row.age_max:
            continue
        if row.sex and row.sex != sex:
            continue
        if reading.unit and (row.unit == reading.unit or _fits(row, name, reading)):
            return row
        value = reading.spread[0] if reading.spread else reading.value
        if value is None or reading.unit:
            continue
        if (row.assume_low is None or value >= row.assume_low) and (
            row.assume_high is None or value <= row.assume_high
        ):
            return row
    return None


def _fits(row: Limits, name: str, reading: Reading) -> bool:
    if "%" in (row.unit, reading.unit):
        return False
    return same_kind(row.unit, reading.unit, name)


def _scaled(row: Limits, name: str, reading: Reading) -> Limits | None:
    if not reading.unit or reading.unit == row.unit:
        return row

    def told(value: float | None) -> float | None:
        return None if value is None else float(f"{convert(value, row.unit, reading.unit, name):.3g}")

    return replace(
        row,
        unit=reading.unit,
        low=told(row.low),
        high=told(row.high),
        critical_low=told(row.critical_low),
        critical_high=told(row.critical_high),
    )


def _critical(
    name: str, reading: Reading, row: Limits | None, practice_limits: Mapping[str, Any] | None
) -> bool:
    if reading.value is None:
        return False
    low = high = None
    own = (practice_limits or {}).get(name)
    if own is not None:
        low, high = _own_limits(own, name, reading.unit)
    elif row is not None:
        scaled = _scaled(row, name, reading)
        if scaled is not None:
            low, high = scaled.critical_low, scaled.critical_high
    if low is not None and reading.value <= low and reading.comparator in ("=", "<", "<="):
        return True
    return high is not None and reading.value >= high and reading.comparator in ("=", ">", ">=")


def _own_limits(own: Any, name: str, unit: str) -> tuple[float | None, float | None]:
    if isinstance(own, Mapping):
        low, high, own_unit = own.get("low"), own.get("high"), str(own.get("unit") or "")
    else:
        low, high, own_unit = own[0], own[1], str(own[2]) if len(own) > 2 else ""
    if own_unit and unit and own_unit != unit:
        try:
            low = None if low is None else convert(float(low), own_unit, unit, name)
            high = None if high is None else convert(float(high), own_unit, unit, name)
        except UnitMismatch:
            return None, None
    return low, high
