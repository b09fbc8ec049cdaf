"""Files that several tests of intake read."""

import io

import pytest
from fpdf import FPDF

REPORT = """Patient: Rivera, Ana | MRN: 778812 | DOB: 03/14/1962 | Sex: F
Exam date: 03/05/2024

CHEST X-RAY
FINDINGS: The lungs are clear. Heart size is 12.5 cm.
IMPRESSION: No acute disease.

Electronically signed by: Lena Okafor, MD on 03/05/2024 10:15"""


def make_pdf(text: str, *, password: str | None = None, pages: int = 1) -> bytes:
    """A PDF with a text layer."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for _ in range(pages):
        pdf.add_page()
        pdf.multi_cell(0, 6, text)
    if password:
        pdf.set_encryption(owner_password=password + "o", user_password=password)
    stream = io.BytesIO()
    pdf.output(stream)
    return stream.getvalue()


@pytest.fixture
def report_text() -> str:
    """A signed report with a header."""
    return REPORT


@pytest.fixture
def signed_pdf() -> bytes:
    """The same as a PDF with a text layer."""
    return make_pdf(REPORT)
