"""Sets that no rule was written for: ``fresh`` and ``confirm`` (misses read once), and ``last`` (first totals unread).

Both were written before the first of them was run. Templates hold tokens like ``<P.fl>`` (the patient, first and last
name); each token becomes a marked identifier. The people, places and forms of the two sets share nothing.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bench import deid_fresh_pools as pools
from bench import deid_last_pools
from bench.deid_cases import Case, mark, unmark

MONTHS = "January February March April May June July August September October November December".split()
VARIANTS = ("fresh", "confirm", "last")
TOKEN = re.compile(r"<([A-Za-z]+)(?:\.(\w+))?>")
DEGREE = ("MD", "M.D.", "DO", "MD, FACS", "MBBS", "MD PhD")


@dataclass(frozen=True)
class People:
    """Who stands in one report: patient, two physicians, a relative."""

    patient: tuple[str, str]
    doctor: tuple[str, str]
    other: tuple[str, str]
    kin: tuple[str, str]


@dataclass(frozen=True)
class Writer:
    """Writes the identifiers of one report in the forms of one variant."""

    rng: random.Random
    pool: pools.Pool
    people: People
    seen: date
    born: date
    numbers: dict[str, str] = field(default_factory=dict)

    def fill(self, template: str) -> str:
        """Replaces the tokens of a template by marked identifiers."""
        return TOKEN.sub(self._token, template)

    def _token(self, match: re.Match[str]) -> str:
        kind, form = match.group(1), match.group(2)
        people = {
            "P": self.people.patient,
            "D": self.people.doctor,
            "E": self.people.other,
            "K": self.people.kin,
        }
        if kind in people:
            return mark("NAME", person_form(people[kind], form or "fl", self.rng))
        days = {
            "seen": self.seen,
            "born": self.born,
            "next": self.seen + timedelta(1),
            "prior": self.seen - timedelta(self.rng.randrange(20, 900)),
        }
        if kind in days:
            text = self.rng.choice(self.pool.dates)(days[kind])
            return mark("DATE", text)
        if kind in {"mrn", "acc", "job"}:
            key = kind
            if key not in self.numbers:
                self.numbers[key] = self.rng.choice(self.pool.numbers)(self.rng)
            return mark("ID", self.numbers[key])
        if kind == "deg":
            return self.rng.choice(DEGREE)
        values: Mapping[str, tuple[str, Callable[[], str]]] = {
            "phone": ("PHONE", lambda: self.rng.choice(self.pool.phones)(self.rng)),
            "mail": (
                "EMAIL",
                lambda: self.rng.choice(self.pool.mails)(*(_plain(n) for n in self.people.patient)),
            ),
            "place": (
                "LOCATION",
                lambda: self.rng.choice(self.pool.facilities).replace("#", self.rng.choice(self.pool.towns)),
            ),
            "addr": ("LOCATION", lambda: self._address()),
            "town": ("LOCATION", lambda: self.rng.choice(self.pool.towns)),
        }
        label, make = values[kind]
        return mark(label, make())

    def _address(self) -> str:
        form = self.rng.choice(self.pool.addresses)
        number, zip_code = self.rng.randrange(2, 9900), self.rng.randrange(10001, 99901)
        return form.format(
            n=number,
            small=number % 80 + 2,
            s=self.rng.choice(self.pool.streets),
            t=self.rng.choice(self.pool.towns),
            z=zip_code,
        )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower()) or "me"


def person_form(person: tuple[str, str], form: str, rng: random.Random) -> str:
    """Writes a person's name in a form; capitals in the form mean capitals in the name."""
    given, family = person
    middle = rng.choice("ABCDEGHJKLMNRSTVW")
    forms = {
        "fl": f"{given} {family}",
        "lf": f"{family}, {given}",
        "LF": f"{family}, {given}".upper(),
        "LFM": f"{family}, {given} {middle}".upper(),
        "FL": f"{given} {family}".upper(),
        "f": family,
        "F": family.upper(),
        "g": given,
        "G": given.upper(),
        "if": f"{given[0]}. {family}",
        "If": f"{given[0]} {family}",
        "fi": f"{family} {given[0]}",
        "fci": f"{family}, {given[0]}.",
        "gmf": f"{given} {middle}. {family}",
        "lfm": f"{family}, {given} {middle}.",
        "low": f"{given} {family}".lower(),
        "lowf": family.lower(),
        "Fg": f"{family.upper()} {given}",
        "hl": f"{family}^{given}^{middle}",
    }
    return forms[form]


SUBJECT = re.compile(
    r"(?:(?<=[.!?]\s)|(?<=[.!?]\s\s)|(?<=\n))(?P<subject>The patient|She|He|This patient)"
    r"(?= (?:was|is|has|had|denies|reports|tolerated|presents|underwent|will|states|complains|appears)\b)"
)
PLACE_HOLDER = re.compile(r"\b(?P<title>Dr|Mr|Mrs|Ms)\.? (?:X+YZ|X+|ABCD?|Abcd?|[A-Z])(?![\w'])")


def _wrapped(text: str, width: int) -> str:
    """Breaks long lines at blanks; marks count with their text, so that names may break too."""
    lines = []
    for line in text.split("\n"):
        length, out = 0, ""
        for word in re.split(r"( +)", line):
            bare = len(MARKUP.sub("", word))
            if length + bare > width and out.strip():
                lines.append(out.rstrip(" "))
                out, length, word = "", 0, word.lstrip(" ")
            out += word
            length += len(MARKUP.sub("", word))
        lines.append(out)
    return "\n".join(lines)


MARKUP = re.compile(r"⟦\w+\||⟧")


def _shout(text: str) -> str:
    return re.sub(
        r"(?<=⟦)\w+\||[^⟦⟧]", lambda m: m.group() if len(m.group()) > 1 else m.group().upper(), text
    )


def make_fresh(bodies: Sequence[tuple[str, str]], variant: str, seed: int = 11) -> list[Case]:
    """Dresses report bodies in one variant's formats and names.

    Args:
        bodies: pairs of an id and a report's prose.
        variant: ``fresh`` or ``confirm``.
    """
    pool = {**pools.POOLS, "last": deid_last_pools.LAST}[variant]
    cases = []
    for key, body in bodies:
        rng = random.Random(f"{seed}{variant}{key}")
        group = rng.choice(sorted(pool.people))
        others = [rng.choice(sorted(pool.people)) for _ in range(3)]
        given_family = [
            (
                rng.choice(pool.people[g][0].split(";")).strip(),
                rng.choice(pool.people[g][1].split(";")).strip(),
            )
            for g in (group, *others)
        ]
        seen = date(1996, 1, 1) + timedelta(rng.randrange(10500))
        writer = Writer(rng, pool, People(*given_family), seen, seen - timedelta(rng.randrange(1000, 32000)))
        header, footer = rng.choice(sorted(pool.headers)), rng.choice(sorted(pool.footers))
        rate = rng.choice([0.12, 0.25, 0.4])

        def subject(match: re.Match[str], writer: Writer = writer, rate: float = rate) -> str:
            return (
                writer.fill(writer.rng.choice(writer.pool.mentions))
                if writer.rng.random() < rate
                else match.group()
            )

        def holder(match: re.Match[str], writer: Writer = writer) -> str:
            who = "<E.f>" if match.group("title") == "Dr" else "<P.f>"
            if match.group("title") == "Dr" and writer.rng.random() < 0.3:
                who = "<D.fl>"
            return f"{match.group('title')}. {writer.fill(who)}"

        prose = body.replace("⟦", "[").replace("⟧", "]").replace("<", "‹")
        prose = SUBJECT.sub(subject, PLACE_HOLDER.sub(holder, prose)).replace("‹", "<")
        if rng.random() < 0.5:
            prose += "\n\n" + writer.fill(rng.choice(pool.passing))
        whole = (
            writer.fill(pool.headers[header]).replace("‹", "<").replace("›", ">")
            + prose
            + writer.fill(pool.footers[footer])
        )
        fate = rng.random()
        whole = _shout(whole) if fate < 0.07 else _wrapped(whole, 72) if fate < 0.22 else whole
        text, spans = unmark(whole)
        cases.append(Case(f"{key}-{variant}", text, spans, variant, f"{header}/{footer}", group))
    return cases
