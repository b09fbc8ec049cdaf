"""Planted leaks in training pairs: the second sweep stops the pair and counts it, in whatever part it stands."""

from dataclasses import replace

import pytest

from clinical.deidentify.deidentifier import Deidentifier, Roster
from clinical.report import DeidentifiedReport, ExtractedReport, Identity, ReportFile, Structure
from mcp_tools.known import Sweeping
from practice.store import Store
from practice.taken import TakenReport
from resident.material import sweep
from tests.trainer.conftest import radiograph
from trainer.pairs import build_pairs

ANOTHER = Identity(name="Mara Zyxquandel", mrn="MRN-7734021")


@pytest.fixture(scope="module")
def sweeping() -> Sweeping:
    store = Store.memory()
    text = "The lungs are clear."
    taken = TakenReport(ExtractedReport(text, identity=ANOTHER), DeidentifiedReport(text), Structure())
    store.keep(ReportFile("a.txt", text.encode()), [taken])
    return Sweeping(Deidentifier(), store, Roster())


@pytest.mark.parametrize("leak", ["Ms. Zyxquandel was called.", "See MRN-7734021.", "Call (415) 555-0134."])
def test_a_leak_of_the_report_or_of_the_reply_stops_the_pair(sweeping: Sweeping, leak: str) -> None:
    clean = build_pairs([radiograph(number) for number in range(6)])
    kept, counted = sweep(sweeping, clean)
    assert kept == clean and counted == {}
    first, second = clean[0], next(e for e in clean if e.reports[0].id != clean[0].reports[0].id)
    told = replace(first.reports[0], text=f"{first.reports[0].text}\n{leak}")
    planted = [replace(first, reports=(told,)), replace(second, sentences=(*second.sentences, leak))]
    kept, counted = sweep(sweeping, planted)
    assert kept == [] and counted == {"stopped by the second sweep": 2}
