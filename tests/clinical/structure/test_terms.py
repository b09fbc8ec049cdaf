"""Preferred terms, abbreviations by context, spelling suggestions, tags and pairs."""

import pytest

from clinical.structure.build import build_structure
from clinical.structure.tagging import key_values, tagged
from clinical.structure.terms import expansions, preferred_term, suggestions


@pytest.mark.parametrize(
    ("term", "preferred"),
    [
        ("heart attack", "myocardial infarction"),
        ("HTN", "hypertension"),
        ("K+", "potassium"),
        ("white count", "white blood cell count"),
        ("leukocytes", "white blood cell count"),
        ("nonsense", None),
        ("", None),
    ],
)
def test_synonyms_share_a_preferred_term(term: str, preferred: str | None) -> None:
    assert preferred_term(term) == preferred


@pytest.mark.parametrize(
    ("text", "expansion"),
    [
        ("MS: alert and oriented, speech fluent", "mental status"),
        ("MRI for MS shows new demyelinating lesions", "multiple sclerosis"),
        ("saturation 98% on RA", "room air"),
        ("RA treated with methotrexate, joint swelling", "rheumatoid arthritis"),
        ("PT and OT evaluation, walker", "physical therapy"),
        ("PT 12, INR 1.0, on coumadin", "prothrombin time"),
        ("history of CABG", "coronary artery bypass graft"),
    ],
)
def test_abbreviations_are_expanded_by_their_context(text: str, expansion: str) -> None:
    assert expansion in [found.expansion for found in expansions(text)]


def test_an_abbreviation_whose_sense_is_not_told_is_left_alone() -> None:
    assert expansions("MS.") == ()


def test_misspelt_terms_are_suggestions_only() -> None:
    text = "There is an aneursym and ventillation."
    assert [found.suggestion for found in suggestions(text)] == ["aneurysm", "ventilation"]
    assert suggestions("consent was inserted into the structures") == ()


def test_findings_are_exported_as_tags() -> None:
    text = "No <large> left effusion & cough."
    marked = tagged(text, build_structure(text))
    assert '<finding concept="effusion" assertion="absent" side="left"' in marked
    assert "&lt;large&gt;" in marked and "&amp;" in marked


def test_measurements_are_exported_as_pairs() -> None:
    pairs = key_values(build_structure("BP 140/90 mmHg. Potassium 5.9 mmol/L."))
    assert pairs == {"blood_pressure": "140/90", "potassium": "5.9 mmol/L"}
