"""Files that several tests of intake read."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF

from bench.intake_soak import QuickDeidentifier, settings_for
from practice.home import Home
from practice.keys import Keys
from practice.store import Store
from watchers.folder import Watch
from watchers.settle import Settler

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


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A practice home with nothing in it."""
    return Home.create(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    """Its store."""
    opened = Store.open(home, Keys.random())
    yield opened
    opened.close()


@pytest.fixture
def watched(home: Home, store: Store) -> Watch:
    """A watch over the home's folder, extracting in this process, on a clock that steps a second a look."""
    ticks = itertools.count()
    return Watch(
        settings_for(home),
        store,
        QuickDeidentifier(),
        clock=lambda: float(next(ticks)),
        settler=Settler(quiet=1.0),
    )
