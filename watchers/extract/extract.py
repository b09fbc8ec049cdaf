"""From a file's bytes to the reports it holds: type, reader, then header and signature.

``extract`` runs in the caller's process; ``watchers.extract.sandbox`` runs it in a worker that can be killed.
"""

from datetime import date

from clinical.errors import ExtractionError
from clinical.report import ExtractedReport, Identity, ReportFile, Status
from watchers.extract.header import birth_year_limit, find_header
from watchers.extract.media import sniff
from watchers.extract.options import ExtractOptions
from watchers.extract.read import read
from watchers.extract.reading import Reading
from watchers.extract.report_type import find_report_type
from watchers.extract.signature import find_signature

__all__ = ["ExtractOptions", "extract", "media_type"]


def media_type(file: ReportFile) -> str:
    """The file's media type by its content."""
    return sniff(file.content, file.name)


def extract(file: ReportFile, options: ExtractOptions = ExtractOptions()) -> tuple[ExtractedReport, ...]:  # noqa: B008
    """Read every report that a file holds, in order.

    Raises:
        ExtractionError: with a short ``reason`` (``empty``, ``encrypted``, ``damaged``, ``unsupported``,
            ``too-large``, ``no-report`` …) and a message that says what to do and nothing of the patient.
    """
    if not file.content:
        raise ExtractionError(
            "empty", "The file is empty.", "Check that the export wrote the report, and drop it again."
        )
    if len(file.content) > options.max_bytes:
        raise ExtractionError(
            "too-large",
            f"The file is larger than {options.max_bytes // 1_000_000} MB.",
            "Split it, or raise intake.max_bytes in config.toml.",
        )
    readings = read(file.content, file.name, options)
    if not readings:
        raise ExtractionError(
            "no-report",
            "The file holds no report.",
            "Nothing needs to be done if none was meant to be in it.",
        )
    if len(readings) > options.max_reports:
        raise ExtractionError(
            "too-many",
            f"The file holds more than {options.max_reports} reports.",
            "Split it and drop the parts.",
        )
    return tuple(finish(reading, index, options) for index, reading in enumerate(readings))


def finish(reading: Reading, index: int, options: ExtractOptions) -> ExtractedReport:
    """Fill from the text what the format itself did not state."""
    header = find_header(reading.text, latest=date.today().year)
    observed = reading.observed_at or header.observed_at
    printed = birth_year_limit(header.identity, observed, reading.text)
    if reading.identity is None:
        identity = printed
    elif reading.identity.mrn or reading.identity.name:
        identity = reading.identity
    else:
        identity = _merged(reading.identity, printed)
    signature = find_signature(reading.text, options.signers)
    if reading.signed is None:
        signed, status = signature.signed, signature.status
        if reading.status == "retracted":
            signed, status = signature.signed, reading.status
        elif reading.status in ("preliminary",):
            signed, status = False, reading.status
        elif reading.status == "amended" and status == "final":
            status = "amended"
    else:
        signed, status = reading.signed, reading.status or _status(signature.status, reading.signed)
    return ExtractedReport(
        text=reading.text,
        pages=reading.pages,
        doubtful=reading.doubtful,
        identity=identity,
        report_type=reading.report_type or find_report_type(reading.text),
        status=status,
        signed=signed,
        signed_by=reading.signed_by or (signature.signed_by if reading.signed is None else None),
        signed_at=reading.signed_at or (signature.signed_at if reading.signed is None else None),
        observed_at=observed,
        supersedes=reading.supersedes or signature.supersedes,
        media_type=reading.media_type,
        report_index=index,
        warnings=reading.warnings,
    )


def _status(found: Status, signed: bool) -> Status:
    return found if signed else "preliminary"


def _merged(first: Identity, second: Identity) -> Identity:
    """``first`` with its gaps filled from ``second``."""
    return Identity(**{name: getattr(first, name) or getattr(second, name) for name in Identity.__slots__})
