"""Training lowers the loss, goes on exactly after a kill, and says what is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from clinical.errors import TrainingError
from tests.trainer.conftest import SECRET
from trainer.basemodel import BaseModel, load_tokenizer
from trainer.dataset import Dataset, freeze
from trainer.example import Example
from trainer.finetune import Adapter, Progress, finetune
from trainer.recipe import Recipe
from trainer.tokens import render, tokenize

RECIPE = Recipe(
    rank=4,
    learning_rate=5e-3,
    epochs=2,
    accumulate=1,
    row_tokens=2048,
    max_length=2048,
    checkpoint_steps=2,
    threads=1,
)


@pytest.fixture(scope="session")
def dataset(examples: Sequence[Example]) -> Dataset:
    return freeze(examples, SECRET)


def weights(adapter: Adapter) -> dict[str, torch.Tensor]:
    return load_file(adapter.path / "adapter_model.safetensors")


def test_training_lowers_loss_and_tells_its_progress(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    told: list[Progress] = []
    adapter = finetune(dataset, tiny_base, RECIPE, tmp_path / "run", told.append)
    assert adapter.losses[-1][1] < adapter.losses[0][1] - 0.3
    assert adapter.validation_losses[-1][1] < adapter.validation_losses[0][1]
    assert told[-1].step == told[-1].steps and told[-1].seconds_left == pytest.approx(0, abs=1)
    assert adapter.figures["computed_tokens"] < adapter.figures["example_tokens"]
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"]


def test_the_same_seed_gives_the_same_adapter(dataset: Dataset, tiny_base: BaseModel, tmp_path: Path) -> None:
    short = replace(RECIPE, max_steps=3, report_to="none")
    one = weights(finetune(dataset, tiny_base, short, tmp_path / "one"))
    two = weights(finetune(dataset, tiny_base, short, tmp_path / "two"))
    other = weights(finetune(dataset, tiny_base, replace(short, seed=1), tmp_path / "three"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_killed_run_goes_on_to_the_very_same_adapter(
    examples: Sequence[Example], dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, max_steps=8, report_to="none")
    whole = weights(finetune(dataset, tiny_base, recipe, tmp_path / "whole"))
    script = (
        "from pathlib import Path; from tests.trainer.conftest import radiograph, SECRET\n"
        "from trainer.basemodel import check_base; from trainer.dataset import freeze\n"
        "from trainer.finetune import finetune; from trainer.pairs import build_pairs\n"
        "from tests.trainer.test_finetune import RECIPE; from dataclasses import replace; import time\n"
        "data = freeze(build_pairs([radiograph(n) for n in range(60)]), SECRET)\n"
        f"base = check_base(Path({str(tiny_base.path)!r}), 'tiny-llama')\n"
        "def slowly(p):\n    print(p.step, flush=True); time.sleep(0.3)\n"
        f"where = Path({str(tmp_path / 'killed')!r})\n"
        "finetune(data, base, replace(RECIPE, max_steps=8, report_to='none'), where, slowly)"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    for line in run.stdout:
        if int(line) >= 5:
            os.kill(run.pid, signal.SIGKILL)
            break
    run.wait()
    assert not (tmp_path / "killed" / "adapter").exists()
    told: list[Progress] = []
    resumed = finetune(dataset, tiny_base, recipe, tmp_path / "killed", told.append)
    assert told[0].step > 1, "it began anew"
    assert all(torch.equal(whole[name], value) for name, value in weights(resumed).items())


def test_a_run_of_another_recipe_is_not_gone_on_with(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    short = replace(RECIPE, max_steps=4, report_to="none")
    finetune(dataset, tiny_base, short, tmp_path)
    told: list[Progress] = []
    finetune(dataset, tiny_base, replace(short, rank=2), tmp_path, told.append)
    assert told[0].step == 1


def test_only_the_top_layers_are_trained_where_asked(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    names = weights(finetune(dataset, tiny_base, replace(RECIPE, max_steps=1, top_layers=1), tmp_path))
    assert all(".layers.1." in name for name in names)


def test_qlora_trains_on_four_bit_weights(dataset: Dataset, tiny_base: BaseModel, tmp_path: Path) -> None:
    recipe = replace(RECIPE, method="qlora", max_steps=6, report_to="none")
    adapter = finetune(dataset, tiny_base, recipe, tmp_path)
    assert adapter.losses[-1][1] < adapter.losses[0][1]


def test_nothing_to_train_on_is_said(tiny_base: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to train on"):
        finetune(Dataset((), (), (), {}, "none"), tiny_base, RECIPE, tmp_path)


def test_examples_longer_than_the_limit_are_counted_or_refused(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    lengths = sorted(map(len, tokenize(dataset.train, load_tokenizer(tiny_base), 10_000).examples))
    half = tokenize(dataset.train, load_tokenizer(tiny_base), lengths[len(lengths) // 2])
    assert 0 < half.too_long < len(lengths) and len(half.examples) + half.too_long == len(lengths)
    with pytest.raises(TrainingError, match=r"longer than training\.max_length"):
        finetune(dataset, tiny_base, replace(RECIPE, max_length=8), tmp_path)


def test_a_loss_that_is_no_number_stops_the_run(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="not a number"):
        finetune(dataset, tiny_base, replace(RECIPE, learning_rate=1e30, max_steps=20), tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_a_time_limit_ends_a_run_in_good_order(
    dataset: Dataset, tiny_base: BaseModel, tmp_path: Path
) -> None:
    began = time.monotonic()
    adapter = finetune(dataset, tiny_base, replace(RECIPE, max_minutes=0.02, epochs=500), tmp_path)
    assert time.monotonic() - began < 60
    assert (adapter.path / "adapter_model.safetensors").is_file()


def test_a_template_without_a_system_turn_gets_the_system_text_in_front(tiny_base: BaseModel) -> None:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        + tokenizer.chat_template
    )
    messages = [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Report."}]
    prompt, rest = render(tokenizer, messages, "Reply.")
    assert "Rules.\nReport." in prompt and prompt.endswith("assistant\n")
    assert rest == "Reply.<|im_end|>"
