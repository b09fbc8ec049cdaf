"""Replies that train say only what the rest of the report bears out.

A physician's conclusion may rest on what is not in the report: the patient seen, an earlier letter. A model that is
taught such a sentence is taught to invent. So a training reply keeps the sentences that the evidence check supports on
what is left of the report after the cut; held-out replies stay as the physician wrote them, and so do corrections.
"""

from dataclasses import replace

from clinical.evidence.check import Checker
from trainer.example import Example


class Grounding:
    """Checks the replies of many examples; what several say of one report is prepared once."""

    def __init__(self) -> None:
        self._about: tuple[str, ...] = ()
        self._checker: Checker | None = None

    def __call__(self, example: Example) -> Example | None:
        """The example with the sentences that its reports support; None where there is none left."""
        if example.source != "report" or not example.sentences:
            return example
        texts = tuple(report.text for report in example.reports)
        if self._checker is None or texts != self._about:
            self._about, self._checker = texts, Checker(example.reports)
        checker = self._checker
        kept = tuple(
            sentence
            for sentence in example.sentences
            if all(claim.verdict == "supported" for claim in checker.check(sentence).claims)
        )
        return replace(example, sentences=kept) if kept else None
