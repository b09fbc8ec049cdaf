"""The text layer of a PDF page in reading order: rows, cells and columns from where its characters stand.

A layer's own order is that in which a program drew it, and its blanks are gone: a name beside a number, or the
cells of a table, would run into each other.
"""

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from watchers.extract.page_layout import Piece, arrange

WORD_GAP = 0.14  # in heights of the line: a wider gap parts two words
CELL_GAP = 0.9  # and two cells
STRETCHED = 3.0  # what a printed blank may be stretched to in a justified line
UNEVEN = 1.6  # a blank wider than the line's others by this factor stood for several
SLANT = 0.2  # radians: other text is set apart
_LIGATURES = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\x02": "-",
        "\xad": "-",
    }
)
_RAISED = {"2": "\u00b2", "3": "\u00b3"}


@dataclass(slots=True)
class _Run:
    """Characters drawn one after the other on one line, y downwards."""

    left: float
    top: float
    right: float
    bottom: float
    text: list[str] = field(repr=False)
    blanks: list[tuple[int, float, float]] = field(
        default_factory=list, repr=False
    )  # place in text, from x, to x

    @property
    def line(self) -> float:
        return max(1.0, self.bottom - self.top)

    def gap(self, left: float, right: float, top: float, bottom: float) -> float | None:
        """Heights of the line from here to the next character; None where that begins another line."""
        high = max(1.0, min(self.line, bottom - top))
        overlap = min(self.bottom, bottom) - max(self.top, top)
        gap = (left - self.right) / self.line
        return gap if overlap > 0.5 * high and gap > -0.6 and right > self.left else None

    def raised(self, char: str, gap: float, top: float, bottom: float) -> str | None:
        """The character as an exponent (``10^9``, ``m\u00b2``), where it is small, high and close to its base."""
        small = bottom - top < 0.8 * self.line and bottom < self.bottom - 0.2 * self.line
        if not small or not char.isdigit() or gap > 0.4:
            return None
        if "".join(self.text[-2:]) == "10":
            return f"^{char}"
        return _RAISED.get(char) if self.text[-1] in "mM" else None


def page_text(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> str:
    """The page's text; in the layer's own order where the page is turned or characters are lost on the way."""
    plain = textpage.get_text_range()
    made = _written(*_runs(textpage, page.get_height())) if page.get_rotation() == 0 else ""
    return made if _letters(made) == _letters(plain) else plain


def _letters(text: str) -> str:
    text = text.translate(_LIGATURES).replace("\u00b2", "2").replace("\u00b3", "3")
    return "".join(sorted(c for c in text if not c.isspace() and c.isprintable() and c not in "-^"))


def _runs(textpage: pdfium.PdfTextPage, height: float) -> tuple[list[_Run], str]:
    """The runs of upright characters, and the slanted ones in the order of the layer."""
    out: list[_Run] = []
    slanted: list[str] = []
    box = raw.FS_RECTF()
    blanks = 0
    drawn = False
    last: _Run | None = None
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, index)
        char = chr(code).translate(_LIGATURES) if code else ""
        if not char or char.isspace():
            blanks += 1
            drawn = drawn or raw.FPDFText_IsGenerated(textpage, index) == 0
            continue
        if not raw.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(box)):
            continue
        angle = raw.FPDFText_GetCharAngle(textpage, index)
        if SLANT < angle < 2 * math.pi - SLANT:
            slanted.append(f" {char}" if blanks else char)
            blanks, drawn, last = 0, False, None
            continue
        left, right = float(box.left), float(box.right)
        top, bottom = height - float(box.top), height - float(box.bottom)
        gap = last.gap(left, right, top, bottom) if last else None
        if last is not None and gap is not None and gap < (STRETCHED if blanks == 1 and drawn else CELL_GAP):
            if power := last.raised(char, gap, top, bottom):
                char = power
            elif gap > WORD_GAP or (blanks and gap > 0.4 * WORD_GAP):
                last.blanks.append((len(last.text), last.right, left))
                last.text.append(" ")
            last.text.append(char)
            last.right = max(last.right, right)
            last.top, last.bottom = min(last.top, top), max(last.bottom, bottom)
        else:
            last = _Run(left, top, right, bottom, [char])
            out.append(last)
        blanks, drawn = 0, False
    usual = median([end - start for run in out for _, start, end in run.blanks] or [0.0])
    return [part for run in out for part in _parts(run, usual)], "".join(slanted).strip()


def _parts(run: _Run, usual: float) -> list[_Run]:
    """A run split where a blank is far wider than the others: a layer keeps one of several blanks."""
    widths = [end - start for _, start, end in run.blanks]
    even = median(widths) if len(widths) > 3 else usual
    parts: list[_Run] = []
    begin, left = 0, run.left
    for (place, start, end), wide in zip(run.blanks, widths, strict=True):
        if wide > max(CELL_GAP * run.line, UNEVEN * even):
            parts.append(_Run(left, run.top, start, run.bottom, run.text[begin:place]))
            begin, left = place + 1, end
    return [*parts, _Run(left, run.top, run.right, run.bottom, run.text[begin:])]


def _written(runs: Sequence[_Run], slanted: str) -> str:
    pieces = [
        Piece(i, run.left, run.top, run.right, run.bottom, len("".join(run.text)))
        for i, run in enumerate(runs)
    ]
    out: list[str] = []
    for number, row in enumerate(arrange(pieces, cell_gap=CELL_GAP)):
        if number:
            out.append("\n\n" if row.apart else "\n")
        for gap, piece in zip(row.gaps, row.pieces, strict=True):
            out += [gap, *runs[piece.index].text]
    return "".join([*out, f"\n\n{slanted}" if slanted else ""])
