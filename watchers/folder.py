"""The watched folder: events are hints, the folder is the queue, a file leaves it only when kept.

A file is looked at until it stands still (``settle``), taken (``intake``), and removed once its sealed copy
was read back. Ten thousand files dropped at once wait on disk, not in memory. After a crash the folder still
holds whatever was not kept, and what was kept is known by its content.
"""

import contextlib
import json
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchdog.events import FileSystemEvent
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from clinical.errors import ExtractionError, HomeLocked, ResidentError
from clinical.report import ReportFile
from practice.settings import Settings
from watchers.extract.sandbox import Sandbox
from watchers.intake import Deidentifies, Extract, Outcome, options_from, read_file, take_file
from watchers.mllp import Listener
from watchers.settle import Settler

if TYPE_CHECKING:
    from practice.store import Store

log = logging.getLogger(__name__)

RESCAN_SECONDS = 5.0
LOOK_SECONDS = 0.25
# A file that fails is begun so often. Hostile files end their own worker process, so a watcher that ends again and
# again was mostly killed from outside: that counts for less.
MAX_TRIES = 5
MAX_KILLS = 25
# Written beside the real name while a program copies or edits; the real name follows.
UNFINISHED = (".part", ".partial", ".crdownload", ".tmp", ".filepart", ".download", ".swp")


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of this run, for status and a progress bar."""

    taken: int = 0
    held: int = 0
    duplicates: int = 0
    quarantined: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Watch:
    """One run over the folder. Parts come as arguments; ``step`` does one round and is what tests call."""

    settings: Settings
    store: "Store"
    deidentifier: Deidentifies
    extract: Extract | None = None
    clock: Callable[[], float] = time.monotonic
    report: Callable[[Progress], None] | None = None
    settler: Settler = field(default_factory=Settler)
    progress: Progress = Progress()
    _done: dict[Path, tuple[int, int, int]] = field(default_factory=dict, repr=False)
    _tries: dict[str, int] = field(default_factory=dict, repr=False)
    _retry_at: dict[Path, float] = field(default_factory=dict, repr=False)

    def step(self, stop: threading.Event | None = None) -> int:
        """Look at the folder once and take what has settled; returns how many files were dealt with."""
        inbox = self.settings.inbox
        if not inbox.is_dir():
            # A share that went away comes back; nothing settles meanwhile.
            log.warning("the watched folder cannot be reached; waiting for it")
            return 0
        now = self.clock()
        ready: list[tuple[Path, os.stat_result]] = []
        present: set[Path] = set()
        for path, status in _files(inbox):
            present.add(path)
            mark = (status.st_size, status.st_mtime_ns, status.st_ino)
            if self._done.get(path) == mark or self._retry_at.get(path, now) > now:
                continue
            if self.settler.look(path, *mark, now):
                ready.append((path, status))
        for path in (set(self.settler.waiting()) | set(self._done)) - present:
            self.settler.forget(path)
            self._done.pop(path, None)
            self._retry_at.pop(path, None)
        dealt = 0
        for number, (path, status) in enumerate(sorted(ready, key=lambda item: item[1].st_mtime_ns)):
            if stop is not None and stop.is_set():
                break
            self._count(waiting=len(ready) - number)
            dealt += self._take(path, status)
        self._count(waiting=0)
        return dealt

    def _take(self, path: Path, status: os.stat_result) -> int:
        mark = (status.st_size, status.st_mtime_ns, status.st_ino)
        key = sha256(repr((str(path), mark)).encode()).hexdigest()[:32]
        try:
            outcome = self._give_up(path) if self._spent(key) else self._take_settled(path)
        except FileNotFoundError:
            self.settler.forget(path)
            return 0
        except ExtractionError as error:
            # Not a plain file: nothing to seal, so it stays and is not looked at again until it changes.
            log.warning("an entry of the watched folder is not read: %s", error.reason)
            self._done[path] = mark
            return 1
        except HomeLocked:
            raise
        except (ResidentError, OSError) as error:
            # Disk full, store busy, unreadable share: the file stays and is tried again later.
            log.error("a file could not be taken now (%s); it stays in the folder", type(error).__name__)
            self._retry_at[path] = self.clock() + 30.0
            self._forgive(key)
            self._count(failed=1)
            return 0
        except Exception as error:
            log.error("a file could not be taken (%s)", type(error).__name__)
            self._fail(key)
            self._retry_at[path] = self.clock() + 1.0
            self._count(failed=1)
            return 0
        self._forgive(key)
        self.settler.forget(path)
        self._note(outcome)
        self._done[path] = mark
        if outcome.kind == "quarantined" or not self.settings.intake.keep_originals:
            self._remove(path, mark)
        return 1

    def _take_settled(self, path: Path) -> Outcome:
        file = read_file(path, "folder", options_from(self.settings).max_bytes)
        return take_file(file, self.store, self.deidentifier, self.settings, extract=self.extract)

    def _give_up(self, path: Path) -> Outcome:
        """A file that failed again and again, perhaps by killing this process, is set aside."""
        file = read_file(path, "folder", options_from(self.settings).max_bytes)
        message = "Reading it failed again and again."
        return Outcome(
            "quarantined",
            reason="failed",
            message=message,
            quarantine_id=self.store.quarantine(file, "failed", message),
        )

    def _remove(self, path: Path, mark: tuple[int, int, int]) -> None:
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            # What was written over it since is another file and stays.
            if (status.st_size, status.st_mtime_ns, status.st_ino) == mark:
                try:
                    path.unlink()
                except OSError as error:
                    log.warning("a kept file cannot be removed from the folder (%s)", type(error).__name__)
                    return
        self._done.pop(path, None)

    # How often a file was begun survives a kill: a file that kills intake must not do so for ever.

    def _spent(self, key: str) -> bool:
        if not self._tries:
            self._tries.update(_load(self._tries_file()))
        self._tries[key] = self._tries.get(key, 0) + 1
        _save(self._tries_file(), self._tries)
        return self._tries[key] > MAX_KILLS

    def _fail(self, key: str) -> None:
        """A failure of the file itself counts for more than an end of the process."""
        self._tries[key] = self._tries.get(key, 0) + MAX_KILLS // MAX_TRIES - 1

    def _forgive(self, key: str) -> None:
        self._tries.pop(key, None)

    def _tries_file(self) -> Path:
        return self.settings.home / "run" / "intake-tries.json"

    def _note(self, outcome: Outcome) -> None:
        self._count(
            taken=len(outcome.report_ids),
            held=outcome.held,
            duplicates=outcome.kind == "duplicate",
            quarantined=outcome.kind == "quarantined",
        )

    def _count(self, *, waiting: int | None = None, **more: int) -> None:
        counts = {name: getattr(self.progress, name) + more.get(name, 0) for name in Progress.__slots__}
        if waiting is not None:
            counts["waiting"] = waiting
        self.progress = Progress(**counts)
        if self.report is not None:
            self.report(self.progress)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Plain files below ``folder`` with their status; hidden, unfinished ones and links are passed over."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.name.lower().endswith(UNFINISHED):
            continue
        try:
            if entry.is_symlink():
                continue
            if entry.is_dir():
                yield from _files(Path(entry.path))
                continue
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield Path(entry.path), status


def _load(path: Path) -> dict[str, int]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): int(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _save(path: Path, tries: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(tries), encoding="utf-8")
        draft.replace(path)


class _Hint:
    """Any change in the folder wakes the watcher; what changed is seen by looking."""

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type in ("created", "modified", "closed", "moved"):
            self._wake.set()


def watch(
    settings: Settings,
    store: "Store",
    deidentifier: Deidentifies,
    stop: threading.Event,
    *,
    extract: Extract | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Progress:
    """Watch the folder until ``stop`` is set; returns the counts of the run.

    Args:
        extract: the extraction to use; by default that of a worker process, within limits.
        report: told the counts after every file.
    """
    with contextlib.ExitStack() as parts:
        if extract is None:
            extract = parts.enter_context(Sandbox(options_from(settings))).extract
        if settings.intake.mllp_port:
            listener = _listen(settings, store, deidentifier, parts)
            log.info("HL7 messages are received on port %d", listener.port)
        return _watch(Watch(settings, store, deidentifier, extract, report=report), stop)


def _listen(
    settings: Settings, store: "Store", deidentifier: Deidentifies, parts: contextlib.ExitStack
) -> Listener:
    # A worker of its own, so that a long scan in the folder does not keep a sender waiting.
    box = parts.enter_context(Sandbox(options_from(settings)))

    def take(file: ReportFile) -> Outcome:
        return take_file(file, store, deidentifier, settings, extract=box.extract)

    listener = Listener(
        settings.intake.mllp_host, settings.intake.mllp_port, take, max_bytes=settings.intake.max_bytes
    )
    listener.start()
    parts.callback(listener.close)
    return listener


def _watch(run: Watch, stop: threading.Event) -> Progress:
    settings = run.settings
    wake = threading.Event()
    observer: Any = None
    while not stop.is_set():
        if observer is None or not observer.is_alive():
            observer = _observe(settings, wake)
        wake.clear()
        run.step(stop)
        busy = bool(run.settler.waiting())
        if busy:
            stop.wait(LOOK_SECONDS)
        else:
            _wait(wake, stop, RESCAN_SECONDS)
            if not settings.inbox.is_dir() and observer is not None:
                _end(observer)
                observer = None
    if observer is not None:
        _end(observer)
    return run.progress


def _observe(settings: Settings, wake: threading.Event) -> Any:
    if not settings.inbox.is_dir():
        return None
    observer: Any = PollingObserver(timeout=2.0) if settings.intake.poll else Observer()
    observer.schedule(_Hint(wake), str(settings.inbox), recursive=True)
    try:
        observer.start()
    except OSError as error:
        # Too many watches, or a share without events: the regular look at the folder still finds everything.
        log.warning(
            "the folder gives no events (%s); looking every %.0f seconds",
            type(error).__name__,
            RESCAN_SECONDS,
        )
        return None
    return observer


def _end(observer: Any) -> None:
    observer.stop()
    observer.join(timeout=5.0)


def _wait(wake: threading.Event, stop: threading.Event, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not stop.is_set() and not wake.is_set() and (left := deadline - time.monotonic()) > 0:
        wake.wait(min(left, 0.5))
