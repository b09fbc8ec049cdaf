"""References are what the physician wrote, and what they are taken from is cut."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from clinical.answers.report import report_from_text
from clinical.prompts import parse_reply
from clinical.report import Report
from tests.trainer.conftest import radiograph
from trainer.cutting import cut_repeats, cut_sections
from trainer.example import Example
from trainer.pairs import Correction, build_pairs, pair_up, worded_value


def test_the_conclusion_is_the_reference_and_is_cut_from_the_input() -> None:
    summary = next(e for e in build_pairs([radiograph(3)]) if e.task == "summarize")
    assert summary.sentences[0] == "Cardiomegaly."
    assert "IMPRESSION" not in summary.prompt.messages[1]["content"]
    assert "follow-up advised" not in summary.prompt.messages[1]["content"]
    assert "The heart is enlarged" in summary.prompt.messages[1]["content"]


def test_no_reference_stands_in_its_own_input(examples: Sequence[Example]) -> None:
    for example in examples:
        if example.task in ("summarize", "diagnose"):
            text = example.prompt.messages[1]["content"]
            assert not any(s in text for s in example.sentences if len(s.split()) > 2)


def test_sentences_that_repeat_the_conclusion_are_cut_too() -> None:
    report = report_from_text(
        "FINDINGS: The spleen is enlarged at 15 cm. Splenomegaly is moderate and new since last visit.\n\n"
        "IMPRESSION: Splenomegaly is moderate, and new since last visit."
    )
    cut = cut_repeats(cut_sections(report), ["Splenomegaly is moderate, and new since last visit."])
    assert "Splenomegaly" not in cut.text
    assert "15 cm" in cut.text


def test_offsets_of_the_cut_report_are_those_of_the_cut_text() -> None:
    cut = cut_sections(radiograph(4))
    assert all(cut.text[s.start : s.end].startswith(s.heading) for s in cut.structure.sections)
    assert all(section.name != "impression" for section in cut.structure.sections)


def test_a_reference_never_holds_a_number_that_the_input_lacks() -> None:
    report = report_from_text(
        "FINDINGS: There is a nodule in the right upper lobe of the lung, and the heart is normal.\n\n"
        "IMPRESSION: Nodule of 7 mm. Normal heart."
    )
    summary = next(e for e in build_pairs([report]) if e.task == "summarize")
    assert summary.sentences == ("Normal heart.",)


def test_every_completion_parses_as_a_reply_of_its_tool(examples: Sequence[Example]) -> None:
    assert {e.task for e in examples} >= {"summarize", "diagnose", "ask"}
    for example in examples:
        reply = parse_reply(example.task, example.completion)
        assert len(reply.sentences) == len(example.sentences)
        assert len(reply.conditions) == len(example.conditions)


def test_some_questions_have_no_answer_in_the_report(examples: Sequence[Example]) -> None:
    asked = [e for e in examples if e.task == "ask"]
    silent = [e for e in asked if not e.sentences]
    assert 0 < len(silent) < len(asked) / 2


def test_compare_takes_the_physicians_words_on_the_prior_and_cuts_them() -> None:
    prior = radiograph(5, day=1)
    text = prior.text.replace("Cardiomegaly.", "Cardiomegaly, increased since the prior study.")
    later = report_from_text(text, "later")
    current = replace(prior, id="later", text=text, structure=later.structure, observed_at="2024-03-09")
    compared = next(e for e in build_pairs([current, prior]) if e.task == "compare")
    assert compared.sentences == ("Cardiomegaly, increased since the prior study.",)
    assert [r.id for r in compared.reports] == [prior.id, "later"]
    assert "increased since" not in compared.prompt.messages[1]["content"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signed": False}, "not signed or not final"),
        ({"status": "preliminary"}, "not signed or not final"),
        ({"status": "retracted"}, "not signed or not final"),
        ({"held": True}, "held"),
        ({"unread_pages": 1}, "unread pages"),
    ],
)
def test_what_is_not_fit_never_trains_and_is_counted(change: dict[str, object], reason: str) -> None:
    made = pair_up([replace(radiograph(1), **change)])  # type: ignore[arg-type]
    assert made.examples == ()
    assert made.left_out == {reason: 1}


def test_a_report_that_repeats_our_own_draft_never_trains() -> None:
    report = radiograph(2)
    draft = "Cardiomegaly. Pulmonary nodule, hilar apical apical, follow-up advised."
    assert pair_up([report], drafts={report.id: [draft]}).left_out == {"repeats our own draft": 1}
    assert pair_up([report], drafts={report.id: ["Normal chest."]}).examples


def test_a_draft_accepted_unedited_never_trains_and_an_edited_one_does() -> None:
    report = radiograph(2)
    kept = Correction((report,), "summarize", "Cardiomegaly.", "cardiomegaly")
    edited = Correction((report,), "summarize", "Cardiomegaly.", "Mild cardiomegaly.\n- No effusion.")
    made = pair_up([], [kept, edited])
    assert made.left_out == {"draft accepted unedited": 1}
    assert [e.sentences for e in made.examples] == [("Mild cardiomegaly.", "No effusion.")]


def test_pairs_are_the_same_every_time(reports: Sequence[Report]) -> None:
    assert [e.id for e in build_pairs(reports)] == [e.id for e in build_pairs(reports)]


def test_a_value_is_worded_as_printed_and_with_its_level() -> None:
    report = report_from_text("LABORATORY:\nPotassium 6.9 mmol/L (3.5-5.1) H\n")
    (value,) = report.structure.measurements
    assert worded_value(report, value).startswith("Potassium 6.9 mmol/L (3.5-5.1)")
    assert worded_value(report, value).endswith("high.")
