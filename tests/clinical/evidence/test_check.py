"""The evidence check: what passes and what is caught."""

import pytest

from clinical.answers.report import report_from_text
from clinical.evidence.check import check

TEXT = """HISTORY: The patient denies chest pain. He has had shortness of breath for 3 days.
Mother had breast cancer.

FINDINGS: There is a 5 mm nodule in the left upper lobe. No pleural effusion.
Possible pneumonia at the right base.

PLAN: CT of the chest will be scheduled. Metoprolol 50 mg twice daily.
"""


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("There is a 5 mm nodule in the left upper lobe.", "supported"),
        ("The patient has had dyspnea for 3 days.", "supported"),
        ("No pleural effusion is seen.", "supported"),
        ("There is a 5 mm nodule in the right upper lobe.", "contradicted"),
        ("There is a 7 mm nodule in the left upper lobe.", "contradicted"),
        ("There is a 5 cm nodule in the left upper lobe.", "contradicted"),
        ("There is a pleural effusion.", "contradicted"),
        ("Pneumonia at the right base.", "contradicted"),
        ("The patient has breast cancer.", "contradicted"),
        ("Pneumothorax is present.", "unsupported"),
    ],
)
def test_single_errors_are_caught_and_true_sentences_pass(sentence, verdict):
    checked = check(sentence, (report_from_text(TEXT),))
    assert [c.verdict for c in checked.claims] == [verdict]


def test_each_sentence_of_a_draft_is_judged_alone():
    checked = check("No pleural effusion. Pneumothorax is present.", (report_from_text(TEXT),))
    assert [c.verdict for c in checked.claims] == ["supported", "unsupported"]


COURSE = """Investigations: WBC 17.2 10^3/uL at admission. BUN 21 mg/dL at admission, 25 on discharge.
NT-proBNP 1521 pg/mL at admission, 2711 at discharge.
"""


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("BUN 21 mg/dL at admission, 25 on discharge.", "supported"),
        ("NT-proBNP was 1521 on admission, then 2711.", "supported"),
        ("WBC 17.2 10^3/uL at admission, 2711 at discharge.", "contradicted"),
        ("WBC was 17.2 at admission and 25 on discharge.", "contradicted"),
    ],
)
def test_a_number_that_goes_on_from_another_belongs_to_the_same_name(sentence, verdict):
    checked = check(sentence, (report_from_text(COURSE),))
    assert [c.verdict for c in checked.claims] == [verdict]
