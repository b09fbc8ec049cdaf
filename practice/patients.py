"""Whose report it is: rules that match what a header says with the patients already known.

Pure. An MRN names a patient only together with its assigning authority, and only when the birth date or the
name confirms it. Without a known MRN, exact name and birth date together do. Anything less makes a lone
patient, who is never matched; anything contradictory is a conflict, which a person resolves.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from clinical.report import Identity

_TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "md", "do", "phd", "np", "pa"}
)
_TITLES |= {"rn", "mbbs", "facc", "facs", "facr", "dnp", "aprn"}
_GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})
_NOT_A_NAME = frozenset({"unknown", "unnamed", "anonymous", "na", "none", "patient", "test"})


@dataclass(frozen=True, slots=True)
class NormalName:
    """A name without case, accents, titles and order of writing."""

    full: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    generation: str = field(default="", repr=False)


def normal_name(name: str | None) -> NormalName:
    """Normalise ``Weber, Anna M.``, ``Dr. Anna M. Weber`` and ``WEBER^ANNA^M`` to the same value."""
    if not name:
        return NormalName()
    text = unicodedata.normalize("NFKD", name)
    text = "".join(char for char in text if not unicodedata.combining(char)).casefold()
    text = re.sub(r"['’`´.]", "", text)
    if "^" in text:
        parts = [part.replace(",", " ") for part in text.split("^")]
        text = " ".join([*parts[1:], parts[0]])
    words_by_part = [
        [word for word in re.sub(r"[\W_]+", " ", part).split() if word not in _TITLES]
        for part in text.split(",")
    ]
    words_by_part = [words for words in words_by_part if words]
    generation = ""
    for words in words_by_part:
        for word in [word for word in words if word in _GENERATIONS]:
            if len(words) > 1 or len(words_by_part) > 1:
                generation = word
                words.remove(word)
    words_by_part = [words for words in words_by_part if words]
    words = [word for part in [*words_by_part[1:], *words_by_part[:1]] for word in part]
    if not words or all(word in _NOT_A_NAME for word in words):
        return NormalName()
    surname = words_by_part[0] if len(words_by_part) > 1 else words[-1:]
    given = words[0] if len(words) > len(surname) else ""
    return NormalName(" ".join([*words, generation]).strip(), given, " ".join(surname), generation)


def normal_mrn(mrn: str | None) -> str:
    """An MRN without case, blanks and punctuation; leading zeros stay."""
    return re.sub(r"[\W_]+", "", mrn or "").upper()


def normal_authority(authority: str | None) -> str:
    """An assigning authority; "" is the practice's own."""
    return re.sub(r"\s+", " ", authority or "").strip().casefold()


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """What one earlier report said of a patient.

    ``patient_id`` is the patient it was first given to, ``root`` the one it belongs to after joins.
    """

    patient_id: str
    root: str
    identity: Identity = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome: ``known`` has a patient_id; ``new`` and ``lone`` need one; ``conflict`` has none."""

    kind: Literal["known", "new", "lone", "conflict"]
    patient_id: str | None = None
    reason: str | None = None


def agree(left: Identity, right: Identity) -> Literal["confirmed", "contradicted", "silent"]:
    """Whether birth date or name confirm that two identities with one MRN are one person.

    A changed surname under the same birth date and given name is the same person (marriage); another given
    name is not (twins, one digit apart), nor is another birth date.
    """
    births = _both(left.birth_date, right.birth_date)
    a, b = normal_name(left.name), normal_name(right.name)
    named = bool(a.full and b.full)
    if births is False:
        return "contradicted"
    if left.sex and right.sex and left.sex != right.sex and not (named and _same_person_name(a, b)):
        return "contradicted"
    if named and not _same_person_name(a, b):
        same_given = a.given and b.given and _given_alike(a.given, b.given)
        return "confirmed" if births and same_given else "contradicted"
    return "confirmed" if births or named else "silent"


def match(identity: Identity, known: Sequence[KnownIdentity]) -> Match:
    """Find the patient of a report.

    Args:
        known: identities that share the MRN, or the name and the birth date, with it; others do no harm.
            Those of lone patients are left out by the caller.
    """
    mrn, authority = normal_mrn(identity.mrn), normal_authority(identity.authority)
    name = normal_name(identity.name)
    if mrn:
        same = [
            entry
            for entry in known
            if normal_mrn(entry.identity.mrn) == mrn
            and normal_authority(entry.identity.authority) == authority
        ]
        if same:
            return _by_number(identity, same)
        if not name.full and not identity.birth_date:
            return Match("lone", reason="a number without name or birth date")
    if not (name.full and identity.birth_date):
        return Match("new") if mrn else Match("lone", reason="no number, and no name with birth date")
    return _by_name(identity, known)


def _by_number(identity: Identity, same: Sequence[KnownIdentity]) -> Match:
    verdicts: dict[str, set[str]] = {}
    for entry in same:
        verdicts.setdefault(entry.root, set()).add(agree(identity, entry.identity))
    confirmed = [root for root, seen in verdicts.items() if "confirmed" in seen]
    doubted = [root for root, seen in verdicts.items() if "contradicted" in seen]
    if len(confirmed) == 1 and (confirmed[0] not in doubted or _renamed(identity, same, confirmed[0])):
        return Match("known", confirmed[0])
    if confirmed or doubted:
        return Match("conflict", reason="the number is known with another name or birth date")
    return Match("lone", reason="a number that neither name nor birth date confirms")


def _renamed(identity: Identity, same: Sequence[KnownIdentity], root: str) -> bool:
    """Among one patient's names over time an older surname may contradict the newest; birth dates may not."""
    births = {entry.identity.birth_date for entry in same if entry.root == root} - {None}
    return identity.birth_date is not None and births == {identity.birth_date}


def _by_name(identity: Identity, known: Sequence[KnownIdentity]) -> Match:
    mrn, authority = normal_mrn(identity.mrn), normal_authority(identity.authority)
    name = normal_name(identity.name).full
    hits = [
        entry
        for entry in known
        if entry.identity.birth_date == identity.birth_date and normal_name(entry.identity.name).full == name
    ]
    roots = {entry.root for entry in hits}
    if mrn:  # somebody of that name and birth date who has another number here is somebody else, or a doublet
        numbered = {
            entry.root
            for entry in known
            if entry.root in roots
            and normal_mrn(entry.identity.mrn)
            and normal_authority(entry.identity.authority) == authority
        }
        roots -= numbered
    if len(roots) > 1:
        return Match("conflict", reason="two patients have this name and birth date")
    if not roots:
        return Match("new")
    root = roots.pop()
    sexes = {entry.identity.sex for entry in hits if entry.root == root} - {None}
    if identity.sex and sexes and identity.sex not in sexes:
        return Match("conflict", reason="same name and birth date, other sex")
    return Match("known", root)


def _both(left: str | None, right: str | None) -> bool | None:
    return left == right if left and right else None


def _same_person_name(a: NormalName, b: NormalName) -> bool:
    if a.generation and b.generation and a.generation != b.generation:
        return False
    if a.full == b.full:
        return True
    return bool(
        a.surname and a.surname == b.surname and a.given and b.given and _given_alike(a.given, b.given)
    )


def _given_alike(a: str, b: str) -> bool:
    return a == b or (min(len(a), len(b)) == 1 and a[0] == b[0])
