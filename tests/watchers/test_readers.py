"""Every format gives its reports, by content and not by name."""
# ruff: noqa: E501

import io
import json
import zipfile
from email.message import EmailMessage

import numpy as np
import openpyxl
import pytest
from docx import Document
from docx.oxml import parse_xml
from PIL import Image, ImageDraw, ImageFont

from clinical.errors import ExtractionError
from clinical.report import ExtractedReport, ReportFile
from watchers.extract.extract import extract
from watchers.extract.media import sniff
from watchers.extract.options import ExtractOptions


def read(content: bytes, name: str = "file", **options: int) -> tuple[ExtractedReport, ...]:
    return extract(ReportFile(name, content), ExtractOptions(**options))  # type: ignore[arg-type]


def check(report: ExtractedReport) -> None:
    person = report.identity
    assert (person.mrn, person.name, person.birth_date, person.sex) == (
        "778812",
        "Ana Rivera",
        "1962-03-14",
        "F",
    )
    assert "No acute disease." in report.text
    assert (report.signed, report.status) == (True, "final")
    assert (report.signed_by or "").startswith("Lena Okafor")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_text_in_any_encoding(report_text: str, encoding: str) -> None:
    (report,) = read((report_text + "\nTemperature 37.2 °C, größer").encode(encoding), "r.txt")
    check(report)
    assert "37.2 °C, größer" in report.text
    assert report.observed_at == "2024-03-05"
    assert report.report_type == "chest x-ray"


def test_pdf_with_a_text_layer_under_a_false_name(signed_pdf: bytes) -> None:
    (report,) = read(signed_pdf, "scan.txt")
    check(report)
    assert [page.source for page in report.pages] == ["text"]


def test_rtf(report_text: str) -> None:
    body = report_text.replace("\n", "\\par\n")
    (report,) = read(("{\\rtf1\\ansi\\ansicpg1252 {\\b " + body + "} \\'b5g/L \\u8805? 3}").encode("ascii"))
    check(report)
    assert "µg/L ≥ 3" in report.text


def test_docx_with_header_table_and_text_box(report_text: str) -> None:
    document = Document()
    document.sections[0].header.paragraphs[
        0
    ].text = "Patient: Rivera, Ana | MRN: 778812 | DOB: 03/14/1962 | Sex: F"
    for line in report_text.split("\n")[1:]:
        document.add_paragraph(line)
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Potassium", "5.9", "mmol/L"), strict=True):
        cell.text = text
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    box = f'<w:p xmlns:w="{w}"><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>ADDRESSED TO FILE</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>'
    document.element.body.insert(2, parse_xml(box))
    stream = io.BytesIO()
    document.save(stream)
    (report,) = read(stream.getvalue())
    check(report)
    assert "Potassium  5.9  mmol/L" in report.text
    assert report.text.count("ADDRESSED TO FILE") == 1


def test_html(report_text: str) -> None:
    lines = "".join(f"<p>{line}</p>" for line in report_text.split("\n"))
    (report,) = read(
        f"<html><head><style>p {{}}</style><script>x()</script></head><body>{lines}</body></html>".encode()
    )
    check(report)
    assert "x()" not in report.text


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_table_holds_one_report_a_row(mark: str) -> None:
    head = mark.join(["MRN", "Patient Name", "DOB", "Sex", "Report_Text", "Signed By", "Exam Date"])
    row = mark.join(
        [
            "{}",
            '"Rivera, Ana"',
            "03/14/1962",
            "F",
            '"FINDINGS: Clear.\nNo acute disease."',
            '"Lena Okafor, MD"',
            "3/5/2024",
        ]
    )
    first, second = read("\n".join([head, row.format(778812), row.format(99)]).encode(), "r.csv")
    check(first)
    assert second.identity.mrn == "99"
    assert first.observed_at == "2024-03-05"


def test_rows_of_single_results_become_panels() -> None:
    text = "MRN,Test,Result,Units,Reference Range,Flag,Collected\n1,Potassium,5.9,mmol/L,3.5-5.1,H,2024-03-05\n1,Sodium,140,mmol/L,135-145,,2024-03-05\n2,Sodium,141,mmol/L,135-145,,2024-03-05\n"
    first, second = read(text.encode(), "labs.csv")
    assert "Potassium: 5.9 mmol/L (3.5-5.1) H\nSodium: 140 mmol/L (135-145)" in first.text
    assert (first.report_type, second.identity.mrn) == ("laboratory", "2")


def test_xlsx() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Patient ID", "Name", "Date of Birth", "Gender", "Note", "Signed by"])
    sheet.append(
        [
            778812,
            "Rivera, Ana",
            "1962-03-14",
            "female",
            "FINDINGS: Clear. No acute disease.",
            "Lena Okafor, MD",
        ]
    )
    stream = io.BytesIO()
    book.save(stream)
    (report,) = read(stream.getvalue())
    check(report)


def test_json_and_json_lines(report_text: str) -> None:
    value = {"patient": {"mrn": "778812", "name": "Ana Rivera"}, "text": report_text}
    (one,) = read(json.dumps({"reports": [value]}).encode())
    assert one.identity.mrn == "778812"
    lines = (
        "\n".join(json.dumps({"mrn": str(i), "report_text": report_text}) for i in range(3)) + "\nnot json\n"
    )
    three = read(lines.encode())
    assert [r.identity.mrn for r in three] == ["0", "1", "2"]
    assert three[0].warnings == ("1 lines of the file are no objects and were not read",)


def test_mail_with_attachments(signed_pdf: bytes, report_text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Date"] = (
        "a@b.example",
        "c@d.example",
        "Report",
        "Tue, 05 Mar 2024 10:00:00 +0000",
    )
    mail.set_content("See attached.")
    mail.add_attachment(
        signed_pdf, maintype="application", subtype="octet-stream", filename="../../x\u202e.pdf"
    )
    mail.add_attachment(report_text.encode(), maintype="text", subtype="plain", filename="b.txt")
    first, second = read(mail.as_bytes())
    check(first)
    check(second)
    assert first.media_type == "application/pdf"


def test_zip_of_several_formats(signed_pdf: bytes, report_text: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/a.pdf", signed_pdf)
        archive.writestr("b.txt", report_text)
        archive.writestr("c.bin", bytes(range(256)))
        archive.writestr("__MACOSX/b.txt", "junk")
    first, second = read(stream.getvalue())
    check(first)
    check(second)
    assert first.warnings == ("1 of 3 files of the archive could not be read (binary)",)


def drawn(text: str, size: int = 30) -> Image.Image:
    """A page image of a text."""
    image = Image.new("L", (1300, 60 + 46 * len(text.split("\n"))), 255)
    ImageDraw.Draw(image).multiline_text(
        (40, 30), text, fill=0, font=ImageFont.truetype("DejaVuSans.ttf", size), spacing=14
    )
    return image


def test_tiff_with_pages_turned_differently(report_text: str) -> None:
    half = report_text.split("\n")
    pages = [drawn("\n".join(half[:5])), drawn("\n".join(half[5:])).rotate(90, expand=True)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    (report,) = read(stream.getvalue(), "fax.pdf", threads=1)
    check(report)
    assert [page.source for page in report.pages] == ["ocr", "ocr"]
    assert all((page.confidence or 0) > 0.9 for page in report.pages)
    assert report.media_type == "image/tiff"


def test_a_scan_in_a_pdf_is_read_and_a_bad_layer_distrusted(report_text: str) -> None:
    stream = io.BytesIO()
    drawn(report_text).convert("RGB").save(stream, "PDF", resolution=150)
    (report,) = read(stream.getvalue(), threads=1)
    check(report)
    assert report.pages[0].source == "ocr"


def test_noise_is_an_unread_page_and_nothing_is_made_up() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (700, 600), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    (report,) = read(stream.getvalue(), threads=1)
    assert [page.source for page in report.pages] == ["unread"]
    assert not report.signed


def test_without_ocr_a_scan_is_unread_and_says_so() -> None:
    stream = io.BytesIO()
    drawn("CHEST X-RAY").save(stream, "PNG")
    (report,) = extract(ReportFile("a.png", stream.getvalue()), ExtractOptions(ocr=False))
    assert report.pages[0].source == "unread"
    assert report.warnings == ("page 1 could not be read",)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"), (b"\x00\x00%PDF-1.4", "application/pdf"), (b"{\\rtf1 x}", "application/rtf"), (b"MSH|^~\\&|", "x-application/hl7-v2+er7"),
        (b"\x0bMSH|^~\\&|A", "x-application/hl7-v2+er7"), (b'{"resourceType": "Bundle"}', "application/fhir+json"), (b'[{"a": 1}]', "application/json"),
        (b"<?xml version='1.0'?><ClinicalDocument/>", "application/cda+xml"), (b"BMI is 31.", "text/plain"), (b"MZ was seen.", "text/plain"),
        (b"PK was not measured", "text/plain"), (b"[DRAFT] note", "text/plain"), (b"{see note}", "text/plain"), (b"Dear Dr: x\nFrom: y\nDate: z", "text/plain"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole"), (b"<b>bold</b> text", "application/xml"),
    ],
)  # fmt: skip
def test_types_are_told_by_content(content: bytes, kind: str) -> None:
    assert sniff(content, "x.dat") == kind


def test_types_without_a_reader_are_refused_with_what_to_do() -> None:
    with pytest.raises(ExtractionError) as caught:
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc")
    assert caught.value.reason == "unsupported"
    assert ".docx" in caught.value.remedy
