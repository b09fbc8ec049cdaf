"""Commands on models: releases, promote, rollback, retrain, evaluate."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from practice.home import Home
from practice.releases import Release, Releases
from resident.parts import say
from resident.setup import open_practice


def releases(options: Namespace) -> int:
    """Every release with what was decided about it."""
    book = Releases(Home.open(options.practice_home))
    answering = book.history()[-1:]
    every = book.list()
    for release in every:
        mark = "→" if release.id in answering else " "
        made = f"{release.base}, {release.quantization}, {len(release.lineage.reports)} reports"
        print(f"{mark} {release.id}  {made}")
        print(f"    {verdict(release)}")
    if not every:
        print("No release yet. 'resident retrain --now' makes one; until then extract mode answers.")
    return 0


def verdict(release: Release) -> str:
    """One line on what the gate said."""
    if release.forgotten:
        return "retire it: it was trained on a report that was forgotten since"
    if release.held is not None:
        return f"held: {release.held}"
    earned = ", ".join(f"{e.tool}{f' of {e.report_type}' if e.report_type else ''}" for e in release.earned)
    return f"promoted; earned {earned or 'no task (extract mode answers)'}"


def promote(options: Namespace) -> int:
    """Serves a release from now on; the running gateway notices by itself."""
    release = Releases(Home.open(options.practice_home)).promote(options.release)
    print(f"{release.id} answers from now on")
    return 0


def rollback(options: Namespace) -> int:
    """Serves the release before the current one."""
    release = Releases(Home.open(options.practice_home)).rollback()
    print(f"{release.id} answers again")
    return 0


def retrain(options: Namespace) -> int:
    """What the schedule calls every night, now and visibly."""
    from resident.night import retrain as run

    with open_practice(options.practice_home) as practice:
        outcome = run(practice, now=options.now, say=say)
    say(outcome.reason)
    return 0


def evaluate(options: Namespace) -> int:
    """Measures a release again on the held-out reports, beside extract mode and the report's first line."""
    from resident.night import measure_release

    with open_practice(options.practice_home) as practice:
        measure_release(practice, options.release, say)
    return 0


def shown(scores: Mapping[str, Any], indent: str = "") -> str:
    """Scores as lines."""
    lines = []
    for name, value in scores.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", shown(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(lines)
