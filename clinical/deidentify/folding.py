"""A second view of a text in which disguised characters look like what they stand for.

Zero-width and direction marks vanish, a base letter and its combining marks become one character, full-width and
look-alike letters become Latin, odd blanks become a blank. Each character of the view knows the stretch of the
source it came from, so that whatever is found in the view can be cut out of the source.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise

_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2060\ufeff") | frozenset(
    chr(c)
    for c in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2061, 0x2070), *range(0xFE00, 0xFE10))
)
_LOOK_ALIKE = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαʼ’‘`´‐‑‒–—−",
        "ABESIJKMHOPCTYXaesijopcyxhdqwABEZHIKMNOPTYXoa'''''------",
        strict=True,
    )
)
_ASCII_LIKE = str.maketrans(
    {
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "ı": "i",
        "æ": "ae",
        "Æ": "Ae",
    }
    | {"œ": "oe", "Œ": "Oe", "ß": "ss", "þ": "th", "Þ": "Th", "ə": "a", "ŋ": "n", "ħ": "h", "ĸ": "k"}
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to search in; ``starts`` and ``ends`` map its characters back to the source (None: unchanged)."""

    text: str = field(repr=False)
    starts: tuple[int, ...] | None = field(default=None, repr=False)
    ends: tuple[int, ...] | None = field(default=None, repr=False)

    def source_start(self, position: int) -> int:
        """Returns where in the source the character at ``position`` begins."""
        return position if self.starts is None else self.starts[position]

    def source_end(self, position: int) -> int:
        """Returns where in the source the character before ``position`` ends."""
        return position if self.ends is None else self.ends[position - 1]


def fold(text: str) -> Folded:
    """Returns the view of ``text`` that recognizers read."""
    if text.isascii() and "`" not in text:
        return Folded(unwrap(text))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, char in enumerate(text):
        if char in _INVISIBLE or (unicodedata.combining(char) and not letters):
            if ends:
                ends[-1] = index + 1
            continue
        if unicodedata.combining(char):
            joined = unicodedata.normalize("NFC", letters[-1] + char)
            letters[-1] = joined if len(joined) == 1 else letters[-1]
            ends[-1] = index + 1
            continue
        letters.append(_plain(char))
        starts.append(index)
        ends.append(index + 1)
    _unmask(letters)
    return Folded(unwrap("".join(letters)), tuple(starts), tuple(ends))


_COLUMNS = re.compile(r"\S[ ]{4,}\S|\t|[|]")
_GOES_ON = re.compile(r"[^\W_]\S*")
_LABELLED = re.compile(r"[^\W\d_][\w .#/'()-]{0,28}:(?:\s|$)")


def unwrap(text: str) -> str:
    """Turns line ends into blanks where a line broke only because the next word did not fit; lengths stay.

    A break is soft if the lines of the text end near one width that the first word of the next line would have passed.
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    if not 45 <= width <= 110 or len(lines) < 5:
        return text
    soft = []
    for upper, lower in pairwise(lines):
        word = _GOES_ON.match(lower)
        soft.append(
            bool(word)
            and len(upper) > width * 0.6
            and len(upper) + 1 + len(word.group() if word else "") > width
            and not _COLUMNS.search(upper)
            and not _LABELLED.match(lower)
        )
    if sum(soft) < 3:
        return text
    return lines[0] + "".join(
        (" " if joined else "\n") + line for joined, line in zip(soft, lines[1:], strict=True)
    )


def _plain(char: str) -> str:
    """Returns one character for ``char``: its compatibility form where that is a single character."""
    if char.isascii():
        return "'" if char == "`" else char
    if unicodedata.category(char) == "Zs":
        return " "
    if char in "’‘´ʼ‐‑‒–—−":
        return _LOOK_ALIKE[char]
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


def _unmask(letters: list[str]) -> None:
    """Turns look-alike letters into Latin within words that hold Latin letters too."""
    begin = 0
    for index in range(len(letters) + 1):
        if index < len(letters) and (letters[index].isalpha() or letters[index] in "'-"):
            continue
        word = letters[begin:index]
        latin = any("a" <= c.lower() <= "z" for c in word)
        if latin and any(c in _LOOK_ALIKE for c in word):
            letters[begin:index] = [_LOOK_ALIKE.get(c, c) for c in word]
        begin = index + 1


def key(word: str) -> str:
    """Returns the form under which a word is compared: lower case, no accents (``Søren`` → ``soren``)."""
    if word.isascii():
        return word.lower()
    bare = unicodedata.normalize("NFKD", word.translate(_ASCII_LIKE))
    return "".join(c for c in bare if not unicodedata.combining(c)).lower()
