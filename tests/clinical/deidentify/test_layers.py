"""The layers one by one: folding, words, fields, dates, known values, places, merging."""

from datetime import date

import pytest

from clinical.deidentify.ages import find_ages
from clinical.deidentify.dates import DateForms, own_date
from clinical.deidentify.fields import find_fields, load_labels
from clinical.deidentify.folding import fold, key
from clinical.deidentify.found import Found, merge
from clinical.deidentify.known import index_of, known_numbers, person
from clinical.deidentify.places import PlaceGrammar
from clinical.deidentify.risk import load_calibration, residual_risk
from clinical.deidentify.vocabulary import Vocabulary, load_vocabulary
from clinical.deidentify.words import find_words
from clinical.report import Identity

FORMS = DateForms("en")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain", "plain"),
        ("Ro\u200bkas", "Rokas"),
        ("Ro\u0308kas", "Rökas"),
        ("R\u043ekas", "Rokas"),
        ("Ｒｏｋａｓ", "Rokas"),
        ("O’Shea", "O'Shea"),
        ("a\u00a0b", "a b"),
        ("Иван", "Иван"),
    ],
)
def test_folding_shows_what_is_meant_and_maps_back(text: str, folded: str) -> None:
    view = fold(text)
    assert view.text == folded
    assert (view.source_start(0), view.source_end(len(view.text))) == (0, len(text))


def test_keys_lose_case_and_accents() -> None:
    assert key("Søren") == key("SOREN") == "soren"
    assert key("Łukasz") == "lukasz" and key("Weiß") == "weiss"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-11-20", date(2024, 11, 20)),
        ("11/20/2024", date(2024, 11, 20)),
        ("11-20-24", date(2024, 11, 20)),
        ("20.11.2024", date(2024, 11, 20)),
        ("20241120", date(2024, 11, 20)),
        ("20-Nov-2024", date(2024, 11, 20)),
        ("20NOV24", date(2024, 11, 20)),
        ("NOV 20 24", date(2024, 11, 20)),
        ("Nov. 20, '24", date(2024, 11, 20)),
        ("November 20th, 2024", date(2024, 11, 20)),
        ("20th of November, 2024", date(2024, 11, 20)),
        ("2/15/82", date(1982, 2, 15)),
        ("Wednesday, November 20, 2024", date(2024, 11, 20)),
        ("November 2024", None),
        ("November 20", None),
        ("11/2024", None),
    ],
)
def test_dates_are_read(text: str, day: date | None) -> None:
    (found,) = FORMS.find(f"was seen {text} here")
    assert (found.start, found.end, found.day) == (9, 9 + len(text), day)


@pytest.mark.parametrize(
    "text",
    [
        "7.39/42/79",
        "BP 140/90",
        "5/5 strength",
        "13/45/2024",
        "L4-5",
        "4-0 Vicryl",
        "1.2.3",
        "in 2004",
        "20/40",
        "3/10",
    ],
)
def test_no_dates_are_read_from_values(text: str) -> None:
    assert FORMS.find(f"was {text} here") == ()


def test_a_range_of_dates_goes_whole() -> None:
    text = "from 10/12/2012-10/15/2012 and March 10-12, 2012"
    assert [text[d.start : d.end] for d in FORMS.find(text)] == [
        "10/12/2012",
        "10/15/2012",
        "March 10-12, 2012",
    ]


def test_dates_in_a_list_stay_apart() -> None:
    text = "in November 2007, May 7, 2008 and July 7, 2008."
    assert [text[d.start : d.end] for d in FORMS.find(text)] == [
        "November 2007",
        "May 7, 2008",
        "July 7, 2008",
    ]


def test_the_reports_own_date_goes_by_the_rank_of_its_label() -> None:
    text = "DOB: 1/2/1960\nDictated: 3/5/2024\nDate of Service: 3/4/2024\n"
    fields = find_fields(text, load_labels("fields.toml"))
    assert own_date(FORMS.find(text), fields) == date(2024, 3, 4)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Patient: Ann Lee   MRN: 12345", ["name", "id"]),
        ("PATIENT NAME.......: Ann Lee", ["name"]),
        ("Patient\nAnn Lee\n", ["name"]),
        ("Patient Name\tMRN\nAnn Lee\t12345\n", ["name", "id"]),
        ("| Patient | MRN |\n|---|---|\n| Ann Lee | 12345 |", ["name", "id"]),
        ("<PatientName>Ann Lee</PatientName>", ["name"]),
        ('{"mrn": "12345"}', ["id"]),
        ("Name=LEE, Ann; Birth date=1/2/60", ["name", "birth"]),
    ],
)
def test_fields_are_found_in_every_layout(text: str, kinds: list[str]) -> None:
    found = [f for f in find_fields(text, load_labels("fields.toml")) if text[f.start : f.end].strip(" |\n")]
    values = {f.kind: text[f.start : f.end].strip() for f in found if f.kind in kinds}
    assert set(values) == set(kinds)
    assert all(any(part in v for part in ("Ann", "12345", "1/2/60")) for v in values.values())


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("a 94-year-old man", "94"),
        ("aged 102", "102"),
        ("ninety-one years old", "ninety-one"),
        ("in her 90s", "90s"),
    ],
)
def test_ages_over_89_are_found(text: str, hit: str) -> None:
    (found,) = find_ages(text)
    assert text[found.start : found.end] == hit


@pytest.mark.parametrize("text", ["a 45-year-old", "95% saturation", "92 years ago", "HR 99", "aged 89"])
def test_other_numbers_are_no_ages_over_89(text: str) -> None:
    assert not list(find_ages(text))


@pytest.mark.parametrize("text", ["4471123", "0044-71-123", "4471 123", "(447)1123", "MR 4471123"])
def test_known_numbers_are_found_with_any_separator(text: str, vocabulary: Vocabulary) -> None:
    index = index_of([Identity(mrn="04471123")], (), (), vocabulary)
    assert list(known_numbers(text, index.numbers))
    assert not list(known_numbers("44711234", index.numbers))


def test_parts_of_a_name_leave_titles_and_initials_out() -> None:
    assert person("Dr. José A. García-Márquez, MD").parts == ("jose", "garcia-marquez", "garcia", "marquez")


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("seen at Rustenburg General Hospital today", "Rustenburg General Hospital"),
        ("St. Morrison Hospital", "St. Morrison Hospital"),
        ("transferred from St. Luke's to us", "St. Luke's"),
        ("She lives in Warszawka with her son", "Warszawka"),
        ("born in Tyler, Texas", "Tyler, Texas"),
    ],
)
def test_places_are_found(text: str, hit: str, vocabulary: Vocabulary) -> None:
    found = [text[f.start : f.end] for f in PlaceGrammar(vocabulary).find(find_words(text))]
    assert hit in found


@pytest.mark.parametrize(
    "text",
    [
        "the Pain Clinic",
        "Emergency Department",
        "our outpatient clinic",
        "Wound Care Center",
        "Regional Medical Center",
    ],
)
def test_generic_places_stay(text: str, vocabulary: Vocabulary) -> None:
    assert not list(PlaceGrammar(vocabulary).find(find_words(f"seen in {text} today")))


def test_overlapping_finds_become_one_span() -> None:
    merged = merge(
        [Found(0, 8, "NAME", 0.6, "a"), Found(4, 12, "LOCATION", 0.9, "b"), Found(20, 24, "ID", 0.9, "a")]
    )
    assert [(m.start, m.end, m.label) for m in merged] == [(0, 12, "LOCATION"), (20, 24, "ID")]
    assert merged[0].score == pytest.approx(0.96) and merged[0].layers == ("a", "b")


def test_risk_rises_with_what_is_doubted() -> None:
    calibration = load_calibration()
    doubted = merge([Found(0, 4, "NAME", 0.45, "a")])
    assert residual_risk(doubted, calibration, 0.5)["NAME"] >= residual_risk([], calibration, 0.5)["NAME"] > 0
