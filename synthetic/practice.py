"""The simulated practice: patients with a course over time, and the reports written about them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from clinical.report import Finding, Measurement, Section, Span
from synthetic.case import Case, Drafted, headed
from synthetic.course import Condition, common_to, fall_ill
from synthetic.discharge import draft_discharge
from synthetic.header import LAYOUTS, HeaderFacts, footer, header
from synthetic.imaging import draft_study
from synthetic.laboratory import draft_laboratory
from synthetic.noise import boilerplate, noisy
from synthetic.note import draft_note
from synthetic.pathology import draft_pathology
from synthetic.people import (
    City,
    Patient,
    Sex,
    accession_number,
    cities,
    facility_name,
    first_name,
    last_name,
    new_patient,
    phone_number,
    street_address,
)
from synthetic.report import Change, SimulatedPhysician, SimulatedReport, Truth
from synthetic.signoff import SIGNED, UNSIGNED, sign_off
from synthetic.story import stories
from synthetic.styles import styles
from synthetic.text import Found, Headed, Identifier, Measured, Text, join, wrap
from synthetic.values import analytes

__all__ = [
    "Change",
    "SimulatedPhysician",
    "SimulatedPractice",
    "SimulatedReport",
    "Truth",
    "practice",
    "simulate",
]

_FIRST, _LAST = date(2022, 1, 10), date(2026, 9, 30)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who writes a kind of report and in which of ``places``, perhaps for ``adults`` or ``sick`` only."""

    kind: str
    draft: Callable[[Case, random.Random], Drafted]
    writers: tuple[str, ...]
    places: tuple[str, ...]
    adults: bool = False
    sick: bool = False


_RADIOLOGY = ("precise", "terse", "narrative")
_CARDIOLOGY = ("echo_list", "echo_prose")
DESKS: dict[str, Desk] = {
    "chest": Desk("chest x-ray", draft_study, _RADIOLOGY, ("hospital", "imaging")),
    "ct_chest": Desk("ct", draft_study, _RADIOLOGY, ("hospital", "imaging"), adults=True),
    "ct_abdomen": Desk("ct", draft_study, _RADIOLOGY, ("hospital", "imaging")),
    "ct_head": Desk("ct", draft_study, _RADIOLOGY, ("hospital", "imaging")),
    "echo": Desk("echocardiogram", draft_study, _CARDIOLOGY, ("heart", "hospital"), adults=True),
    "ecg": Desk("ecg", draft_study, _CARDIOLOGY, ("heart", "hospital")),
    "laboratory": Desk(
        "laboratory",
        draft_laboratory,
        ("lab_desk", "problem_list", "storyteller", "plain_path"),
        ("laboratory", "clinic", "hospital"),
    ),
    "pathology": Desk(
        "pathology", draft_pathology, ("synoptic", "plain_path"), ("laboratory", "hospital"), sick=True
    ),
    "office": Desk("office note", draft_note, ("problem_list", "storyteller"), ("clinic",), sick=True),
    "consult": Desk("consultation", draft_note, _CARDIOLOGY, ("heart", "hospital"), adults=True, sick=True),
    "discharge": Desk(
        "discharge summary", draft_discharge, ("ward_round", "letter"), ("hospital",), sick=True
    ),
}


@dataclass(frozen=True, slots=True)
class SimulatedPractice:
    """Who works where in one simulation: configure these names as the practice's physicians."""

    physicians: tuple[SimulatedPhysician, ...]
    facilities: tuple[str, ...]
    city: City = field(repr=False)
    authority: str


_PLACES = ("hospital", "clinic", "imaging", "laboratory", "heart")


def practice(seed: int) -> SimulatedPractice:
    """The staff and places of the simulation with this seed."""
    rng = random.Random(f"practice/{seed}")
    city = rng.choice(cities())
    facilities = tuple(facility_name(place, city, rng) for place in _PLACES)
    people = []
    for style in styles().values():
        sex: Sex = rng.choice(("F", "M"))
        first, last = first_name(sex, rng), last_name(rng)
        degree = rng.choice(("MD", "MD", "MD", "DO"))
        name = f"{first} {last}, {degree}"
        aliases = (
            f"Dr. {last}",
            f"{first[0]}. {last}, {degree}",
            f"Dr. {first} {last}",
            f"{last}, {first}, {degree}",
        )
        people.append(SimulatedPhysician(name, aliases, style.specialty, style.name))
    return SimulatedPractice(
        tuple(people), facilities, city, f"{facilities[0].split()[0].upper()}-{seed % 97}"
    )


def simulate(seed: int, reports: int) -> Iterator[SimulatedReport]:
    """A stream of reports, patient by patient, each patient's in order of time.

    The same seed gives the same stream; a longer one begins with the shorter one.
    """
    house = practice(seed)
    made = 0
    number = 0
    while made < reports:
        rng = random.Random(f"{seed}/{number}")
        for report in _patient_reports(house, number, made, rng):
            if made >= reports:
                return
            yield report
            made += 1
        number += 1


def _patient_reports(
    house: SimulatedPractice, number: int, first: int, rng: random.Random
) -> Iterator[SimulatedReport]:
    sex: Sex = rng.choice(("F", "M"))
    age = _age(rng)
    today = _FIRST + timedelta(days=rng.randrange((_LAST - _FIRST).days - 400))
    patient = new_patient(number, age, sex, today, house.city, house.authority, rng)
    conditions = _conditions(patient, age, today, rng)
    last: dict[str, tuple[int, date, frozenset[str]]] = {}
    referrer = f"{rng.choice(('Dr. ', ''))}{first_name(rng.choice(('F', 'M')), rng)} {last_name(rng)}"
    styled: dict[str, SimulatedPhysician] = {}
    for day, kind, reason in _events(conditions, age, today, rng):
        if kind not in styled or rng.random() < 0.3:
            wanted = rng.choice(DESKS[kind].writers)
            styled[kind] = next(p for p in house.physicians if p.style == wanted)
        prior = last.get(kind)
        if kind == "office":
            reason = _most_urgent(conditions, reason, day)
        case = Case(
            patient=patient,
            conditions=tuple(conditions),
            study=kind,
            day=day,
            prior_day=prior[1] if prior else None,
            reason=reason,
            physician=styled[kind],
            referrer=referrer,
            style=styles()[styled[kind].style],
            prior_told=prior[2] if prior else frozenset(),
        )
        report = _report(house, case, first, prior[0] if prior else None, rng)
        yield report
        last[kind] = (first, day, frozenset(m.name for m in report.truth.measurements))
        first += 1


def _most_urgent(conditions: list[Condition], reason: Condition | None, day: date) -> Condition | None:
    """A visit is about what is acute, if anything is."""
    acute = [
        c for c in conditions if c.disease.course == "acute" and c.active(day) and c.disease.name in stories()
    ]
    return reason if reason in acute or not acute else acute[0]


def _age(rng: random.Random) -> int:
    if rng.random() < 0.07:
        return rng.randrange(2, 18)
    return min(97, max(18, int(rng.gauss(62, 18))))


def _conditions(patient: Patient, age: int, today: date, rng: random.Random) -> list[Condition]:
    possible = list(common_to(age, patient.sex))
    count = rng.choice((0, 1, 1, 2, 2, 3) if age > 50 else (0, 1, 1, 1, 2))
    chosen: list[Condition] = []
    while possible and len(chosen) < count:
        disease = rng.choices(possible, [d.weight for d in possible])[0]
        possible.remove(disease)
        onset = today if disease.course == "acute" else today - timedelta(days=rng.randrange(0, 700))
        chosen.append(fall_ill(disease, onset, f"{patient.mrn}/{disease.name}", rng))
    return chosen


_BUSY = {"chest": 2.0, "office": 0.6, "consult": 3.0, "discharge": 2.0, "ecg": 1.3}
_ONCE = ("pathology", "discharge")
_BIOPSIED_AGAIN = ("gastritis", "colon_polyp", "reflux", "skin_lesion")


def _events(
    conditions: list[Condition], age: int, today: date, rng: random.Random
) -> list[tuple[date, str, Condition | None]]:
    """What is examined when, and for which of the conditions."""
    events: list[tuple[date, str, Condition | None]] = []
    open_desks = [name for name, desk in DESKS.items() if age >= 18 or not desk.adults]
    if not conditions:
        return [(today, rng.choice([d for d in open_desks if not DESKS[d].sick]), None)]
    for condition in conditions:
        kinds = {k: w * _BUSY.get(k, 1) for k, w in condition.disease.kinds.items() if k in open_desks}
        if not kinds:
            continue
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        day = max(today, condition.onset)
        if kind == "discharge":
            day += timedelta(days=rng.randrange(3, 8))
        again = kind not in _ONCE or condition.disease.name in _BIOPSIED_AGAIN
        for _ in range(rng.choice((1, 2, 2, 3)) if again else 1):
            events.append((day, kind, condition))
            step = rng.randrange(2, 30) if condition.disease.course == "acute" else rng.randrange(40, 260)
            day += timedelta(days=step)
    events.sort(key=lambda e: (e[0], e[1]))
    kept: list[tuple[date, str, Condition | None]] = []
    for event in events:
        if event[0] <= _LAST + timedelta(days=30) and not any(
            k[0] == event[0] and k[1] == event[1] for k in kept
        ):
            kept.append(event)
    return kept


def _report(
    house: SimulatedPractice, case: Case, number: int, prior: int | None, rng: random.Random
) -> SimulatedReport:
    draft = DESKS[case.study].draft(case, rng)
    style = case.style
    own = random.Random(f"{house.authority}/{case.physician.name}")
    moment = datetime.combine(case.day, time(rng.randrange(7, 19), rng.randrange(60)))
    accession = accession_number(case.day, rng)
    facts = HeaderFacts(
        patient=case.patient,
        facility=house.facilities[_PLACES.index(own.choice(DESKS[case.study].places))],
        street=street_address(own),
        city=house.city,
        phone=phone_number(house.city, own),
        fax=phone_number(house.city, own),
        title=draft.title,
        accession=accession,
        day=case.day,
        moment=moment,
        referrer=case.referrer,
        reader=case.physician.name,
        dates=style.dates,
        clock=style.clock,
    )
    layouts = [own.choice(LAYOUTS), own.choice(LAYOUTS)]
    top = header(facts, rng.choice(layouts), rng)
    body = [
        section if name == draft.summary else noisy(section, style.noise / len(draft.sections), rng)
        for name, section in ((n, headed(style, case.study, n, content)) for n, content in draft.sections)
    ]
    signed = rng.random() > 0.07
    templates = SIGNED if signed else UNSIGNED
    template = templates[(own.randrange(len(templates)) + (rng.random() < 0.2)) % len(templates)]
    signed_at = moment + timedelta(minutes=rng.randrange(12, 240))
    printed = case.physician.name if rng.random() < 0.5 else f"Dr. {case.physician.name}"
    foot = sign_off(template, printed, signed_at, style.dates, style.clock)
    gap = "\n\n" if style.heading != "inline" or own.random() < 0.5 else "\n"
    notice = own.random() < 0.3 and rng.random() < 0.8
    extra = [boilerplate(own)] if notice else []
    last = footer(facts, rng)
    text = join("\n\n", [top, draft.preamble, join(gap, body), *extra, foot, last]) + "\n"
    if own.random() < 0.6:
        text = wrap(text, own.choice((72, 80, 88, 96)))
    return SimulatedReport(
        number=number,
        kind=DESKS[case.study].kind,
        text=text.string,
        identity=case.patient.identity(accession),
        truth=truth(text, draft, case.prior_told),
        patient=case.patient.number,
        physician=case.physician,
        facility=facts.facility,
        observed_at=case.day.isoformat(),
        status="final" if signed else "preliminary",
        signed=signed,
        signed_by=case.physician.name if signed else None,
        signed_at=signed_at.isoformat(timespec="minutes") if signed else None,
        prior=prior,
    )


def truth(text: Text, draft: Drafted, prior_told: frozenset[str]) -> Truth:
    """What the marks of a finished text say; a value changed only if both reports print it."""
    marks = sorted(text.marks, key=lambda m: (m.start, m.end))
    sections = [
        Section(m.value.name, m.value.heading, m.start, m.end) for m in marks if isinstance(m.value, Headed)
    ]

    def within(at: int) -> str | None:
        return next((s.name for s in sections if s.start <= at < s.end), None)

    told = frozenset(m.value.name for m in marks if isinstance(m.value, Measured))
    valued = {a.key for a in analytes()}
    summary = next(s for s in sections if s.name == draft.summary)
    return Truth(
        identifier_spans=tuple(
            Span(m.start, m.end, m.value.label) for m in marks if isinstance(m.value, Identifier)
        ),
        sections=tuple(sections),
        findings=tuple(
            Finding(
                m.start,
                m.end,
                m.value.concept,
                m.value.assertion,
                m.value.side,
                m.value.severity,
                within(m.start),
            )
            for m in marks
            if isinstance(m.value, Found)
        ),
        measurements=tuple(
            Measurement(
                name=m.value.name,
                value_text=m.value.text,
                start=m.start,
                end=m.end,
                value=m.value.value,
                comparator=m.value.comparator,
                unit=m.value.unit,
                low=m.value.low,
                high=m.value.high,
                range_source="printed" if m.value.printed_range else None,
                flag=m.value.flag,
                critical=m.value.critical,
                section=within(m.start),
            )
            for m in marks
            if isinstance(m.value, Measured)
        ),
        diagnoses=draft.diagnoses,
        summary=text.string[summary.start + len(summary.heading) : summary.end].strip("\n -"),
        changes=tuple(c for c in draft.changes if c.name not in valued or c.name in told & prior_told),
    )
