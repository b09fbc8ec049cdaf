"""Claims about laboratory tables, and numbers that a claim works out from the report's."""

import pytest

from clinical.answers.report import report_from_text
from clinical.evidence.check import Checker
from clinical.evidence.index import line_of

TABLE = """LABORATORY RESULTS
Test\tResult\tFlag\tReference\tUnit
Potassium\t6.1\tH\t3.5-5.1\tmmol/L
Hemoglobin\t9.5\tL\t12.0-15.5\tg/dL
Uric Acid 10.4 H 3.5-7.2 mg/dL
Platelets  91  L  150-400  10*3/uL
Sodium 138 135-145 mmol/L
"""
NOTE = """MEDICATIONS: Metoprolol 50 mg twice daily. Prednisone 40 mg for 5 days.

HISTORY: He has smoked one pack of cigarettes daily for 24 years. The nodule has grown from 6 mm last year to 9 mm now.
Fever up to 102.3 F. Kidney stone in 2015. Physical therapy for 8 weeks.
"""


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("Potassium 6.1 mmol/L (H).", "supported"),
        ("Low hemoglobin (9.5 g/dL).", "supported"),
        ("The potassium is elevated at 6.1 mmol/L.", "supported"),
        ("Hyperuricemia (urate 10.4 mg/dL).", "supported"),
        ("Thrombocytopenia (platelets 91).", "supported"),
        ("Anemia.", "supported"),
        ("Sodium is normal at 138.", "supported"),
        ("Potassium 5.1 mmol/L.", "contradicted"),
        ("Hemoglobin 9.5 g/L.", "contradicted"),
        ("Hypokalemia.", "unsupported"),
    ],
)
def test_a_table_is_read_by_its_columns(sentence, verdict):
    claims = Checker((report_from_text(TABLE),)).check(sentence).claims
    assert [c.verdict for c in claims] == [verdict]


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("Metoprolol 100 mg daily in total.", True),
        ("Metoprolol 150 mg daily in total.", False),
        ("Metoprolol 50 mg twice daily.", True),
        ("Metoprolol 50 mg once daily.", False),
        ("The nodule has grown by 3 mm.", True),
        ("The nodule has grown by 5 mm.", False),
        ("Fever above 102 F.", True),
        ("Fever above 103 F.", False),
        ("Physical therapy for two months.", True),
        ("Physical therapy for three months.", False),
        ("He currently has a kidney stone.", False),
    ],
)
def test_worked_out_numbers_and_past_years(sentence, supported):
    claims = Checker((report_from_text(NOTE),)).check(sentence).claims
    assert [c.verdict == "supported" for c in claims] == [supported]


@pytest.mark.parametrize(
    ("text", "keys"),
    [("91 L 150-400", {"down"}), ("6.1 (H)", {"up"}), ("6.1 H", {"up"}), ("2 L of oxygen", set())],
)
def test_a_printed_flag_is_no_unit(text, keys):
    line = line_of(text, 0, len(text))
    assert {m.key for m in line.mentions} & {"up", "down"} == keys
