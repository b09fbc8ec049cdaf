"""Slips of typing and dictation, never inside an identifier, a finding, a value or a conclusion."""

import random
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from synthetic.text import Headed, Mark, Text

_WORD = re.compile(r"\b[a-z]{6,}\b")
_KEPT = (
    "without",
    "negative",
    "unchanged",
    "increased",
    "decreased",
    "resolved",
    "normal",
    "denies",
    "denied",
)


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("noise.toml").read_text("utf-8"))


def boilerplate(rng: random.Random) -> str:
    """A sentence that stands under many reports and says nothing."""
    return str(rng.choice(_rules()["boilerplate"]))


def noisy(text: Text, rate: float, rng: random.Random) -> Text:
    """The text with about ``rate`` slips."""
    count = sum(rng.random() < rate / 4 for _ in range(4))
    for _ in range(count):
        text = _slip(text, rng)
    return text


def _slip(text: Text, rng: random.Random) -> Text:
    if rng.random() < 0.35:
        for _ in range(4):
            right, wrong = rng.choice(_rules()["heard"])
            places = [
                h.span()
                for h in re.finditer(rf"\b{re.escape(right)}\b", text.string)
                if _free(text, *h.span())
            ]
            if places:
                start, end = rng.choice(places)
                return _replaced(text, start, end, wrong)
    places = [h.span() for h in _WORD.finditer(text.string) if h[0] not in _KEPT and _free(text, *h.span())]
    if not places:
        return text
    start, end = rng.choice(places)
    word = text.string[start:end]
    at = rng.randrange(1, len(word) - 2)
    form = rng.randrange(4)
    if form == 0:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif form == 1:
        word = word[:at] + word[at + 1 :]
    elif form == 2:
        word = word[:at] + word[at] + word[at:]
    else:
        word = f"{word} {word}" if len(word) < 9 else word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return _replaced(text, start, end, word)


def _free(text: Text, start: int, end: int) -> bool:
    for mark in text.marks:
        if isinstance(mark.value, Headed):
            if mark.start <= start < mark.start + len(mark.value.heading):
                return False
        elif mark.start < end and start < mark.end:
            return False
    return True


def _replaced(text: Text, start: int, end: int, words: str) -> Text:
    shift = len(words) - (end - start)
    marks = tuple(
        Mark(
            m.start + shift if m.start >= end else m.start,
            m.end + shift if m.end >= end else m.end,
            m.value,
        )
        for m in text.marks
    )
    return Text(text.string[:start] + words + text.string[end:], marks)
