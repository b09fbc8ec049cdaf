"""The phrase grammar: choices, slots, marks, and tidy blanks."""

import random

import pytest

from synthetic.grammar import Book, book, parse
from synthetic.text import Found, Measured, Text, wrap


def said(line: str, seed: int = 1, **slots: str) -> Text:
    return Book({"rule": [line]}).say("rule", random.Random(seed), slots)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("There is a/an {grade} effusion.", {"There is an old effusion."}),
        ("[Very ]clear [today] .", {"Very clear today.", "Very clear.", "clear today.", "clear."}),
        ("(a|b) (c|d)", {"a c", "a d", "b c", "b d"}),
        ("Lungs is/are clear", {"Lungs are clear"}),
        ("The aorta is/are normal", {"The aorta is normal"}),
        ("Ascites is/are seen", {"Ascites is seen"}),
        (r"QRS \(wide\)", {"QRS (wide)"}),
        ("An a/an 8 mm and a/an 9 mm", {"An an 8 mm and a 9 mm"}),
    ],
)
def test_a_line_says_only_what_it_may(line: str, words: set[str]) -> None:
    heard = {said(line, seed, grade="old").string for seed in range(40)}
    assert heard == words


def test_marks_stand_exactly_on_their_words() -> None:
    text = said("No [visible] <fluid@pleural effusion!absent> or <pneumothorax!absent>.", 3)
    found = {text.string[m.start : m.end]: m.value for m in text.marks}
    assert found == {
        "fluid": Found("pleural effusion", "absent"),
        "pneumothorax": Found("pneumothorax", "absent"),
    }


def test_a_measured_value_covers_its_name_and_unit() -> None:
    value = Measured("lvef", "35", 35.0, "%")
    line = Book({"rule": ["Function is low, <#ef: LVEF {ef}%>."]})
    text = line.say("rule", random.Random(1), {"ef": "35"}, measures={"ef": value})
    assert [text.string[m.start : m.end] for m in text.marks] == ["LVEF 35%"]


@pytest.mark.parametrize("line", ["(a|b", "a {b", "<(a|b@c)>", "<a"])
def test_a_broken_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse(line)


def test_a_missing_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        said("{nothing}")


def test_wrapping_keeps_length_and_so_every_mark() -> None:
    text = said("There is <left pleural effusion@pleural effusion> at the base of the lung")
    narrow = wrap(text, 20)
    assert max(len(line) for line in narrow.string.split("\n")) <= 20
    assert narrow.string.replace("\n", " ") == text.string


@pytest.mark.parametrize(
    "name",
    ["chest", "ct_chest", "ct_abdomen", "ct_head", "echo", "ecg", "clinic", "pathology", "follow"],
)
def test_every_phrase_book_parses(name: str) -> None:
    assert book(name).rules
