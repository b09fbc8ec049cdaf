"""Terms: one preferred term for many synonyms, abbreviations by the sense their context tells, spelling suggestions.

Nothing here changes a text: expansions and suggestions are told by offset, with a confidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from clinical.structure.analytes import names
from clinical.structure.findings import concepts
from clinical.structure.lexicon import Word, rules, words_of

_NEAR = 14
_SHORTEST = 7
_LONGEST = 24
_COMMON = 1.0  # Zipf frequency above which a word is taken to be a word


@dataclass(frozen=True, slots=True)
class Expansion:
    """An abbreviation at ``start:end`` and what it stands for; ``confidence`` is 1 where only one sense is known."""

    start: int
    end: int
    expansion: str = field(repr=False)
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that may be misspelt or misread, and the term it may be. A suggestion only, never applied."""

    start: int
    end: int
    suggestion: str = field(repr=False)
    confidence: float = 0.5


def preferred_term(term: str) -> str | None:
    """The preferred term of a finding or analyte ("heart attack": "myocardial infarction"); None if unknown."""
    words = words_of(term)
    if not words:
        return None
    for lexicon in (concepts(), names()):
        match = lexicon.find_at(words, 0, term)
        if match is not None and match.last == len(words) and match.payload is not None:
            return match.payload if isinstance(match.payload, str) else str(match.payload.name)
    return None


@cache
def _plain() -> dict[str, str]:
    return dict(rules("abbreviations.toml")["plain"])


@cache
def _senses() -> dict[str, tuple[str, dict[str, tuple[str, ...]]]]:
    return {
        sense["text"]: (sense.get("default", ""), {k: tuple(v) for k, v in sense["expansions"].items()})
        for sense in rules("abbreviations.toml")["sense"]
    }


def expansions(text: str) -> tuple[Expansion, ...]:
    """Abbreviations of ``text`` with their sense; one whose context does not tell its sense is left out."""
    found: list[Expansion] = []
    words = words_of(text)
    plain, senses = _plain(), _senses()
    for at, word in enumerate(words):
        if word.text in senses:
            sense = _sense(words, at, *senses[word.text])
            if sense is not None:
                found.append(Expansion(word.start, word.end, *sense))
        elif word.text in plain:
            found.append(Expansion(word.start, word.end, plain[word.text]))
    found += _dotted(text, plain)
    return tuple(sorted(found, key=lambda expansion: expansion.start))


def _sense(
    words: list[Word], at: int, default: str, senses: dict[str, tuple[str, ...]]
) -> tuple[str, float] | None:
    near = [word.text.lower() for word in (*words[max(0, at - _NEAR) : at], *words[at + 1 : at + _NEAR])]
    counts = {
        expansion: sum(any(word.startswith(cue) for cue in cues) for word in near)
        for expansion, cues in senses.items()
    }
    best = max(counts, key=lambda expansion: counts[expansion])
    total = sum(counts.values())
    if total and list(counts.values()).count(counts[best]) == 1:
        return best, round(counts[best] / total, 2)
    return (default, 0.5) if default else None


def _dotted(text: str, plain: dict[str, str]) -> Iterable[Expansion]:
    lowered = text.lower()
    for abbreviation, expansion in plain.items():
        if "." not in abbreviation and "/" not in abbreviation:
            continue
        at = lowered.find(abbreviation)
        while at >= 0:
            end = at + len(abbreviation)
            if not lowered[at - 1 : at].isalnum() and not lowered[end : end + 1].isalnum():
                yield Expansion(at, end, expansion)
            at = lowered.find(abbreviation, end)


@cache
def _vocabulary() -> frozenset[str]:
    """Words of the finding and analyte lexicons."""
    return frozenset(word for word in (*concepts().vocabulary(), *names().vocabulary()) if word.isalpha())


@cache
def _deletions() -> dict[str, tuple[str, ...]]:
    """Each long vocabulary word with one letter left out → the words it comes from."""
    table: dict[str, list[str]] = {}
    for word in _vocabulary():
        if len(word) >= _SHORTEST:
            for form in _shortened(word):
                table.setdefault(form, []).append(word)
    return {form: tuple(sorted(set(words))) for form, words in table.items()}


def _shortened(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def suggestions(text: str) -> tuple[Suggestion, ...]:
    """Long words that English does not know, one letter away from exactly one known term ("pnuemonia")."""
    from wordfreq import zipf_frequency  # heavy: only where suggestions are asked for

    found = []
    vocabulary, table = _vocabulary(), _deletions()
    for word in words_of(text):
        key = word.key
        if not _SHORTEST <= len(key) <= _LONGEST or not key.isalpha() or key in vocabulary:
            continue
        if zipf_frequency(word.text.lower(), "en") > _COMMON:
            continue
        candidates = {
            term for form in _shortened(key) for term in table.get(form, ()) if _one_apart(key, term)
        }
        if len(candidates) == 1:
            term = candidates.pop()
            swapped = sorted(term) == sorted(key)
            found.append(Suggestion(word.start, word.end, term, 0.9 if swapped else 0.7))
    return tuple(found)


def _one_apart(word: str, term: str) -> bool:
    """One letter more, less, other or swapped, not at the end (an ending is grammar) nor at the first letter."""
    if word[0] != term[0] or abs(len(word) - len(term)) > 1:
        return False
    at = 0
    while at < min(len(word), len(term)) and word[at] == term[at]:
        at += 1
    if at >= min(len(word), len(term)) - 2:
        return False
    rest = (word[at + 1 :], term[at + 1 :])
    if len(word) == len(term):
        return rest[0] == rest[1] or (
            word[at : at + 2] == term[at + 1] + term[at] and word[at + 2 :] == term[at + 2 :]
        )
    return word[at + 1 :] == term[at:] if len(word) > len(term) else word[at:] == term[at + 1 :]
