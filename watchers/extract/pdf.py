"""PDF by pypdfium2: page by page, the text layer where it is good, else the page's image by OCR."""

import re
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from clinical.errors import ExtractionError
from clinical.report import Doubtful, Page
from watchers.extract.ocr import PageText, read_images
from watchers.extract.options import ExtractOptions
from watchers.extract.pdf_text import page_text
from watchers.extract.reading import Reading
from watchers.extract.stamps import gravest
from watchers.extract.text import tidy

SCAN_BELOW = 20
DPI = 300
_CACHE = 4


@dataclass(frozen=True, slots=True)
class _Layer:
    number: int
    text: str
    good: bool


def read_pdf(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """One report: the document's pages in order.

    Raises:
        ExtractionError: encrypted, damaged, without pages or with too many.
    """
    document = _open(content)
    try:
        count = len(document)
        if count == 0:
            raise ExtractionError("damaged", "The PDF has no pages.", "Export it again.")
        if count > options.max_pages:
            raise ExtractionError(
                "too-long",
                f"The PDF has more than {options.max_pages} pages.",
                "Split it and drop the parts.",
            )
        layers = [_layer(document, index) for index in range(count)]
        scans = [layer.number for layer in layers if not layer.good]
        some = scans[: options.max_scans]
        read = dict(zip(some, read_images((_render(document, n - 1) for n in some), options), strict=True))
    except pdfium.PdfiumError as error:
        raise ExtractionError("damaged", "The PDF is damaged.", "Export it again.") from error
    finally:
        document.close()
    return (
        join_pages(
            [
                (layer.number, None if not layer.good else layer.text, read.get(layer.number), layer.text)
                for layer in layers
            ],
            "application/pdf",
        ),
    )


def join_pages(pages: list[tuple[int, str | None, PageText | None, str]], media_type: str) -> Reading:
    """Pages as one text, parted by a blank line, doubtful stretches moved to their place."""
    parts: list[str] = []
    doubtful: list[Doubtful] = []
    shown: list[Page] = []
    warnings: list[str] = []
    at = 0
    for number, layer, scan, weak in pages:
        if layer is not None:
            text, page = layer, Page(number, "text")
        elif scan is not None and scan.read:
            text, page = scan.text, Page(number, "ocr", scan.confidence)
        else:
            # A page that cannot be read stays visible as one; the few characters of its layer are kept.
            text, page = (
                weak if _words(weak) else "",
                Page(number, "unread", scan.confidence if scan else None),
            )
            warnings.append(f"page {number} could not be read")
        shown.append(page)
        if not text:
            continue
        at += 2 if parts else 0
        if scan is not None and layer is None:
            doubtful.extend(Doubtful(d.start + at, d.end + at, d.readings) for d in scan.doubtful)
            warnings.extend(f"page {number}: {warning}" for warning in scan.warnings)
        parts.append(text)
        at += len(text)
    states = [state for _, _, scan, _ in pages if scan is not None for state in scan.stamped]
    warnings.extend(f"a stamp calls the report {state}" for state in dict.fromkeys(states))
    whole = "\n\n".join(parts)
    return Reading(
        text=whole,
        media_type=media_type,
        pages=tuple(shown),
        doubtful=tuple(doubtful),
        status=gravest(states),
        warnings=tuple(warnings),
    )


def _open(content: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "assword" in str(error) or "ncrypt" in str(error) or b"/Encrypt" in content[-4096:]:
            raise ExtractionError(
                "encrypted",
                "The PDF is protected by a password.",
                "Save it without a password and drop it again.",
            ) from error
        raise ExtractionError(
            "damaged", "The PDF cannot be opened; it is damaged or incomplete.", "Export it again."
        ) from error


def _layer(document: pdfium.PdfDocument, index: int) -> _Layer:
    try:
        page = document[index]
        try:
            textpage = page.get_textpage()
            try:
                text = tidy(page_text(page, textpage))
            finally:
                textpage.close()
        finally:
            page.close()
    except pdfium.PdfiumError:
        return _Layer(index + 1, "", False)
    return _Layer(index + 1, text, good_layer(text))


def good_layer(text: str) -> bool:
    """Whether a text layer is to be trusted: long enough, few odd characters, mostly words."""
    if len(re.sub(r"\s", "", text)) < SCAN_BELOW:
        return False
    visible = re.sub(r"\s", "", text)
    odd = sum(
        1
        for c in visible
        if c == "\ufffd" or 0xE000 <= ord(c) <= 0xF8FF or (ord(c) < 32) or 0x80 <= ord(c) < 0xA0
    )
    mojibake = len(
        re.findall(
            r"(?:\u00c3[\u0080-\u00bf\u0152-\u2122]|\u00e2\u20ac|\u00c2[\u0080-\u00bf]|\(cid:\d+\))", text
        )
    )
    if odd > len(visible) * 0.03 or mojibake > max(2, len(visible) // 200):
        return False
    return _words(text)


def _words(text: str) -> bool:
    """Whether most of the letters stand in pronounceable words or known forms."""
    tokens = re.findall(r"[^\W\d_]{2,}", text)
    if len(tokens) < 3:
        return bool(re.search(r"\d", text)) or bool(tokens)
    wordlike = sum(
        1
        for token in tokens
        if re.search(r"[aeiouyAEIOUY\u00c0-\u024f]", token)
        or (token.isupper() and len(token) <= 5)
        or len(token) <= 3
    )
    runs = sum(
        1
        for token in tokens
        if re.search(r"[bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ]{6,}|(?:[a-z][A-Z]){2,}", token)
    )
    return wordlike >= len(tokens) * 0.7 and runs <= len(tokens) * 0.15


def _render(document: pdfium.PdfDocument, index: int) -> NDArray[np.uint8] | None:
    """The page as a BGR image at 300 dpi; None where it cannot be drawn."""
    try:
        page = document[index]
        try:
            width, height = page.get_size()
            scale = min(DPI / 72, 6000 / max(width, height, 1))
            bitmap = page.render(scale=scale, rev_byteorder=False)
            try:
                image = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
            finally:
                bitmap.close()
            return image
        finally:
            page.close()
    except (pdfium.PdfiumError, ValueError, MemoryError):
        return None
