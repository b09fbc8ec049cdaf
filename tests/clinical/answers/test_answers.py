"""Extract-mode answers of all tools: evidence, warnings, coverage, what is never left out."""

import dataclasses

import pytest

from clinical.answers.anomalies import anomalies
from clinical.answers.ask import ask
from clinical.answers.compare import compare
from clinical.answers.diagnose import diagnose
from clinical.answers.report import guessed_status, report_from_text
from clinical.answers.summarize import summarize
from clinical.errors import Refused

TEXT = """INDICATION: Cough and fever.

FINDINGS: There is consolidation in the right lower lobe. No pleural effusion. No pneumothorax.
Heart size is normal.
Potassium 6.8 mmol/L (3.5-5.1) H. Sodium 138 mmol/L (136-145).

IMPRESSION:
1. Right lower lobe pneumonia.
2. Follow-up chest radiograph in 6 weeks.
"""
TOOLS = {
    "summarize": lambda r: summarize(r),
    "diagnose": lambda r: diagnose(r),
    "anomalies": lambda r: anomalies(r),
    "compare": lambda r: compare(r, r),
    "ask": lambda r: ask((r,), "Is there a pleural effusion?"),
}


def evidence_of(node):
    if isinstance(node, dict):
        if {"start", "end", "quote"} <= node.keys():
            yield node
        for child in node.values():
            yield from evidence_of(child)
    elif isinstance(node, list):
        for child in node:
            yield from evidence_of(child)


@pytest.mark.parametrize("tool", TOOLS)
def test_evidence_is_the_words_at_its_offsets(tool):
    report = report_from_text(TEXT)
    answer = TOOLS[tool](report)
    assert answer.mode == "extract"
    found = list(evidence_of(answer.model_dump(mode="json", by_alias=True)))
    assert found
    assert all(e["quote"] == TEXT[e["start"] : e["end"]] for e in found)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_answer_carries_critical_values_and_coverage(tool):
    answer = TOOLS[tool](report_from_text(TEXT))
    assert any(a.name == "potassium" and a.urgency == "critical" for a in answer.anomalies)
    assert answer.coverage.values_found >= 2
    assert "impression" in answer.coverage.sections_read


@pytest.mark.parametrize("tool", TOOLS)
def test_a_retracted_report_does_not_answer(tool):
    report = dataclasses.replace(report_from_text(TEXT), status="retracted")
    with pytest.raises(Refused):
        TOOLS[tool](report)


@pytest.mark.parametrize("tool", TOOLS)
def test_preliminary_and_unsigned_are_said_first(tool):
    report = dataclasses.replace(report_from_text(TEXT), status="preliminary", signed=False)
    assert "preliminary" in TOOLS[tool](report).warnings[0]


def test_a_summary_gives_the_conclusion_first_and_what_it_leaves_out():
    answer = summarize(report_from_text(TEXT))
    assert answer.claims[0].text.startswith("Right lower lobe pneumonia")
    assert any("potassium 6.8" in c.text.lower() for c in answer.claims)
    assert answer.follow_ups[0].due == "in 6 weeks"


def test_a_stated_length_is_kept():
    assert len(summarize(report_from_text(TEXT), sentences=1).claims) == 1


def test_what_the_report_does_not_say_is_an_answer():
    answer = ask((report_from_text(TEXT),), "Does the patient have a pacemaker?")
    assert answer.abstained
    assert not answer.claims
    assert answer.coverage.sections_read


def test_a_question_is_answered_with_the_sentence():
    answer = ask((report_from_text(TEXT),), "What is the potassium?")
    assert "6.8" in answer.claims[0].text


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("PRELIMINARY REPORT", "preliminary"),
        ("Status: amended", "amended"),
        ("REPORT STATUS: ENTERED IN ERROR", "retracted"),
        ("The patient was seen.", "final"),
    ],
)
def test_the_status_is_read_from_the_text(line, status):
    assert guessed_status(f"{line}\n{TEXT}") == status


def test_an_unanswered_question_says_that_this_is_no_no() -> None:
    answer = ask(
        (report_from_text("FINDINGS: The heart is enlarged. The lungs are clear."),), "Does she smoke?"
    )
    assert answer.abstained and any("does not say" in warning for warning in answer.warnings)


def test_a_question_on_one_habit_is_answered_from_its_sentence_alone() -> None:
    text = "SOCIAL HISTORY: The patient is married. She smokes one pack a day. She drinks on weekends.\n"
    answer = ask((report_from_text(text),), "Does the patient smoke?")
    assert [c.text for c in answer.claims] == ["She smokes one pack a day."]


def test_a_diagnosis_that_no_lexicon_knows_is_given_in_the_report_s_words() -> None:
    text = "POSTOPERATIVE DIAGNOSIS: Ruptured distal biceps tendon, right elbow.\n"
    found = anomalies(report_from_text(text)).anomalies
    assert [(a.name, a.urgency) for a in found] == [
        ("Ruptured distal biceps tendon, right elbow", "abnormal")
    ]


def test_a_time_that_the_next_sentence_sets_belongs_to_the_request() -> None:
    text = "PLAN: I recommend an MRI of both hips. We will get that done within two weeks.\n"
    (asked,) = summarize(report_from_text(text)).follow_ups
    assert asked.due == "within two weeks" and len(asked.evidence) == 2


def test_a_specimen_s_line_names_its_diagnosis_and_not_the_specimen() -> None:
    text = "FINAL DIAGNOSIS:\nA. Skin, left arm, punch biopsy: Basal cell carcinoma, nodular.\n"
    assert [c.condition for c in diagnose(report_from_text(text)).differential] == [
        "Basal cell carcinoma, nodular"
    ]
