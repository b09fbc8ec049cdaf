"""Head and foot of a report: letterhead, title, who and when; who signed it. Neither holds a finding or a sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clinical.deidentify.tags import TAG
from clinical.report import Section
from clinical.structure.signoff import find_signoff

LONGEST = 2500
_HEAD_ONLY = ("header", "other")
_TEXT_WORDS = 9
_LABEL = re.compile(
    r"\b(?:MRN|M\.?R\.?\s?(?:#|No\b)|medical rec(?:ord)?|med(?:ical)? rec(?:ord)? ?(?:no|#|number)|"
    r"chart (?:no|#|number)|patient(?: name| id)?[ \t]*[:#]|name[ \t]*:|d\.?o\.?b\b|date of birth|birth ?date|born|"
    r"accession|acc(?: no)?[ .]*#|"
    r"(?:order|exam|visit|account|case)[ \t]*(?:#|no\b|number)|(?:exam|service|report|visit|collection) date|"
    r"collected|date[ \t]*:|gender|sex[ \t]*[:\]]|age/sex|ssn|phone|tel(?:ephone)?\b|fax|e-?mail|site:|"
    r"loc(?:ation)?:|(?:referring|ordering|attending|primary care)(?: (?:physician|provider|doctor))?|dear|"
    r"regarding|re:|"
    r"(?:suite|apt|street|avenue|ave|drive|road|blvd|court|lane)\b|[A-Z]{2} \d{5}(?:-\d{4})?\b)",
    re.IGNORECASE,
)
_TITLE_WORD = re.compile(r"[A-Z0-9#(][\w.,'/&()#-]*|of|the|and|with|without|to|for|two|views?|x-ray|&|-|/")
_RULE = re.compile(r"[\s_=*·—–-]*$")


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between head and foot: ``text[start:end]``.

    ``identified`` is where the last line of the head ends that tells who, when or where: a title may hold a finding,
    an address none.
    """

    start: int
    end: int
    identified: int


def body_of(text: str, sections: Sequence[Section]) -> Body:
    """The report without its head and its foot."""
    head, identified = _head(text, sections)
    last = max((s.start + len(s.heading) for s in sections if s.name not in _HEAD_ONLY), default=head)
    foot = find_signoff(text, max(head, last))
    end = len(text) if foot is None else foot
    return Body(head, end, identified) if text[head:end].strip() else Body(0, len(text), 0)


def _head(text: str, sections: Sequence[Section]) -> tuple[int, int]:
    """Where the head ends, the first line that is neither title, label nor address, and its last identifying line."""
    first = next((s.start for s in sections if s.name not in _HEAD_ONLY), len(text))
    first = min(first, LONGEST)
    at = end = identified = 0
    while at < first:
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line = text[at:stop]
        kind = _kind(line)
        if kind == "text":
            break
        at = min(stop + 1, first)
        if kind != "rule":
            end = at
        if kind == "label":
            identified = at
    return end, identified


def _kind(line: str) -> Literal["rule", "label", "title", "text"]:
    if _RULE.match(line):
        return "rule"
    words = line.split()
    if TAG.search(line) and len(re.findall(r"[A-Za-z]{3,}", TAG.sub(" ", line))) <= _TEXT_WORDS:
        return "label" if not line.rstrip().endswith(".") or len(words) < _TEXT_WORDS else "text"
    if _LABEL.search(line):
        return "label" if len(re.findall(r"\b[a-z]{3,}\b", line)) < _TEXT_WORDS else "text"
    short = len(words) <= _TEXT_WORDS and not line.rstrip().endswith((".", ":"))
    return "title" if short and all(_TITLE_WORD.fullmatch(word) for word in words) else "text"
