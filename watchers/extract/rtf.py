"""RTF by striprtf; pictures in it are said to be unread."""

import re

from striprtf.striprtf import rtf_to_text

from clinical.errors import ExtractionError
from clinical.report import Page
from watchers.extract.reading import Reading
from watchers.extract.text import tidy


def read_rtf(content: bytes) -> tuple[Reading, ...]:
    """One report: the document's text."""
    source = content.decode("latin-1")
    if not source.rstrip("\x00 \r\n\t").endswith("}"):
        raise ExtractionError("damaged", "The RTF file is incomplete.", "Export it again.")
    pictures = len(re.findall(r"\\pict\b", source))
    page = re.search(r"\\ansicpg(\d+)", source)
    encoding = f"cp{page[1]}" if page and page[1] not in ("0", "10000") else "cp1252"
    # Long runs of hex are pictures and objects: out before the parser sees them.
    source = re.sub(r"(?:[0-9a-fA-F]{2}\s*){400,}", "", source)
    try:
        text = tidy(rtf_to_text(source, encoding=encoding, errors="replace"))
    except Exception as error:  # the parser raises what its regular expressions meet
        raise ExtractionError("damaged", "The RTF file cannot be read.", "Export it again.") from error
    text = re.sub(r"[ \t]*\|[ \t]*(?=\n|$)", "", text).replace("|", "  ")
    if not text.strip():
        raise ExtractionError(
            "empty",
            "The RTF file holds no text.",
            "If it holds a picture of the report, drop the picture or a PDF.",
        )
    warnings = (f"{pictures} pictures in the document were not read",) if pictures else ()
    return (Reading(text=text, media_type="application/rtf", pages=(Page(1, "text"),), warnings=warnings),)
