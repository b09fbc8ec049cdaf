"""Values over two reports: "fell from 92 to 73" is borne out by an earlier 92 and a later 73 of the same name."""

from dataclasses import replace

import pytest

from clinical.answers.report import report_from_text
from clinical.evidence.check import check

PRIOR = replace(
    report_from_text("VITALS\nHR 92. Sodium 133 mmol/L. Creatinine 1.59 mg/dL.\n", id="r-prior"),
    observed_at="2025-01-01",
)
CURRENT = replace(
    report_from_text("VITALS\nHR 73. Sodium 138 mmol/L. Creatinine 1.20 mg/dL.\n", id="r-current"),
    observed_at="2025-05-28",
)


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("HR fell from 92 to 73.", "supported"),
        ("Sodium rose from 133 to 138 mmol/L in 147 days.", "supported"),
        ("Sodium rose from 133 to 138 mmol/L in 47 days.", "unsupported"),
        ("Creatinine fell from 1.59 to 1.20 mg/dL.", "supported"),
        ("Sodium fell from 133 to 138 mmol/L.", "contradicted"),
        ("HR rose from 92 to 73.", "contradicted"),
    ],
)
def test_a_course_is_held_to_both_reports(sentence: str, verdict: str) -> None:
    for reports in ([PRIOR, CURRENT], [CURRENT, PRIOR]):
        assert [c.verdict for c in check(sentence, reports).claims] == [verdict]


@pytest.mark.parametrize(
    "sentence",
    [
        "HR fell from 73 to 92.",
        "Sodium rose from 138 to 133 mmol/L.",
        "Creatinine rose from 1.20 to 1.59 mg/dL.",
        "HR fell from 138 to 73.",
        "Creatinine fell from 92 to 73.",
    ],
)
def test_numbers_turned_round_or_of_another_name_are_withheld(sentence: str) -> None:
    assert all(c.verdict != "supported" for c in check(sentence, [PRIOR, CURRENT]).claims)


def test_one_report_tells_no_course() -> None:
    both = report_from_text("HR 92 on arrival. HR 73 later.", id="r-one")
    assert all(c.verdict != "supported" for c in check("HR rose from 73 to 92.", [both]).claims)


def test_numbers_do_not_tell_better_from_worse() -> None:
    for sentence in ("Creatinine improved from 1.59 to 1.20 mg/dL.", "HR worsened from 92 to 73."):
        assert all(c.verdict != "contradicted" for c in check(sentence, [PRIOR, CURRENT]).claims)
