"""Intake killed again and again: every report exactly once. A command, and what the tests of it run.

    python -m bench.intake_soak [--files 10000] [--kills 50]

Files of several formats, duplicates and damaged ones are dropped while the intake process is killed (SIGKILL) at
random moments and started anew. At the end every file is kept, known or quarantined, once.
"""

import argparse
import base64
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clinical.report import DeidentifiedReport, Doubtful, Identity
from practice.home import Home
from practice.keys import Keys
from practice.settings import IntakeSettings, Physician, Settings
from practice.store import Store
from watchers.folder import Progress, watch

ROOT = Path(__file__).parents[1]


class QuickDeidentifier:
    """Blanks what the header states: the soak is about files, and the real one would take hours for it."""

    def deidentify(
        self,
        text: str,
        identity: Identity | None = None,
        observed_at: str | None = None,
        doubtful: Sequence[Doubtful] = (),
    ) -> DeidentifiedReport:
        """The text without name and number."""
        for value in (identity.name, identity.mrn) if identity else ():
            text = text.replace(value, "[NAME]") if value else text
        return DeidentifiedReport(text, layers=("quick",))


def settings_for(home: Home) -> Settings:
    """Settings with one physician."""
    intake = replace(IntakeSettings(), ocr=False)
    return replace(
        Settings(home=home.root, inbox=home.inbox), physicians=(Physician("Lena Okafor"),), intake=intake
    )


def report_text(number: int) -> str:
    """A signed report of a patient of its own."""
    return (
        f"Patient: Rivera, Ana{'abcdefghij'[number % 10]} | MRN: {500000 + number} | DOB: 03/14/1962 | Sex: F\n"
        f"Exam date: 03/05/2024\n\nCHEST X-RAY\nFINDINGS: Heart size is {number % 190 / 10:.1f} cm.\n"
        f"IMPRESSION: Report number {number}, no acute disease.\n\n"
        "Electronically signed by: Lena Okafor, MD on 03/05/2024 10:15\n"
    )


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was put into the folder: expected numbers of reports and of files set aside."""

    reports: int
    bad: int
    files: int


def drop(folder: Path, count: int, seed: int) -> Dropped:
    """Write mixed files: text, messages, bundles, tables, pages; every tenth a duplicate, every twentieth bad."""
    rng = random.Random(seed)
    reports = bad = 0
    for number in range(count):
        text = report_text(number)
        kind = number % 20
        name, content = f"{number}.txt", text.encode()
        if kind == 3:
            name, content = f"{number}.hl7", _message(number)
        elif kind == 5:
            name = f"{number}.json"
            content = json.dumps(
                [{"mrn": str(number), "text": text}, {"mrn": f"{number}b", "text": text + "Second."}]
            ).encode()
            reports += 1
        elif kind == 7:
            name, content = f"{number}.rtf", ("{\\rtf1 " + text.replace("\n", "\\par\n") + "}").encode()
        elif kind == 9:
            name, content = f"{number} copy.txt", report_text(number - 1).encode()
            reports -= 1
        elif kind == 11:
            name, content = f"{number}.pdf", b"%PDF-1.7 cut off " + str(number).encode()
            bad += 1
            reports -= 1
        elif kind == 13:
            name, content = f"line\nbreak {number}.txt", content
        reports += 1
        draft = folder / f".{number}.part"
        draft.write_bytes(content)
        draft.rename(folder / name)
        if rng.random() < 0.002:
            time.sleep(0.01)
    return Dropped(reports, bad, count)


def _message(number: int) -> bytes:
    note = base64.b64encode(report_text(number).encode()).decode()
    return (
        f"MSH|^~\\&|L|H|E|C|20240305||ORU^R01|{number}|P|2.5\rPID|1||{number}^^^H^MR||Rivera^Ana||19620314|F\r"
        f"OBR|1||A{number}|^Chest X-ray|||20240305|||||||||||||||||||F\rOBX|1|ED|^Report||^text^plain^Base64^{note}||||||F\r"  # noqa: E501
    ).encode()


def intake_process(root: Path, key: Path) -> None:
    """One intake process: takes until the folder has been empty for a while, or until it is killed."""
    home = Home.open(root)
    store = Store.open(home, Keys.load(home, key))
    stop = threading.Event()

    def until_empty() -> None:
        empty = 0
        while empty < 8:
            time.sleep(0.25)
            empty = 0 if any(home.inbox.iterdir()) else empty + 1
        stop.set()

    threading.Thread(target=until_empty, daemon=True).start()
    started = time.monotonic()
    shown = [0.0]

    def report(progress: Progress) -> None:
        if time.monotonic() - shown[0] > 5:
            shown[0] = time.monotonic()
            print(f"taken {progress.taken}, waiting {progress.waiting}", file=sys.stderr, flush=True)

    progress = watch(settings_for(home), store, QuickDeidentifier(), stop, report=report)
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"taken": progress.taken, "seconds": time.monotonic() - started, "peak_mb": peak}))


@dataclass(frozen=True, slots=True)
class Soaked:
    """What the soak found."""

    dropped: Dropped
    kept: int
    quarantined: int
    left: int
    kills: int
    seconds: float
    peak_mb: int


def soak(
    folder: Path, files: int, kills: int, seed: int = 0, *, between: tuple[float, float] = (0.6, 3.0)
) -> Soaked:
    """Drop files, kill the intake process at random moments, let it finish, count."""
    rng = random.Random(seed)
    home = Home.create(folder / "home")
    key = folder / "key"
    keys = Keys.create(home, key)
    started = time.monotonic()
    dropped = drop(home.inbox, files, seed)
    done = 0
    last = ""
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.intake_soak", "--process", str(home.root), str(key)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            last, _ = process.communicate(timeout=rng.uniform(*between) if done < kills else None)
        except subprocess.TimeoutExpired:
            # Half of the time with its worker, as when the machine loses power, half of the time alone.
            if rng.random() < 0.5:
                process.send_signal(signal.SIGKILL)
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            done += 1
            print(f"kill {done} of {kills}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            continue
        break
    store = Store.open(home, keys)
    counts = store.counts()
    kept, quarantined = counts.reports, counts.quarantined
    left = sum(1 for _ in home.inbox.iterdir())
    store.close()
    peak = json.loads(last.strip().splitlines()[-1])["peak_mb"] if last.strip() else 0
    return Soaked(dropped, kept, quarantined, left, done, time.monotonic() - started, peak)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--process", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.process:
        intake_process(Path(options.process[0]), Path(options.process[1]))
        return
    with tempfile.TemporaryDirectory(prefix="resident-soak-") as folder:
        found = soak(Path(folder), options.files, options.kills)
    print(f"files {found.dropped.files}, kills {found.kills}, {found.seconds:.0f} s, peak {found.peak_mb} MB")
    print(f"reports: expected {found.dropped.reports}, kept {found.kept}; left in the folder: {found.left}")
    print(f"damaged files: {found.dropped.bad}, quarantined {found.quarantined}")


if __name__ == "__main__":
    main()
