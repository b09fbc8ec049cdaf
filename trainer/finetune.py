"""Fine-tuning by LoRA or QLoRA, on a GPU or a CPU with the same code: trl's SFT trainer with our rows and
our loss.

Rows are laid out by `trainer.batches`; logits are computed only where the loss is. A run leaves checkpoints
and is resumed exactly where it was killed; a run of other data, base or recipe in the same folder is not
mistaken for it.
"""

import json
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset as TableDataset
from peft import LoraConfig, prepare_model_for_kbit_training
from torch.utils.tensorboard import SummaryWriter
from transformers import BitsAndBytesConfig, EarlyStoppingCallback, PrinterCallback, TrainerCallback
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig

from clinical.errors import BaseError, TrainingError
from trainer.basemodel import BaseModel, load_model, load_tokenizer
from trainer.batches import Row, lay_out
from trainer.dataset import Dataset
from trainer.recipe import Recipe
from trainer.rowloss import Collate, RowTrainer
from trainer.tokens import Tokenized, tokenize

RUN = "run.json"
ADAPTER = "adapter"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training is: for a progress line."""

    step: int
    steps: int
    loss: float | None
    validation_loss: float | None
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter.

    Attributes:
        path: folder with the adapter's weights and configuration.
        base: what it was trained from; it fits no other.
        losses: training loss by step; validation_losses likewise.
        figures: what the run did: examples, tokens, tokens that carried loss, seconds, those too long.
    """

    path: Path
    base: BaseModel
    recipe: Recipe
    dataset_sha256: str
    losses: tuple[tuple[int, float], ...] = ()
    validation_losses: tuple[tuple[int, float], ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


def finetune(
    dataset: Dataset,
    base: BaseModel,
    recipe: Recipe,
    out: Path,
    progress: Callable[[Progress], None] | None = None,
) -> Adapter:
    """Trains an adapter on the dataset's training pairs.

    Args:
        dataset: frozen; validation pairs are used for early stopping and the progress line.
        base: what to train from, always the base and never an earlier adapter.
        recipe: how.
        out: the run's folder: checkpoints, TensorBoard logs, the adapter. A killed run there goes on.
        progress: called about once a step.

    Raises:
        TrainingError: no data, or a loss that is no number.
        BaseError: the base cannot be trained so.
    """
    with threads(recipe.threads):
        return _run(dataset, base, recipe, out, progress)


def _run(
    dataset: Dataset, base: BaseModel, recipe: Recipe, out: Path, progress: Callable[[Progress], None] | None
) -> Adapter:
    if not dataset.train:
        raise TrainingError(
            "There is nothing to train on.", "Sign more reports, or wait until more have come in."
        )
    identity = {"dataset": dataset.sha256, "base": base.sha256, "recipe": recipe.record()}
    resume = _prepare_folder(out, identity)
    tokenizer = load_tokenizer(base)
    training = tokenize([e for e in dataset.train if e.task in recipe.tasks], tokenizer, recipe.max_length)
    if not training.examples and not training.too_long:
        raise TrainingError("No pair is of a task that is trained.", "Wait until more reports have come in.")
    if not training.examples:
        raise TrainingError("Every example is longer than training.max_length.", "Raise training.max_length.")
    rows = lay_out(training.examples, recipe.row_tokens, recipe.packing, recipe.seed)
    held = tokenize([e for e in dataset.validation if e.task in recipe.tasks], tokenizer, recipe.max_length)
    held_rows = lay_out(held.examples, recipe.row_tokens, recipe.packing, recipe.seed)[
        : recipe.validation_rows
    ]
    torch.manual_seed(recipe.seed)
    model = base_weights(base, recipe)
    watch = Watch(progress, recipe)
    callbacks: list[TrainerCallback] = [watch]
    if recipe.report_to == "tensorboard":
        callbacks.append(TensorBoardCallback(SummaryWriter(str(out / "tensorboard"))))
    if recipe.patience and held_rows:
        callbacks.append(EarlyStoppingCallback(recipe.patience))
    with quiet_libraries():
        trainer = RowTrainer(
            model=model,
            args=_arguments(recipe, out, len(rows), bool(held_rows)),
            train_dataset=TableDataset.from_dict({"row": list(range(len(rows)))}),
            eval_dataset=_numbers(len(rows), len(held_rows)),
            data_collator=Collate(rows, held_rows),
            processing_class=tokenizer,
            peft_config=_adapter_config(model, recipe),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.minutes = recipe.max_minutes
        started = time.monotonic()
        trainer.train(resume_from_checkpoint=resume)
        seconds = time.monotonic() - started
        watch.require_numbers()
        trainer.save_model(str(out / ADAPTER))
    figures = _figures(trainer, recipe, rows, training, seconds)
    history = trainer.state.log_history
    losses = tuple((int(h["step"]), float(h["loss"])) for h in history if "loss" in h)
    validation = tuple((int(h["step"]), float(h["eval_loss"])) for h in history if "eval_loss" in h)
    record = {"losses": losses, "validation_losses": validation, "figures": figures, "finished": True}
    if trainer.is_world_process_zero():
        _write_json(out / RUN, identity | record)
    return Adapter(out / ADAPTER, base, recipe, dataset.sha256, losses, validation, figures)


def _numbers(first: int, count: int) -> TableDataset | None:
    return TableDataset.from_dict({"row": list(range(first, first + count))}) if count else None


def _figures(
    trainer: Any, recipe: Recipe, rows: Sequence[Row], training: Tokenized, seconds: float
) -> dict[str, float]:
    steps = trainer.state.global_step
    passes = steps * recipe.accumulate * trainer.args.world_size / len(rows)
    return {
        "examples": float(len(training.examples)),
        "too_long": float(training.too_long),
        "rows": float(len(rows)),
        "steps": float(steps),
        "passes": passes,
        "computed_tokens": passes * sum(map(len, rows)),
        "example_tokens": passes * sum(map(len, training.examples)),
        "loss_tokens": passes * sum(row.loss_tokens for row in rows),
        "seconds": seconds,
        "loss_tokens_per_second": passes * sum(row.loss_tokens for row in rows) / seconds,
    }


def base_weights(base: BaseModel, recipe: Recipe) -> Any:
    """The base as the recipe wants it in memory: whole, or in four bits for QLoRA."""
    on_gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if on_gpu and torch.cuda.is_bf16_supported() else torch.float32
    if recipe.method == "lora":
        model = load_model(base, dtype=dtype)
    else:
        four_bit = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_quant_storage=dtype,
        )
        model = load_model(base, dtype=dtype, quantization_config=four_bit)
        model = prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=recipe.gradient_checkpointing
        )
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    if recipe.packing != "padded" and window and recipe.max_length > window:
        raise BaseError(
            f"Examples of {recipe.max_length} tokens do not fit this base's attention window of {window}.",
            f"Set training.max_length to {window} or less.",
        )
    return model


def _adapter_config(model: Any, recipe: Recipe) -> LoraConfig:
    shape = model.config.get_text_config()
    count = shape.num_hidden_layers
    mixture = getattr(shape, "num_local_experts", 0) or getattr(shape, "num_experts", 0)
    if recipe.top_layers > count:
        raise TrainingError(f"The base has {count} layers, not {recipe.top_layers}.", "Lower top_layers.")
    top = list(range(count - recipe.top_layers, count)) if recipe.top_layers else None
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    if targets == "all-linear" and (top is not None or mixture):
        # peft takes layer numbers only together with names, and by itself would train a mixture's experts and router.
        layers = {
            name.rsplit(".", 1)[-1]
            for name, part in model.named_modules()
            if isinstance(part, torch.nn.Linear)
        }
        targets = sorted(layers - {"lm_head", "router", "gate"})
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=round(recipe.rank * recipe.alpha_ratio),
        lora_dropout=recipe.dropout,
        target_modules=targets,
        layers_to_transform=top,
        use_rslora=recipe.rslora,
        use_dora=recipe.dora,
        task_type="CAUSAL_LM",
    )


def _arguments(recipe: Recipe, out: Path, rows: int, has_validation: bool) -> SFTConfig:
    on_gpu = torch.cuda.is_available()
    bf16 = on_gpu and torch.cuda.is_bf16_supported()
    world = int(os.environ.get("WORLD_SIZE", "1"))
    steps = recipe.max_steps or max(1, math.ceil(rows * recipe.epochs / (recipe.accumulate * world)))
    look = max(1, min(recipe.checkpoint_steps, steps // 4))
    return SFTConfig(
        output_dir=str(out / "checkpoints"),
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=recipe.accumulate,
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        # A run with a time limit seldom makes all its steps: its warmup must not eat them.
        warmup_steps=max(1, min(round(recipe.warmup * steps), 6 if recipe.max_minutes else steps)),
        weight_decay=recipe.weight_decay,
        optim="paged_adamw_8bit" if recipe.method == "qlora" and on_gpu else "adamw_torch",
        use_cpu=not on_gpu,
        bf16=bf16,
        activation_checkpointing=recipe.gradient_checkpointing,
        save_strategy="steps",
        save_steps=look,
        save_total_limit=2,
        eval_strategy="steps" if has_validation else "no",
        eval_steps=look if has_validation else None,
        load_best_model_at_end=has_validation and recipe.patience > 0,
        metric_for_best_model="eval_loss" if has_validation else None,
        prediction_loss_only=True,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=["wandb"] if recipe.report_to == "wandb" else [],
        run_name=out.name,
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        completion_only_loss=False,
        # A mixture's balance loss counts rows by a flat mask, which ours is not; adapters leave the router alone.
        router_aux_loss_coef=0.0,
        max_length=None,
        seed=recipe.seed,
        data_seed=recipe.seed,
    )


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells the progress and stops a run whose loss is no number."""

    def __init__(self, progress: Callable[[Progress], None] | None, recipe: Recipe) -> None:
        self._progress = progress
        self._limit = recipe.max_minutes * 60
        self._began = 0.0
        self._first = 0
        self._loss: float | None = None
        self._validation: float | None = None
        self._broken = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began, self._first = time.monotonic(), state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._limit and time.monotonic() - self._began >= self._limit:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        self._loss = (logs or {}).get("loss", self._loss)
        self._validation = (logs or {}).get("eval_loss", self._validation)
        if self._loss is not None and not math.isfinite(self._loss):
            self._broken = True
            control.should_training_stop = True
        if self._progress is None or not state.is_world_process_zero:
            return
        seconds = time.monotonic() - self._began
        done = state.global_step - self._first
        left = seconds / done * (state.max_steps - state.global_step) if done else None
        if self._limit and left is not None:
            left = min(left, max(0.0, self._limit - seconds))
        self._progress(
            Progress(state.global_step, state.max_steps, self._loss, self._validation, seconds, left)
        )

    def require_numbers(self) -> None:
        """Raises TrainingError if the loss was no number."""
        if self._broken:
            raise TrainingError("The training loss is not a number.", "Lower training.learning_rate.")


def _prepare_folder(out: Path, identity: Mapping[str, Any]) -> str | None:
    """The checkpoint to go on from; remains of another run are removed."""
    out.mkdir(parents=True, exist_ok=True)
    recorded = json.loads((out / RUN).read_text()) if (out / RUN).is_file() else None
    wanted = json.loads(json.dumps(identity))
    same = recorded is not None and {key: recorded.get(key) for key in wanted} == wanted
    checkpoints = out / "checkpoints"
    if not same:
        for stale in ("checkpoints", "tensorboard", ADAPTER):
            shutil.rmtree(out / stale, ignore_errors=True)
        _write_json(out / RUN, wanted)
    return get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None


def _write_json(path: Path, content: Any) -> None:
    making = path.with_name(path.name + ".making")
    making.write_text(json.dumps(content, indent=1))
    making.replace(path)


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """The libraries' own chatter goes: what a run tells, it tells through ``progress`` and its files."""
    loggers = [logging.getLogger(name) for name in ("transformers", "trl", "peft", "accelerate", "datasets")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
