"""Differential considerations.

The conditions that the report itself names, with what speaks for and against each.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from clinical.answers.answer import Answer, Claim, Consideration, consideration
from clinical.answers.conclusion import conclusion_passages, telling_passages
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import CONCLUSIONS, Passage, passage_at, passages, quote
from clinical.prompts import Generate
from clinical.report import Finding, Report

LIMITS = "Considerations from the report's own words, not an order: what it does not mention was not weighed."
_MOST = 8
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|will|would|should|seems?|needs?|appears?|continues?|shows?|came|went|"
    r"did|does|do|can|could|may|might|underwent|recommend\w*|advised|follow|return|see|start|stop|give|given)\b",
    re.I,
)
_NO_CONDITION = re.compile(
    r"(?:otherwise )?(?:normal|negative|unremarkable|no|none|same|stable|as above)\b", re.I
)


@cache
def _known() -> dict[str, Any]:
    data = loads((Path(__file__).parent / "rules" / "conditions.toml").read_text(encoding="utf-8"))
    return dict(data["condition"])


def diagnose(report: Report, *, generate: Generate | None = None, release: str | None = None) -> Answer:
    """Conditions with findings for and against and what would decide.

    In extract mode only conditions that the report names. A model may add others, marked ``model``, each
    with at least one supported finding for it.

    Raises:
        Refused: the report was retracted.
    """
    answer = begin("diagnose", (report,), release)
    answer = answer.model_copy(update={"warnings": (*answer.warnings, LIMITS)})
    if generate is not None:
        spoke = spoken(answer, (report,), generate, release)
        if not spoke.abstained:
            return spoke.model_copy(update={"differential": tuple(_decided(c) for c in spoke.differential)})
        answer = spoke
    differential = _extract(report, passages(report))
    return answer.model_copy(update={"differential": tuple(differential), "abstained": not differential})


def _extract(report: Report, all_passages: Sequence[Passage]) -> list[Consideration]:
    found: dict[str, Consideration] = {}
    for passage in _naming(report, all_passages):
        for name in _conditions(report, passage):
            if name.lower() in found:
                continue
            found[name.lower()] = _decided(_weighed(report, all_passages, name, passage))
    return list(found.values())[:_MOST]


def _naming(report: Report, all_passages: Sequence[Passage]) -> list[Passage]:
    """Passages that name conditions: the conclusion without what was done; failing that, what the report suspects."""
    found = [p for p in conclusion_passages(report, all_passages) if p.section in CONCLUSIONS]
    if found:
        return found
    suspected = {f.start for f in report.structure.findings if f.assertion == "possible"}
    found = [p for p in all_passages if any(p.start <= at < p.end for at in suspected)]
    found += [p for p in telling_passages(report, all_passages, _MOST) if p not in found]
    return found or [p for p in all_passages if p.section in ("indication", "history")][:_MOST]


def _conditions(report: Report, passage: Passage) -> list[str]:
    """Findings named in the passage; a short list item is a condition as it stands."""
    inside = [
        f
        for f in report.structure.findings
        if passage.start <= f.start < passage.end and f.assertion in ("present", "possible", "historical")
    ]
    text = re.sub(r"[.;:,\s]+$", "", passage.text(report))
    if _NO_CONDITION.match(text):
        return []
    concluded = passage.section in CONCLUSIONS
    if concluded and not _VERB.search(text) and len(text.split()) <= (12 if passage.item or inside else 7):
        return [text]
    return list(dict.fromkeys(f"{f.side} {f.concept}" if f.side else f.concept for f in inside))


def _weighed(report: Report, all_passages: Sequence[Passage], name: str, own: Passage) -> Consideration:
    typical = _typical(name)
    pro: dict[int, Claim] = {}
    contra: dict[int, Claim] = {}
    for finding in report.structure.findings:
        place = passage_at(all_passages, finding.start)
        if place is None or place.start == own.start:
            continue
        if not _speaks(finding, name, typical):
            continue
        if finding.assertion in ("present", "possible"):
            pro.setdefault(place.start, quote(report, place))
        elif finding.assertion == "absent":
            contra.setdefault(place.start, quote(report, place))
    return consideration(
        name,
        "report",
        pro=tuple({c.text: c for c in (quote(report, own), *pro.values())}.values())[:4],
        against=tuple({c.text: c for c in contra.values()}.values())[:2],
    )


def _typical(name: str) -> tuple[str, ...]:
    lowered = name.lower()
    return tuple(w for key, entry in _known().items() if _names(key, lowered) for w in entry["findings"])


def _names(key: str, condition: str) -> bool:
    return re.search(rf"\b{re.escape(key)}", condition) is not None


def _speaks(finding: Finding, name: str, typical: Sequence[str]) -> bool:
    concept = finding.concept.lower()
    return (len(concept) > 3 and concept in name.lower()) or any(w in concept for w in typical)


def _decided(weighed: Consideration) -> Consideration:
    lowered = weighed.condition.lower()
    tests = [t for key, entry in _known().items() if _names(key, lowered) for t in entry["decides"]]
    return weighed.model_copy(update={"would_decide": tuple(dict.fromkeys(tests))[:3]})
