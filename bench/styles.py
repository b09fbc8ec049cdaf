"""Two physicians' styles, SFT against SFT and DPO: ``python -m bench.styles --style storyteller --out FOLDER``.

On each simulated physician's own reports the embedded base learns to summarize (SFT). Its drafts on the training
reports are set beside the physician's words; where the reward (evidence check, numbers, agreement, length) tells them
clearly apart, DPO learns from the pair. Held-out patients are asked of base, SFT and SFT+DPO. A killed call goes on.
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.conclusions import ask
from clinical.answers.report import report_from_text
from clinical.prompts import Prompt
from server.client import EngineClient
from server.engine import start_engine
from synthetic.practice import simulate
from trainer import llamacpp
from trainer.basemodel import BaseModel, embedded_base
from trainer.dataset import Dataset
from trainer.example import Example
from trainer.export import export
from trainer.finetune import ADAPTER, RUN, Adapter, finetune
from trainer.pairs import build_pairs
from trainer.preference import dpo
from trainer.recipe import Recipe
from trainer.reward import by_check
from trainer.scores import Scores

SEED = 31
REPORTS = 700
STYLES = ("problem_list", "storyteller")
TRAIN, HELD_OUT, PREFERENCES = 40, 20, 24
RECIPE = Recipe(
    epochs=2, top_layers=15, max_length=640, row_tokens=640, checkpoint_steps=20, report_to="none"
)
METRICS = (
    "draft_unsupported",
    "draft_value_f1",
    "draft_wrong_numbers",
    "draft_rougeL",
    "draft_words",
    "loops",
    "valid",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """One style, or the table of what is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--style", choices=STYLES, help="whose reports; without it the table of all is printed"
    )
    parser.add_argument("--out", type=Path, required=True, help="where runs and results are kept")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.style:
        measure(options.style, options.out)
    show(options.out)


def measure(style: str, out: Path) -> None:
    """SFT, drafts, DPO, and the held-out questions to all three."""
    training, held = sides(style)
    base = embedded_base(out / "cache")
    sft = finetune(
        Dataset(tuple(training), (), (), {}, f"{style} {len(training)}"), base, RECIPE, out / f"{style}-sft"
    )
    tuned = export(sft, out / f"{style}-sft-gguf", "Q8_0").gguf
    better = preferred(style, sft, base, training, tuned, out)
    untuned = out / "base.gguf"
    if not untuned.exists():
        llamacpp.convert(base.path, untuned, "q8_0", llamacpp.locate_converter(), name="base")
    aligned = export(better, out / f"{style}-dpo-gguf", "Q8_0").gguf
    for name, gguf in (("base", untuned), ("SFT", tuned), ("SFT+DPO", aligned)):
        keep(out / f"{style} {name}.json", ask(name, gguf, held))


def sides(style: str) -> tuple[list[Example], list[Example]]:
    """Summaries of the style's reports, split by patient: training and held out."""
    made: list[tuple[int, Example]] = []
    for report in simulate(SEED, REPORTS):
        if report.signed and report.physician.style == style and len(report.text) < 1800:
            pairs = build_pairs([report_from_text(report.text, f"r{report.number}")])
            made += [(report.patient, example) for example in pairs if example.task == "summarize"]
    held = [example for patient, example in made if patient % 4 == 0]
    return [example for patient, example in made if patient % 4][:TRAIN], held[:HELD_OUT]


def preferred(
    style: str, sft: Adapter, base: BaseModel, training: Sequence[Example], gguf: Path, out: Path
) -> Adapter:
    """The SFT model after DPO on its own drafts beside the physician's words; kept once it is made."""
    folder = out / f"{style}-dpo"
    kept = folder / RUN
    if kept.is_file():
        return Adapter(folder / ADAPTER, base, sft.recipe, sft.dataset_sha256)
    drafts = {example.id: [reply] for example, reply in zip(training, replies(gguf, training), strict=True)}
    preferences = by_check(training, drafts)[:PREFERENCES]
    own = sum(p.chosen == p.example.completion for p in preferences)
    print(
        f"{style}: {len(preferences)} preferences of {len(training)} reports, {own} for the physician's words"
    )
    aligned = dpo(sft, preferences, folder)
    kept.write_text(json.dumps({"preferences": len(preferences), "losses": aligned.losses}))
    return aligned


def replies(gguf: Path, examples: Sequence[Example]) -> list[str]:
    """The model's drafts."""
    engine = start_engine(gguf, threads=os.cpu_count() or 1, context=2048, parallel=1)
    client = EngineClient.of(engine)
    try:
        prompts: list[Prompt] = [example.prompt for example in examples]
        return [client.generate(prompt) for prompt in prompts]
    finally:
        client.close()
        engine.close()


def keep(path: Path, scores: Scores) -> None:
    """The figures of one model."""
    found: dict[str, Any] = {}
    for metric in METRICS:
        interval = scores.interval(metric)
        if interval is not None:
            found[metric] = [interval.value, interval.low, interval.high, interval.patients]
    path.write_text(json.dumps(found))


def show(out: Path) -> None:
    """All that is kept."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"{'':26}" + "".join(f"{metric.removeprefix('draft_'):>22}" for metric in METRICS))
    for path in sorted(out.glob("* *.json")):
        found = json.loads(path.read_text())
        cells = (found.get(metric) for metric in METRICS)
        text = "".join((f"{c[0]:.3f} ({c[1]:.2f}–{c[2]:.2f})" if c else "–").rjust(22) for c in cells)
        print(f"{path.stem:26}{text}")


if __name__ == "__main__":
    main()
