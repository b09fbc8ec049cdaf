"""Measurements in prose and in tables: names from a data file, values read beside them, flags by range."""

import csv
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from clinical.report import Flag, Measurement, Section
from clinical.structure.flags import judge
from clinical.structure.lexicon import RULES, Lexicon, Match, Word, rules
from clinical.structure.reading import NUMBER, Reading, Scanner
from clinical.structure.units import same_kind

_BULLET = re.compile(r"[ \t]*(?:[-•*·>]|\d{1,2}[.)])?[ \t]*$")
_GAP = re.compile(r"\||\t|[ ]{3,}|\.{4,}")
_PAIR_VALUE = re.compile(
    r"(?:[ \t]*(?:levels?|is|was|are|were|of|at|=|:|,|respectively|-)[ \t]*){0,4}(?P<first>"
    + NUMBER
    + r")[ \t]?%?[ \t]?"
    r"(?:/|and|,[ ]?(?:and)?|&)[ \t]*(?P<second>" + NUMBER + r")(?![\d/]|[.,]\d)"
)
_PAIR_JOIN = re.compile(r"[ \t]*(?:,?[ ]?and|/|&|,)[ \t]*$")
_BP = re.compile(
    r"(?:[ \t]*(?:\([^()\n]{1,30}\)|[:=,]|is|was|of|at|to|today|now|currently|reading|readings|measured|elevated|stable|"
    r"approximately|about|around|right arm|left arm|on admission|sitting|standing|lying|supine|initially|recorded|found|"
    r"be|noted|well controlled|controlled|mildly|slightly|low|high|in the|has remained|better|being|which|by me|repeat|"
    r"okay|normal|good|again|right|left|arm|still|down|up|from))*[ \t]*(?P<sys>\d{2,3})[ ]?(?:/|over)[ ]?(?P<dia>\d{2,3})(?![\d/%])"
    r"(?P<unit>[ ]?mm[ ]?(?:of[ ])?Hg)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Analyte:
    """What may be measured: preferred name, units it comes in, the widest values that are believable."""

    name: str
    units: tuple[str, ...]
    low: float
    high: float
    kind: str


@cache
def analytes() -> dict[str, Analyte]:
    """All analytes and parameters by preferred name."""
    return {analyte.name: analyte for analyte, _, _ in _rows()}


@cache
def _rows() -> tuple[tuple[Analyte, tuple[str, ...], tuple[str, ...]], ...]:
    rows = []
    with (RULES / "analytes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            analyte = Analyte(
                row["name"], tuple(row["units"].split("|")), float(row["min"]), float(row["max"]), row["kind"]
            )
            names = tuple(name for name in row["synonyms"].split("|") if name)
            rows.append((analyte, names, tuple(name for name in row["exact"].split("|") if name)))
    return tuple(rows)


@cache
def names() -> Lexicon:
    """Every printed name of an analyte, and phrases that only look like one (payload None)."""
    phrases: list[tuple[str, Analyte | None]] = [
        (name, analyte) for analyte, synonyms, _ in _rows() for name in (*synonyms, analyte.name)
    ]
    exact = [(name, analyte) for analyte, _, names_ in _rows() for name in names_]
    phrases += [(phrase, None) for phrase in rules("measurements.toml")["not_names"]["phrases"]]
    return Lexicon(phrases, exact)


def find_measurements(
    text: str,
    words: Sequence[Word],
    sections: Sequence[Section],
    *,
    sex: str | None = None,
    age: int | None = None,
    practice_limits: Mapping[str, Any] | None = None,
) -> list[Measurement]:
    """All measurements of ``text`` in order of appearance, none overlapping."""
    found: list[Measurement] = []
    matches = names().find(words, text)
    judging = {"sex": sex, "age": age, "practice_limits": practice_limits}
    section_starts = [section.start for section in sections]
    done = 0
    for index, match in enumerate(matches):
        if match.payload is None or match.start < done:
            continue
        limit = _limit(text, matches, index)
        for measurement in _read(text, matches, index, limit, judging):
            section = bisect_right(section_starts, measurement.start) - 1
            found.append(_in_section(measurement, sections[section].name if section >= 0 else None))
            done = max(done, measurement.end)
    return found


def _in_section(measurement: Measurement, name: str | None) -> Measurement:
    return replace(measurement, section=name) if name else measurement


def _limit(text: str, matches: Sequence[Match], index: int) -> int:
    end = matches[index].end
    limit = min(len(text), end + 240)
    if index + 1 < len(matches):
        limit = min(limit, matches[index + 1].start)
    return limit


def _read(
    text: str, matches: Sequence[Match], index: int, limit: int, judging: Mapping[str, Any]
) -> list[Measurement]:
    match = matches[index]
    analyte: Analyte = match.payload
    if analyte.kind == "pair":
        return _pressure(text, match, judging)
    tabular = _is_tabular(text, match)
    reading = _reading(text, match, limit, analyte, tabular)
    if reading is not None:
        return [_measurement(analyte, match.start, reading, judging)]
    return []


def _is_tabular(text: str, match: Match) -> bool:
    line_start = text.rfind("\n", 0, match.start) + 1
    line_end = text.find("\n", match.end)
    line = text[line_start : len(text) if line_end < 0 else line_end]
    if len(line) > 240:
        return False
    return bool(_BULLET.match(line[: match.start - line_start])) or _GAP.search(line) is not None


def _reading(text: str, match: Match, limit: int, analyte: Analyte, tabular: bool) -> Reading | None:
    qualitative = analyte.kind in ("urine", "serology") or tabular
    reading = Scanner(
        text, match.end, limit, tabular=tabular, qualitative=qualitative, units=analyte.units
    ).read()
    if reading is None or not _believable(reading, analyte):
        return None
    return reading


def _believable(reading: Reading, analyte: Analyte) -> bool:
    if reading.value is None:
        return True
    if reading.unit and reading.unit not in analyte.units:
        if not any(unit and same_kind(unit, reading.unit, analyte.name) for unit in analyte.units):
            return False
    elif not (analyte.low <= reading.value <= analyte.high):
        return False
    return analyte.kind != "drug" or bool(reading.unit) or reading.has_range


def _measurement(analyte: Analyte, start: int, reading: Reading, judging: Mapping[str, Any]) -> Measurement:
    judged = judge(analyte.name, reading, **judging)
    return Measurement(
        name=analyte.name,
        value_text=reading.value_text,
        start=start,
        end=reading.end,
        value=reading.value,
        comparator=reading.comparator,
        unit=reading.unit,
        low=judged.low,
        high=judged.high,
        range_source=judged.source,
        flag=judged.flag,
        critical=judged.critical,
        date=reading.date,
    )


def _pressure(text: str, match: Match, judging: Mapping[str, Any]) -> list[Measurement]:
    pair = _BP.match(text, match.end, min(len(text), match.end + 120))
    if pair is None:
        return []
    systolic, diastolic = int(pair.group("sys")), int(pair.group("dia"))
    if not (40 <= systolic <= 300 and 10 <= diastolic <= 200 and systolic > diastolic):
        return []
    judged = [
        judge(f"{which} blood pressure", Reading(value=float(value), unit="mm[Hg]"), **judging)
        for which, value in (("systolic", systolic), ("diastolic", diastolic))
    ]
    flags = [part.flag for part in judged]
    order: tuple[Flag, ...] = ("H", "L", "N")
    flag = next((f for f in order if f in flags), None)
    value_text = text[pair.start("sys") : pair.end("dia")]
    return [
        Measurement(
            name="blood pressure",
            value_text=value_text,
            start=match.start,
            end=pair.end(),
            unit="mm[Hg]" if pair.group("unit") else "",
            range_source=judged[0].source,
            flag=flag,
            critical=any(part.critical for part in judged),
        )
    ]
