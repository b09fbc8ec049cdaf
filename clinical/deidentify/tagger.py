"""Our own small model for names and places: a linear tagger over hashed features of a word and what is around it.

It sees what rules cannot list: the sound of a name, the layout of a header it never met, a word that elsewhere in the
text is written in lower case. Weights and how they were made: ``train_ner.py`` and the card ``NER_CARD.md``.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clinical.deidentify.found import Found
from clinical.deidentify.phrases import DEGREE
from clinical.deidentify.shapes import edges
from clinical.deidentify.values import MEDICAL
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Word, Words

LAYER = "tagger"
WEIGHTS = Path(__file__).parent / "ner_weights.npz"
BITS = 18
CLASSES = ("O", "NAME", "LOCATION")
_DIGITS = re.compile(r"\d+")
_BLANKS = re.compile(r"[ \t]{2,}")
_LETTERS = re.compile(r"[^\W\d_]+")
_MARKS = ":=|\t"


@dataclass(frozen=True, slots=True)
class Tagger:
    """Weights of the three classes, ``2**BITS`` each, and their biases."""

    weights: Any = field(repr=False)
    bias: Any = field(repr=False)


def load_tagger() -> Tagger | None:
    """Reads the packaged weights; None where there are none."""
    if not WEIGHTS.exists():
        return None
    with np.load(WEIGHTS) as data:
        scale = data["scale"].astype(np.float32)
        return Tagger(
            (data["weights"].astype(np.float32) * scale[:, None]).T.copy(), data["bias"].astype(np.float32)
        )


def candidates(words: Words, vocabulary: Vocabulary) -> list[int]:
    """Returns the words to be judged: capitalised ones, and lower-case ones that no vocabulary explains."""
    chosen = []
    for index, word in enumerate(words.items):
        if word.capital or (
            len(word.text) > 2
            and not vocabulary.ordinary(word.text)
            and word.key not in vocabulary.abbreviations
        ):
            chosen.append(index)
    return chosen


class Features:
    """The features of the words of one text."""

    def __init__(self, words: Words, vocabulary: Vocabulary) -> None:
        self._words = words
        self._vocabulary = vocabulary
        self._lower = {w.key for w in words.items if w.text.islower()}
        self._capital = Counter(w.key for w in words.items if w.capital)
        self._lines = _Lines(words.text)
        self._signs = [self._sign(w) for w in words.items]
        self._norms = [self._norm(w) for w in words.items]

    def _sign(self, word: Word) -> str:
        """Returns what vocabularies say of a word and how it is written, as one short string."""
        v, k = self._vocabulary, word.key
        shape = "i" if len(word.text) == 1 else "T" if word.title else "U" if word.caps else "l"
        marks = [
            "o" if v.ordinary(word.text) else "",
            "a" if k in v.abbreviations else "",
            "g" if k in v.given else "",
            "f" if k in v.family else "",
            "p" if k in v.places else "",
            "k" if k in v.keep else "",
            "n" if k in v.keep_before else "",
            "s" if k in v.stop else "",
            "r" if k in v.roles else "",
            "h" if k in v.facility else "",
            "e" if k in v.generic else "",
            "t" if k in v.particles else "",
            "d" if k in DEGREE and word.capital else "",
        ]
        return shape + "".join(marks)

    def _norm(self, word: Word) -> str:
        if self._vocabulary.ordinary(word.text) or word.key in self._vocabulary.stop or word.key in DEGREE:
            return word.key
        return "<" + self._sign(word)[:3] + ">"

    def _norm_at(self, index: int) -> str:
        return self._norms[index] if 0 <= index < len(self._norms) else "<>"

    def _sign_at(self, index: int) -> str:
        return self._signs[index] if 0 <= index < len(self._signs) else "<>"

    def of(self, index: int, before: str) -> list[str]:
        """Returns the features of the word at ``index``; ``before`` is the class given to the word before it."""
        items, words = self._words.items, self._words
        word, sign, k = items[index], self._signs[index], items[index].key
        at, sg = self._norm_at, self._sign_at
        left = _gap(words.text[items[index - 1].end if index else 0 : word.start])
        right = _gap(word.gap) if len(word.gap) < 30 else _gap(word.gap[:30])
        label, first, last, total, top, bottom = self._lines.around(word.start, word.end)
        lower = "L" if k in self._lower else ""
        many = str(min(self._capital[k], 3))
        begins = "B" if words.starts_sentence(index) else ""
        short = sign + lower
        return [
            "s" + short,
            "k" + k,
            "x2" + k[-2:],
            "x3" + k[-3:],
            "x4" + k[-4:],
            "p3" + k[:3],
            "n" + str(min(len(k), 12)),
            *("c" + f"^{k}$"[i : i + 3] for i in range(len(k))),
            "m" + many + lower + begins,
            "sb" + short + begins,
            "p1" + at(index - 1),
            "p2" + at(index - 2) + at(index - 1),
            "n1" + at(index + 1),
            "n2" + at(index + 1) + at(index + 2),
            "p1s" + at(index - 1) + left + sign,
            "n1s" + at(index + 1) + right + sign,
            "n1S" + sg(index + 1) + right + sign,
            "p1S" + sg(index - 1) + left + sign,
            "l" + left,
            "r" + right,
            "lr" + left + right + sign[:1],
            "ls" + left + sign,
            "rs" + right + sign,
            "la" + label,
            "las" + label + sign[:1] + ("o" if "o" in sign else ""),
            "lad" + label + left,
            "ln" + first + last + total + sign,
            "tb" + top + bottom + sign[:1],
            "tbl" + top + bottom + first + last + total,
            "b" + before + left,
            "bs" + before + left + sign,
            "po" + ("'" if word.possessive else "") + short,
        ]


class _Lines:
    """Where in its line and its text a word stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._filled = [m.span() for m in re.finditer(r"[^\n]*[^\s][^\n]*", text)]
        self._index = 0

    def around(self, start: int, end: int) -> tuple[str, str, str, str, str, str]:
        """Returns label, first, last, length of line, lines from top, lines from bottom; as short strings."""
        if self._index >= len(self._filled) or self._filled[self._index][0] > start:
            self._index = 0
        while self._index + 1 < len(self._filled) and self._filled[self._index][1] <= start:
            self._index += 1
        begin, stop = self._filled[self._index] if self._filled else (0, len(self._text))
        before = self._text[max(begin, start - 120) : start]
        colon = max(before.rfind(mark) for mark in _MARKS)
        field = before[:colon] if colon > 0 else ""
        field = field[max(field.rfind(mark) for mark in _MARKS) + 1 :]
        label = ""
        if field:
            label = " ".join(_LETTERS.findall(field.rstrip(" .")[-40:].lower())[-3:])
        elif before.strip() and len(before) < 25:
            label = "~" + " ".join(_LETTERS.findall(before.lower())[-2:])
        first = "1" if not before.strip() and start - begin < 120 else ""
        last = "$" if not self._text[end:stop].strip(" .,") else ""
        size = stop - begin
        total = "s" if size < 25 else "m" if size < 60 else "l" if size < 120 else "x"
        top = str(min(self._index, 12) // 2)
        bottom = str(min(len(self._filled) - 1 - self._index, 8) // 2)
        return label, first, last, total, top, bottom


def _gap(text: str) -> str:
    """Returns what stands between two words with digits and blanks made alike, cut short."""
    squeezed = _DIGITS.sub("9", _BLANKS.sub("  ", text))
    return squeezed if len(squeezed) < 8 else squeezed[:4] + "~" + squeezed[-3:]


def hashed(features: Sequence[str]) -> list[int]:
    """Returns the index of each feature in the weights."""
    mask = (1 << BITS) - 1
    return [zlib.crc32(f.encode()) & mask for f in features]


def judge(words: Words, vocabulary: Vocabulary, tagger: Tagger) -> dict[int, tuple[float, float]]:
    """Returns for each candidate word the chance that it is of a name, and of a place."""
    features = Features(words, vocabulary)
    chances: dict[int, tuple[float, float]] = {}
    before, previous = "O", -1
    for index in candidates(words, vocabulary):
        if index != previous + 1:
            before = "O" if previous >= 0 and index - previous > 1 else before
        rows = tagger.weights[hashed(features.of(index, before))]
        logits = rows.sum(axis=0) + tagger.bias
        odds = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
        odds /= odds.sum()
        chances[index] = (float(odds[1]), float(odds[2]))
        before = CLASSES[int(odds.argmax())]
        previous = index
    return chances


_NEAR = re.compile(r"(?:'s)?[ ]?[,.'-]?[ ]{0,2}\Z")
_NEAR_PLACE = re.compile(r"[ ,.#'\d/-]{1,16}\Z")
_NUMBER_BEFORE = re.compile(r"(?<![\w/])\d{1,6}[A-Za-z]?,?[ ]\Z")
_CODE_AFTER = re.compile(r",?[ ](?=[\w -]{0,6}\d)[A-Z0-9]{1,4}[A-Z0-9]*(?:[ -][A-Z0-9]{2,4})?(?![\w:/])")


def find_tagged(words: Words, vocabulary: Vocabulary, tagger: Tagger) -> Iterator[Found]:
    """Yields runs of words that the model takes for names or places, each with a score that weighs the model's own.

    Around the prose, where headers and signatures stand, the model is believed. In the prose it must see a word of a
    list of names, or several in a row, and never a word in ordinary use.
    """
    chances = judge(words, vocabulary, tagger)
    edge_top, edge_bottom = edges(words.text)
    for column, label, near in ((0, "NAME", _NEAR), (1, "LOCATION", _NEAR_PLACE)):
        for run in _runs(words, chances, column, near, vocabulary.particles):
            best = max(chances[i][column] for i in run)
            items = [words.items[i] for i in run]
            while items and items[0].key in _OUTSIDE:
                items.pop(0)
            if not items or (len(items) == 1 and _in_label(words, items[0], vocabulary)):
                continue
            around = items[0].start < edge_top or items[-1].end > edge_bottom
            score = min(_trust(words, items, vocabulary, best, around, label), 0.97)
            if score < 0.1:
                continue
            start, end = items[0].start, items[-1].end
            if label == "LOCATION":
                start, end = _with_numbers(words.text, start, end)
                yield Found(start, end, "LOCATION", score, LAYER)
            else:
                yield Found(start, end, "NAME", score, LAYER)


def _runs(
    words: Words,
    chances: dict[int, tuple[float, float]],
    column: int,
    near: re.Pattern[str],
    particles: frozenset[str],
) -> Iterator[list[int]]:
    """Yields indices of words in a row: one at least is likely, its neighbours not unlikely."""
    run: list[int] = []
    for index in [*(i for i, pair in chances.items() if pair[column] >= 0.25), len(words.items) + 9]:
        if run and index < len(words.items):
            gap = words.text[words.items[run[-1]].end : words.items[index].start]
            linked = all(w.key in particles for w in words.items[run[-1] + 1 : index])
            joined = near.match(gap) or (linked and re.fullmatch(r"(?:[ ][\w'.]+){1,3}[ ]", gap))
            if joined and "\n" not in gap:
                run.append(index)
                continue
        if run and max(chances[i][column] for i in run) >= 0.4:
            yield run
        run = [index] if index < len(words.items) else []


_CELL_ENDS = re.compile(
    r"[ \t]*(?:$|[|;:()/=\d]|[ ]{2}|\t|,?[ ]?(?:[A-Z]\.){2}|,?[ ]?[A-Z]{2,5}\b)", re.MULTILINE
)
_OUTSIDE = frozenset(["dear", "hello", "hi", "re", "regarding", "attn"])
_LABEL_GOES_ON = re.compile(r"\.[ ]?[A-Za-z.#/]{0,14}[ ]?[:#]")


def _in_label(words: Words, word: Word, vocabulary: Vocabulary) -> bool:
    """Tells whether a short form with a point is part of a label, as in ``Adm. Date:``."""
    return (
        len(word.text) < 6
        and not vocabulary.name(word.text)
        and bool(_LABEL_GOES_ON.match(words.text, word.end))
    )


def _trust(
    words: Words, items: Sequence[Word], vocabulary: Vocabulary, best: float, around: bool, label: str
) -> float:
    """Weighs what the model says by where it says it and what the words are."""
    whole = [w for w in items if len(w.text) > 1]
    strange = [
        w
        for w in whole
        if not vocabulary.ambiguous(w.text)
        and w.key not in vocabulary.abbreviations
        and (len(w.key) < 8 or vocabulary.name(w.text) or not MEDICAL.search(w.key))
    ]
    names = [w for w in whole if vocabulary.name(w.text)]
    if label == "LOCATION":
        names = [w for w in whole if w.key in vocabulary.places or w.key in vocabulary.facility]
    if not any(w.capital for w in whole):
        return best if around and strange and best > 0.7 else best * 0.3
    if around:
        if strange:
            return best
        alone = len(names) == len(whole) > 1 and best > 0.8 and _CELL_ENDS.match(words.text, items[-1].end)
        return best * (0.9 if alone else 0.4)
    if not strange or any(w.caps and len(w.text) < 6 for w in strange):
        return best * 0.25
    listed = [w for w in strange if w in names]
    if len(whole) > 1 and (listed or (len(strange) == len(whole) and best > 0.9)):
        return best * 0.9 if listed else best * 0.55
    return best * (0.8 if listed and best > 0.9 else 0.3)


def _with_numbers(text: str, start: int, end: int) -> tuple[int, int]:
    """Takes a house number before and a postal code after a place into it."""
    before = _NUMBER_BEFORE.search(text[max(0, start - 10) : start])
    if before:
        start -= len(before.group())
    after = _CODE_AFTER.match(text, end)
    return start, after.end() if after else end
