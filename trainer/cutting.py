"""Takes out of a report whatever a reference is taken from, so that the answer is never in the question."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from rapidfuzz import fuzz

from clinical.answers.passages import CONCLUSIONS, passages
from clinical.report import Doubtful, Report
from clinical.structure.build import build_structure

CUT = (*CONCLUSIONS, "plan")
"""Sections that a physician's conclusion is written in."""
SAME = 90.0
"""Two sentences that are this alike (0 to 100, order of words aside) say the same."""


def cut_sections(report: Report, names: Collection[str] = CUT) -> Report:
    """The report without the named sections, headings included."""
    return cut_spans(report, [(s.start, s.end) for s in report.structure.sections if s.name in names])


def cut_repeats(report: Report, said: Iterable[str]) -> Report:
    """The report without sentences that repeat one of ``said`` nearly word for word."""
    wanted = [sentence.lower() for sentence in said if len(sentence.split()) >= 3]
    spans = [
        (p.start, p.end)
        for p in passages(report)
        if any(_same(p.text(report).lower(), sentence) for sentence in wanted)
    ]
    return cut_spans(report, spans)


def cut_spans(report: Report, spans: Iterable[tuple[int, int]]) -> Report:
    """The report without these stretches; its structure is read anew."""
    kept: list[str] = []
    moved: list[Doubtful] = []
    at = 0
    shift = 0
    ordered = sorted(spans)
    if not ordered:
        return report
    for start, end in [*ordered, (len(report.text), len(report.text))]:
        start, end = max(start, at), max(end, at)
        for doubtful in report.doubtful:
            if at <= doubtful.start and doubtful.end <= start:
                moved.append(Doubtful(doubtful.start - shift, doubtful.end - shift, doubtful.readings))
        kept.append(report.text[at:start])
        shift += end - start
        at = end
    text = "".join(kept)
    return replace(
        report, text=text, doubtful=tuple(moved), structure=build_structure(text, doubtful=tuple(moved))
    )


def _same(one: str, other: str) -> bool:
    return one == other or fuzz.token_sort_ratio(one, other) >= SAME
