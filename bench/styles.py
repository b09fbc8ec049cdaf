"""Two physicians' styles, SFT against SFT and DPO: ``python -m bench.styles --style storyteller --out FOLDER``.

On each simulated physician's own reports the embedded base learns to summarize (SFT), from replies cut to what the
report bears out as every training is. Its drafts on the training reports are set beside the physician's words; where
the reward (evidence check, numbers, agreement, length) tells them clearly apart, DPO learns from the pair. Held-out
patients are asked of base, SFT and SFT+DPO; what DPO changed is told with its interval. A killed call goes on.
"""

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from bench.conclusions import ask
from clinical.answers.report import report_from_text
from server.client import EngineClient
from server.engine import start_engine
from synthetic.practice import simulate
from trainer import llamacpp
from trainer.basemodel import BaseModel, embedded_base
from trainer.dataset import Dataset
from trainer.example import Example
from trainer.export import export
from trainer.finetune import ADAPTER, RUN, Adapter, finetune
from trainer.grounding import Grounding
from trainer.pairs import build_pairs
from trainer.preference import dpo
from trainer.recipe import Recipe
from trainer.reward import by_check
from trainer.scores import Interval, difference

SEED = 31
REPORTS = 1600
LONGEST = 1200
"""Characters of a report: what fits the time at hand."""
STYLES = ("problem_list", "storyteller")
TRAIN, HELD_OUT, PREFERENCES = 40, 20, 24
DRAWN, WARMTH = 3, 0.8
"""Drafts drawn at random beside the likeliest, and the temperature that they are drawn at."""
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
    asked = {
        name: ask(name, gguf, held)
        for name, gguf in (("base", untuned), ("SFT", tuned), ("SFT+DPO", aligned))
    }
    for name, scores in asked.items():
        keep(out / f"{style} {name}.json", {metric: scores.interval(metric) for metric in METRICS})
    changed = {metric: difference(asked["SFT+DPO"], asked["SFT"], metric) for metric in METRICS}
    keep(out / f"{style} by DPO.json", changed)


def sides(style: str) -> tuple[list[Example], list[Example]]:
    """Summaries of the style's reports, split by patient: training, cut to what is borne out, and held out."""
    training: list[Example] = []
    held: list[Example] = []
    grounded = Grounding()
    for report in simulate(SEED, REPORTS):
        if not report.signed or report.physician.style != style or len(report.text) >= LONGEST:
            continue
        # A patient of several reports is one patient to the intervals.
        of = replace(report_from_text(report.text, f"r{report.number}"), patient_id=f"p{report.patient}")
        for example in build_pairs([of]):
            if example.task != "summarize":
                continue
            if report.patient % 3 == 0:
                held.append(example)
            elif len(training) < TRAIN and (cut := grounded(example)) is not None:
                training.append(cut)
        if len(training) == TRAIN and len(held) >= HELD_OUT:
            break
    return training, held[:HELD_OUT]


def preferred(
    style: str, sft: Adapter, base: BaseModel, training: Sequence[Example], gguf: Path, out: Path
) -> Adapter:
    """The SFT model after DPO on its own drafts beside the physician's words; kept once it is made."""
    folder = out / f"{style}-dpo"
    kept = folder / RUN
    if kept.is_file():
        return Adapter(folder / ADAPTER, base, sft.recipe, sft.dataset_sha256)
    drafts = {e.id: found for e, found in zip(training, replies(gguf, training), strict=True)}
    preferences = by_check(training, drafts)[:PREFERENCES]
    own = sum(p.chosen not in drafts[p.example.id] for p in preferences)
    print(
        f"{style}: {len(preferences)} preferences of {len(training)} reports, {own} for the physician's words"
    )
    aligned = dpo(sft, preferences, folder)
    print(", ".join(f"{name} {value:.2f}" for name, value in aligned.figures.items()), flush=True)
    kept.write_text(json.dumps({"figures": dict(aligned.figures), "losses": aligned.losses}))
    return aligned


def replies(gguf: Path, examples: Sequence[Example]) -> list[list[str]]:
    """The model's likeliest draft of each example, and ``DRAWN`` others."""
    engine = start_engine(gguf, threads=torch.get_num_threads(), context=2048, parallel=1)
    client = EngineClient.of(engine)
    try:
        return [
            [
                client.generate(example.prompt),
                *(client.sample(example.prompt, temperature=WARMTH, seed=n) for n in range(1, DRAWN + 1)),
            ]
            for example in examples
        ]
    finally:
        client.close()
        engine.close()


def keep(path: Path, intervals: Mapping[str, Interval | None]) -> None:
    """Figures of one model, or of a difference."""
    found = {m: [i.value, i.low, i.high, i.patients] for m, i in intervals.items() if i is not None}
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
