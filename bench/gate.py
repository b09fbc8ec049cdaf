"""The gate with models that were really trained: ``python -m bench.gate [--home .cache/demo] [--minutes 6]``.

Works on the practice that ``make demo`` left. What must happen: the first release was promoted over the base (it is
truly better), the same model again is held, one trained on replies with a fifth of their numbers changed is held, and
one trained on the replies of other reports is held.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from practice.releases import Releases
from resident.demo import PER_TASK, RECIPE, spoiled_material
from resident.material import gather
from resident.measuring import measure_release
from resident.night import Clock, train_and_judge
from resident.setup import open_practice
from trainer.gate import Decision, decide
from trainer.memory import Memory


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".cache") / "demo")
    parser.add_argument("--minutes", type=float, default=RECIPE.max_minutes)
    parser.add_argument("--per-task", type=int, default=PER_TASK)
    options = parser.parse_args(arguments)
    if not (options.home / "config.toml").is_file():
        print("There is no practice here: run 'make demo' first.")
        return
    recipe = replace(RECIPE, max_minutes=options.minutes)
    with open_practice(options.home.resolve()) as practice:
        releases = Releases(practice.home)
        first = min(releases.list(), key=lambda release: release.id)
        current = releases.current()
        print(f"first release: {first.decision.get('reason')}")
        extract, line, model = measure_release(practice, first.id, said, options.per_task)
        again = measure_release(practice, first.id, said, options.per_task)[2]
        remembered = Memory(**first.scores["memory"])
        champion = replace(model, speaker="champion")
        told(
            "the same model again",
            decide(replace(again, speaker="challenger"), extract, champion, memory=remembered),
        )
        known = [extract, line, *([champion] if current is not None and current.id == first.id else [])]
        material = gather(practice)
        for name, numbers, swapped in (
            ("a fifth of the numbers changed", True, False),
            ("answers of other reports", False, True),
        ):
            spoiled = spoiled_material(material, numbers=numbers, swapped=swapped)
            outcome = train_and_judge(practice, spoiled, recipe, Clock(said), said, options.per_task, known)
            if outcome.decision is not None:
                told(name, outcome.decision)
            if outcome.promoted:
                releases.rollback()
            else:
                known = [each for each in outcome.scores if each.speaker != "challenger"]


def told(name: str, decision: Decision) -> None:
    """One line for the verdict, and what failed below it."""
    print(f"{name}: {decision.reason}", flush=True)
    for finding in decision.findings:
        if not finding.passed:
            print(f"    {finding.what}: {finding.figures}", flush=True)


def said(line: str) -> None:
    """Progress is not shown: the runs are short."""


if __name__ == "__main__":
    main()
