"""A simulated report and the truth about it. All offsets are characters of ``SimulatedReport.text``."""

from dataclasses import dataclass, field
from typing import Literal

from clinical.report import Finding, Identity, Measurement, Section, Span, Status

Direction = Literal["up", "down", "new", "resolved", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the prior report of the same kind, in the words of a compare answer."""

    name: str
    prior: str | None = field(default=None, repr=False)
    current: str | None = field(default=None, repr=False)
    unit: str = ""
    direction: Direction = "unchanged"
    interval_days: int | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one simulated report.

    Attributes:
        identifier_spans: every identifier in the text, labelled as the command contract labels them.
        sections: canonical names; each span runs from its heading to the end of its last line.
        findings, measurements: by offset, in order of appearance.
        diagnoses: preferred terms of what the report concludes.
        summary: the physician's conclusion exactly as the report prints it.
        changes: against the prior report of the same kind; empty for a first report.
    """

    identifier_spans: tuple[Span, ...] = field(repr=False)
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...] = field(repr=False)
    measurements: tuple[Measurement, ...] = field(repr=False)
    diagnoses: tuple[str, ...] = field(repr=False)
    summary: str = field(repr=False)
    changes: tuple[Change, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SimulatedPhysician:
    """A physician of the simulated practice; ``aliases`` are the other ways their name is printed."""

    name: str
    aliases: tuple[str, ...]
    specialty: str
    style: str


@dataclass(frozen=True, slots=True)
class SimulatedReport:
    """One report of the simulated practice.

    Attributes:
        number: position in the stream that ``simulate`` yields, from 0.
        kind: the report type, a word such as ``chest x-ray``.
        prior: number of the same patient's last report of the same kind, None for a first one.
        signed_at, observed_at: ISO 8601.
    """

    number: int
    kind: str
    text: str = field(repr=False)
    identity: Identity = field(repr=False)
    truth: Truth = field(repr=False)
    patient: int
    physician: SimulatedPhysician
    facility: str = field(repr=False)
    observed_at: str = field(repr=False)
    status: Status = "final"
    signed: bool = True
    signed_by: str | None = field(default=None, repr=False)
    signed_at: str | None = field(default=None, repr=False)
    prior: int | None = None
