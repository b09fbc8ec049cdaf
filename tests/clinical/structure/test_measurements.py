"""Measurements in prose and tables. A row is text, name, value or printed pair, unit, flag."""

import pytest

from clinical.report import Doubtful, Measurement
from clinical.structure.build import build_structure


def only(text: str, **known: object) -> Measurement:
    (found,) = build_structure(text, **known).measurements  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("text", "name", "value", "unit", "flag"),
    [
        ("Potassium 5.9 H (3.5-5.1 mmol/L)", "potassium", 5.9, "mmol/L", "H"),
        ("K+ 3.1 mEq/L", "potassium", 3.1, "meq/L", "L"),
        ("Potassium           *6.2      3.5 - 5.1 mmol/L", "potassium", 6.2, "mmol/L", "H"),
        ("Albumin | 4.1 | g/dL | 3.5-5.0 | within range |", "albumin", 4.1, "g/dL", "N"),
        ("TSH | 0.02 | mIU/L | 0.4-4.0 | below normal |", "tsh", 0.02, "m[IU]/L", "L"),
        ("Sodium | 140 | mmol/L | 135-145 |", "sodium", 140, "mmol/L", "N"),
        ("Glucose\t250\tH\tmg/dL\t70-99", "glucose", 250, "mg/dL", "H"),
        ("WBC 12.3 x10E3/uL (4.0-11.0)", "white blood cell count", 12.3, "10*3/uL", "H"),
        ("white count of 12,600", "white blood cell count", 12600, "", "H"),
        ("Platelets 88 LL 150-400 x10(9)/L", "platelet count", 88, "10*9/L", "LL"),
        ("Creatinine (0.6-1.2 mg/dL): 2.0", "creatinine", 2.0, "mg/dL", "H"),
        ("PSA (<4.0 ng/mL): 7.1", "psa", 7.1, "ng/mL", "H"),
        ("Troponin I: 0.5 ng/mL (Ref: <0.04) HIGH", "troponin i", 0.5, "ng/mL", "H"),
        ("eGFR (CKD-EPI) : 42 mL/min/1.73 m² (>= 60) L", "egfr", 42, "mL/min/{1.73_m2}", "L"),
        ("ALT (SGPT) 89 IU/L  Normal Range: 0-44", "alt", 89, "[IU]/L", "H"),
        ("Bilirubin, total, 1.8, H, mg/dL, 0.2-1.2", "total bilirubin", 1.8, "mg/dL", "H"),
        ("Potassium 6.8 mmol/L CRITICAL HIGH (3.5-5.1)", "potassium", 6.8, "mmol/L", "HH"),
        ("Ferritin ....... 12 ng/mL ....... (15-150)", "ferritin", 12, "ng/mL", "L"),
        ("creatinine has gone from 2.1 to 4.2 overnight", "creatinine", 4.2, "", "H"),
        ("hemoglobin was quite low at 7.9 g/dL", "hemoglobin", 7.9, "g/dL", "L"),
        ("EF of 60%", "ejection fraction", 60, "%", "N"),
        ("LVIDd 6.1 cm", "lv end-diastolic diameter", 6.1, "cm", "H"),
        ("QTc 520 ms", "qtc interval", 520, "ms", "H"),
        ("Sinus rhythm at 87 bpm", "heart rate", 87, "/min", "N"),
        ("Temp 38.4 °C", "temperature", 38.4, "Cel", "H"),
        ("T 98.6", "temperature", 98.6, "", "N"),
        ("O2 saturation 91% on room air", "oxygen saturation", 91, "%", "L"),
        ("Haemoglobin 95 g/L (130-170)", "hemoglobin", 95, "g/L", "L"),
        ("Kalium 5,9 mmol/L (3,5-5,1)", "potassium", 5.9, "mmol/L", "H"),
        ("H Potassium 6.2 mmol/L 3.5-5.1", "potassium", 6.2, "mmol/L", "H"),
        ("Potassium 6.2 mmol/L (RR 3.5-5.1) H", "potassium", 6.2, "mmol/L", "H"),
        ("Lactic Acid, Venous 4.1 mmol/L HH 0.5-2.0", "lactate", 4.1, "mmol/L", "HH"),
        ("Lactate 4.2 -> 2.1", "lactate", 2.1, "", "H"),
        ("Platelets 1.2 lakh/cumm (1.5-4.5)", "platelet count", 1.2, "lakh/cumm", "L"),
        ("Neutrophils (Absolute) 9.1 x10E3/uL H 1.4-7.0", "absolute neutrophil count", 9.1, "10*3/uL", "H"),
        ("3 mm nodule in the left lung", "nodule size", 3, "mm", None),
        ("Copeptin: 12.1 pmol/L (1.0-13.8)", "copeptin", 12.1, "pmol/L", "N"),
    ],
)
def test_a_value_is_read_with_unit_and_flag(
    text: str, name: str, value: float, unit: str, flag: str | None
) -> None:
    found = only(text)
    assert (found.name, found.value, found.unit, found.flag) == (name, pytest.approx(value), unit, flag)


@pytest.mark.parametrize(
    ("text", "name", "value_text"),
    [
        ("BP (left arm): 140/90 mm Hg", "blood pressure", "140/90"),
        ("Mass measuring 2.3 x 1.4 cm", "mass size", "2.3 x 1.4 cm"),
        ("EF of 20%-25%", "ejection fraction", "20%-25"),
        ("Height: 5 ft. 6 in.", "height", "5 ft. 6 in."),
        ("Urine protein: 2+", "urine protein", "2+"),
        ("NYHA class III", "nyha class", "III"),
        ("pT1N1MX", "tnm stage", "pT1N1MX"),
        ("Gleason 3 + 4 = 7", "gleason score", "3 + 4 = 7"),
        ("Rapid strep: POSITIVE", "rapid strep", "POSITIVE"),
    ],
)
def test_what_is_no_single_number_is_kept_as_printed(text: str, name: str, value_text: str) -> None:
    found = only(text)
    assert (found.name, found.value, found.value_text) == (name, None, value_text)


@pytest.mark.parametrize(
    "text",
    [
        "potassium chloride 20 mEq daily",
        "vitamin D 1000 units daily",
        "lithium 300 mg at bedtime",
        "iron 325 mg",
        "Digoxin 0.125 mg daily",
        "Potassium: pending",
        "hemoglobin 2 weeks ago",
        "Grade 2/6 murmur",
        "weight loss of 10 pounds",
        "The balloon was 2.5 x 9 mm",
        "ABEBE, TOMASZ T  56 y.o. male",
        "PT 3 times a week",
        "LASIX 40 MG 1 TABLET",
        "Pulse 2+ bilaterally",
        "heart rate -300",
        "stage III sleep",
        "potassium",
        "Sodium ........",
        "T3-4 vertebral body lesion",
        "Call for temperature greater than 101.5.",
        "Keep MAP greater than 70 mmHg",
        "Sats in the 80s",
        "Hernia seen at approximately 30 cm from the incisors",
    ],
)
def test_what_is_not_sure_is_no_measurement(text: str) -> None:
    assert build_structure(text).measurements == ()


def test_comparators_are_kept_and_judged_only_where_sure() -> None:
    below, above, open_ = build_structure(
        "TSH <0.005 (0.45-4.5)\nINR > 8.0 (0.9-1.1)\nCRP <5.0 (0-3)"
    ).measurements
    assert (below.comparator, below.flag) == ("<", "L")
    assert (above.comparator, above.flag) == (">", "H")
    assert (open_.comparator, open_.flag) == ("<", None)


def test_the_printed_flag_wins_and_the_printed_range_comes_before_the_shipped() -> None:
    assert only("Potassium 5.3 (3.5-5.5 mmol/L)").flag == "N"
    assert only("Potassium 5.3 mmol/L").range_source == "shipped"
    assert only("Potassium 5.3 N (3.5-5.1)").flag == "N"


def test_shipped_ranges_know_sex_and_age() -> None:
    assert only("Hemoglobin 12.8 g/dL", sex="M").flag == "L"
    assert only("Hemoglobin 12.8 g/dL", sex="F").flag == "N"
    assert only("Hemoglobin 12.8 g/dL", age=3).flag is None
    assert only("Hemoglobin 12.8 g/dL   M: 13.5-17.5  F: 12.0-15.5", sex="F").low == 12.0


def test_the_practice_own_critical_limits_come_first() -> None:
    assert not only("Potassium 6.1 mmol/L").critical
    assert only("Potassium 6.1 mmol/L", practice_limits={"potassium": {"low": 3.0, "high": 6.0}}).critical
    limits = {"glucose": {"high": 10.0, "unit": "mmol/L"}}
    assert only("Glucose 200 mg/dL", practice_limits=limits).critical


def test_a_doubtful_stretch_marks_its_measurement() -> None:
    text = "Sodium 140. Potassium 5.9."
    first, second = build_structure(text, doubtful=[Doubtful(22, 25, ("5.9", "3.9"))]).measurements
    assert (first.doubtful, second.doubtful) == (False, True)


def test_two_names_share_two_numbers() -> None:
    found = build_structure("hemoglobin and hematocrit of 16 and 46; BUN/creatinine 26.8/1.2").measurements
    assert [(m.name, m.value) for m in found] == [
        ("hemoglobin", 16),
        ("hematocrit", 46),
        ("bun", 26.8),
        ("creatinine", 1.2),
    ]


def test_a_differential_gives_each_number_to_its_own_cell() -> None:
    found = build_structure("34% lymphocytes, 55% neutrophils and 5% monocytes").measurements
    assert [(m.name, m.value) for m in found] == [("lymphocytes", 34), ("neutrophils", 55), ("monocytes", 5)]


def test_other_specimens_are_not_judged_as_blood() -> None:
    glucose, protein = build_structure("CSF: glucose 40, protein 89.").measurements
    assert (glucose.name, glucose.flag, protein.name) == ("csf glucose", None, "csf protein")
    text = "URINALYSIS\nGlucose: Negative\nProtein: 30 mg/dL\n\nCHEMISTRY\nGlucose: 250 mg/dL"
    assert [m.name for m in build_structure(text).measurements] == [
        "urine glucose",
        "urine protein",
        "glucose",
    ]


def test_a_heading_row_tells_the_result_from_the_prior_one() -> None:
    text = "Test          Prior     Result    Units     Reference\nPotassium     4.1       5.9       mmol/L    3.5-5.1"
    found = only(text)
    assert (found.value, found.unit, found.flag) == (5.9, "mmol/L", "H")
    assert text[found.start : found.end].startswith("Potassium")


def test_low_and_high_may_have_columns_of_their_own() -> None:
    assert only("Analyte | Value | Low | High\nSodium | 129 | 135 | 145").flag == "L"


def test_columns_of_dates_give_dated_values() -> None:
    text = (
        "Component    01/02/2024   03/04/2024   Reference\nHemoglobin   10.2         11.9         12.0-16.0"
    )
    assert [(m.value, m.date) for m in build_structure(text).measurements] == [
        (10.2, "2024-01-02"),
        (11.9, "2024-03-04"),
    ]
    across = "| Date | Hemoglobin | WBC |\n| 2024-01-05 | 9.8 | 12.1 |"
    assert [(m.name, m.value, m.date) for m in build_structure(across).measurements] == [
        ("hemoglobin", 9.8, "2024-01-05"),
        ("white blood cell count", 12.1, "2024-01-05"),
    ]


def test_a_wrapped_line_may_part_name_value_and_unit() -> None:
    text = "The patient was seen today and had bloods taken, and her serum creatinine\n0.86 mg/dL was entirely normal."
    assert only(text).value == 0.86


def test_a_later_value_is_of_the_same_name() -> None:
    found = build_structure("CRP 174.5 mg/L at admission, 50.8 at discharge.").measurements
    assert [(m.name, m.value, m.unit) for m in found] == [("crp", 174.5, "mg/L"), ("crp", 50.8, "mg/L")]


def test_tags_are_opaque() -> None:
    found = only("Potassium on [DATE-21d] was 4.2")
    assert found.value == 4.2


def test_offsets_cover_name_through_flag() -> None:
    text = "Labs: Potassium 5.9 mmol/L (3.5-5.1) H, then more."
    found = only(text)
    assert text[found.start : found.end] == "Potassium 5.9 mmol/L (3.5-5.1) H"
