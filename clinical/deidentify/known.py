"""Who is known already: the patient by header or message, the practice's own people and places.

Every form is built from the identity: name parts in any order with initials, nicknames, ids with and without their
separators, the birth date in every format, the phone number's digits, the address.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clinical.deidentify.dates import DateFound, parse_iso
from clinical.deidentify.folding import key
from clinical.deidentify.found import Found
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import WORD, Words
from clinical.report import Identity, Label

LAYER = "known"


@dataclass(frozen=True, slots=True)
class Person:
    """The parts of one person's name as keys; titles, degrees and single letters are left out."""

    parts: tuple[str, ...] = field(repr=False)


_NOT_PARTS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "miss",
        "prof",
        "md",
        "do",
        "rn",
        "np",
        "pa",
        "phd",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "mbbs",
        "van",
        "von",
        "de",
        "la",
        "del",
        "der",
        "den",
        "di",
        "da",
        "dos",
        "du",
        "le",
        "el",
        "al",
        "bin",
        "st",
        "and",
    ]
)


def person(name: str) -> Person:
    """Splits a printed name, ``Last, First`` or ``First Last``, into its parts."""
    parts = [key(word) for word in WORD.findall(name.replace("^", " "))]
    split = (
        [piece for part in parts for piece in (part, *part.split("-"))]
        if any("-" in p for p in parts)
        else parts
    )
    return Person(tuple(dict.fromkeys(p for p in split if len(p) > 1 and p not in _NOT_PARTS)))


def people_of(identity: Identity | None, names: Sequence[str] = ()) -> tuple[Person, ...]:
    """Returns the known people: the patient first, then the roster's."""
    known = [identity.name] if identity and identity.name else []
    return tuple(p for p in (person(name) for name in (*known, *names)) if p.parts)


@dataclass(frozen=True, slots=True)
class KnownIndex:
    """Everyone and everything known, prepared so that a text costs the same whether few or thousands are known.

    Attributes:
        numbers: letters and digits of record numbers and phones, to their label.
        parts: single name parts that are enough to tell a person; pairs: first and last part of whole names.
        places: facilities and addresses.
    """

    numbers: Mapping[str, Label] = field(repr=False)
    parts: frozenset[str] = field(repr=False)
    pairs: Mapping[str, frozenset[str]] = field(repr=False)
    places: tuple[str, ...] = field(repr=False)


def index_of(
    identities: Sequence[Identity], people: Sequence[str], facilities: Sequence[str], vocabulary: Vocabulary
) -> KnownIndex:
    """Prepares the practice's people, places and patients.

    A part that is also a word, a device or an eponym (``Foley``, ``Short``) counts only within a whole name.
    """
    numbers: dict[str, Label] = {}
    for identity in identities:
        for value in (identity.mrn, identity.accession, *identity.other_ids):
            numbers[_bare(value)] = "ID"
        numbers[_bare(identity.phone)] = "PHONE"
    persons = people_of(None, (*people, *(i.name for i in identities if i.name)))
    parts = frozenset(
        part for p in persons for part in p.parts if len(part) > 2 and not vocabulary.ambiguous(part)
    )
    addresses = [i.address for i in identities if i.address]
    enough = {n: label for n, label in numbers.items() if len(n) > 3 and any(c.isdigit() for c in n)}
    return KnownIndex(enough, parts, pairs_of(persons), (*facilities, *addresses))


def pairs_of(persons: Sequence[Person]) -> Mapping[str, frozenset[str]]:
    """Returns for a first word of a name the words that make it whole, in either order."""
    pairs: dict[str, set[str]] = {}
    for one in persons:
        if len(one.parts) > 1:
            pairs.setdefault(one.parts[0], set()).add(one.parts[-1])
            pairs.setdefault(one.parts[-1], set()).add(one.parts[0])
    return {first: frozenset(last) for first, last in pairs.items()}


def _bare(value: str | None) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", value or "").upper().lstrip("0")


_CHUNK = re.compile(r"[A-Za-z0-9]+")
_BETWEEN = frozenset(["-", ".", "/", " ", ") ", ")", "", " - "])


def known_numbers(text: str, numbers: Mapping[str, Label]) -> Iterator[Found]:
    """Yields known numbers wherever their letters and digits stand, with any separators or none."""
    if not numbers:
        return
    longest = max(map(len, numbers))
    chunks = [m.span() for m in _CHUNK.finditer(text)]
    for first, (start, end) in enumerate(chunks):
        spelled = ""
        for begin, stop in chunks[first : first + 6]:
            if begin > start and text[end:begin] not in _BETWEEN:
                break
            spelled, end = spelled + text[begin:stop].upper(), stop
            if len(spelled) > longest + 8:
                break
            label = numbers.get(spelled.lstrip("0"))
            if label:
                yield Found(start, stop, label, 0.99, LAYER)


def known_phrases(text: str, phrases: Sequence[str]) -> Iterator[Found]:
    """Yields facilities and addresses, in any case and spacing."""
    for phrase in phrases:
        words = phrase.split()
        if sum(len(w) for w in words) < 4:
            continue
        expression = r"[\s,]+".join(re.escape(w.strip(",")) for w in words)
        for match in re.finditer(rf"(?<!\w){expression}(?!\w)", text, re.IGNORECASE):
            yield Found(match.start(), match.end(), "LOCATION", 0.99, LAYER)


def known_places(text: str, identity: Identity) -> Iterator[Found]:
    """Yields the patient's address: the whole, and its lines and comma parts that are specific enough."""
    if not identity.address:
        return
    pieces = [identity.address, *re.split(r"[,\n;^]", identity.address)]
    yield from known_phrases(
        text, [p.strip() for p in pieces if len(p.strip()) > 3 and not p.strip().isdigit()]
    )
    for code in re.findall(r"\b\d{5}(?:-\d{4})?\b", identity.address):
        for match in re.finditer(rf"(?<![\d.]){code}(?![\d.])", text):
            yield Found(match.start(), match.end(), "LOCATION", 0.9, LAYER)


def birth_dates(dates: Sequence[DateFound], identity: Identity | None) -> frozenset[int]:
    """Returns the starts of the dates that are the patient's birth date."""
    born = parse_iso(identity.birth_date) if identity else None
    return frozenset(d.start for d in dates if born and d.day == born)


def initials(words: Words, known: Person, vocabulary: Vocabulary) -> Iterator[Found]:
    """Yields the patient's initials written with points (``J.S.``)."""
    if len(known.parts) < 2:
        return
    letters = [part[0] for part in known.parts[:3]]
    orders = {(letters[0], letters[-1]), (letters[-1], letters[0]), tuple(letters)}
    for order in orders:
        expression = r"[ ]?".join(re.escape(c.upper()) + r"\." for c in order)
        for match in re.finditer(rf"(?<![\w.]){expression}(?![\w])", words.text):
            if match.group().replace(" ", "").lower() not in {
                "p.o.",
                "i.v.",
                "i.m.",
                "p.m.",
                "a.m.",
                "m.d.",
                "d.o.",
                "e.g.",
                "i.e.",
                "h.s.",
            }:
                yield Found(match.start(), match.end(), "NAME", 0.8, LAYER)
