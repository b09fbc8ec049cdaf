"""Values, ranges and units are no identifiers, whatever shape they have and wherever they stand."""

import pytest

from clinical.deidentify.deidentifier import Deidentifier
from clinical.deidentify.values import is_value
from synthetic.practice import simulate


@pytest.fixture(scope="module")
def deidentifier() -> Deidentifier:
    return Deidentifier()


@pytest.mark.parametrize(
    "line",
    [
        "H  TSH: 68.87 mIU/L [0.27-4.20]",
        "Vitamin B12\t607\t\t232-1245\tpg/mL",
        "Vitamin B12 922 pg/mL [232-1245]",
        "WBC 9.5 10^3/uL (ref 4.0-11.0)",
        "eGFR CKD-EPI 18 mL/min/1.73m2",
        "QTc 425 ms. Voltage criteria for LVH are met.",
        "PR 173 ms, QRS 85 ms",
        "Hgb 14.7, K 4.7, Creat 0.80 mg/dL",
    ],
)
def test_a_value_keeps_its_numbers_and_its_range(deidentifier: Deidentifier, line: str) -> None:
    text = f"Patient: Vanterpool, Ruth\nMRN: 4471182\n{line}\nSigned by: Anna Weber, MD"
    assert line in deidentifier.deidentify(text).text


def test_numbers_that_are_no_values_are_still_identifiers(deidentifier: Deidentifier) -> None:
    text = "Patient: Vanterpool, Ruth\nMRN 447-1182\nCall 555-0142 with questions.\nAcc 2024-0455"
    out = deidentifier.deidentify(text).text
    assert "447-1182" not in out and "555-0142" not in out and "2024-0455" not in out
    assert not is_value(text, text.index("555-0142"), text.index("555-0142") + 8)


@pytest.mark.parametrize(
    "text",
    [
        "HOSPITAL DISCHARGE SUMMARY\nPatient: Vanterpool, Ruth",
        "CLINIC NOTE\nDear Dr. Vanterpool",
        "Fax: +1 251 555 4828\nCHEST, 2 VIEWS\nPatient: Vanterpool, Ruth",
        "Hospital Course\n-----\nUneventful.",
        "Course in hospital: Laparoscopic appendectomy on day 1 without complication.\n",
    ],
)
def test_what_a_document_or_a_section_is_called_is_no_facility(deidentifier: Deidentifier, text: str) -> None:
    assert not [span for span in deidentifier.deidentify(text).spans if span.label == "LOCATION"]


def test_a_facility_with_a_name_of_its_own_is_one(deidentifier: Deidentifier) -> None:
    for text in (
        "Facility: Quarryville Clinic\nMRN: 4471182",
        "Quarryville Hospital Discharge Summary\nMRN: 4471182",
    ):
        assert "Quarryville" not in deidentifier.deidentify(text).text


def test_no_value_of_a_simulated_report_is_taken_for_an_identifier(deidentifier: Deidentifier) -> None:
    for report in simulate(43, 60):
        made = deidentifier.deidentify(report.text, report.identity, report.observed_at)
        for value in report.truth.measurements:
            hit = [s for s in made.spans if s.label != "DATE" and s.start < value.end and value.start < s.end]
            assert not hit, (report.number, [s.label for s in hit])


@pytest.mark.parametrize(
    "text",
    [
        "She has New York Heart Association Class III heart failure.",
        "AORTA AND VENA CAVA: The aorta is patent.",
        "Fundi are without papilledema.",
        "He was taken back for a dural repair.",
        "1.  Dural tear, postoperative laminectomy.",
        "The conjunctiva was opened with Westcott scissors.",
    ],
)
def test_set_phrases_and_anatomy_stay(text: str) -> None:
    assert Deidentifier().deidentify(text).text == text


def test_a_person_beside_a_set_phrase_goes() -> None:
    text = Deidentifier().deidentify("Dr. Killip called. She moved to New York.").text
    assert "Killip" not in text and "New York" not in text
