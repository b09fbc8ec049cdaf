"""The search picks what validation patients are best served by, and says where nothing can be compared."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clinical.errors import TrainingError
from tests.trainer.conftest import SECRET
from tests.trainer.test_finetune import RECIPE
from trainer.basemodel import BaseModel
from trainer.dataset import freeze
from trainer.example import Example
from trainer.search import search


def test_a_rate_that_teaches_beats_one_that_does_not_and_one_that_breaks(
    examples: Sequence[Example], tiny_base: BaseModel, tmp_path: Path
) -> None:
    said: list[str] = []
    trials = search(
        freeze(examples, SECRET),
        tiny_base,
        RECIPE,
        tmp_path,
        rates=(1e-6, 1e-2, 1e30),
        ranks=(4,),
        steps=5,
        progress=said.append,
    )
    assert [trial.learning_rate for trial in trials] == [1e-2, 1e-6, 1e30]
    assert trials[0].loss < trials[1].loss - 0.1 and math.isinf(trials[2].loss)
    assert len(said) == 3 and not list(tmp_path.iterdir())


def test_without_validation_patients_nothing_is_searched(
    examples: Sequence[Example], tiny_base: BaseModel, tmp_path: Path
) -> None:
    data = replace(freeze(examples, SECRET), validation=())
    with pytest.raises(TrainingError, match="validation"):
        search(data, tiny_base, RECIPE, tmp_path)
