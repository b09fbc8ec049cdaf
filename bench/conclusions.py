"""The trainer on real reports: ``python -m bench.conclusions [--minutes 20] [--out FOLDER]``.

Real dictated reports whose conclusion was cut out (``shared/data/tasks/conclusions.jsonl.xz`` beside the project),
split 80/20 by a hash of their id. On the held-out rows, the same questions to the report's printed first line, its
first sentence, extract mode, the untuned base and the tuned model, both through the engine: the one-line summary and
the conclusion.
"""

import argparse
import hashlib
import json
import lzma
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from clinical.answers.passages import one_line
from clinical.answers.report import report_from_text
from clinical.structure.sentences import sentences
from server.client import EngineClient
from server.engine import start_engine
from trainer import llamacpp, measures
from trainer.basemodel import embedded_base
from trainer.dataset import Dataset
from trainer.evaluate import evaluate
from trainer.example import Example
from trainer.export import export
from trainer.finetune import Progress, finetune
from trainer.recipe import Recipe
from trainer.scores import ScoreRow, Scores

ROWS = Path(__file__).parents[1] / "../shared/data/tasks/conclusions.jsonl.xz"
TASKS = {"one-line summary": 1, "conclusion": None}
LONGEST = 2400
"""Characters of a report that are shown to the model, first and last part; the middle of longer ones is left out."""
RECIPE = Recipe(
    rank=16,
    learning_rate=1e-3,
    epochs=2,
    accumulate=1,
    row_tokens=1024,
    max_length=1024,
    top_layers=15,
    report_to="none",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on four fifths, ask about the rest, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="time for fine-tuning")
    parser.add_argument("--held-out", type=int, default=1000, help="at most so many held-out reports")
    parser.add_argument("--train", type=int, default=1000, help="at most so many training reports")
    parser.add_argument("--out", type=Path, help="keep the run here; a killed run there goes on")
    options = parser.parse_args(arguments)
    if not ROWS.is_file():
        print(f"{ROWS.name} is not beside the project: nothing to measure.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        measure(options.out or Path(scratch), options.minutes, options.train, options.held_out)


def measure(out: Path, minutes: float, train: int, held_out: int) -> None:
    """The whole measurement; prints as it goes."""
    training, held = split(read())
    training, held = training[: 2 * train], held[: 2 * held_out]
    digest = hashlib.sha256("".join(e.content_sha256 for e in training).encode()).hexdigest()
    validation = tuple(training[: len(training) // 20 * 2])
    dataset = Dataset(tuple(training[len(validation) :]), validation, tuple(held), {}, digest)
    base = embedded_base(out / "cache")
    adapter = finetune(
        dataset, base, Recipe(**{**RECIPE.record(), "max_minutes": minutes}), out / "run", _told
    )
    exported = export(adapter, out / "tuned", "Q8_0")
    untuned = out / "base.gguf"
    if not untuned.exists():
        llamacpp.convert(base.path, untuned, "q8_0", llamacpp.locate_converter(), name="base")
    table = [printed_line(held), evaluate(held, "first line"), evaluate(held, "extract")]
    for name, gguf in (("base", untuned), ("tuned", exported.gguf)):
        table.append(ask(name, gguf, held))
    print(f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} cores, no GPU")
    figures = adapter.figures
    print(
        f"trained on {figures['examples']:.0f} examples ({figures['too_long']:.0f} too long), "
        f"{figures['passes']:.2f} passes, {figures['seconds'] / 60:.1f} min, "
        f"{figures['example_tokens'] / figures['seconds']:.0f} example tokens/s; "
        f"{len(held) // len(TASKS)} held-out reports"
    )
    show(table, held)


def read() -> list[dict[str, Any]]:
    """Rows of the data."""
    with lzma.open(ROWS, "rt") as lines:
        return [json.loads(line) for line in lines]


def split(rows: Sequence[dict[str, Any]]) -> tuple[list[Example], list[Example]]:
    """Training and held-out examples, by a hash of the row's id: 80/20."""
    sides: tuple[list[Example], list[Example]] = ([], [])
    for row in rows:
        place = int.from_bytes(hashlib.sha256(row["id"].encode()).digest()[:8], "big") / 2**64
        sides[place >= 0.8].extend(examples_of(row))
    return sides


def examples_of(row: dict[str, Any]) -> list[Example]:
    """The one-line summary and the conclusion of one report."""
    report = report_from_text(shortened(row["input"]), row["id"])
    made = []
    if row["reference_one_line"]:
        line = one_line(row["reference_one_line"])
        made.append(Example("summarize", (report,), row["id"], sentences=(line,), at_most=1))
    text = row["reference_conclusion"]
    lines = [one_line(text[s.start : s.end]) for s in sentences(text)]
    said = [line.lstrip("0123456789.)- ") for line in lines]
    said = [line for line in said if len(line) > 3][:4]
    if said:
        made.append(Example("summarize", (report,), row["id"], sentences=tuple(said)))
    return made


def shortened(text: str, longest: int = LONGEST) -> str:
    """A report of bounded length: its beginning and its end, cut between words."""
    if len(text) <= longest:
        return text
    head = text[: longest * 2 // 3].rsplit(" ", 1)[0]
    tail = text[-longest // 3 :].split(" ", 1)[-1]
    return f"{head}\n…\n{tail}"


def printed_line(held: Sequence[Example]) -> Scores:
    """The report's first line as it is printed, heading and all; "first line" is the first sentence below a heading."""
    rows = []
    for example in held:
        report = example.reports[-1].text
        line = next(line for line in report.splitlines() if line.strip())
        found = measures.text_measures(line, example.reference)
        found |= measures.value_measures(line, example.reference, report)
        rows.append(ScoreRow(example.id, example.patient, example.task, example.report_type, found))
    return Scores("printed line", tuple(rows))


def ask(name: str, gguf: Path, held: Sequence[Example]) -> Scores:
    """The held-out questions to a model through the engine."""
    engine = start_engine(gguf, threads=torch.get_num_threads(), context=2048, parallel=2)
    client = EngineClient.of(engine)
    try:
        return evaluate(held, name, client.generate, workers=2, progress=_counted(name))
    finally:
        client.close()
        engine.close()


def show(table: Sequence[Scores], held: Sequence[Example]) -> None:
    """One line a task and speaker. A model is measured by its drafts, before anything is withheld."""
    ids = {at_most: {e.id for e in held if e.at_most == at_most} for at_most in TASKS.values()}
    heading = ("ROUGE-L", "ROUGE-1", "BLEU", "value F1", "wrong numbers", "unsupported", "loops", "words")
    print(f"{'':17}{'':12}" + "".join(f"{name:>15}" for name in heading))
    metrics = ("rougeL", "rouge1", "bleu", "value_f1", "wrong_numbers", "unsupported", "loops", "words")
    for task, at_most in TASKS.items():
        for scores in table:
            part = Scores(scores.speaker, tuple(row for row in scores.rows if row.example in ids[at_most]))
            cells = []
            for metric in metrics:
                drafted = metric if metric == "loops" else f"draft_{metric}"
                name = drafted if drafted in part.metrics() else metric
                found = part.interval(name)
                cells.append(f"{found.value:.3f} ±{(found.high - found.low) / 2:.3f}" if found else "–")
            print(f"{task:17}{scores.speaker:12}" + "".join(f"{cell:>15}" for cell in cells))


def _told(progress: Progress) -> None:
    if progress.step % 10 == 0 or progress.step == progress.steps:
        left = f"{(progress.seconds_left or 0) / 60:.1f} min left"
        print(f"step {progress.step} of {progress.steps}, loss {progress.loss or 0:.3f}, {left}", flush=True)


def _counted(name: str) -> Any:
    def told(done: int, total: int) -> None:
        if done % 40 == 0:
            print(f"asking {name}: {done} of {total}", flush=True)

    return told


if __name__ == "__main__":
    main()
