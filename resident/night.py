"""The nightly line: newly signed reports become a challenger, and the gate decides whether it answers.

    reports, confirmed corrections → pairs → second sweep → split → fine-tune → export, parity
      → the very GGUF measured beside extract mode, first line and champion (or base) → memory → gate → promote

It may be killed at any line: training goes on from its last checkpoint, a release exists only once its manifest is
written, and what answered before answers still.
"""

import contextlib
import errno
import hashlib
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from safetensors import SafetensorError

from clinical.errors import HomeError, TrainingError
from practice.releases import Release, Releases
from resident.material import gather, new_material
from resident.measuring import Say, measure, select
from resident.parts import EngineStarter, engine_log
from resident.preferring import prefer
from resident.publish import Made, Material, publish
from resident.reader import EngineReader
from resident.setup import Practice
from trainer import llamacpp, memory
from trainer import search as grid
from trainer.basemodel import BaseModel, open_base
from trainer.export import Exported, export
from trainer.finetune import Adapter, Progress, finetune
from trainer.gate import Decision, decide
from trainer.llamacpp import Quantization
from trainer.recipe import Recipe, recipe_of
from trainer.scores import Scores

CANARIES = 4
KEPT_RUNS = 2
_UNWRITTEN = re.compile(
    r"os error (?:5|27|28|122)\b|PytorchStreamWriter|No space left|file write failed", re.I
)
KEPT_RELEASES = 10
QUANTIZATIONS: dict[str, Quantization] = {
    "q8_0": "Q8_0",
    "q6_k": "Q6_K",
    "q5_k_m": "Q5_K_M",
    "q4_k_m": "Q4_K_M",
    "f16": "F16",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the line: what came of it, and its seconds."""

    name: str
    result: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a night came to.

    Attributes:
        scores: of each speaker on the held-out examples; empty where nothing was trained.
        material: what it was trained on and asked about.
    """

    reason: str
    promoted: bool = False
    release: Release | None = None
    decision: Decision | None = None
    scores: tuple[Scores, ...] = field(default=(), repr=False)
    stages: tuple[Stage, ...] = ()
    material: Material | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter, and the canaries that were planted in its training."""

    adapter: Adapter
    canaries: tuple[memory.Canary, ...] = field(repr=False)


class Clock:
    """Notes the stages as they end."""

    def __init__(self, say: Say) -> None:
        self.stages: list[Stage] = []
        self._say = say
        self._began = time.monotonic()

    def lap(self, name: str, result: str) -> None:
        """The stage is over."""
        now = time.monotonic()
        self.stages.append(Stage(name, result, now - self._began))
        self._began = now
        self._say(f"{name}: {result}")


def retrain(
    practice: Practice,
    *,
    now: bool,
    say: Say,
    recipe: Recipe | None = None,
    per_task: int = 60,
    search: bool = False,
    helping: bool = False,
) -> Outcome:
    """What the schedule calls.

    Args:
        now: even if few reports are new.
        recipe: other than the settings' own (the demo's).
        per_task: at most so many held-out questions of a task.
        search: try learning rates and ranks first, and train with the best.
        helping: this process is one of several that train together, and not the first: it only trains along.

    Raises:
        TrainingError, EngineError, HomeError: each with what to do; what answered before answers still.
    """
    waiting = new_material(practice)
    if not now and waiting < practice.settings.training.min_new_reports:
        return Outcome(
            f"Nothing to do: {waiting} newly signed reports or corrections, "
            f"{practice.settings.training.min_new_reports} start a training."
        )
    clock = Clock(say)
    material = gather(practice, keep=not helping)
    counts = material.dataset.counts()
    clock.lap(
        "pairs and split",
        "; ".join(
            f"{name} {sum(v for k, v in part.items() if k != 'patients')} of {part['patients']} patients"
            for name, part in counts.items()
        ),
    )
    recipe = recipe or recipe_of(practice.settings.training)
    if search:
        recipe = _searched(practice, material, recipe, clock, say)
    if helping:
        _train(practice, material, recipe, say, helping=True)
        return Outcome("Trained along; the first process goes on.")
    return train_and_judge(practice, material, recipe, clock, say, per_task)


def _searched(practice: Practice, material: Material, recipe: Recipe, clock: Clock, say: Say) -> Recipe:
    base = open_base(practice.settings.training.base, practice.home.root / "cache")
    best = grid.search(material.dataset, base, recipe, practice.home.runs, progress=say)[0]
    clock.lap("search", f"training.rank = {best.rank}, training.learning_rate = {best.learning_rate:g}")
    return replace(recipe, rank=best.rank, learning_rate=best.learning_rate)


def train_and_judge(
    practice: Practice,
    material: Material,
    recipe: Recipe,
    clock: Clock,
    say: Say,
    per_task: int,
    known: Sequence[Scores] = (),
) -> Outcome:
    """From a frozen dataset to a published release, promoted or held.

    Args:
        known: scores of speakers that were asked these very held-out questions already.
    """
    releases = Releases(practice.home)
    releases.sweep()
    if not material.dataset.test:
        raise TrainingError(
            "No report is held out, so a new model could not be measured.",
            "Wait for reports of more patients.",
        )
    dataset = material.dataset
    trained = _train(practice, material, recipe, say)
    adapter, base = trained.adapter, trained.adapter.base
    last = adapter.losses[-1][1] if adapter.losses else float("nan")
    first = adapter.losses[0][1] if adapter.losses else float("nan")
    clock.lap(
        "fine-tuning",
        f"loss {first:.2f} → {last:.2f}, {adapter.figures.get('loss_tokens_per_second', 0):.0f} loss tokens/s",
    )
    folder = releases.create_dir()
    with full_disk_said():
        exported = _export(practice, adapter, folder)
    clock.lap(
        "merge, convert, quantize",
        f"{exported.quantization}, parity {exported.parity.mean_difference:.3f} nats",
    )
    held_out = select([e for e in dataset.test if e.task in recipe.tasks], per_task)
    champion = releases.current()
    scores, remembered = measure(
        practice, releases, held_out, dataset, exported, champion, base, trained.canaries, say, known
    )
    clock.lap("evaluation of the GGUF", f"{len(held_out)} questions to {len(scores)} speakers")
    named = {each.speaker: each for each in scores}
    decision = decide(
        named["challenger"],
        named["extract"],
        named.get("champion"),
        champion_earned=champion.earned if champion else (),
        base=named.get("base"),
        memory=remembered,
    )
    made = Made(material, adapter, exported, scores, decision, remembered)
    release = publish(releases, folder, made, practice.settings.engine.context)
    if decision.promote:
        release = releases.promote(release.id)
    releases.prune(KEPT_RELEASES)
    clock.lap("gate", decision.reason)
    return Outcome(
        decision.reason, decision.promote, release, decision, scores, tuple(clock.stages), material
    )


@contextlib.contextmanager
def full_disk_said() -> Iterator[None]:
    """Whatever the libraries raise where a file cannot be written becomes one error that says what to do."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        unwritten = isinstance(error, OSError) and error.errno in (
            errno.ENOSPC,
            errno.EFBIG,
            errno.EDQUOT,
            errno.EIO,
        )
        if not unwritten and not _UNWRITTEN.search(str(error)):
            raise
        raise HomeError(
            "The model could not be written: the disk is full, or it fails.",
            "Free some space and run 'resident retrain --now'. The release that answers is untouched.",
        ) from None


def _train(
    practice: Practice, material: Material, recipe: Recipe, say: Say, *, helping: bool = False
) -> Trained:
    dataset = material.dataset
    base = open_base(practice.settings.training.base, practice.home.root / "cache")
    planted, canaries = memory.plant(dataset.train, CANARIES, int(dataset.sha256[:8], 16), recipe.tasks)
    training = replace(dataset, train=tuple(planted))
    run = practice.home.runs / f"{dataset.sha256[:16]}-{_short(base, recipe)}"
    _keep_few_runs(practice.home.runs, run)
    with full_disk_said():
        adapter = finetune(training, base, recipe, run, lambda progress: say(_told(progress)))
        if not helping:
            adapter = prefer(practice.settings.training.preferences, adapter, material, run, say)
    return Trained(adapter, tuple(canaries))


def _export(practice: Practice, adapter: Adapter, folder: Path) -> Exported:
    wanted = QUANTIZATIONS[practice.settings.training.quantization]
    compiled = llamacpp.has_quantizer()
    if wanted not in llamacpp.CONVERTER_TYPES and not compiled:
        wanted = "Q8_0"  # said in the release: its quantization is what was made, and doctor tells why
    start = EngineStarter(practice.settings, engine_log(practice))
    reader = None if compiled else (lambda gguf: EngineReader(start(gguf)))
    return export(adapter, folder, wanted, open_reader=reader, threads=practice.settings.training.threads)


def _told(progress: Progress) -> str:
    loss = f", loss {progress.loss:.3f}" if progress.loss is not None else ""
    left = f", {progress.seconds_left / 60:.1f} min left" if progress.seconds_left is not None else ""
    return f"fine-tuning: step {progress.step} of {progress.steps}{loss}{left}"


def _short(base: BaseModel, recipe: Recipe) -> str:
    return hashlib.sha256(f"{base.sha256}{recipe.record()}".encode()).hexdigest()[:8]


def _keep_few_runs(folder: Path, current: Path) -> None:
    others = sorted(
        (p for p in folder.iterdir() if p.is_dir() and p != current), key=lambda p: p.stat().st_mtime
    )
    for old in others[: max(0, len(others) - KEPT_RUNS + 1)]:
        shutil.rmtree(old, ignore_errors=True)
