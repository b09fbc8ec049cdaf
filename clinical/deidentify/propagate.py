"""A name found once is a name everywhere in its text: other case, no accents, possessive, parts alone, one letter off.

Parts that are also words ("Short", "May", "Parkinson") count only where a name can stand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from clinical.deidentify.folding import key
from clinical.deidentify.found import Found
from clinical.deidentify.known import KnownIndex, Person, pairs_of
from clinical.deidentify.phrases import DEGREE, SHORT_FAMILY
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Words

LAYER = "propagated"

NICKNAMES: Mapping[str, str] = {
    nick: full
    for full, nicks in {
        "william": "bill billy will willie liam",
        "robert": "bob bobby rob robbie bert",
        "richard": "dick rick ricky rich richie",
        "james": "jim jimmy jamie",
        "john": "jack johnny jon",
        "elizabeth": "liz lizzie beth betty eliza libby bess",
        "margaret": "maggie meg peggy marge margie greta",
        "catherine": "cathy kate katie kathy cat",
        "katherine": "kathy kate katie kat",
        "michael": "mike mikey mick",
        "thomas": "tom tommy",
        "joseph": "joe joey",
        "charles": "charlie chuck chas",
        "edward": "ed eddie ted teddy ned",
        "patricia": "pat patty trish tricia",
        "patrick": "pat paddy",
        "susan": "sue susie suzie",
        "jennifer": "jen jenny jenn",
        "christopher": "chris kit",
        "christine": "chris chrissy tina",
        "daniel": "dan danny",
        "david": "dave davey",
        "anthony": "tony",
        "andrew": "andy drew",
        "alexander": "alex sasha xander",
        "alexandra": "alex sandra lexi",
        "benjamin": "ben benny",
        "samuel": "sam sammy",
        "samantha": "sam",
        "steven": "steve",
        "stephen": "steve",
        "timothy": "tim timmy",
        "kenneth": "ken kenny",
        "ronald": "ron ronnie",
        "donald": "don donnie",
        "deborah": "deb debbie",
        "barbara": "barb barbie",
        "rebecca": "becky becca",
        "victoria": "vicky tori",
        "theodore": "ted teddy theo",
        "lawrence": "larry",
        "gerald": "gerry jerry",
        "jeffrey": "jeff",
        "gregory": "greg",
        "frederick": "fred freddie",
        "francis": "frank fran",
        "frances": "fran",
        "nicholas": "nick nicky",
        "matthew": "matt",
        "jonathan": "jon",
        "philip": "phil",
        "peter": "pete",
        "raymond": "ray",
        "walter": "walt wally",
        "henry": "hank harry",
        "harold": "hal harry",
        "dorothy": "dot dottie",
        "virginia": "ginny",
        "judith": "judy",
        "pamela": "pam",
        "cynthia": "cindy",
        "kimberly": "kim",
        "jacqueline": "jackie",
    }.items()
    for nick in nicks.split()
}
_ASIDE = re.compile(
    r",[ ](?:accompanied|who|whose|a[n]?[ ]|age|the[ ]|her|his|along|\d|while|being|however)|[ ]?[;|)\n]|\Z"
)


def propagate(
    words: Words,
    vocabulary: Vocabulary,
    people: Sequence[Person],
    known: KnownIndex,
    taken: Iterable[tuple[int, int]],
) -> Iterator[Found]:
    """Yields every other occurrence of the parts of ``people`` and of everyone known.

    Args:
        people: who this text is about or names: their parts also count misspelled, as nicknames and as words.
        known: the practice's people and patients: parts that are no words, and whole names.
        taken: stretches already found; they are not given again, and words beside them join them more easily.
    """
    parts = {part for p in people for part in p.parts if len(part) > 1 and part not in SHORT_FAMILY}
    nicks = {nick for nick, full in NICKNAMES.items() if full in parts}
    edits = {e for part in parts if len(part) > 6 for e in _deletions(part)}
    covered = set()
    for start, end in sorted(taken):
        index = words.at(start)
        while index < len(words.items) and words.items[index].start < end:
            covered.add(index)
            index += 1
    for index, word in enumerate(words.items):
        if index in covered:
            continue
        score = 0.0
        pieces = word.key.split("-")
        if word.key in parts or (len(pieces) > 1 and any(p in parts and len(p) > 2 for p in pieces)):
            score = _score(words, vocabulary, index, covered, parts)
        elif word.key in known.parts:
            score = 0.9 if word.capital and not is_term(words, vocabulary, index) else 0.6
        elif word.key in nicks and word.title:
            plain = vocabulary.ordinary(word.text)
            score = _score(words, vocabulary, index, covered, parts) if plain else 0.9
        elif len(word.key) > 5 and word.capital and edits and not vocabulary.ambiguous(word.text):
            score = 0.85 if word.key in edits or _deletions(word.key) & (edits | parts) else 0.0
        if score:
            yield Found(word.start, word.end, "NAME", score, LAYER)
    yield from _whole_names(words, pairs_of(people), covered)
    yield from _whole_names(words, known.pairs, covered)


def _whole_names(words: Words, pairs: Mapping[str, frozenset[str]], covered: set[int]) -> Iterator[Found]:
    """Yields whole names in a row, in either order and any case, whatever their parts may mean."""
    items = words.items
    for index in range(len(items) - 1):
        lasts = pairs.get(items[index].key)
        if lasts is None or index in covered:
            continue
        for last in items[index + 1 : index + 3]:
            gap = words.text[items[index].end : last.start]
            if (
                last.key in lasts
                and len(gap) < 12
                and (last is not items[index + 1] or not set(gap) & set(".:;()\n"))
            ):
                yield Found(items[index].start, last.end, "NAME", 0.97, LAYER)


_ALONE = re.compile(r"[,:][ \t]*(?:\n|\Z)")


def _opens_line(text: str, start: int) -> bool:
    """Tells whether nothing but blanks stands before ``start`` in its line."""
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()


def _deletions(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def _score(words: Words, vocabulary: Vocabulary, index: int, covered: set[int], parts: set[str]) -> float:
    """Weighs whether a known part at ``index`` stands for the person."""
    word = words.items[index]
    following = words.items[index + 1] if index + 1 < len(words.items) else None
    if not vocabulary.ambiguous(word.text):
        if (
            following
            and following.key in vocabulary.keep_before
            and word.possessive
            and word.key not in parts
        ):
            return 0.0
        return 0.97
    if not word.capital:
        return 0.0
    if is_term(words, vocabulary, index):
        return 0.0
    beside = index - 1 in covered or index + 1 in covered
    if beside and (index + 1 not in covered or word.gap.strip() in {"", ","}):
        near = (
            words.items[index + 1].start - word.end
            if index + 1 in covered
            else word.start - words.items[index - 1].end
        )
        if near < 3:
            return 0.95
    if word.title and _ALONE.match(words.text, word.end) and _opens_line(words.text, word.start):
        return 0.9
    shouting = word.caps and words.shouting(index)
    if shouting:
        return (
            0.85
            if following
            and following.key in vocabulary.verbs
            and following.key in {"was", "is", "has", "had"}
            else 0.0
        )
    if word.caps and len(word.text) < 4:
        return 0.0
    if words.starts_sentence(index):
        if word.possessive or _ASIDE.match(words.text, word.end):
            return 0.9
        if (
            following
            and following.text.islower()
            and following.key in vocabulary.verbs
            and "." not in word.gap
            and ":" not in word.gap
            and "\n" not in word.gap
        ):
            return 0.92
        if word.key not in vocabulary.words:
            return 0.8 if following and following.text.islower() else 0.0
        return 0.0
    if following and following.key in DEGREE and following.caps:
        return 0.95
    if word.possessive:
        return 0.93
    before = words.items[index - 1]
    if (
        before.title
        and "." not in before.gap
        and vocabulary.ordinary(before.text)
        and following
        and following.title
    ):
        return 0.0
    return 0.9


def is_term(words: Words, vocabulary: Vocabulary, index: int) -> bool:
    """Tells whether the word is the name inside a term: ``Parkinson's disease``, ``Foley catheter``, ``Baker cyst``."""
    word = words.items[index]
    following = words.items[index + 1] if index + 1 < len(words.items) else None
    if following is None or not set(word.gap.replace("'s", "")) <= set(" -/\t\n"):
        return False
    if following.key in vocabulary.keep_before:
        return True
    if word.gap.strip(" ") == "-" and following.key in vocabulary.keep:
        return True
    if (
        following.text.islower()
        and index + 2 < len(words.items)
        and words.items[index + 2].key in vocabulary.keep_before
    ):
        return word.key in vocabulary.keep and following.key not in vocabulary.verbs
    return False


def parts_of(text: str) -> tuple[str, ...]:
    """Returns the keys of the words of a found name."""
    return tuple(key(w) for w in text.split())
