"""Differential considerations.

The conditions that the report itself names, with what speaks for and against each, and those that its values
make one think of by fixed rules.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from clinical.answers.abnormal import is_urgent
from clinical.answers.answer import Answer, Claim, Consideration, consideration
from clinical.answers.changes import is_gone
from clinical.answers.conclusion import is_table
from clinical.answers.conditions import Named, named_conditions
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import Passage, is_title, passage_at, passages, quote
from clinical.answers.patterns import Pattern, patterns_of
from clinical.prompts import Generate
from clinical.report import Finding, Report

LIMITS = "Considerations from the report's own words, not an order: what it does not mention was not weighed."
BY_RULE = (
    "Conditions of origin `model` are not named in the report: they follow from its values by fixed rules."
)
_MOST = 8
_FOR = 4
_AGAINST = 2


@cache
def _known() -> dict[str, Any]:
    data = loads((Path(__file__).parent / "rules" / "conditions.toml").read_text(encoding="utf-8"))
    return dict(data["condition"])


def diagnose(report: Report, *, generate: Generate | None = None, release: str | None = None) -> Answer:
    """Conditions with findings for and against and what would decide.

    In extract mode those that the report names and, for a report of values, those that the values point to, marked
    ``model`` where the report does not name them. A model may add others, marked so too, each with at least one
    supported finding for it.

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
    if any(c.origin == "model" for c in differential):
        answer = answer.model_copy(update={"warnings": (*answer.warnings, BY_RULE)})
    return answer.model_copy(update={"differential": tuple(differential), "abstained": not differential})


def _extract(report: Report, all_passages: Sequence[Passage]) -> list[Consideration]:
    conditions = named_conditions(report, all_passages)
    items = {n.passage.start for n in conditions if n.passage.item or n.passage.section == "diagnosis"}
    named = [_decided(_weighed(report, all_passages, n, items)) for n in conditions]
    patterns = patterns_of(report)
    found = [_backed(c, patterns) for c in named]
    if is_table(report) or not found:
        new = [p for p in patterns if not any(p.named.search(c.condition) for c in named)]
        new.sort(key=lambda p: not p.critical)
        found += [_thought_of(report, all_passages, p) for p in new]
    found.sort(key=lambda c: not is_urgent(c.condition))
    return found[:_MOST]


def _weighed(
    report: Report, all_passages: Sequence[Passage], named: Named, items: Collection[int]
) -> Consideration:
    """What speaks for and against a condition; no other item of the conclusion, and not the name of the operation."""
    typical = _typical(named.name)
    pro: dict[int, Claim] = {}
    contra: dict[int, Claim] = {}
    for finding in report.structure.findings:
        place = passage_at(all_passages, finding.start)
        if place is None or not _speaks(finding, named.name, typical):
            continue
        if place.start == named.passage.start or place.start in items or is_title(report, place.start):
            continue
        claim = quote(report, place)
        if finding.assertion == "absent" or (finding.assertion == "present" and is_gone(claim.text)):
            contra.setdefault(place.start, claim)
        elif finding.assertion in ("present", "possible"):
            pro.setdefault(place.start, claim)
    return consideration(
        named.name,
        "report",
        pro=_distinct((quote(report, named.passage), *pro.values()))[:_FOR],
        against=_distinct(contra.values())[:_AGAINST],
    )


def _backed(weighed: Consideration, patterns: Sequence[Pattern]) -> Consideration:
    """With the values that speak for and against it: right after the words that name it."""
    for pattern in patterns:
        if pattern.named.search(weighed.condition):
            pro = (*weighed.for_[:1], *pattern.speaks_for, *weighed.for_[1:])
            return consideration(
                weighed.condition,
                weighed.origin,
                pro=_distinct(pro)[: _FOR + 1],
                against=_distinct((*weighed.against, *pattern.against))[:_FOR],
                would_decide=weighed.would_decide or pattern.decides,
            )
    return weighed


def _thought_of(report: Report, all_passages: Sequence[Passage], pattern: Pattern) -> Consideration:
    """A condition that the values point to; what the report itself says of it goes with it."""
    said = [f for f in report.structure.findings if pattern.named.search(f.concept)]
    places = [(f, passage_at(all_passages, f.start)) for f in said]
    pro = [
        quote(report, p)
        for f, p in places
        if p and f.assertion in ("present", "possible") and not _gone(report, p)
    ]
    contra = [quote(report, p) for f, p in places if p and (f.assertion == "absent" or _gone(report, p))]
    return consideration(
        pattern.condition,
        "report" if pro else "model",
        pro=_distinct((*pattern.speaks_for, *pro))[: _FOR + 2],
        against=_distinct((*pattern.against, *contra))[:_FOR],
        would_decide=pattern.decides,
    )


def _gone(report: Report, passage: Passage) -> bool:
    return is_gone(passage.text(report))


def _distinct(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    return tuple({c.text: c for c in claims}.values())


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
