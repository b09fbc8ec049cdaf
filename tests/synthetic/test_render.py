"""Every format holds the report, and says whether it is signed."""

import json
import random
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from PIL import Image

from synthetic.__main__ import main
from synthetic.pages import DAMAGES, damaged, write_pages, write_scanned_pdf
from synthetic.practice import simulate
from synthetic.render import FORMATS, Format, write
from synthetic.report import SimulatedReport


@pytest.fixture(scope="module")
def reports() -> list[SimulatedReport]:
    return list(simulate(21, 60))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("format", FORMATS)
def test_every_kind_is_written_in_every_format(
    format: Format, reports: list[SimulatedReport], tmp_path: Path
) -> None:
    kinds = {r.kind: r for r in reports}
    assert len(kinds) >= 8
    for report in kinds.values():
        path = write(report, tmp_path, format)
        assert path.stat().st_size > 400


def test_a_pdf_has_the_whole_text_as_its_text_layer(reports: list[SimulatedReport], tmp_path: Path) -> None:
    for report in reports[:12]:
        document = pypdfium2.PdfDocument(write(report, tmp_path, "pdf"))
        layer = "".join(page.get_textpage().get_text_range() for page in document)
        document.close()
        assert squeezed(layer) == squeezed(report.text)


def test_a_docx_holds_the_text_in_order(reports: list[SimulatedReport], tmp_path: Path) -> None:
    report = next(r for r in reports if r.kind == "office note")
    document = Document(str(write(report, tmp_path, "docx")))
    words = squeezed("".join(p.text for p in document.paragraphs))
    assert squeezed(report.truth.summary) in words


def test_messages_carry_identity_and_status(reports: list[SimulatedReport], tmp_path: Path) -> None:
    for report in (next(r for r in reports if r.signed), next(r for r in reports if not r.signed)):
        hl7 = write(report, tmp_path, "hl7").read_bytes().decode().split("\r")
        order = next(s for s in hl7 if s.startswith("OBR")).split("|")
        assert order[25] == ("F" if report.signed else "P")
        assert hl7[0].startswith("MSH|^~\\&|SIM|")
        assert hl7[0].split("|")[8] == "ORU^R01^ORU_R01"
        assert (report.identity.mrn or "") in next(s for s in hl7 if s.startswith("PID"))
        bundle = json.loads(write(report, tmp_path, "fhir").read_text("utf-8"))
        diagnostic = next(
            e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"
        )
        assert diagnostic["status"] == ("final" if report.signed else "preliminary")
        ccda = write(report, tmp_path, "ccda").read_text("utf-8")
        assert ("legalAuthenticator" in ccda) is report.signed


def test_laboratory_messages_send_each_result_with_its_range_and_flag(
    reports: list[SimulatedReport], tmp_path: Path
) -> None:
    report = next(
        r for r in reports if r.kind == "laboratory" and any(m.flag == "H" for m in r.truth.measurements)
    )
    hl7 = write(report, tmp_path, "hl7").read_bytes().decode().split("\r")
    values = [s.split("|") for s in hl7 if s.startswith("OBX") and s.split("|")[2] == "NM"]
    told = [m for m in report.truth.measurements if m.section == "laboratory"]
    assert [v[5] for v in values] == [m.value_text for m in told]
    assert any(v[8] == "H" for v in values)


def test_an_unknown_format_is_refused(reports: list[SimulatedReport], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no format"):
        write(reports[0], tmp_path, "doc")  # type: ignore[arg-type]


def test_damaged_pages_differ_and_are_the_same_each_time(
    reports: list[SimulatedReport], tmp_path: Path
) -> None:
    pages = {damage: write_pages(reports[0], tmp_path, damage, dpi=60)[0].read_bytes() for damage in DAMAGES}
    assert len(set(pages.values())) == len(DAMAGES)
    assert write_pages(reports[0], tmp_path, "shadow", dpi=60)[0].read_bytes() == pages["shadow"]
    fax = damaged(Image.new("L", (200, 200), 255), "fax", random.Random(1))
    assert fax.mode == "1"


def test_a_scanned_pdf_has_no_text_layer(reports: list[SimulatedReport], tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument(write_scanned_pdf(reports[0], tmp_path, "noise", dpi=60))
    assert all(not page.get_textpage().get_text_range().strip() for page in document)
    document.close()


def test_the_command_writes_files_and_truth(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    arguments = ["--seed", "4", "--reports", "6", "--out", str(tmp_path / "out"), "--format", "txt,pdf"]
    assert main([*arguments, "--truth", str(truth)]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 12
    rows = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    for row in rows:
        for m in row["truth"]["measurements"]:
            assert m["value_text"] in row["text"][m["start"] : m["end"]]
