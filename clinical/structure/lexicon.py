"""Words of a text with their offsets, and a lexicon of phrases that is matched against them in one linear pass.

A phrase is a sequence of words; matching is by word, not by character, so that cost grows with the length of the
text and not with the size of the lexicon. Case and plural endings do not matter unless a phrase says so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

RULES = Path(__file__).parent / "rules"

_TOKEN = re.compile(
    r"\[[A-Z]{2,9}[^\]\n]{0,16}\]"  # a de-identification tag is one opaque word
    r"|[^\W\d_]+(?:['’][a-z]{1,2}\b)?"
    r"|\d+(?:[.,]\d+)*"
    r"|[^\w\s]"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, number or punctuation mark. ``key`` is what phrases are compared by."""

    start: int
    end: int
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found: words ``first:last`` (half-open), characters ``start:end``, and what the phrase stands for."""

    first: int
    last: int
    start: int
    end: int
    payload: Any


@cache
def rules(name: str) -> dict[str, Any]:
    """Rule file ``name`` of this package, parsed once."""
    return loads((RULES / name).read_text(encoding="utf-8"))


def word_key(word: str) -> str:
    """Lower case without a plural ending, so that "effusions" meets "effusion"."""
    key = word.lower().replace("’", "'")
    if key.endswith("'s"):
        return key[:-2]
    if len(key) > 3 and key.endswith("s") and not key.endswith(("ss", "us", "is", "as", "os")):
        if key.endswith("ies") and len(key) > 4:
            return key[:-3] + "y"
        if key.endswith(("sses", "xes", "ches", "shes")):
            return key[:-2]
        return key[:-1]
    return key


def words_of(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Words of ``text[start:end]``; a hyphen or slash between letters is left out, so "T-wave" meets "T wave"."""
    stop = len(text) if end is None else end
    found: list[Word] = []
    for match in _TOKEN.finditer(text, start, stop):
        token = match.group()
        at, after = match.span()
        if token in "-‐‑–" and at > 0 and after < stop and _joins(text[at - 1], text[after]):
            continue
        key = "[tag]" if token[0] == "[" and len(token) > 1 else word_key(token)
        found.append(Word(at, after, token, key))
    return found


def _joins(before: str, after: str) -> bool:
    """Is a hyphen between these two part of a word ("T-wave", "25-hydroxy"), and not a range?"""
    return (before.isalpha() and after.isalnum()) or (before.isdigit() and after.isalpha())


class Lexicon:
    """Phrases with payloads. Of phrases that begin at the same word the longest is found."""

    def __init__(self, phrases: Iterable[tuple[str, Any]], exact: Iterable[tuple[str, Any]] = ()) -> None:
        self._root: dict[str, Any] = {}
        for phrase, payload in phrases:
            self._add(phrase, payload, None)
        for phrase, payload in exact:
            self._add(phrase, payload, phrase)

    def _add(self, phrase: str, payload: Any, exact: str | None) -> None:
        node = self._root
        for word in words_of(phrase):
            node = node.setdefault(word.key, {})
        entries = node.setdefault("", [])
        entries.append((payload, exact))

    def vocabulary(self) -> set[str]:
        """All words that phrases are made of, by key."""
        found: set[str] = set()
        nodes = [self._root]
        while nodes:
            for key, node in nodes.pop().items():
                if key:
                    found.add(key)
                    nodes.append(node)
        return found

    def find_at(self, words: Sequence[Word], first: int, text: str) -> Match | None:
        """The longest phrase that begins at word ``first``."""
        node = self._root
        best: Match | None = None
        at = first
        count = len(words)
        while at < count:
            step = node.get(words[at].key)
            if step is None:
                break
            node = step
            at += 1
            entries = node.get("")
            if entries:
                start, end = words[first].start, words[at - 1].end
                for payload, exact in entries:
                    if exact is None or text[start:end] == exact:
                        best = Match(first, at, start, end, payload)
                        break
        return best

    def find(self, words: Sequence[Word], text: str) -> list[Match]:
        """All phrases, left to right, without overlap."""
        found: list[Match] = []
        root = self._root
        at = 0
        count = len(words)
        while at < count:
            if words[at].key in root and (match := self.find_at(words, at, text)) is not None:
                found.append(match)
                at = match.last
            else:
                at += 1
        return found
