"""Reading a name where one is announced: after a title, in a field, before a degree, on a sign-off line."""

import re
from dataclasses import dataclass

from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Word, Words

DEGREE = frozenset(
    [
        "md",
        "do",
        "mbbs",
        "mbchb",
        "rn",
        "np",
        "pa",
        "dnp",
        "aprn",
        "fnp",
        "arnp",
        "cnp",
        "lpn",
        "crna",
        "phd",
        "psyd",
        "dpm",
        "dds",
        "dmd",
        "od",
        "dc",
        "pt",
        "dpt",
        "ot",
        "otr",
        "slp",
        "lcsw",
        "msw",
        "mph",
        "ms",
        "ma",
        "bs",
        "bsn",
        "msn",
        "mha",
        "facs",
        "facp",
        "facc",
        "facog",
        "fccp",
        "faap",
        "frcs",
        "frcp",
        "frcpc",
        "mrcp",
        "frcr",
        "dabr",
        "rpa",
        "cnm",
        "pharmd",
        "rph",
        "jd",
        "esq",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "rt",
        "ccc",
        "cfnp",
        "gnp",
        "pac",
        "bc",
    ]
)
_JOIN = re.compile(r"(?:[ \t]{1,2}'?|\.[ \t]{0,2}|[ \t]?\n[ \t]?|\^{1,2}|-[ \t]?\n?)\Z")
SHORT_FAMILY = frozenset("to an do so no my in or on he be ly vo ho ng u".split())
"""Family names that are words of grammar as well; believed only where a phrase of a name ends."""
_PHRASE_ENDS = re.compile(r"(?:'s)?(?:,|[ \t]*(?:\n|\Z|[|;(/]|[ ]{2}))|\.[ ]?(?:\n|\Z)")
_LEADING = frozenset(
    ["van", "von", "de", "el", "al", "la", "da", "di", "le", "du", "del", "dos", "bin", "ibn"]
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of words read as one person's name: indices into the words, first inclusive, last exclusive."""

    first: int
    last: int


def forward(
    words: Words,
    vocabulary: Vocabulary,
    index: int,
    *,
    limit: int = 5,
    lower: bool = False,
    lines: bool = True,
    roles: bool = False,
) -> Phrase | None:
    """Reads a name that begins at the word ``index``.

    Args:
        limit: most words a name may have.
        lower: the announcement is strong enough for a name in lower case.
        lines: the name may go on in the next line.
        roles: words like "Nurse" or "May" may begin the name.
    """
    items = words.items
    if index >= len(items) or not _opens(items[index], vocabulary, lower, roles):
        return None
    first = items[index]
    shouting = first.caps and words.shouting(index)
    last = index + 1
    while last < len(items) and last - index < limit:
        before, word = items[last - 1], items[last]
        between = words.text[before.end : word.start]
        if before.possessive or not _joined(before, between, lines):
            break
        broken = "\n" in between
        if not _continues(word, first, vocabulary, broken, lower):
            if word.key in vocabulary.particles and not word.capital and not broken and last + 1 < len(items):
                following = items[last + 1]
                if following.capital or following.key in vocabulary.particles:
                    last += 1
                    continue
            break
        plain = vocabulary.ordinary(word.text)
        if plain and (broken or shouting) and word.key not in vocabulary.given:
            break
        if broken and (word.gap.lstrip().startswith(":") or (word.caps and not first.caps)):
            break
        last += 1
    while last > index + 1 and items[last - 1].key in vocabulary.particles and not items[last - 1].capital:
        last -= 1
    return Phrase(index, last)


def _continues(word: Word, first: Word, vocabulary: Vocabulary, broken: bool, lower: bool) -> bool:
    """Tells whether ``word`` may be a further part of the name that ``first`` opened."""
    if word.key in DEGREE and word.caps:
        return False
    if len(word.text) == 1 and word.text.isupper():
        return not broken and (word.text not in "AI" or word.gap.startswith("."))
    if not word.capital:
        return lower and not first.capital and not vocabulary.ordinary(word.text)
    if word.key in SHORT_FAMILY and word.capital and _PHRASE_ENDS.match(word.gap):
        return not broken
    if word.key in vocabulary.stop or (word.key in vocabulary.keep_before and not word.title):
        return False
    return not (first.title and word.caps and len(word.text) > 3 and vocabulary.ordinary(word.text))


def _opens(word: Word, vocabulary: Vocabulary, lower: bool, roles: bool) -> bool:
    if len(word.text) == 1:
        return word.capital and word.gap.startswith((".", " "))
    if word.key in vocabulary.stop or (word.key in vocabulary.roles and not (roles and word.capital)):
        return False
    return word.capital or word.key in vocabulary.particles or lower


def _joined(before: Word, between: str, lines: bool) -> bool:
    if not between or ("\n" in between and (not lines or between.count("\n") > 1)):
        return False
    if between.startswith("."):
        short = len(before.text) <= 2 and (before.capital or before.key == "st")
        return short and bool(_JOIN.match(between))
    return bool(_JOIN.match(between))


def backward(words: Words, vocabulary: Vocabulary, index: int, *, limit: int = 4) -> Phrase | None:
    """Reads a name that ends with the word ``index`` (before a degree)."""
    items = words.items
    last = index + 1
    first = index
    if not _opens(items[index], vocabulary, False, True) or items[index].key in DEGREE:
        return None
    while first > 0 and last - first < limit:
        word = items[first - 1]
        between = words.text[word.end : items[first].start]
        if word.possessive or "\n" in between or not _joined(word, between, False):
            break
        if word.key in vocabulary.particles and not word.capital:
            first -= 1
            continue
        if not word.capital or word.key in vocabulary.stop:
            break
        first -= 1
    while first < last and not items[first].capital and items[first].key not in _LEADING:
        first += 1
    return Phrase(first, last) if first < last else None
