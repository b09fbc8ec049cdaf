"""The processes that ``resident up`` starts beside itself: intake, and at night the training.

Each opens the practice on its own, ends when told to, and ends with its parent however that ends.
"""

import contextlib
import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from clinical.errors import ResidentError
from clinical.report import ReportFile
from practice.home import Home
from resident.parts import make_deidentifier, private_temporary_files
from resident.setup import open_practice
from watchers.extract.sandbox import Sandbox
from watchers.folder import watch
from watchers.intake import Outcome, options_from, take_file
from watchers.mllp import Listener

log = logging.getLogger("resident")

_PR_SET_PDEATHSIG = 1
_spawn = multiprocessing.get_context("spawn")


def log_to(home: Home, name: str) -> None:
    """Log lines (ids and kinds only) go to a private file of the home."""
    path = home.logs / f"{name}.log"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    for noisy in (
        "presidio-analyzer",
        "httpx",
        "httpcore",
        "rapidocr",
        "RapidOCR",
        "mcp",
        "uvicorn",
        "sse_starlette",
    ):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def start(target: Callable[[Path, threading.Event], None], home: Path, name: str) -> "Child":
    """Start one of the processes below."""
    process = _spawn.Process(target=_guarded, args=(target, home, name, os.getpid()), name=name, daemon=True)
    process.start()
    return Child(process)


class Child:
    """A started process."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def stop(self, patience: float = 20.0) -> None:
        """Tell it to stop; after ``patience`` seconds it is ended, which it survives like any kill."""
        self._process.terminate()
        self._process.join(patience)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _guarded(target: Callable[[Path, threading.Event], None], home: Path, name: str, parent: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which stops us in order
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _end_with(parent)
    log_to(Home.open(home), name)
    try:
        target(home, stop)
    except ResidentError as error:
        log.error("%s ended: %s", name, error)
        sys.exit(error.exit_code)
    except Exception as error:
        log.error("%s ended: unexpected %s", name, type(error).__name__)  # its text may quote a report
        sys.exit(1)


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we could ask to be told
        sys.exit(0)


def intake(home: Path, stop: threading.Event) -> None:
    """Watches the folder, and the MLLP port if one is set, until told to stop. Hostile formats are read apart."""
    with open_practice(home) as practice, contextlib.ExitStack() as parts:
        settings, store = practice.settings, practice.store
        parts.enter_context(private_temporary_files(practice.home))
        deidentifier = make_deidentifier(settings)
        sandbox = parts.enter_context(Sandbox(options_from(settings)))
        if settings.intake.mllp_port:

            def take(file: ReportFile) -> Outcome:
                return take_file(file, store, deidentifier, settings, extract=sandbox.extract)

            address = (settings.intake.mllp_host, settings.intake.mllp_port)
            listener = Listener(*address, take, max_bytes=settings.intake.max_bytes)
            listener.start()
            parts.callback(listener.close)
        watch(settings, store, deidentifier, stop, extract=sandbox.extract)


def night(home: Path, stop: threading.Event) -> None:
    """One nightly training, at low priority."""
    from resident.night import retrain

    del stop  # a training is ended by ending its process; it resumes from its last checkpoint
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(10)
    with open_practice(home) as practice:
        outcome = retrain(practice, now=False, say=log.info)
        log.info("night: %s", outcome.reason)
