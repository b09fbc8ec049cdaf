"""Preferences move a model towards what was preferred; rewards tell a good reply from a bad one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trl import DPOTrainer, GRPOTrainer

from clinical.errors import TrainingError
from clinical.prompts import target
from tests.trainer.conftest import SECRET, radiograph
from tests.trainer.families import FAMILIES, Family, make_base
from trainer.basemodel import BaseModel, load_tokenizer
from trainer.dataset import freeze
from trainer.example import Example
from trainer.finetune import Adapter, finetune
from trainer.merge import merge
from trainer.pairs import Correction
from trainer.preference import DrawTrainer, PairTrainer, dpo, grpo
from trainer.recipe import Recipe
from trainer.reward import Preference, by_check, by_correction, reward
from trainer.tokens import read

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


DOUBLING = ("llama-2", "llama-3", "gemma-2")
"""Families whose template prints the beginning token and, but for one, whose tokenizer adds it too."""


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


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.name in DOUBLING], ids=lambda f: f.name)
def test_dpo_and_grpo_read_the_very_tokens_that_sft_and_the_engine_read(
    family: Family, summaries: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Templates that print the beginning token, tokenizers that add one: it must stand there once. That SFT's tokens
    are the engine's is held by `test_families`.
    """
    example = summaries[0]
    base = make_base(family, tmp_path / "base")
    adapter = finetune(freeze(summaries, SECRET), base, replace(RECIPE, max_steps=1), tmp_path / "sft")
    tokenizer = load_tokenizer(base)
    wanted = read(example, example.completion, tokenizer)
    rejected = read(example, "{}", tokenizer)
    paired: list[list[int]] = []
    drawn: list[list[int]] = []

    def pair_loss(trainer: Any, model: Any, inputs: Any, *given: Any, **more: Any) -> Any:
        masks = zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
        paired.extend(ids[mask.bool()].tolist() for ids, mask in masks)
        return DPOTrainer.compute_loss(trainer, model, inputs, *given, **more)

    def draw_loss(trainer: Any, model: Any, inputs: Any, *given: Any, **more: Any) -> Any:
        masks = zip(inputs["prompt_ids"], inputs["prompt_mask"], strict=True)
        drawn.extend(ids[mask.bool()].tolist() for ids, mask in masks)
        return GRPOTrainer.compute_loss(trainer, model, inputs, *given, **more)

    monkeypatch.setattr(PairTrainer, "compute_loss", pair_loss, raising=False)
    monkeypatch.setattr(DrawTrainer, "compute_loss", draw_loss, raising=False)
    dpo(adapter, [Preference(example, example.completion, "{}")], tmp_path / "dpo", epochs=1)
    grpo(adapter, [example], tmp_path / "grpo", generations=2, max_new_tokens=4, max_steps=1)
    assert paired == [[*wanted.prompt, *wanted.completion], [*rejected.prompt, *rejected.completion]]
    assert drawn and all(ids == list(wanted.prompt) for ids in drawn)
    assert wanted.prompt.count(tokenizer.bos_token_id) == 1


def test_pairs_that_are_too_long_are_counted_and_none_left_is_said(
    sft: Adapter, summaries: list[Example], tmp_path: Path
) -> None:
    long = Preference(summaries[0], summaries[0].completion, "word " * 2000)
    short = Preference(summaries[0], summaries[0].completion, target("summarize", sentences=["No."]))
    tuned = dpo(sft, [long, short], tmp_path / "some", epochs=1)
    assert (tuned.figures["preferences"], tuned.figures["too_long"]) == (1, 1)
    with pytest.raises(TrainingError, match="longer than"):
        dpo(sft, [long], tmp_path / "none")


def test_a_short_draft_is_set_beside_as_much_of_the_physicians_reply_and_never_beside_a_longer_one(
    summaries: list[Example],
) -> None:
    sentences = ("The heart is enlarged.", "There is a nodule, and there is no pleural effusion to be seen.")
    example = replace(summaries[0], sentences=sentences)
    draft = target("summarize", sentences=["The spleen is small."])
    (preference,) = by_check([example], {example.id: [draft]})
    assert preference.chosen == target("summarize", sentences=sentences[:1])
    assert by_check([replace(example, sentences=sentences[1:])], {example.id: [draft]}) == []


def test_the_physicians_words_are_never_turned_down(summaries: list[Example]) -> None:
    example = replace(summaries[0], sentences=("The spleen measures 99 cm.",))
    good = target("summarize", sentences=["The heart is enlarged."])
    assert reward(example, good) > reward(example, example.completion)
    assert by_check([example], {example.id: [good]}) == []
    assert by_check([example], {}) == []


def test_nothing_preferred_is_said(sft: Adapter, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no preferences"):
        dpo(replace(sft), [], tmp_path)
    with pytest.raises(TrainingError, match="nothing to train on"):
        grpo(sft, [], tmp_path)
