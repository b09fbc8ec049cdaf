"""Identity from the header that a page prints."""
# ruff: noqa: E501

import pytest

from watchers.extract.header import find_header

HEADERS = [
    (
        "Patient: Salgado, Nehemias | MRN: 05964028 | DOB: 01/18/1933 | Sex: M\nAdmitted: January 8, 2018 | Attending: Dr. Jakobsen",
        ("05964028", "Nehemias Salgado", "1933-01-18", "M", "2018-01-08"),
    ),
    (
        "PATIENT NAME: Mark Seppinen\nMEDICAL RECORD #: MR861324\nDATE OF BIRTH: 04/14/1966\nDATE OF SERVICE: 07/24/2017\n"
        "ATTENDING: Glafira Abakumova, MD",
        ("MR861324", "Mark Seppinen", "1966-04-14", None, "2017-07-24"),
    ),
    (
        "Voorburg Medical Center\nTel 756-278-8531\n\nRe: Bronisław Sawicki   DOB 2/17/55   MRN 08077791\n\nDear Dr. Bengtsson,",
        ("08077791", "Bronisław Sawicki", "1955-02-17", None, None),
    ),
    (
        "RADIOLOGY REPORT\nName            MRN          DOB          Sex\nDoe, Jane A     12345-6      03/05/1960   F\n\nEXAM: CT HEAD",
        ("12345-6", "Jane A Doe", "1960-03-05", "F", None),
    ),
    (
        "Patient Name\nJohn Smith\nDate of Birth\n5 Mar 1971\nMedical Record Number\nA-99812\nCollected: 2024-05-06 08:30",
        ("A-99812", "John Smith", "1971-03-05", None, "2024-05-06T08:30"),
    ),
    (
        "PATIENT: O'BRIEN, MARY-KATE (F)  AGE/SEX: 45/F\nMRN#: 0099182  ACC#: CX-24-1188\nExam Date: 03/09/2024 2:15 PM",
        ("0099182", "MARY-KATE O'BRIEN", None, "F", "2024-03-09T14:15"),
    ),
    (
        "NAME: Müller, Jörg    SEX: Male    BIRTHDATE: 17.02.1955    CHART NO: 4471\nDate of exam: 07-Oct-2023",
        ("4471", "Jörg Müller", "1955-02-17", "M", "2023-10-07"),
    ),
]


@pytest.mark.parametrize(("text", "wanted"), HEADERS)
def test_a_header_gives_identity_and_day(text: str, wanted: tuple[str | None, ...]) -> None:
    header = find_header(text, latest=2026)
    person = header.identity
    assert (person.mrn, person.name, person.birth_date, person.sex, header.observed_at) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "The patient is a pleasant man who was born in Ohio.\nHe was seen on 3/4/2020 and sex was not discussed.",
        "IMPRESSION:\nPatient: stable. Name of drug: aspirin 81 mg.",
        "HISTORY: Patient re: knee pain.",
    ],
)
def test_running_text_gives_no_identity(text: str) -> None:
    person = find_header(text).identity
    assert (person.mrn, person.name, person.birth_date) == (None, None, None)


def test_accession_phone_and_other_numbers_are_kept_apart() -> None:
    person = find_header(
        "Patient: Ann Lee\nMRN: 7788\nAccession No.: RAD-2024-0091\nSSN: 000-12-3456\nAccount #: 55001\nPhone: (555) 010-2233\n"
        "Address: 12 Elm St, Salem, MA 01970"
    ).identity
    assert person.accession == "RAD-2024-0091"
    assert set(person.other_ids) == {"000-12-3456", "55001"}
    assert person.phone == "(555) 010-2233"
    assert person.address == "12 Elm St, Salem, MA 01970"
