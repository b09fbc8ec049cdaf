"""Intake measured: OCR beside its peers, messages, speed, memory, and how long a dropped file takes.

    python -m bench.intake [--part NAME …] [--pages N] [--skip N] [--seeds N] [--kinds LAYOUT/DAMAGE …]
                           [--ocrmypdf PATH] [--keep FILE]

Parts: messages, speed, drop, memory, shared, hard, table; all by default. OCR is read on the shared pages by level
and on hard pages made here (bench.hard_pages), by ours and by plain pytesseract, and by OCRmyPDF where the path of its
program is given (it is not one of our parts). Peers mark no numbers, so their wrong numbers are all unmarked. Scores
of pages gather in the file of ``--keep``, so that a machine in use measures in slices; ``--part table`` prints it.
Progress goes to stderr.
"""

import argparse
import json
import lzma
import os
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytesseract
from numpy.typing import NDArray

from bench.hard_pages import DAMAGES, LAYOUTS, make, png
from bench.intake_soak import report_text
from bench.ocr_scores import PageScore, rates, score
from clinical.errors import ExtractionError
from clinical.report import Doubtful, ReportFile
from practice.settings import Physician
from resident.parts import make_deidentifier
from resident.setup import make_practice, open_practice
from watchers.extract.extract import extract
from watchers.extract.neural import Neural
from watchers.extract.ocr import read_page
from watchers.extract.options import ExtractOptions
from watchers.extract.sandbox import Sandbox
from watchers.folder import Progress, watch

SHARED = Path(__file__).parents[1] / "../shared/data"
PARTS = ("messages", "speed", "drop", "memory", "shared", "hard", "table")
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """A page with its truth."""

    level: str
    image: Pixels = field(repr=False)
    text: str = field(repr=False)
    identifiers: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader made of a page."""

    text: str = field(repr=False)
    doubtful: tuple[Doubtful, ...] = ()


Reader = Callable[[Pixels], Read]


def shared_pages(limit: int, skip: int = 0) -> Iterator[Sample]:
    """Pages of ../shared/data/ocr."""
    if not (SHARED / "ocr/pages.tar").exists():
        return
    with (
        tarfile.open(SHARED / "ocr/pages.tar") as tar,
        lzma.open(SHARED / "ocr/pages.jsonl.xz", "rt") as rows,
    ):
        for number, line in enumerate(rows):
            if number >= limit + skip:
                return
            row = json.loads(line)
            stream = tar.extractfile(row["image"])
            if stream is None or number < skip:
                continue
            pixels = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_COLOR)
            yield Sample(row["level"], np.asarray(pixels, np.uint8), row["text"], tuple(row["phi_strings"]))


def hard_pages(kinds: Iterable[str], seeds: int, first: int) -> Iterator[Sample]:
    """Pages of these layouts and damages."""
    for kind in kinds:
        layout, damage = kind.split("/")
        for seed in range(first, first + seeds):
            page = make(layout, damage, seed)
            yield Sample(kind, page.image, page.text, page.identifiers)


def ours() -> Reader:
    """The product's reader."""
    neural, options = Neural(), ExtractOptions(threads=1)

    def read(image: Pixels) -> Read:
        page = read_page(image, neural, options)
        return Read(page.text, page.doubtful)

    return read


def plain_tesseract(image: Pixels) -> Read:
    """pytesseract as it is."""
    return Read(pytesseract.image_to_string(image[:, :, ::-1]))


def ocrmypdf(program: str) -> Reader:
    """OCRmyPDF with turning, deskewing and cleaning of its own."""

    def read(image: Pixels) -> Read:
        with tempfile.TemporaryDirectory() as folder:
            source, text = Path(folder) / "page.png", Path(folder) / "page.txt"
            cv2.imwrite(str(source), image)
            command = [
                program, "--image-dpi", "200", "--rotate-pages", "--deskew", "--output-type", "pdf", "-q", "-j", "1",
                "--sidecar", str(text), str(source), str(Path(folder) / "out.pdf"),
            ]  # fmt: skip
            subprocess.run(command, check=False, capture_output=True, timeout=300)
            return Read(text.read_text() if text.exists() else "")

    return read


def compare(group: str, samples: Iterator[Sample], readers: dict[str, Reader], keep: Path) -> None:
    """Read pages with every reader; scores go to the end of ``keep``."""
    with keep.open("a", encoding="utf-8") as rows:
        for sample in samples:
            for name, reader in readers.items():
                started = _processor_seconds()
                found = reader(sample.image)
                spent = _processor_seconds() - started
                made = score(sample.text, found.text, found.doubtful, sample.identifiers)
                row = {
                    "group": group,
                    "level": sample.level,
                    "reader": name,
                    "seconds": spent,
                    **asdict(made),
                }
                rows.write(json.dumps(row) + "\n")
                rows.flush()
                told = f"{made.wrong} wrong, {made.unmarked} of them unmarked"
                print(f"{group} {sample.level} by {name}: {spent:.1f} s, {told}", file=sys.stderr, flush=True)


def table(keep: Path) -> None:
    """Every page that was read, by level and reader."""
    scores: dict[tuple[str, str, str], list[PageScore]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for line in keep.read_text(encoding="utf-8").splitlines() if keep.exists() else ():
        row = json.loads(line)
        group, level, name = row.pop("group"), row.pop("level"), row.pop("reader")
        seconds[name].append(row.pop("seconds"))
        made = PageScore(**row)
        scores[group, level, name].append(made)
        scores[group, "all", name].append(made)
    print("\npages, hard ones by layout and damage")
    head = ("group", "level", "reader", "pages", "CER", "ids", "wrong/p", "unmarked", "in vain")
    print("{:<8}{:<18}{:<12}{:>6}{:>8}{:>7}{:>9}{:>10}{:>9}".format(*head))
    for (group, level, name), made_of in sorted(scores.items()):
        r = rates(made_of)
        print(
            f"{group:<8}{level:<18}{name:<12}{r.pages:>6}{r.error_rate:>8.4f}{r.identifiers:>7.3f}{r.wrong:>9.2f}"
            f"{r.unmarked:>10.2f}{r.in_vain:>9.3f}"
        )
    for name, spent in seconds.items():
        print(
            f"{name}: {statistics.median(spent):.1f} processor seconds a page (median), {max(spent):.1f} at most"
        )


def _processor_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def messages() -> None:
    """Every public HL7, FHIR and C-CDA sample."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for archive in sorted((SHARED / "ehr").glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                stream = tar.extractfile(member)
                if stream is None:
                    continue
                kind = archive.name.removesuffix(".tar.xz")
                try:
                    found = extract(ReportFile(member.name, stream.read()), ExtractOptions(ocr=False))
                except ExtractionError as error:
                    counts[kind][f"refused: {error.reason}"] += 1
                    continue
                counts[kind]["files read"] += 1
                counts[kind]["reports"] += len(found)
    print("\nmessages and documents of EHRs")
    for kind, found_counts in counts.items():
        print(f"{kind:<24}" + ", ".join(f"{n} {name}" for name, n in sorted(found_counts.items())))


def speed(files: int) -> None:
    """Text reports a second through the worker process."""
    with Sandbox(ExtractOptions()) as box:
        box.extract(ReportFile("warm.txt", report_text(0).encode()))
        started = time.monotonic()
        for number in range(files):
            box.extract(ReportFile(f"{number}.txt", report_text(number).encode()))
        took = time.monotonic() - started
    print(f"\nextraction of text through one worker: {files / took:.0f} reports a second")


def drop(files: int) -> None:
    """Seconds from dropping a text report to its being stored, with de-identification and structure, as in use.

    Reports come one at a time, each after the one before was stored; then as many again all at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_practice(root / "home", "embedded", (Physician("Lena Okafor"),), root / "key")
        with open_practice(root / "home") as practice:
            settings, stop, stored = practice.settings, threading.Event(), threading.Condition()
            taken = 0

            def told(progress: Progress) -> None:
                nonlocal taken
                with stored:
                    taken = progress.taken
                    stored.notify_all()

            watching = threading.Thread(
                target=watch,
                args=(settings, practice.store, make_deidentifier(settings), stop),
                kwargs={"report": told},
            )
            watching.start()

            def wait_for(count: int) -> float:
                with stored:
                    if not stored.wait_for(lambda: taken >= count, timeout=120):
                        raise SystemExit("a dropped report was not stored within two minutes")
                return time.monotonic()

            def put(number: int) -> None:
                (settings.inbox / f".{number}.part").write_text(report_text(number), "utf-8")
                (settings.inbox / f".{number}.part").rename(settings.inbox / f"{number}.txt")

            put(0)
            wait_for(1)  # loads the models
            waits = []
            for number in range(1, files + 1):
                began = time.monotonic()
                put(number)
                waits.append(wait_for(number + 1) - began)
            began = time.monotonic()
            for number in range(files + 1, 2 * files + 1):
                put(number)
            together = wait_for(2 * files + 1) - began
            stop.set()
            watching.join()
    waits.sort()
    print(
        f"\nfrom dropped to stored, {files} text reports one after another: median {statistics.median(waits):.2f} s, "
        f"99th of 100 {waits[min(len(waits) - 1, int(0.99 * len(waits)))]:.2f} s"
    )
    print(f"{files} dropped at once: {files / together:.1f} stored a second")


def memory(pages: int) -> None:
    """Peak memory of two workers that read page images at the same time, and of this process beside them."""
    peak = 0.0
    done = threading.Event()

    def look() -> None:
        nonlocal peak
        me = psutil.Process()
        while not done.wait(0.05):
            total = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            peak = max(peak, total / 2**20)

    def work(first: int) -> None:
        with Sandbox(replace(ExtractOptions(), threads=1)) as box:
            for seed in range(first, first + pages):
                box.extract(ReportFile("page.png", png(make("prose", "photo", seed))))

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 1000)]
    watcher = threading.Thread(target=look)
    watcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    print(f"\ntwo workers reading {pages} photographed pages each, and their parent: at most {peak:.0f} MB")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--pages", type=int, default=24, help="shared pages to read")
    parser.add_argument("--skip", type=int, default=0, help="shared pages to pass over")
    parser.add_argument("--kinds", nargs="+", default=[f"{a}/{b}" for a in LAYOUTS for b in DAMAGES])
    parser.add_argument("--seeds", type=int, default=1, help="hard pages of each kind")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--drops", type=int, default=100)
    parser.add_argument("--ocrmypdf", help="the program of OCRmyPDF, where it is installed")
    parser.add_argument(
        "--keep", type=Path, help="file that gathers the scores of pages; a new one by default"
    )
    options = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder) / "pages.jsonl"
        readers: dict[str, Reader] = {}
        if {"shared", "hard"} & set(options.part):
            readers = {"resident": ours(), "pytesseract": plain_tesseract}
            if options.ocrmypdf:
                readers["ocrmypdf"] = ocrmypdf(options.ocrmypdf)
        if "messages" in options.part:
            messages()
        if "speed" in options.part:
            speed(options.files)
        if "drop" in options.part:
            drop(options.drops)
        if "memory" in options.part:
            memory(3)
        if "shared" in options.part:
            compare("shared", shared_pages(options.pages, options.skip), readers, keep)
        if "hard" in options.part:
            compare("hard", hard_pages(options.kinds, options.seeds, options.first_seed), readers, keep)
        if "table" in options.part:
            table(keep)


if __name__ == "__main__":
    main()
