"""The foot of a report: who signed, dictated and gets a copy. It belongs to no clinical section."""

import re

_LINE = re.compile(
    r"(?im)^[ \t>*_\-–—]*(?:"
    r"(?:this (?:report|note|document)(?: has been| was| is)?[ \t]+|report[ \t]+|note[ \t]+|final report[ \t]+)?"
    r"(?:(?:electronically|digitally|e-?)[ \t-]*)?"
    r"(?:signed|authenticated|verified|finali[sz]ed|approved|validated|dictated|transcribed|attested|released)\b"
    r"(?:[ \t]*(?:by|on|and|electronically|off|:|/)|[ \t]+(?:\[|\d))"
    r"|(?:final|preliminary)(?: report)?\b[^\n]{0,20}\b(?:signed|verified|released|authenticated)\b"
    r"|(?:unsigned|not yet signed|draft report|preliminary report)\b"
    r"|(?:questions|concerns)\?[ \t]*call|for questions[, ]|cop(?:y|ies)(?: sent)? to[ \t]*:?|carbon copy"
    r"|thank you for (?:referring|the referral|allowing|asking)|page[ \t]*\d+ of \d+"
    r"|(?:signature|signed|authenticated by|reading (?:radiologist|physician)|interpreting physician|pathologist"
    r"|reviewed and signed)[ \t]*[:\-]"
    r"|c\.?c\.?[ \t]*:[ \t]*(?:dr\b|\[|[A-Z][\w'-]+ [A-Z])"
    r"|(?:d|t|dd|dt|dictated|transcribed)[ \t]*:[ \t]*(?:\[|\d)"
    r"|/e?s/|_{5,}"
    r"|\[NAME\],?[ \t]*(?:,[ \t]*)?(?:m\.?d\.?|d\.?o\.?|ph\.?d|np|pa(?:-c)?|rn|d\.?p\.?m|d\.?d\.?s)\b"
    r")"
)
LONGEST = 900
"""Characters that a foot may have; a line like it further up is part of the text."""


def find_signoff(text: str, after: int = 0) -> int | None:
    """Where the foot of the report begins, or None.

    A foot is short, stands at the end (behind ``after``, the last heading), and begins with a line that signs,
    dictates or copies.
    """
    start = max(after, len(text.rstrip()) - LONGEST)
    for match in _LINE.finditer(text, start):
        rest = text[match.start() :].strip()
        # More than a few full sentences after it: a signed part in the middle, not the foot.
        if len(re.findall(r"[a-z]{3,}[.!?](?:\s|$)", rest)) <= 3:
            return match.start()
    return None
