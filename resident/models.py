"""Commands on models: releases, promote, rollback, retrain, evaluate."""

import os
from argparse import Namespace
from pathlib import Path

from practice.home import Home, write_atomically
from practice.releases import Release, Releases
from resident.parts import say
from resident.setup import open_practice

AGAIN = "evaluation-again.html"


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
        for page in ("evaluation.html", AGAIN, "evaluation-rated.html"):
            if (release.folder / page).exists():
                print(f"    {release.folder / page}")
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
    """What the schedule calls every night, now and visibly.

    Under ``accelerate launch`` every process trains and the first alone does the rest.
    """
    from resident.night import retrain as run

    with open_practice(options.practice_home) as practice:
        helping = int(os.environ.get("RANK", "0")) > 0
        outcome = run(
            practice,
            now=options.now,
            say=_silent if helping else say,
            search=options.search,
            helping=helping,
        )
    say(outcome.reason)
    return 0


def _silent(line: str) -> None:
    del line


def evaluate(options: Namespace) -> int:
    """Measures a release again on the held-out reports, beside extract mode and the report's first line."""
    from resident.measuring import measure_release
    from trainer.page import evaluation_page
    from trainer.ragas_measures import Judge

    judge = Judge(options.judge) if options.judge else None
    with open_practice(options.practice_home) as practice:
        scores = measure_release(practice, options.release, say, judge=judge.measures if judge else None)
        release = Releases(practice.home).get(options.release)
    for task in scores[0].tasks():
        print(f"{task}: {len(scores[0].of(task).rows)} questions, {scores[0].of(task).patients()} patients")
        for each in scores:
            found = each.of(task).interval("quality")
            if found is not None:
                print(f"    {each.speaker:24} quality {found.value:.2f} ({found.low:.2f}–{found.high:.2f})")
    page = release.folder / AGAIN
    records = [each.record() for each in scores]
    write_atomically(page, evaluation_page(release.id, records, release.decision).encode())
    print(f"everything else: {page}")
    return 0


def catalog(options: Namespace) -> int:
    """Every base model that is known, and whether this machine can train it."""
    from trainer.catalog import catalog as known
    from trainer.machine import look
    from trainer.plan import fitting, gigabytes

    machine = look(_existing(options.practice_home))
    gpu = f"{machine.gpu_name}, {gigabytes(machine.gpu_bytes)}" if machine.gpus else "no GPU"
    print(
        f"this machine: {gpu}, {gigabytes(machine.ram_bytes)} memory, {gigabytes(machine.disk_bytes)} free disk\n"
    )
    for plan in fitting(known(), machine):
        model = plan.model
        fit = f"fits by {plan.method}" if plan.fits else f"does not fit: {plan.reasons[0]}"
        print(f"{'✓' if plan.fits else ' '} {model.name}  {model.kind}, {model.licence}: {fit}")
        if model.advice:
            print(f"      {model.advice}")
    return 0


def plan(options: Namespace) -> int:
    """What a training would take on this machine with this practice's reports, before anything starts."""
    from trainer.catalog import advise
    from trainer.machine import look
    from trainer.plan import gigabytes, reports_needed
    from trainer.plan import plan as planned

    with open_practice(options.practice_home) as practice:
        name = options.base or practice.settings.training.base
        signed = practice.store.counts().trainable
        machine = look(practice.home.root)
    model, advice = advise(name)
    if advice:
        print(advice)
    if model is None:
        return 1
    made = planned(model, machine, tokens=max(1, signed) * TOKENS_A_REPORT)
    print(f"{model.title} by {made.method}, served as {made.quantization}")
    print(f"memory {gigabytes(made.memory_bytes)}, disk {gigabytes(made.disk_bytes)}")
    print(f"training about {made.seconds / 60:.0f} min, export about {made.export_seconds / 60:.0f} min")
    for line in (*made.reasons, *made.notes):
        print(f"- {line}")
    print(reports_needed(signed))
    return 0 if made.fits else 1


TOKENS_A_REPORT = 1500  # one report with the questions on it, as the simulated practice's come out


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
