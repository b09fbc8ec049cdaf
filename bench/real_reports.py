"""Fifty real reports through the whole intake, and the tools on ten of them: ``python -m bench.real_reports [--read]``.

The reports are dictated ones from the shared data, under headers and signatures made up here. Prints what became
of each, what was held and why, and with ``--read`` the answers, to be read by a person.
"""

import json
import lzma
import random
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

from rich.console import Console

from mcp_tools.answering import Answering
from practice.releases import Releases
from practice.settings import Physician
from resident.answers import print_answer
from resident.parts import make_deidentifier
from resident.setup import Practice, make_practice, open_practice
from watchers.extract.sandbox import Sandbox
from watchers.folder import Watch
from watchers.intake import options_from

REPORTS = Path(__file__).parents[2] / "shared" / "data" / "reports" / "mtsamples.jsonl.xz"
SIGNERS = ("Marguerite Osei, MD", "T. Vandermeer, DO")
PATIENTS = ("Ilse Brandvold", "OKONKWO, CHIDI", "Rosa-Maria del Valle", "Wendell Price Jr.", "Thuy Nguyen")


def main() -> None:
    """Drop fifty, say what became of them, and answer on ten."""
    if not REPORTS.exists():
        print(f"skipped: {REPORTS.name} is not there")
        return
    with lzma.open(REPORTS, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    chosen = random.Random(50).sample(rows, 50)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_practice(root / "home", "embedded", tuple(Physician(name) for name in SIGNERS), root / "key")
        with open_practice(root / "home") as practice:
            for number, row in enumerate(chosen):
                text = dressed(number, row["transcription"])
                (practice.settings.inbox / f"report {number:02d}.txt").write_text(text, "utf-8")
            take(practice)
            answer(practice, "--read" in sys.argv)


def dressed(number: int, body: str) -> str:
    """A report under a made-up header; every seventh one has no signature."""
    name, signer = PATIENTS[number % len(PATIENTS)], SIGNERS[number % len(SIGNERS)]
    day = f"{1 + number % 12:02d}/{1 + number % 28:02d}/2026"
    heads = (
        f"Patient: {name}    MRN: {7_300_100 + number}    DOB: 04/0{1 + number % 9}/19{40 + number}\n"
        f"Date of service: {day}",
        f"NAME: {name}\nMEDICAL RECORD NUMBER: H{55_210 + number}\nDATE OF BIRTH: 11/1{number % 9}/19{41 + number}\n"
        f"DATE: {day}",
    )
    foot = "" if number % 7 == 6 else f"\n\nElectronically signed by: {signer} on {day} 17:0{number % 10}"
    return f"{heads[number % 2]}\n\n{body.strip()}{foot}\n"


def take(practice: Practice) -> None:
    """The watched folder, until it is empty."""
    began = time.perf_counter()
    with Sandbox(options_from(practice.settings)) as sandbox:
        watch = Watch(
            practice.settings, practice.store, make_deidentifier(practice.settings), sandbox.extract
        )
        while any(practice.settings.inbox.iterdir()):
            watch.step()
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    counts = practice.store.counts()
    print(
        f"50 dropped in {seconds:.1f} s: {counts.taken} taken, {counts.held} held, {counts.quarantined} quarantined"
    )
    rows = practice.store.reports()
    print("held:", dict(Counter(reason for row in rows for reason in row.reasons)))
    print("types:", dict(Counter(row.report_type or "unknown" for row in rows)))


def answer(practice: Practice, read: bool) -> None:
    """The tools on ten of them, with their times."""
    answering = Answering(practice.store, Releases(practice.home), lambda: None)
    console = Console(width=120)
    abstained: Counter[str] = Counter()
    seconds: list[float] = []
    for row in practice.store.reports()[:10]:
        report = practice.store.report(row.id)
        if read:
            console.rule(row.report_type or "unknown")
        asked = {
            "summarize": partial(answering.summarize, report),
            "anomalies": partial(answering.anomalies, report),
            "diagnose": partial(answering.diagnose, report),
            "ask": partial(answering.ask, (report,), "What medications does the patient take?"),
        }
        for tool, ask in asked.items():
            began = time.perf_counter()
            given = ask()
            seconds.append(time.perf_counter() - began)
            abstained[tool] += given.abstained
            if read:
                print_answer(given, console)
    print(f"answers: {len(seconds)}, slowest {max(seconds):.2f} s; abstained: {dict(abstained)}")


if __name__ == "__main__":
    main()
