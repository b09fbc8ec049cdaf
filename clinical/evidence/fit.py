"""How well one line of a report answers a claim.

Which units of the claim it says, and where it says otherwise.

A unit is a word or phrase of the claim with all its atoms: they have to be found together, within a few
words, and in the same sense.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from tomllib import loads
from typing import Any

from clinical.evidence.index import Index, Line, Mention
from clinical.evidence.words import RULES, stem

_SPAN = 8
_PLANS = ("plan", "follow_up", "discharge_instructions", "disposition")
_MODAL = frozenset({"planned", "hypothetical", "possible"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A word or phrase of a claim: its mentions, its clause, and whether it only modifies another."""

    mentions: tuple[Mention, ...]
    first: int
    last: int
    clause: int
    modifier: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line says a unit: token range, and why it does not bear it out (None if it does)."""

    first: int
    last: int
    conflict: str | None


@dataclass(slots=True)
class Fit:
    """One line of the report against the claim; ``places`` by number of the unit."""

    number: int
    line: Line
    places: dict[int, Place]

    def covers(self, unit: int) -> bool:
        place = self.places.get(unit)
        return place is not None and place.conflict is None

    def conflict(self, unit: int) -> str | None:
        place = self.places.get(unit)
        return place.conflict if place is not None else None


@cache
def _vetoes() -> dict[str, Any]:
    return loads((RULES / "vetoes.toml").read_text(encoding="utf-8"))


@cache
def modifier_classes() -> Mapping[str, str]:
    """Class of each modifying atom; two of one class exclude each other."""
    return {stem(word): name for name, words in _vetoes()["modifiers"].items() for word in words.split()}


@cache
def word_set(name: str) -> frozenset[str]:
    """Words of the list ``name`` in the rules of vetoes, as written."""
    return frozenset(str(_vetoes()["words"][name]).split())


@cache
def study_words() -> frozenset[str]:
    """Atoms of tests and places, which a "no" in the sentence does not deny."""
    return frozenset(stem(w) for w in word_set("undeniable"))


@cache
def relatives() -> frozenset[str]:
    """Atoms that name a relative."""
    return frozenset(stem(w) for w in word_set("relatives"))


@cache
def chronic() -> frozenset[str]:
    """Atoms of conditions that a history of means to have still."""
    return frozenset(stem(w) for w in word_set("chronic"))


def units_of(claim: Line, index: Index) -> list[Unit]:
    """Units of a claim in order; triggers such as "no" and "possible" are not units."""
    grouped: dict[tuple[int, int], list[Mention]] = {}
    for m in claim.mentions:
        if m.known or not any(i in claim.triggers for i in range(m.token, m.last)):
            grouped.setdefault((m.token, m.last), []).append(m)
    classes = modifier_classes()
    found: list[Unit] = []
    clause, shift, solid = 0, 0, False
    for (first, last), mentions in sorted(grouped.items()):
        kinds = [classes.get(m.key) for m in mentions]
        modifier = kinds[0] if all(kinds) else None
        at = claim.segments[first]
        if found and at != shift and solid:
            clause, solid = clause + 1, False
        shift = at
        solid = solid or modifier is None
        weight = sum(index.weight_of(m.key) for m in mentions) / len(mentions)
        found.append(Unit(tuple(mentions), first, last, clause, modifier, weight))
    if found and not solid and clause:
        found = [
            u if u.clause < clause else Unit(u.mentions, u.first, u.last, clause - 1, u.modifier, u.weight)
            for u in found
        ]
    return found


def fit(claim: Line, units: Sequence[Unit], line: Line, number: int) -> Fit:
    """Lay ``claim`` over ``line``."""
    by_key: dict[str, list[Mention]] = {}
    for m in line.mentions:
        by_key.setdefault(m.key, []).append(m)
    past = any(t.lower in word_set("past_tense") for t in claim.tokens)
    modal = any(m.states & _MODAL for m in claim.mentions)
    done = any(t.lower in word_set("done") for t in claim.tokens) and not modal
    places: dict[int, Place] = {}
    for i, unit in enumerate(units):
        place = _place(unit, by_key, line, past, modal, done)
        if place is not None:
            places[i] = place
    return Fit(number, line, places)


def _place(
    unit: Unit, by_key: Mapping[str, Sequence[Mention]], line: Line, past: bool, modal: bool, done: bool
) -> Place | None:
    """The best place of the unit in the line: one without a conflict if there is one."""
    options = [by_key.get(m.key, ()) for m in unit.mentions]
    if not all(options):
        return None
    best: Place | None = None
    for anchor in options[0]:
        chosen = [anchor]
        for others in options[1:]:
            chosen.append(min(others, key=lambda m: abs(m.token - anchor.token)))
        first, last = min(m.token for m in chosen), max(m.last for m in chosen)
        if last - first > _SPAN + len(chosen):
            continue
        lasting = past or all(m.key in chronic() for m in unit.mentions)
        found = (
            conflict_of(a, b, line, lasting, modal, done) for a, b in zip(unit.mentions, chosen, strict=True)
        )
        conflict = next((c for c in found if c is not None), None)
        if conflict is None:
            return Place(first, last, None)
        best = best or Place(first, last, conflict)
    return best


def conflict_of(mine: Mention, other: Mention, line: Line, past: bool, modal: bool, done: bool) -> str | None:
    """Why the report's mention does not bear out the claim's, or None."""
    if ("family" in mine.states) != ("family" in other.states) and mine.key not in relatives():
        return "who: patient and family are mixed up"
    if (
        mine.negative != other.negative
        and mine.key not in study_words()
        and "weak" not in mine.states | other.states
    ):
        return "negation: the report says the opposite"
    if mine.side and other.side and mine.side != other.side and other.side != "bilateral":
        return "side: the report has another side"
    if other.negative:
        return None
    if "possible" in other.states and not modal:
        return "certainty: the report only suspects it"
    if other.states & {"hypothetical", "planned"} and not modal:
        return "when: the report only plans or considers it"
    if done and line.section in _PLANS and not any(t.lower in word_set("done") for t in line.tokens):
        return "when: the report only plans or considers it"
    if "past" in other.states and "past" not in mine.states and not past:
        return "when: the report tells it of the past"
    return None
