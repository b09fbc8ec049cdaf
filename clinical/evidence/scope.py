"""What the words around a word make of it: absent, possible, planned, past, hypothetical, or a relative's.

ConText's idea (triggers with a reach, Harkema et al. 2009), for every token and not only for findings,
because a claim may put anything into other words. Triggers are data: ``rules/scope.toml``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from tomllib import loads
from typing import Any

from clinical.evidence.words import RULES, Token

STATES = ("absent", "possible", "hypothetical", "planned", "past", "family")
_WHOLE_CLAUSE = ("planned", "hypothetical", "family", "past")
_ENDS = (";", ".", "!", "\n")


@dataclass(frozen=True, slots=True)
class Scope:
    """States of each token, and the tokens that are triggers themselves."""

    states: tuple[frozenset[str], ...]
    triggers: frozenset[int]


@cache
def _triggers() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """By first word: (words, state, direction), longest first."""
    data = _rules()
    found: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for state in STATES:
        for direction in ("forward", "backward"):
            for phrase in data[state][direction]:
                words = tuple(phrase.replace("/", " / ").replace(":", ": ").split())
                found.setdefault(words[0], []).append((words, state, direction))
    for phrase in data["stop"]["words"]:
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append((words, "stop", "stop"))
    for entries in found.values():
        entries.sort(key=lambda e: -len(e[0]))
    return found


@cache
def _rules() -> dict[str, Any]:
    return loads((RULES / "scope.toml").read_text(encoding="utf-8"))


def scope_of(tokens: Sequence[Token], base: frozenset[str] = frozenset()) -> Scope:
    """States of the tokens of one sentence; ``base`` holds for all (a family history section)."""
    count = len(tokens)
    lowers = [t.lower for t in tokens]
    states: list[set[str]] = [set(base) for _ in range(count)]
    triggers: set[int] = set()
    hits: list[tuple[int, int, str, str]] = []
    at = 0
    while at < count:
        here = _hits_at(lowers, at)
        if not here:
            at += 1
            continue
        longest = max(last for _, last, _, _ in here)
        hits += here
        triggers.update(range(at, longest))
        at = longest
    stops = [(first, last) for first, last, state, _ in hits if state == "stop"]
    for first, last, state, direction in hits:
        if direction == "forward":
            end = _reach_right(lowers, last, count, stops, hits, state)
            for i in range(last, end):
                states[i].add(state)
        elif direction == "backward":
            begin = _reach_left(lowers, first, stops, state)
            for i in range(begin, first):
                states[i].add(state)
    for i in range(
        count
    ):  # "no longer suspected", "cannot exclude": possible outranks absent where both come from one phrase
        if lowers[i] in ("cannot", "not") and i in triggers:
            continue
    return Scope(tuple(frozenset(s) for s in states), frozenset(triggers))


def _hits_at(lowers: Sequence[str], at: int) -> list[tuple[int, int, str, str]]:
    found: list[tuple[int, int, str, str]] = []
    longest = 0
    for words, state, direction in _triggers().get(lowers[at], ()):
        length = len(words)
        if length < longest:
            break
        if tuple(lowers[at : at + length]) == words:
            longest = length
            found.append((at, at + length, state, direction))
    return found


def _reach_right(
    lowers: Sequence[str],
    last: int,
    count: int,
    stops: Sequence[tuple[int, int]],
    hits: Sequence[tuple[int, int, str, str]],
    state: str,
) -> int:
    end = count
    for i in range(last, count):
        if lowers[i] in _ENDS:
            end = i
            break
    for first, _ in stops:
        if last <= first < end:
            end = first
    if state in ("absent", "possible"):
        for i in range(
            last, end
        ):  # a new clause with a verb of its own: "no fever, has a cough", "and she has"
            if lowers[i] in (",", "and") and i + 1 < end and _starts_clause(lowers, i + 1, end):
                return i
    return end


_SUBJECTS = frozenset(["he", "she", "it", "they", "there", "patient", "the", "this", "his", "her", "we", "i"])
_VERBS = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "does",
        "did",
        "reports",
        "complains",
        "states",
        "shows",
        "demonstrates",
        "reveals",
        "remains",
        "appears",
    ]
)


def _starts_clause(lowers: Sequence[str], at: int, end: int) -> bool:
    head = lowers[at : min(end, at + 5)]
    if not head:
        return False
    if head[0] in (
        "is",
        "are",
        "was",
        "were",
        "has",
        "had",
        "does",
        "did",
        "positive",
        "reports",
        "complains",
        "admits",
        "shows",
        "with",
    ):
        return head[0] != "with" or False
    return head[0] in _SUBJECTS and any(w in _VERBS for w in head[1:])


def _reach_left(lowers: Sequence[str], first: int, stops: Sequence[tuple[int, int]], state: str) -> int:
    begin = 0
    for i in range(first - 1, -1, -1):
        if lowers[i] in _ENDS:
            begin = i + 1
            break
    for start, last in stops:
        if begin <= start < first:
            begin = last
    for i in range(first - 1, begin - 1, -1):
        if lowers[i] == "," and not any(w in ("and", "or") for w in lowers[i:first]):
            return i + 1
    return begin


@cache
def speakers() -> dict[str, frozenset[str]]:
    """Words for who speaks, by kind, and the verbs of saying."""
    return {kind: frozenset(words) for kind, words in _rules()["speakers"].items()}
