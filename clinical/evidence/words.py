"""Words reduced to what they mean.

Atoms, by a lexicon of equivalent phrases and, failing that, by their stem.

"Cardiomegaly", "enlarged heart" and "the heart is large" all become the atoms ``heart`` and ``large``;
"afebrile" becomes ``fever`` with its sense turned round. The lexicon is ``rules/lexicon.txt``, one meaning
a line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

RULES = Path(__file__).parent / "rules"

_TOKEN = re.compile(
    r"\[[A-Z]{2,9}[^\]\n]{0,16}\]"
    r"|[^\W\d_](?:[^\W\d_]*\d+)?[^\W\d_]*(?:['’][a-z]{1,2}\b)?"
    r"|\d+(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+"
    r"|[^\w\s]|_"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, tag or punctuation mark; ``lower`` is what rules see."""

    start: int
    end: int
    lower: str

    @property
    def is_word(self) -> bool:
        return self.lower[0].isalpha()

    @property
    def is_number(self) -> bool:
        return self.lower[0].isdigit() or (self.lower[0] == "." and len(self.lower) > 1)


@dataclass(frozen=True, slots=True)
class Atom:
    """A unit of meaning of tokens ``first:last``; ``turned`` where the word itself negates ("afebrile")."""

    key: str
    first: int
    last: int
    turned: bool = False
    known: bool = False


@dataclass(slots=True)
class _Node:
    next: dict[str, "_Node"] = field(default_factory=dict)
    atoms: tuple[tuple[str, bool], ...] | None = None


def tokens_of(text: str) -> list[Token]:
    """Tokens of ``text`` in order.

    Case folded, typographic marks made plain. Offsets are those of ``text``.
    """
    found = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        lower = word.lower().replace("’", "'")
        if lower.endswith("'s"):
            lower = lower[:-2]
        found.append(Token(match.start(), match.end(), lower))
    return found


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word without its inflection and the commonest endings that make a noun, adjective or adverb
    of it.
    """
    w = word
    if len(w) < 4 or not w.isascii() or w in _WHOLE:
        return w
    if w.endswith("ies") and len(w) > 4:
        w = w[:-3] + "y"
    elif w.endswith(("sses", "shes", "ches", "xes", "zes")):
        w = w[:-2]
    elif w.endswith("s") and not w.endswith(("ss", "us", "is")):
        w = w[:-1]
    for ending, least in _ENDINGS:
        if w.endswith(ending) and len(w) - len(ending) >= least:
            w = w[: -len(ending)]
            if len(w) > 3 and w[-1] == w[-2] and w[-1] not in "lsz":
                w = w[:-1]
            break
    if len(w) > 3 and w[-1] in "ey":
        w = w[:-1]
    return w


# Words whose stem is that of another meaning: "several" is not "severe", "massive" no mass, "extreme" no extremity.
_WHOLE = frozenset(
    "several massive extreme extremely extensive nervous scared alcoholic largely lasting sleepy lowered".split()
)
_ENDINGS = tuple(
    (ending, int(least))
    for least, endings in (
        ("4", "ications ication izations ization ations ation ements ement ments ment"),
        ("3", "nesses ness"),
        ("4", "ically ities ity ating ated ates ate ified ify ions ion ingly ously ively ance ence"),
        ("3", "ing"),
        ("4", "edly"),
        ("3", "ed"),
        ("4", "ely ly ous ive al ic ful"),
        ("5", "ant ent er"),
    )
    for ending in endings.split()
)


@cache
def _lexicon() -> _Node:
    root = _Node()
    for line in (RULES / "lexicon.txt").read_text(encoding="utf-8").splitlines():
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        meaning, _, variants = line.partition(":")
        atoms = tuple((stem(word.lstrip("!")), word.startswith("!")) for word in meaning.split())
        phrases = [v.strip() for v in variants.split(",") if v.strip()]
        if not any(turned for _, turned in atoms):
            phrases.append(meaning.strip())
        for phrase in phrases:
            node = root
            for token in tokens_of(phrase):
                node = node.next.setdefault(stem(token.lower), _Node())
            node.atoms = atoms
    return root


@cache
def _implied() -> dict[str, tuple[str, ...]]:
    """Atoms that an atom implies: a drug its class, a disease its kind."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (RULES / "implies.txt").read_text(encoding="utf-8").splitlines():
        kind, _, members = line.split("#", 1)[0].partition(":")
        for member in members.split(","):
            meaning = _meaning(member.strip()) if member.strip() else ()
            if len(meaning) == 1:
                key = meaning[0][0]
                found[key] = (*found.get(key, ()), *(stem(w) for w in kind.split()))
    return found


def implied_by(key: str) -> tuple[str, ...]:
    """Atoms of the wider terms that ``key`` is one of."""
    return _implied().get(key, ())


@cache
def _word_set(name: str) -> frozenset[str]:
    lines = (RULES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines for word in line.split("#", 1)[0].split())


def named_numbers(tokens: Sequence[Token]) -> set[int]:
    """Tokens of phrases that have a number in their name ("type 2 diabetes"): no quantities."""
    if not any(t.is_number for t in tokens):
        return set()
    return {
        i
        for a in atoms_of(tokens)
        if a.known and any(tokens[i].is_number and tokens[i - 1].is_word for i in range(a.first + 1, a.last))
        for i in range(a.first, a.last)
    }


def is_empty(word: str) -> bool:
    """A word that carries no clinical content of its own ("the", "noted", "shows")."""
    return word in _word_set("empty")


def atoms_of(tokens: Sequence[Token], taken: frozenset[int] | set[int] = frozenset()) -> list[Atom]:
    """Atoms of ``tokens`` in order. Tokens whose index is in ``taken`` (numbers, units) are passed over.

    The longest phrase of the lexicon wins; a hyphen or slash inside a phrase does not matter.
    """
    root = _lexicon()
    found: list[Atom] = []
    at, count = 0, len(tokens)
    while at < count:
        if at in taken:
            at += 1
            continue
        node, here, best = root, at, None
        while here < count and here not in taken:
            lower = tokens[here].lower
            step = node.next.get(stem(lower))
            if step is None:
                if (
                    lower in "-/."
                    and here > at
                    and here + 1 < count
                    and tokens[here].start == tokens[here - 1].end
                ):
                    here += 1
                    continue
                break
            node = step
            here += 1
            if node.atoms is not None:
                best = (here, node.atoms)
        if best is not None:
            last, meaning = best
            found += [Atom(key, at, last, turned, True) for key, turned in meaning]
            at = last
            continue
        token = tokens[at]
        if token.lower[0] == "[" and len(token.lower) > 1:
            found.append(Atom(token.lower, at, at + 1))
        elif token.is_word and not is_empty(token.lower):
            found += _single(tokens, at)
        at += 1
    return found


_NEGATING = re.compile(r"^(?:non|un|in|im|a)(?=[a-z]{4})")


def _single(tokens: Sequence[Token], at: int) -> list[Atom]:
    """One word without an entry: its stem; "nontender" is "tender" turned round."""
    word = tokens[at].lower
    if word.startswith("non") and len(word) > 6:
        inner = _meaning(word[3:])
        return [Atom(key, at, at + 1, not turned) for key, turned in inner]
    return [Atom(stem(word), at, at + 1)]


def _meaning(word: str) -> tuple[tuple[str, bool], ...]:
    node = _lexicon().next.get(stem(word))
    return node.atoms if node is not None and node.atoms is not None else ((stem(word), False),)
