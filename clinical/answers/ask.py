"""Answer a question from the words of one or more reports; "the report does not say" is an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.answers.answer import Answer, Claim
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import Passage, passages, quote
from clinical.evidence.index import Line, index_of, line_of
from clinical.evidence.words import Atom, atoms_of, tokens_of
from clinical.prompts import Generate
from clinical.report import Report

_MOST = 3
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class _Hit:
    score: float
    report: Report
    passage: Passage


def ask(
    reports: Sequence[Report], question: str, *, generate: Generate | None = None, release: str | None = None
) -> Answer:
    """The sentences that answer ``question``; abstained, with coverage, where the reports do not say.

    Raises:
        Refused: a report was retracted.
        ValueError: no question.
    """
    if not question.strip():
        raise ValueError("ask needs a question")
    answer = begin("ask", reports, release)
    if generate is not None:
        spoke = spoken(answer, reports, generate, release, question=question)
        if not spoke.abstained:
            return spoke
        answer = spoke
    claims = _located(reports, question)
    return answer.model_copy(update={"claims": tuple(claims), "abstained": not claims})


def _located(reports: Sequence[Report], question: str) -> list[Claim]:
    index = index_of(reports)
    wanted = {a.key for a in _asked(question)}
    known = wanted & index.keys
    if not known:
        return []
    total = sum(index.weight_of(k) for k in wanted)
    hits: list[_Hit] = []
    for report in reports:
        for passage in passages(report):
            line = line_of(report.text, passage.start, passage.end)
            score = sum(index.weight_of(k) for k in wanted & _keys(line)) / total
            if score > 0:
                hits.append(_Hit(score - 0.0005 * len(line.tokens), report, passage))
    hits.sort(key=lambda h: -h.score)
    best = [h for h in hits if h.score >= _ENOUGH and h.score >= 0.8 * hits[0].score][:_MOST]
    return [quote(h.report, h.passage) for h in best]


def _asked(question: str) -> list[Atom]:
    return atoms_of(tokens_of(question))


def _keys(line: Line) -> set[str]:
    return {m.key for m in line.mentions}
