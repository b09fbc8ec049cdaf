"""The second sweep, quick enough for every answer: only people who could be meant are looked for in a text.

A practice knows thousands of patients, and looking for each in every answer would take seconds. An index of their
names, numbers and addresses tells which of them could occur in a text at all; the sweep then knows these. What
a sweep found in a text is remembered by the text's hash, never with the text.
"""

import hashlib
import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from clinical.deidentify.deidentifier import Deidentifier, Roster
from clinical.deidentify.folding import fold, key
from clinical.deidentify.propagate import NICKNAMES
from clinical.report import Identity, Span
from practice.store import Store

REMEMBERED = 2_000
SHORTEST_ID = 4
ONE_LETTER_OFF = 6  # longer names are also found with one letter missing, added or wrong
_WORD = re.compile(r"[^\W\d_]+")
_SEPARATOR = re.compile(r"[^A-Za-z0-9]")


class KnownPeople:
    """An index of identities: which of them could occur in a text."""

    def __init__(self, identities: tuple[Identity, ...]) -> None:
        self._identities = identities
        self._by_word: dict[str, set[int]] = defaultdict(set)
        self._by_number: dict[str, set[int]] = defaultdict(set)
        self._by_place: dict[str, list[tuple[frozenset[str], int]]] = defaultdict(list)
        nicks: dict[str, list[str]] = defaultdict(list)
        for nick, full in NICKNAMES.items():
            nicks[full].append(nick)
        for number, identity in enumerate(identities):
            for part in _words(identity.name or ""):
                for form in (part, *_one_off(part), *nicks.get(part, ())):
                    self._by_word[form].add(number)
            for value in (identity.mrn, identity.accession, identity.phone, *identity.other_ids):
                bare = _bare(value or "")
                if len(bare) >= SHORTEST_ID:
                    self._by_number[bare].add(number)
            self._index_address(identity.address, number)
        self._lengths = sorted({len(bare) for bare in self._by_number})

    def could_be_in(self, text: str) -> tuple[Identity, ...]:
        """Those of whom a name part, a number or a part of the address stands in the text, however written."""
        plain = fold(text).text
        words = set(_words(plain))
        hits: set[int] = set()
        for word in words:
            for form in (word, *_one_off(word)):
                hits |= self._by_word.get(form, set())
            hits |= {number for piece, number in self._by_place.get(word, ()) if piece <= words}
        for code in re.findall(r"\d{5}", plain):
            hits |= {number for _, number in self._by_place.get(code, ())}
        compact = _bare(plain, zeros=True)
        for length in self._lengths:
            for start in range(len(compact) - length + 1):
                hits |= self._by_number.get(compact[start : start + length], set())
        return tuple(self._identities[number] for number in sorted(hits))

    def _index_address(self, address: str | None, number: int) -> None:
        if not address:
            return
        for piece in (address, *re.split(r"[,\n;^]", address)):
            words = frozenset(_words(piece))
            if words:
                self._by_place[max(words, key=lambda word: (len(word), word))].append((words, number))
        for code in re.findall(r"\d{5}", address):
            self._by_place[code].append((frozenset(), number))


class Sweeping:
    """The second sweep of one practice.

    Args:
        roster: the practice's own people and places; its patients come from the store, as it is now.
    """

    def __init__(self, deidentifier: Deidentifier, store: Store, roster: Roster) -> None:
        self._deidentifier = deidentifier
        self._store = store
        self._roster = roster
        self._version: object = None
        self._known = KnownPeople(())
        self._found: OrderedDict[tuple[str, tuple[Identity, ...]], tuple[Span, ...]] = OrderedDict()

    def __call__(self, text: str) -> tuple[Span, ...]:
        """Identifiers that are still in a de-identified text."""
        people = self._people().could_be_in(text)
        place = (hashlib.sha256(text.encode()).hexdigest(), people)
        found = self._found.get(place)
        if found is None:
            found = self._deidentifier.sweep(text, replace(self._roster, identities=people))
            self._found[place] = found
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return found

    def _people(self) -> KnownPeople:
        row = self._store.database.one("SELECT count(*) AS n, max(rowid) AS last, report_id FROM identities")
        version = None if row is None else (row["n"], row["last"], row["report_id"])
        if version != self._version:
            self._known = KnownPeople((*self._roster.identities, *self._store.known_identities()))
            self._version = version
        return self._known


@lru_cache(maxsize=4)
def sweeping_of(deidentifier: Deidentifier, store: Store, roster: Roster) -> Sweeping:
    """The one sweep that all desks of a practice share, so that it indexes the patients once."""
    return Sweeping(deidentifier, store, roster)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = key(match.group())
        if len(word) > 1:
            yield word


def _bare(value: str, zeros: bool = False) -> str:
    bare = _SEPARATOR.sub("", value).lower()
    return bare if zeros else bare.lstrip("0") or bare


def _one_off(word: str) -> Iterator[str]:
    """The word without each of its letters: two words one letter apart share one of these or one is the other's."""
    if len(word) > ONE_LETTER_OFF - 1:
        for index in range(len(word)):
            yield word[:index] + word[index + 1 :]
