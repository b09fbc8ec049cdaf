"""HL7 version 2: fields of the message's own, status by table, escapes, embedded documents, batches."""
# ruff: noqa: E501

import base64

import pytest

from clinical.errors import ExtractionError
from clinical.report import ExtractedReport, ReportFile
from watchers.extract.extract import extract

HEAD = "MSH|^~\\&|LAB|HOSP|EHR|CLINIC|20240305141000||ORU^R01^ORU_R01|C1|P|2.5.1\r"
PID = "PID|1||778812^^^HOSP^MR~000-11-2222^^^USA^SS||Rivera^Ana^M||19620314|F|||12 Elm St^^Salem^MA^01970||(555)010-2233\r"


def read(text: str, *, name: str = "m.hl7") -> tuple[ExtractedReport, ...]:
    return extract(ReportFile(name, text.encode()))


def results(*lines: str, status: str = "F") -> str:
    order = f"OBR|1|P100|F200^LAB|24323-8^Comprehensive metabolic panel^LN|||20240305083000|||||||||||||||20240305120000||LAB|{status}|||||||77&Okafor&Lena&&&Dr.\r"
    return HEAD + PID + order + "".join(f"{line}\r" for line in lines)


POTASSIUM = "OBX|1|NM|2823-3^Potassium^LN||5.9|mmol/L|3.5-5.1|H|||F|||20240305083000"


def test_a_result_gives_its_own_fields() -> None:
    (report,) = read(results(POTASSIUM))
    person = report.identity
    assert (person.mrn, person.authority, person.name) == ("778812", "HOSP", "Ana M Rivera")
    assert (person.birth_date, person.sex, person.accession) == ("1962-03-14", "F", "F200")
    assert person.other_ids == ("000-11-2222",)
    assert "Potassium: 5.9 mmol/L (3.5-5.1) H" in report.text
    assert (report.report_type, report.status, report.signed) == ("laboratory", "final", True)
    assert (report.signed_by, report.observed_at) == ("Lena Okafor", "2024-03-05T08:30:00")


@pytest.mark.parametrize(
    ("order", "result", "status", "signed"),
    [
        ("F", "F", "final", True),
        ("C", "C", "amended", True),
        ("F", "C", "amended", True),
        ("P", "F", "preliminary", False),
        ("R", "F", "preliminary", False),
        ("F", "P", "preliminary", False),
        ("I", "I", "preliminary", False),
        ("S", "S", "preliminary", False),
        ("X", "X", "retracted", False),
        ("D", "F", "retracted", False),
        ("F", "W", "retracted", False),
        ("", "F", "final", True),
        ("", "", "preliminary", False),
    ],
)
def test_status_follows_the_table(order: str, result: str, status: str, signed: bool) -> None:
    (report,) = read(results(POTASSIUM.replace("|||F|||", f"|||{result}|||"), status=order))
    assert (report.status, report.signed) == (status, signed)
    if status in ("amended", "retracted"):
        assert report.supersedes == "F200"


@pytest.mark.parametrize(
    ("code", "status", "signed"),
    [
        ("AU", "final", True),
        ("LA", "final", True),
        ("DI", "preliminary", False),
        ("PA", "preliminary", False),
        ("CA", "retracted", False),
    ],
)
def test_a_document_is_signed_by_its_completion_status(code: str, status: str, signed: bool) -> None:
    text = (
        HEAD.replace("ORU^R01^ORU_R01", "MDM^T02") + PID
        + f"TXA|1|DS|TX|20240304||||||||DOC77||||| {code}|||||9^Okafor^Lena^^^^MD^^^^^^^^20240305101500\r".replace("| ", "|")
        + "OBX|1|TX|18842-5^Discharge summary^LN||Stable.||||||F\rOBX|2|TX|18842-5^Discharge summary^LN||Home.||||||F\r"
    )  # fmt: skip
    (report,) = read(text)
    assert (report.status, report.signed, report.identity.accession) == (status, signed, "DOC77")
    assert report.report_type == "discharge summary"
    if signed:
        assert (report.signed_by, report.signed_at) == ("Lena Okafor, MD", "2024-03-05T10:15:00")


def test_a_replacement_names_the_document_that_it_replaces() -> None:
    text = HEAD.replace("ORU^R01^ORU_R01", "MDM^T10") + PID
    text += "TXA|1|OP|TX|20240304||||||||DOC78|DOC77||||AU\rOBX|1|TX|^Note||New text.||||||F\r"
    (report,) = read(text)
    assert (report.status, report.supersedes) == ("amended", "DOC77")


def test_a_withdrawn_document_needs_no_text() -> None:
    text = HEAD.replace("ORU^R01^ORU_R01", "MDM^T11") + PID + "TXA|1|OP|TX|20240304||||||||DOC78|||||CA\r"
    (report,) = read(text)
    assert (report.status, report.supersedes) == ("retracted", "DOC78")


def test_escapes_are_resolved_and_unknown_ones_dropped() -> None:
    value = "Ca \\S\\ 2\\.br\\a \\T\\ b \\F\\ c\\X41\\ \\Zxy\\end \\H\\bold\\N\\"
    (report,) = read(results(f"OBX|1|FT|^Comment||{value}||||||F"))
    assert "Ca ^ 2\na & b | cA end bold" in report.text


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n", "\r\r\n"])
def test_any_line_end_is_read(ends: str) -> None:
    (report,) = read(results(POTASSIUM).replace("\r", ends))
    assert report.identity.mrn == "778812"


def test_an_embedded_pdf_is_read_as_a_document(signed_pdf: bytes) -> None:
    data = base64.b64encode(signed_pdf).decode()
    (report,) = read(results(f"OBX|1|ED|PDF^Report||^application^pdf^Base64^{data}||||||F"))
    assert "CHEST X-RAY" in report.text
    assert report.media_type == "application/pdf"
    assert report.identity.mrn == "778812"


def test_base64_that_lies_is_visible_and_not_silent() -> None:
    (report,) = read(
        results(POTASSIUM, "OBX|2|ED|PDF^Report||^application^pdf^Base64^%%%not base64%%%||||||F")
    )
    assert report.pages[-1].source == "unread"
    assert any("embedded" in warning for warning in report.warnings)


def test_a_batch_holds_many_patients() -> None:
    second = results(POTASSIUM).replace("778812", "990011").replace("Rivera^Ana", "Stone^Max")
    reports = read("FHS|^~\\&|A\rBHS|^~\\&|A\r" + results(POTASSIUM) + second + "BTS|2\rFTS|1\r")
    assert [r.identity.mrn for r in reports] == ["778812", "990011"]
    assert [r.report_index for r in reports] == [0, 1]


def test_messages_without_a_report_are_refused_with_their_kind() -> None:
    with pytest.raises(ExtractionError) as caught:
        read(HEAD.replace("ORU^R01^ORU_R01", "ADT^A01") + PID)
    assert caught.value.reason == "no-report"
    assert "ADT^A01" in caught.value.message


@pytest.mark.parametrize("cut", range(5, 400, 23))
def test_a_truncated_message_is_read_or_refused(cut: int) -> None:
    try:
        read(results(POTASSIUM)[:cut])
    except ExtractionError as error:
        assert error.reason


def test_wrong_value_types_are_read_as_far_as_they_go() -> None:
    (report,) = read(
        results("OBX|1|XX|^Odd||a^b||||||F", "OBX|2|NM|^Sodium||not a number|mmol/L|||||F", "OBX|3")
    )
    assert "Sodium: not a number mmol/L" in report.text
