"""One examination to be reported, and the report under way."""

import random
from dataclasses import dataclass, field
from datetime import date

from synthetic.course import Condition
from synthetic.people import Patient
from synthetic.report import Change, SimulatedPhysician
from synthetic.styles import Style
from synthetic.text import Headed, Text, as_text, join


@dataclass(frozen=True, slots=True)
class Case:
    """A patient's examination of one kind on one day, with the last of the same kind before it."""

    patient: Patient = field(repr=False)
    conditions: tuple[Condition, ...]
    kind: str
    day: date = field(repr=False)
    prior_day: date | None = field(repr=False)
    reason: Condition | None
    physician: SimulatedPhysician
    referrer: str = field(repr=False)
    style: Style

    @property
    def age(self) -> int:
        """Completed years on the day."""
        return self.patient.age_on(self.day)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The body of a report: its sections in order, and what it concludes.

    ``summary`` is the canonical name of the section that holds the physician's conclusion.
    """

    title: str
    sections: tuple[tuple[str, Text], ...]
    summary: str
    diagnoses: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def headed(style: Style, name: str, body: Text | str) -> Text:
    """A section with its heading as the house style prints it."""
    heading = style.headings[name]
    body = as_text(body)
    block = body.string.startswith(("1.", "- ", "A.")) or "\n" in body.string
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


def pick_some(rng: random.Random, options: list[Text], at_most: int) -> list[Text]:
    """One to ``at_most`` of the options, in their order."""
    count = min(len(options), rng.randint(1, at_most))
    chosen = sorted(rng.sample(range(len(options)), count))
    return [options[i] for i in chosen]
