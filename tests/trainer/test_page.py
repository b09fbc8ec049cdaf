"""The page stands alone, says what the gate said, and escapes what is put in."""

import re
from dataclasses import replace

from tests.trainer.test_gate import CHAMPION, CLEAN, EXTRACT, speaker
from trainer.gate import decide
from trainer.page import evaluation_page
from trainer.scores import ScoreRow, Scores


def test_the_page_shows_every_speaker_and_the_decision_and_loads_nothing_from_outside() -> None:
    new = speaker("challenger", 0.55, seed=4)
    decision = decide(new, EXTRACT, CHAMPION, memory=CLEAN)
    page = evaluation_page(
        "m-<1>",
        [each.record() for each in (EXTRACT, CHAMPION, new)],
        decision.record(),
        losses=[(1, 2.0), (2, 1.0)],
        memory=CLEAN.record(),
    )
    assert "m-&lt;1&gt;" in page and "m-<1>" not in page
    for text in ("extract mode", "champion", "this model", "Promoted", "summarize", "ecg (15 patients)"):
        assert text in page
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page) and "<script" not in page


def test_what_physicians_said_stands_beside_what_was_measured_and_few_patients_are_no_row() -> None:
    asked = Scores("extract", (ScoreRow("0/0", "p1", "summarize", "ct", {"true": (4.0, 1.0)}),))
    few = replace(
        EXTRACT, rows=tuple(row for row in EXTRACT.rows if row.patient in ("p0", "p1", "p2", "p3", "p4"))
    )
    decision = decide(speaker("challenger", 0.55, seed=4), EXTRACT, CHAMPION, memory=CLEAN).record()
    page = evaluation_page("m-1", [few.record()], decision, ratings=[asked.record()])
    assert "What physicians said" in page and "4.00" in page
    assert "ecg (3 patients)" in page and "ct (2 patients)" not in page
    assert "What physicians said" not in evaluation_page("m-1", [few.record()], decision)


def test_the_best_of_a_column_is_marked() -> None:
    new = speaker("challenger", 0.55, seed=4)
    decision = decide(new, EXTRACT, CHAMPION, memory=CLEAN).record()
    page = evaluation_page("m-1", [EXTRACT.record(), new.record()], decision)
    marked = re.findall(r'<td class="best">([\d.]+)<', page)
    assert marked and float(marked[0]) == round(new.of("ask").value("quality") or 0, 2)
