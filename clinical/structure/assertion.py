"""What a sentence asserts of a finding, in the manner of ConText: cues, their direction, and what ends their scope.

Source: Chapman et al., "ConText: an algorithm for identifying contextual features from clinical text" (2007).
Cues, terminators and pseudo-cues are data (``rules/context.toml``); here is only how they are applied.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from clinical.report import Assertion, Side
from clinical.structure.lexicon import Lexicon, Match, Word, rules

_RANK: tuple[Assertion, ...] = ("absent", "family", "hypothetical", "possible", "historical")
_SIDES: dict[str, Side] = {
    "left": "left",
    "lt": "left",
    "leftsided": "left",
    "right": "right",
    "rt": "right",
    "rightsided": "right",
    "bilateral": "bilateral",
    "bilaterally": "bilateral",
    "both": "bilateral",
}
_NO_SIDE_BEFORE = frozenset(
    "ventricular ventricle atrial atrium main anterior circumflex bundle axis coronary heart shift ventriculogram "
    "hand-dominant handed lateral posterior in out of".split()
)
_AFFIRMED = frozenset(
    "positive mild moderate severe some slight trace occasional there normal minimal marked small large a an "
    "significant intermittent patient she he her his did does has".split()
)
_LIST_END = frozenset(("and", "or"))
_DAYS_AGO = re.compile(r"\[DATE-(\d+)d\]")
_LONG_AGO = 120
_YEAR = re.compile(r"(?:19|20)\d\d$")


@dataclass(frozen=True, slots=True)
class _Cue:
    assertion: str
    direction: str
    reach: int


@dataclass(frozen=True, slots=True)
class _Scope:
    """Words ``first:last`` about which a cue speaks."""

    assertion: str
    first: int
    last: int


@cache
def _cues() -> Lexicon:
    phrases = []
    for rule in rules("context.toml")["cue"]:
        cue = _Cue(rule["assertion"], rule["direction"], int(rule.get("reach", 40)))
        phrases += [(phrase, cue) for phrase in rule["phrases"]]
    return Lexicon(phrases)


@cache
def _relatives() -> tuple[frozenset[str], frozenset[str], frozenset[str], int]:
    data = rules("context.toml")["relatives"]
    return frozenset(data["words"]), frozenset(data["verbs"]), frozenset(data["tellers"]), int(data["reach"])


@cache
def _severities() -> frozenset[str]:
    return frozenset(rules("context.toml")["severity"]["words"])


class Assertions:
    """The cues of one sentence, asked finding by finding.

    Args:
        text: the whole text the words point into.
        words: the words of the sentence.
        section: canonical name of the section the sentence stands in.
    """

    def __init__(self, text: str, words: Sequence[Word], section: str | None) -> None:
        self._words = words
        self._section = section
        self._default = rules("context.toml")["section"].get(section or "")
        matches = [match for match in _cues().find(words, text) if match.payload.assertion != "pseudo"]
        self._stops = [match for match in matches if match.payload.assertion.endswith("stop")]
        self._scopes: list[_Scope] = []
        for match in matches:
            if not match.payload.assertion.endswith("stop"):
                self._scopes += self._scopes_of(match)
        self._scopes += self._relative_scopes()
        self._scopes += self._long_ago_scopes()

    # scopes -------------------------------------------------------------------------------------------

    def _scopes_of(self, match: Match) -> list[_Scope]:
        cue: _Cue = match.payload
        direction = cue.direction
        if direction == "backward" and self._words[match.first].key in (":", "-"):
            direction = "backward" if self._ends_here(match.last) else "forward"
        if direction == "forward":
            return [
                self._forward(
                    cue.assertion,
                    match.last,
                    max(cue.reach, 20) if match.payload.direction != direction else cue.reach,
                )
            ]
        return [self._backward(cue.assertion, match.first, cue.reach)]

    def _ends_here(self, at: int) -> bool:
        return at >= len(self._words) or self._words[at].key in (".", ",", ";", ")")

    def _forward(self, assertion: str, start: int, reach: int) -> _Scope:
        stop = min(len(self._words), start + reach)
        for match in self._stops:
            if start < match.first < stop or (match.first == start and match.payload.assertion == "stop"):
                kind = match.payload.assertion
                if kind == "stop" or kind == f"{assertion}_stop":
                    stop = match.first
                    break
        if assertion in ("absent", "possible"):
            stop = self._comma_stop(start, stop)
        return _Scope(assertion, start, stop)

    def _comma_stop(self, start: int, stop: int) -> int:
        """A list goes on after a comma, but not where something is said to be there ("no fever, mild cough")."""
        for at in range(start, stop - 1):
            word = self._words[at].key
            if word in (",", "and") and self._words[at + 1].key in _AFFIRMED:
                return at
            if word == "." and at > start:
                return at
        return stop

    def _backward(self, assertion: str, end: int, reach: int) -> _Scope:
        start = max(0, end - reach)
        for match in self._stops:
            if start <= match.first < end and match.payload.assertion == "stop":
                start = match.last
        for scope in self._scopes:
            if scope.assertion == "absent" and assertion == "absent" and start < scope.first < end:
                start = max(start, 0)
        return _Scope(assertion, start, end)

    def _relative_scopes(self) -> list[_Scope]:
        relatives, verbs, tellers, reach = _relatives()
        found = []
        for at, word in enumerate(self._words):
            if word.key not in relatives:
                continue
            following = [w.key for w in self._words[at + 1 : at + 4]]
            if self._section != "family_history" and (
                tellers.intersection(w.text.lower() for w in self._words[at + 1 : at + 4])
                or not verbs.intersection(following)
                or (following[:1] in (["was"], ["is"], ["and"]) and not verbs.intersection(following[1:]))
            ):
                continue
            found.append(self._forward("family", at + 1, reach))
        return found

    def _long_ago_scopes(self) -> list[_Scope]:
        found = []
        for at, word in enumerate(self._words):
            days = _DAYS_AGO.match(word.text)
            year = (
                at > 0
                and _YEAR.match(word.text)
                and self._words[at - 1].key in ("in", "since", "of", "circa")
            )
            if (days and int(days.group(1)) >= _LONG_AGO) or year:
                found.append(self._backward("historical", at, 8))
        return found

    # answers ------------------------------------------------------------------------------------------

    def of(self, first: int, last: int) -> Assertion:
        """What is asserted of the finding at words ``first:last``."""
        held = {s.assertion for s in self._scopes if s.first <= first and last <= s.last}
        for assertion in _RANK:
            if assertion in held:
                return assertion
        default: Assertion | None = self._default
        return default or "present"

    def side(self, first: int, last: int) -> Side | None:
        """Side by the nearest side word: before the finding within its phrase, else after it."""
        if self._words[first].key in ("left", "right"):
            return None
        before = self._sides_in(range(first - 1, max(-1, first - 7), -1))
        if before is not None:
            return before
        return self._sides_in(range(last, min(len(self._words), last + 9)))

    def _sides_in(self, places: range) -> Side | None:
        found: Side | None = None
        for at in places:
            word = self._words[at].key
            if word in (",", ";", ".", ":", "(") or word in ("no", "without", "with", "but", "not"):
                break
            side = _SIDES.get(word)
            if side is None:
                continue
            following = self._words[at + 1].key if at + 1 < len(self._words) else ""
            if following in _NO_SIDE_BEFORE and side != "bilateral":
                continue
            if found is not None and found != side:
                return "bilateral" if "bilateral" not in (found, side) else "bilateral"
            found = side
            joined = self._words[at + places.step] if 0 <= at + places.step < len(self._words) else None
            if joined is None or joined.key != "and":
                break
        return found

    def severity(self, first: int, last: int) -> str | None:
        """Severity word in the phrase before the finding, or after it ("is severe")."""
        known = _severities()
        for at in range(first - 1, max(-1, first - 5), -1):
            word = self._words[at]
            if word.key in (",", ";", ".", ":", "no", "without"):
                break
            if word.key in known:
                return word.key.removesuffix("ly")
        for at in range(last, min(len(self._words) - 1, last + 2)):
            if self._words[at].key in ("is", "was", "are") and self._words[at + 1].key in known:
                return self._words[at + 1].key.removesuffix("ly")
        return None
