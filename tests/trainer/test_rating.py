"""A rating form hides who answered, and marks come back to the right speaker."""

import json
import re
from collections.abc import Sequence

import pytest

from clinical.answers.answer import Answer
from clinical.errors import NotFound, Refused
from clinical.prompts import Prompt, target
from practice.ratings import RatingBook
from practice.store import Store
from trainer import rating
from trainer.evaluate import answer
from trainer.example import Example

SPEAKERS = ("extract", "base", "challenger")


@pytest.fixture(scope="module")
def questions(examples: Sequence[Example]) -> list[Example]:
    return [e for e in examples if e.task == "summarize"][:6]


@pytest.fixture(scope="module")
def answers(questions: list[Example]) -> dict[str, list[Answer]]:
    def says(sentence: str) -> list[Answer]:
        def generate(prompt: Prompt) -> str:
            return target("summarize", sentences=[sentence])

        return [answer(question, generate) for question in questions]

    return {
        "extract": [answer(question, None) for question in questions],
        "base": says("Heart rate was measured."),
        "challenger": says("The heart is enlarged."),
    }


def test_the_form_holds_every_answer_and_not_who_gave_it(
    questions: list[Example], answers: dict[str, list[Answer]]
) -> None:
    items = rating.blind(questions, answers, seed=1)
    page = rating.form_page("f-1", items)
    assert "The heart is enlarged." in page and questions[0].reports[0].text.split("\n")[0] in page
    assert not re.search(r"extract|challenger|untuned", page)
    assert not re.search(r"(?:src|href)=", page) and "default-src 'none'" in page
    assert page.count('type="radio"') == sum(len(i.choices) for i in items) * len(rating.QUESTIONS) * 5
    orders = {tuple(s for c in item.choices for s in c.speakers) for item in items}
    assert len(orders) > 1, "letters tell who speaks"


def test_the_same_answer_of_two_speakers_stands_once_and_counts_for_both(
    questions: list[Example], answers: dict[str, list[Answer]]
) -> None:
    twice = {"extract": answers["extract"], "base": answers["extract"]}
    items = rating.blind(questions, twice, seed=1)
    assert all(len(item.choices) == 1 and set(item.choices[0].speakers) == set(twice) for item in items)


def test_marks_come_back_to_the_speaker_and_only_those_of_the_form_are_taken(
    questions: list[Example], answers: dict[str, list[Answer]]
) -> None:
    items = rating.blind(questions, answers, seed=1)
    keys = [item.key() for item in items]
    worth = {"extract": 3, "base": 1, "challenger": 5}
    marks = {
        f"{item.number}/{choice.letter}/{name}": max(worth[s] for s in choice.speakers)
        for item in items
        for choice in item.choices
        for name in rating.QUESTIONS
    }
    read = rating.read_marks(json.dumps({"form": "f-1", "marks": marks}), keys)
    found = {each.speaker: each.value("true") for each in rating.scores([(keys, read)])}
    assert found == {name: float(mark) for name, mark in worth.items()}
    for wrong in ({"0/Z/true": 3}, {"0/A/true": 9}, {}, {"0/A/true": None}):
        with pytest.raises(Refused):
            rating.read_marks(json.dumps({"form": "f-1", "marks": wrong}), keys)
    with pytest.raises(Refused):
        rating.read_marks("no json", keys)


def test_the_store_keeps_forms_and_one_set_of_marks_of_each_physician() -> None:
    store = Store.memory()
    book = RatingBook(store)
    form = book.open("m-1", [{"number": 0, "letters": {"A": ["base"]}}])
    book.add(form, "Anna Weber", {"0/A/true": 2})
    book.add(form, "Anna Weber", {"0/A/true": 4})
    book.add(form, "Ben Okafor", {"0/A/true": 5})
    assert sorted(marks["0/A/true"] for _, marks in book.given("m-1")) == [4, 5]
    assert book.given("m-2") == []
    with pytest.raises(NotFound):
        book.add("f-none", "Anna Weber", {})
    store.close()
