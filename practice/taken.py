"""What intake hands to the store: one report, read, de-identified and structured."""

from dataclasses import dataclass, field
from typing import Literal

from clinical.report import DeidentifiedReport, ExtractedReport, Structure

State = Literal["taken", "held", "superseded", "retracted"]

# Why a report is held. Intake may use other words; these have a meaning for the store.
UNSIGNED = "unsigned"  # lifted by sign
UNKNOWN_SIGNER = "unknown signer"  # lifted by sign
PRELIMINARY = "preliminary"  # lifted by the final report, which supersedes it
IDENTIFIERS = "identifiers"  # set by the store where the de-identification asks for a look
PATIENT = "patient"  # set by the store: whose report it is contradicts itself; lifted by assign
AMENDS = "amends"  # set by the store: which report it amends or retracts is not clear


@dataclass(frozen=True, slots=True)
class TakenReport:
    """One report on its way into the store.

    Attributes:
        state: ``taken``, or ``held`` with a ``reason``: kept and usable, but does not train.
        author: name of the configured physician who signed; the store keeps an opaque id of it. None if
            nobody whom the practice knows has signed.
    """

    extracted: ExtractedReport = field(repr=False)
    deidentified: DeidentifiedReport = field(repr=False)
    structure: Structure = field(repr=False)
    state: Literal["taken", "held"] = "taken"
    reason: str | None = None
    author: str | None = field(default=None, repr=False)
