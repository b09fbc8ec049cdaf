"""Patterns of laboratory values: which sets make one think of what, and what is said of it."""

import pytest

from clinical.answers.diagnose import BY_RULE, diagnose
from clinical.answers.patterns import patterns_of
from clinical.answers.report import report_from_text

PANELS: tuple[tuple[str, list[str]], ...] = (
    ("Hemoglobin 9.1 g/dL (12.0-16.0)\nMCV 71 fL (80-100)\n", ["microcytic anemia"]),
    (
        "Hemoglobin 9.1 g/dL (12.0-16.0)\nMCV 71 fL (80-100)\nFerritin 6 ng/mL (15-150)\n",
        ["iron deficiency anemia"],
    ),
    ("Hemoglobin 9.1 g/dL (12.0-16.0)\nMCV 109 fL (80-100)\n", ["macrocytic anemia"]),
    ("Hemoglobin 9.1 g/dL (12.0-16.0)\nMCV 90 fL (80-100)\n", ["normocytic anemia"]),
    ("Hemoglobin 14.1 g/dL (12.0-16.0)\nMCV 71 fL (80-100)\n", []),
    ("Creatinine 2.3 mg/dL (0.6-1.2)\nPotassium 4.1 mmol/L (3.5-5.1)\n", ["reduced kidney function"]),
    ("TSH 12.4 uIU/mL (0.4-4.0)\nFree T4 0.5 ng/dL (0.8-1.8)\n", ["primary hypothyroidism"]),
    ("TSH 8.4 uIU/mL (0.4-4.0)\nFree T4 1.1 ng/dL (0.8-1.8)\n", ["subclinical hypothyroidism"]),
    ("TSH 0.01 uIU/mL (0.4-4.0)\nFree T4 3.1 ng/dL (0.8-1.8)\n", ["hyperthyroidism"]),
    ("ALT 410 U/L (7-56)\nAlkaline phosphatase 90 U/L (44-147)\n", ["hepatocellular liver injury"]),
    (
        "ALT 60 U/L (7-56)\nAlkaline phosphatase 480 U/L (40-129)\nGGT 350 U/L (5-60)\n",
        ["cholestasis"],
    ),
    (
        "ALT 200 U/L (7-56)\nAlkaline phosphatase 180 U/L (40-129)\nGGT 350 U/L (5-60)\n",
        ["mixed hepatocellular and cholestatic liver injury"],
    ),
    ("Sodium 124 mmol/L (136-145)\nChloride 99 mmol/L (98-107)\n", ["hyponatremia"]),
    ("Hemoglobin A1c 7.9 % (4.0-5.6)\n", ["diabetes mellitus"]),
    ("Hemoglobin A1c 6.0 % (4.0-5.6)\n", ["prediabetes"]),
    ("Hemoglobin A1c 5.2 % (4.0-5.6)\n", []),
    ("Lipase 900 U/L (13-60)\n", ["acute pancreatitis"]),
    ("Lipase 80 U/L (13-60)\n", []),
    ("Previous results: Sodium 124 mmol/L (136-145)\n", []),
)


@pytest.mark.parametrize(("panel", "conditions"), PANELS)
def test_a_set_of_values_makes_one_think_of_its_conditions(panel: str, conditions: list[str]) -> None:
    assert [p.condition for p in patterns_of(report_from_text(panel))] == conditions


def test_a_panel_is_weighed_with_its_own_values_and_says_that_the_report_names_nothing() -> None:
    panel = (
        "CHEMISTRY\nSodium 138 mmol/L (136-145)\nPotassium 7.1 mmol/L (3.5-5.1) HH\n"
        "Creatinine 2.3 mg/dL (0.6-1.2) H\nBUN 48 mg/dL (7-20) H\nComment: The hyponatremia of last time has settled.\n"
    )
    answer = diagnose(report_from_text(panel))
    assert not answer.abstained and BY_RULE in answer.warnings
    assert [c.condition for c in answer.differential] == ["hyperkalemia", "reduced kidney function"]
    assert all(c.origin == "model" and c.would_decide for c in answer.differential)
    claim = answer.differential[1].for_[0]
    assert claim.text == "Creatinine 2.3 mg/dL, high."
    assert claim.evidence[0].quote in panel


def test_values_stand_by_a_condition_that_the_report_names() -> None:
    note = (
        "HISTORY: A 61-year-old man was found weak at home by his family and brought in for care.\n"
        "LABORATORY: Creatinine 4.2 mg/dL (0.6-1.2), BUN 60 mg/dL (7-20).\nIMPRESSION: Acute renal failure.\n"
    )
    (considered,) = diagnose(report_from_text(note)).differential
    assert considered.origin == "report"
    assert [c.text for c in considered.for_][:2] == ["Acute renal failure.", "Creatinine 4.2 mg/dL, high."]
