"""Preferences after the tuning: off unless the settings ask, on training patients only, and said where left out."""

from pathlib import Path

import pytest

from resident.preferring import AT_LEAST, prefer, preferences_of
from resident.publish import Material
from tests.trainer.conftest import SECRET, radiograph
from tests.trainer.tiny import tiny_llama
from trainer.dataset import freeze
from trainer.finetune import Adapter, finetune
from trainer.pairs import Correction, build_pairs
from trainer.recipe import Recipe

RECIPE = Recipe(
    rank=4,
    learning_rate=1e-3,
    max_steps=1,
    accumulate=1,
    row_tokens=1800,
    max_length=1800,
    report_to="none",
    threads=1,
)


def material(count: int) -> Material:
    """A dataset with ``count`` corrected summaries among its reports."""
    reports = [radiograph(number) for number in range(40)]
    corrections = tuple(
        Correction((report,), "summarize", "The spleen measures 99 cm.", "The heart is enlarged.")
        for report in reports[:count]
    )
    return Material(freeze(build_pairs(reports, corrections), SECRET), (), {}, corrections)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    base = tiny_llama(tmp_path_factory.mktemp("tiny") / "base")
    return finetune(material(20).dataset, base, RECIPE, tmp_path_factory.mktemp("sft"))


def test_only_patients_who_train_are_preferred_on() -> None:
    made = material(40)
    training = {example.patient for example in made.dataset.train}
    preferences = preferences_of(made)
    assert AT_LEAST <= len(preferences) < len(made.corrections)
    assert {p.example.patient for p in preferences} <= training
    assert all("spleen" in p.rejected and "enlarged" in p.chosen for p in preferences)


def test_corrections_train_by_dpo_where_the_settings_ask(tuned: Adapter, tmp_path: Path) -> None:
    said: list[str] = []
    after = prefer("dpo", tuned, material(20), tmp_path, said.append)
    assert after.path != tuned.path and (after.path / "adapter_model.safetensors").is_file()
    assert after.figures["dpo_preferences"] >= AT_LEAST
    assert after.figures["loss_tokens"] == tuned.figures["loss_tokens"]
    assert after.recipe == tuned.recipe
    assert said[-1].startswith("preferences: dpo")


def test_it_is_off_by_default_and_too_few_are_said(tuned: Adapter, tmp_path: Path) -> None:
    said: list[str] = []
    assert prefer("off", tuned, material(20), tmp_path, said.append) is tuned
    assert said == []
    assert prefer("dpo", tuned, material(3), tmp_path, said.append) is tuned
    assert "left out" in said[0]


def test_several_processes_leave_it_out(
    tuned: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert prefer("grpo", tuned, material(20), tmp_path, said.append) is tuned
    assert "one process" in said[0]
