"""Check a draft against reports: each sentence is supported, contradicted or unsupported, with the reason.

Every content word and every number of a claim has to be accounted for by the report, in the same sense: not
negated where the report affirms, not certain where it is guessed, of the same side, person and time. A
claim that is in doubt is not supported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from clinical.answers.answer import Evidence
from clinical.evidence.index import Index, Line, index_of, line_of
from clinical.evidence.judge import align, judge
from clinical.report import Report
from clinical.structure.sentences import sentences

Verdict = Literal["supported", "contradicted", "unsupported"]


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """One sentence of a draft. ``evidence`` holds what supports it, or what it contradicts."""

    text: str = field(repr=False)
    verdict: Verdict
    reason: str
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """The claims of a draft in order."""

    claims: tuple[CheckedClaim, ...] = ()

    @property
    def supported(self) -> tuple[CheckedClaim, ...]:
        return tuple(c for c in self.claims if c.verdict == "supported")


class Checker:
    """Reports prepared once, to check many sentences against them."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self.reports = tuple(reports)
        self.index: Index = index_of(self.reports)
        self._judged: dict[
            str, CheckedClaim
        ] = {}  # a draft that runs in circles says the same again and again

    def check(self, draft: str) -> Checked:
        """Split ``draft`` into sentences and judge each."""
        lines = [line_of(draft, s.start, s.end) for s in sentences(draft)]
        return Checked(tuple(self.judge(draft[line.start : line.end], line) for line in lines if _says(line)))

    def judge(self, text: str, line: Line | None = None) -> CheckedClaim:
        """Judge one sentence."""
        text = " ".join(text.split()) if line is None else text
        if text not in self._judged:
            self._judged[text] = self._judge(text, line)
        return self._judged[text]

    def _judge(self, text: str, line: Line | None) -> CheckedClaim:
        judgement = judge(line or line_of(text, 0, len(text)), self.index)
        spans = tuple(
            Evidence(
                report_id=self.reports[e.report].id,
                start=e.start,
                end=e.end,
                quote=self.reports[e.report].text[e.start : e.end],
            )
            for e in judgement.lines
        )
        return CheckedClaim(" ".join(text.split()), judgement.verdict, judgement.reason, spans)

    def names(self, condition: str) -> bool:
        """Do the reports say ``condition`` in these words or plain equivalents, and not only deny it?"""
        alignment = align(line_of(condition, 0, len(condition)), self.index)
        return bool(alignment.units) and not alignment.faults


def check(draft: str, reports: Sequence[Report]) -> Checked:
    """Judge every sentence of ``draft`` against ``reports``."""
    return Checker(reports).check(draft)


def _says(line: Line) -> bool:
    return any(t.is_word or t.is_number for t in line.tokens)
