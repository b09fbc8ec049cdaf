"""Report headers: who, when and where, in the many layouts of real systems."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime

from synthetic.dates import dated, print_time
from synthetic.people import City, Patient
from synthetic.text import Text, identifier, join


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What a header can say."""

    patient: Patient = field(repr=False)
    facility: str = field(repr=False)
    street: str = field(repr=False)
    city: City = field(repr=False)
    phone: str = field(repr=False)
    fax: str = field(repr=False)
    title: str
    accession: str = field(repr=False)
    day: date = field(repr=False)
    moment: datetime = field(repr=False)
    referrer: str = field(repr=False)
    reader: str = field(repr=False)
    dates: str
    clock: str


LAYOUTS = ("columns", "lines", "pipes", "letter", "banner", "sparse")


def header(facts: HeaderFacts, layout: str, rng: random.Random) -> Text:
    """A header in one of ``LAYOUTS``.

    Raises:
        ValueError: no such layout.
    """
    if layout == "columns":
        return _columns(facts, rng)
    if layout == "lines":
        return _lines(facts, rng)
    if layout == "pipes":
        return _pipes(facts, rng)
    if layout == "letter":
        return _letter(facts, rng)
    if layout == "banner":
        return _banner(facts, rng)
    if layout == "sparse":
        return _sparse(facts, rng)
    raise ValueError(f"no header layout {layout}")


def printed_name(patient: Patient, form: str) -> Text:
    """The patient's name as headers print it: ``last_first``, ``caps`` or ``plain``."""
    middle = f" {patient.middle}" if patient.middle else ""
    if form == "last_first":
        return identifier("NAME", f"{patient.last}, {patient.first}{middle}")
    if form == "caps":
        return identifier("NAME", f"{patient.last}, {patient.first}{middle}".upper())
    return identifier("NAME", f"{patient.first}{middle} {patient.last}")


def _age(facts: HeaderFacts, form: str) -> Text:
    years = facts.patient.age_on(facts.day)
    number = identifier("AGE", str(years)) if years > 89 else Text(str(years))
    return Text() + number + form


def _sex(facts: HeaderFacts, rng: random.Random) -> str:
    return facts.patient.sex if rng.random() < 0.5 else ("Female" if facts.patient.sex == "F" else "Male")


def _place(facts: HeaderFacts) -> Text:
    city = facts.city
    return identifier("LOCATION", f"{facts.street}, {city.name}, {city.state} {city.zip}")


def _letterhead(facts: HeaderFacts, rng: random.Random) -> list[Text]:
    name = facts.facility.upper() if rng.random() < 0.4 else facts.facility
    lines = [identifier("LOCATION", name)]
    if rng.random() < 0.7:
        lines.append(_place(facts))
    if rng.random() < 0.7:
        line = "Phone: " + identifier("PHONE", facts.phone)
        if rng.random() < 0.6:
            line += rng.choice(("   Fax: ", " | Fax ", ", F: "))
            line += identifier("FAX", facts.fax)
        lines.append(line)
    return lines


def _fields(facts: HeaderFacts, rng: random.Random) -> list[tuple[str, Text]]:
    """Labelled fields in the order of a system; some are left out."""
    patient = facts.patient
    form = rng.choice(("last_first", "caps", "plain", "last_first"))
    when = dated(facts.day, facts.dates)
    timed = when + " " + print_time(facts.moment, facts.clock) if rng.random() < 0.5 else when
    fields = [
        (rng.choice(("Patient", "Patient Name", "Name", "PATIENT")), printed_name(patient, form)),
        (
            rng.choice(("MRN", "MRN", "Medical Record #", "Med Rec No", "Patient ID", "MR#")),
            identifier("ID", patient.mrn),
        ),
        (rng.choice(("DOB", "Date of Birth", "Birth Date", "D.O.B.")), dated(patient.born, facts.dates)),
    ]
    if rng.random() < 0.8:
        if rng.random() < 0.5:
            fields.append(("Age/Sex", _age(facts, rng.choice(("Y ", " y/", "/", " yrs / "))) + patient.sex))
        else:
            fields.append((rng.choice(("Sex", "Gender")), Text(_sex(facts, rng))))
    if rng.random() < 0.9:
        label = rng.choice(("Accession", "Accession #", "Acc #", "Accession No.", "Exam #", "Order #"))
        fields.append((label, identifier("ID", facts.accession)))
    fields.append(
        (rng.choice(("Exam Date", "Date of Service", "Date", "Service Date", "Collected", "DOS")), timed)
    )
    if rng.random() < 0.6:
        label = rng.choice(
            ("Referring Physician", "Ordering Provider", "Ordered by", "Requested By", "Attending")
        )
        fields.append((label, identifier("NAME", facts.referrer)))
    if rng.random() < 0.25:
        fields.append((rng.choice(("Phone", "Home Phone", "Tel")), identifier("PHONE", patient.phone)))
    if rng.random() < 0.2:
        home = f"{patient.street}, {patient.city.name}, {patient.city.state} {patient.city.zip}"
        fields.append(("Address", identifier("LOCATION", home)))
    if rng.random() < 0.12:
        fields.append(("SSN", identifier("ID", patient.ssn)))
    if rng.random() < 0.15:
        fields.append(
            (rng.choice(("Member ID", "Insurance ID", "Health Plan #")), identifier("ID", patient.plan_id))
        )
    if rng.random() < 0.1:
        fields.append((rng.choice(("Email", "E-mail")), identifier("EMAIL", patient.email)))
    return fields


def _lines(facts: HeaderFacts, rng: random.Random) -> Text:
    fields = _fields(facts, rng)
    rows = [label + ": " + value for label, value in fields]
    head = _letterhead(facts, rng)
    return (
        join("\n", [*head, "", facts.title, *rows])
        if rng.random() < 0.5
        else join("\n", [*head, facts.title, *rows])
    )


def _columns(facts: HeaderFacts, rng: random.Random) -> Text:
    fields = _fields(facts, rng)
    width = max(len(label) + len(value.string) for label, value in fields[::2]) + 6
    rows = []
    for left, right in zip(fields[::2], [*fields[1::2], None], strict=False):
        row = left[0] + ": " + left[1]
        if right is not None:
            row = row + " " * max(3, width - len(row.string)) + right[0] + ": " + right[1]
        rows.append(row)
    rule = rng.choice(("-", "=", "_")) * 72
    return join("\n", [*_letterhead(facts, rng), rule, facts.title.upper(), *rows, rule])


def _pipes(facts: HeaderFacts, rng: random.Random) -> Text:
    fields = _fields(facts, rng)
    cells = [fields[0][1], *(label + " " + value for label, value in fields[1:])]
    half = (len(cells) + 1) // 2
    return join(
        "\n",
        [
            facts.title.upper(),
            join(" | ", cells[:half]),
            join(" | ", cells[half:]),
            identifier("LOCATION", facts.facility),
        ],
    )


def _letter(facts: HeaderFacts, rng: random.Random) -> Text:
    patient = facts.patient
    about = rng.choice(("RE: ", "Re: ", "Regarding: ")) + printed_name(patient, "plain")
    about += rng.choice((", DOB ", ", born ", " (DOB ")) + dated(patient.born, facts.dates)
    if "(DOB" in about.string:
        about += ")"
    number = rng.choice(("Our ref: ", "MRN: ", "Chart no. ")) + identifier("ID", patient.mrn)
    if rng.random() < 0.6:
        number += rng.choice((" / ", ", accession ", "; exam ")) + identifier("ID", facts.accession)
    lines = [
        *_letterhead(facts, rng),
        dated(facts.day, facts.dates),
        "Dear " + identifier("NAME", facts.referrer) + ",",
    ]
    return join("\n", [*lines[:-1], about, number, facts.title, lines[-1]])


def _banner(facts: HeaderFacts, rng: random.Random) -> Text:
    patient = facts.patient
    first = printed_name(patient, rng.choice(("caps", "last_first"))) + "  "
    first = first + _age(facts, rng.choice((" y.o. ", "yo ", "-year-old "))) + _sex(facts, rng).lower()
    first += rng.choice(("  DOB ", "  (DOB: ", "  b. ")) + dated(patient.born, facts.dates)
    if "(DOB" in first.string:
        first += ")"
    second = rng.choice(("MRN: ", "MRN ", "# ")) + identifier("ID", patient.mrn) + "   "
    second = second + facts.title + " " + dated(facts.day, facts.dates)
    third = "Accession " + identifier("ID", facts.accession) + rng.choice(("   Loc: ", "   Site: "))
    third += identifier("LOCATION", facts.facility)
    return join("\n", [first, second, third])


def _sparse(facts: HeaderFacts, rng: random.Random) -> Text:
    patient = facts.patient
    line = printed_name(patient, rng.choice(("plain", "caps"))) + rng.choice((" - ", ", ", "  #"))
    line = (
        line
        + identifier("ID", patient.mrn)
        + rng.choice((", dob ", " - DOB "))
        + dated(patient.born, facts.dates)
    )
    return join("\n", [line, facts.title + rng.choice((", ", " of ", " ")) + dated(facts.day, facts.dates)])


def footer(facts: HeaderFacts, rng: random.Random) -> Text:
    """What stands under the signature of some reports: copies, page lines, portals."""
    patient = facts.patient
    chance = rng.random()
    if chance < 0.12:
        return rng.choice(("cc: ", "CC: ", "Copy to: ")) + identifier("NAME", facts.referrer)
    if chance < 0.2:
        line = printed_name(patient, rng.choice(("last_first", "caps"))) + rng.choice(("  MRN: ", " | "))
        return line + identifier("ID", patient.mrn) + rng.choice(("  Page 1 of 1", " | Page 1/1"))
    if chance < 0.25:
        site = identifier("URL", f"https://portal.example.com/r/{rng.randrange(10**5, 10**6)}")
        return rng.choice(("View online: ", "Patient portal: ")) + site
    if chance < 0.3:
        return "Questions? Call " + identifier("PHONE", facts.phone)
    return Text()
