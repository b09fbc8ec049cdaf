"""A held report is looked at: one key a doubtful stretch, then it goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinical.report import DeidentifiedReport, ExtractedReport, ReportFile, Span
from clinical.structure.build import build_structure
from practice.settings import Physician
from practice.taken import IDENTIFIERS, TakenReport
from resident.review import around, review
from resident.setup import Practice, make_practice, open_practice

TEXT = "FINDINGS: Seen with Juniper today. Hodgkin lymphoma in remission."


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    make_practice(tmp_path / "home", "embedded", (Physician("Anna Weber"),), tmp_path / "key")
    with open_practice(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def held(practice: Practice) -> str:
    doubts = tuple(
        Span(TEXT.index(w), TEXT.index(w) + len(w), "NAME", "[NAME]", 0.4) for w in ("Juniper", "Hodgkin")
    )
    clean = DeidentifiedReport(TEXT, held=True, doubts=doubts)
    extracted = ExtractedReport(TEXT, status="final", signed=True, signed_by="Anna Weber")
    taken = TakenReport(extracted, clean, build_structure(TEXT), author="Anna Weber")
    return practice.store.keep(ReportFile("a.txt", TEXT.encode()), [taken])[0]


def test_what_is_called_an_identifier_goes_and_what_is_not_stays(practice: Practice, held: str) -> None:
    assert practice.store.status_of(held).reasons == (IDENTIFIERS,)
    keys = iter("yn")
    assert review(practice, held, lambda: next(keys), lambda line: None)
    report = practice.store.report(held)
    assert report.text == "FINDINGS: Seen with [NAME] today. Hodgkin lymphoma in remission."
    assert practice.store.status_of(held).trainable
    assert practice.store.find("hodgkin") and not practice.store.find("juniper")


def test_a_person_who_stops_leaves_the_report_as_it_was(practice: Practice, held: str) -> None:
    keys = iter("yxq")
    assert not review(practice, held, lambda: next(keys), lambda line: None)
    assert practice.store.report(held).text == TEXT
    assert practice.store.status_of(held).reasons == (IDENTIFIERS,)


def test_the_doubtful_words_are_shown_with_those_around_them() -> None:
    line = around(TEXT, Span(20, 27, "NAME"))
    assert "⟦Juniper|NAME⟧" in line and "lymphoma" in line
