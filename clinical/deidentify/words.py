"""The words of a text with what is around them, made once and read by every layer that looks at names."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from clinical.deidentify.folding import key

UPPER = "A-ZÀ-ÖØ-Þ" + "".join(
    c for c in map(chr, (*range(0x100, 0x250), *range(0x1E00, 0x1F00))) if c.isupper()
)
"""Capital Latin letters for a character class, which ``[A-Z]`` is not."""
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the folded text without a possessive ending; ``gap`` is what stands between it and the next word."""

    start: int
    end: int
    text: str = field(repr=False)
    key: str = field(repr=False)
    possessive: bool
    gap: str = field(repr=False)

    @property
    def title(self) -> bool:
        """Whether it begins with a capital and is not written in capitals only (single letters count)."""
        return self.text[:1].isupper() and (len(self.text) == 1 or not self.text.isupper())

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[:1].isupper()

    @property
    def caps(self) -> bool:
        """Whether it is written in capitals only."""
        return len(self.text) > 1 and self.text.isupper()


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a text in order, to be found by offset."""

    text: str = field(repr=False)
    items: tuple[Word, ...] = field(repr=False)
    offsets: tuple[int, ...] = field(repr=False)

    def at(self, offset: int) -> int:
        """Returns the index of the first word that starts at or after ``offset``."""
        return bisect_left(self.offsets, offset)

    def starts_sentence(self, index: int) -> bool:
        """Tells whether the word at ``index`` begins a line or a sentence."""
        if index == 0:
            return True
        before = self.text[self.items[index - 1].end : self.items[index].start].replace("'s", "", 1)
        if "\n" in before or any(mark in before for mark in ":!?*|;"):
            return True
        if "." in before:
            return len(self.items[index - 1].text) > 1 and self.items[index - 1].key not in {
                "dr",
                "mr",
                "mrs",
                "ms",
            }
        return not before.strip(" ,") and bool(re.search(r"\d\.?\)?\s+\Z", before))

    def shouting(self, index: int) -> bool:
        """Tells whether the line around the word is written in capitals."""
        start = self.text.rfind("\n", 0, self.items[index].start) + 1
        end = self.text.find("\n", self.items[index].end)
        line = self.text[start : end if end >= 0 else len(self.text)][:400]
        return sum(c.islower() for c in line) * 4 < sum(c.isupper() for c in line)


def find_words(text: str) -> Words:
    """Splits a folded text into words."""
    spans = []
    for match in WORD.finditer(text):
        start, end = match.span()
        possessive = end - start > 2 and text[end - 2 : end].lower() == "'s"
        if possessive:
            end -= 2
        spans.append((start, end, possessive))
    items = []
    for index, (start, end, possessive) in enumerate(spans):
        following = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        word = text[start:end]
        items.append(Word(start, end, word, key(word), possessive, text[end : min(following, end + 40)]))
    return Words(text, tuple(items), tuple(item.start for item in items))
