"""From a text to its structure: sections, findings and measurements by offset."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clinical.report import Doubtful, Measurement, Section, Structure
from clinical.structure.findings import find_findings
from clinical.structure.letterhead import body_of
from clinical.structure.lexicon import words_of
from clinical.structure.measurements import find_measurements, in_sections
from clinical.structure.sections import find_sections
from clinical.structure.sentences import sentences
from clinical.structure.sizes import find_sizes
from clinical.structure.stages import find_stages


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
    body = body_of(text, sections)
    sections = tuple(_before(section, body.end) for section in sections)
    measurements = find_measurements(text, words, sections, sex=sex, age=age, practice_limits=practice_limits)
    parts = sentences(text)
    inside = [part for part in parts if body.identified <= part.start < body.end]
    findings = find_findings(text, words, sections, inside)
    others = [*find_sizes(text, words, parts, findings), *find_stages(text)]
    measurements = _merged(measurements, in_sections(others, sections))
    return Structure(sections, tuple(findings), tuple(_mark(m, doubtful) for m in measurements))


def _before(section: Section, foot: int) -> Section:
    """The section without the report's foot."""
    return (
        replace(section, end=foot) if section.start + len(section.heading) < foot < section.end else section
    )


def _mark(measurement: Measurement, doubtful: Sequence[Doubtful]) -> Measurement:
    touched = any(d.start < measurement.end and measurement.start < d.end for d in doubtful)
    return replace(measurement, doubtful=True) if touched else measurement


def _merged(first: Sequence[Measurement], second: Sequence[Measurement]) -> list[Measurement]:
    """Both, in order; of two that share a value's place the first named stays."""
    taken = sorted((m.start, m.end) for m in first)
    starts = [start for start, _ in taken]
    kept = list(first)
    for measurement in second:
        at = bisect_left(starts, measurement.end)
        if not any(end > measurement.start for _, end in taken[max(0, at - 3) : at]):
            kept.append(measurement)
    return sorted(kept, key=lambda m: (m.start, m.end))
