"""Measurements as the report prints them: its own name, its own unit, and whether it quotes them from before."""

import re

from clinical.answers.alignment import LINKS
from clinical.answers.answer import Claim
from clinical.answers.passages import evidence
from clinical.report import Measurement, Report
from clinical.structure.units import ucum, unit_pattern

_FORMER_HEADING = re.compile(
    r"previous|prior|earlier|comparison|last results|past results|historical|baseline", re.I
)
_FORMER = re.compile(
    r"\b(?:previous(?:ly)?|prior|baseline|formerly|last|earlier|on admission|at admission)\b[\s:(]*$",
    re.I,
)
_TENSE = re.compile(r"\b(?:was|from)\b[\s:(]*$", re.I)
_FORMER_LINE = re.compile(
    r"[ \t>*•-]*(?:(?:previous|prior|earlier|past|last|historical|baseline)(?:[ \t](?:lab(?:oratory)?|test))?"
    r"[ \t](?:results?|values?|labs?|tests?|levels?)|for comparison|comparison(?: values?)?)\b[^\n:]{0,20}:",
    re.I,
)
_TELLING = frozenset(
    "is was are were has had have went gone rose fell dropped increased decreased improved".split()
)
"""Verbs: what stands before them is the name."""
_PLAIN = (
    ("10*", "10^"),
    ("mm[Hg]", "mmHg"),
    ("[degF]", "F"),
    ("Cel", "C"),
    ("[lb_av]", "lb"),
    ("[in_i]", "in"),
)


def printed_name(report: Report, measurement: Measurement) -> str:
    """The measurement's name as the report prints it; its preferred name where that cannot be told."""
    words = report.text[measurement.start : measurement.end]
    head = words.partition(measurement.value_text)[0]
    found = re.findall(r"(?:\d+[-,])*[A-Za-z][\w'/%-]*", head)
    told = next((i for i, word in enumerate(found) if i and word.lower() in _TELLING), len(found))
    found = found[:told]
    while found and found[-1].lower() in LINKS:
        found.pop()
    name = " ".join(found)
    return name if 0 < len(name) <= 40 else measurement.name


def printed_unit(report: Report, measurement: Measurement) -> str:
    """The unit as the report prints it; a plain form of its code where it prints none beside the value."""
    if not measurement.unit:
        return ""
    words = report.text[measurement.start : measurement.end]
    after = words.find(measurement.value_text) + len(measurement.value_text)
    for match in unit_pattern().finditer(words, after):
        if ucum(match.group()) == measurement.unit:
            return match.group()
    if measurement.unit in words:
        return measurement.unit
    plain = re.sub(r"\{[^}]*\}", "", measurement.unit)
    for code, form in _PLAIN:
        plain = plain.replace(code, form)
    return plain.rstrip("/")


def printed(report: Report, measurement: Measurement) -> str:
    """Name, value and unit as printed: ``Potassium 6.1 mmol/L``."""
    unit = printed_unit(report, measurement)
    glue = "" if unit == "%" and f"{measurement.value_text}%" in report.text else " "
    value = f"{measurement.value_text}{glue}{unit}" if unit else measurement.value_text
    return f"{printed_name(report, measurement)} {value}"


def stated(report: Report, measurement: Measurement) -> Claim:
    """A value and how it stands to its range, in a sentence: ``Potassium 6.1 mmol/L, high.``"""
    m = measurement
    level = {"H": "high", "L": "low", "HH": "critically high", "LL": "critically low", "N": "in range"}.get(
        m.flag or "", "abnormal"
    )
    if m.critical and not level.startswith("critically"):
        level = f"critically {level}"
    return Claim(
        text=f"{capitalized(printed(report, m))}, {level}.", evidence=(evidence(report, m.start, m.end),)
    )


def capitalized(text: str) -> str:
    """With a capital, but for names such as pH and eGFR."""
    return text[0].upper() + text[1:] if text.split(" ", 1)[0].islower() else text


def is_former(report: Report, m: Measurement, *, tense: bool = False) -> bool:
    """Does the report quote the value from an earlier time? With ``tense`` a "was" before it says so too."""
    section = next((s for s in report.structure.sections if s.start <= m.start < s.end), None)
    if section is not None and (section.name == "comparison" or _FORMER_HEADING.search(section.heading)):
        return True
    line_start = report.text.rfind("\n", 0, m.start) + 1
    if _FORMER_LINE.match(report.text, line_start):
        return True
    before = report.text[max(line_start, m.start - 30) : m.start]
    inside = report.text[m.start : m.end].partition(m.value_text)[0]
    rules = (_FORMER, _TENSE) if tense else (_FORMER,)
    return any(rule.search(words) for rule in rules for words in (before, inside))
