"""What every answer carries: what was looked at, what to beware of, critical values and printed flags.

A retracted report does not answer. Whatever the mode and whatever a model says, values are computed here
and never downgraded.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tomllib import loads

from clinical.answers.answer import Anomaly, Answer, AnsweredReport, Coverage, Tool
from clinical.answers.passages import evidence
from clinical.answers.printed import is_former, printed_unit
from clinical.errors import Refused
from clinical.evidence.instructions import instruction_spans
from clinical.report import Measurement, Report

LONG = 60_000
SHORT = 12

_STATUS: Mapping[str, str] = {
    "preliminary": "This report is preliminary: not final, its content may change.",
    "amended": "This report was amended: earlier versions of it no longer hold.",
}
_PATIENT_HEADER = re.compile(
    r"(?im)^[ \t]*(?:patient(?:'s)?[ \t]*name|patient|name|mrn|medical record (?:number|no\.?))"
    r"[ \t]*[:#][ \t]*(\S.*)$"
)
_AGE_SEX = re.compile(
    r"\b(\d{1,3})[ -]?(?:year|yr|y)s?[ -/]?(?:old|o)\b[ ,]*(?:[\w-]+[ ,]+){0,4}?"
    r"(male|female|man|woman|boy|girl|gentleman|lady)\b",
    re.I,
)
_FEMALE = ("female", "woman", "girl", "lady")


@cache
def _languages() -> dict[str, frozenset[str]]:
    data = loads((Path(__file__).parent / "rules" / "languages.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words.split()) for name, words in data.items()}


def begin(tool: Tool, reports: Sequence[Report], release: str | None = None) -> Answer:
    """An empty extract-mode answer with warnings, coverage and what is never left out.

    Raises:
        Refused: a report was retracted.
    """
    for report in reports:
        if report.status == "retracted":
            raise Refused(
                "This report was retracted and does not answer.", "Ask about the report that replaced it."
            )
    many = len(reports) > 1
    warnings: list[str] = []
    for report in reports:
        warnings += [f"{report.id}: {w}" if many else w for w in report_warnings(report)]
    return Answer(
        tool=tool,
        mode="extract",
        warnings=tuple(warnings),
        reports=tuple(
            AnsweredReport(id=r.id, type=r.report_type, status=r.status, observed_at=r.observed_at)
            for r in reports
        ),
        coverage=coverage(reports),
        anomalies=tuple(value_anomaly(r, m) for r in reports for m in _shown(r)),
    )


def _shown(report: Report) -> list[Measurement]:
    """Values that every answer shows, each name and value once."""
    found: dict[tuple[str, str], Measurement] = {}
    for m in report.structure.measurements:
        if must_show(m) and (m.name, m.value_text) not in found and not is_former(report, m):
            found[m.name, m.value_text] = m
    return list(found.values())


def told_numbers(text: str) -> set[str]:
    """The chart numbers that header lines print, where they are no tags."""
    found = set()
    for match in _PATIENT_HEADER.finditer(text):
        label = match.group().split(":")[0].split("#")[0].lower()
        value = match.group(1).split()[0].strip(",;|")
        if ("mrn" in label or "record" in label) and any(c.isdigit() for c in value):
            found.add(value)
    return found


def coverage(reports: Sequence[Report]) -> Coverage:
    """What was looked at over all ``reports``."""
    names = dict.fromkeys(s.name for r in reports for s in r.structure.sections)
    values = [m for r in reports for m in r.structure.measurements]
    return Coverage(
        sections_read=tuple(names),
        values_found=len(values),
        values_judged=sum(m.flag is not None for m in values),
        unread_pages=sum(r.unread_pages for r in reports),
    )


def report_warnings(report: Report) -> list[str]:
    """What a reader must know before reading an answer on ``report``; the gravest first."""
    found = []
    if report.status in _STATUS:
        found.append(_STATUS[report.status])
    if not report.signed:
        found.append("This report is not signed.")
    if report.held:
        found.append("This report is held: a person has to look at it first.")
    if report.unread_pages:
        pages = "1 page" if report.unread_pages == 1 else f"{report.unread_pages} pages"
        found.append(f"{pages} could not be read and are not covered by this answer.")
    doubtful = sum(m.doubtful for m in report.structure.measurements) or len(report.doubtful)
    if doubtful:
        found.append(f"{doubtful} value(s) were read with doubt from a scan: compare with the original.")
    orders = instruction_spans(report.text)
    if orders:
        places = ", ".join(f"{o.start}-{o.end}" for o in orders[:5])
        found.append(f"Text that reads as an instruction to a machine was not used (characters {places}).")
    language = foreign_language(report.text)
    if language:
        found.append(f"The report seems to be in {language}: only English is supported, much will be missed.")
    if len(report.text) > LONG:
        found.append("The report is very long: the answer may leave out parts of it.")
    if is_two_patients(report.text):
        found.append("The text seems to speak of two patients: it must be split before it is relied on.")
    if not has_content(report):
        found.append("The text holds no clinical content that could be recognised.")
    return found


def has_content(report: Report) -> bool:
    """Is there anything clinical in the text?"""
    s = report.structure
    words = len(report.text.split())
    return bool(s.findings or s.measurements) or (bool(s.sections) and words >= SHORT) or words >= 4 * SHORT


def foreign_language(text: str) -> str | None:
    """The language of ``text`` if it is plainly not English, else None."""
    words = re.findall(r"[^\W\d_]+", text[:20_000].lower())
    if len(words) < 25:
        return None
    shares = {name: sum(w in known for w in words) / len(words) for name, known in _languages().items()}
    english = shares.pop("English")
    best, share = max(shares.items(), key=lambda x: x[1])
    if share > 0.18 and share > 1.6 * english:
        return best
    if sum(not w.isascii() for w in words) > 0.5 * len(words):
        return "another script"
    return None


def is_two_patients(text: str) -> bool:
    """Do header lines or the opening phrases name two different patients in one text?"""
    by_label: dict[str, set[str]] = {}
    for match in _PATIENT_HEADER.finditer(text):
        label = match.group().split(":")[0].split("#")[0].strip().lower()
        value = re.sub(r"\W+", " ", match.group(1)).strip().lower()
        if value and not re.fullmatch(r"(?:name|id)(?: name| id)*", value):
            by_label.setdefault(label, set()).add(value)
    if any(len(values) > 1 for label, values in by_label.items() if "name" in label or "mrn" in label):
        return True
    return is_conflict(text)


def is_conflict(text: str) -> bool:
    """Is the patient introduced with two ages far apart, or with both sexes?"""
    people = [
        (int(m[1]), m[2].lower() in _FEMALE) for m in _AGE_SEX.finditer(text) if _is_patient(text, m.start())
    ]
    ages, sexes = {age for age, _ in people}, {sex for _, sex in people}
    return len(people) > 1 and (len(sexes) > 1 and max(ages) - min(ages) > 2)


def people(text: str) -> list[tuple[int, bool]]:
    """(age, is female) of each introduction such as "54-year-old woman" that is not about a relative."""
    return [
        (int(m[1]), m[2].lower() in _FEMALE) for m in _AGE_SEX.finditer(text) if _is_patient(text, m.start())
    ]


def must_show(measurement: Measurement) -> bool:
    """Critical, or out of a range that the report prints: in every answer."""
    out = measurement.flag not in (None, "N")
    return measurement.critical or (out and measurement.range_source in ("printed", "practice", None))


def value_anomaly(report: Report, m: Measurement) -> Anomaly:
    """A value out of its range, as an anomaly."""
    critical = m.critical or m.flag in ("HH", "LL")
    urgency = "critical" if critical else "abnormal"
    return Anomaly(
        name=m.name,
        value=m.value_text,
        unit=printed_unit(report, m),
        flag=m.flag,
        kind="value",
        urgency=urgency,  # type: ignore[arg-type]
        evidence=(evidence(report, m.start, m.end),),
    )


def _is_patient(text: str, at: int) -> bool:
    before = text[max(0, at - 60) : at].lower()
    return not re.search(
        r"\b(?:mother|father|brother|sister|son|daughter|child|wife|husband|aunt|uncle|grand\w+|cousin|partner|"
        r"friend|caregiver|roommate|donor|baby|infant|children|siblings?)\b[^.]*$",
        before,
    )
