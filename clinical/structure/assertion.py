"""What a sentence asserts of a finding, in the manner of ConText: cues, their direction, and what ends their scope.

Source: Chapman et al., "ConText: an algorithm for identifying contextual features from clinical text" (2007).
Cues, terminators and pseudo-cues are data (``rules/context.toml``); here is only how they are applied.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from clinical.report import Assertion, Side
from clinical.structure.cues import Cue, cues_in, ends_clause
from clinical.structure.lexicon import Match, Word, rules

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
_LIST = 90  # words that a denied list may go on for
_NO_FURTHER = frozenset("no without with but not found who which presents presented underwent".split())
_NO_SIDE_BEFORE = frozenset(
    "ventricular ventricle atrial atrium main anterior circumflex bundle axis coronary heart shift ventriculogram "
    "hand-dominant handed lateral posterior in out of".split()
)
_AFFIRMED = frozenset(
    "positive mild moderate severe some slight trace occasional there normal minimal marked small large a an "
    "significant intermittent patient she he her his did does has".split()
)
_DAYS_AGO = re.compile(r"\[DATE-(\d+)d\]")
_POINT = re.compile(r"^[ \t]*[*•][ \t]", re.MULTILINE)
_SOMEBODY = re.compile(
    r"\b(?:year|month|week|day)s?[- ]old\b|\by/?o\b|\bthe patient\b|\bpatient (?:is|was|has|denies)\b|"
    r"\b(?:he|she|his|her)\b|\[[A-Z]{2,9}",
    re.IGNORECASE,
)
_LONG_AGO = 120
_DATED = frozenset(("in", "on", "during", "around", "back", "[tag]"))
_OLD = frozenset(("prior", "previous", "old", "remote", "former", "past"))
_WHOSE = frozenset(("his", "her", "a", "the", "their", "one", "maternal", "paternal", "my", "both"))
_IN = frozenset(("in", "sin", "of", "cir"))
_MONTHS = frozenset("jan feb mar apr may jun jul aug sep oct nov dec".split())
# "If her pain improves": the pain is there.
_KNOWN = frozenset(("the", "his", "her", "this", "these", "their"))
_YEAR = re.compile(r"(?:19|20)\d\d$")


@dataclass(frozen=True, slots=True)
class _Scope:
    """Words ``first:last`` about which a cue speaks; ``condition``: after an "if" or "whether"."""

    assertion: str
    first: int
    last: int
    condition: bool = False


@dataclass(frozen=True, slots=True)
class _Stop:
    """Words that end a scope; ``kind`` is ``stop`` for every scope or ``absent_stop`` and the like for one."""

    kind: str
    first: int
    last: int


@cache
def _relatives() -> tuple[frozenset[str], frozenset[str], frozenset[str], int]:
    data = rules("context.toml")["relatives"]
    return frozenset(data["words"]), frozenset(data["verbs"]), frozenset(data["tellers"]), int(data["reach"])


@cache
def _risk_words() -> tuple[frozenset[str], frozenset[str], int]:
    data = rules("context.toml")["risk_talk"]
    return frozenset(data["verbs"]), frozenset(data["harms"]), int(data["at_least"])


@cache
def _severities() -> frozenset[str]:
    return frozenset(rules("context.toml")["severity"]["words"])


def _about_the_patient(words: Sequence[Word]) -> bool:
    """Does the sentence begin with "The patient", after a heading perhaps?"""
    keys = [word.key for word in words[:10]]
    return any(
        keys[at : at + 2] == ["the", "patient"] and (at == 0 or keys[at - 1] == ":")
        for at in range(len(keys))
    )


def is_leaflet(text: str) -> bool:
    """Is the text advice in points for patients at large, with no patient in it?"""
    return len(_POINT.findall(text)) >= 5 and _SOMEBODY.search(text) is None


class Assertions:
    """The cues of one sentence, asked finding by finding.

    Args:
        text: the whole text the words point into.
        words: the words of the sentence.
        section: canonical name of the section the sentence stands in.
        leaflet: the text tells patients in general and is about nobody.
    """

    def __init__(
        self, text: str, words: Sequence[Word], section: str | None, *, leaflet: bool = False
    ) -> None:
        self._words = words
        self._section = section
        self._default: Assertion | None = (
            "hypothetical" if leaflet else rules("context.toml")["section"].get(section or "")
        )
        self._stops: list[_Stop] = []
        self._scopes: list[_Scope] = []
        cues = cues_in(words, text)
        for match, cue in cues:
            if cue.assertion.endswith("stop"):
                self._stops.append(_Stop(cue.assertion, match.first, match.last))
        for match, cue in cues:
            if not cue.assertion.endswith("stop") and cue.assertion != "pseudo":
                self._scopes.append(self._scope_of(match, cue))
        self._scopes += self._relative_scopes()
        self._scopes += self._long_ago_scopes()
        self._scopes += self._risk_talk()
        if self._default == "family" and _about_the_patient(words):
            self._default = None

    # scopes -------------------------------------------------------------------------------------------

    def _scope_of(self, match: Match, cue: Cue) -> _Scope:
        if cue.direction == "backward":
            answer = self._words[match.first].key in (":", "-")
            if not answer or ends_clause(self._words, match.last):
                return self._backward(cue.assertion, match.first, cue.reach)
            return self._forward(cue.assertion, match.first + 1, match.last, _LIST)
        clause = cue.begins or self._words[match.last - 1].key in ("that", "if", "whether")
        start = self._past_subject(match.last) if clause else match.last
        scope = self._forward(cue.assertion, match.first + 1, start, cue.reach)
        if self._words[match.last - 1].key in ("if", "whether"):
            scope = replace(scope, condition=True)
        if not cue.lists:
            comma = next(
                (at for at in range(match.last, scope.last) if self._words[at].key == ","), scope.last
            )
            scope = replace(scope, last=comma)
        return scope

    def _past_subject(self, start: int) -> int:
        """After "As a child," comes "he had": who it is about, and what follows is still of then."""
        for mark in self._stops:
            if start <= mark.first <= start + 2:
                start = mark.last
        return start

    def _forward(self, assertion: str, begin: int, start: int, reach: int) -> _Scope:
        """From word ``begin`` (the cue's second) to the first stop after the cue's end ``start``."""
        stop = min(len(self._words), start + reach)
        for mark in self._stops:
            ends = mark.kind in ("stop", f"{assertion}_stop")
            at_once = mark.first == start and (
                assertion in ("historical", "family") or (assertion == "possible" and mark.kind == "stop")
            )
            if ends and mark.first < stop and (mark.first > start or at_once):
                stop = mark.first
                break
        if assertion in ("absent", "possible"):
            stop = self._comma_stop(start, stop)
        return _Scope(assertion, begin, stop)

    def _comma_stop(self, start: int, stop: int) -> int:
        """A list goes on after a comma, but not where something is said to be there ("no fever, mild cough")."""
        for at in range(start, stop - 1):
            word = self._words[at].key
            if word in (",", "and") and self._words[at + 1].key in _AFFIRMED and not self._goes_on(at, stop):
                return at
            if word == "." and at > start:
                return at
        return stop

    def _goes_on(self, at: int, stop: int) -> bool:
        """ "No focal consolidation, large effusion or pneumothorax": one list to its "or"."""
        return any(word.key in ("or", "nor") for word in self._words[at + 1 : stop])

    def _backward(self, assertion: str, end: int, reach: int) -> _Scope:
        start = max(0, end - reach)
        for mark in self._stops:
            if start <= mark.first < end and mark.kind == "stop":
                start = mark.last
        return _Scope(assertion, start, end)

    def _relative_scopes(self) -> list[_Scope]:
        relatives, verbs, tellers, reach = _relatives()
        found = []
        for at, word in enumerate(self._words):
            if word.key not in relatives:
                continue
            after = self._past_aside(at + 1)
            following = [w.key for w in self._words[after : after + 3]]
            told = tellers.intersection(w.text.lower() for w in self._words[after : after + 3])
            if not told and self._in_relative(at):
                found.append(self._backward("family", at, 8))
            if self._section != "family_history" and (
                told
                or not verbs.intersection(following)
                or (following[:1] in (["was"], ["is"], ["and"]) and not verbs.intersection(following[1:]))
            ):
                continue
            found.append(self._forward("family", at + 1, after, reach))
        return found

    def _past_aside(self, at: int) -> int:
        """ "His brother, although a vegetarian, has": the word after an aside between commas."""
        if at < len(self._words) and self._words[at].key == ",":
            for end in range(at + 2, min(len(self._words), at + 12)):
                if self._words[end].key == ",":
                    return end + 1
        return at

    def _in_relative(self, at: int) -> bool:
        """ "Asthma in a brother", "diabetes in mother and aunt": is the relative the one who has it?"""
        before = [word.key for word in self._words[max(0, at - 3) : at]]
        return not self._words[at].text.endswith("s") and (
            before[-1:] == ["in"] or (before[-2:-1] == ["in"] and before[-1] in _WHOSE)
        )

    def _long_ago_scopes(self) -> list[_Scope]:
        found = []
        for at, word in enumerate(self._words):
            days = _DAYS_AGO.match(word.text)
            before = [w.text.lower()[:3] for w in self._words[max(0, at - 2) : at]]
            in_month = before[-1:] and before[-1] in _MONTHS and before[0] in ("in", "of")
            year = _YEAR.match(word.text) and ((before[-1:] and before[-1] in _IN) or in_month)
            if (days and int(days.group(1)) >= _LONG_AGO) or year:
                found.append(self._backward("historical", at, 8))
                if at <= 5 and self._words[0].key in _DATED:
                    found.append(self._forward("historical", at, self._past_subject(at + 1), 14))
        return found

    def _risk_talk(self) -> list[_Scope]:
        verbs, harms, at_least = _risk_words()
        keys = {word.text.lower() for word in self._words} | {word.key for word in self._words}
        if len(harms & keys) >= at_least and verbs & keys:
            return [_Scope("hypothetical", 0, len(self._words))]
        return []

    # answers ------------------------------------------------------------------------------------------

    def of(self, first: int, last: int) -> Assertion:
        """What is asserted of the finding at words ``first:last``."""
        known = first > 0 and self._words[first - 1].key in _KNOWN
        held = {
            s.assertion for s in self._scopes if s.first <= first < s.last and not (known and s.condition)
        }
        if self._words[first].key in _OLD:
            held.add("historical")
        for assertion in _RANK:
            if assertion in held:
                return assertion
        return self._default or "present"

    def side(self, first: int, last: int) -> Side | None:
        """Side by the nearest side word: before the finding within its phrase, else after it."""
        if self._words[first].key in ("left", "right"):
            return None
        if any(self._words[at].key in ("bilateral", "bilaterally") for at in range(first, last)):
            return "bilateral"
        before = self._sides_in(range(first - 1, max(-1, first - 7), -1))
        if before is not None:
            return before
        return self._sides_in(range(last, min(len(self._words), last + 9)))

    def _sides_in(self, places: range) -> Side | None:
        found: Side | None = None
        for at in places:
            word = self._words[at].key
            if (
                word == ","
                and places.step > 0
                and at + 1 < len(self._words)
                and self._words[at + 1].key in _SIDES
            ):
                continue
            if word in (",", ";", ".", ":", "(") or word in _NO_FURTHER:
                break
            side = _SIDES.get(word)
            if side is None:
                continue
            following = self._words[at + 1].key if at + 1 < len(self._words) else ""
            if following in _NO_SIDE_BEFORE and side != "bilateral":
                continue
            if found is not None and found != side:
                return "bilateral"
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
            if word.key in known and self._words[at + 1].key != "for":
                return word.key.removesuffix("ly")
        for at in range(last, min(len(self._words) - 1, last + 2)):
            if self._words[at].key in ("is", "was", "are") and self._words[at + 1].key in known:
                return self._words[at + 1].key.removesuffix("ly")
        return None
