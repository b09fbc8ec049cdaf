"""Measures say what they are named for."""

import pytest

from clinical.answers.report import report_from_text
from clinical.prompts import NamedCondition
from trainer import measures
from trainer.example import Example

REPORT = report_from_text(
    "FINDINGS: There is an 8 mm nodule in the right upper lobe. The heart is enlarged. No pleural effusion."
)
EXAMPLE = Example("summarize", (REPORT,), "p1", sentences=("8 mm right upper lobe nodule.", "Cardiomegaly."))


def ratio(measure: tuple[float, float]) -> float:
    return measure[0] / measure[1]


def test_the_same_text_scores_one_and_another_nearly_nothing() -> None:
    same = measures.text_measures("No acute disease.", "No acute disease.")
    other = measures.text_measures("Bring an umbrella", "No acute disease.")
    for name in ("rouge1", "rouge2", "rougeL", "bleu"):
        assert ratio(same[name]) == pytest.approx(1)
        assert ratio(other[name]) < 0.1


@pytest.mark.parametrize(
    ("text", "reference", "score"), [("", "", 1), ("", "Effusion.", 0), ("Effusion.", "", 0)]
)
def test_silence_agrees_only_with_silence(text: str, reference: str, score: float) -> None:
    assert ratio(measures.text_measures(text, reference)["rougeL"]) == score


@pytest.mark.parametrize(
    ("text", "f1", "wrong"),
    [
        ("An 8 mm nodule.", 1, 0),
        ("A 0.8 cm nodule.", 1, 0),
        ("A 9 mm nodule.", 0, 1),
        ("An 8 cm nodule.", 0, 1),
        ("A nodule.", 0, 0),
    ],
)
def test_a_value_is_right_only_with_number_and_unit(text: str, f1: float, wrong: float) -> None:
    found = measures.value_measures(text, "8 mm right upper lobe nodule.", REPORT.text)
    assert ratio(found["value_f1"]) == f1
    assert found["wrong_numbers"][0] == wrong


def test_contradictions_and_inventions_are_counted() -> None:
    checker = measures.checker_of((REPORT,))
    found = measures.support_measures(
        ["The heart is enlarged.", "There is a pleural effusion.", "The spleen is ruptured."], checker
    )
    assert found["contradicted"] == (1.0, 3.0)
    assert found["unsupported"] == (2.0, 3.0)


def test_an_abnormal_finding_that_is_left_out_is_counted() -> None:
    assert ratio(measures.omission_measures("Cardiomegaly. Nodule in the lung.", EXAMPLE)["omitted"]) == 0
    assert ratio(measures.omission_measures("The lungs are fine.", EXAMPLE)["omitted"]) == 1


def test_labels_are_compared_by_their_words() -> None:
    found = measures.label_measures(["Acute appendicitis", "Anemia"], ["appendicitis, acute", "gout"])
    assert found["label_f1"] == (2.0, 4.0)
    assert found["label_exact"] == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "looping"),
    [
        ("The heart is enlarged. The lungs are clear.", False),
        ("The heart is enlarged. The heart is enlarged. ", True),
        ('{"sentences": ["The heart is large.", "The heart is large."]}', True),
        ("no " * 40, True),
    ],
)
def test_running_in_circles_is_seen(text: str, looping: bool) -> None:
    assert measures.loops(text) is looping


def test_a_broken_reply_is_measured_as_it_stands() -> None:
    text, sentences = measures.draft_text(EXAMPLE, '{"sentences": ["The heart')
    assert text == sentences[0] == '{"sentences": ["The heart'
    assert measures.reply_measures(EXAMPLE.prompt, EXAMPLE, text)["valid"] == (0.0, 1.0)


def test_diagnose_is_judged_by_its_labels_and_the_rest_by_words_and_numbers() -> None:
    assert measures.quality("diagnose", {"label_f1": (2, 4)}) == (0.5, 1.0)
    assert measures.quality("summarize", {"rougeL": (0.4, 1), "value_f1": (2, 2)}) == (0.7, 1.0)
    assert measures.quality("summarize", {"rougeL": (0.4, 1), "value_f1": (0, 0)}) == (0.4, 1.0)


def test_the_draft_of_diagnose_is_its_conditions_and_its_sentences_are_their_findings() -> None:
    example = Example(
        "diagnose", (REPORT,), "p", conditions=(NamedCondition("nodule", ("The heart is enlarged.",)),)
    )
    assert measures.draft_text(example, example.completion) == ("nodule", ["The heart is enlarged."])
