"""Values whose print has a shape of its own: pressure pairs, feet and inches, blood gases, two numbers for two names.

Each function reads at one place and returns what it read, or nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clinical.structure import forms
from clinical.structure.analytes import Analyte
from clinical.structure.bounds import Reading, number
from clinical.structure.units import ucum, unit_pattern

_PAIR_JOIN = re.compile(r"[ \t]*(?:,?[ ]?and|/|&|,)[ \t]*$")
_PAIR_VALUE = re.compile(
    r"(?:[ \t:=,-]|levels?|is|was|are|were|of|at|respectively){0,8}(?P<first>"
    + forms.NUMBER
    + r")[ \t]?%?[ \t]?"
    r"(?:/|and|,[ ]?(?:and)?|&)[ \t]*(?P<second>" + forms.NUMBER + r")(?![\d/]|[.,]\d|-\d)"
)
_PREFIX_VALUE = re.compile(r"(?<![\d.])(?P<value>\d{1,3}(?:\.\d{1,2})?)[ ]?%[ ](?:of[ ]|were[ ])?$")
_PRESSURE = re.compile(
    r"(?:[ \t]|[:=,-]|\([^()\d\n]{1,30}\)|(?:"
    + forms.listed("link")
    + r"|"
    + forms.listed("pressure")
    + r")(?![a-z])){0,24}(?P<sys>\d{2,3})[ ]?(?:/|over)[ ]?(?P<dia>\d{2,3})(?![\d/%])(?P<unit>[ ]?mm[ ]?(?:of[ ])?Hg)?",
    re.IGNORECASE,
)
_FEET = re.compile(
    r"(?P<value>\d(?:[ ]?['’′]|[ ]?(?:ft|feet|foot)\.?)[ ,.]{0,3}\d{1,2}"
    r"(?:[-. ]\d(?:/\d)?)?(?:[ ]?(?:[\"”″]|''|in(?:ches)?\.?))?)"
)
_POUNDS = re.compile(
    r"(?P<value>\d{1,2}[ ]?(?:lbs?\.?|pounds?)[ ,]{0,2}(?:and[ ])?\d{1,2}(?:\.\d)?[ ]?(?:oz\.?|ounces?))",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\s(?:at|on)\s(?:\w{2,9}ssion|presentation|arrival)\s?,?\s?(?:and\s|then\s|falling\sto\s|rising\sto\s|down\sto\s|up\sto\s)?(?P<value>"
    + forms.NUMBER
    + r")(?=\s?[^\s,.;]{0,14}\s(?:at|on|by|before)\s(?:the\stime\sof\s)?discharge)"
)
_ACT_BY = re.compile(
    r"\b(?:if|unless|until|when|call|return|notify|report any|goals?|target|keep|kept|maintain\w*|hold|contact|for any|"
    r"instruct\w*|should)\b",
    re.IGNORECASE,
)
_GOAL = re.compile(
    r"\b(?:goal|target)(?:[ ]+(?:of|for|is))?[ ]*(?:an?[ ]+)?$|\b(?:if|unless)[ ]+(?:the[ ]+|his[ ]+|her[ ]+)?$",
    re.I,
)
_ABG = re.compile(
    r"(?:ABGs?|VBGs?|arterial blood gas(?:es)?|blood gas(?:es)?)[^\n\d]{0,30}"
    r"(?P<ph>[67]\.\d{1,2})[ ]?/[ ]?(?P<co2>\d{1,3})[ ]?/[ ]?"
    r"(?P<o2>\d{1,3})(?:[ ]?/[ ]?(?P<bic>\d{1,2}))?(?![\d/.]\d)",
    re.IGNORECASE,
)
_GASES = (("blood ph", "ph"), ("pco2", "co2"), ("po2", "o2"), ("bicarbonate", "bic"))


@dataclass(frozen=True, slots=True)
class Pressure:
    """A blood pressure pair by offset of its value, with the end of all that was read."""

    systolic: int
    diastolic: int
    start: int
    end: int
    unit: str
    last: int


def pressure_at(text: str, at: int, limit: int) -> Pressure | None:
    """A believable pair of pressures after the name that ends at ``at``."""
    pair = _PRESSURE.match(text, at, max(limit, min(len(text), at + 60)))
    if pair is None:
        return None
    systolic, diastolic = int(pair.group("sys")), int(pair.group("dia"))
    if not (40 <= systolic <= 300 and 10 <= diastolic <= 200 and systolic > diastolic):
        return None
    unit = "mm[Hg]" if pair.group("unit") else ""
    return Pressure(systolic, diastolic, pair.start("sys"), pair.end("dia"), unit, pair.end())


def two_units_at(text: str, at: int, limit: int, name: str) -> Reading | None:
    """ "5 ft 6 in", "7 pounds 10 ounces": kept as printed, not turned into one number."""
    pattern = _FEET if name == "height" else _POUNDS
    found = pattern.search(text, at, min(limit, at + 40))
    if found is None or re.search(r"[.;\n]", text[at : found.start()]):
        return None
    return Reading(found.group("value"), value_start=found.start(), end=found.end())


def blood_gases(text: str) -> Iterator[tuple[str, int, Reading]]:
    """ "ABG: 7.32/48/60/24": pH, pCO2, pO2 and bicarbonate in the order that every laboratory uses."""
    for match in _ABG.finditer(text):
        for name, group in _GASES:
            if match.group(group):
                value = match.group(group)
                yield name, match.start(group), Reading(value, number(value), end=match.end(group))


def later_value_at(text: str, reading: Reading) -> tuple[int, Reading] | None:
    """ "3.37 ng/mL at admission, 0.93 on discharge": the second value, of the same name and unit."""
    later = _LATER.match(text, reading.end)
    if later is None:
        return None
    value = later.group("value")
    return later.start("value"), Reading(value, number(value), unit=reading.unit, end=later.end("value"))


def prefix_value_before(text: str, start: int, end: int) -> tuple[int, Reading] | None:
    """ "34% lymphocytes": the value that stands before a name at ``start:end``."""
    before = _PREFIX_VALUE.search(text, max(0, start - 16), start)
    if before is None:
        return None
    value = before.group("value")
    place = before.start("value")
    return place, Reading(value, float(value), unit="%", value_start=place, end=end)


def shared_numbers(
    text: str, between: tuple[int, int], after: int, names: tuple[Analyte, Analyte]
) -> list[Reading]:
    """ "hemoglobin and hematocrit of 16 and 46", "BUN and creatinine 26.8/1.2": one number for each name.

    Args:
        between: the stretch between the two names.
        after: where the second name ends.
    """
    if not _PAIR_JOIN.fullmatch(text, *between):
        return []
    values = _PAIR_VALUE.match(text, after, min(len(text), after + 60))
    if values is None:
        return []
    unit = unit_pattern().match(text, values.end() + (text[values.end() : values.end() + 1] == " "))
    code = (ucum(unit.group()) if unit else None) or ""
    readings = []
    for name, group in zip(names, ("first", "second"), strict=True):
        reading = Reading(values.group(group), number(values.group(group)), end=values.end(group))
        if code in name.units:
            reading.unit = code
            reading.end = unit.end() if unit and group == "second" else reading.end
        readings.append(reading)
    return readings


def is_condition(text: str, start: int, reading: Reading, *, tabular: bool) -> bool:
    """ "Call for temperature greater than 101.5", "keep MAP above 65": a bound to act by, not what was measured."""
    if tabular and reading.comparator == "=":
        return False
    sentence = re.split(r"[.;\n]", text[max(0, start - 220) : start])[-1]
    strong = _ACT_BY.search(sentence) is not None
    return strong if reading.comparator != "=" else _GOAL.search(sentence) is not None
