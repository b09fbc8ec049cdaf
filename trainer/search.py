"""A small grid over learning rate and rank, on request: each pair trains as many steps, and the lowest loss on the
validation patients wins. The test patients take no part.
"""

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clinical.errors import TrainingError
from trainer.basemodel import BaseModel
from trainer.dataset import Dataset
from trainer.finetune import Progress, finetune
from trainer.recipe import Recipe

RATES = (3e-4, 1e-3, 2e-3)
RANKS = (8, 16)
STEPS = 40
VALIDATION_ROWS = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """One pair that was tried; ``loss`` on the validation patients, infinite where training broke down."""

    learning_rate: float
    rank: int
    loss: float
    seconds: float


def search(
    dataset: Dataset,
    base: BaseModel,
    recipe: Recipe,
    out: Path,
    *,
    rates: Sequence[float] = RATES,
    ranks: Sequence[int] = RANKS,
    steps: int = STEPS,
    progress: Callable[[str], None] | None = None,
) -> tuple[Trial, ...]:
    """All trials, the best first.

    Args:
        recipe: what is not searched; its limits of time and epochs are not used.
        out: folder for the runs, which are removed one by one.

    Raises:
        TrainingError: no validation patients, nothing to train on, or every trial broke down.
    """
    if not dataset.validation:
        raise TrainingError(
            "No patient is in the validation part, so nothing can be compared.",
            "Wait for reports of more patients, or train without a search.",
        )
    trials = []
    for rank in ranks:
        for rate in rates:
            tried = replace(
                recipe,
                learning_rate=rate,
                rank=rank,
                max_steps=steps,
                max_minutes=0.0,
                patience=0,
                validation_rows=max(VALIDATION_ROWS, recipe.validation_rows),
                checkpoint_steps=steps,
                report_to="none",
            )
            trials.append(_trial(dataset, base, tried, out / f"search-{rank}-{rate:g}"))
            if progress is not None:
                progress(
                    f"search: rank {rank}, learning rate {rate:g}: validation loss {trials[-1].loss:.3f}"
                )
    trials.sort(key=lambda trial: trial.loss)
    if not math.isfinite(trials[0].loss):
        raise TrainingError(
            "Every learning rate that was tried broke the training.", "Search among lower ones."
        )
    return tuple(trials)


def _trial(dataset: Dataset, base: BaseModel, recipe: Recipe, out: Path) -> Trial:
    told: list[Progress] = []
    try:
        adapter = finetune(dataset, base, recipe, out, told.append)
        loss = adapter.validation_losses[-1][1] if adapter.validation_losses else math.inf
    except TrainingError:
        if not told:
            raise  # nothing was trained: the data's fault, not the rate's
        loss = math.inf
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return Trial(recipe.learning_rate, recipe.rank, loss, told[-1].seconds if told else 0.0)
