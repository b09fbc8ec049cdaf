"""How many reports does a practice need? ``python -m bench.learning --reports 50 --out FOLDER`` (then 100, 200, 400).

The learning curve on real dictated reports whose conclusion was cut out: the embedded base sees so many of them once,
then answers held-out questions through the engine. Each number of reports is a call of its own that a killed one goes
on with; results gather in the folder. ``--table`` prints them, and ``--curve`` as ``trainer/curve.toml`` keeps them for
``resident plan``.
"""

import argparse
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.conclusions import ROWS, TASKS, ask, examples_of, read, shortened
from trainer import llamacpp
from trainer.basemodel import EMBEDDED_NAME, embedded_base
from trainer.dataset import Dataset
from trainer.evaluate import evaluate
from trainer.example import Example
from trainer.export import export
from trainer.finetune import finetune
from trainer.recipe import Recipe
from trainer.scores import Scores

LONGEST = 1200
"""Characters of a report that are shown: what fits the time at hand."""
HELD_OUT = 30
RECIPE = Recipe(
    epochs=1, top_layers=15, max_length=640, row_tokens=640, checkpoint_steps=20, report_to="none"
)
METRICS = ("draft_rougeL", "draft_value_f1", "draft_wrong_numbers", "draft_unsupported", "loops")
PLAIN = {"draft_rougeL": "rougeL", "draft_value_f1": "value_f1", "draft_wrong_numbers": "wrong_numbers",
         "draft_unsupported": "unsupported"}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """One point of the curve, or the table of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--reports", type=int, help="reports that are seen; 0: the untuned base and the baselines"
    )
    parser.add_argument("--out", type=Path, help="where runs and results are kept")
    parser.add_argument("--table", action="store_true", help="print what is kept")
    parser.add_argument("--curve", action="store_true", help="print it as trainer/curve.toml")
    options = parser.parse_args(arguments)
    if not ROWS.is_file():
        print(f"{ROWS.name} is not beside the project: nothing to measure.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        if options.reports is not None:
            point(options.reports, out)
        if options.table or options.out is None:
            show(out)
        if options.curve:
            print(curve(out))


def point(reports: int, out: Path) -> None:
    """Trains on so many reports and asks; results go to a file of the folder."""
    training, held = sides()
    base = embedded_base(out / "cache")
    if reports == 0:
        gguf = out / "base.gguf"
        llamacpp.convert(base.path, gguf, "q8_0", llamacpp.locate_converter(), name="base")
        for name in ("first line", "extract"):
            keep(out, name, evaluate(held, name), held, {})
        keep(out, "0", ask("base", gguf, held), held, {})
        return
    seen = [example for group in training[:reports] for example in group]
    digest = hashlib.sha256("".join(e.content_sha256 for e in seen).encode()).hexdigest()
    dataset = Dataset(tuple(seen), (), (), {}, digest)
    adapter = finetune(dataset, base, RECIPE, out / f"run-{reports}")
    exported = export(adapter, out / f"tuned-{reports}", "Q8_0")
    keep(out, str(reports), ask(str(reports), exported.gguf, held), held, adapter.figures)


def sides() -> tuple[list[list[Example]], list[Example]]:
    """Training reports in a fixed random order, each with its questions; and the held-out questions."""
    training: list[tuple[bytes, list[Example]]] = []
    held: list[tuple[bytes, list[Example]]] = []
    for row in read():
        digest = hashlib.sha256(row["id"].encode()).digest()
        made = examples_of(row | {"input": shortened(row["input"], LONGEST)})
        if made:
            (held if int.from_bytes(digest[:8], "big") / 2**64 >= 0.8 else training).append(
                (digest[8:], made)
            )
    training.sort(key=lambda pair: pair[0])
    held.sort(key=lambda pair: pair[0])
    return [made for _, made in training], [e for _, made in held[:HELD_OUT] for e in made]


def keep(out: Path, name: str, scores: Scores, held: Sequence[Example], figures: Any) -> None:
    """The point's figures as a file."""
    found: dict[str, Any] = {"figures": dict(figures)}
    for task, at_most in TASKS.items():
        ids = {e.id for e in held if e.at_most == at_most}
        part = Scores(name, tuple(row for row in scores.rows if row.example in ids))
        for metric in METRICS:
            drafted = metric in part.metrics()
            interval = part.interval(metric if drafted else PLAIN.get(metric, metric))
            if interval is not None:
                found.setdefault(task, {})[metric] = [interval.value, interval.low, interval.high]
    (out / f"point-{name.replace(' ', '-')}.json").write_text(json.dumps(found))


def show(out: Path) -> None:
    """All points."""
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; {HELD_OUT} held-out reports"
    )
    print(
        f"{'':18}{'seen':>11}"
        + "".join(f"{m.removeprefix('draft_'):>22}" for m in METRICS)
        + f"{'minutes':>9}"
    )
    points = sorted(out.glob("point-*.json"), key=lambda p: (p.stem[6:].isdigit(), p.stem[6:].zfill(9)))
    for task in TASKS:
        for path in points:
            found = json.loads(path.read_text())
            cells = "".join(_cell(found.get(task, {}).get(metric)) for metric in METRICS)
            minutes = found["figures"].get("seconds", 0) / 60
            print(f"{task:18}{path.stem[6:]:>11}{cells}{minutes:9.1f}")


def curve(out: Path) -> str:
    """The points as ``trainer/curve.toml`` keeps them."""
    seen = sorted(int(p.stem[6:]) for p in out.glob("point-*.json") if p.stem[6:].isdigit())
    points = [json.loads((out / f"point-{n}.json").read_text()) for n in seen]
    extract = json.loads((out / "point-extract.json").read_text())
    lines = [f'base = "{EMBEDDED_NAME}"', f"held_out = {HELD_OUT}", f"reports = {seen}"]
    for task in TASKS:
        agreement = [point[task]["draft_rougeL"] for point in points]
        loose = [point[task]["draft_unsupported"][0] for point in points]
        lines += [
            f'\n[[task]]\nname = "{task}"',
            f"model = {[round(value, 3) for value, _, _ in agreement]}",
            f"half = {[round((high - low) / 2, 3) for _, low, high in agreement]}",
            f"unsupported = {[round(value, 3) for value in loose]}",
            f"extract = {extract[task]['draft_rougeL'][0]:.3f}",
        ]
    return "\n".join(lines)


def _cell(found: Sequence[float] | None) -> str:
    return f"{found[0]:.3f} ({found[1]:.2f}–{found[2]:.2f})".rjust(22) if found else "–".rjust(22)


if __name__ == "__main__":
    main()
