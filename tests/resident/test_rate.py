"""``resident rate`` on a release: a form that a physician fills, and the marks in the evaluation."""

import json
from pathlib import Path

import pytest

from clinical.errors import Refused
from practice.ratings import RatingBook
from practice.releases import Lineage, Releases
from practice.settings import Physician
from resident import rate
from resident.setup import make_practice, open_practice
from tests.trainer.test_gate import CHAMPION, CLEAN, EXTRACT, speaker
from trainer.gate import decide


def test_marks_of_a_physician_are_drawn_and_nobody_elses_are_taken(tmp_path: Path) -> None:
    make_practice(tmp_path / "home", "embedded", (Physician("Anna Weber"),), tmp_path / "key")
    with open_practice((tmp_path / "home").resolve()) as practice:
        releases = Releases(practice.home)
        folder = releases.create_dir()
        (folder / "model.gguf").write_bytes(b"GGUF")
        new = speaker("challenger", 0.55, seed=4)
        release = releases.publish(
            folder,
            gguf="model.gguf",
            base="base",
            quantization="Q8_0",
            scores={
                "speakers": [each.record() for each in (EXTRACT, new)],
                "memory": CLEAN.record(),
                "export": {"parity": {"same_first": 1.0, "places": 9, "tokens_equal": 6, "probes": 6}},
                "losses": [[1, 2.0], [2, 1.0]],
            },
            lineage=Lineage(),
            prompt_hash="0",
            decision=decide(new, EXTRACT, CHAMPION, memory=CLEAN).record(),
        )
        keys = [{"number": 0, "report": "r1", "patient": "p1", "task": "summarize", "report_type": "ct"}]
        letters = {"A": ["challenger"], "B": ["extract"]}
        form = RatingBook(practice.store).open(release.id, [keys[0] | {"letters": letters}])
        text = release.folder / f"rating-{form}.html"
        text.write_text("a form with the text of a report")
        saved = tmp_path / "marks.json"
        saved.write_text(json.dumps({"form": form, "marks": {"0/A/usable": 5, "0/B/usable": 2}}))
        with pytest.raises(Refused, match="physician"):
            rate.take(practice, saved, "Mallory")
        said = rate.take(practice, saved, "Anna Weber")
        page = (release.folder / rate.RATED).read_text()
        assert str(release.folder / rate.RATED) in said
        assert "What physicians said" in page and "5.00" in page and "2.00" in page
        assert releases.load(release.id).id == release.id, "the release's own files were touched"
        releases.mark_forgotten(["r-any"])
        assert not text.exists(), "a form with a forgotten report's text stays"
