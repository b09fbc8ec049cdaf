"""Signed or not, by whom and when."""
# ruff: noqa: E501

import pytest

from watchers.extract.options import Signer
from watchers.extract.signature import find_signature, find_signer

BODY = "CHEST X-RAY\nFINDINGS: Clear lungs.\nIMPRESSION: Normal.\n\n"
SIGNED = [
    ("Electronically signed by: Jane Doe, MD on 03/04/2024 at 10:30 AM", "Jane Doe, MD", "2024-03-04T10:30"),
    ("Electronically Signed: 01/02/2024 10:33 AM Jane Doe, M.D.", "Jane Doe, M.D.", "2024-01-02T10:33"),
    ("/s/ Jane Doe, M.D.   01/02/2024", "Jane Doe, M.D.", "2024-01-02"),
    ("Jane Doe, MD (Electronically signed 2024-01-02 08:00)", "Jane Doe, MD", "2024-01-02T08:00"),
    ("Signed: Jane A. Doe MD, 2024-01-02 14:00", "Jane A. Doe MD", "2024-01-02T14:00"),
    ("Signed electronically by Dr. Jane Doe 5 March 2024", "Jane Doe", "2024-03-05"),
    ("Authenticated by DOE, JANE MD\nDate: 03/05/2024", "DOE, JANE MD", "2024-03-05"),
    (
        "This document has been electronically signed by Jane Doe, M.D., on 3/5/2024 9:05 PM.",
        "Jane Doe, M.D.",
        "2024-03-05T21:05",
    ),
    ("Dictated and electronically signed by: Jane Doe MD 03/05/24 0915", "Jane Doe MD", "2024-03-05T09:15"),
    ("Report finalized by Jane van der Doe, DO on 2024-03-05", "Jane van der Doe, DO", "2024-03-05"),
    ("Electronically signed by\nJane Doe, MD\n03/05/2024 11:00", "Jane Doe, MD", "2024-03-05T11:00"),
    ("E-signed by Jane Doe MD", "Jane Doe MD", None),
    (
        "Reading physician: Jane Doe, MD\nSignature: Jane Doe, MD   Date: 03/05/2024",
        "Jane Doe, MD",
        "2024-03-05",
    ),
    ("Verified by: Jane Doe, MD, 03/05/2024 12:10", "Jane Doe, MD", "2024-03-05T12:10"),
]
STAMP = "Signed by: Jane Doe, MD 3/4/2024"
UNSIGNED = [
    "Dictated by: Jane Doe, MD  03/05/2024",
    "Jane Doe MD/ha\nD: 2024-11-20",
    "UNSIGNED DRAFT",
    "Signature: ____________________   Date: ________",
    "Electronically signed: pending",
    "Awaiting electronic signature by Jane Doe, MD",
    "Not yet signed. Dictated by Jane Doe, MD on 03/05/2024",
    "This report has not been signed by Jane Doe, MD.",
    "Preliminary report. Pending attending signature: Jane Doe, MD",
    "The consent form was signed by the patient on 03/05/2024.",
    "Consent was signed by Mary Smith on 03/05/2024.",
]


@pytest.mark.parametrize(("block", "signer", "moment"), SIGNED)
def test_an_explicit_statement_signs(block: str, signer: str, moment: str | None) -> None:
    found = find_signature(BODY + block)
    assert found.signed
    assert (found.signed_by, found.signed_at, found.status) == (signer, moment, "final")


@pytest.mark.parametrize("block", UNSIGNED)
def test_dictation_initials_and_drafts_sign_nothing(block: str) -> None:
    found = find_signature(BODY + block)
    assert not found.signed
    assert found.status == "preliminary"


def test_a_bare_closing_name_signs_only_for_a_known_physician() -> None:
    text = BODY + "Jane Doe, MD\n03/05/2024"
    assert not find_signature(text).signed
    assert find_signature(text, (Signer("Jane Doe"),)).signed
    assert not find_signature(BODY + "Jane Doe, MD/hk", (Signer("Jane Doe"),)).signed


@pytest.mark.parametrize(
    ("printed", "known"),
    [
        ("Jane Doe, MD", True),
        ("DOE, JANE A., M.D.", True),
        ("Dr. J. Doe", True),
        ("Jane Dole, MD", False),
        ("John Doe, MD", False),
        ("Dr. Doe", False),
        ("J. D.", True),
    ],
)
def test_a_signer_is_one_of_the_configured_physicians(printed: str, known: bool) -> None:
    hit = find_signer(printed, (Signer("Jane A. Doe", ("J. D.",)), Signer("Mark Poe")))
    assert (hit is not None) == known


def test_two_physicians_who_could_be_meant_are_nobody() -> None:
    assert find_signer("J. Doe", (Signer("Jane Doe"), Signer("John Doe"))) is None


@pytest.mark.parametrize(
    ("text", "status", "supersedes"),
    [
        (
            "AMENDED REPORT\nThis report supersedes accession ACC-10233.\nElectronically signed by Jane Doe, MD 3/4/2024",
            "amended",
            "ACC-10233",
        ),
        ("CT HEAD\nReport status: Corrected\nSigned by: Jane Doe, MD 3/4/2024", "amended", None),
        ("*** RETRACTED ***\nThis report is withdrawn; it replaces nothing.\nCT HEAD", "retracted", None),
        ("Report status: entered in error\nRetraction of accession RX-4410\nCT HEAD", "retracted", "RX-4410"),
        ("CT HEAD\nADDENDUM:\nNodule seen.\nElectronically signed by Jane Doe, MD 3/4/2024", "amended", None),
        ("PRELIMINARY REPORT\nCT HEAD", "preliminary", None),
        (
            "CT HEAD\nThe drain was withdrawn.\nThe order was amended in the chart.\nSigned by: Jane Doe, MD 3/4/2024",
            "final",
            None,
        ),
    ],
)
def test_headings_state_the_standing(text: str, status: str, supersedes: str | None) -> None:
    found = find_signature(text)
    assert (found.status, found.supersedes) == (status, supersedes)
