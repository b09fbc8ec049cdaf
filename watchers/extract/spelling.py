"""Slips of the neural reader mended where the context leaves one reading: words, never numbers or names' letters.

A lower-case word that is in no list and becomes one by signs that blur into each other (``mitrai``); a figure
in front of letters (``0kafor``, ``D0B``); a degree sign before C. What holds a number is left to ``doubt``.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, product
from pathlib import Path

from clinical.deidentify.vocabulary import load_vocabulary
from watchers.extract.neural import Glyph, Line

_WORD = re.compile(r"[^\W_]+")
# A letter before a flag and nothing else in the cell is a figure; a value in a cell ends in no point.
_FLAGGED_CELL = re.compile(r"\s*([OoIl|SZ])\s+[HL]{1,2}\s*")
_FIGURES = {"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "S": "5", "Z": "2"}
_POINT_LAST = re.compile(r"[\d\s.<>≤≥±+-]*\d\.\d+\.\s*")
SURE = 0.995


@dataclass(frozen=True, slots=True)
class _Rules:
    words: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(repr=False)
    alike: dict[str, str]
    digits: dict[str, str]
    context: tuple[tuple[re.Pattern[str], str], ...]
    stray: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    found = tomllib.loads(Path(__file__).with_name("spelling.toml").read_text(encoding="utf-8"))
    alike: dict[str, str] = {}
    for pair in found["alike"]:
        for one, other in (pair, pair[::-1]):
            alike[one] = alike.get(one, "") + other
    vocabulary = load_vocabulary()
    return _Rules(
        words=vocabulary.words,
        names=vocabulary.given | vocabulary.family,
        alike=alike,
        digits=found["digits"],
        context=tuple((re.compile(rule["find"]), rule["put"]) for rule in found["context"]),
        stray=tuple(re.compile(pattern) for pattern in found["stray"]),
    )


def mend_words(line: Line) -> Line:
    """The line with its slips mended; as many characters as before but for stray points and blanks."""
    rules = _rules()
    for pattern in rules.stray:
        for match in reversed(list(pattern.finditer(line.text))):
            line = Line((*line.glyphs[: match.start()], *line.glyphs[match.end() :]))
    if _POINT_LAST.fullmatch(line.text):
        line = Line(line.glyphs[: line.text.rindex(".")])
    text = line.text
    for pattern, put in rules.context:
        changed = pattern.sub(put, text)
        text = changed if len(changed) == len(text) else text
    if flagged := _FLAGGED_CELL.fullmatch(text):
        place = flagged.start(1)
        text = text[:place] + _FIGURES[flagged[1]] + text[place + 1 :]
    chars = list(text)
    for match in _WORD.finditer(text):
        start, end = match.span()
        odds = min(glyph.odds for glyph in line.glyphs[start:end])
        if better := _better(match[0], odds, rules):
            chars[start:end] = better
    if chars == [glyph.char for glyph in line.glyphs]:
        return line
    return Line(
        tuple(
            glyph
            if glyph.char == char
            else Glyph(char, glyph.odds, glyph.char, glyph.second_odds, glyph.place)
            for glyph, char in zip(line.glyphs, chars, strict=True)
        )
    )


def _better(word: str, odds: float, rules: _Rules) -> str | None:
    if any(c.isdigit() for c in word):
        return _without_digit(word, rules)
    if not word.islower() or len(word) < 4 or odds >= SURE or word in rules.words:
        return None
    places = [i for i, c in enumerate(word) if c in rules.alike]
    found: set[str] = set()
    for count in (1, 2):
        for some in combinations(places[:14], count):
            for letters in product(*(rules.alike[word[i]] for i in some)):
                changed = list(word)
                for place, letter in zip(some, letters, strict=True):
                    changed[place] = letter
                candidate = "".join(changed)
                if candidate in rules.words and candidate.isalpha():
                    found.add(candidate)
        if found:
            break
    return found.pop() if len(found) == 1 else None


def _without_digit(word: str, rules: _Rules) -> str | None:
    """``0kafor`` and ``D0B``: one figure among letters that make a word or name without it."""
    figures = [i for i, c in enumerate(word) if c.isdigit()]
    if len(figures) != 1 or len(word) < 3 or word[figures[0]] not in rules.digits:
        return None
    place = figures[0]
    letter = rules.digits[word[place]]
    rest = word[:place] + word[place + 1 :]
    if place == 0 and rest.islower() and len(rest) >= 3:
        candidate = letter + rest
    elif rest.isupper() and word[place] == "0" and 0 < place < len(word) - 1:
        candidate = word.replace("0", "O")
    elif rest[1:].islower() and place > 0 and word[place] in "0":
        candidate = word.replace("0", "o")
    else:
        return None
    known = candidate.casefold()
    return candidate if known in rules.words or known in rules.names or known in ("dob", "mrn") else None
