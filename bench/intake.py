"""Intake measured: OCR beside its peers, messages, speed and memory.

    python -m bench.intake [--pages N] [--seeds N] [--files N] [--ocrmypdf PATH]

OCR is read on the shared pages by level and on hard pages made here (bench.hard_pages), by ours and by plain
pytesseract, and by OCRmyPDF where the path of its program is given (it is not one of our parts). Peers mark no
numbers, so their wrong numbers are all unmarked.
"""

import argparse
import json
import lzma
import os
import platform
import resource
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from bench.hard_pages import DAMAGES, LAYOUTS, make
from bench.intake_soak import report_text
from bench.ocr_scores import PageScore, rates, score
from clinical.errors import ExtractionError
from clinical.report import Doubtful, ReportFile
from watchers.extract.extract import extract
from watchers.extract.neural import Neural
from watchers.extract.ocr import read_page
from watchers.extract.options import ExtractOptions
from watchers.extract.sandbox import Sandbox

SHARED = Path(__file__).parents[1] / "../shared/data"
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


def shared_pages(limit: int) -> Iterator[Sample]:
    """Pages of ../shared/data/ocr."""
    if not (SHARED / "ocr/pages.tar").exists():
        return
    with (
        tarfile.open(SHARED / "ocr/pages.tar") as tar,
        lzma.open(SHARED / "ocr/pages.jsonl.xz", "rt") as rows,
    ):
        for number, line in enumerate(rows):
            if number >= limit:
                return
            row = json.loads(line)
            stream = tar.extractfile(row["image"])
            if stream is None:
                continue
            pixels = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_COLOR)
            yield Sample(row["level"], np.asarray(pixels, np.uint8), row["text"], tuple(row["phi_strings"]))


def hard_pages(seeds: int, first: int) -> Iterator[Sample]:
    """Every layout with every damage."""
    for layout in LAYOUTS:
        for damage in DAMAGES:
            for seed in range(first, first + seeds):
                page = make(layout, damage, seed)
                yield Sample(f"{layout}/{damage}", page.image, page.text, page.identifiers)


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


def compare(title: str, samples: Iterator[Sample], readers: dict[str, Reader]) -> None:
    """Print a table of levels and readers."""
    scores: dict[tuple[str, str], list[PageScore]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        for name, reader in readers.items():
            started = _processor_seconds()
            found = reader(sample.image)
            seconds[name].append(_processor_seconds() - started)
            made = score(sample.text, found.text, found.doubtful, sample.identifiers)
            scores[sample.level, name].append(made)
            scores["all", name].append(made)
    if not scores:
        print(f"{title}: the pages are not there")
        return
    print(f"\n{title}")
    print(
        f"{'level':<20}{'reader':<14}{'pages':>6}{'CER':>8}{'ids':>7}{'wrong/p':>9}{'unmarked':>10}{'in vain':>9}"
    )
    for (level, name), made in scores.items():
        r = rates(made)
        print(
            f"{level:<20}{name:<14}{r.pages:>6}{r.error_rate:>8.4f}{r.identifiers:>7.3f}{r.wrong:>9.2f}"
            f"{r.unmarked:>10.2f}{r.in_vain:>9.3f}"
        )
    for name, spent in seconds.items():
        print(f"{name}: {statistics.mean(spent):.1f} processor seconds a page")


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


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=24, help="shared pages to read")
    parser.add_argument("--seeds", type=int, default=1, help="hard pages of each kind")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--ocrmypdf", help="the program of OCRmyPDF, where it is installed")
    options = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    readers: dict[str, Reader] = {"resident": ours(), "pytesseract": plain_tesseract}
    if options.ocrmypdf:
        readers["ocrmypdf"] = ocrmypdf(options.ocrmypdf)
    messages()
    speed(options.files)
    compare("pages of shared/data/ocr", shared_pages(options.pages), readers)
    compare("hard pages made here", hard_pages(options.seeds, options.first_seed), readers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
