"""Follow-ups a report asks for, and places of one report that do not agree."""

import pytest

from clinical.structure.build import build_structure
from clinical.structure.discrepancies import find_discrepancies
from clinical.structure.followups import find_followups


@pytest.mark.parametrize(
    ("text", "what", "due"),
    [
        (
            "IMPRESSION: Nodule. Recommend CT chest in 6 months.",
            "Recommend CT chest in 6 months",
            "in 6 months",
        ),
        ("PLAN:\n1. Check TSH.\n2. Rest.", "Check TSH", None),
        ("PLAN: Return to clinic in two weeks.", "Return to clinic in two weeks", "in two weeks"),
        ("IMPRESSION: Follow-up ultrasound is recommended.", "Follow-up ultrasound is recommended", None),
    ],
)
def test_a_request_is_found_with_its_time(text: str, what: str, due: str | None) -> None:
    (found,) = find_followups(text)
    assert (found.what, found.due) == (what, due)


@pytest.mark.parametrize(
    "text",
    [
        "IMPRESSION: No follow-up imaging is needed.",
        "HISTORY: CT was recommended last year.",
        "PLAN: Rest and fluids.",
        "FINDINGS: We will check the film.",
    ],
)
def test_what_asks_for_nothing_is_no_request(text: str) -> None:
    assert find_followups(text) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FINDINGS: Midline shift towards the right.\nIMPRESSION: Midline shift to the left.", "side"),
        ("FINDINGS: No pleural effusion.\nIMPRESSION: Pleural effusion.", "conclusion"),
        ("LABORATORY: Hemoglobin 9.1 g/dL.\nASSESSMENT: Anemia with hemoglobin 7.1 g/dL.", "number"),
        ("HISTORY: A 41-year-old man.\nPLAN: This is a 49-year-old man.", "age"),
        ("HISTORY: A 41-year-old man.\nPLAN: This is a 41-year-old woman.", "sex"),
        ("HISTORY: A 41-year-old man.\nASSESSMENT: Uterine fibroid.", "sex"),
        ("MRN: A12345\nreport\nMRN: B99999\nreport", "patient"),
    ],
)
def test_a_contradiction_is_told(text: str, kind: str) -> None:
    assert [found.kind for found in find_discrepancies(text, build_structure(text))] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: Right effusion. Left effusion.\nIMPRESSION: Left effusion.",
        "FINDINGS: Right pleural effusion.\nIMPRESSION: Right pleural effusion.",
        "LABORATORY: pH 7.04.\nASSESSMENT: Acidosis, pH 7.0.",
        "HISTORY: A 41-year-old man. His 70-year-old mother is well.",
        "LABORATORY: Sodium 130 on admission.\nASSESSMENT: Sodium now 135.",
    ],
)
def test_what_agrees_is_left_alone(text: str) -> None:
    assert find_discrepancies(text, build_structure(text)) == ()
