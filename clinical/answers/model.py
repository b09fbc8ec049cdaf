"""Model mode: what a model says is taken apart into claims, and only what the report supports is kept."""

from collections import Counter
from collections.abc import Sequence

from clinical.answers.answer import Answer, Claim, Consideration, Withheld, consideration
from clinical.errors import EngineError
from clinical.evidence.check import Checker
from clinical.prompts import Audience, BrokenReply, Generate, Prompt, Reply, build_prompt, parse_reply
from clinical.report import Report

FITS = 24_000
_BROKEN = "the model's reply broke its schema twice"
_BEYOND = "a condition or number that the report does not name"


def spoken(
    answer: Answer,
    reports: Sequence[Report],
    generate: Generate,
    release: str | None,
    *,
    question: str | None = None,
    changes: str | None = None,
    audience: Audience = "physician",
    sentences: int | None = None,
) -> Answer:
    """``answer`` with the supported sentences of a model's reply; ``abstained`` where none is left.

    What is withheld is counted by reason. An engine that does not answer and a report too long for it lead
    to an abstention with a warning, never to an error: extract mode answers instead.
    """
    if sum(len(r.text) for r in reports) > FITS:
        return _without(answer, "The report is too long for the model: answered from the report's own words.")
    prompt = build_prompt(
        answer.tool,
        [r.text for r in reports],
        question=question,
        changes=changes,
        audience=audience,
        sentences=sentences,
    )
    try:
        reply = _reply(answer, prompt, generate)
    except EngineError:
        return _without(answer, "The model did not answer: answered from the report's own words.")
    if reply is None:
        counted = _count(answer.withheld, [_BROKEN])
        return _without(answer, "").model_copy(update={"withheld": counted})
    checker = Checker(reports)
    claims, reasons = _kept(checker, reply.sentences)
    considered: list[Consideration] = []
    for condition in reply.conditions:
        weighed, why = _considered(checker, reports, condition.condition, condition.for_, condition.against)
        reasons += why
        if weighed is not None:
            considered.append(weighed)
    kept = bool(claims or considered)
    return answer.model_copy(
        update={
            "mode": "model" if kept else "extract",
            "release": release if kept else None,
            "abstained": not kept,
            "claims": tuple(claims),
            "differential": tuple(considered),
            "withheld": _count(answer.withheld, reasons),
        }
    )


def _reply(answer: Answer, prompt: Prompt, generate: Generate) -> Reply | None:
    for _ in range(2):
        try:
            return parse_reply(answer.tool, generate(prompt))
        except BrokenReply:
            continue
    return None


def _without(answer: Answer, warning: str) -> Answer:
    warnings = (*answer.warnings, warning) if warning else answer.warnings
    return answer.model_copy(update={"abstained": True, "warnings": warnings})


def _kept(checker: Checker, texts: Sequence[str]) -> tuple[list[Claim], list[str]]:
    kept: dict[str, Claim] = {}
    reasons: list[str] = []
    for text in texts:
        for claim in checker.check(text).claims:
            if claim.verdict == "supported":
                kept.setdefault(claim.text.lower(), Claim(text=claim.text, evidence=claim.evidence))
            else:
                reasons.append(f"{claim.verdict}: {claim.reason}")
    return list(kept.values()), reasons


def _considered(
    checker: Checker, reports: Sequence[Report], condition: str, for_: Sequence[str], against: Sequence[str]
) -> tuple[Consideration | None, list[str]]:
    """A condition with its checked findings.

    One that the report does not name needs support and no numbers.
    """
    supports, reasons = _kept(checker, for_)
    opposes, more = _kept(checker, against)
    reasons += more
    named = checker.names(condition)
    if not named and (any(c.isdigit() for c in condition) or not supports):
        return None, [*reasons, _BEYOND]
    return (
        consideration(condition, "report" if named else "model", pro=tuple(supports), against=tuple(opposes)),
        reasons,
    )


def _count(before: Sequence[Withheld], reasons: Sequence[str]) -> tuple[Withheld, ...]:
    counter = Counter({w.reason: w.count for w in before})
    counter.update(reasons)
    return tuple(Withheld(reason=reason, count=count) for reason, count in counter.items())
