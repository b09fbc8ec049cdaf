"""FHIR and C-CDA: own fields, status by table, attachments, and what hostile XML gets."""
# ruff: noqa: E501

import base64
import json
from typing import Any

import pytest

from clinical.errors import ExtractionError
from clinical.report import ExtractedReport, ReportFile
from watchers.extract.extract import extract

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": "urn:ssn", "value": "000-11-2222", "type": {"coding": [{"code": "SS"}]}},
        {"system": "urn:hosp", "value": "778812", "type": {"coding": [{"code": "MR"}]}},
    ],
    "name": [{"use": "official", "family": "Rivera", "given": ["Ana", "M"]}],
    "birthDate": "1962-03-14",
    "gender": "female",
}
DOCTOR = {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Okafor", "given": ["Lena"]}]}


def read(value: Any, name: str = "b.json") -> tuple[ExtractedReport, ...]:
    return extract(ReportFile(name, json.dumps(value).encode()))


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": r} for r in (PATIENT, DOCTOR, *resources)],
    }


def diagnostic(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": {"text": "Basic metabolic panel"},
        "subject": {"reference": "Patient/p1"}, "resultsInterpreter": [{"reference": "Practitioner/d1"}],
        "effectiveDateTime": "2024-03-05T08:30:00Z", "issued": "2024-03-05T12:00:00.000Z", "result": [{"reference": "Observation/o1"}],
        "identifier": [{"value": "ACC-9"}],
    } | more  # fmt: skip


POTASSIUM = {
    "resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Potassium"}, "valueQuantity": {"value": 5.90, "unit": "mmol/L"},
    "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.1}}], "interpretation": [{"coding": [{"code": "H"}]}],
}  # fmt: skip


def test_laboratory_results_outside_a_report_make_one_and_vital_signs_do_not() -> None:
    lone = POTASSIUM | {
        "id": "o7", "code": {"text": "Sodium"}, "category": [{"coding": [{"code": "laboratory"}]}], "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-06", "valueQuantity": {"value": 139, "unit": "mmol/L"}, "referenceRange": [], "interpretation": [],
    }  # fmt: skip
    pulse = lone | {
        "id": "o8",
        "code": {"text": "Pulse"},
        "category": [{"coding": [{"code": "vital-signs"}]}],
    }
    first, second = read(bundle(diagnostic(), POTASSIUM, lone, pulse))
    assert "Sodium" not in first.text and second.text == "OBSERVATIONS\nSodium: 139 mmol/L"
    assert (second.report_type, second.identity.mrn, second.observed_at) == (
        "laboratory",
        "778812",
        "2024-03-06",
    )
    assert first.warnings == ("1 observations outside a report were not read",)


def test_a_report_resource_gives_its_own_fields() -> None:
    (report,) = read(bundle(diagnostic(), POTASSIUM))
    person = report.identity
    assert (person.mrn, person.authority, person.name, person.birth_date) == (
        "778812",
        "urn:hosp",
        "Ana M Rivera",
        "1962-03-14",
    )
    assert (person.sex, person.accession, person.other_ids) == ("F", "ACC-9", ("000-11-2222",))
    assert "Potassium: 5.9 mmol/L (3.5 - 5.1) H" in report.text
    assert (report.report_type, report.signed_by, report.observed_at) == (
        "laboratory",
        "Lena Okafor",
        "2024-03-05T08:30:00Z",
    )


@pytest.mark.parametrize(
    ("status", "wanted", "signed"),
    [
        ("final", "final", True), ("amended", "amended", True), ("corrected", "amended", True), ("appended", "amended", True), ("registered", "preliminary", False),
        ("partial", "preliminary", False), ("preliminary", "preliminary", False), ("entered-in-error", "retracted", False), ("cancelled", "retracted", False),
        ("nonsense", "preliminary", False),
    ],
)  # fmt: skip
def test_status_follows_the_table(status: str, wanted: str, signed: bool) -> None:
    (report,) = read(bundle(diagnostic(status=status), POTASSIUM))
    assert (report.status, report.signed) == (wanted, signed)


def test_decimals_keep_the_digits_that_were_sent() -> None:
    text = json.dumps(bundle(diagnostic(), POTASSIUM)).replace("5.9,", "5.900,")
    (report,) = extract(ReportFile("b.json", text.encode()))
    assert "5.900 mmol/L" in report.text


def document(**more: Any) -> dict[str, Any]:
    data = base64.b64encode(b"CHEST X-RAY\nFINDINGS: Clear.\n").decode()
    return {
        "resourceType": "DocumentReference", "status": "current", "docStatus": "final", "subject": {"reference": "Patient/p1"}, "type": {"text": "Radiology report"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}], "date": "2024-03-05T12:00:00Z", "authenticator": {"reference": "Practitioner/d1"},
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("more", "wanted", "signed"),
    [
        ({}, "final", True), ({"docStatus": "amended"}, "amended", True), ({"docStatus": "preliminary"}, "preliminary", False), ({"docStatus": None}, "preliminary", False),
        ({"status": "superseded"}, "retracted", False), ({"status": "entered-in-error"}, "retracted", False),
    ],
)  # fmt: skip
def test_a_document_is_signed_only_if_it_says_so(more: dict[str, Any], wanted: str, signed: bool) -> None:
    (report,) = read(bundle(document(**more)))
    assert (report.status, report.signed) == (wanted, signed)
    assert "FINDINGS: Clear." in report.text


def test_a_contained_and_a_wrong_resource_are_read_tolerantly() -> None:
    held = diagnostic(
        contained=[POTASSIUM | {"id": "c1"}],
        result=[{"reference": "#c1"}, {"reference": "Observation/gone"}, 7],
    )
    (report,) = read(
        held
        | {"extra": {"unknown": [1, 2]}, "subject": {"display": "Ana Rivera", "identifier": {"value": "1"}}}
    )
    assert "Potassium: 5.9" in report.text
    assert report.identity.mrn == "1"


def test_observations_alone_are_gathered_by_day() -> None:
    one = POTASSIUM | {"effectiveDateTime": "2024-03-05", "subject": {"reference": "Patient/p1"}}
    two = one | {"id": "o2", "effectiveDateTime": "2024-04-05"}
    reports = read(bundle(one, two))
    assert [r.observed_at for r in reports] == ["2024-03-05", "2024-04-05"]


def test_a_composition_has_its_sections() -> None:
    note = {
        "resourceType": "Composition", "status": "final", "title": "Discharge summary", "subject": {"reference": "Patient/p1"}, "date": "2024-03-05",
        "author": [{"reference": "Practitioner/d1"}], "section": [{"title": "Course", "text": {"div": "<div><p>Stable.</p><table><tr><td>K</td><td>4.1</td></tr></table></div>"}}],
    }  # fmt: skip
    (report,) = read(bundle(note))
    assert "Course:\nStable.\nK  4.1" in report.text
    assert report.report_type == "discharge summary"


def test_xml_gives_the_same_as_json() -> None:
    xml = """<DiagnosticReport xmlns="http://hl7.org/fhir"><contained><Observation><id value="o1"/><status value="final"/>
    <code><text value="Potassium"/></code><valueQuantity><value value="5.9"/><unit value="mmol/L"/></valueQuantity></Observation></contained>
    <status value="final"/><code><text value="Basic metabolic panel"/></code><result><reference value="#o1"/></result></DiagnosticReport>"""
    (report,) = extract(ReportFile("r.xml", xml.encode()))
    assert "Potassium: 5.9 mmol/L" in report.text


CDA = """<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc"><id extension="D1" root="1.2"/><title>Discharge Summary</title>
<effectiveTime value="20240305"/><recordTarget><patientRole><id extension="778812" root="1.9.9"/><patient><name><given>Ana</given><family>Rivera</family></name>
<administrativeGenderCode code="F"/><birthTime value="19620314"/></patient></patientRole></recordTarget>{legal}
<component>{body}</component></ClinicalDocument>"""
LEGAL = """<legalAuthenticator><time value="20240305101500"/><signatureCode code="S"/><assignedEntity><assignedPerson><name><given>Lena</given>
<family>Okafor</family></name></assignedPerson></assignedEntity></legalAuthenticator>"""
BODY = """<structuredBody><component><section><title>Results</title><text><table><thead><tr><th>Test</th><th>Value</th></tr></thead><tbody><tr><td>K</td>
<td>5.9 mmol/L</td></tr></tbody></table><list><item>One</item><item>Two</item></list></text></section></component></structuredBody>"""


def cda(legal: str = LEGAL, body: str = BODY) -> tuple[ExtractedReport, ...]:
    return extract(ReportFile("d.xml", CDA.format(legal=legal, body=body).encode()))


def test_a_document_with_sections_and_tables() -> None:
    (report,) = cda()
    assert "Results:\nTest  Value\nK  5.9 mmol/L\n- One\n- Two" in report.text
    person = report.identity
    assert (person.mrn, person.authority, person.name, person.birth_date, person.sex) == (
        "778812",
        "1.9.9",
        "Ana Rivera",
        "1962-03-14",
        "F",
    )
    assert (report.signed, report.signed_by, report.signed_at) == (True, "Lena Okafor", "2024-03-05T10:15:00")
    assert report.report_type == "discharge summary"


@pytest.mark.parametrize(
    "legal",
    [
        "",
        LEGAL.replace('code="S"', 'code="X"'),
        LEGAL.replace("legalAuthenticator", "authenticator"),
        LEGAL.replace('value="20240305101500"', ""),
    ],
)
def test_only_a_legal_signature_with_its_time_signs(legal: str) -> None:
    (report,) = cda(legal)
    assert (report.signed, report.status) == (False, "preliminary")


def test_an_embedded_document_is_read(signed_pdf: bytes) -> None:
    data = base64.b64encode(signed_pdf).decode()
    (report,) = cda(
        body=f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{data}</text></nonXMLBody>'
    )
    assert "CHEST X-RAY" in report.text


def test_a_document_that_only_points_elsewhere_is_refused_with_a_reason() -> None:
    with pytest.raises(ExtractionError) as caught:
        cda(body='<nonXMLBody><text><reference value="scan.pdf"/></text></nonXMLBody>')
    assert caught.value.reason == "refers-outside"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_entities_are_refused(head: str) -> None:
    text = CDA.format(legal=LEGAL, body=BODY).replace('<?xml version="1.0"?>', f'<?xml version="1.0"?>{head}')
    with pytest.raises(ExtractionError) as caught:
        extract(ReportFile("d.xml", text.encode()))
    assert caught.value.reason == "hostile"
