"""A Report from bare text, for rows of the shell and texts pasted into a tool."""

import re

from clinical.report import Report, Status
from clinical.structure.build import build_structure

_RETRACTED = re.compile(
    r"(?im)^\W*(?:report )?status\s*[:\-]?\s*(?:retracted|entered in error|cancel+ed|withdrawn)\b"
)
_AMENDED = re.compile(
    r"(?im)^\W*(?:(?:report )?status\s*[:\-]?\s*)?(?:amended|corrected|addend(?:ed|um to))\b"
    r"(?: report)?[^.\n]{0,40}$"
    r"|^\W*(?:amended|corrected) report\b"
)
_PRELIMINARY = re.compile(
    r"(?im)^\W*(?:(?:report )?status\s*[:\-]?\s*)?(?:preliminary|pending|draft|unsigned|not yet signed)\b"
    r"(?: report| read| result)?[^.\n]{0,40}$"
)


def report_from_text(text: str, id: str = "text") -> Report:
    """Structure ``text`` and guess its status from what it prints of itself.

    A text is taken as final and signed unless it says otherwise: a bare text carries no signature to check.
    """
    status = guessed_status(text)
    return Report(
        id=id, text=text, structure=build_structure(text), status=status, signed=status != "preliminary"
    )


def guessed_status(text: str) -> Status:
    """``retracted``, ``preliminary`` or ``amended`` where a line of the text says so, else ``final``."""
    if _RETRACTED.search(text):
        return "retracted"
    if _PRELIMINARY.search(text):
        return "preliminary"
    return "amended" if _AMENDED.search(text) else "final"
