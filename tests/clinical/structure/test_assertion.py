"""What is asserted of a finding: cues, scopes, sections."""

import pytest

from clinical.structure.build import build_structure


def asserted(text: str) -> dict[str, str]:
    return {text[f.start : f.end].lower(): f.assertion for f in build_structure(text).findings}


@pytest.mark.parametrize(
    ("text", "term", "assertion"),
    [
        ("No pleural effusion.", "pleural effusion", "absent"),
        ("Patient denies chest pain, cough, or fever.", "fever", "absent"),
        ("in no acute distress", "acute distress", "absent"),
        ("No fever but has cough.", "cough", "present"),
        ("No fever, mild cough.", "cough", "present"),
        ("No consolidation, large effusion or pneumothorax.", "pneumothorax", "absent"),
        ("Pneumonia was ruled out.", "pneumonia", "absent"),
        ("Rash, vomiting and chills were denied.", "rash", "absent"),
        ("Abdomen soft, non-tender.", "tender", "absent"),
        ("Chest pain: none", "chest pain", "absent"),
        (
            "HEENT: No history of headaches, migraines, vertigo, syncope, visual loss, tinnitus, sinusitis, sore in "
            "the mouth, hoarseness, swelling or goiter.",
            "hoarseness",
            "absent",
        ),
        ("She would rather not have surgery in light of scarring.", "scarring", "present"),
        ("NEUROLOGIC: Romberg and heel-to-shin are all normal.", "romberg", "absent"),
        ("He does not smoke.", "smoke", "absent"),
        ("There is no demonstrated rib fracture.", "rib fracture", "absent"),
        ("Fails to demonstrate evidence of hydronephrosis.", "hydronephrosis", "absent"),
        ("No change in the nodule.", "nodule", "present"),
        ("Rule out pneumonia.", "pneumonia", "possible"),
        ("Opacity may represent pneumonia.", "pneumonia", "possible"),
        ("Opacity may represent pneumonia.", "opacity", "present"),
        ("Adrenal nodule, likely adenoma.", "adrenal nodule", "present"),
        ("Pneumonia cannot be excluded.", "pneumonia", "possible"),
        ("Atelectasis versus pneumonia.", "atelectasis", "possible"),
        ("Possible GERD, chronic asthma.", "asthma", "present"),
        ("History of myocardial infarction.", "myocardial infarction", "historical"),
        ("A 2-week history of cough.", "cough", "present"),
        ("Status post hip fracture in 1998.", "hip fracture", "historical"),
        ("He had pneumonia three years ago.", "pneumonia", "historical"),
        ("Seizure on [DATE-400d].", "seizure", "historical"),
        ("Seizure on [DATE-2d].", "seizure", "present"),
        ("The effusion has resolved.", "effusion", "historical"),
        ("Family history of colon cancer.", "colon cancer", "family"),
        ("Her father died of a stroke.", "stroke", "family"),
        ("No family history of diabetes.", "diabetes", "absent"),
        ("Mother states he had fever.", "fever", "present"),
        ("Return if fever develops.", "fever", "hypothetical"),
        ("Call if there is chest pain or bleeding.", "bleeding", "hypothetical"),
        ("Morphine p.r.n. pain.", "pain", "hypothetical"),
        ("DVT prophylaxis was given.", "dvt", "hypothetical"),
        ("Risks of bleeding, infection and stroke were explained.", "stroke", "hypothetical"),
        ("The patient is a non-smoker.", "smoker", "absent"),
        ("Differential diagnosis: aneurysm, stroke.", "aneurysm", "possible"),
        ("Her husband is also obese.", "obese", "family"),
        ("* Heat helps\n* Night pain\n* Rest\n* Ice\n* Splint", "pain", "hypothetical"),
        ("Symptoms of obstructive sleep apnea.", "obstructive sleep apnea", "present"),
        ("CT ruled out pulmonary embolism.", "pulmonary embolism", "absent"),
        ("Pulmonary embolism has been excluded.", "pulmonary embolism", "absent"),
        ("I do not think this is pneumonia.", "pneumonia", "absent"),
        ("Negative fever, chills, or cough.", "cough", "absent"),
        ("Cough - no. Fever - no.", "fever", "absent"),
        ("The abdomen is nontender.", "nontender", "absent"),
        ("He is not afebrile.", "afebrile", "present"),
        ("Tylenol No. 3 for pain.", "pain", "present"),
        ("Cannot entirely exclude osteomyelitis.", "osteomyelitis", "possible"),
        ("Pneumonia has not been ruled out.", "pneumonia", "possible"),
        ("It is conceivable that she has vasculitis.", "vasculitis", "possible"),
        ("Findings could be due to pneumonia.", "pneumonia", "possible"),
        ("Side effects include nausea and dizziness.", "dizziness", "hypothetical"),
        ("Zofran for nausea as needed.", "nausea", "hypothetical"),
        ("If her pain improves, stop ibuprofen.", "pain", "present"),
        ("In 2015, she had a stroke.", "stroke", "historical"),
        ("As a child he had rheumatic fever.", "rheumatic fever", "historical"),
        ("Only partial resolution of the effusion.", "effusion", "present"),
        ("Prior myocardial infarction.", "prior myocardial infarction", "historical"),
        ("Asthma in a brother.", "asthma", "family"),
        ("His brother, although a vegetarian, has gout.", "gout", "family"),
        ("She had chest pain in her brother's car.", "chest pain", "present"),
        ("Chronic adenotonsillitis.", "adenotonsillitis", "present"),
        ("The patient has Wilson disease.", "wilson disease", "present"),
    ],
)
def test_a_sentence_asserts(text: str, term: str, assertion: str) -> None:
    assert asserted(text)[term] == assertion


@pytest.mark.parametrize(
    ("text", "assertion"),
    [
        ("FAMILY HISTORY: Diabetes.", "family"),
        ("PAST MEDICAL HISTORY: Diabetes.", "historical"),
        ("PAST MEDICAL HISTORY: No diabetes.", "absent"),
        ("ASSESSMENT: Diabetes.", "present"),
        ("FAMILY HISTORY: The patient has diabetes.", "present"),
    ],
)
def test_a_section_changes_what_is_asserted(text: str, assertion: str) -> None:
    assert asserted(text)["diabetes"] == assertion


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Left pleural effusion.", "left"),
        ("Pulmonary embolism, right lower lobe.", "right"),
        ("Nodule in the left upper lobe.", "left"),
        ("Bilateral pleural effusions.", "bilateral"),
        ("Right and left pleural effusion.", "bilateral"),
        ("Left ventricular hypertrophy.", None),
        ("Right knee pain, fever.", "right"),
    ],
)
def test_the_side_is_that_of_the_phrase(text: str, side: str | None) -> None:
    assert build_structure(text).findings[0].side == side


def test_severity_is_read_before_and_after() -> None:
    findings = build_structure("Mild edema. The stenosis is severe.").findings
    assert [finding.severity for finding in findings] == ["mild", "severe"]


def test_concepts_take_their_place_and_their_preferred_term() -> None:
    findings = build_structure(
        "Heart attack. Knee pain. Elevated creatinine. No bosselation is seen."
    ).findings
    assert [f.concept for f in findings] == [
        "myocardial infarction",
        "knee pain",
        "elevated creatinine",
        "bosselation",
    ]


def test_words_of_handiwork_are_no_findings() -> None:
    text = "PROCEDURE: Blunt dissection was carried down. MR. SMITH, MRN MR874666. Discharge summary."
    assert build_structure(text).findings == ()
