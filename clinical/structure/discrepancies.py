"""Discrepancies inside one report: what a careful reader would ask the author about.

Each rule is narrow and names both places; where the text may be right after all, it stays silent.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clinical.report import Finding, Measurement, Section, Structure
from clinical.structure.lexicon import rules, words_of

_OBSERVED = frozenset(("findings", "physical_exam", "studies", "laboratory", "procedure", "technique"))
_CONCLUDED = frozenset(("impression", "assessment", "assessment_and_plan", "diagnosis"))
_AGE = re.compile(
    r"\b(?P<years>\d{1,3})[ -]?(?:years?|yrs?|y)[ -]?(?:olds?|o)\b|\b(?P<short>\d{1,3})[ ]?y\.?/?o\.?\b",
    re.IGNORECASE,
)
_MEN = re.compile(r"\b(?:male|man|gentleman|boy|mr)\b(?!-)", re.IGNORECASE)
_WOMEN = re.compile(r"\b(?:female|woman|lady|girl|mrs|ms)\b(?!-)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\b(?:MRN|Medical Record (?:No|Number)|Patient ID|Account)[ .:#]{1,4}(?P<id>[A-Z0-9-]{4,})",
    re.IGNORECASE,
)
_CHANGING = frozenset(
    (
        "heart rate",
        "respiratory rate",
        "temperature",
        "oxygen saturation",
        "glucose",
        "pain score",
        "weight",
        "fio2",
    )
)
_TIMED = re.compile(
    r"\b(?:now|currently|today|yesterday|repeat|prior|previous|last|initial|admission|discharge|ago|ED|from)\b",
    re.I,
)
_RELATIVE = re.compile(
    r"(?:mother|father|husband|wife|daughter|son|sister|brother|partner|relative)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Two places that do not agree.

    Attributes:
        kind: ``side``, ``number``, ``conclusion``, ``sex``, ``age`` or ``patient``.
        what: the concept or name it is about.
        first, second: offsets of both places.
    """

    kind: str
    what: str = field(repr=False)
    first: tuple[int, int]
    second: tuple[int, int]


def find_discrepancies(
    text: str, structure: Structure, *, sex: str | None = None, age: int | None = None
) -> tuple[Discrepancy, ...]:
    """All discrepancies of one report, in order of their second place."""
    found = [
        *_sides(structure.findings),
        *_conclusions(text, structure),
        *_numbers(text, structure.measurements),
        *_sexes(text, structure.findings, sex),
        *_ages(text, structure.sections, age),
        *_patients(text),
    ]
    return tuple(sorted(found, key=lambda discrepancy: discrepancy.second))


def _sides(findings: Sequence[Finding]) -> Iterator[Discrepancy]:
    """A finding on one side in the findings, and only on the other side in the conclusion."""
    observed: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.section in _OBSERVED and finding.assertion in ("present", "possible") and finding.side:
            observed[finding.concept].append(finding)
    for finding in findings:
        if finding.section not in _CONCLUDED or finding.side not in ("left", "right"):
            continue
        if finding.assertion not in ("present", "possible"):
            continue
        before = observed.get(finding.concept, [])
        if before and all(other.side in ("left", "right") and other.side != finding.side for other in before):
            yield Discrepancy(
                "side", finding.concept, (before[0].start, before[0].end), (finding.start, finding.end)
            )


def _conclusions(text: str, structure: Structure) -> Iterator[Discrepancy]:
    """A finding that the findings deny and the conclusion affirms, or the other way round."""
    definite = frozenset(rules("discrepancies.toml")["definite"]["concepts"])
    told: dict[str, set[str]] = defaultdict(set)
    first: dict[tuple[str, str], Finding] = {}
    for finding in structure.findings:
        if finding.section == "findings" and finding.concept in definite:
            told[finding.concept].add(finding.assertion)
            first.setdefault((finding.concept, finding.assertion), finding)
    for finding in structure.findings:
        if finding.section != "impression" or finding.assertion not in ("present", "absent"):
            continue
        other = "absent" if finding.assertion == "present" else "present"
        if told.get(finding.concept) == {other}:
            place = first[finding.concept, other]
            if not _same_words(text, place, finding):
                continue
            if place.side and finding.side and place.side != finding.side:
                continue
            yield Discrepancy(
                "conclusion", finding.concept, (place.start, place.end), (finding.start, finding.end)
            )


def _same_words(text: str, one: Finding, other: Finding) -> bool:
    """Are both told in the same words? A synonym may be narrower ("renal" and "ureteral calculus")."""
    printed = ([word.key for word in words_of(text[f.start : f.end])] for f in (one, other))
    return next(printed) == next(printed)


def _numbers(text: str, measurements: Sequence[Measurement]) -> Iterator[Discrepancy]:
    """One value told in the findings and another under the same name in the conclusion, without a date between."""
    by_name: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        if measurement.name in _CHANGING or _TIMED.search(
            text[max(0, measurement.start - 30) : measurement.end + 24]
        ):
            continue
        if measurement.value is not None and not measurement.doubtful and measurement.date is None:
            by_name[measurement.name].append(measurement)
    for name, values in by_name.items():
        before = [m for m in values if m.section in _OBSERVED]
        after = [m for m in values if m.section in _CONCLUDED]
        if not before or not after:
            continue
        for measurement in after:
            same = [m for m in before if m.unit == measurement.unit or not m.unit or not measurement.unit]
            if same and all(m.value != measurement.value for m in same) and measurement.comparator == "=":
                if any(m.comparator != "=" for m in same) or _rounded(measurement, same):
                    continue
                place = same[-1]
                yield Discrepancy(
                    "number", name, (place.start, place.end), (measurement.start, measurement.end)
                )


def _rounded(measurement: Measurement, others: Sequence[Measurement]) -> bool:
    """Is the number only the rounded form of another (7.04 and 7)?"""
    digits = len(measurement.value_text.partition(".")[2])
    return any(
        m.value is not None and measurement.value is not None and round(m.value, digits) == measurement.value
        for m in others
    )


def _sexes(text: str, findings: Sequence[Finding], sex: str | None) -> Iterator[Discrepancy]:
    """A patient told to be a man and a woman, or an organ the other sex does not have."""
    men = [m for m in _MEN.finditer(text) if not _RELATIVE.search(text[max(0, m.start() - 24) : m.start()])]
    women = [
        m for m in _WOMEN.finditer(text) if not _RELATIVE.search(text[max(0, m.start() - 24) : m.start()])
    ]
    described = [
        (m, which)
        for matches, which in ((men, "M"), (women, "F"))
        for m in matches
        if _AGE.search(text[max(0, m.start() - 40) : m.start()])
    ]
    described.sort(key=lambda pair: pair[0].start())
    for (one, first), (two, second) in pairwise(described):
        if first != second:
            yield Discrepancy("sex", "sex", one.span(), two.span())
            return
    told = sex or (described[0][1] if described else None)
    if told is None:
        return
    place = described[0][0].span() if described else (0, 0)
    only: Mapping[str, list[str]] = rules("discrepancies.toml")["only"]
    for finding in findings:
        near = text[max(0, finding.start - 60) : finding.end + 30]
        if _RELATIVE.search(near) or text[finding.end : finding.end + 1] == ":":
            continue
        if finding.assertion == "present" and finding.concept in only["F" if told == "M" else "M"]:
            yield Discrepancy("sex", finding.concept, place, (finding.start, finding.end))
            return


def _ages(text: str, sections: Sequence[Section], age: int | None) -> Iterator[Discrepancy]:
    """Two ages of the patient that differ by more than two years."""
    family = [
        (s.start, s.end) for s in sections if s.name in ("family_history", "social_history", "past_history")
    ]
    first: re.Match[str] | None = None
    for match in _AGE.finditer(text):
        after = text[match.end() : match.end() + 24].lower()
        before = text[max(0, match.start() - 40) : match.start()].lower()
        if any(low <= match.start() < high for low, high in family) or _RELATIVE.search(before):
            continue
        if not re.match(
            r"[ ,-]*(?:\w+[ ,-]+){0,3}(?:male|female|man|woman|gentleman|lady|boy|girl|patient|who)\b", after
        ):
            continue
        years = int(match.group("years") or match.group("short"))
        if age is not None and abs(years - age) > 2 and first is None:
            yield Discrepancy("age", "age", match.span(), match.span())
            return
        if first is not None and abs(years - int(first.group("years") or first.group("short"))) > 2:
            yield Discrepancy("age", "age", first.span(), match.span())
            return
        first = first or match


def _patients(text: str) -> Iterator[Discrepancy]:
    """Two record numbers in one text."""
    first: re.Match[str] | None = None
    for match in _NUMBER.finditer(text):
        if first is not None and match.group("id") != first.group("id"):
            yield Discrepancy("patient", "record number", first.span("id"), match.span("id"))
            return
        first = first or match
