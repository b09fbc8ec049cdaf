"""Preferences move a model towards what was preferred; rewards tell a good reply from a bad one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from clinical.errors import TrainingError
from clinical.prompts import target
from tests.trainer.conftest import SECRET, radiograph
from trainer.basemodel import BaseModel
from trainer.dataset import freeze
from trainer.example import Example
from trainer.finetune import Adapter, finetune
from trainer.merge import merge
from trainer.pairs import Correction
from trainer.preference import dpo, grpo
from trainer.recipe import Recipe
from trainer.reward import Preference, by_check, by_correction, reward

RECIPE = Recipe(
    rank=4,
    learning_rate=1e-2,
    max_steps=4,
    accumulate=1,
    row_tokens=1800,
    max_length=1800,
    report_to="none",
    threads=1,
)


@pytest.fixture(scope="module")
def summaries(examples: Sequence[Example]) -> list[Example]:
    return [e for e in examples if e.task == "summarize"][:8]


@pytest.fixture(scope="module")
def sft(
    examples: Sequence[Example], tiny_base: BaseModel, tmp_path_factory: pytest.TempPathFactory
) -> Adapter:
    return finetune(freeze(examples, SECRET), tiny_base, RECIPE, tmp_path_factory.mktemp("sft"))


def test_a_supported_reply_is_worth_more_than_an_invented_one_and_a_broken_one_nothing(
    summaries: list[Example],
) -> None:
    example = summaries[0]
    supported = target("summarize", sentences=["The heart is enlarged.", *example.sentences[1:]])
    invented = target(
        "summarize", sentences=["The spleen measures 99 cm.", "There is a large pleural effusion."]
    )
    looping = target("summarize", sentences=["The heart is enlarged."] * 4)
    assert reward(example, supported) > reward(example, looping) > 0
    assert reward(example, supported) > reward(example, invented) + 0.3
    assert reward(example, "I think that") == 0
    assert reward(example, target("summarize", sentences=[])) == 0


def test_silence_is_worth_everything_where_the_report_is_silent() -> None:
    example = Example("ask", (radiograph(1),), "p1", question="What is the potassium?")
    assert reward(example, target("ask", sentences=[])) == pytest.approx(1)
    assert reward(example, target("ask", sentences=["Potassium is 9.9 mmol/L."])) < 0.3


def test_an_edit_prefers_the_physicians_words_and_an_accepted_draft_prefers_nothing() -> None:
    edited = Correction((radiograph(1),), "summarize", "The spleen is large.", "Cardiomegaly.")
    kept = Correction((radiograph(2),), "summarize", "Cardiomegaly.", "Cardiomegaly.")
    (preference,) = by_correction([edited, kept])
    assert json.loads(preference.chosen) == {"sentences": ["Cardiomegaly."]}
    assert json.loads(preference.rejected) == {"sentences": ["The spleen is large."]}


def test_the_check_prefers_the_supported_draft(summaries: list[Example]) -> None:
    example = summaries[0]
    good = target("summarize", sentences=["The heart is enlarged.", "Pulmonary nodule."])
    bad = target("summarize", sentences=["There is a large pleural effusion.", "The spleen measures 99 cm."])
    (preference,) = by_check([example], {example.id: [bad, good]})
    assert preference.rejected == bad


def test_dpo_raises_what_was_preferred_above_what_was_not(
    sft: Adapter, summaries: list[Example], tmp_path: Path
) -> None:
    preferences = [
        Preference(e, e.completion, target("summarize", sentences=["The spleen measures 99 cm."]))
        for e in summaries
    ]
    tuned = dpo(sft, preferences, tmp_path, learning_rate=5e-3, epochs=2)
    assert tuned.losses[-1][1] < tuned.losses[0][1]
    before = load_file(sft.path / "adapter_model.safetensors")
    after = load_file(tuned.path / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    merge(tuned.path, tuned.base, tmp_path / "merged")


def test_grpo_learns_what_is_rewarded(sft: Adapter, summaries: list[Example], tmp_path: Path) -> None:
    heard: list[str] = []

    def short(example: Example, reply: str) -> float:
        heard.append(reply)
        return 1.0 / (1 + len(reply))

    tuned = grpo(
        sft,
        summaries[:2],
        tmp_path,
        generations=2,
        max_new_tokens=8,
        max_steps=2,
        learning_rate=1e-3,
        worth=short,
    )
    assert len(heard) >= 8
    before = load_file(sft.path / "adapter_model.safetensors")
    after = load_file(tuned.path / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_nothing_preferred_is_said(sft: Adapter, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no preferences"):
        dpo(replace(sft), [], tmp_path)
    with pytest.raises(TrainingError, match="nothing to train on"):
        grpo(sft, [], tmp_path)
