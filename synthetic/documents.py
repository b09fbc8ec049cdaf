"""Word-processor documents of simulated reports: DOCX and RTF."""

import re
from pathlib import Path

from docx import Document
from docx.shared import Pt

_COLUMNS = re.compile(r"\t| \| | {3,}")


def write_docx(text: str, path: Path) -> None:
    """Text as DOCX; runs of lines in columns become a table."""
    document = Document()
    document.styles["Normal"].font.size = Pt(10)
    table: list[list[str]] = []

    def flush() -> None:
        if not table:
            return
        width = max(len(row) for row in table)
        grid = document.add_table(rows=len(table), cols=width)
        for line, row in zip(table, grid.rows, strict=True):
            for words, cell in zip(line, row.cells, strict=False):
                cell.text = words
        table.clear()

    for line in text.rstrip("\n").split("\n"):
        cells = [cell.strip() for cell in _COLUMNS.split(line.strip())]
        if len(cells) >= 3:
            table.append(cells)
            continue
        flush()
        document.add_paragraph(line)
    flush()
    document.save(str(path))


def write_rtf(text: str, path: Path) -> None:
    """Text as RTF, other than ASCII as Unicode escapes."""
    body = []
    for sign in text.rstrip("\n"):
        if sign in "\\{}":
            body.append("\\" + sign)
        elif sign == "\n":
            body.append("\\par\n")
        elif sign == "\t":
            body.append("\\tab ")
        elif sign.isascii():
            body.append(sign)
        else:
            body.append(f"\\u{ord(sign)}?")
    head = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Courier New;}}\\f0\\fs20\n"
    path.write_text(head + "".join(body) + "\n}", "ascii", newline="\n")
