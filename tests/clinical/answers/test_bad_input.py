"""Bad input gets a stated limit or an error, never a guess."""

import dataclasses
import time

import pytest

from clinical.answers.anomalies import anomalies
from clinical.answers.ask import ask
from clinical.answers.compare import compare
from clinical.answers.diagnose import diagnose
from clinical.answers.frame import foreign_language, is_two_patients
from clinical.answers.report import report_from_text
from clinical.answers.summarize import summarize
from clinical.errors import Refused

SPANISH = """Motivo de consulta: dolor en el pecho.
El paciente es un hombre de 54 años que acude a la consulta por dolor en el pecho desde hace tres días. No tiene fiebre
ni tos. La exploración física es normal. Se solicita una radiografía de tórax y un análisis de sangre. El diagnóstico
es angina de pecho en estudio. Se recomienda reposo y control con el cardiólogo en una semana."""
ENGLISH = """HISTORY: A 54-year-old man with chest pain for three days.
IMPRESSION: Angina."""


def test_a_report_in_another_language_is_answered_with_that_limit_said():
    assert foreign_language(SPANISH) == "Spanish"
    for tool in (summarize, diagnose, anomalies):
        assert any("Spanish" in w for w in tool(report_from_text(SPANISH)).warnings)


def test_english_reports_are_not_taken_for_foreign():
    assert foreign_language(ENGLISH * 5) is None


def test_two_patients_in_one_text_are_said():
    text = f"Patient Name: [NAME]\nMRN: 1\n{ENGLISH}\n\nPatient Name: [NAME]\nMRN: 2\nA 31-year-old woman with a rash."
    assert is_two_patients(text)
    assert any("two patients" in w for w in summarize(report_from_text(text)).warnings)
    assert not is_two_patients(ENGLISH)


@pytest.mark.parametrize("text", ["", " \n", "hello", "lorem ipsum dolor sit amet", "!!!! 12 ####"])
def test_a_text_without_clinical_content_says_so_and_claims_nothing_of_health(text):
    report = report_from_text(text)
    for answer in (
        summarize(report),
        diagnose(report),
        anomalies(report),
        ask((report,), "Is there cancer?"),
    ):
        assert any("no clinical content" in w for w in answer.warnings)
        assert not answer.anomalies
        assert all(c.evidence for c in answer.claims)


def test_a_prior_of_another_patient_is_refused():
    one, other = (
        report_from_text(ENGLISH),
        report_from_text(ENGLISH.replace("54-year-old man", "30-year-old woman")),
    )
    with pytest.raises(Refused, match="different patients"):
        compare(other, one)
    with pytest.raises(Refused, match="different patients"):
        compare(dataclasses.replace(one, patient_id="a"), dataclasses.replace(one, patient_id="b"))


def test_two_hundred_pages_are_answered_in_bounded_time_with_a_warning():
    page = (
        f"{ENGLISH}\nFINDINGS: The lungs are clear. Heart rate 72. No edema of the legs was seen today.\n"
        * 15
    )
    report = report_from_text(page * 200)
    begun = time.perf_counter()
    answers = [summarize(report), diagnose(report), anomalies(report)]
    assert time.perf_counter() - begun < 60
    assert all(any("very long" in w for w in a.warnings) for a in answers)
    assert len(answers[0].claims) <= 12


def test_units_that_cannot_be_converted_are_not_compared():
    one = report_from_text("LABORATORY:\nCreatinine 1.1 mg/dL (0.6-1.2)\nGlucose 99 mg/dL (70-99)")
    two = report_from_text("LABORATORY:\nCreatinine 97 umol/L (53-106)\nGlucose 3 g (1-5)")
    answer = compare(one, two)
    creatinine = [c for c in answer.changes if c.name.lower() == "creatinine"]
    assert [c.direction for c in creatinine] == ["unchanged"]
    assert not any(c.name.lower() == "glucose" and c.direction in ("up", "down") for c in answer.changes)


def test_not_mentioned_is_never_resolved():
    one = report_from_text("FINDINGS: Right pleural effusion. Left lower lobe nodule.")
    two = report_from_text("FINDINGS: No pleural effusion.")
    answer = compare(one, two)
    assert [c.name for c in answer.changes if c.direction == "resolved"] == ["right pleural effusion"]
    assert any("nodule" in n.name and "not mentioned" in n.reason for n in answer.not_compared)


def test_priors_with_another_chart_number_are_refused() -> None:
    prior, current = "MRN: 1111\nHemoglobin 14 g/dL.", "MRN: 2222\nHemoglobin 9 g/dL."
    with pytest.raises(Refused, match="chart numbers"):
        compare(report_from_text(prior), report_from_text(current))


def test_a_chart_number_is_no_value() -> None:
    text = "MRN: 1111   Exam # 70\nFINDINGS: Hemoglobin 14 g/dL."
    answer = compare(report_from_text(text), report_from_text(text.replace("# 70", "# 71")))
    assert [c for c in answer.changes if c.direction != "unchanged"] == []


def test_words_without_clinical_content_are_not_summarized() -> None:
    answer = summarize(report_from_text("Lorem ipsum dolor sit amet."))
    assert answer.abstained
    assert not answer.claims


def test_a_value_told_a_thousand_times_is_shown_once() -> None:
    answer = ask([report_from_text("Potassium 6.9 mmol/L (3.5-5.1).\n" * 1000)], "What is the sodium?")
    assert len(answer.anomalies) == 1


def test_a_prior_value_is_not_shown_as_current() -> None:
    text = "RESULTS:\nINR 1.6 (0.8-1.2) H\nPrevious results: INR 2.7, Potassium 6.9 mmol/L.\n"
    said = " ".join(c.text for c in summarize(report_from_text(text)).claims)
    assert "1.6" in said
    assert "2.7" not in said
    assert "6.9" not in said


def test_head_and_foot_of_a_report_are_not_quoted() -> None:
    text = (
        "VALLEY CLINIC\n12 Oak Street, Yarrow, AR 72701\nMR#: 4411 DOB: 1/2/1950\n\n"
        "IMPRESSION: Pneumonia.\n\nElectronically signed by: Ada Grant, MD on 1/2/2020\nCopy to: B. Lee\n"
    )
    report = report_from_text(text)
    assert [c.text for c in summarize(report).claims] == ["Pneumonia."]
    assert [f.concept for f in report.structure.findings] == ["pneumonia"]
