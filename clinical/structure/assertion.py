"""What a sentence asserts of a finding, in the manner of ConText: cues, their direction, and what ends their scope.

Source: Chapman et al., "ConText: an algorithm for identifying contextual features from clinical text" (2007).
Cues, terminators and pseudo-cues are data (``rules/context.toml``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from clinical.report import Assertion, Side
from clinical.structure.lexicon import Lexicon, Match, Word, rules

_RANK: tuple[Assertion, ...] = ("family", "absent", "hypothetical", "historical", "possible")
_SIDES: dict[str, Side] = {
    "left": "left", "lt": "left", "right": "right", "rt": "right", "bilateral": "bilateral", "bilaterally": "bilateral",
    "both": "bilateral",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cue:
    assertion: str
    direction: str
    reach: int


@cache
def _cues() -> Lexicon:
    phrases = []
    for rule in rules("context.toml")["cue"]:
        cue = _Cue(rule["assertion"], rule["direction"], int(rule.get("reach", 40)))
        phrases += [(phrase, cue) for phrase in rule["phrases"]]
    return Lexicon(phrases)


class Assertions:
    """The cues of one sentence, asked finding by finding."""

    def __init__(self, text: str, words: Sequence[Word], section: str | None) -> None:
        self._words = words
        self._section = rules("context.toml")["section"].get(section or "")
        matches = _cues().find(words, text)
        self._stops = [m for m in matches if m.payload.assertion == "stop"]
        self._cues: list[Match] = [m for m in matches if m.payload.assertion not in ("stop", "pseudo")]

    def of(self, first: int, last: int) -> Assertion:
        """What is asserted of the finding at words ``first:last``."""
        held = {cue.payload.assertion for cue in self._cues if self._covers(cue, first, last)}
        for assertion in _RANK:
            if assertion in held:
                return assertion
        return self._section or "present"

    def _covers(self, cue: Match, first: int, last: int) -> bool:
        direction, reach = cue.payload.direction, cue.payload.reach
        if direction in ("forward", "both") and cue.last <= first:
            return first - cue.last <= reach and not any(cue.last <= s.first < first for s in self._stops)
        if direction in ("backward", "both") and cue.first >= last:
            return cue.first - last <= reach and not any(last <= s.first < cue.first for s in self._stops)
        return cue.first < last and first < cue.last

    def side(self, first: int, last: int) -> Side | None:
        """Side by the nearest side word around the finding."""
        for at in (*range(first - 1, max(-1, first - 5), -1), *range(last, min(len(self._words), last + 6))):
            side = _SIDES.get(self._words[at].key)
            if side:
                return side
        return None

    def severity(self, first: int, last: int) -> str | None:
        """Severity word just before the finding."""
        known = rules("context.toml")["severity"]["words"]
        for at in range(first - 1, max(-1, first - 4), -1):
            if self._words[at].key in known:
                return self._words[at].key
        return None
