"""Measurements in prose and in tables: names from a data file, values read beside them, flags by range."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clinical.report import Flag, Measurement, Section
from clinical.structure.analytes import Analyte, analytes, names
from clinical.structure.bounds import Reading
from clinical.structure.flags import judge
from clinical.structure.lexicon import Match, Word, words_of
from clinical.structure.reading import Scanner
from clinical.structure.shapes import (
    blood_gases,
    is_condition,
    later_value_at,
    prefix_value_before,
    pressure_at,
    shared_numbers,
    two_units_at,
)
from clinical.structure.specimen import Specimens, renamed
from clinical.structure.tables import Row, find_rows
from clinical.structure.units import convert, same_kind

_BULLET = re.compile(
    r"[ \t]*(?:[-•*·>|<]|\d{1,2}[.)])?[ \t]*(?:(?i:test|analyte|component|name|parameter)[ \t]*:[ \t]*)?"
    r"(?:[(\[]?(?P<mark>HH|LL|H|L|A|\*{1,2}|!)[)\]]?[ \t]+)?(?:\*\*|__)?$"
)
_REST_OF_NAME = re.compile(r"[ ,]*[A-Za-z(][A-Za-z ,()/.+-]{0,36}?(?=[ ]+[<>≤≥]?[ ]?[\d.])")
_GAP = re.compile(r"\||\t|[ ]{3,}|\.{4,}")
_CELL_REST = re.compile(r"(?:[ ,]?[A-Za-z%#,./-]+(?:[ ](?![ ])|(?=[ \t|]))){1,6}(?=[ ]{2,}|\t|[ ]?\|)")
_UNLISTED = re.compile(
    r"^[ \t|*-]{0,4}(?P<name>[A-Za-z][A-Za-z0-9 ,()/%+.#'-]{1,40}?)(?=[ \t]*[:|\t]|[ ]{2,}|[ ][<>≤≥]?\d)",
    re.MULTILINE,
)
_WEIGHT_KG = (0.3, 400.0)
_WINDOW = 240
_PER = re.compile(r"[ ]?/[ ]?(?:[uµμ]L|mcL|mm|cumm|cu mm|L\b|dL|min)")
_AS_RANGE = re.compile(r"[(\[;,]RR[ :]{1,2}(?:[<>≤≥]=?[ ]?)?\d+(?:\.\d+)?[ ]?(?:-|–|to|[)\]])")
_BELOW = re.compile(r"(?:,[ ]?[A-Za-z]+)?[ \t]*\n[ \t]+(?=[<>≤≥]?[ ]?\d)")
_SAME_NAME = re.compile(r"[ ]?[(/\[,-][ ]?|[ ]")


class _Finder:
    """One text's measurements as they are found."""

    def __init__(self, text: str, matches: list[Match], judging: Mapping[str, Any]) -> None:
        self.text = text
        self.matches = matches
        self.judging = judging
        self.specimens = Specimens(text)
        self.found: list[Measurement] = []
        self.lines: set[int] = set()

    # rows of tables -----------------------------------------------------------------------------------

    def take_rows(self, rows: Sequence[Row]) -> None:
        """Rows read by their table's heading; their lines are done with."""
        for row in rows:
            self.lines.add(row.line_start)
            cell = self.text[row.name.start : row.name.end]
            start = row.start
            match = names().find_at(words_of(cell), 0, cell)
            reading = row.reading
            if match is not None and match.payload is not None:
                analyte: Analyte | None = self._in_specimen(match.payload, start, reading)
            else:
                analyte = None if match else Analyte(cell.strip(" *:.").lower(), (), 0, 0, "unlisted")
            if analyte is not None and (reading.value is not None or reading.value_text):
                self.add(analyte, start, reading)

    def take_unlisted(self) -> None:
        """Lines that print a value with its unit and range beside a name that no rule knows."""
        known = sorted(measurement.start for measurement in self.found)
        for match in _UNLISTED.finditer(self.text):
            line_start = self.text.rfind("\n", 0, match.start("name")) + 1
            line_end = self.text.find("\n", match.end())
            line_end = len(self.text) if line_end < 0 else line_end
            at = bisect_left(known, line_start)
            if (
                line_start in self.lines
                or line_end - line_start > 160
                or (at < len(known) and known[at] < line_end)
            ):
                continue
            scanner = Scanner(self.text, match.end("name"), line_end, tabular=True, qualitative=False)
            reading = scanner.read()
            if reading is None or reading.value is None or not (reading.has_range and reading.unit):
                continue
            if self.text[reading.end : line_end].strip(" |.*"):
                continue
            name = match.group("name").strip(" :.,").lower()
            self.add(Analyte(name, (), 0, 0, "unlisted"), match.start("name"), reading)

    # names in running text and on lines ------------------------------------------------------------------

    def take_names(self) -> None:
        """Values beside known names."""
        done = 0
        for index, match in enumerate(self.matches):
            if match.payload is None or match.start < done:
                continue
            if index and self.matches[index - 1].payload and self._same_name(self.matches[index - 1], match):
                continue
            if self.lines and self.text.rfind("\n", 0, match.start) + 1 in self.lines:
                continue
            before = len(self.found)
            self._read(index)
            if len(self.found) > before:
                done = max(m.end for m in self.found[before:])

    def _read(self, index: int) -> None:
        match = self.matches[index]
        analyte: Analyte = match.payload
        following = self.matches[index + 1] if index + 1 < len(self.matches) else None
        while following is not None and self._same_name(match, following):
            index += 1
            end = following.end + (self.text[following.end : following.end + 1] in (")", "]"))
            match = replace(match, last=following.last, end=end)
            following = self.matches[index + 1] if index + 1 < len(self.matches) else None
        limit = min(len(self.text), match.end + _WINDOW, following.start if following else len(self.text))
        pressure = analyte.kind == "pair" or analyte.name == "systolic blood pressure"
        if pressure and (self._pressure(match, limit) or analyte.kind == "pair"):
            return
        if analyte.kind == "ratio" or self._after_number(match):
            return
        if analyte.name in ("height", "weight"):
            two_units = two_units_at(self.text, match.end, limit, analyte.name)
            if two_units is not None:
                self.add(analyte, match.start, two_units)
                return
        if analyte.name in _PREFIXED and self._prefixed(match, analyte):
            return
        tabular = self._is_tabular(match)
        start = self._cell_end(match, limit) if tabular else match.end
        start += 2 * (self.text[start : start + 2] in ("**", "__"))
        below = _BELOW.match(self.text, start, limit) if tabular else None
        start = below.end() if below else start
        if self.text[match.start - 1 : match.start] == "<" and self.text[start : start + 1] == ">":
            start += 1
        scanner = Scanner(
            self.text,
            start,
            limit,
            tabular=tabular,
            qualitative=analyte.kind in ("urine", "serology", "specimen")
            or (tabular and analyte.kind == "lab"),
            units=analyte.units,
            spread=analyte.kind in ("vital", "echo", "exam", "score"),
            sex=self.judging["sex"],
            wrapped=self._is_wrapped(match),
        )
        reading = scanner.read()
        mark = self._mark_before(match) if tabular else ""
        if reading is None and tabular:
            reading = self._past_rest_of_name(scanner, match.end, limit)
        if reading is not None and mark and not reading.flagged:
            reading.flagged = mark
        placed = (
            None if reading is None else self._in_specimen(_counted(analyte, reading), match.start, reading)
        )
        if reading is not None and placed is not None and _believable(reading, placed):
            if following and self._belongs_to(following, reading):
                return
            if is_condition(self.text, match.start, reading, tabular=tabular):
                return
            self.add(placed, match.start, reading)
            later = later_value_at(self.text, reading)
            if later is not None and _believable(later[1], placed):
                self.add(placed, *later)
        elif reading is None and following is not None:
            self._pair(match, following)

    def _mark_before(self, match: Match) -> str:
        """A flag printed at the line's beginning, before the name."""
        line_start = self.text.rfind("\n", 0, match.start) + 1
        before = _BULLET.match(self.text[line_start : match.start])
        return (before.group("mark") or "") if before else ""

    def _past_rest_of_name(self, scanner: Scanner, at: int, limit: int) -> Reading | None:
        """ "Lactic Acid, Venous 4.1": words of the name that no rule knows; only where unit and range follow."""
        rest = _REST_OF_NAME.match(self.text, at, limit)
        if rest is None:
            return None
        again = Scanner(
            self.text,
            rest.end(),
            limit,
            tabular=True,
            qualitative=False,
            units=scanner.units,
            sex=scanner.sex,
        )
        reading = again.read()
        return reading if reading is not None and reading.has_range and reading.unit else None

    def _same_name(self, match: Match, following: Match) -> bool:
        """ "ALT (SGPT)", "Urea Nitrogen (BUN)": one analyte told twice."""
        same = following.payload is not None and following.payload.name == match.payload.name
        return same and _SAME_NAME.fullmatch(self.text, match.end, following.start) is not None

    def _belongs_to(self, following: Match, reading: Reading) -> bool:
        """ "lymphocytes, 5% monocytes", "38 RBC, 0 WBC": the value is the next name's."""
        if (
            self.text[reading.value_end : following.start].strip(" ") == ""
            and following.start - reading.end < 2
        ):
            return "," in self.text[reading.value_start - 2 : reading.value_start]
        if following.payload is None or following.payload.name not in _PREFIXED:
            return False
        return self.text[reading.value_end : following.start].strip() in ("%", "% of")

    def _prefixed(self, match: Match, analyte: Analyte) -> bool:
        before = prefix_value_before(self.text, match.start, match.end)
        if before is None:
            return False
        start, reading = before
        placed = self._in_specimen(analyte, match.start, reading)
        if placed is not None:
            self.add(placed, start, reading)
        return True

    def _pair(self, match: Match, following: Match) -> None:
        if following.payload is None:
            return
        pair = (match.payload, following.payload)
        readings = shared_numbers(self.text, (match.end, following.start), following.end, pair)
        if any(
            name.kind == "pair" or not _believable(r, name) for name, r in zip(pair, readings, strict=False)
        ):
            return
        for name, reading in zip((match, following), readings, strict=False):
            self.add(name.payload, name.start, reading)

    def _pressure(self, match: Match, limit: int) -> bool:
        pair = pressure_at(self.text, match.end, limit)
        if pair is None:
            return False
        judged = [
            judge(f"{which} blood pressure", Reading(value=float(value), unit="mm[Hg]"), **self.judging)
            for which, value in (("systolic", pair.systolic), ("diastolic", pair.diastolic))
        ]
        order: tuple[Flag, ...] = ("H", "L", "N")
        self.found.append(
            Measurement(
                name="blood pressure",
                value_text=self.text[pair.start : pair.end],
                start=match.start,
                end=pair.last,
                unit=pair.unit,
                range_source=judged[0].source,
                flag=next((flag for flag in order if flag in [part.flag for part in judged]), None),
                critical=any(part.critical for part in judged),
            )
        )
        return True

    def _after_number(self, match: Match) -> bool:
        """ "40 MG 2" is a dose, not magnesium."""
        if match.end - match.start > 2 or match.payload.name != "magnesium":
            return False
        return self.text[max(0, match.start - 2) : match.start].strip()[-1:].isdigit()

    def _is_tabular(self, match: Match) -> bool:
        line_start = self.text.rfind("\n", 0, match.start) + 1
        line_end = self.text.find("\n", match.end)
        line = self.text[line_start : len(self.text) if line_end < 0 else line_end]
        if len(line) > 240:
            return False
        return bool(_BULLET.match(line[: match.start - line_start])) or _GAP.search(line) is not None

    def _is_wrapped(self, match: Match) -> bool:
        """Does the name stand in a full line of running text?"""
        line_start = self.text.rfind("\n", 0, match.start) + 1
        line_end = self.text.find("\n", match.end)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)].strip()
        return (
            55 <= len(line) <= 140
            and "  " not in line.replace(".  ", ". ").replace(":  ", ": ")
            and "|" not in line
        )

    def _cell_end(self, match: Match, limit: int) -> int:
        rest = _CELL_REST.match(self.text, match.end, limit)
        return rest.end() if rest and "\n" not in rest.group() else match.end

    def _in_specimen(self, analyte: Analyte, place: int, reading: Reading) -> Analyte | None:
        specimen = self.specimens.at(place)
        if not specimen:
            if analyte.kind != "specimen":
                return analyte
            if analyte.name == "protein" and reading.unit in ("g/dL", "g/L"):
                return analytes()["total protein"]
            return None
        name = renamed(analyte.name, specimen)
        if name is None or name == analyte.name:
            return analyte if name else None
        known = analytes().get(name)
        return known or Analyte(name, analyte.units, analyte.low, analyte.high, analyte.kind)

    def add(self, analyte: Analyte, start: int, reading: Reading) -> None:
        """Keep ``reading`` of ``analyte``, judged by its range."""
        judged = judge(analyte.name, reading, **self.judging)
        self.found.append(
            Measurement(
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
        )


_PREFIXED = frozenset(
    (
        "neutrophils",
        "lymphocytes",
        "monocytes",
        "eosinophils",
        "basophils",
        "bands",
        "blasts",
        "atypical lymphocytes",
        "ejection fraction",
        "oxygen saturation",
    )
)


def find_measurements(
    text: str,
    words: Sequence[Word],
    sections: Sequence[Section],
    *,
    sex: str | None = None,
    age: int | None = None,
    practice_limits: Mapping[str, Any] | None = None,
) -> list[Measurement]:
    """All measurements beside names, in order of appearance."""
    judging = {"sex": sex, "age": age, "practice_limits": practice_limits}
    matches = [match for match in names().find(words, text) if not _in_unit(text, match)]
    finder = _Finder(text, matches, judging)
    finder.take_rows(find_rows(text, sex))
    finder.take_names()
    for name, start, reading in blood_gases(text):
        finder.add(analytes()[name], start, reading)
    finder.take_unlisted()
    return in_sections(sorted(finder.found, key=lambda m: (m.start, m.end)), sections)


def _in_unit(text: str, match: Match) -> bool:
    """The "K" of K/uL and the "hr" of mm/hr are no names."""
    if match.end - match.start > 2:
        return False
    before = text[match.start - 1 : match.start]
    if text[match.start : match.end].islower() and before.isdigit():
        return True
    return (
        before == "/"
        or _PER.match(text, match.end) is not None
        or _AS_RANGE.match(text, match.start - 1) is not None
    )


def in_sections(measurements: Sequence[Measurement], sections: Sequence[Section]) -> list[Measurement]:
    """The same with the name of the section each stands in."""
    starts = [section.start for section in sections]
    placed = []
    for measurement in measurements:
        at = bisect_right(starts, measurement.start) - 1
        placed.append(replace(measurement, section=sections[at].name) if at >= 0 else measurement)
    return placed


_COUNTED = {
    "neutrophils": "absolute neutrophil count",
    "lymphocytes": "absolute lymphocyte count",
    "monocytes": "absolute monocyte count",
    "eosinophils": "absolute eosinophil count",
    "basophils": "absolute basophil count",
}


def _counted(analyte: Analyte, reading: Reading) -> Analyte:
    """A white cell told in cells a volume is the absolute count, whatever the row calls it."""
    name = _COUNTED.get(analyte.name)
    return analytes()[name] if name and reading.unit not in ("", "%") else analyte


def _believable(reading: Reading, analyte: Analyte) -> bool:
    values = reading.spread or ((reading.value,) if reading.value is not None else ())
    if reading.unit and reading.unit not in analyte.units:
        if reading.raw_unit:
            return reading.has_range
        if values and not any(unit and same_kind(unit, reading.unit, analyte.name) for unit in analyte.units):
            return False
    elif not all(analyte.low <= value <= analyte.high for value in values):
        return False
    if analyte.name == "weight" and reading.unit and values:
        low, high = _WEIGHT_KG
        return all(low <= convert(value, reading.unit, "kg") <= high for value in values)
    if analyte.kind == "needs_unit":
        return reading.unit in analyte.units
    return analyte.kind != "drug" or bool(reading.unit) or reading.has_range
