"""After SFT: DPO on preferences (the physicians' edits, the evidence check's verdicts) and GRPO on rewards.

DPO: Rafailov et al. (2023). GRPO: Shao et al. (2024). Both go on from a release's own adapter within one training, so
a release is still trained from the base; trl holds the SFT adapter fixed as the reference. Prompts and replies are the
very tokens of SFT and of the engine (`trainer.tokens`): trl's own reading of rendered text would put a second
beginning token before a template that prints one, and an end token behind a template's own end of turn.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset as TableDataset
from peft import PeftModel
from transformers import PrinterCallback
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer

from clinical.errors import TrainingError
from trainer.basemodel import load_tokenizer
from trainer.example import Example
from trainer.finetune import ADAPTER, Adapter, Progress, Watch, base_weights, quiet_libraries, threads
from trainer.recipe import Recipe
from trainer.reward import Preference, reward
from trainer.tokens import begun, read, render

LATE = 8
"""Steps at the end of a run whose accuracies and margins are told."""


class PairTrainer(DPOTrainer):  # type: ignore[misc]
    """trl's DPO on pairs that are tokens already."""

    def _prepare_dataset(self, dataset: TableDataset, *_: Any) -> TableDataset:
        return dataset


class DrawTrainer(GRPOTrainer):  # type: ignore[misc]
    """trl's GRPO with prompts read as the engine reads them."""

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [begun(self.processing_class, prompt) for prompt in prompts], None, {}


def dpo(
    adapter: Adapter,
    preferences: Sequence[Preference],
    out: Path,
    *,
    beta: float = 0.1,
    learning_rate: float = 2e-4,
    epochs: float = 1.0,
    sft_weight: float = 1.0,
    progress: Callable[[Progress], None] | None = None,
) -> Adapter:
    """Trains the adapter on towards what was preferred.

    Args:
        adapter: after SFT.
        preferences: pairs of replies; those longer than the recipe's ``max_length`` are left out and counted.
        beta: how closely the model is held to the SFT model.
        sft_weight: weight of the chosen reply's own likelihood (nats a token) beside the preference; keeps numbers,
            and where a reply ends, from drifting.

    Returns:
        The adapter. Its figures: ``preferences`` used, ``too_long``, and of the last steps ``accuracies`` (share of
        pairs whose chosen reply gained on the rejected one) and ``margins`` (by how much, in nats times beta).

    Raises:
        TrainingError: no preferences, none short enough, or a loss that is no number.
    """
    if not preferences:
        raise TrainingError("There are no preferences to train on.", "Confirm corrections first.")
    recipe = replace(adapter.recipe, learning_rate=learning_rate, epochs=epochs)
    tokenizer = load_tokenizer(adapter.base)
    rows = _pairs(tokenizer, preferences, recipe.max_length)
    if not rows:
        raise TrainingError(
            "Every preference is longer than training.max_length.", "Raise training.max_length."
        )
    arguments = DPOConfig(
        **_common(recipe, out),
        num_train_epochs=epochs,
        beta=beta,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, sft_weight],
        max_length=None,
    )

    def make(model: Any, watch: Watch) -> Any:
        return PairTrainer(
            model=model,
            args=arguments,
            train_dataset=TableDataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[watch],
        )

    counted = {"preferences": len(rows), "too_long": len(preferences) - len(rows)}
    return _train(adapter, recipe, out, make, progress, counted)


def grpo(
    adapter: Adapter,
    examples: Sequence[Example],
    out: Path,
    *,
    generations: int = 4,
    max_new_tokens: int = 160,
    max_steps: int = 50,
    learning_rate: float = 2e-5,
    beta: float = 0.02,
    worth: Callable[[Example, str], float] = reward,
    progress: Callable[[Progress], None] | None = None,
) -> Adapter:
    """Trains the adapter on towards replies that are worth more than others to the same prompt.

    Args:
        generations: replies drawn for each prompt.
        worth: reward of a reply.

    Raises:
        TrainingError: no examples, or a loss that is no number.
    """
    if not examples:
        raise TrainingError("There is nothing to train on.", "Sign more reports.")
    recipe = replace(adapter.recipe, learning_rate=learning_rate, max_steps=max_steps)
    tokenizer = load_tokenizer(adapter.base)
    known = {example.id: example for example in examples}
    rows = [{"prompt": _prompt(tokenizer, example), "example": example.id} for example in examples]

    def judged(completions: Sequence[str], example: Sequence[str], **_: Any) -> list[float]:
        return [worth(known[i], text) for i, text in zip(example, completions, strict=True)]

    arguments = GRPOConfig(
        **(
            _common(recipe, out)
            | {
                "per_device_train_batch_size": generations,
                "gradient_accumulation_steps": min(4, len(examples)),
            }
        ),
        max_steps=max_steps,
        num_generations=generations,
        max_completion_length=max_new_tokens,
        beta=beta,
        temperature=1.0,
    )

    def make(model: Any, watch: Watch) -> Any:
        return DrawTrainer(
            model=model,
            reward_funcs=judged,
            args=arguments,
            train_dataset=TableDataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[watch],
        )

    return _train(adapter, recipe, out, make, progress)


def _train(
    adapter: Adapter,
    recipe: Recipe,
    out: Path,
    make: Callable[[Any, Watch], Any],
    progress: Callable[[Progress], None] | None,
    counted: Mapping[str, float] | None = None,
) -> Adapter:
    torch.manual_seed(recipe.seed)
    watch = Watch(progress, recipe)
    began = time.monotonic()
    with threads(recipe.threads), quiet_libraries():
        model = PeftModel.from_pretrained(
            base_weights(adapter.base, recipe), str(adapter.path), is_trainable=True
        )
        trainer = make(model, watch)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        watch.require_numbers()
        trainer.model.save_pretrained(str(out / ADAPTER), selected_adapters=["default"])
    history = [h for h in trainer.state.log_history if "loss" in h]
    losses = tuple((int(h["step"]), float(h["loss"])) for h in history)
    figures = {
        **(counted or {}),
        "steps": float(trainer.state.global_step),
        "seconds": time.monotonic() - began,
    }
    for name in ("accuracies", "margins"):
        late = [float(h[f"rewards/{name}"]) for h in history[-LATE:] if f"rewards/{name}" in h]
        if late:
            figures[name] = sum(late) / len(late)
    return Adapter(out / ADAPTER, adapter.base, recipe, adapter.dataset_sha256, losses, (), figures)


def _common(recipe: Recipe, out: Path) -> dict[str, Any]:
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(out / "checkpoints"),
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": recipe.accumulate,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 2,
        "use_cpu": not on_gpu,
        "bf16": on_gpu and torch.cuda.is_bf16_supported(),
        "activation_checkpointing": recipe.gradient_checkpointing,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": [],
        "disable_tqdm": True,
        "seed": recipe.seed,
    }


def _prompt(tokenizer: Any, example: Example) -> str:
    messages = [dict(message) for message in example.prompt.messages]
    return render(tokenizer, messages, example.completion)[0]


def _pairs(tokenizer: Any, preferences: Sequence[Preference], max_length: int) -> list[dict[str, list[int]]]:
    """Each preference as token ids, as SFT reads the example and its reply."""
    rows = []
    for preference in preferences:
        chosen = read(preference.example, preference.chosen, tokenizer)
        rejected = read(preference.example, preference.rejected, tokenizer)
        if max(len(chosen), len(rejected)) <= max_length:
            rows.append(
                {
                    "prompt_ids": list(chosen.prompt),
                    "chosen_ids": list(chosen.completion),
                    "rejected_ids": list(rejected.completion),
                }
            )
    return rows
