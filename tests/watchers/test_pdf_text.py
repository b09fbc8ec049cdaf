"""The text layer of PDF pages: rows, cells, columns and exponents from where the characters stand."""

import re
from collections.abc import Iterator

import pytest
from fpdf import FPDF

from clinical.report import ExtractedReport, ReportFile
from clinical.structure.build import build_structure
from watchers.extract.extract import extract
from watchers.extract.options import ExtractOptions

PROSE = (
    "The liver is normal in size and there is no focal lesion. The spleen measures 9.4 cm and the kidneys are "
    "unremarkable. No free fluid is seen in the abdomen or in the pelvis on any of the images that were taken."
)


@pytest.fixture
def pdf() -> FPDF:
    made = FPDF(unit="pt", format="letter")
    made.add_page()
    made.set_font("Helvetica", size=10)
    return made


def read(pdf: FPDF) -> ExtractedReport:
    return extract(ReportFile("a.pdf", bytes(pdf.output())), ExtractOptions(ocr=False))[0]


def test_a_table_drawn_column_by_column_keeps_its_rows(pdf: FPDF) -> None:
    rows = [
        ("Test", "Result", "Flag", "Reference", "Units"), ("Sodium", "141", "", "135-145", "mmol/L"),
        ("Base excess", "-3.1", "L", "-2.0 - 2.0", "mmol/L"),
        ("White cells", "4.2", "", "4.0-11.0", "10^9/L"),
    ]  # fmt: skip
    for column, x in enumerate((60, 200, 260, 310, 420)):
        for number, row in enumerate(rows):
            pdf.text(x, 170 + 16 * number, row[column])
    pdf.text(60, 260, "Comment: all values were checked twice by the laboratory.")
    text = read(pdf).text
    lines = [re.split(r" {3,}", line) for line in text.splitlines() if line]
    assert lines[:4] == [[cell for cell in row if cell] for row in rows]
    # An empty cell stays empty: the columns stand under each other.
    units = [line.index(row[4]) for line, row in zip(text.splitlines(), rows, strict=False)]
    assert max(units) - min(units) <= 1
    found = {m.name: (m.value, m.low, m.high, m.flag) for m in build_structure(text).measurements}
    assert found["sodium"] == (141.0, 135.0, 145.0, "N")
    assert found["base excess"] == (-3.1, -2.0, 2.0, "L")


def test_a_header_of_two_columns_gives_its_fields(pdf: FPDF) -> None:
    pairs = [("Patient:", "SANDOVAL, MARCUS A"), ("DOB:", "02/11/1966"), ("MRN:", "55-1120-9")]
    others = [("Collected:", "01/05/2024 08:10"), ("Ordering:", "P. Lim, MD"), ("Accession:", "L24-00911")]
    for x, found in ((60, pairs), (340, others)):
        for number, (label, value) in enumerate(found):
            pdf.text(x, 100 + 14 * number, label)
            pdf.text(x + 60, 100 + 14 * number, value)
    pdf.text(60, 170, "FINDINGS: The lungs are clear and the heart is of normal size.")
    report = read(pdf)
    person = report.identity
    assert (person.name, person.birth_date, person.mrn) == ("MARCUS A SANDOVAL", "1966-02-11", "55-1120-9")
    assert (person.accession, report.observed_at) == ("L24-00911", "2024-01-05T08:10")


def test_two_justified_columns_are_read_one_after_the_other_below_their_header(pdf: FPDF) -> None:
    pdf.text(60, 50, "Name: Ida Brandt")
    pdf.text(300, 50, "DOB: 3/3/1950")
    for x, word in ((60, "LEFT"), (320, "RIGHT")):
        pdf.set_xy(x, 80)
        pdf.cell(230, 14, word)
        pdf.set_xy(x, 96)
        pdf.multi_cell(230, 13, PROSE, align="J")
    text = read(pdf).text
    assert text.startswith("Name: Ida Brandt   DOB: 3/3/1950\n")
    left, right = text.index("LEFT"), text.index("RIGHT")
    assert " ".join(text[left + 4 : right].split()) == PROSE == " ".join(text[right + 5 :].split())


def test_several_blanks_stay_a_gap(pdf: FPDF) -> None:
    pdf.set_font("Courier", size=9)
    pdf.text(60, 60, "BOOTH, MYRTLE  76-year-old f  b. June 16, 1946")
    pdf.text(60, 72, "MRN 83892494   CT CHEST WITH CONTRAST October 30, 2022")
    person = read(pdf).identity
    assert (person.name, person.mrn, person.birth_date) == ("MYRTLE BOOTH", "83892494", "1946-06-16")


def test_exponents_stay_apart_from_their_base(pdf: FPDF) -> None:
    def line(y: float, parts: Iterator[tuple[str, bool]]) -> None:
        x = 60.0
        for text, raised in parts:
            pdf.set_font("Helvetica", size=6 if raised else 10)
            pdf.text(x, y - 4 if raised else y, text)
            x += pdf.get_string_width(text)

    line(60, iter([("White cells 4.2 x 10", False), ("9", True), ("/L and 1.73 m", False), ("2", True)]))
    pdf.set_font("Helvetica", size=10)
    pdf.text(60, 80, "No abnormal cells were seen on the smear.")
    assert "4.2 x 10^9/L and 1.73 m²" in read(pdf).text


def test_text_along_the_margin_does_not_cut_up_the_page(pdf: FPDF) -> None:
    for number in range(12):
        pdf.text(60, 60 + 14 * number, f"Line {number} of the report stands where it stood.")
    with pdf.rotation(90, x=30, y=200):
        pdf.text(30, 200, "CONFIDENTIAL COPY")
    lines = read(pdf).text.splitlines()
    assert lines[:12] == [f"Line {number} of the report stands where it stood." for number in range(12)]
    assert lines[-1] == "CONFIDENTIAL COPY"
