"""Who is in the simulated practice: patients with an identity, and the places and numbers they need."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from clinical.report import Identity

Sex = Literal["F", "M"]
_POOLS = Path(__file__).with_name("pools")


@lru_cache(maxsize=16)
def pool(name: str) -> tuple[str, ...]:
    """The lines of ``pools/<name>``."""
    return tuple(line for line in (_POOLS / name).read_text("utf-8").splitlines() if line)


@dataclass(frozen=True, slots=True)
class City:
    """A made-up town."""

    name: str
    state: str
    zip: str
    area: str


@lru_cache(maxsize=1)
def cities() -> tuple[City, ...]:
    """All towns."""
    rows = (line.split(",") for line in pool("cities.csv")[1:])
    return tuple(City(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as registered. ``number`` is unique in one simulation."""

    number: int
    first: str = field(repr=False)
    middle: str = field(repr=False)
    last: str = field(repr=False)
    sex: Sex
    born: date = field(repr=False)
    mrn: str = field(repr=False)
    authority: str = field(repr=False)
    street: str = field(repr=False)
    city: City = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)
    ssn: str = field(repr=False)
    plan_id: str = field(repr=False)
    occupation: str

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def title(self) -> str:
        """Mr. or Ms."""
        return "Mr." if self.sex == "M" else "Ms."

    def identity(self, accession: str | None) -> Identity:
        """What a report's header may say of the patient."""
        return Identity(
            mrn=self.mrn,
            authority=self.authority,
            name=self.name,
            birth_date=self.born.isoformat(),
            sex=self.sex,
            accession=accession,
            phone=self.phone,
            address=f"{self.street}, {self.city.name}, {self.city.state} {self.city.zip}",
        )


def first_name(sex: Sex, rng: random.Random) -> str:
    """A first name."""
    return rng.choice(pool("first_female.txt" if sex == "F" else "first_male.txt"))


def last_name(rng: random.Random) -> str:
    """A last name, now and then double-barrelled."""
    last = rng.choice(pool("last.txt"))
    return f"{last}-{rng.choice(pool('last.txt'))}" if rng.random() < 0.03 else last


def phone_number(city: City, rng: random.Random) -> str:
    """A number of the fictional 555 exchange, in one of several notations."""
    line = f"{rng.randrange(100, 9999):04d}"
    form = rng.choice(("({a}) 555-{n}", "{a}-555-{n}", "{a}.555.{n}", "+1 {a} 555 {n}"))
    return form.format(a=city.area, n=line)


def record_number(rng: random.Random) -> str:
    """A medical record number in one of several notations."""
    digits = f"{rng.randrange(10**6, 10**8)}"
    form = rng.choice(("{d}", "{d}", "0{d}", "MR{d}", "{a}-{b}", "H{d}"))
    return form.format(d=digits, a=digits[:3], b=digits[3:])


def accession_number(day: date, rng: random.Random) -> str:
    """An accession number in one of several notations."""
    number = rng.randrange(1000, 99999)
    form = rng.choice(("{y}-{n:06d}", "A{y2}{n:07d}", "{p}{y2}-{n:05d}", "{p}{n:08d}", "{y}{m:02d}{n:06d}"))
    prefix = rng.choice(("CR", "S", "RAD", "L", "EX", "US"))
    return form.format(y=day.year, y2=day.year % 100, m=day.month, n=number, p=prefix)


def street_address(rng: random.Random) -> str:
    """House number, street and perhaps a unit."""
    kind = rng.choice(("Street", "St", "Avenue", "Ave", "Road", "Rd", "Lane", "Drive", "Dr", "Court", "Blvd"))
    unit = rng.choice(("", "", "", f", Apt {rng.randrange(1, 40)}", f" #{rng.randrange(100, 900)}"))
    return f"{rng.randrange(3, 9900)} {rng.choice(pool('streets.txt'))} {kind}{unit}"


def facility_name(place: str, city: City, rng: random.Random) -> str:
    """A made-up hospital, clinic, laboratory and so on: the kinds of ``pools/facilities.txt``."""
    forms = [line.partition("|")[2] for line in pool("facilities.txt") if line.startswith(place + "|")]
    return rng.choice(forms).format(
        city=city.name,
        street=rng.choice(pool("streets.txt")),
        last=rng.choice(pool("last.txt")),
        last2=rng.choice(pool("last.txt")),
        saint=rng.choice(("Agnes", "Brendan", "Camillus", "Dymphna", "Gerard", "Raphael", "Blaise")),
        lady=rng.choice(("Mercy", "Good Counsel", "Providence", "Harbor Light", "Grace")),
    )


def new_patient(
    number: int, age: int, sex: Sex, today: date, city: City, authority: str, rng: random.Random
) -> Patient:
    """A patient of a given age on a given day."""
    born = today - timedelta(days=int(age * 365.25) + rng.randrange(1, 360))
    first, last = first_name(sex, rng), last_name(rng)
    home = city if rng.random() < 0.8 else rng.choice(cities())
    digits = rng.randrange(10**8, 10**9)
    plain = "".join(c for c in last.lower() if c.isascii() and c.isalpha())
    host = rng.choice(("example.com", "example.org", "mail.example.net"))
    return Patient(
        number=number,
        first=first,
        middle=rng.choice((rng.choice("ABCDEFGHJKLMNPRSTW"), first_name(sex, rng), "", "")),
        last=last,
        sex=sex,
        born=born,
        mrn=record_number(rng),
        authority=authority,
        street=street_address(rng),
        city=home,
        phone=phone_number(home, rng),
        email=f"{first[0].lower() if first[0].isascii() else 'x'}{plain}{rng.randrange(1, 99)}@{host}",
        ssn=f"9{digits % 100:02d}-{digits // 100 % 90 + 10:02d}-{digits // 9000 % 10000:04d}",
        plan_id=f"{rng.choice('BGKMWX')}{rng.choice('ACDPQ')}{rng.randrange(10**7, 10**9)}",
        occupation=_occupation(age, rng),
    )


def _occupation(age: int, rng: random.Random) -> str:
    if age < 18:
        return "student" if age > 5 else "at home"
    if age > 67:
        return "retired " + rng.choice(pool("occupations.txt"))
    return rng.choice(pool("occupations.txt"))
