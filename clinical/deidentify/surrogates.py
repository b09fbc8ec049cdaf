"""Realistic stand-ins for exports: the same person keeps the same made-up name, dates move by one secret distance.

All choices come from a keyed hash of the practice's secret and what is replaced: without the key nothing can be turned
back, with it the same patient gets the same stand-ins in every report. Stand-ins never are names of the practice's own
people or patients. For exports only: neither answers nor training see them.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from clinical.deidentify.dates import DateForms
from clinical.deidentify.folding import key
from clinical.deidentify.known import person
from clinical.deidentify.vocabulary import Vocabulary
from clinical.report import Span

SHIFT_DAYS = 365
"""Dates move by at most so many days, and never by none."""


@dataclass(frozen=True, slots=True)
class Surrogates:
    """Makes stand-ins for the identifiers of one patient.

    Attributes:
        secret: the practice's key for exports.
        patient: what tells the patient apart, such as the store's random patient id.
        avoid: keys of name parts that must not be given: everyone the practice knows.
    """

    secret: bytes = field(repr=False)
    patient: str = field(repr=False)
    given: Sequence[str] = field(repr=False)
    family: Sequence[str] = field(repr=False)
    avoid: frozenset[str] = field(default=frozenset(), repr=False)
    language: str = "en"

    @property
    def shift(self) -> int:
        """Days by which every date of this patient moves."""
        number = self._number("shift", self.patient) % (2 * SHIFT_DAYS)
        return number - SHIFT_DAYS if number < SHIFT_DAYS else number - SHIFT_DAYS + 1

    def apply(self, text: str, spans: Iterable[Span]) -> str:
        """Returns ``text`` (the source) with each span replaced by its stand-in."""
        pieces: list[str] = []
        position = 0
        for span in sorted(spans, key=lambda s: s.start):
            pieces += [text[position : span.start], self.replace(text[span.start : span.end], span.label)]
            position = span.end
        return "".join([*pieces, text[position:]])

    def replace(self, stretch: str, label: str) -> str:
        """Returns the stand-in of one identifier, in the style in which it was written."""
        if label == "NAME":
            return self._name(stretch)
        if label == "DATE":
            return self._date(stretch)
        if label == "AGE":
            return "90+"
        if label == "LOCATION":
            place = self._pick(self.family, "place", key(stretch)).title()
            return f"{place} {'Hospital' if 'ospital' in stretch else 'Center'}"
        if label in {"EMAIL", "URL"}:
            return (
                f"{self._pick(self.family, 'mail', key(stretch))}@example.org"
                if label == "EMAIL"
                else "www.example.org"
            )
        return self._digits(stretch)

    def _number(self, *parts: str) -> int:
        digest = hmac.new(self.secret, "\0".join(parts).encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big")

    def _pick(self, names: Sequence[str], *parts: str) -> str:
        start = self._number(self.patient, *parts)
        for step in range(len(names)):
            name = names[(start + step) % len(names)]
            if name not in self.avoid and name not in parts:
                return name
        return "alias"

    def _name(self, stretch: str) -> str:
        known = set(person(stretch).parts)
        first = next((p for p in stretch.replace(",", " ").split() if len(p.strip(".")) > 1), "")
        reversed_order = "," in stretch
        out = []
        for word in stretch.split():
            bare = word.strip(".,'’")
            if len(bare) == 1:
                replacement = chr(ord("a") + self._number(self.patient, "initial", bare.lower()) % 26)
            elif key(bare) not in known and "-" not in bare:
                out.append(word)
                continue
            else:
                is_first = (bare == first) != reversed_order and len(known) > 1
                replacement = self._pick(self.given if is_first else self.family, "name", key(bare))
            styled = (
                replacement.upper()
                if bare.isupper()
                else replacement.title()
                if bare[:1].isupper()
                else replacement
            )
            out.append(word.replace(bare, styled, 1))
        return " ".join(out)

    def _date(self, stretch: str) -> str:
        found = DateForms(self.language).find(stretch)
        if not found or found[0].day is None:
            return "[DATE?]"
        moved: date = found[0].day + timedelta(self.shift)
        return f"{moved:%Y-%m-%d}"

    def _digits(self, stretch: str) -> str:
        out = []
        for position, char in enumerate(stretch):
            number = self._number(self.patient, "digits", stretch, str(position))
            if char.isdigit():
                out.append(str(number % 10))
            elif char.isalpha():
                letter = chr(ord("a") + number % 26)
                out.append(letter.upper() if char.isupper() else letter)
            else:
                out.append(char)
        return "".join(out)


def build_surrogates(
    vocabulary: Vocabulary, secret: bytes, patient: str, known: Iterable[str] = (), language: str = "en"
) -> Surrogates:
    """Builds the maker of stand-ins for one patient.

    Args:
        known: printed names of everyone the practice knows; none of their parts is given.
    """
    plain = {
        w
        for w in vocabulary.given | vocabulary.family
        if 3 < len(w) < 10 and w.isalpha() and not vocabulary.ambiguous(w)
    }
    avoid = frozenset(part for name in known for part in person(name).parts)
    return Surrogates(
        secret, patient, sorted(plain & vocabulary.given), sorted(plain & vocabulary.family), avoid, language
    )
