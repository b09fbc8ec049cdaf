"""The index of known people: whoever the full sweep would find is among those who could be meant."""

import time

import pytest

from clinical.deidentify.deidentifier import Deidentifier, Roster
from clinical.report import Identity
from mcp_tools.known import KnownPeople, sweeping_of
from tests.mcp_tools.conftest import CHEST, SAMPLE, Practice

PEOPLE = (
    Identity(name="Quaxworth, Zebulon", mrn="MRN-4471-902", phone="(555) 010-7788"),
    Identity(name="William Thornberry-Vance", mrn="0099812", address="17 Larkspur Lane, Ostermouth 04821"),
    Identity(name="Ngozi Adeyemi", other_ids=("HP 55-1234-9",), accession="ACC20771"),
    Identity(name="José Núñez", mrn="A-77"),
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Mr. QUAXWORTH feels well.", 0),
        ("zebulon was seen", 0),
        ("Mr. Quaxwort feels well.", 0),
        ("Mr. Quaxwoorth feels well.", 0),
        ("Mr. Quaxwirth feels well.", 0),
        ("MRN 4471 902", 0),
        ("4471 902 mL", None),
        ("see mrn4471902", 0),
        ("call 555.010.7788", 0),
        ("Bill is here", 1),
        ("the Thornberry family", 1),
        ("Vance", 1),
        ("id 99812 and 00099812", 1),
        ("lives at 17 Larkspur Lane", 1),
        ("from Ostermouth", 1),
        ("zip 04821", 1),
        ("plan HP-55 1234 9", 2),
        ("ACC-20771", 2),
        ("Adeyemi", 2),
        ("Jose Nunez", 3),
        ("NÚÑEZ", 3),
    ],
)
def test_who_could_be_meant_is_found_however_written(text: str, number: int | None) -> None:
    found = KnownPeople(PEOPLE).could_be_in(text)
    assert (PEOPLE[number] in found) if number is not None else not found


def test_nobody_is_meant_where_nobody_is_named() -> None:
    assert KnownPeople(PEOPLE).could_be_in("The heart is normal. Potassium 4.1 mmol/L, 12 mm nodule.") == ()


def test_it_finds_what_the_sweep_with_everybody_finds(deidentifier: Deidentifier) -> None:
    everybody = Roster(identities=PEOPLE)
    known = KnownPeople(PEOPLE)
    for text in (
        "Quaxworth has pneumonia; Larkspur Lane is his address.",
        "IMPRESSION: Ms. Adeyemi, HP 55-1234-9, is stable. Bill Thornberry drove her.",
        "Nunez and Quaxwort were compared. Acc 20771.",
        "No acute disease. Follow-up in 6 weeks.",
    ):
        some = Roster(identities=known.could_be_in(text))
        assert deidentifier.sweep(text, some) == deidentifier.sweep(text, everybody)


def test_thousands_of_patients_do_not_slow_an_answer() -> None:
    people = tuple(
        Identity(name=f"Name{n:05d}x Family{n:05d}y", mrn=str(5_000_000 + n)) for n in range(10_000)
    )
    known = KnownPeople(people)
    begun = time.thread_time()
    for _ in range(20):
        known.could_be_in(CHEST * 3)
    assert (time.thread_time() - begun) / 20 < 0.05


def test_a_patient_who_came_later_is_known_to_the_next_sweep(practice: Practice) -> None:
    sweep = sweeping_of(practice.deidentifier, practice.store, Roster())
    text = "The lungs are clear, says zyxquandel."
    assert sweep(text) == ()
    first = practice.take(identity=Identity(name="Mara Zyxquandel", birth_date="1960-01-01"))
    assert any(span.label == "NAME" for span in sweep(text))
    practice.store.forget(first)
    practice.take(CHEST + "\nMore.", identity=SAMPLE)
    assert sweep(text) == ()
    assert sweeping_of(practice.deidentifier, practice.store, Roster()) is sweep
