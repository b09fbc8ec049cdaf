# ruff: noqa: E501  (texts stand as they are written into reports)
"""Made-up identifiers in header formats, sign-offs and name pools of their own, injected into report prose.

For measuring de-identification on what it was not written for. Formats and name pools are split: rules were written
after looking at the misses of ``tune`` and ``second``, never at those of ``held``. Everything is seeded.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bench import deid_held

MONTHS = "January February March April May June July August September October November December".split()
MARK = re.compile(r"⟦(\w+)\|(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """A report with injected identifiers: ``spans`` are (start, end, label)."""

    id: str
    text: str = field(repr=False)
    spans: tuple[tuple[int, int, str], ...]
    half: str
    header: str
    pool: str


def mark(label: str, text: str) -> str:
    """Marks an identifier; ``unmark`` takes the marks out and notes where they stood."""
    return f"⟦{label}|{text}⟧"


def unmark(text: str) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """Returns the text without marks, and the marked stretches."""
    pieces: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = position = 0
    for match in MARK.finditer(text):
        before = text[position : match.start()]
        pieces += [before, match.group(2)]
        length += len(before)
        spans.append((length, length + len(match.group(2)), match.group(1)))
        length += len(match.group(2))
        position = match.end()
    return "".join([*pieces, text[position:]]), tuple(spans)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

WORD_GIVEN = {
    "held": deid_held.GIVEN_WORDS,
    "tune": "May Will Hope Grace Mark Bill Rob Pat Sandy Dawn Violet Ruby Pearl Drew Grant Miles Gene Frank Joy Sue".split(),
    "second": "June April Faith Art Jack Rose Amber Chase Rusty Ernest Dean Guy Rich Brook Ginger Iris Lily Penny Robin Sky".split(),
}
WORD_FAMILY = {
    "held": deid_held.FAMILY_WORDS,
    "tune": (
        "Young Short Small Long Sharp Blunt Bone Foote Hand Pain Love Day Page Price Bush Brown Wood Stone Hill Nurse"
        " Baker Cook Graves Bell Wilson Foley Barrett Best Good Ball Ward King Winter"
    ).split(),
    "second": (
        "Little Strong Heart Cough Rice White Black Green Gray Woods Field Brooks Rivers Lake Mason Parkinson Crohn"
        " Hodgkin Addison Cushing Paget Weber Wise Moody Savage Sweet Swift Root Rash Payne Banks Bishop Church March"
    ).split(),
}
# Syllables from which names of no list are made, by what they sound like.
SOUNDS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "held": deid_held.SOUNDS,
    "tune": {
        "slavic": (
            "Bor Mil Vla Zde Dra Jar Rad Kaz Lju Sta",
            "o i a e",
            "mir slav ka nek ović ská wicz dová",
        ),
        "nordic": (
            "Ås Sig Thor Hal Bjør Frey Ing Gud Kol Ei",
            "e i a",
            "mund björg rún dóttir sen gaard vik ström",
        ),
        "romance": (
            "Mar Bel Gio Lu Fran Cos Al Ro Val Ter",
            "a o i e",
            "nández ccio relli vão ñez tino mbert sço",
        ),
        "persian": ("Far Meh Shah Bah Rou Gol Par Nav", "a i o", "zadeh pour nejad doost yar vash naz"),
    },
    "second": {
        "igbo": ("Chi Nne Oke Ugo Ada Ike Nwa Eze", "a o u", "nwosu chukwu maka beze nna forka gwu"),
        "vietnamese": ("Ngh Tr Đ Ph Kh Qu Th V", "a ươ i ê", "nh ng m ơng ền"),
        "thai": ("Som Pra Wat Sri Nat Kit Thong Chai", "a i u", "porn sak wong rat phong suwan chart"),
        "hungarian": ("Sze Gyö Zso Bá Er Kál Lász Fe", "r n l", "ényi kovics falvi dné ágh őcs mán"),
        "turkish": ("Öz Yıl Kay Gül De Şen Ay Tun", "a e ı", "türk demir oğlu şahin can doğan maz"),
    },
}
EVERYDAY = {
    "held": (deid_held.GIVEN, deid_held.FAMILY),
    "tune": (
        "James Mary Linda Robert Susan Carlos Aisha Wei Olga Fatima Pedro Ingrid Kwame Yuki".split(),
        "Kowalczyk Delgado Okafor Lindqvist Haddad Petrov Nakamura Silva O'Brien McAllister Vandenberg".split(),
    ),
    "second": (
        "Patricia Michael Barbara Thomas Nguyen Priya Mohammed Chidi Leila Dmitri Siobhan Hana Tomas Beatriz".split(),
        "Ramirez Abdullah Eze Schmidt-Klein Takahashi D'Angelo St.Clair Kaur Ferreira Oyelaran Johansson Nowak".split(),
    ),
}


def _made(rng: random.Random, half: str) -> str:
    starts, middles, ends = rng.choice(list(SOUNDS[half].values()))
    middle = rng.choice(middles.split()) if rng.random() < 0.6 else ""
    return rng.choice(starts.split()) + middle + rng.choice(ends.split())


def person(rng: random.Random, half: str, pool: str) -> tuple[str, str]:
    """Returns a given and a family name of a pool: ``everyday``, ``made`` or ``words``."""
    if pool == "words":
        return rng.choice(WORD_GIVEN[half]), rng.choice(WORD_FAMILY[half])
    if pool == "made":
        return _made(rng, half), _made(rng, half) + ("-" + _made(rng, half) if rng.random() < 0.1 else "")
    given, family = EVERYDAY[half]
    return rng.choice(given), rng.choice(family)


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(rng: random.Random, day: date, half: str) -> str:
    """Writes a date in one of the forms of a half."""
    name = MONTHS[day.month - 1]
    forms = {
        "tune": [
            f"{day:%m/%d/%Y}",
            f"{day.month}/{day.day}/{day:%y}",
            f"{day:%Y-%m-%d}",
            f"{name} {day.day}, {day.year}",
            f"{day.day:02d}-{name[:3]}-{day.year}",
            f"{name[:3].upper()} {day.day:02d} {day:%y}",
        ],
        "second": [
            f"{day:%m-%d-%Y}",
            f"{day:%m.%d.%Y}",
            f"{day.day} {name} {day.year}",
            f"{name[:3]} {day.day} {day.year}",
            f"{day.day:02d}{name[:3].upper()}{day.year}",
            f"{day.year}/{day.month:02d}/{day.day:02d}",
            f"{name[:3]}. {day.day}, '{day:%y}",
            f"{day:%m-%d-%y}",
            f"the {day.day}{'th' if 4 <= day.day <= 20 else 'st' if day.day % 10 == 1 else 'nd' if day.day % 10 == 2 else 'rd' if day.day % 10 == 3 else 'th'} of {name}, {day.year}",
        ],
    }
    return rng.choice([form(day) for form in deid_held.DATES] if half == "held" else forms[half])


def number(rng: random.Random, half: str) -> str:
    """Writes a record number in one of the forms of a half."""
    n = rng.randrange
    forms = {
        "tune": [
            f"{n(10**6, 10**8)}",
            f"MR{n(10**5, 10**6)}",
            f"{n(100, 999)}-{n(10, 99)}-{n(100, 999)}",
            f"A{n(10**6, 10**7)}",
        ],
        "second": [
            f"{n(10, 99)}-{n(10, 99)}-{n(10, 99)}",
            f"{n(10**5, 10**6)}",
            f"H{n(1000, 9999)}{rng.choice('KLMX')}{n(10, 99)}",
            f"{n(100, 999)} {n(100, 999)} {n(100, 999)}",
            f"00{n(10**5, 10**6)}-{n(1, 9)}",
            f"E-{n(10**5, 10**6)}",
        ],
    }
    return rng.choice(deid_held.NUMBERS)(rng) if half == "held" else rng.choice(forms[half])


def phone(rng: random.Random, half: str) -> str:
    """Writes a phone number in one of the forms of a half."""
    a, b, c = rng.randrange(201, 989), rng.randrange(200, 999), rng.randrange(1000, 9999)
    forms = {
        "tune": [f"({a}) {b}-{c}", f"{a}-{b}-{c}"],
        "second": [
            f"{a}.{b}.{c}",
            f"{a} {b} {c}",
            f"+1 {a} {b} {c}",
            f"1-{a}-{b}-{c}",
            f"{a}/{b}-{c}",
            f"({a}){b}-{c}",
        ],
    }
    return rng.choice(deid_held.PHONES)(a, b, c) if half == "held" else rng.choice(forms[half])


def facility(rng: random.Random, half: str) -> str:
    """Names a facility after a made-up or everyday place."""
    place = _made(rng, half) if rng.random() < 0.6 else rng.choice(EVERYDAY[half][1])
    ends = {
        "tune": ["General Hospital", "Medical Center", "Regional Clinic", "Family Practice", "Memorial"],
        "second": [
            "Health System",
            "Surgical Associates",
            "Children's Hospital",
            "Heart Institute",
            "Community Health Centre",
        ],
    }
    return f"{place} {rng.choice(ends.get(half, deid_held.FACILITIES))}"


def address(rng: random.Random, half: str) -> str:
    """Writes an address on one line."""
    place, street, n = _made(rng, half), _made(rng, half), rng.randrange(2, 9899)
    forms = {
        "tune": [
            f"{n} {street} Street, {place}, OH {rng.randrange(10000, 99999)}",
            f"{street} {n}, {place}, TX {rng.randrange(10000, 99999)}",
        ],
        "second": [
            f"{n} NW {street} Blvd Apt {rng.randrange(1, 40)}, {place} WA {rng.randrange(10000, 99999)}",
            f"P.O. Box {n}, {place}, NY {rng.randrange(10000, 99999)}-{rng.randrange(1000, 9999)}",
            f"{street}straße {n % 90 + 1}, {rng.randrange(10000, 99999)} {place}",
            f"{n % 90 + 1} rue {street}, {rng.randrange(10000, 99999)} {place}",
        ],
    }
    return rng.choice(deid_held.ADDRESSES)(n, street, place) if half == "held" else rng.choice(forms[half])


# ── the report around the prose ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Facts:
    """All that one made-up report says of who, where and when."""

    rng: random.Random
    half: str
    pool: str
    given: str
    family: str
    doctor: tuple[str, str]
    other: tuple[str, str]
    seen: date
    born: date

    def n(self, text: str) -> str:
        """Marks a name."""
        return mark("NAME", text)

    def d(self, day: date) -> str:
        """Marks a date in a form of the half."""
        text = written(self.rng, day, self.half)
        lead = "the " if text.startswith("the ") else ""
        return lead + mark("DATE", text.removeprefix("the "))

    def i(self) -> str:
        """Marks a record number."""
        return mark("ID", number(self.rng, self.half))

    def p(self) -> str:
        """Marks a phone number."""
        return mark("PHONE", phone(self.rng, self.half))

    def at(self) -> str:
        """Marks a facility."""
        return mark("LOCATION", facility(self.rng, self.half))

    def a(self) -> str:
        """Marks an address."""
        return mark("LOCATION", address(self.rng, self.half))


Part = Callable[[Facts], str]

HEADERS: Mapping[str, Mapping[str, Part]] = {
    "held": deid_held.HEADERS,
    "tune": {
        "labels": lambda f: (
            f"Name: {f.n(f'{f.given} {f.family}')}\nDOB: {f.d(f.born)}   MRN: {f.i()}\nPhysician: {f.n(' '.join(f.doctor))}, MD\n"
            f"Date of Exam: {f.d(f.seen)}\nLocation: {f.at()}\n\n"
        ),
        "bar": lambda f: (
            f"Pt: {f.n(f'{f.family}, {f.given}')} | MRN {f.i()} | DOB {f.d(f.born)} | Seen: {f.d(f.seen)} | Provider: {f.n(' '.join(f.doctor))}\n\n"
        ),
        "letter": lambda f: (
            f"{f.at()}\n{f.a()}\nPhone: {f.p()}  Fax: {f.p()}\n\n{f.d(f.seen)}\n\nRE: {f.n(f'{f.given} {f.family}')}\nDOB: {f.d(f.born)}\n\n"
            f"Dear Dr. {f.n(f.other[1])}:\n\nThank you for referring {f.n(f'{f.given} {f.family}')} to us.\n\n"
        ),
        "caps": lambda f: (
            f"PATIENT: {f.n(f'{f.family}, {f.given}'.upper())}      UNIT #: {f.i()}\nADMIT: {f.d(f.seen)}      ACCT #: {f.i()}\n"
            f"DICTATING: {f.n(f'{f.doctor[0]} {f.doctor[1]}'.upper())}, M.D.\n\n"
        ),
    },
    "second": {
        "table": lambda f: (
            f"Patient Name\tMRN\tDate of Birth\tExam Date\n{f.n(f'{f.given} {f.family}')}\t{f.i()}\t{f.d(f.born)}\t{f.d(f.seen)}\n"
            f"Referring: {f.n(f'{f.other[0][0]}. {f.other[1]}')}\n\n"
        ),
        "lower": lambda f: (
            f"pt name: {f.n(f'{f.given} {f.family}'.lower())}\nmrn: {f.i()}\nseen by dr. {f.n(f.doctor[1].lower())} on {f.d(f.seen)}\n\n"
        ),
        "stack": lambda f: (
            f"{f.at()}\nDepartment of Radiology\n\nPatient\n{f.n(f'{f.given} {f.family}')}\n\nMedical Record Number\n{f.i()}\n\n"
            f"Date of Birth\n{f.d(f.born)}\n\nOrdering Provider\n{f.n(' '.join(f.doctor))}, DO\n\n"
        ),
        "sentence": lambda f: (
            f"This is a report on {f.n(f'{f.given} {f.family}')} (DOB {f.d(f.born)}, hospital no. {f.i()}), who was seen at {f.at()} on {f.d(f.seen)}"
            f" at the request of Dr. {f.n(' '.join(f.other))}. The patient lives at {f.a()} and can be reached at {f.p()}.\n\n"
        ),
        "equals": lambda f: (
            f"Name={f.n(f'{f.family.upper()}, {f.given}')}; Sex=F; Birth date={f.d(f.born)}; Acc#={f.i()}; Exam={f.d(f.seen)}\n"
            f"Ordered by: {f.n(' '.join(f.other))} NP   Read by: {f.n(' '.join(f.doctor))} MD\n\n"
        ),
        "stars": lambda f: (
            f"*** CONFIDENTIAL ***\nPATIENT NAME......: {f.n(f'{f.given} {f.family[0]}. {f.family}')}\nCHART NUMBER......: {f.i()}\nHOME PHONE........: {f.p()}\n"
            f"ADDRESS...........: {f.a()}\nATTENDING.........: {f.n(f.doctor[1])}\nSERVICE DATE......: {f.d(f.seen)}\n\n"
        ),
        "subject": lambda f: (
            f"From: {f.n(' '.join(f.doctor))}\nTo: {f.n(' '.join(f.other))}\nSubject: {f.n(f'{f.given} {f.family}')}, MRN {f.i()}\nDate: {f.d(f.seen)}\n\n"
            f"Hi {f.n(f.other[0])},\n\n"
        ),
    },
}

FOOTERS: Mapping[str, Mapping[str, Part]] = {
    "held": deid_held.FOOTERS,
    "tune": {
        "dictated": lambda f: (
            f"\n\nDictated by: {f.n(f'{f.doctor[0][0]}. {f.doctor[1]}')}\nD: {f.d(f.seen)}  T: {f.d(f.seen + timedelta(1))}\nJob: {f.i()}\n"
        ),
        "typist": lambda f: f"\n\n{f.n(' '.join(f.doctor))} MD/{f.rng.choice(['ab', 'jk', 'mt'])}\n",
        "esign": lambda f: f"\n\nElectronically signed by {f.n(' '.join(f.doctor))}, MD on {f.d(f.seen)}\n",
    },
    "second": {
        "bare": lambda f: f"\n\nSincerely,\n\n{f.n(' '.join(f.doctor))}\n",
        "caps": lambda f: (
            f"\n\n____________________\n{f.n(' '.join(f.doctor).upper())}, M.D.\ncc: {f.n(' '.join(f.other))}, M.D.; {f.n(f.other[1])}\n"
        ),
        "verified": lambda f: (
            f"\n\nVerified: {f.n(f'{f.doctor[1]}, {f.doctor[0]}')} {f.d(f.seen)} 14:05\nCopies to {f.n(f'{f.other[0]} {f.other[1]}')} FAX {f.p()}\n"
        ),
        "slash": lambda f: (
            f"\n\n/s/ {f.n(' '.join(f.doctor))}, PA-C\nTranscribed {f.d(f.seen)} by {f.n(f.other[0].lower() if f.rng.random() < 0.3 else ' '.join(f.other))}\nDoc ID {f.i()}\n"
        ),
        "none": lambda f: f"\n\n{f.n(f'{f.doctor[0][0]}. {f.doctor[1]}')}\n",
    },
}

HALVES = ("tune", "second", "held")
SUBJECT = re.compile(
    r"(?<=[.:]  )The patient(?= (?:was|is|has|had|denies|reports|tolerated|presents|underwent|will))|(?<=\n)The patient(?= (?:was|is|has|had))"
)
MENTIONS: Mapping[str, Sequence[Part]] = {
    "held": deid_held.MENTIONS,
    "tune": [
        lambda f: f"Mr. {f.n(f.family)}",
        lambda f: f.n(f.given),
        lambda f: f.n(f"{f.given} {f.family}"),
        lambda f: f"Mrs. {f.n(f.family)}",
    ],
    "second": [
        lambda f: f"Ms {f.n(f.family)}",
        lambda f: f.n(f.family),
        lambda f: f.n(f.given),
        lambda f: f"Mr. {f.n(f'{f.given[0]}. {f.family}')}",
        lambda f: (
            f"{f.n(f.given)}, accompanied by {f.rng.choice(['wife', 'daughter', 'brother'])} {f.n(f.other[0])},"
        ),
        lambda f: f"Dr. {f.n(f.doctor[1])} saw the patient, who",
    ],
}


def make_cases(bodies: Sequence[tuple[str, str]], half: str, seed: int = 7) -> list[Case]:
    """Injects one half's formats and names into report bodies.

    Args:
        bodies: pairs of an id and a report's prose.
        half: ``tune``, ``second`` or ``held``.
    """
    cases = []
    for key, body in bodies:
        rng = random.Random(f"{seed}{half}{key}")
        pool = rng.choice(["everyday", "made", "made", "words"])
        given, family = person(rng, half, pool)
        seen = date(2008, 1, 1) + timedelta(rng.randrange(6000))
        facts = Facts(
            rng,
            half,
            pool,
            given,
            family,
            person(rng, half, rng.choice(["everyday", "made", pool])),
            person(rng, half, rng.choice(["everyday", "made"])),
            seen,
            seen - timedelta(rng.randrange(7000, 30000)),
        )
        header = rng.choice(sorted(HEADERS[half]))
        footer = rng.choice(sorted(FOOTERS[half]))

        def subject(match: re.Match[str], facts: Facts = facts) -> str:
            if facts.rng.random() > 0.35:
                return match.group()
            return facts.rng.choice(MENTIONS[facts.half])(facts)

        prose = SUBJECT.sub(subject, body.replace("⟦", "[").replace("⟧", "]"))
        text, spans = unmark(HEADERS[half][header](facts) + prose + FOOTERS[half][footer](facts))
        cases.append(Case(f"{key}-{half}", text, spans, half, f"{header}/{footer}", pool))
    return cases
