"""Contradictions inside one report as anomalies; found by ``clinical.structure.discrepancies``."""

from collections.abc import Mapping

from clinical.answers.answer import Anomaly
from clinical.answers.passages import evidence
from clinical.report import Report
from clinical.structure.discrepancies import find_discrepancies

_SAID: Mapping[str, str] = {
    "side": "side of {} differs between findings and conclusion",
    "number": "{} differs between sections",
    "conclusion": "conclusion and findings disagree on {}",
    "sex": "the text does not fit one sex ({}): perhaps another patient's",
    "age": "the patient's age is stated in two ways",
    "patient": "text seems to be of two patients",
}
_GRAVE = ("side", "patient", "sex")


def discrepancies(report: Report) -> list[Anomaly]:
    """Places where the report disagrees with itself. Each names both places as evidence."""
    return [
        Anomaly(
            name=_SAID[found.kind].format(found.what),
            kind="discrepancy",
            urgency="abnormal" if found.kind in _GRAVE else "note",
            evidence=tuple(evidence(report, *place) for place in (found.first, found.second)),
        )
        for found in find_discrepancies(report.text, report.structure)
    ]
