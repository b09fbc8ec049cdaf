"""Writes simulated reports as files of the kinds that practices receive."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fpdf import FPDF

from synthetic.report import SimulatedReport

Format = Literal["txt", "pdf"]
FORMATS: tuple[Format, ...] = ("txt", "pdf")

_WIDTH, _HEIGHT = 612.0, 792.0
_MARGIN, _SIZE, _LEADING = 50.0, 9.5, 12.0


def write(report: SimulatedReport, folder: Path, format: Format) -> Path:
    """Write one report into a folder; the file is named by the report's number and kind.

    Raises:
        ValueError: no such format.
    """
    path = folder / f"{report.number:05d}-{report.kind.replace(' ', '-')}.{format}"
    if format == "txt":
        path.write_text(report.text, "utf-8", newline="\n")
    elif format == "pdf":
        write_pdf(report.text, path)
    else:
        raise ValueError(f"no format {format}")
    return path


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
