"""Writes simulated reports as files of the kinds that practices receive."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fpdf import FPDF

from synthetic.documents import write_docx, write_rtf
from synthetic.messages import write_ccda, write_csv, write_fhir, write_hl7, write_json
from synthetic.report import SimulatedReport

Format = Literal["txt", "pdf", "docx", "rtf", "json", "csv", "hl7", "fhir", "ccda"]
FORMATS: tuple[Format, ...] = ("txt", "pdf", "docx", "rtf", "json", "csv", "hl7", "fhir", "ccda")

_WIDTH, _HEIGHT = 612.0, 792.0
_MARGIN, _SIZE, _LEADING = 50.0, 9.5, 12.0
_ENDINGS: Mapping[Format, str] = {"fhir": "fhir.json", "ccda": "xml"}


def write(report: SimulatedReport, folder: Path, format: Format) -> Path:
    """Write one report into a folder; the file is named by the report's number and kind.

    Raises:
        ValueError: no such format.
    """
    writers: Mapping[Format, Callable[[SimulatedReport, Path], None]] = {
        "txt": _write_txt,
        "pdf": lambda r, p: write_pdf(r.text, p),
        "docx": lambda r, p: write_docx(r.text, p),
        "rtf": lambda r, p: write_rtf(r.text, p),
        "json": write_json,
        "csv": write_csv,
        "hl7": write_hl7,
        "fhir": write_fhir,
        "ccda": write_ccda,
    }
    if format not in writers:
        raise ValueError(f"no format {format}")
    ending = _ENDINGS.get(format, format)
    path = folder / f"{report.number:05d}-{report.kind.replace(' ', '-')}.{ending}"
    writers[format](report, path)
    return path


def _write_txt(report: SimulatedReport, path: Path) -> None:
    path.write_bytes(report.text.encode())


def write_pdf(text: str, path: Path) -> None:
    """Text as a PDF with a text layer, in a fixed-width face so that columns stay columns."""
    pdf = FPDF(unit="pt", format="letter")
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.set_auto_page_break(False)
    pdf.set_font("Courier", size=_SIZE)
    room = int((_WIDTH - 2 * _MARGIN) / (_SIZE * 0.6))
    y = _HEIGHT
    for line in text.expandtabs(4).split("\n"):
        for piece in _fit(line, room):
            if y > _HEIGHT - _MARGIN:
                pdf.add_page()
                y = _MARGIN
            if piece:
                pdf.text(_MARGIN, y, piece)
            y += _LEADING
    pdf.output(str(path))


def _fit(line: str, room: int) -> list[str]:
    pieces = []
    while len(line) > room:
        at = line.rfind(" ", 0, room + 1)
        at = at if at > 0 else room
        pieces.append(line[:at])
        line = line[at:].lstrip(" ")
    return [*pieces, line]
