"""Cue phrases of what a sentence asserts, found in its words.

A phrase of ``rules/context.toml`` may name a set in braces ("{modal} represent"), which stands for each of its
members; words that only colour a phrase ("cannot entirely exclude") are passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from clinical.structure.lexicon import Lexicon, Match, Word, rules

_CLOSED = frozenset("and by with on in at for as but or to , . ; : ) of from after due he she it".split())


@dataclass(frozen=True, slots=True)
class Cue:
    """What a phrase asserts, of which side of it, and how many words away at most.

    Attributes:
        lists: it speaks of what stands after the next comma too.
        ends: it is a cue only at the end of its clause.
        opens: it is a cue only where the words after it can begin a noun phrase.
        begins: it is a cue only among the first words of a sentence.
    """

    assertion: str
    direction: str
    reach: int
    lists: bool = True
    ends: bool = False
    opens: bool = False
    begins: bool = False


@cache
def _skipped() -> frozenset[str]:
    return frozenset(rules("context.toml")["colour"]["words"])


def _expanded(phrase: str) -> Iterator[str]:
    """The phrase once for each member of each set that it names."""
    sets = rules("context.toml")["set"]
    parts = [sets[part[1:-1]] if part[0] == "{" else (part,) for part in phrase.split()]
    for chosen in product(*parts):
        yield " ".join(word for word in " ".join(chosen).split() if word not in _skipped())


@cache
def _lexicon() -> Lexicon:
    """Every cue phrase with all that it may say (a phrase may speak forward and backward)."""
    cues: dict[str, tuple[Cue, ...]] = {}
    exact: dict[str, tuple[Cue, ...]] = {}
    for rule in rules("context.toml")["cue"]:
        cue = Cue(
            rule["assertion"],
            rule["direction"],
            int(rule.get("reach", 40)),
            **{name: rule[name] for name in ("lists", "ends", "opens", "begins") if name in rule},
        )
        for phrase in rule["phrases"]:
            table = exact if phrase[0] == "=" else cues
            for form in _expanded(phrase.lstrip("=")):
                if cue not in table.get(form, ()):
                    table[form] = (*table.get(form, ()), cue)
    return Lexicon(cues.items(), exact.items())


def cues_in(words: Sequence[Word], text: str) -> list[tuple[Match, Cue]]:
    """The cues of a sentence in order, each where its conditions hold."""
    kept = [at for at, word in enumerate(words) if word.key not in _skipped()]
    found = []
    for match in _lexicon().find([words[at] for at in kept], text):
        first, last = kept[match.first], kept[match.last - 1] + 1
        place = Match(first, last, match.start, match.end, match.payload)
        found += [(place, cue) for cue in match.payload if _holds(cue, words, first, last)]
    return found


def ends_clause(words: Sequence[Word], at: int) -> bool:
    """Does the clause end before word ``at``?"""
    return at >= len(words) or words[at].key in (".", ",", ";", ")")


def _holds(cue: Cue, words: Sequence[Word], first: int, last: int) -> bool:
    if cue.ends and not ends_clause(words, last):
        return False
    if cue.opens and (last >= len(words) or words[last].key in _CLOSED):
        return False
    if words[first].key == "no" and words[first + 1 : first + 2] and _numbered(words, first + 1):
        return False
    return not cue.begins or first <= _after_heading(words) + 3


def _numbered(words: Sequence[Word], at: int) -> bool:
    """ "No. 3": a number, not a denial."""
    after = at + 1 if words[at].key == "." else at
    return after > at and after < len(words) and words[after].text[:1].isdigit()


def _after_heading(words: Sequence[Word]) -> int:
    """Where the sentence begins, after a heading that runs into it."""
    colons = [at for at, word in enumerate(words[:6]) if word.key == ":"]
    return colons[-1] + 1 if colons else 0
