"""The line of intake, from a file to a report in the store: read, de-identify, structure, keep.

Nothing is lost: a file is either kept, quarantined or known already when this returns, and where the store
fails it raises and the file stays where it was.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from clinical.errors import ExtractionError
from clinical.report import DeidentifiedReport, Doubtful, ExtractedReport, Identity, ReportFile
from clinical.structure.build import build_structure
from practice.settings import Settings
from practice.taken import PRELIMINARY, UNKNOWN_SIGNER, UNSIGNED, TakenReport
from watchers.extract.extract import extract as extract_here
from watchers.extract.options import ExtractOptions, Signer
from watchers.extract.signature import find_signer

if TYPE_CHECKING:
    from practice.store import Store

Extract = Callable[[ReportFile], tuple[ExtractedReport, ...]]
PREPARE_JOB = "prepare"
UNREAD = "unread page"


class Deidentifies(Protocol):
    """What intake needs of a de-identifier."""

    def deidentify(
        self,
        text: str,
        identity: Identity | None = None,
        observed_at: str | None = None,
        doubtful: Sequence[Doubtful] = (),
    ) -> DeidentifiedReport:
        """Return the text without identifiers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    Attributes:
        report_ids: the reports that were kept.
        held: how many of them are held.
        reason, message: why it was quarantined.
        quarantine_id: the opaque id in the quarantine.
    """

    kind: Literal["taken", "duplicate", "quarantined"]
    report_ids: tuple[str, ...] = ()
    held: int = 0
    reason: str | None = None
    message: str = field(default="", repr=False)
    quarantine_id: str | None = None


def options_from(settings: Settings) -> ExtractOptions:
    """The options of extraction that the practice's settings ask for."""
    return ExtractOptions(
        signers=tuple(Signer(p.name, tuple(p.aliases)) for p in settings.physicians),
        ocr=settings.intake.ocr,
        max_bytes=settings.intake.max_bytes,
        columns=tuple(settings.intake.columns.items()),
    )


def read_file(path: Path, origin: Literal["folder", "command"], max_bytes: int) -> ReportFile:
    """The bytes of a plain file; links, pipes and folders are refused.

    Raises:
        ExtractionError: not a plain file, or too large.
        FileNotFoundError: it went away.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ExtractionError("not-a-file", "This is not a plain file.", "Drop the file itself.")
        # One byte more than allowed is enough to say so; the rest of a larger file is never held in memory.
        return ReportFile(path.name, stream.read(max_bytes + 1), origin)


def take_file(
    source: Path | ReportFile,
    store: "Store",
    deidentifier: Deidentifies,
    settings: Settings,
    *,
    extract: Extract | None = None,
) -> Outcome:
    """Take one file: when this returns, its reports (or its quarantined bytes) are durable.

    Args:
        source: a path, or bytes that came by message.
        extract: the extraction to use, such as that of a worker process; by default it runs here.

    Raises:
        HomeError, OSError: the store cannot keep it; the file is untouched and may be taken again.
    """
    options = options_from(settings)
    file = source if isinstance(source, ReportFile) else read_file(source, "command", options.max_bytes)
    if store.seen(sha256(file.content).hexdigest()):
        return Outcome("duplicate")
    try:
        extracted = extract(file) if extract else extract_here(file, options)
    except ExtractionError as error:
        opaque = store.quarantine(file, error.reason, str(error))
        return Outcome("quarantined", reason=error.reason, message=str(error), quarantine_id=opaque)
    taken = [prepare(report, deidentifier, settings) for report in extracted]
    ids = store.keep(file, taken, jobs=[(PREPARE_JOB, {})])
    return Outcome("taken", ids, held=sum(report.state == "held" for report in taken))


def prepare(report: ExtractedReport, deidentifier: Deidentifies, settings: Settings) -> TakenReport:
    """De-identify and structure one report and decide whether it is held."""
    clean = deidentifier.deidentify(report.text, report.identity, report.observed_at, report.doubtful)
    structure = build_structure(
        clean.text,
        doubtful=clean.doubtful,
        sex=report.identity.sex,
        age=age_at(report.identity.birth_date, report.observed_at),
        practice_limits=settings.critical_limits,
    )
    reason = hold_reason(report, options_from(settings).signers)
    signer = find_signer(report.signed_by, options_from(settings).signers) if report.signed else None
    return TakenReport(
        extracted=report,
        deidentified=clean,
        structure=structure,
        state="held" if reason else "taken",
        reason=reason,
        author=signer.name if signer else None,
    )


def hold_reason(report: ExtractedReport, signers: Sequence[Signer]) -> str | None:
    """Why a report is held; None where it may train: read whole, final and signed by one of ours."""
    if any(page.source == "unread" for page in report.pages):
        return UNREAD
    if report.status == "retracted":
        return None
    if report.status == "preliminary" and report.signed_by is None and not report.signed:
        return PRELIMINARY if _from_message(report) else UNSIGNED
    if not report.signed:
        return UNSIGNED
    if report.signed_by is None and _from_message(report):
        # A message that is final without naming who made it so: taken, with no author to learn from.
        return None
    return UNKNOWN_SIGNER if find_signer(report.signed_by, signers) is None else None


def _from_message(report: ExtractedReport) -> bool:
    return report.media_type.startswith(("x-application/hl7", "application/fhir", "application/cda"))


def age_at(birth_date: str | None, observed_at: str | None) -> int | None:
    """Whole years from birth to the examination; None where a date is missing or out of order."""
    if not birth_date or not observed_at:
        return None
    try:
        born, seen = date.fromisoformat(birth_date), date.fromisoformat(observed_at[:10])
    except ValueError:
        return None
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return years if 0 <= years <= 130 else None
