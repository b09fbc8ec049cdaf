"""Commands on reports: add, status, show, hold, release, sign, forget."""

import sys
from argparse import Namespace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from clinical.deidentify.deidentifier import Deidentifier
from clinical.errors import ExtractionError, NotFound, Refused, SettingsError
from practice.releases import Releases
from resident.parts import make_deidentifier, private_temporary_files
from resident.rows import expand
from resident.setup import Practice, open_practice
from watchers.extract.sandbox import Sandbox
from watchers.intake import Extract, Outcome, options_from, take_file


def add(options: Namespace) -> int:
    """Takes files in now, without the folder; they stay where they are."""
    files = expand(options.file)
    with open_practice(options.practice_home) as practice, private_temporary_files(practice.home):
        deidentifier = make_deidentifier(practice.settings)
        quarantined = 0
        with Sandbox(options_from(practice.settings)) as sandbox:
            for path in track(files, "taking", console=Console(stderr=True), disable=not sys.stderr.isatty()):
                outcome = _take(path, practice, deidentifier, sandbox.extract)
                quarantined += outcome.kind == "quarantined"
                print(f"{path}: {told(outcome)}")
        return 1 if quarantined else 0


def _take(path: Path, practice: Practice, deidentifier: Deidentifier, extract: Extract) -> Outcome:
    try:
        return take_file(path, practice.store, deidentifier, practice.settings, extract=extract)
    except FileNotFoundError:
        raise SettingsError("One of the files does not exist.", "Name existing files or folders.") from None
    except ExtractionError as error:
        return Outcome("quarantined", reason=error.reason, message=str(error))


def told(outcome: Outcome) -> str:
    """One line on what became of a file."""
    if outcome.kind == "duplicate":
        return "known already; nothing to do"
    if outcome.kind == "quarantined":
        return f"quarantined as {outcome.quarantine_id}: {outcome.reason}. {outcome.message}"
    held = f", {outcome.held} held" if outcome.held else ""
    return f"taken as {' '.join(outcome.report_ids)}{held}"


def status(options: Namespace) -> int:
    """Counts, what waits for somebody, jobs, the release that answers."""
    with open_practice(options.practice_home) as practice:
        counts = practice.store.counts()
        waiting = sum(1 for path in practice.settings.inbox.glob("*") if path.is_file())
        console = Console()
        table = Table.grid(padding=(0, 2))
        for name, value in (
            ("waiting in the folder", waiting),
            ("reports", counts.reports),
            ("  of these may train", counts.trainable),
            ("  held", counts.held),
            ("  replaced or retracted", counts.superseded + counts.retracted),
            ("patients", counts.patients),
            ("quarantined files", counts.quarantined),
            ("corrections to confirm", counts.feedback_pending),
            ("jobs", ", ".join(f"{n} {state}" for state, n in counts.jobs.items()) or "none"),
            ("release", _current_release(practice)),
        ):
            table.add_row(name, str(value))
        console.print(table)
        held = practice.store.reports(state="held", limit=20)
        if held:
            console.print("\nheld, newest last:")
            for row in held:
                console.print(
                    f"  {row.id}  {row.report_type or 'unknown type'}: {', '.join(row.reasons)}",
                    highlight=False,
                )
        for item in practice.store.quarantined()[-20:]:
            console.print(f"  {item.id}  quarantined, {item.reason}: {item.message}", highlight=False)
    return 0


def _current_release(practice: Practice) -> str:
    release = Releases(practice.home).current()
    if release is None:
        return "none yet: extract mode answers"
    if release.forgotten:
        return f"{release.id}: was trained on a report that was forgotten since; run 'resident retrain --now'"
    return release.id


def show(options: Namespace) -> int:
    """A stored report, de-identified unless asked otherwise, or a quarantined file's name and reason."""
    with open_practice(options.practice_home) as practice:
        store = practice.store
        for item in store.quarantined():
            if item.id == options.id:
                print(f"{item.name!r}\n{item.reason}: {item.message}")
                return 0
        row = store.status_of(options.id)
        print(f"id {row.id}   type {row.report_type or 'unknown'}   status {row.status}   state {row.state}")
        if row.reasons:
            print(f"held: {', '.join(row.reasons)}")
        print()
        print(store.original_text(row.id) if options.original else store.report(row.id).text)
    return 0


def hold(options: Namespace) -> int:
    """Keeps a report from training and from cloud clients."""
    with open_practice(options.practice_home) as practice:
        practice.store.hold(options.id, options.reason)
    print(f"{options.id} is held")
    return 0


def release(options: Namespace) -> int:
    """Lets a held report go on."""
    with open_practice(options.practice_home) as practice:
        if options.patient or options.alone:
            practice.store.assign(options.id, options.patient)
        practice.store.release(options.id)
    print(f"{options.id} is no longer held")
    return 0


def sign(options: Namespace) -> int:
    """Signs an unsigned report in the name of a configured physician."""
    with open_practice(options.practice_home) as practice:
        physician = practice.settings.physician(options.by)
        if physician is None:
            raise Refused(
                "That is not one of the practice's physicians.",
                "Name them under [[physicians]] in config.toml.",
            )
        practice.store.sign(options.id, physician.name)
    print(f"{options.id} is signed")
    return 0


def forget(options: Namespace) -> int:
    """Forgets a patient or a report, and says which releases knew it."""
    with open_practice(options.practice_home) as practice:
        if not options.yes:
            print(f"Forget {options.id} for good? Type its id to go on: ", end="", flush=True)
            if sys.stdin.readline().strip() != options.id:
                raise NotFound("Nothing was forgotten.", "Type the id exactly.")
        gone = practice.store.forget(options.id)
    print(f"forgotten: {len(gone.reports)} reports, {len(gone.files)} files")
    if gone.releases:
        print(f"These releases were trained on it: {' '.join(gone.releases)}. Run 'resident retrain --now'.")
    return 0
