"""Follow-ups that a report asks for: what, by when, and the words that ask.

Only a sentence that asks in so many words counts, and only with a test, a visit or a time in it; what was
recommended in the past or is not needed is none.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from clinical.report import Section
from clinical.structure.lexicon import rules
from clinical.structure.sections import find_sections
from clinical.structure.sentences import sentences

_UNIT = r"(?:day|week|month|year|hour)s?"
_COUNT = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|a|an|a few|several)"
_DUE = re.compile(
    rf"\b(?:in|within|after|at|every|over)[ ]+(?:about[ ]+|approximately[ ]+|the[ ]+next[ ]+)?{_COUNT}"
    rf"(?:[ ]?(?:-|–|to|or)[ ]?{_COUNT})?[ -]?{_UNIT}(?:[ ]+(?:time|from[ ]+now|after[ ]+\w+))?"
    rf"|\b{_COUNT}[ -](?:to|or)[ -]{_COUNT}[ -]{_UNIT}(?=[ ]+(?:follow|interval))"
    rf"|\b{_COUNT}[ -](?:day|week|month|year)(?=[ -]+(?:follow|interval|surveillance))"
    r"|\b(?:next|this)[ ]+(?:week|month|year|visit|\w+day)"
    r"|\b(?:tomorrow|today|annually|yearly|weekly|monthly|immediately|urgently|as soon as possible)\b"
    r"|\b(?:p\.?r\.?n\.?|as needed|postoperatively)\b"
    r"|\bin[ ]+(?:the[ ]+)?(?:morning|near[ ]+future)\b|\bon[ ]+\[DATE[^\]]*\]|\bon[ ]+\d{1,2}/\d{1,2}(?:/\d{2,4})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FollowUpRequest:
    """One request by offset: ``start:end`` is the whole sentence, ``what`` its asking part, ``due`` as printed."""

    start: int
    end: int
    what: str = field(repr=False)
    due: str | None = None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str]]:
    data = rules("followups.toml")["ask"]

    def any_of(key: str) -> re.Pattern[str]:
        words = sorted(data[key], key=len, reverse=True)
        return re.compile(
            r"(?<![\w-])(?:" + "|".join(re.escape(word) for word in words) + r")(?![\w-])", re.IGNORECASE
        )

    return any_of("before"), any_of("after"), any_of("what"), any_of("past"), frozenset(data["sections"])


_FIRM = re.compile(r"recommend|advis|suggest|should|warranted|follow[- ]?up|return|refer|rtc", re.IGNORECASE)
_ITEM = re.compile(r"^(?:\d{1,2}[.)]|[-•*])[ ]*")


def find_followups(text: str, sections: Sequence[Section] | None = None) -> tuple[FollowUpRequest, ...]:
    """Requests in order of appearance."""
    before, after, what, past, planning = _patterns()
    placed = find_sections(text) if sections is None else sections
    starts = [section.start for section in placed]
    found = []
    for part in sentences(text):
        sentence = text[part.start : part.end]
        asks = before.search(sentence) or after.search(sentence)
        if asks is None or past.search(sentence) or len(sentence) > 600:
            continue
        at = bisect_right(starts, part.start) - 1
        section = placed[at].name if at >= 0 else None
        if section is not None and section not in planning:
            continue
        if section not in (
            "plan",
            "follow_up",
            "assessment_and_plan",
            "discharge_instructions",
        ) and not _FIRM.search(asks.group()):
            continue
        due = _DUE.search(sentence, asks.start()) or _DUE.search(sentence)
        if due is None and what.search(sentence) is None:
            continue
        asked = _asked(sentence, asks, before.search(sentence) is None)
        found.append(FollowUpRequest(part.start, part.end, asked, due.group() if due else None))
    return tuple(found)


def _asked(sentence: str, asks: re.Match[str], ends: bool) -> str:
    """The part of the sentence that tells what is asked for."""
    words = sentence if ends else sentence[asks.start() :]
    return _ITEM.sub("", words).strip(" .;:")
