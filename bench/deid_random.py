"""Reports in headers drawn piece by piece: layout, label wording, separators, forms of names, numbers and dates.

    python -m bench.deid_random [--half open|closed] [--count N] [--misses N] [--seed N] [--without LAYERS]

Two halves (``deid_random_pools``) share nothing that is drawn. Rules may be read off the misses of **open**; of
**closed** only totals are printed, by which generalisation is measured.
"""

import argparse
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bench.deid_cases import Case, mark, unmark
from bench.deid_fresh import MARKUP, SUBJECT, _wrapped
from bench.deid_random_pools import HALVES, Half
from bench.deidentify import HEAD, Row, line, measure, ours, rows_of
from clinical.deidentify.deidentifier import Deidentifier, Policy

TOKEN = re.compile(r"<([A-Za-z]+)(?:\.([^<>]+))?>")
KINDS = {
    "mrn": "ID",
    "acct": "ID",
    "phone": "PHONE",
    "mail": "EMAIL",
    "facility": "LOCATION",
    "addr": "LOCATION",
    "town": "LOCATION",
}
DEGREES = ("MD", "M.D.", "DO", "MD, PhD", "NP", "FRCS")
Person = tuple[str, str]


@dataclass
class Draw:
    """One report's drawings; every form is chosen once a report, as a real system would."""

    rng: random.Random
    half: Half
    numbers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draws the people, dates and forms."""
        rng, half = self.rng, self.half
        self.people: dict[str, Person] = {
            w: (rng.choice(half.given), rng.choice(half.family)) for w in "PDEK"
        }
        self.seen = date(1998, 1, 1) + timedelta(rng.randrange(9800))
        self.days = {
            "seen": self.seen,
            "date": self.seen,
            "next": self.seen + timedelta(rng.randrange(1, 9)),
            "prior": self.seen - timedelta(rng.randrange(20, 900)),
            "dob": self.seen - timedelta(rng.randrange(2000, 32000)),
        }
        self.dated = rng.sample(list(half.dates), 2)
        self.named = {"P": rng.choice(half.names), "D": rng.choice(half.names)}

    def filled(self, form: str) -> str:
        """Writes a form's digits and letters."""
        kinds = {"#": "0123456789", "?": "ABCDEFGHJKLMNPRSTUVWXYZ", "%": "abcdefghkmnprstw"}
        return "".join(self.rng.choice(kinds[c]) if c in kinds else c for c in form).strip()

    def place(self, kind: str) -> str:
        """Writes a facility, a town or an address."""
        rng, half = self.rng, self.half
        town = rng.choice(half.towns)
        if kind == "town":
            return town
        if kind == "addr":
            street = rng.choice(half.streets).format(
                n=rng.randrange(3, 9800), k=rng.randrange(2, 60), s=rng.choice(half.family).split("-")[0]
            )
            return f"{street}, {town}, {rng.choice(['OH', 'TX', 'ON', 'CA', 'Maine'])} {rng.randrange(10000, 99900)}"
        return rng.choice(half.facilities).format(
            t=town, l=rng.choice(half.family), m=rng.choice(half.family)
        )

    def value(self, kind: str, form: str | None = None) -> str:
        """Writes a marked value of a kind; a person is one letter of PDEK."""
        rng, half = self.rng, self.half
        if kind in self.people:
            return mark("NAME", written(self.people[kind], form or self.named.get(kind, "fl"), rng))
        if kind in self.days:
            return mark("DATE", rng.choice(self.dated)(self.days[kind]))
        if kind in {"mrn", "acct"}:
            self.numbers.setdefault(kind, self.filled(rng.choice(half.numbers)))
            return mark("ID", self.numbers[kind])
        if kind == "mail":
            given, family = (re.sub(r"[^a-z]", "", n.lower()) for n in self.people["P"])
            town = re.sub(r"\W", "", rng.choice(half.towns).lower())
            return mark("EMAIL", self.filled(rng.choice(half.mails).format(f=given, l=family, t=town)))
        if kind == "phone":
            text = self.filled(rng.choice(half.phones))
            return mark("PHONE", re.sub(r"(?<![\d+])[01](?=\d\d)", "6", text))
        return mark(KINDS[kind], self.place(kind))

    def fill(self, template: str) -> str:
        """Replaces the tokens of a template."""

        def token(match: re.Match[str]) -> str:
            kind, form = match.group(1), match.group(2)
            if kind == "deg":
                return self.rng.choice(DEGREES)
            if kind == "low":
                return self.filled("%%")
            return self.value(kind, form)

        return TOKEN.sub(token, template)


def written(person: Person, form: str, rng: random.Random) -> str:
    """Writes a name in a form: l family, f given, i initial, m middle initial; capitals in the form are capitals."""
    given, family = person
    middle = rng.choice("ABCDEGHJKLMNRSTW")
    table = {
        "fl": f"{given} {family}",
        "l": family,
        "f": given,
        "l, f": f"{family}, {given}",
        "l,f": f"{family},{given}",
        "L, F": f"{family}, {given}".upper(),
        "L, F M": f"{family}, {given} {middle}".upper(),
        "l, f m": f"{family}, {given} {middle}",
        "fml": f"{given} {middle} {family}",
        "f m. l": f"{given} {middle}. {family}",
        "f i. l": f"{given} {middle}. {family}",
        "i. l": f"{given[0]}. {family}",
        "il": f"{given[0]} {family}",
        "I L": f"{given[0]} {family}".upper(),
        "fi": f"{family} {given[0]}",
        "l, i.": f"{family}, {given[0]}.",
        "FL": f"{given} {family}".upper(),
        "L F": f"{family.upper()} {given}",
        "L/F": f"{family.upper()}/{given.upper()}",
        "l f": f"{family} {given}",
        "fl jr": f"{given} {family}, Jr.",
        "fl iii": f"{given} {family} III",
        "f l (m)": f"{given} {family}",
        'l, f "n"': f"{family}, {given}",
        "l, mr. f": f"{family}, {given}",
    }
    return table[form]


def header(draw: Draw) -> str:
    """Draws fields, their labels and a layout."""
    rng, half = draw.rng, draw.half
    kinds = ["patient", "dob", "mrn", "date", "doctor"]
    kinds += rng.sample(
        ["doctor", "acct", "phone", "addr", "facility", "mail", "kin", "acct"], rng.randrange(1, 5)
    )
    kinds = [k for k in kinds if rng.random() < 0.93] or ["patient"]
    if rng.random() < 0.6:
        rng.shuffle(kinds)
    who = {"patient": "P", "kin": "K"}
    doctors = iter("DEDE")
    cases: list[Callable[[str], str]] = [str, str, str.upper, str.lower, str.title]
    case = rng.choice(cases)
    fields = []
    used: set[str] = set()
    for kind in kinds:
        label = rng.choice([n for n in half.labels[kind] if n not in used])
        used.add(label)
        value = draw.value(next(doctors) if kind == "doctor" else who.get(kind, kind))
        if kind == "doctor":
            value = rng.choice([value, value, f"{value}, {rng.choice(DEGREES)}", f"Dr. {value}"])
        fields.append((case(label), value))
    for label in rng.sample(sorted(half.plain), rng.randrange(0, 4)):
        fields.insert(rng.randrange(len(fields) + 1), (case(label), rng.choice(half.plain[label])))
    title = rng.choice(half.titles)
    return (
        (title + "\n" if title and rng.random() < 0.7 else "")
        + laid_out(fields, rng.choice(half.layouts), draw)
        + "\n\n"
    )


def batched(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cuts a list into pieces of a size."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def _wide(text: str) -> int:
    return len(MARKUP.sub("", text))


def _pad(text: str, width: int) -> str:
    return text + " " * max(2, width - _wide(text))


def laid_out(fields: Sequence[tuple[str, str]], layout: str, draw: Draw) -> str:
    """Sets the fields in a layout."""
    rng = draw.rng
    sep = rng.choice(draw.half.separators)
    pairs = [f"{k}{sep}{v}" for k, v in fields]
    values = [v for _, v in fields]
    rows: dict[str, Callable[[], str]] = {
        "lines": lambda: "\n".join(pairs),
        "inline pipes": lambda: "\n".join(" | ".join(part) for part in batched(pairs, 3)),
        "two columns": lambda: "\n".join(
            "".join(_pad(p, 44) for p in part).rstrip() for part in batched(pairs, 2)
        ),
        "three columns": lambda: "\n".join(
            "".join(_pad(p, 34) for p in part).rstrip() for part in batched(pairs, 3)
        ),
        "padded": lambda: "\n".join(f"{k:<20}: {v}" for k, v in fields),
        "label above": lambda: "\n".join(f"{k}\n{v}" for k, v in fields),
        "xml": lambda: "\n".join(
            f"<{re.sub(r'[^A-Za-z]', '', k) or 'X'}>{v}</{re.sub(r'[^A-Za-z]', '', k) or 'X'}>"
            for k, v in fields
        ),
        "csv": lambda: ",".join(f'"{k}"' for k, _ in fields) + "\n" + ",".join(f'"{v}"' for v in values),
        "hl7": lambda: (
            "PID|1||" + "|".join(v.replace(", ", "^") if "⟦NAME" in v else v for v in values) + "|||"
        ),
        "unlabeled": lambda: "\n".join(values),
        "letterhead": lambda: (
            f"{draw.value('facility')}\n{draw.value('addr')}\n{draw.value('phone')}\n\n"
            + "\n".join(pairs[:4])
        ),
        "bracketed": lambda: " ".join(f"[{p}]" for p in pairs),
        "numbered": lambda: "\n".join(f"{i}. {p}" for i, p in enumerate(pairs, 1)),
        "sentence": lambda: (
            f"This is the record of {values[0]}. " + "; ".join(f"{k} {v}" for k, v in fields[1:]) + "."
        ),
        "table": lambda: (
            "  ".join(_pad(k, _wide(v)) for k, v in fields)
            + "\n"
            + "  ".join(_pad(v, len(k)) for k, v in fields)
        ),
        "values first": lambda: "\n".join(f"{v} ({k})" for k, v in fields),
        "json": lambda: "{" + ", ".join(f'"{k}": "{v}"' for k, v in fields) + "}",
        "semicolon": lambda: "; ".join(pairs),
        "right column": lambda: "\n".join(" " * 30 + p for p in pairs),
        "starred": lambda: "\n".join(f"* {k} * {v}" for k, v in fields),
        "dotted": lambda: "\n".join(f"{k} {'.' * (26 - len(k))} {v}" for k, v in fields),
        "continuous": lambda: " ".join(pairs),
        "banner": lambda: (
            "=" * 40
            + "\n"
            + "\n".join("  " + v for v in values[:3])
            + "\n"
            + "=" * 40
            + "\n"
            + "\n".join(pairs[3:])
        ),
        "slash": lambda: " / ".join(values),
    }
    return rows[layout]()


def make_random(bodies: Sequence[tuple[str, str]], half: str, seed: int = 1) -> list[Case]:
    """Dresses report bodies in drawn headers and endings, and names people in the prose."""
    cases = []
    for key, body in bodies:
        draw = Draw(random.Random(f"{seed} {half} {key}"), HALVES[half])
        rng = draw.rng
        rate = rng.choice([0.1, 0.2, 0.4])

        def subject(match: re.Match[str], draw: Draw = draw, rate: float = rate) -> str:
            named = draw.rng.random() < rate
            return draw.fill(draw.rng.choice(draw.half.mentions)) if named else match.group()

        prose = SUBJECT.sub(subject, body.replace("⟦", "[").replace("⟧", "]"))
        if rng.random() < 0.5:
            prose += "\n\n" + draw.fill(rng.choice(draw.half.passing))
        layout = header(draw)
        whole = layout + prose + draw.fill(rng.choice(draw.half.endings))
        whole = _wrapped(whole, 76) if rng.random() < 0.1 else whole
        text, spans = unmark(whole)
        cases.append(Case(f"{key}-{half}", text, spans, half, "random", "random"))
    return cases


def random_rows(half: str, count: int, seed: int = 1) -> list[Row]:
    """Reports of other sources than the injected set, in drawn headers."""
    used = {str(r["source_id"]) for r in rows_of("deid/injected_reports.jsonl.xz")}
    reports = [r for r in rows_of("reports/mtsamples.jsonl.xz") if r["id"] not in used]
    bodies = [(str(r["id"]), str(r["transcription"])) for r in reports if len(str(r["transcription"])) > 400]
    chosen = bodies[3 + list(HALVES).index(half) :: 7][:count]
    return [Row(c.id, c.text, c.spans) for c in make_random(chosen, half, seed)]


def main() -> None:
    """Prints one row a half; misses of the open half only."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", default="open", choices=sorted(HALVES))
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=0, help="print so many, of the open half only")
    parser.add_argument("--without", default="", help="layers to leave out, by name, with commas")
    options = parser.parse_args()
    policy = Policy(without=frozenset(options.without.split(",")))
    tally = measure(random_rows(options.half, options.count, options.seed), ours(Deidentifier(policy)))
    print(HEAD)
    print(line(f"ours, {options.half} ({tally.reports}), seed {options.seed}", tally))
    for miss in tally.misses[: options.misses if options.half == "open" else 0]:
        print("  miss", *miss)


if __name__ == "__main__":
    main()
