"""Summarize a report.

Its own conclusion first, then what deviates and the conclusion leaves out, then follow-ups.
"""

import re
from collections.abc import Sequence

from clinical.answers.abnormal import abnormal_findings, is_urgent, out_of_range
from clinical.answers.answer import Answer, Claim
from clinical.answers.conclusion import (
    central_passages,
    conclusion_passages,
    done_passages,
    is_receipt,
    is_study,
    is_table,
    leading,
    telling_passages,
)
from clinical.answers.followups import follow_ups
from clinical.answers.frame import begin, has_content
from clinical.answers.model import spoken
from clinical.answers.passages import Passage, evidence, passage_at, passages, quote
from clinical.answers.printed import printed
from clinical.prompts import Audience, Generate
from clinical.report import Report

_PLAIN = "In the report's own words: plain words for a patient need a model that has earned the task."
_CONCLUSION = 5
_PASSAGES = 12
_ITEM = 90
_OMITTED = 3
_VALUES = 8


def summarize(
    report: Report,
    *,
    generate: Generate | None = None,
    release: str | None = None,
    sentences: int | None = None,
    audience: Audience = "physician",
) -> Answer:
    """The key content of one report in a few sentences.

    Args:
        generate: a model's reply to a prompt; None for extract mode.
        release: id of the release that ``generate`` speaks for.
        sentences: at most so many claims; by default a few.

    Raises:
        Refused: the report was retracted.
    """
    answer = begin("summarize", (report,), release)
    all_passages = passages(report)
    answer = answer.model_copy(update={"follow_ups": follow_ups(report, all_passages)})
    if generate is not None:
        spoke = spoken(answer, (report,), generate, release, audience=audience, sentences=sentences)
        if not spoke.abstained:
            extra = _omitted(report, all_passages, " ".join(c.text for c in spoke.claims))
            return spoke.model_copy(update={"claims": spoke.claims + tuple(extra)})
        answer = spoke
    if audience == "patient":
        answer = answer.model_copy(update={"warnings": (*answer.warnings, _PLAIN)})
    claims = _extract(report, all_passages, sentences) if has_content(report) else []
    return answer.model_copy(update={"claims": tuple(claims), "abstained": not claims})


def _extract(report: Report, all_passages: Sequence[Passage], sentences: int | None) -> list[Claim]:
    chosen = leading(conclusion_passages(report, all_passages)) or done_passages(report, all_passages)
    if not chosen:
        count = min(sentences or 3, 6)
        chosen = telling_passages(report, all_passages, count) if count > 1 and is_study(report) else []
        if not chosen and not is_table(report):
            chosen = central_passages(report, all_passages, count)
    chosen = _distinct(report, chosen)[:_PASSAGES]
    claims = _quoted(report, chosen)[: sentences or _CONCLUSION]
    said = " ".join(c.text for c in claims)
    claims += _omitted(report, all_passages, said)
    return claims[:sentences] if sentences else claims


def _quoted(report: Report, chosen: Sequence[Passage]) -> list[Claim]:
    """The passages as claims; a run of short list items becomes one."""
    claims: list[Claim] = []
    run: list[Passage] = []
    for passage in [*chosen, None]:
        if passage is not None and passage.item and passage.end - passage.start <= _ITEM:
            run.append(passage)
            continue
        if run:
            text = "; ".join(p.text(report).rstrip(".;, ") for p in run) + "."
            claims.append(Claim(text=text, evidence=tuple(evidence(report, p.start, p.end) for p in run)))
            run = []
        if passage is not None:
            claims.append(quote(report, passage))
    return claims


def _omitted(report: Report, all_passages: Sequence[Passage], said: str) -> list[Claim]:
    """Values out of range and abnormal findings that ``said`` does not name."""
    claims = []
    values = [m for m in out_of_range(report) if m.value_text not in said]
    values.sort(key=lambda m: (not m.critical, m.flag not in ("HH", "LL")))
    if values:
        shown = values[:_VALUES]
        listed = ", ".join(printed(report, m) + (f" ({m.flag})" if m.flag else "") for m in shown)
        rest = " and more" if len(values) > len(shown) else ""
        claims.append(
            Claim(
                text=f"Out of range: {listed}{rest}.",
                evidence=tuple(evidence(report, m.start, m.end) for m in values),
            )
        )
    lowered = said.lower()
    places: dict[int, Passage] = {}
    omitted = [
        f for f in abnormal_findings(report) if not _is_said(f.concept, report.text[f.start : f.end], lowered)
    ]
    omitted.sort(key=lambda f: not is_urgent(f.concept))
    for finding in omitted:
        place = passage_at(all_passages, finding.start)
        if place is not None and place.section in (
            "findings",
            "procedure",
            "physical_exam",
            "laboratory",
            "other",
            None,
        ):
            places.setdefault(place.start, place)
    told = [p for p in places.values() if p.text(report) not in said and not is_receipt(p.text(report))]
    claims += [quote(report, p) for p in told[:_OMITTED]]
    return claims


def _is_said(concept: str, words: str, said: str) -> bool:
    return concept.lower() in said or " ".join(words.lower().split()) in said


def _distinct(report: Report, chosen: Sequence[Passage]) -> list[Passage]:
    seen: set[str] = set()
    kept = []
    for passage in chosen:
        key = re.sub(r"\W+", " ", passage.text(report).lower()).strip()
        if key and key not in seen:
            seen.add(key)
            kept.append(passage)
    return kept
