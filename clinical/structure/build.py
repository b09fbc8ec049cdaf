"""From a text to its structure: sections, findings and measurements by offset."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clinical.report import Doubtful, Measurement, Structure
from clinical.structure.findings import find_findings
from clinical.structure.lexicon import words_of
from clinical.structure.measurements import find_measurements
from clinical.structure.sections import find_sections
from clinical.structure.sentences import sentences


def build_structure(
    text: str,
    *,
    doubtful: Sequence[Doubtful] = (),
    sex: str | None = None,
    age: int | None = None,
    practice_limits: Mapping[str, Any] | None = None,
) -> Structure:
    """Structure of a report.

    Args:
        text: the report; de-identification tags are opaque.
        doubtful: stretches that two readers read differently; measurements that touch one are marked.
        sex, age: of the patient ("M" or "F", years) where known; they choose shipped ranges.
        practice_limits: the practice's own critical limits by preferred name, each with ``low``, ``high``, ``unit``.
    """
    words = words_of(text)
    sections = find_sections(text)
    measurements = find_measurements(text, words, sections, sex=sex, age=age, practice_limits=practice_limits)
    findings = find_findings(text, words, sections, sentences(text))
    return Structure(sections, tuple(findings), tuple(_mark(m, doubtful) for m in measurements))


def _mark(measurement: Measurement, doubtful: Sequence[Doubtful]) -> Measurement:
    touched = any(d.start < measurement.end and measurement.start < d.end for d in doubtful)
    return replace(measurement, doubtful=True) if touched else measurement
