"""What a conclusion's items are called as conditions."""

import pytest

from clinical.answers.diagnose import diagnose
from clinical.answers.report import report_from_text


@pytest.mark.parametrize(
    "sentence",
    ["The patient understands.", "She wants to go to surgery.", "We discussed the options at length."],
)
def test_talk_is_no_condition(sentence: str) -> None:
    report = report_from_text(f"ASSESSMENT:\n1. Morbid obesity.\n2. {sentence}\n")
    named = [c.condition.lower() for c in diagnose(report).differential]
    assert named and all(sentence.lower().rstrip(".") not in name for name in named)


def test_a_drug_for_something_is_not_the_condition() -> None:
    report = report_from_text("ASSESSMENT:\n1. Zyrtec and Flonase for his allergic rhinitis.\n")
    assert [c.condition.lower() for c in diagnose(report).differential] == ["allergic rhinitis"]
