"""Measures models as they are served: the very GGUF, through an engine of its own, on patients who never trained."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from clinical.errors import TrainingError
from practice.releases import Release, Releases
from resident.material import gather
from resident.parts import EngineStarter, engine_log
from resident.setup import Practice
from server.client import EngineClient
from trainer import llamacpp, memory
from trainer.basemodel import BaseModel
from trainer.dataset import Dataset
from trainer.evaluate import Judge, evaluate
from trainer.example import Example
from trainer.export import Exported
from trainer.scores import Scores

Say = Callable[[str], None]
MEMORY_TEXTS = 12
PERPLEXITY_TEXTS = 20  # the engine scores a text token by token, so a part of them has to do


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


def measure(
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
    """Scores of extract mode, the first line, the champion (or the base) and the challenger, and what that remembers.

    Args:
        known: scores of speakers that were asked these very held-out questions already.
    """
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

    def likelihoods(example: Example) -> tuple[float, ...]:
        return client.logprobs(client.apply_template(example.prompt.messages), example.completion)

    return evaluate(
        held_out,
        name,
        client.generate,
        score=likelihoods,
        scored=min(PERPLEXITY_TEXTS, len(held_out) // 5),
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
