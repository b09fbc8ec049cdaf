"""Follow-ups that the report itself asks for, with the time it names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tomllib import loads

from clinical.answers.answer import FollowUp
from clinical.answers.passages import CONCLUSIONS, PLANS, Passage, evidence
from clinical.report import Report
from clinical.structure.followups import find_followups

_SECTIONS = (*PLANS, *CONCLUSIONS, "hospital_course", "findings", "addendum", "other", None)
_REQUEST = re.compile(r"\b(?:recommend|advis|should|follow[ -]?up (?:in|with|at|is)|return in)", re.I)
_ASKING_HEADING = re.compile(r"\W*(?:recommendations?|follow[- ]?up|advice)\b", re.I)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|will|would|should|can|could|may|do|does|did|continue\w*|avoid|I|we)\b",
    re.I,
)
_POINTS_BACK = re.compile(
    r"\W*(?:(?:I|we|she|he|they) (?:will|would|should) \w+ (?:that|this|it|these|those)|this|that|it|these)\b",
    re.I,
)
_LIMIT = 8
_MARK = 60  # a heading or list mark may stand before the sentence


@dataclass(frozen=True, slots=True)
class _Rules:
    asks: re.Pattern[str]
    not_asks: re.Pattern[str]
    due: re.Pattern[str]


@cache
def _rules() -> _Rules:
    data = loads((Path(__file__).parent / "rules" / "followups.toml").read_text(encoding="utf-8"))
    due = [rule.replace("NUMBER", data["number"]) for rule in data["due"]]
    return _Rules(*(re.compile("|".join(rules), re.I) for rules in (data["asks"], data["not_asks"], due)))


def follow_ups(report: Report, all_passages: Sequence[Passage]) -> tuple[FollowUp, ...]:
    """What the report asks to be done next; ``due`` is the time as the report words it."""
    rules = _rules()
    found: list[FollowUp] = []
    seen: set[str] = set()
    requests = [r.start for r in find_followups(report.text, report.structure.sections)]
    for passage in all_passages:
        if passage.section not in _SECTIONS:
            continue
        text = passage.text(report)
        headed = _is_headed(report, passage) and not _VERB.search(text)
        if not (headed or rules.asks.search(text)) or rules.not_asks.search(text) or len(text.split()) < 3:
            continue
        if passage.section not in (*PLANS, *CONCLUSIONS) and not _is_request(text):
            continue
        key = text.lower()
        if key in seen:
            continue
        seen.add(key)
        due = rules.due.search(text)
        named = any(passage.start - _MARK <= at < passage.end for at in requests)
        if due is not None and found and _POINTS_BACK.match(text) and found[-1].due is None:
            found[-1] = _dated(found[-1], due.group().strip(), report, passage)
            continue
        if due is None and not (named or headed):  # advice on living, not a test, a visit or a time
            continue
        found.append(
            FollowUp(
                what=text,
                due=due.group().strip() if due else None,
                evidence=(evidence(report, passage.start, passage.end),),
            )
        )
    return tuple(found[:_LIMIT])


def _is_headed(report: Report, passage: Passage) -> bool:
    """Does the passage stand under a heading that asks itself: "Recommendation: Aortic valve replacement"?"""
    section = next((s for s in report.structure.sections if s.start <= passage.start < s.end), None)
    return section is not None and _ASKING_HEADING.match(section.heading) is not None


def _dated(asked: FollowUp, due: str, report: Report, passage: Passage) -> FollowUp:
    """With the time that the next sentence sets ("We will get that done as soon as possible.")."""
    place = evidence(report, passage.start, passage.end)
    return asked.model_copy(update={"due": due, "evidence": (*asked.evidence, place)})


def _is_request(text: str) -> bool:
    return bool(_REQUEST.search(text))
