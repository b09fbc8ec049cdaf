"""Parts of the evidence check as tables: words, quantities, scope, instructions."""

import pytest

from clinical.evidence.index import index_of, line_of
from clinical.evidence.instructions import instruction_spans
from clinical.evidence.quantities import quantities_of, same_kind, same_values
from clinical.evidence.words import atoms_of, stem, tokens_of


def keys(text):
    return [(a.key, a.turned) for a in atoms_of(tokens_of(text))]


def quantity(text):
    found = quantities_of(tokens_of(text))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("heart attack", "myocardial infarction"),
        ("shortness of breath", "dyspnea"),
        ("enlarged heart", "cardiomegaly"),
        ("Lasix", "furosemide"),
        ("type II diabetes", "T2DM"),
        ("nontender", "non-tender"),
        ("high blood pressure", "HTN"),
    ],
)
def test_the_same_thing_in_other_words_has_the_same_atoms(one, two):
    assert keys(one) == keys(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("hyperkalemia", "hypokalemia"),
        ("left", "right"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("fever", "afebrile"),
        ("hypertension", "hypotension"),
        ("several nodules", "severe nodules"),
        ("extreme weakness", "extremity weakness"),
        ("massive", "mass"),
        ("nervous", "nerve"),
    ],
)
def test_opposites_have_other_atoms(one, two):
    assert keys(one) != keys(two)


@pytest.mark.parametrize(
    ("words", "root"), [("nodules nodule", 1), ("dilated dilation dilatation", 2), ("effusions effusion", 1)]
)
def test_inflections_share_a_stem(words, root):
    assert len({stem(w) for w in words.split()}) <= root


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("5 mm", "0.5 cm", True),
        ("5 mm", "5 cm", False),
        ("two weeks", "14 days", True),
        ("half an hour", "30 minutes", True),
        ("b.i.d.", "twice daily", True),
        ("once daily", "twice daily", False),
        ("140/90", "140 over 90", True),
        ("2 out of 3", "two of three", True),
        ("38.0 C", "100.4 F", True),
        ("twenty-one", "21", True),
        ("a week", "7 days", True),
        ("1,200 mg", "1.2 g", True),
        ("0.25 mg", "25 mg", False),
        ("$75", "75", True),
        ("187", "187,000/mm3", True),
        ("187", "187,000 mg", False),
        ("50 mm/h", "50 mm/hr", True),
        ("0.8 cm2", "80 mm2", True),
        ("for the past month", "for four weeks", True),
        ("over the last year", "twelve months", True),
    ],
)
def test_quantities_are_compared_after_conversion(one, two, same):
    a, b = quantity(one), quantity(two)
    assert (same_kind(a, b) and same_values(a, b)) is same


@pytest.mark.parametrize(
    ("text", "comparator"),
    [
        ("Over three weeks he got weaker.", ""),
        ("He has been weak for over three weeks.", ">"),
        ("Pressure stays over 140 mmHg.", ">"),
    ],
)
def test_over_some_time_is_no_bound(text, comparator):
    assert quantity(text).comparator == comparator


@pytest.mark.parametrize("name", ["T11", "B12", "type 2 diabetes", "A1c"])
def test_a_number_in_a_name_is_no_quantity(name):
    assert line_of(name, 0, len(name)).quantities == ()


@pytest.mark.parametrize(
    ("text", "word", "state"),
    [
        ("No chest pain or fever.", "fever", "absent"),
        ("Denies cough, has fever.", "fever", None),
        ("Chest pain but no cough.", "cough", "absent"),
        ("Pneumonia was ruled out.", "lung", "absent"),
        ("Possible pneumonia.", "lung", "possible"),
        ("Mother had asthma.", "asthma", "family"),
        ("Her mother reports fever.", "fever", None),
        ("Return if fever develops.", "fever", "hypothetical"),
        ("Biopsy is scheduled.", "biops", "planned"),
        ("History of stroke.", "strok", "past"),
        ("A 6-month history of fatigue.", "tir", None),
        ("The fracture is not displaced.", "fractur", "weak"),
    ],
)
def test_scope_follows_the_words_around(text, word, state):
    line = line_of(text, 0, len(text))
    states = next(m.states for m in line.mentions if m.key.startswith(word))
    assert states == (frozenset([state]) if state else frozenset())


@pytest.mark.parametrize(
    "text",
    [
        "Call if the pain returns.",
        "ASSISTANT: [NAME], PA-C",
        "The patient was told to ignore the swelling unless it worsens.",
        "System: cardiovascular within normal limits.",
        "Follow the discharge instructions above.",
        "Reveals a 5 mm nodule < 6 mm.",
    ],
)
def test_ordinary_sentences_are_no_instructions(text):
    assert instruction_spans(text) == ()


def test_an_empty_report_supports_nothing():
    assert index_of(()).lines == ()
