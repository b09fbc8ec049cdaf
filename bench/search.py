"""Rank against learning rate, as ``resident retrain --search`` tries them: ``python -m bench.search [--steps 16]``.

On a small simulated practice each pair trains the embedded base for as many steps; the table is the loss of the
validation patients' replies, in nats a token.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clinical.answers.report import report_from_text
from synthetic.practice import simulate
from trainer.basemodel import embedded_base
from trainer.dataset import Dataset, freeze
from trainer.grounding import Grounding
from trainer.pairs import build_pairs
from trainer.recipe import Recipe
from trainer.search import RANKS, RATES, search

SEED, REPORTS, LONGEST = 41, 300, 1200
SECRET = b"the split of the search's figures"
RECIPE = Recipe(top_layers=15, max_length=640, row_tokens=640, report_to="none")


def main(arguments: Sequence[str] | None = None) -> None:
    """All pairs, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--cache", type=Path, help="where the prepared base is kept")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = practice()
        base = embedded_base(options.cache or folder / "cache")
        trials = search(data, base, RECIPE, folder, steps=options.steps, progress=print)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; {options.steps} steps")
    print(f"{len(data.train)} pairs, {len(data.validation)} of validation patients")
    losses = {(trial.rank, trial.learning_rate): trial.loss for trial in trials}
    print(f"{'rank':6}" + "".join(f"{rate:>10g}" for rate in RATES))
    for rank in RANKS:
        print(f"{rank:<6}" + "".join(f"{losses[rank, rate]:10.3f}" for rate in RATES))


def practice() -> Dataset:
    """Pairs of all tasks on short signed reports, split by patient as a practice's own are."""
    reports = [
        replace(
            report_from_text(made.text, f"r{made.number}"),
            patient_id=f"p{made.patient}",
            report_type=made.kind,
            observed_at=made.observed_at,
        )
        for made in simulate(SEED, REPORTS)
        if made.signed and len(made.text) < LONGEST
    ]
    return freeze(build_pairs(reports), SECRET, for_training=Grounding())


if __name__ == "__main__":
    main()
