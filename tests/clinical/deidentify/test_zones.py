"""Headers and sign-offs of forms that no list of labels knows, and what must stay in them."""

import pytest

from clinical.deidentify.deidentifier import Deidentifier
from clinical.deidentify.labels import announced, with_colons
from clinical.deidentify.zones import cells, find_zones

PROSE = "\n\nThe patient was seen in the clinic and she was without fever, and there was no pain.\n"


@pytest.fixture(scope="module")
def deidentifier() -> Deidentifier:
    """One for all."""
    return Deidentifier()


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Req. Clinician", "name"),
        ("Person Served", "name"),
        ("Hosp. #", "id"),
        ("RecordNumber", "id"),
        ("D/O/B", "date"),
        ("Pt DOB", "date"),
        ("Call Back", "phone"),
        ("Mailing Addr", "location"),
        ("Chief Complaint", "other"),
        ("Mercy Tamarisk", None),
        ("ph6372", None),
    ],
)
def test_a_label_is_told_by_the_words_it_is_composed_of(label: str, kind: str | None) -> None:
    assert announced(label) == kind


def test_leaders_and_arrows_behind_a_label_become_colons_of_the_same_length() -> None:
    text = "Birth Dt....19960921\nRef => Lee\nWell... she went home"
    assert with_colons(text) == "Birth Dt.:  19960921\nRef:   Lee\nWell... she went home"


@pytest.mark.parametrize(
    ("header", "gone"),
    [
        ("Birth Dt....19960921\nPt....Hooker, Lorenzo T", ("19960921", "Hooker", "Lorenzo")),
        ("PATIENT NAME\nGUTIERREZ Tevita\nBORN\n19510531\nSTUDY NO.\n235/1282", ("Tevita", "235/1282")),
        ('"Dr","Visit Dt","Patient Name"\n"Hamza Kim","2008-12-01","Cavendish, L."', ("Cavendish", "Hamza")),
        ("<Pat>Lou Lamb</Pat>\n<RecordNumber>fe1326</RecordNumber>\n<DOB>1/2/1950</DOB>", ("Lamb", "fe1326")),
        ("Ximena Tupou (Person Served)\n53 95 24 33 (Chart)\n4/3/1961 (Birth Dt)", ("Tupou", "95 24")),
        ("[chart: rf7911] [individual: lou kim] [seen on: 4/3/2019]", ("rf7911", "kim")),
        ("Seen On: 4/3/2019\nSite: Silver Hollow Surgery Center", ("Silver", "Hollow")),
        ("DOB: 4/3/1961\nResides At: 14-9 Dorran Sq, Wexford, OH 44112", ("Dorran", "Wexford", "44112")),
    ],
)
def test_an_unknown_layout_keeps_no_identifier(
    deidentifier: Deidentifier, header: str, gone: tuple[str, ...]
) -> None:
    out = deidentifier.deidentify(header + PROSE).text
    assert not [part for part in gone if part in out], out


@pytest.mark.parametrize(
    "kept",
    [
        "CC: Left-sided weakness",
        "Exam: Chest Two Views",
        "Reason: Bell palsy",
        "Contrast: Omnipaque 350",
        "Service: Orthopedics",
        "LAB PANEL",
        "MCV\t82\tH\t80-100\tfL",
        "Platelets 210 10^3/uL",
        "CHIEF COMPLAINT: Worker's compensation injury",
        "Patient portal",
        "Operative Report",
    ],
)
def test_what_is_no_identifier_stays_in_a_header(deidentifier: Deidentifier, kept: str) -> None:
    text = f"Patient: Vanterpool, Ruth\nMRN: 4471182\n{kept}\nSigned: Anna Weber, MD 3/4/2019{PROSE}"
    assert kept in deidentifier.deidentify(text).text


def test_a_header_ends_where_sentences_begin() -> None:
    text = "Chart 4471182\nSeen 3/4/2019\n\nHe was well and he had no pain in the leg.\nThe wound is dry."
    (zone,) = find_zones(text, [(6, 13), (19, 27)])
    assert text[zone.start : zone.end] == "Chart 4471182\nSeen 3/4/2019"
    assert [(c.kind, text[c.start : c.end]) for c in cells(text, zone)] == [
        ("id", "4471182"),
        ("date", "3/4/2019"),
    ]


@pytest.mark.parametrize("prose", ["No one was told.", "", "\n\n\n", "12345\n" * 400])
def test_texts_without_a_header_are_read_too(deidentifier: Deidentifier, prose: str) -> None:
    assert len(deidentifier.deidentify(prose).text) <= max(len(prose), 2400)


def test_a_person_opens_a_sentence_and_a_town_is_lived_in(deidentifier: Deidentifier) -> None:
    out = deidentifier.deidentify(
        "He is well. Melody was discharged home. She lives in Tamarisk with a cat."
    ).text
    assert "Melody" not in out and "Tamarisk" not in out
    kept = (
        "Suction was returned to the field. Drainage was taken to the laboratory. Iris was seen by the lens."
    )
    assert deidentifier.deidentify(kept).text == kept


def test_a_report_with_a_number_but_no_named_header_is_held(deidentifier: Deidentifier) -> None:
    body = "He was well and he had no pain in the leg, and there was no fever. " * 6
    assert deidentifier.deidentify(
        f"{body}\nThe chart MRN 44711829 was lost by the ward and it was found.\n{body}"
    ).held
    assert not deidentifier.deidentify(f"Patient: Ruth Vanterpool\nMRN: 44711829\n\n{body}").held
    assert not deidentifier.deidentify(body).held
