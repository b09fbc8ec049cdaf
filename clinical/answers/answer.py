"""The Answer: claims with their evidence, what was withheld and why, and what was looked at.

These are pydantic models because they leave the process as they are: as MCP structured content, as the
shell's JSON rows and as prepared answers in the store.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from clinical.report import Flag, Status

Tool = Literal["summarize", "diagnose", "anomalies", "compare", "ask"]
Mode = Literal["model", "extract"]


class Part(BaseModel):
    """Base of all parts: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Evidence(Part):
    """Words of a report that support a claim: ``quote == text[start:end]`` of that report."""

    report_id: str
    start: int
    end: int
    quote: str = Field(repr=False)


class Claim(Part):
    """One sentence of the answer with the words that support it."""

    text: str = Field(repr=False)
    evidence: tuple[Evidence, ...]


class AnsweredReport(Part):
    """A report that the answer is about."""

    id: str
    type: str | None = None
    status: Status = "final"
    observed_at: str | None = Field(default=None, repr=False)


class Coverage(Part):
    """What was looked at; "nothing found" means nothing beyond this."""

    sections_read: tuple[str, ...] = ()
    values_found: int = 0
    values_judged: int = 0
    unread_pages: int = 0


class Change(Part):
    """What changed between prior and current; ``interval_days`` None if a date is unknown."""

    name: str
    prior: str | None = Field(default=None, repr=False)
    current: str | None = Field(default=None, repr=False)
    unit: str = ""
    direction: Literal["up", "down", "new", "resolved", "changed", "unchanged"]
    interval_days: int | None = None
    evidence: tuple[Evidence, ...] = ()


class NotCompared(Part):
    """What could not be compared and why."""

    name: str
    reason: str


class Anomaly(Part):
    """What deviates."""

    name: str
    value: str | None = Field(default=None, repr=False)
    unit: str = ""
    flag: Flag | None = None
    kind: Literal["value", "finding", "discrepancy"]
    urgency: Literal["critical", "abnormal", "note"]
    evidence: tuple[Evidence, ...] = ()


class Consideration(Part):
    """A differential consideration; never an order."""

    condition: str
    origin: Literal["report", "model"]
    for_: tuple[Claim, ...] = Field(default=(), alias="for")
    against: tuple[Claim, ...] = ()
    would_decide: tuple[str, ...] = ()


def consideration(
    condition: str,
    origin: Literal["report", "model"],
    *,
    pro: tuple[Claim, ...] = (),
    against: tuple[Claim, ...] = (),
    would_decide: tuple[str, ...] = (),
) -> Consideration:
    """A Consideration by names that Python allows (``for`` is a keyword)."""
    return Consideration.model_validate(
        {
            "condition": condition,
            "origin": origin,
            "for": pro,
            "against": against,
            "would_decide": would_decide,
        }
    )


class FollowUp(Part):
    """A follow-up that the report itself asks for."""

    what: str = Field(repr=False)
    due: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Withheld(Part):
    """Sentences not shown, counted by reason."""

    reason: str
    count: int


class Answer(Part):
    """What a tool returns. Serialise with ``model_dump(mode="json", by_alias=True)``.

    ``job`` is set only where the answer is not ready yet: the id to ask for it with.
    """

    tool: Tool
    mode: Mode
    release: str | None = None
    abstained: bool = False
    warnings: tuple[str, ...] = ()
    reports: tuple[AnsweredReport, ...] = ()
    coverage: Coverage = Coverage()
    claims: tuple[Claim, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    changes: tuple[Change, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    differential: tuple[Consideration, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    job: str | None = None
