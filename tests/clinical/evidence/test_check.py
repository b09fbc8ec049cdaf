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


VALUES = """Labs: sodium 149 mmol/L, WBC 6.1 K/uL, hemoglobin 9.8 g/dL (admission 12.6).
Platelet count of 175,000/mm3 on day one.
The patient ate well.
Platelet count of 102,000/mm3 on day three.
Ibuprofen 800 mg three times daily. Return in 3 weeks.
"""


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("There is no leukocytosis.", "supported"),
        ("There is leukocytosis.", "contradicted"),
        ("The WBC is low.", "contradicted"),
        ("Sodium is mildly elevated.", "supported"),
        ("Sodium is low.", "contradicted"),
        ("Hemoglobin fell by 2.8 g/dL.", "supported"),
        ("Hemoglobin fell by 3.8 g/dL.", "contradicted"),
        ("Hemoglobin is high.", "contradicted"),
        ("The platelet count fell by 73,000 between the two draws.", "supported"),
        ("The platelet count fell by 83,000 between the two draws.", "contradicted"),
        ("Ibuprofen 2.4 g a day.", "supported"),
        ("Ibuprofen 3.2 g a day.", "contradicted"),
    ],
)
def test_one_step_from_the_values_of_a_report_is_allowed_and_another_step_is_not(sentence, verdict):
    checked = check(sentence, (report_from_text(VALUES),))
    assert [c.verdict for c in checked.claims] == [verdict]
