"""Puts parts together from a practice's settings: the de-identifier with its roster, the engine starter."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clinical.deidentify.deidentifier import Deidentifier, Policy, Roster
from practice.home import Home
from practice.settings import Settings
from resident.setup import Practice
from server.engine import EMBEDDED, Engine, start_engine


def make_roster(settings: Settings) -> Roster:
    """The practice's own people and sites. Its patients are the second sweep's, which has an index of them."""
    people = [name for physician in settings.physicians for name in (physician.name, *physician.aliases)]
    return Roster((*people, *settings.people), settings.facilities)


def make_deidentifier(settings: Settings) -> Deidentifier:
    """The de-identifier that the settings ask for."""
    wanted = settings.deidentify
    policy = Policy(
        language=wanted.language,
        allow=wanted.allow,
        deny=wanted.deny,
        hold_above=wanted.hold_above,
        ner=wanted.ner,
    )
    return Deidentifier(policy, make_roster(settings))


@contextlib.contextmanager
def private_temporary_files(home: Home) -> Iterator[None]:
    """Libraries that write temporary files (page images for tesseract) write them into the home, and they are wiped."""
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with home.private_tmp() as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before[0]
            if before[1] is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before[1]


class EngineStarter:
    """A callable that starts an engine for a GGUF with a practice's settings."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._engine = settings.engine
        self._log = log

    def __call__(self, gguf: Path) -> Engine:
        """Start; raises EngineError with what to do."""
        return start_engine(
            gguf,
            kind=self._engine.kind or EMBEDDED,
            threads=self._engine.threads,
            context=self._engine.context,
            parallel=self._engine.parallel,
            log=self._log,
        )


def engine_log(practice: Practice) -> Path:
    """Where the engine's errors go: never prompts."""
    return practice.home.logs / "engine.log"


def say(line: str) -> None:
    """A line for the person at the terminal, at once."""
    print(line, file=sys.stdout, flush=True)
