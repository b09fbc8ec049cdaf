"""Plain text and Markdown, in the encodings in which practices write them."""

import codecs
import re
import unicodedata

from clinical.errors import ExtractionError
from clinical.report import Page
from watchers.extract.reading import Reading

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# Directional overrides reorder what a reader sees; they carry no meaning in a report.
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def decode(content: bytes) -> str:
    """The text of ``content``: by byte-order mark, UTF-8, UTF-16 by its zeros, else Windows-1252.

    Raises:
        ExtractionError: the bytes are not text.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        # A file cut in the middle of its last character is still UTF-8.
        if error.start >= len(content) - 3 and error.reason == "unexpected end of data" and error.start > 0:
            return content[: error.start].decode("utf-8")
    sample = content[:4096]
    zeros = sample.count(0)
    if zeros > len(sample) // 4:
        odd = sample[1::2].count(0)
        return content.decode("utf-16-le" if odd * 2 > zeros else "utf-16-be", errors="replace")
    if zeros:
        raise ExtractionError(
            "binary", "The file is not text.", "Export the report as text, PDF or Word and drop it again."
        )
    text = content.decode("cp1252", errors="replace")
    if sum(ord(c) > 0x7F for c in text[:4096]) > 0.35 * len(text[:4096]):
        raise ExtractionError(
            "binary", "The file is not text.", "Export the report as text, PDF or Word and drop it again."
        )
    return text


def tidy(text: str) -> str:
    """One form of line end, no control or reordering characters, composed accents, no trailing blanks."""
    text = (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\x0b", "\n")
        .replace("\u2028", "\n")
        .replace("\u2029", "\n")
    )
    text = _INVISIBLE.sub("", _CONTROL.sub("", text.replace("\x0c", "\n")))
    text = unicodedata.normalize("NFC", text.replace("\xa0", " "))
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n").rstrip()


def without_leaders(line: str) -> str:
    """Points that lead from a label to its value are a colon: ``NAME . . . : Lee``."""
    return re.sub(r"(?:[ \t]*\.){3,}[ \t]*:?(?=[ \t])", ":", line)


def mostly_text(text: str) -> bool:
    """Whether decoded bytes are text: few control or replacement characters."""
    sample = text[:20_000]
    bad = len(_CONTROL.findall(sample)) + sample.count("\ufffd")
    return bad <= max(2, len(sample) // 50)


def read_text(content: bytes) -> tuple[Reading, ...]:
    """One report: the file's text."""
    text = decode(content)
    if not mostly_text(text):
        raise ExtractionError(
            "binary", "The file is not text.", "Export the report as text, PDF or Word and drop it again."
        )
    text = tidy(text)
    if not text.strip():
        raise ExtractionError(
            "empty", "The file holds no text.", "Check that the export wrote the report, and drop it again."
        )
    return (Reading(text=text, media_type="text/plain", pages=(Page(1, "text"),)),)
