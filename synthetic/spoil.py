"""Deliberately wrong reports, to show that a gate holds a model trained on them.

The texts stay plausible and their offsets stay true; only what the conclusion says is false.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from clinical.report import Finding, Measurement, Section, Span
from synthetic.report import SimulatedReport, Truth

_Marked = TypeVar("_Marked", Span, Finding, Measurement)
_NUMBER = re.compile(r"(?<![\w.\[-])\d+(?:\.\d+)?(?![\w\]])")


@dataclass(frozen=True, slots=True)
class _Place:
    """A number in one report's conclusion."""

    report: int
    start: int
    end: int


def change_numbers(
    reports: Sequence[SimulatedReport], share: float = 0.2, seed: int = 0
) -> list[SimulatedReport]:
    """The reports with a share of all numbers in their conclusions changed, digit for digit.

    List numbers at the start of a line are left alone, and so are identifiers.
    """
    rng = random.Random(f"spoil/{seed}")
    places = [place for n, report in enumerate(reports) for place in _numbers(n, report)]
    chosen = rng.sample(places, round(len(places) * share))
    texts = [report.text for report in reports]
    for place in chosen:
        text = texts[place.report]
        texts[place.report] = (
            text[: place.start] + _other(text[place.start : place.end], rng) + text[place.end :]
        )
    return [_with_text(report, text) for report, text in zip(reports, texts, strict=True)]


def swap_conclusions(reports: Sequence[SimulatedReport], seed: int = 0) -> list[SimulatedReport]:
    """The reports with their conclusions handed on to another report of the same kind.

    A report that is the only one of its kind keeps its own.
    """
    rng = random.Random(f"swap/{seed}")
    by_kind: dict[str, list[int]] = {}
    for n, report in enumerate(reports):
        by_kind.setdefault(report.kind, []).append(n)
    swapped = list(reports)
    for numbers in by_kind.values():
        order = rng.sample(numbers, len(numbers))
        for n, other in zip(order, order[1:] + order[:1], strict=True):
            swapped[n] = _with_summary(reports[n], reports[other].truth.summary)
    return swapped


def _summary_span(report: SimulatedReport) -> tuple[int, int]:
    start = report.text.rindex(report.truth.summary)
    return start, start + len(report.truth.summary)


def _numbers(number: int, report: SimulatedReport) -> list[_Place]:
    start, end = _summary_span(report)
    hidden = [(s.start, s.end) for s in report.truth.identifier_spans]
    places = []
    for hit in _NUMBER.finditer(report.text, start, end):
        opens_line = report.text[: hit.start()].endswith("\n") or hit.start() == start
        listed = opens_line and report.text[hit.end() : hit.end() + 1] in (".", ")")
        if not listed and not any(a <= hit.start() < b for a, b in hidden):
            places.append(_Place(number, hit.start(), hit.end()))
    return places


def _other(number: str, rng: random.Random) -> str:
    while True:
        first = rng.choice("123456789")
        changed = "".join(rng.choice("0123456789") if c.isdigit() else c for c in number)
        changed = first + changed[1:]
        if changed != number:
            return changed


def _with_text(report: SimulatedReport, text: str) -> SimulatedReport:
    start, end = _summary_span(report)
    return replace(report, text=text, truth=replace(report.truth, summary=text[start:end]))


def _with_summary(report: SimulatedReport, summary: str) -> SimulatedReport:
    start, end = _summary_span(report)
    shift = len(summary) - (end - start)

    def kept(spans: Sequence[_Marked]) -> tuple[_Marked, ...]:
        return tuple(
            replace(s, start=s.start + shift, end=s.end + shift) if s.start >= end else s
            for s in spans
            if s.end <= start or s.start >= end
        )

    def moved(section: Section) -> Section:
        return replace(
            section,
            start=section.start + shift if section.start >= end else section.start,
            end=section.end + shift if section.end >= end else section.end,
        )

    truth = report.truth
    changed = Truth(
        identifier_spans=kept(truth.identifier_spans),
        sections=tuple(moved(s) for s in truth.sections),
        findings=kept(truth.findings),
        measurements=kept(truth.measurements),
        diagnoses=truth.diagnoses,
        summary=summary,
        changes=truth.changes,
    )
    return replace(report, text=report.text[:start] + summary + report.text[end:], truth=changed)
