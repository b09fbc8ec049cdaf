"""A claim laid over a report, with every fault that was found."""

from dataclasses import dataclass
from typing import Literal

from clinical.evidence.fit import Fit, Unit
from clinical.evidence.index import Line

Verdict = Literal["supported", "contradicted", "unsupported"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a claim is not borne out: its kind (``number``, ``negation``, ``words`` …) and the reason in words."""

    kind: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """A claim laid over a report: its units, the lines that answer it, the units left open, and the faults.

    The first fault is the gravest; none means that every word and number is accounted for.
    """

    claim: Line
    units: tuple[Unit, ...]
    chosen: tuple[Fit, ...]
    open: tuple[int, ...]
    faults: tuple[Fault, ...]
