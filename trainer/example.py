"""One instruction pair: what is asked, of which reports, and what the physician wrote."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from clinical.answers.answer import Tool
from clinical.prompts import NamedCondition, Prompt, build_prompt, target
from clinical.report import Report


@dataclass(frozen=True, slots=True)
class Example:
    """An instruction pair.

    Attributes:
        task: the tool that it trains.
        reports: the reports as the model sees them, with what the reference was taken from cut out. For
            compare the prior first.
        patient: key of the patient for the split.
        question: for ask; changes: for compare, the computed changes that the model may word.
        sentences, conditions: the reference.
        source: the physician's report, the computed structure, or a confirmed correction.
        at_most: sentences that are asked for; None for the tool's own number.
    """

    task: Tool
    reports: tuple[Report, ...] = field(repr=False)
    patient: str
    question: str | None = field(default=None, repr=False)
    changes: str | None = field(default=None, repr=False)
    sentences: tuple[str, ...] = field(default=(), repr=False)
    conditions: tuple[NamedCondition, ...] = field(default=(), repr=False)
    source: Literal["report", "structure", "feedback"] = "report"
    at_most: int | None = None

    @property
    def id(self) -> str:
        """Stable name of the pair: the same reports, task and question give the same id."""
        parts = (
            self.task,
            self.source,
            *(report.id for report in self.reports),
            self.question or "",
            str(self.at_most or ""),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]

    @property
    def report_type(self) -> str:
        """Type of the (current) report, for scores by type."""
        return self.reports[-1].report_type or "unknown"

    @property
    def reference(self) -> str:
        """The reference as plain text."""
        if self.task == "diagnose":
            return ". ".join(item.condition for item in self.conditions)
        return " ".join(self.sentences)

    @property
    def prompt(self) -> Prompt:
        """What the model is asked, exactly as the tools ask it."""
        texts = [report.text for report in self.reports]
        return build_prompt(
            self.task, texts, question=self.question, changes=self.changes, sentences=self.at_most
        )

    @property
    def completion(self) -> str:
        """What the model shall reply, exactly in the form that the tools read."""
        return target(self.task, sentences=self.sentences, conditions=self.conditions)

    @property
    def content_sha256(self) -> str:
        """Hash of all that trains, for the frozen list."""
        text = "\0".join([*(str(message["content"]) for message in self.prompt.messages), self.completion])
        return hashlib.sha256(text.encode()).hexdigest()
