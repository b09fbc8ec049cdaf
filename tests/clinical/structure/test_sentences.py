"""Sentences by offset."""

import pytest

from clinical.structure.sentences import sentences


def split(text: str) -> list[str]:
    return [text[part.start : part.end] for part in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever. No cough.", ["No fever.", "No cough."]),
        ("Seen by Dr. Smith today. Well.", ["Seen by Dr. Smith today.", "Well."]),
        ("Potassium 3.5 and sodium 140. Fine.", ["Potassium 3.5 and sodium 140.", "Fine."]),
        ("1. Pneumonia.\n2. Effusion.", ["1. Pneumonia.", "2. Effusion."]),
        ("- fever\n- cough", ["- fever", "- cough"]),
        ("Take 5 mg p.o. b.i.d. daily. Return.", ["Take 5 mg p.o. b.i.d. daily.", "Return."]),
        ("No fever; mild cough", ["No fever;", "mild cough"]),
        ("  \n \n", []),
    ],
)
def test_text_is_split_where_sentences_end(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_a_wrapped_line_does_not_end_a_sentence() -> None:
    text = "The lungs are clear without focal consolidation, effusion or\npneumothorax. The heart is normal."
    assert len(split(text)) == 2
