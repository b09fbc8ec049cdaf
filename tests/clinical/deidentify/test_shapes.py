"""Identifiers told by shape, by their sentence, or across a wrapped line."""

import pytest

from clinical.deidentify.deidentifier import Deidentifier, Policy
from clinical.deidentify.folding import unwrap


@pytest.fixture(scope="module")
def deidentifier() -> Deidentifier:
    return Deidentifier(Policy(ner=False))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("PV1|1|O|CLINIC||||Osler^Clara^N|\n", ["Osler", "Clara"]),
        ("Adm. Phys.: Mai, D.    Adm. Date: 2/12/2016\n", ["Mai"]),
        ("TRANSCRIBED BY: B. COLLES  12.10.19\n", ["COLLES", "12.10.19"]),
        ("Ida Colles / G69-5224 / 4/1/1958 / Dr. Lee\n", ["Ida", "Colles", "G69-5224"]),
        ("Penrose/swan  #388027212  d: 5/8/20  t: 5/9/20\n", ["Penrose", "swan", "388027212"]),
        ("Adm. No.: 99923493E\nRec P353490-36 389.862.286\n", ["99923493E", "P353490-36", "389.862.286"]),
        ("Visit: 2003-10-01T18:15\n", ["2003", "18:15"]),
    ],
)
def test_shapes_of_headers_and_signatures_are_enough(
    deidentifier: Deidentifier, text: str, gone: list[str]
) -> None:
    out = deidentifier.deidentify(text).text
    assert not [piece for piece in gone if piece in out]


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("I, Autumn Stroke, was present for the key portions.", ["Autumn", "Stroke"]),
        ("Ida, the daughter, will drive home.", ["Ida"]),
        ("Dear Autumn,\n\nThank you for the note.", ["Autumn"]),
        ("I had the pleasure of seeing your patient, Rocky March, on Monday.", ["Rocky", "March"]),
        ("Pain in a 63-year-old male, Scott Thompson, who was admitted.", ["Scott", "Thompson"]),
        ("Per Weeks's note the wound is dry.", ["Weeks"]),
        ("The wound was checked with Dr. To and closed.", ["To "]),
        ("Prior films from Sisters of Charity Hospital of Tuscumbia were seen.", ["Charity", "Tuscumbia"]),
        ("Seen at Good Shepherd Hospital - Big Timber Campus on Monday.", ["Shepherd", "Timber"]),
        ("She lives in Truth or Consequences.", ["Truth", "Consequences"]),
        ("HC 19 Box 2417, Lake Havasu City, AK 99701", ["2417", "Havasu", "99701"]),
    ],
)
def test_a_sentence_tells_names_and_places_of_ordinary_words(
    deidentifier: Deidentifier, text: str, gone: list[str]
) -> None:
    out = deidentifier.deidentify(text).text
    assert not [piece for piece in gone if piece in out]


@pytest.mark.parametrize(
    "text",
    [
        "ERCP: no filling defect.",
        "CPT code 21470; herniated disc 722.10; pressure 147/68.",
        "Recommendations from the Mayo Clinic were followed.",
        "He was well. To be seen again.",
        "Preoperative diagnosis: juxtarenal aneurysm, antrostomy.",
    ],
)
def test_shapes_of_medicine_stay(deidentifier: Deidentifier, text: str) -> None:
    assert deidentifier.deidentify(text).text == text


def test_a_line_wrapped_at_its_width_is_read_as_one() -> None:
    lines = [
        "The patient was seen in the clinic today for follow up of a long standing",
        "cough, which had become worse over the last weeks; the findings are those",
        "described before, and he was sent to the care of Doctor Ann Featherstone of",
        "the same clinic. The plan is unchanged, and he will return within one month",
        "or before that time where needed.",
    ]
    text = "\n".join(lines)
    assert len(unwrap(text)) == len(text)
    assert "\n" not in unwrap(text)
    assert unwrap("Name: Ann\nDOB: 1/2/60\n\nFINDINGS: none\nPLAN: none") == (
        "Name: Ann\nDOB: 1/2/60\n\nFINDINGS: none\nPLAN: none"
    )


def test_spanish_letters_hide_street_code_town_and_year() -> None:
    spanish = Deidentifier(Policy(language="es"))
    text = (
        "Intervenido en 2009 y en marzo-07.\n"
        "Remitido por: Dra. Inés Bravo. Hospital de León. Altos de Nava, s/n 24071 León. España. Email: ib@x.es\n"
    )
    out = spanish.deidentify(text).text
    assert not [p for p in ("2009", "marzo-07", "Bravo", "Altos", "24071", "León", "ib@x.es") if p in out]
