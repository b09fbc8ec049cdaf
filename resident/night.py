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
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from safetensors import SafetensorError

from clinical.errors import HomeError, TrainingError
from mcp_tools.known import Sweeping
from practice.feedback import FeedbackBook
from practice.releases import Release, Releases
from resident.parts import EngineStarter, engine_log, make_deidentifier, make_roster
from resident.publish import Made, Material, publish
from resident.reader import EngineReader
from resident.setup import Practice
from server.client import EngineClient
from trainer import llamacpp, memory
from trainer import search as grid
from trainer.basemodel import BaseModel, open_base
from trainer.dataset import Dataset, freeze
from trainer.evaluate import Judge, evaluate
from trainer.example import Example
from trainer.export import Exported, export
from trainer.finetune import Adapter, Progress, finetune
from trainer.gate import Decision, decide
from trainer.llamacpp import Quantization
from trainer.pairs import Correction, pair_up
from trainer.recipe import Recipe, recipe_of
from trainer.scores import Scores

Say = Callable[[str], None]
CANARIES = 4
MEMORY_TEXTS = 12
PERPLEXITY_TEXTS = 8  # the engine scores a text token by token, so a part of them has to do
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
    """

    reason: str
    promoted: bool = False
    release: Release | None = None
    decision: Decision | None = None
    scores: tuple[Scores, ...] = field(default=(), repr=False)
    stages: tuple[Stage, ...] = ()


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
        _train(practice, material.dataset, recipe, say)
        return Outcome("Trained along; the first process goes on.")
    return train_and_judge(practice, material, recipe, clock, say, per_task)


def _searched(practice: Practice, material: Material, recipe: Recipe, clock: Clock, say: Say) -> Recipe:
    base = open_base(practice.settings.training.base, practice.home.root / "cache")
    best = grid.search(material.dataset, base, recipe, practice.home.runs, progress=say)[0]
    clock.lap("search", f"training.rank = {best.rank}, training.learning_rate = {best.learning_rate:g}")
    return replace(recipe, rank=best.rank, learning_rate=best.learning_rate)


def new_material(practice: Practice) -> int:
    """Signed reports and confirmed corrections that no release has seen."""
    seen_reports: set[str] = set()
    seen_feedback: set[str] = set()
    for release in Releases(practice.home).list():
        seen_reports |= set(release.lineage.reports)
        seen_feedback |= set(release.lineage.feedback)
        seen_reports |= set(release.scores.get("held_out", ()))
    reports = sum(row.id not in seen_reports for row in practice.store.reports(trainable=True))
    return reports + sum(item.id not in seen_feedback for item in FeedbackBook(practice.store).confirmed())


def gather(practice: Practice, *, keep: bool = True) -> Material:
    """Pairs from all that may train, swept a second time, split and frozen.

    Args:
        keep: write the frozen list into the home.
    """
    store = practice.store
    reports = [store.report(row.id) for row in store.reports(trainable=True)]
    confirmed = [item for item in FeedbackBook(store).confirmed() if item.verdict == "edited"]
    corrections = [
        Correction((store.report(item.report_id),), item.tool, item.draft, item.final or "")  # type: ignore[arg-type]
        for item in confirmed
        if item.tool in ("summarize", "diagnose", "anomalies")
    ]
    pairs = pair_up(reports, corrections)
    examples, swept = sweep(practice, pairs.examples)
    joined = {
        patient: store.patient_aliases(patient)
        for patient in {e.patient for e in examples}
        if patient.startswith("p-")
    }
    folder = practice.home.datasets / time.strftime("%Y%m%d-%H%M%S") if keep else None
    dataset = freeze(examples, practice.keys.split, folder, joined=joined)
    return Material(dataset, tuple(item.id for item in confirmed), {**pairs.left_out, **swept})


def sweep(practice: Practice, examples: Sequence[Example]) -> tuple[list[Example], dict[str, int]]:
    """Pairs in which the second sweep still finds an identifier are stopped and counted."""
    sweeping = Sweeping(make_deidentifier(practice.settings), practice.store, make_roster(practice.settings))
    texts: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        texts[_about(example)] += [
            *(r.text for r in example.reports),
            example.reference,
            example.question or "",
        ]
    # What several pairs share is swept once; the parts stand apart, so that none completes another.
    hit = {about: bool(sweeping("\n\n".join(dict.fromkeys(parts)))) for about, parts in texts.items()}
    clean = [example for example in examples if not hit[_about(example)]]
    stopped = len(examples) - len(clean)
    return clean, {"stopped by the second sweep": stopped} if stopped else {}


def _about(example: Example) -> str:
    return "+".join(report.id for report in example.reports)


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
    trained = _train(practice, dataset, recipe, say)
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
    scores, remembered = _measure(
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
    return Outcome(decision.reason, decision.promote, release, decision, scores, tuple(clock.stages))


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


def _train(practice: Practice, dataset: Dataset, recipe: Recipe, say: Say) -> Trained:
    base = open_base(practice.settings.training.base, practice.home.root / "cache")
    planted, canaries = memory.plant(dataset.train, CANARIES, int(dataset.sha256[:8], 16), recipe.tasks)
    training = replace(dataset, train=tuple(planted))
    run = practice.home.runs / f"{dataset.sha256[:16]}-{_short(base, recipe)}"
    _keep_few_runs(practice.home.runs, run)
    with full_disk_said():
        adapter = finetune(training, base, recipe, run, lambda progress: say(_told(progress)))
    return Trained(adapter, tuple(canaries))


def select(examples: Sequence[Example], per_task: int) -> tuple[Example, ...]:
    """At most so many of each task, drawn by a hash of their ids so that every model is asked the same."""
    chosen: list[Example] = []
    for task in sorted({example.task for example in examples}):
        of_task = sorted(
            (e for e in examples if e.task == task), key=lambda e: hashlib.sha256(e.id.encode()).digest()
        )
        chosen += of_task[:per_task]
    # Questions on the same report stand together, so that the engine's prompt cache serves them.
    return tuple(sorted(chosen, key=lambda e: (e.reports[-1].id, e.task)))


def _export(practice: Practice, adapter: Adapter, folder: Path) -> Exported:
    wanted = QUANTIZATIONS[practice.settings.training.quantization]
    compiled = llamacpp.has_quantizer()
    if wanted not in llamacpp.CONVERTER_TYPES and not compiled:
        wanted = "Q8_0"  # said in the release: its quantization is what was made, and doctor tells why
    start = EngineStarter(practice.settings, engine_log(practice))
    reader = None if compiled else (lambda gguf: EngineReader(start(gguf)))
    return export(adapter, folder, wanted, open_reader=reader, threads=practice.settings.training.threads)


def _measure(
    practice: Practice,
    releases: Releases,
    held_out: Sequence[Example],
    dataset: Dataset,
    exported: Exported,
    champion: Release | None,
    base: BaseModel,
    canaries: Sequence[memory.Canary],
    say: Say,
    known: Sequence[Scores],
) -> tuple[tuple[Scores, ...], memory.Memory]:
    if not held_out:
        raise TrainingError(
            "No report is held out.", "More patients are needed before a model can be measured."
        )
    asked = {each.speaker: each for each in known}
    scores = [asked.get(name) or evaluate(held_out, name) for name in ("extract", "first line")]
    rival = "champion" if champion else "base"
    if rival in asked:
        scores.append(asked[rival])
    else:
        with serving(
            practice, releases.load(champion.id).gguf if champion else base_gguf(practice, base)
        ) as client:
            scores.append(_scored(client, held_out, rival, practice, say))
    with serving(practice, exported.gguf) as client:
        scores.append(_scored(client, held_out, "challenger", practice, say))
        remembered = memory.measure(
            client.write,
            canaries,
            select(dataset.train, MEMORY_TEXTS),
            select(dataset.test, MEMORY_TEXTS),
            client.generate,
        )
    return tuple(scores), remembered


def _scored(
    client: EngineClient,
    held_out: Sequence[Example],
    name: str,
    practice: Practice,
    say: Say,
    judge: Judge | None = None,
) -> Scores:
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        left = (time.monotonic() - began) / done * (total - done)
        say(f"asking {name}: {done} of {total}, {left:.0f} s left")

    scored = {example.id for example in sorted(held_out, key=lambda e: e.id)[:PERPLEXITY_TEXTS]}

    def likelihoods(example: Example) -> tuple[float, ...]:
        if example.id not in scored:
            return ()
        return client.logprobs(client.apply_template(example.prompt.messages), example.completion)

    return evaluate(
        held_out,
        name,
        client.generate,
        score=likelihoods,
        judge=judge,
        workers=practice.settings.engine.parallel,
        progress=progress,
    )


@contextlib.contextmanager
def serving(practice: Practice, gguf: Path) -> Iterator[EngineClient]:
    """An engine of its own for measuring, beside the one that answers."""
    engine = EngineStarter(practice.settings, engine_log(practice))(gguf)
    client = EngineClient.of(engine)
    try:
        yield client
    finally:
        client.close()
        engine.close()


def base_gguf(practice: Practice, base: BaseModel) -> Path:
    """The untuned base as the engine reads it, made once."""
    gguf = practice.home.root / "cache" / f"base-{base.sha256[:12]}-q8_0.gguf"
    if not gguf.exists():
        gguf.parent.mkdir(parents=True, exist_ok=True)
        making = gguf.with_suffix(".making")
        llamacpp.convert(
            base.path, making, "q8_0", llamacpp.locate_converter(), name="base", log=gguf.with_suffix(".log")
        )
        making.replace(gguf)
    return gguf


def measure_release(
    practice: Practice, release_id: str, say: Say, per_task: int = 60, judge: Judge | None = None
) -> tuple[Scores, ...]:
    """Extract mode, first line and a release measured again on today's held-out reports that did not train it.

    Args:
        judge: a model that marks the answers as well.

    Raises:
        NotFound: no such release.
        TrainingError: nothing is held out.
    """
    release = Releases(practice.home).load(release_id)
    trained = set(release.lineage.reports)
    held_out = select(
        [e for e in gather(practice).dataset.test if not trained & {report.id for report in e.reports}],
        per_task,
    )
    if not held_out:
        raise TrainingError("No report is held out.", "Sign more reports, then evaluate again.")
    with serving(practice, release.gguf) as client:
        model = _scored(client, held_out, release.id, practice, say, judge)
    return evaluate(held_out, "extract", judge=judge), evaluate(held_out, "first line"), model


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
