"""How fast the store takes reports in, and what it costs: `python -m bench.store [REPORTS]`.

Each report is one file of about 3 KB with a structure of forty measurements: sealed, flushed, read back,
matched to a patient and committed, one at a time, as intake does it. Prints a table for bench/README.md.
"""

import os
import platform
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clinical.report import (
    DeidentifiedReport,
    ExtractedReport,
    Identity,
    Measurement,
    ReportFile,
    Section,
    Span,
    Structure,
)
from practice.home import Home, read_mounts
from practice.jobs import Jobs
from practice.keys import Keys
from practice.store import Store
from practice.taken import TakenReport

WORDS = (
    "effusion nodule opacity small left right lower lobe unchanged heart size normal no acute finding " * 3
).split()


def report(number: int, chance: random.Random) -> tuple[ReportFile, TakenReport]:
    """One report of one of a fifth as many patients."""
    patient = chance.randrange(max(1, number // 5 + 1))
    text = f"Report {number}. " + " ".join(chance.choices(WORDS, k=420))
    who = Identity(mrn=f"{patient:07}", authority="bench", name=f"Doe{patient}, Ann", birth_date="1950-01-02")
    extracted = ExtractedReport(
        text=text,
        identity=who,
        report_type="chest x-ray",
        status="final",
        signed=True,
        observed_at=f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}",
    )
    structure = Structure(
        (Section("findings", "FINDINGS", 0, len(text)),),
        (),
        tuple(Measurement(f"analyte {i}", "4.0", i * 10, i * 10 + 9, 4.0, unit="mmol/L") for i in range(40)),
    )
    spans = tuple(Span(i * 30, i * 30 + 8, "NAME", "[NAME]", 0.99, ("identity",)) for i in range(12))
    taken = TakenReport(extracted, DeidentifiedReport(text, spans), structure, author="Anna Weber")
    return ReportFile(f"{number}.txt", text.encode()), taken


def timed(action: Callable[[], object], times: int) -> float:
    """Median milliseconds of one call."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1000


def main(reports: int = 10_000) -> None:
    """Run the bench and print its table."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="resident-bench-", dir=Path.cwd()) as folder:
        home = Home.create(Path(folder) / "home")
        keys = Keys.create(home, Path(folder) / "key")
        store = Store.open(home, keys)
        ids: list[str] = []
        spent: list[float] = []
        marks: list[tuple[int, float, float, float]] = []
        begun = time.perf_counter()
        for number in range(reports):
            file, taken = report(number, chance)
            start = time.perf_counter()
            ids += store.keep(file, [taken], [("prepare", {})])
            spent.append(time.perf_counter() - start)
            if (number + 1) % max(1, reports // 5) == 0:
                part = sorted(spent[-max(1, reports // 5) :])
                rate = len(part) / sum(part)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                marks.append((number + 1, rate, part[int(len(part) * 0.99)] * 1000, peak))
        whole = time.perf_counter() - begun
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"{machine}, Python {platform.python_version()}, {home_type(home)}")
        print(f"a flush of 3 KB to this disk takes {flush_time(home):.1f} ms; a report needs three\n")
        print(f"{reports} reports kept in {whole:.1f} s: {reports / sum(spent):.0f} a second (all flushed)\n")
        print("| reports | kept a second | 99th percentile ms | peak memory MB |\n|---|---|---|---|")
        for count, rate, late, peak in marks:
            print(f"| {count} | {rate:.0f} | {late:.1f} | {peak:.0f} |")
        print(f"\nfour threads: {in_threads(store, chance, max(40, reports // 10), 4):.0f} a second")
        jobs = Jobs(store)

        def one_job() -> None:
            job = jobs.lease(["prepare"])
            assert job is not None
            jobs.complete(job)

        some = chance.choices(ids, k=100)
        print("\n| with all of them | median ms |\n|---|---|")
        print(f"| report by id | {timed(lambda: store.report(chance.choice(some)), 100):.2f} |")
        print(f"| prior of a report | {timed(lambda: store.prior_of(chance.choice(some)), 100):.2f} |")
        print(f"| original opened | {timed(lambda: store.original(chance.choice(some)), 100):.2f} |")
        print(f"| full text, two words | {timed(lambda: store.find('effusion nodule'), 10):.2f} |")
        print(f"| full text, one report | {timed(lambda: store.find(f'{reports // 2}'), 10):.2f} |")
        print(f"| lease and complete a job | {timed(one_job, 100):.2f} |")
        print(f"| heads of all trainable | {timed(lambda: store.reports(trainable=True), 3):.0f} |")
        print(f"| known identities | {timed(store.known_identities, 3):.0f} |")
        print(f"| counts | {timed(store.counts, 3):.0f} |")
        print(f"| forget one report | {timed(lambda: store.forget(ids.pop()), 5):.1f} |")
        store.close()
        print(f"| open the store (sweep included) | {timed(lambda: Store.open(home, keys).close(), 3):.0f} |")
        size = sum(path.stat().st_size for path in home.root.rglob("*") if path.is_file())
        print(f"| on disk, KB a report | {size / reports / 1024:.1f} |")


def flush_time(home: Home) -> float:
    """Median milliseconds that the disk takes to make 3 KB durable."""
    with (home.tmp / "flush").open("wb") as stream:

        def flush() -> None:
            stream.write(bytes(3000))
            stream.flush()
            os.fsync(stream.fileno())

        return timed(flush, 50)


def in_threads(store: Store, chance: random.Random, count: int, threads: int) -> float:
    """Reports a second when several threads keep at once."""
    files = [report(10_000_000 + number, chance) for number in range(count)]

    def keep(pair: tuple[ReportFile, TakenReport]) -> None:
        store.keep(pair[0], [pair[1]], [("prepare", {})])

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(keep, files))
    return count / (time.perf_counter() - start)


def home_type(home: Home) -> str:
    """The file system of the home, since flushing is most of the cost."""
    best = max(
        (mount for mount in read_mounts() if home.root.is_relative_to(mount.point)),
        key=lambda mount: len(mount.point.parts),
    )
    return best.kind


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
