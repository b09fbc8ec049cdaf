"""The page stands alone, says what the gate said, and escapes what is put in."""

import re

from tests.trainer.test_gate import CHAMPION, CLEAN, EXTRACT, speaker
from trainer.gate import decide
from trainer.page import evaluation_page


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
