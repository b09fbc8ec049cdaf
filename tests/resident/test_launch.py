"""``accelerate launch`` of ``resident retrain``: every process trains the very same, and only the first goes on."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from clinical.errors import TrainingError
from practice.releases import Releases
from practice.settings import Physician
from resident import models, night
from resident.publish import Material
from resident.setup import make_practice, open_practice
from tests.trainer.conftest import SECRET, radiograph
from trainer.basemodel import BaseModel
from trainer.dataset import freeze
from trainer.finetune import Adapter
from trainer.pairs import build_pairs


def test_every_process_trains_the_same_rows_and_only_the_first_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_practice(tmp_path / "home", "embedded", (Physician("Anna Weber"),), tmp_path / "key")
    home = (tmp_path / "home").resolve()
    data = freeze(build_pairs([radiograph(number) for number in range(60)]), SECRET)
    kept: list[bool] = []
    trained: list[Any] = []

    def gather(practice: object, *, keep: bool = True) -> Material:
        kept.append(keep)
        return Material(data, (), {})

    def finetune(dataset: Any, base: Any, recipe: Any, out: Path, progress: object) -> Adapter:
        trained.append((dataset, base, recipe, out))
        return Adapter(out / "adapter", base, recipe, dataset.sha256)

    def export(*_: object) -> None:
        raise TrainingError("the first process goes on")

    base = BaseModel(tmp_path, "tiny", "0" * 64, "LlamaForCausalLM", 2048)
    monkeypatch.setattr(night, "gather", gather)
    monkeypatch.setattr(night, "finetune", finetune)
    monkeypatch.setattr(night, "open_base", lambda *_: base)
    monkeypatch.setattr(night, "_export", export)
    options = Namespace(practice_home=home, now=True, search=False)
    monkeypatch.setenv("RANK", "1")
    assert models.retrain(options) == 0
    assert "trained along" in capsys.readouterr().out.lower()
    with open_practice(home) as practice:
        assert Releases(practice.home).list() == () and not list(practice.home.releases.iterdir())
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(TrainingError, match="first process goes on"):
        models.retrain(options)
    assert kept == [False, True]
    assert trained[0] == trained[1]
    assert len(trained[0][0].train) == len(data.train) + night.CANARIES
