"""Contradictions inside one report.

Sides, numbers, sex and age, and text that seems to be another patient's.
"""

import re
from collections.abc import Iterable

from clinical.answers.answer import Anomaly, Evidence
from clinical.answers.frame import people
from clinical.answers.passages import CONCLUSIONS, evidence
from clinical.report import Finding, Measurement, Report

_OBSERVED = ("findings", "procedure", "physical_exam", "technique", None)
_FEMALE_ONLY = re.compile(
    r"\b(?:uterus|ovar(?:y|ies|ian)|vagina\w*|cervix|hysterectomy|pregnan\w+|gravida|"
    r"menstrua\w+|menopaus\w+|pap smear)\b",
    re.I,
)
_MALE_ONLY = re.compile(
    r"\b(?:prostat(?:e|ic|ectomy)|testic\w+|testes|scrot\w+|penis|penile|psa|vasectomy)\b", re.I
)
_NOT_OWN = re.compile(
    r"\b(?:mother|father|brother|sister|son|daughter|wife|husband|aunt|uncle|grand\w+|partner|family)\b", re.I
)


def discrepancies(report: Report) -> list[Anomaly]:
    """Places where the report disagrees with itself. Each names both places as evidence."""
    return [*_sides(report), *_numbers(report), *_sex(report), *_people(report)]


def _note(name: str, places: Iterable[Evidence], urgency: str = "abnormal") -> Anomaly:
    return Anomaly(
        name=name,
        kind="discrepancy",
        urgency=urgency,  # type: ignore[arg-type]
        evidence=tuple(places),
    )


def _sides(report: Report) -> list[Anomaly]:
    by_concept: dict[str, list[Finding]] = {}
    for f in report.structure.findings:
        if f.assertion == "present" and f.side in ("left", "right"):
            by_concept.setdefault(f.concept, []).append(f)
    found = []
    for concept, places in by_concept.items():
        seen = [f for f in places if f.section in _OBSERVED]
        said = [f for f in places if f.section in CONCLUSIONS]
        sides = {f.side for f in seen}
        for f in said:
            if seen and f.side not in sides:
                both = [evidence(report, seen[0].start, seen[0].end), evidence(report, f.start, f.end)]
                found.append(_note(f"side of {concept} differs between findings and conclusion", both))
                break
    return found


def _numbers(report: Report) -> list[Anomaly]:
    by_name: dict[str, list[Measurement]] = {}
    for m in report.structure.measurements:
        if m.value is not None and m.date is None:
            by_name.setdefault(m.name, []).append(m)
    found = []
    for name, places in by_name.items():
        seen = [m for m in places if m.section in (*_OBSERVED, "laboratory", "vital_signs")]
        said = [m for m in places if m.section in CONCLUSIONS]
        if len(seen) != 1 or not said:
            continue
        for m in said:
            if (
                m.unit == seen[0].unit
                and m.comparator == seen[0].comparator == "="
                and m.value != seen[0].value
            ):
                both = [evidence(report, seen[0].start, seen[0].end), evidence(report, m.start, m.end)]
                found.append(_note(f"{name} differs between sections", both))
                break
    return found


def _sex(report: Report) -> list[Anomaly]:
    sexes = {female for _, female in people(report.text)}
    if len(sexes) != 1:
        return []
    wrong = _MALE_ONLY if sexes.pop() else _FEMALE_ONLY
    for match in wrong.finditer(report.text):
        start = max(0, report.text.rfind(".", 0, match.start()))
        end = report.text.find(".", match.end())
        around = report.text[start : end if end > 0 else len(report.text)]
        section = next((s.name for s in report.structure.sections if s.start <= match.start() < s.end), None)
        if section != "family_history" and not _NOT_OWN.search(around):
            place = evidence(report, match.start(), match.end())
            return [_note("text does not fit the patient's sex: perhaps another patient's", [place])]
    return []


def _people(report: Report) -> list[Anomaly]:
    introduced = people(report.text)
    ages = [age for age, _ in introduced]
    if len({female for _, female in introduced}) > 1:
        return [_note("the patient's sex is stated in two ways", [])]
    if ages and max(ages) - min(ages) > 1 and max(ages) > 2:
        return [_note("the patient's age is stated in two ways", [], "note")]
    return []
