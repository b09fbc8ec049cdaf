"""What the words around a word make of it: absent, possible, planned, past, hypothetical, or a relative's.

ConText's idea (triggers with a reach, Harkema et al. 2009), for every token and not only for findings,
because a claim may put anything into other words. Triggers are data: ``rules/scope.toml``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from tomllib import loads
from typing import Any

from clinical.evidence.words import RULES, Token, is_empty, tokens_of

STATES = ("absent", "possible", "hypothetical", "planned", "past", "family")
_ENDS = (";", ".", "!", "\n")
_SHORT = 5
_YEAR = re.compile(r"(?:19|20)\d\d")
_FAR = re.compile(r"\[date-\d+y\]")
_TIMES = frozenset(
    ["day", "days", "week", "weeks", "month", "months", "year", "years", "d", "wk", "wks", "mo"]
)
_LONG = {"past": 12, "possible": 14}


@dataclass(frozen=True, slots=True)
class Scope:
    """States of each token, and the tokens that are triggers themselves."""

    states: tuple[frozenset[str], ...]
    triggers: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Hit:
    first: int
    last: int
    state: str
    direction: str


@cache
def _rules() -> dict[str, Any]:
    return loads((RULES / "scope.toml").read_text(encoding="utf-8"))


@cache
def _triggers() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """By first word: (words, state, direction), longest first."""
    data = _rules()
    found: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for state in STATES:
        for direction in ("forward", "short", "backward"):
            for phrase in data[state].get(direction, ()):
                words = tuple(t.lower for t in tokens_of(phrase))
                found.setdefault(words[0], []).append((words, state, direction))
    for kind, phrases in (("stop", data["stop"]["words"]), ("inert", data["inert"]["phrases"])):
        for phrase in phrases:
            words = tuple(t.lower for t in tokens_of(phrase))
            found.setdefault(words[0], []).append((words, kind, kind))
    for entries in found.values():
        entries.sort(key=lambda e: -len(e[0]))
    return found


@cache
def speakers() -> dict[str, frozenset[str]]:
    """Words for who speaks, by kind, and the verbs of saying."""
    return {kind: frozenset(words) for kind, words in _rules()["speakers"].items()}


@cache
def _words(part: str, name: str) -> frozenset[str]:
    return frozenset(_rules()[part][name])


def scope_of(tokens: Sequence[Token], base: frozenset[str] = frozenset()) -> Scope:
    """States of the tokens of one sentence; ``base`` holds for all (a family history section)."""
    lowers = [t.lower for t in tokens]
    count = len(lowers)
    states: list[set[str]] = [set(base) for _ in range(count)]
    triggers: set[int] = set()
    hits: list[_Hit] = []
    at = 0
    while at < count:
        here = _hits_at(lowers, at)
        hits += here
        longest = max((h.last for h in here), default=at + 1)
        if here and here[0].state != "inert":
            triggers.update(range(at, longest))
        at = longest
    hits += _dated(lowers)
    stops = [h for h in hits if h.state == "stop"]
    for hit in hits:
        if hit.direction in ("forward", "short"):
            reach = range(hit.last, _right(lowers, hit, stops))
        elif hit.direction == "backward":
            reach = range(_left(lowers, hit, stops), hit.first)
        else:
            continue
        for i in reach:
            states[i].add(hit.state)
        if (
            hit.state == "absent"
            and lowers[hit.first] == "not"
            and lowers[hit.first - 1 : hit.first][:1] in _COPULAS
        ):
            end = _right(lowers, hit, stops)
            bare = all(is_empty(w) or not w[0].isalnum() for w in lowers[hit.last : end])
            for i in range(_left(lowers, hit, stops), hit.first):
                states[i].add("absent" if bare else "weak")
        if hit.state == "family":
            for i in range(hit.first, hit.last):
                states[i].add("family")
            begin = _left(lowers, hit, stops)
            if hit.direction == "forward" and not _is_of_patient(lowers[begin : hit.first]):
                for i in range(begin, hit.first):
                    states[i].add("family")
    return Scope(tuple(frozenset(s) for s in states), frozenset(triggers))


def _hits_at(lowers: Sequence[str], at: int) -> list[_Hit]:
    found: list[_Hit] = []
    longest = 0
    for words, state, direction in _triggers().get(lowers[at], ()):
        length = len(words)
        if length < longest:
            break
        if tuple(lowers[at : at + length]) == words and not (
            state == "family" and _speaks(lowers, at, at + length)
        ):
            if state == "past" and words[-1] == "of" and _is_duration(lowers, at):
                continue
            longest = length
            found.append(_Hit(at, at + length, state, direction))
    return found


def _dated(lowers: Sequence[str]) -> list[_Hit]:
    """A year or a distant date after a word puts it into the past; "in six weeks" and a time to come, ahead."""
    found = []
    for at, word in enumerate(lowers):
        before, after = lowers[at - 1] if at else "", lowers[at + 1 : at + 3]
        if before in ("in", "from") and _YEAR.fullmatch(word):
            found.append(_Hit(at - 1, at + 1, "past", "backward"))
        elif _FAR.fullmatch(word) and before != "since":
            found.append(_Hit(at, at + 1, "past", "backward"))
        elif word == "in" and len(after) == 2 and after[0][0].isalnum() and after[1] in _TIMES:
            found.append(_Hit(at, at + 3, "planned", "backward"))
    return found


def _is_duration(lowers: Sequence[str], at: int) -> bool:
    """ "6-month history of fatigue" tells how long it has lasted, not that it is over."""
    return any(w.rstrip("s") in ("day", "week", "month", "year", "hour") for w in lowers[max(0, at - 2) : at])


def _speaks(lowers: Sequence[str], first: int, last: int) -> bool:
    before, after = lowers[max(0, first - 2) : first], lowers[last : last + 2]
    if after[:1] and after[0] in ("has", "have", "had", "is", "was"):
        after = after[1:]
    if after[:1] and after[0] in _words("not_family", "after"):
        return True
    return bool(set(before) & _words("not_family", "before")) and not {"history", "died"} & set(
        lowers[:first]
    )


def _is_of_patient(before: Sequence[str]) -> bool:
    """Is the patient the subject of the words before a relative ("she has it like her mother")?"""
    return bool(set(before) & _words("speakers", "patient")) or not any(w[0].isalpha() for w in before[:-1])


def _right(lowers: Sequence[str], hit: _Hit, stops: Sequence[_Hit]) -> int:
    end = len(lowers)
    if hit.direction == "short":
        end = min(end, hit.last + _SHORT)
    elif hit.state in _LONG:
        end = min(end, hit.last + _LONG[hit.state])
    for i in range(hit.last, end):
        if lowers[i] in _ENDS or (hit.direction == "short" and lowers[i] in (",", ":")):
            end = i
            break
    end = min([end, *(h.first for h in stops if h.first >= hit.last)])
    for i in range(hit.last, end):
        if lowers[i] in (",", "and") and _starts_clause(lowers, i + 1, end):
            return i
    return end


_COPULAS = (["is"], ["are"], ["was"], ["were"], ["been"], ["be"])
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
        "takes",
        "positive",
        "admits",
        "endorses",
        "will",
    ]
)


def _starts_clause(lowers: Sequence[str], at: int, end: int) -> bool:
    """Does a new clause with a verb of its own begin.

    "no fever, has a cough", "no rash and she is well"?
    """
    head = lowers[at : min(end, at + 5)]
    if head[:1] == ["and"]:
        head = head[1:]
    if not head:
        return False
    return head[0] in _VERBS or (head[0] in _SUBJECTS and any(w in _VERBS for w in head[1:]))


def _left(lowers: Sequence[str], hit: _Hit, stops: Sequence[_Hit]) -> int:
    begin = 0
    for i in range(hit.first - 1, -1, -1):
        if lowers[i] in _ENDS:
            begin = i + 1
            break
    begin = max([begin, *(h.last for h in stops if h.last <= hit.first)])
    for i in range(hit.first - 1, begin - 1, -1):
        if lowers[i] == "," and not any(w in ("and", "or") for w in lowers[i : hit.first]):
            return i + 1
    return begin
