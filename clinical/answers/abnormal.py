"""What deviates in one report: values out of range and abnormal findings, most urgent first."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tomllib import loads

from clinical.answers.answer import Anomaly
from clinical.answers.frame import must_show, value_anomaly
from clinical.answers.passages import evidence, is_title
from clinical.answers.printed import is_former
from clinical.report import Finding, Measurement, Report

_NOT_NOW = frozenset(
    {
        "family_history",
        "past_history",
        "social_history",
        "allergies",
        "medications",
        "technique",
        "comparison",
    }
)
_MENTIONS = 4
_PERCENT = re.compile(r"\d ?%[^.,;]*$")
_RANK = {"critical": 0, "abnormal": 1, "note": 2}


@cache
def _urgent() -> frozenset[str]:
    data = loads((Path(__file__).parent / "rules" / "urgency.toml").read_text(encoding="utf-8"))
    return frozenset(data["critical"]["concepts"])


def out_of_range(report: Report) -> list[Measurement]:
    """Values beyond the range that judges them, in order of the report, one for each name and value."""
    found: dict[tuple[str, str], Measurement] = {}
    for m in report.structure.measurements:
        if (must_show(m) or m.flag not in (None, "N")) and not is_former(report, m):
            found.setdefault((m.name, m.value_text), m)
    return list(found.values())


def abnormal_findings(report: Report) -> list[Finding]:
    """Findings that the report states or suspects of the patient now, one for each concept and side.

    A stated finding comes before a suspected one of the same concept.
    """
    found: dict[tuple[str, str | None], Finding] = {}
    for f in _now(report):
        key = (f.concept, f.side)
        if key not in found or (found[key].assertion == "possible" and f.assertion == "present"):
            found[key] = f
    exact = [
        f
        for f in found.values()
        if _is_graded(report, f) or not any(_tells(other, f) for other in found.values())
    ]
    return sorted(exact, key=lambda f: f.start)


def _now(report: Report) -> list[Finding]:
    return [
        f
        for f in report.structure.findings
        if f.assertion in ("present", "possible")
        and f.section not in _NOT_NOW
        and not is_title(report, f.start)
    ]


def _is_graded(report: Report, finding: Finding) -> bool:
    """Has the finding a percentage of its own ("70% stenosis")? Then it is no other's second mention."""
    return _PERCENT.search(report.text[max(0, finding.start - 24) : finding.start]) is not None


def _tells(exact: Finding, wide: Finding) -> bool:
    """Does one finding tell the same as the other more exactly: "skin mass" and "mass", a side and none?"""
    if exact.concept == wide.concept:
        return wide.side is None and exact.side is not None
    return exact.concept.endswith(f" {wide.concept}") and wide.side in (None, exact.side)


def is_urgent(concept: str) -> bool:
    """Does a finding of this concept ask for action within hours?"""
    return any(word in concept.lower() for word in _urgent())


def finding_anomaly(report: Report, finding: Finding) -> Anomaly:
    """A finding as an anomaly; a suspected one says so in ``value``."""
    urgency = "critical" if is_urgent(finding.concept) else "abnormal"
    name = finding.concept if not finding.side else f"{finding.side} {finding.concept}"
    details = [w for w in (finding.severity, "possible" if finding.assertion == "possible" else None) if w]
    return Anomaly(
        name=name,
        value=", ".join(details) or None,
        kind="finding",
        urgency=urgency,  # type: ignore[arg-type]
        evidence=tuple(evidence(report, f.start, f.end) for f in _mentions(report, finding)),
    )


def _mentions(report: Report, finding: Finding) -> list[Finding]:
    """The finding, then where else the report tells of it."""
    others = [
        f
        for f in _now(report)
        if f.start != finding.start
        and (_tells(finding, f) or (f.concept, f.side) == (finding.concept, finding.side))
    ]
    return [finding, *others][:_MENTIONS]


def anomalies_of(report: Report) -> list[Anomaly]:
    """Values and findings that deviate, critical ones first, then in order of the report."""
    found = [value_anomaly(report, m) for m in out_of_range(report)]
    found += [finding_anomaly(report, f) for f in abnormal_findings(report)]
    return ranked(found)


def ranked(found: Sequence[Anomaly]) -> list[Anomaly]:
    """Most urgent first; within an urgency as given."""
    return sorted(found, key=lambda a: _RANK[a.urgency])
