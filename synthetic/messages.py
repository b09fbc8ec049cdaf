"""Simulated reports as other systems send them: HL7 v2.5, FHIR R4, C-CDA, JSON and CSV."""

import base64
import csv
import json
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import Any

from clinical.report import Measurement
from synthetic.report import SimulatedReport

_LOINC = {
    "chest x-ray": ("36643-5", "XR Chest 2 Views"),
    "ct": ("18748-4", "Diagnostic imaging study"),
    "echocardiogram": ("34552-0", "Cardiac ultrasound study"),
    "ecg": ("11524-6", "EKG study"),
    "laboratory": ("11502-2", "Laboratory report"),
    "pathology": ("11526-1", "Pathology study"),
    "office note": ("11506-3", "Progress note"),
    "consultation": ("11488-4", "Consult note"),
    "discharge summary": ("18842-5", "Discharge summary"),
}
_SECTIONS = {
    "findings": "59776-5",
    "impression": "19005-8",
    "indication": "18785-6",
    "comparison": "18834-2",
    "technique": "55111-9",
    "assessment": "51848-0",
    "plan": "18776-5",
    "medications": "10160-0",
    "allergies": "48765-2",
    "history": "10164-2",
    "past_history": "11348-0",
    "family_history": "10157-6",
    "social_history": "29762-2",
    "review_of_systems": "10187-3",
    "vital_signs": "8716-3",
    "physical_exam": "29545-1",
    "laboratory": "30954-2",
    "diagnosis": "29308-4",
    "procedure": "47519-4",
}


def _names(report: SimulatedReport) -> tuple[str, str]:
    first, _, last = (report.identity.name or "").partition(" ")
    return first, last


def _doctor(report: SimulatedReport) -> tuple[str, str]:
    plain = report.physician.name.partition(",")[0]
    first, _, last = plain.partition(" ")
    return first, last


def lab_rows(report: SimulatedReport) -> list[Measurement]:
    """The measurements of the results table, empty for what is not a laboratory report."""
    if report.kind != "laboratory":
        return []
    return [m for m in report.truth.measurements if m.section == "laboratory"]


def section_texts(report: SimulatedReport) -> list[tuple[str, str, str]]:
    """Canonical name, heading and body of each section."""
    return [
        (s.name, s.heading, report.text[s.start + len(s.heading) : s.end].strip("\n -"))
        for s in report.truth.sections
    ]


def write_hl7(report: SimulatedReport, path: Path) -> None:
    """ORU^R01, v2.5, segments ended by carriage returns; results as NM, text as TX."""
    identity = report.identity
    first, last = _names(report)
    doctor_first, doctor_last = _doctor(report)
    observed = report.observed_at.replace("-", "")
    signed = (report.signed_at or report.observed_at).replace("-", "").replace(":", "").replace("T", "")
    status = "F" if report.signed else "P"
    code, title = _LOINC[report.kind]
    doctor = f"{_hl7(doctor_last)}^{_hl7(doctor_first)}"
    mrn = f"{_hl7(identity.mrn or '')}^^^{_hl7(identity.authority or '')}^MR"
    born, home = (identity.birth_date or "").replace("-", ""), _hl7_address(identity.address or "")
    msh = _segment(
        "MSH", {1: "^~\\&", 2: "SIM", 3: _hl7(report.facility), 4: "RESIDENT", 5: "PRACTICE", 6: signed}
    )
    msh += f"||ORU^R01^ORU_R01|{report.number:08d}|P|2.5|||||||UNICODE UTF-8"
    patient = {1: "1", 3: mrn, 5: f"{_hl7(last)}^{_hl7(first)}", 7: born, 8: identity.sex or "U", 11: home}
    order = {
        1: "1",
        3: _hl7(identity.accession or ""),
        4: f"{code}^{title}^LN",
        7: observed,
        16: f"^{doctor}",
    }
    order |= {22: signed, 24: "LAB", 25: status, 32: "&" + doctor.replace("^", "&")}
    segments = [
        msh,
        _segment("PID", {**patient, 13: _hl7(identity.phone or "")}),
        _segment("OBR", order),
    ]
    values = lab_rows(report)
    number = 0
    for m in values:
        number += 1
        span = f"{'' if m.low is None else _plain(m.low)}-{'' if m.high is None else _plain(m.high)}"
        flag = "" if m.flag in (None, "N") else m.flag
        segments.append(
            f"OBX|{number}|NM|{_hl7(m.name)}^{_hl7(m.name)}^L||{m.value_text}|{_hl7(m.unit)}|{span}|{flag}|||{status}|||{observed}"
        )
    for line in _hl7_lines(report):
        number += 1
        segments.append(f"OBX|{number}|TX|{code}^{title}^LN||{_hl7(line)}||||||{status}|||{observed}")
    path.write_bytes(("\r".join(segments) + "\r").encode())


def _hl7_lines(report: SimulatedReport) -> list[str]:
    if report.kind != "laboratory":
        start = report.truth.sections[0].start
        return report.text[start:].rstrip("\n").split("\n")
    told = [(heading, body) for name, heading, body in section_texts(report) if name != "laboratory"]
    return [line for heading, body in told for line in (heading, *body.split("\n"))]


def _segment(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(n, "") for n in range(1, max(fields) + 1))])


def _plain(number: float) -> str:
    return f"{number:g}"


def _hl7(words: str) -> str:
    for sign, escape in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        words = words.replace(sign, escape)
    return words


def _hl7_address(address: str) -> str:
    street, _, rest = address.rpartition(", ")
    street, _, city = street.rpartition(", ")
    state, _, code = rest.partition(" ")
    return "^".join((_hl7(street), "", _hl7(city), state, code))


def fhir_bundle(report: SimulatedReport) -> dict[str, Any]:
    """A collection Bundle: Patient, Practitioner, DiagnosticReport and an Observation a result."""
    identity = report.identity
    first, last = _names(report)
    doctor_first, doctor_last = _doctor(report)
    code, title = _LOINC[report.kind]
    coding = {"coding": [{"system": "http://loinc.org", "code": code, "display": title}], "text": report.kind}
    observations = [
        {
            "resourceType": "Observation",
            "id": f"obs-{n}",
            "status": "final" if report.signed else "preliminary",
            "code": {"text": m.name},
            "subject": {"reference": "Patient/p1"},
            "valueQuantity": {"value": m.value, "unit": m.unit},
            "referenceRange": [
                {
                    key: {"value": limit, "unit": m.unit}
                    for key, limit in (("low", m.low), ("high", m.high))
                    if limit is not None
                }
            ],
            "interpretation": [{"coding": [{"code": m.flag or "N"}]}],
        }
        for n, m in enumerate(lab_rows(report), 1)
    ]
    diagnostic: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": f"report-{report.number}",
        "identifier": [{"value": identity.accession}],
        "status": "final" if report.signed else "preliminary",
        "code": coding,
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": report.observed_at,
        "conclusion": report.truth.summary,
        "result": [{"reference": f"Observation/{o['id']}"} for o in observations],
        "presentedForm": [
            {
                "contentType": "text/plain; charset=utf-8",
                "data": base64.b64encode(report.text.encode()).decode(),
            }
        ],
    }
    if report.signed_at:
        diagnostic["issued"] = f"{report.signed_at}:00Z"
        diagnostic["resultsInterpreter"] = [{"reference": "Practitioner/d1"}]
    if not observations:
        del diagnostic["result"]
    patient = {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [
            {
                "type": {"coding": [{"code": "MR"}]},
                "value": identity.mrn,
                "assigner": {"display": identity.authority},
            }
        ],
        "name": [{"family": last, "given": [first]}],
        "birthDate": identity.birth_date,
        "gender": {"M": "male", "F": "female"}.get(identity.sex or "", "unknown"),
        "telecom": [{"system": "phone", "value": identity.phone}],
        "address": [{"text": identity.address}],
    }
    practitioner = {
        "resourceType": "Practitioner",
        "id": "d1",
        "name": [{"family": doctor_last, "given": [doctor_first], "text": report.physician.name}],
    }
    resources = [patient, practitioner, diagnostic, *observations]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def write_fhir(report: SimulatedReport, path: Path) -> None:
    """A FHIR R4 Bundle as JSON."""
    path.write_text(json.dumps(fhir_bundle(report), ensure_ascii=False, indent=1), "utf-8")


_HL7_NS = "urn:hl7-org:v3"


def write_ccda(report: SimulatedReport, path: Path) -> None:
    """A C-CDA document: header, legal authenticator if signed, one section a heading."""
    ET.register_namespace("", _HL7_NS)
    identity = report.identity
    first, last = _names(report)
    code, title = _LOINC[report.kind]
    root = ET.Element(f"{{{_HL7_NS}}}ClinicalDocument")

    def add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
        child = ET.SubElement(parent, f"{{{_HL7_NS}}}{tag}", attributes)
        child.text = text
        return child

    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    add(root, "id", root="2.16.840.1.113883.19.5", extension=identity.accession or str(report.number))
    add(root, "code", code=code, codeSystem="2.16.840.1.113883.6.1", displayName=title)
    add(root, "title", title)
    add(root, "effectiveTime", value=report.observed_at.replace("-", ""))
    role = add(add(root, "recordTarget"), "patientRole")
    add(
        role,
        "id",
        root="2.16.840.1.113883.19.5.99",
        extension=identity.mrn or "",
        assigningAuthorityName=identity.authority or "",
    )
    add(role, "addr").text = identity.address
    add(role, "telecom", value=f"tel:{(identity.phone or '').replace(' ', '')}", use="HP")
    patient = add(role, "patient")
    name = add(patient, "name")
    add(name, "given", first)
    add(name, "family", last)
    add(patient, "administrativeGenderCode", code=identity.sex or "UN")
    add(patient, "birthTime", value=(identity.birth_date or "").replace("-", ""))
    _ccda_author(report, root, add, "author" if not report.signed else "legalAuthenticator")
    body = add(add(root, "component"), "structuredBody")
    for canonical, heading, words in section_texts(report):
        section = add(add(body, "component"), "section")
        add(section, "code", code=_SECTIONS.get(canonical, "10164-2"), codeSystem="2.16.840.1.113883.6.1")
        add(section, "title", heading.strip(" :"))
        text = add(section, "text")
        for line in words.split("\n"):
            add(text, "paragraph", line)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _ccda_author(report: SimulatedReport, root: ET.Element, add: Any, tag: str) -> None:
    doctor_first, doctor_last = _doctor(report)
    signer = add(root, tag)
    moment = (
        datetime.fromisoformat(report.signed_at)
        if report.signed_at
        else datetime.fromisoformat(report.observed_at)
    )
    add(signer, "time", value=moment.strftime("%Y%m%d%H%M"))
    if tag == "legalAuthenticator":
        add(signer, "signatureCode", code="S")
    person = add(signer, "assignedEntity" if tag == "legalAuthenticator" else "assignedAuthor")
    add(person, "id", root="2.16.840.1.113883.4.6", extension="0000000000")
    name = add(add(person, "assignedPerson"), "name")
    add(name, "given", doctor_first)
    add(name, "family", doctor_last)


def write_json(report: SimulatedReport, path: Path) -> None:
    """A flat export as practice software writes it."""
    identity = report.identity
    row = {
        "patient": {
            "mrn": identity.mrn,
            "name": identity.name,
            "birth_date": identity.birth_date,
            "sex": identity.sex,
            "phone": identity.phone,
            "address": identity.address,
        },
        "report": {
            "accession": identity.accession,
            "type": report.kind,
            "date": report.observed_at,
            "status": report.status,
            "signed_by": report.signed_by,
            "signed_at": report.signed_at,
            "text": report.text,
        },
    }
    path.write_text(json.dumps(row, ensure_ascii=False, indent=1), "utf-8")


def write_csv(report: SimulatedReport, path: Path) -> None:
    """One row a report, its text in the last column."""
    identity = report.identity
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(
            (
                "mrn",
                "name",
                "birth_date",
                "sex",
                "accession",
                "report_type",
                "report_date",
                "status",
                "signed_by",
                "signed_at",
                "text",
            )
        )
        writer.writerow(
            (
                identity.mrn,
                identity.name,
                identity.birth_date,
                identity.sex,
                identity.accession,
                report.kind,
                report.observed_at,
                report.status,
                report.signed_by,
                report.signed_at,
                report.text,
            )
        )
