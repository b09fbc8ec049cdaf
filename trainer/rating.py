"""Physicians' own judgement, blinded: one form with each answer under a letter, and five questions on each.

Who hides behind a letter is drawn anew for each report and kept by the practice's store; the form does not hold it.
The form is one HTML file that loads nothing: its marks are saved as a small file that holds no patient text.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clinical.answers.answer import Answer
from clinical.errors import Refused
from trainer.example import Example
from trainer.scores import ScoreRow, Scores

LOWEST, HIGHEST = 1, 5
QUESTIONS: Mapping[str, tuple[str, str, str]] = {
    "true": ("Is everything in it true of this report?", "false in a way that matters", "all of it is true"),
    "complete": ("Does it hold what matters most?", "misses the main point", "nothing important is missing"),
    "relevant": (
        "Is it free of what does not matter here?",
        "mostly beside the point",
        "every word is of use",
    ),
    "clear": ("Does it read as a colleague would write it?", "hard to follow", "clear at first reading"),
    "usable": ("Would you use it?", "would write it anew", "would sign it as it is"),
}
ASKED: Mapping[str, tuple[str, str]] = {
    name: (name, f"{question} {low} – {high}") for name, (question, low, high) in QUESTIONS.items()
} | {"rated": ("answers rated", "how many marks these are the mean of")}
"""As columns of the evaluation page."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer under its letter; ``speakers`` gave just this answer."""

    letter: str
    text: str = field(repr=False)
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One report of the form with the answers to one question on it."""

    number: int
    report: str
    patient: str
    task: str
    report_type: str
    instruction: str = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    choices: tuple[Choice, ...] = field(repr=False)

    def key(self) -> dict[str, Any]:
        """What the store keeps to unblind the marks: ids only."""
        return {
            "number": self.number,
            "report": self.report,
            "patient": self.patient,
            "task": self.task,
            "report_type": self.report_type,
            "letters": {choice.letter: list(choice.speakers) for choice in self.choices},
        }


def blind(
    examples: Sequence[Example], answers: Mapping[str, Sequence[Answer]], seed: int
) -> tuple[Item, ...]:
    """The form's items: the same answer of two speakers stands once, and letters are drawn for each item.

    Args:
        answers: by speaker, one an example.
    """
    items = []
    for number, example in enumerate(examples):
        by_text: dict[str, list[str]] = {}
        for speaker, given in answers.items():
            by_text.setdefault(worded(given[number]), []).append(speaker)
        texts = sorted(by_text)
        random.Random(f"rating {seed} {number}").shuffle(texts)
        choices = tuple(
            Choice("ABCDEFGH"[place], text, tuple(by_text[text])) for place, text in enumerate(texts)
        )
        instruction = example.question or f"{example.task.capitalize()} the report."
        reports = tuple(report.text for report in example.reports)
        last = example.reports[-1].id
        items.append(
            Item(
                number,
                last,
                example.patient,
                example.task,
                example.report_type,
                instruction,
                reports,
                choices,
            )
        )
    return tuple(items)


def worded(given: Answer) -> str:
    """An answer as plain lines, with nothing that tells who gave it."""
    lines = [claim.text for claim in given.claims]
    for condition in given.differential:
        basis = "; ".join(claim.text for claim in condition.for_)
        lines.append(f"{condition.condition} ({basis})" if basis else condition.condition)
    return "\n".join(dict.fromkeys(lines)) or "(no answer)"


def form_page(form: str, items: Sequence[Item]) -> str:
    """The form as one HTML text."""
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    ).get_template("rating.html")
    return template.render(form=form, items=items, questions=QUESTIONS, marks=range(LOWEST, HIGHEST + 1))


def read_marks(content: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The marks of a saved form, by ``number/letter/question``.

    Args:
        keys: of the form's items (`Item.key`).

    Raises:
        Refused: the file is not one of this form, or holds no mark.
    """
    known = {
        f"{key['number']}/{letter}/{name}" for key in keys for letter in key["letters"] for name in QUESTIONS
    }
    try:
        marks = json.loads(content)["marks"]
        read = {str(place): int(mark) for place, mark in marks.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("This is no file of marks.", "Give the file that the form saved.") from None
    if not read or not set(read) <= known or not all(LOWEST <= mark <= HIGHEST for mark in read.values()):
        raise Refused("These marks are not of this form.", "Give the file that this form saved.")
    return read


def scores(rated: Sequence[tuple[Sequence[Mapping[str, Any]], Mapping[str, int]]]) -> list[Scores]:
    """Marks of all forms of a release by speaker, the blind lifted; intervals draw patients.

    Args:
        rated: of each filled form its items' keys and its marks.
    """
    rows: dict[str, list[ScoreRow]] = {}
    for number, (keys, marks) in enumerate(rated):
        for key in keys:
            for letter, speakers in key["letters"].items():
                given = {
                    name: (float(marks[place]), 1.0)
                    for name in QUESTIONS
                    if (place := f"{key['number']}/{letter}/{name}") in marks
                }
                for speaker in speakers if given else ():
                    name = f"{number}/{key['number']}"
                    row = ScoreRow(name, key["patient"], key["task"], key["report_type"], given)
                    rows.setdefault(speaker, []).append(row)
    return [Scores(speaker, tuple(given)) for speaker, given in sorted(rows.items())]
