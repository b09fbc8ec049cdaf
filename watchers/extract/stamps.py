"""What a stamp says of a report's state: DRAFT, AMENDED and their like, stamped large or aslant across a page."""

import re
from collections.abc import Mapping, Sequence

from rapidfuzz.distance import Levenshtein

from clinical.report import Status
from watchers.extract.neural import Line

SURE = 0.6
# VOID is not among them: copies of protected paper show it by themselves.
WORDS: Mapping[str, Status] = {
    "DRAFT": "preliminary",
    "PRELIMINARY": "preliminary",
    "UNSIGNED": "preliminary",
    "UNVERIFIED": "preliminary",
    "NOTFINAL": "preliminary",
    "AMENDED": "amended",
    "CORRECTED": "amended",
    "REVISED": "amended",
    "RETRACTED": "retracted",
    "WITHDRAWN": "retracted",
    "ENTEREDINERROR": "retracted",
}
_WEIGHT: Mapping[Status, int] = {"final": 0, "amended": 1, "preliminary": 2, "retracted": 3}


def stamped(lines: Sequence[Line]) -> tuple[Status, ...]:
    """The states that stamps state, each once; one letter of a stamp may be misread."""
    found: list[Status] = []
    for line in lines:
        letters = re.sub(r"[^A-Z]", "", line.text.upper())
        letters = re.sub(r"(?:REPORT|COPY)$", "", letters)
        for word, status in WORDS.items():
            near = Levenshtein.distance(letters, word) <= (1 if len(word) > 4 else 0)
            if near and line.confidence >= SURE and status not in found:
                found.append(status)
    return tuple(found)


def gravest(states: Sequence[Status]) -> Status | None:
    """Of several the one that keeps a report back longest; None of none."""
    return max(states, key=lambda status: _WEIGHT[status], default=None)
