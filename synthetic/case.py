"""One examination to be reported, and the report under way."""

import random
from dataclasses import dataclass, field
from datetime import date

from synthetic.course import Condition
from synthetic.dates import dated
from synthetic.grammar import Book
from synthetic.people import Patient
from synthetic.report import Change, SimulatedPhysician
from synthetic.styles import Style
from synthetic.text import Headed, Text, as_text, join


@dataclass(frozen=True, slots=True)
class Case:
    """A patient's examination of one kind on one day, with the last of the same kind before it.

    ``prior_told`` are the names of the values that the prior report printed.
    """

    patient: Patient = field(repr=False)
    conditions: tuple[Condition, ...]
    study: str
    day: date = field(repr=False)
    prior_day: date | None = field(repr=False)
    reason: Condition | None
    physician: SimulatedPhysician
    referrer: str = field(repr=False)
    style: Style
    prior_told: frozenset[str] = frozenset()

    @property
    def age(self) -> int:
        """Completed years on the day."""
        return self.patient.age_on(self.day)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The body of a report: its sections in order, and what it concludes.

    ``summary`` is the canonical name of the section that holds the physician's conclusion; ``preamble``
    stands before the first section.
    """

    title: str
    sections: tuple[tuple[str, Text], ...]
    summary: str
    diagnoses: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    preamble: Text = field(default_factory=Text)


def headed(style: Style, study: str, name: str, body: Text | str) -> Text:
    """A section with its heading as the house style prints it in this kind of report."""
    heading = style.headings.get(f"{name}_{study}") or style.headings[name]
    body = as_text(body)
    table = name == study == "laboratory"
    block = table or body.string.startswith(("1.", "- ", "A.")) or "\n" in body.string
    if style.heading == "line":
        whole = f"{heading}\n" + body
    elif style.heading == "underline":
        whole = f"{heading}\n{'-' * len(heading)}\n" + body
    else:
        whole = f"{heading}{chr(10) if block else ' '}" + body
    return whole.marked(Headed(name, heading))


def conclude(style: Style, items: list[Text]) -> Text:
    """Conclusion items laid out as the house style lays them out."""
    if style.conclusion == "numbered":
        if len(items) == 1:
            return items[0].capital()
        return join("\n", [f"{n}. " + item.capital() for n, item in enumerate(items, 1)])
    if style.conclusion == "dashes":
        return join("\n", ["- " + item for item in items])
    sentences = [item.capital() for item in items]
    return join(" ", [s if s.string.endswith((".", "?")) else s + "." for s in sentences])


def fill(pattern: str, **values: Text | str) -> Text:
    """A pattern of the house style with its slots filled."""
    pieces: list[Text | str] = []
    rest = pattern
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        pieces += [before, values[name]]
    return join("", [*pieces, rest])


def with_tail(conclusion: Text, case: Case) -> Text:
    """A conclusion with the style's closing courtesy."""
    if not case.style.tail:
        return conclusion
    return conclusion + ("\n" if "\n" in conclusion.string else " ") + case.style.tail


def indication(case: Case, phrases: Book, rng: random.Random) -> Text:
    """Why the study was asked for."""
    slots: dict[str, Text | str] = {"n": str(rng.randrange(2, 9))}
    reason = case.reason
    text = phrases.say("screening", rng, slots) if reason is None else reason_words(case, reason, rng)
    text = text.capital()
    return text if case.style.abbreviate else text + "."


def reason_words(case: Case, reason: Condition, rng: random.Random) -> Text:
    """What brings the patient: a complaint at first, a follow-up later."""
    disease = reason.disease
    followed = [line for line in disease.indication if "{follow?}" in line]
    fresh = [line for line in disease.indication if "{follow?}" not in line]
    later = case.prior_day is not None and rng.random() < 0.8
    acute = disease.course == "acute"
    words = (
        ("follow-up", "follow up", "recheck", "f/u")
        if later
        else (("suspected",) if acute else ("known", "history of"))
    )
    slots: dict[str, Text | str] = {
        "n": str(days_told(reason, case.day)),
        "side": reason.side,
        "other": "right" if reason.side == "left" else "left",
        "follow": rng.choice(words),
    }
    lines = (followed if later else fresh) or followed or fresh
    return Book({"reason": lines}).say("reason", rng, slots)


def days_told(condition: Condition, day: date) -> int:
    """The number that a patient names for how long, the same wherever the visit is told."""
    return random.Random(f"{condition.seed}/told/{day}").randrange(2, 9)


def comparison(case: Case, rng: random.Random) -> Text:
    """Which prior study was at hand."""
    if case.prior_day is None:
        return Text(rng.choice(("None.", "None available.", "No prior studies for comparison.", "No prior.")))
    date = dated(case.prior_day, case.style.dates)
    return rng.choice(("", "", "Study of ", "Prior of ")) + date + "."
