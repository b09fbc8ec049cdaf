"""How a model is trained: one frozen recipe, made from the settings and recorded in the release."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from clinical.answers.answer import Tool
from practice.settings import TrainingSettings

Packing = Literal["shared", "packed", "padded"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training recipe.

    Attributes:
        method: ``lora``, or ``qlora`` (NF4 weights, double quantization).
        tasks: what is trained; anomalies are always computed and never a model's task.
        rank: of the adapter; alpha is ``alpha_ratio`` times that.
        targets: names of the linear layers that get an adapter; ``all-linear`` for all.
        top_layers: adapters on the topmost layers only, 0 for all; the backward pass ends below them.
        epochs, max_steps: how long; max_steps 0 leaves it to the epochs.
        max_minutes: stop in good order after so many minutes; 0 for no limit.
        max_length: longest example in tokens; longer ones are left out and counted.
        row_tokens: tokens of one packed row (a micro-batch); accumulate: rows a step.
        packing: ``shared`` computes a report that several examples ask about once; ``packed``
            only lays examples end to end; ``padded`` gives each its own row, for models whose attention takes no
            mask of ours.
        rslora, dora: peft's switches.
        patience: evaluations without a better validation loss after which training stops; 0 never.
        checkpoint_steps: optimizer steps between checkpoints.
        threads: processor threads; 0 leaves it to torch.
        gradient_checkpointing: less memory for a third more time.
        report_to: ``tensorboard``, ``wandb`` (offline unless configured otherwise) or ``none``.
    """

    method: Literal["lora", "qlora"] = "lora"
    tasks: tuple[Tool, ...] = ("summarize", "diagnose", "compare", "ask")
    rank: int = 16
    alpha_ratio: float = 2.0
    dropout: float = 0.0
    targets: str | tuple[str, ...] = "all-linear"
    top_layers: int = 0
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup: float = 0.05
    weight_decay: float = 0.0
    epochs: float = 2.0
    max_steps: int = 0
    max_minutes: float = 0.0
    max_length: int = 1024
    row_tokens: int = 1024
    accumulate: int = 1
    packing: Packing = "shared"
    rslora: bool = False
    dora: bool = False
    patience: int = 0
    validation_rows: int = 4
    checkpoint_steps: int = 50
    seed: int = 0
    threads: int = 0
    gradient_checkpointing: bool = False
    report_to: str = "tensorboard"

    def record(self) -> dict[str, Any]:
        """As plain values, for the release's lineage and to recognise a run that may be resumed."""
        return asdict(self)


def recipe_of(settings: TrainingSettings) -> Recipe:
    """The recipe that the practice's settings ask for; what they do not say is as measured best."""
    return Recipe(
        method=settings.method,
        rank=settings.rank,
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        max_length=settings.max_length,
        row_tokens=max(1024, settings.max_length),
        threads=settings.threads,
    )
