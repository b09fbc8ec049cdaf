"""Extraction in a worker process that can be killed: a file may crash or hang its reader, never the watcher.

The worker is a plain child that speaks pickled values over its own pipes; it ends when its parent does.
"""

import contextlib
import ctypes
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import IO, Any, Self

from clinical.errors import ExtractionError
from clinical.report import ExtractedReport, ReportFile
from watchers.extract import media
from watchers.extract.options import ExtractOptions

MEMORY = 8 << 30
RECYCLE_AFTER = 500
QUICK_SECONDS = 60.0
_SLOW = (media.PDF, media.PNG, media.JPEG, media.TIFF, media.OTHER_IMAGE, media.ZIP, media.EML, media.DOCX)
_HEADER = struct.Struct("!Q")
_PR_SET_PDEATHSIG = 1


class Sandbox:
    """One worker, started when first needed and replaced when it dies or is killed. Not for several threads."""

    def __init__(self, options: ExtractOptions) -> None:
        self._options = options
        self._worker: subprocess.Popen[bytes] | None = None
        self._done = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def extract(self, file: ReportFile) -> tuple[ExtractedReport, ...]:
        """As ``watchers.extract.extract.extract``, within the limits.

        Raises:
            ExtractionError: also ``timeout`` and ``crashed``.
        """
        with self._lock:
            worker = self._started()
            kind = media.sniff(file.content, file.name)
            seconds = self._options.seconds if kind in _SLOW else min(QUICK_SECONDS, self._options.seconds)
            try:
                answer = _ask(worker, file, seconds)
            except TimeoutError:
                self._kill()
                raise ExtractionError(
                    "timeout",
                    f"Reading the file took longer than {seconds:.0f} seconds.",
                    "Split it and drop the parts.",
                ) from None
            except (EOFError, OSError, pickle.UnpicklingError, struct.error):
                self._kill()
                raise ExtractionError(
                    "crashed", "The file made its reader fail.", "Export it in another form and drop that."
                ) from None
            self._done += 1
            if self._done >= RECYCLE_AFTER:
                self._kill()
        if isinstance(answer, tuple):
            return answer
        reason, message, remedy = answer["error"]
        raise ExtractionError(reason, message, remedy)

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._kill()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._worker is not None and self._worker.poll() is None:
            return self._worker
        self._kill()
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "watchers.extract.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "OMP_THREAD_LIMIT": "1",
            },
            start_new_session=True,
        )
        self._done = 0
        stream = self._worker.stdin
        assert stream is not None
        _send(stream, self._options)
        return self._worker

    def _kill(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        # Its own session: programs that it started (tesseract) go with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _ask(worker: subprocess.Popen[bytes], file: ReportFile, seconds: float) -> Any:
    assert worker.stdin is not None and worker.stdout is not None
    _send(worker.stdin, file)
    deadline = time.monotonic() + seconds
    head = _receive_until(worker.stdout, _HEADER.size, deadline)
    return pickle.loads(_receive_until(worker.stdout, _HEADER.unpack(head)[0], deadline))


def _receive_until(stream: IO[bytes], size: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    descriptor = stream.fileno()
    while size:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _send(stream: IO[bytes], value: object) -> None:
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise EOFError
    return pickle.loads(stream.read(_HEADER.unpack(head)[0]))


def serve() -> None:
    """The worker: files in, reports or the reason out, until the parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # A library that prints must not break the pipe.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    from watchers.extract.extract import extract

    with contextlib.suppress(EOFError, BrokenPipeError):
        options = _receive(stdin)
        while True:
            file = _receive(stdin)
            answer: Any
            try:
                answer = extract(file, options)
            except ExtractionError as error:
                answer = {"error": (error.reason, error.message, error.remedy)}
            except MemoryError:
                answer = {
                    "error": ("too-large", "The file needs too much memory.", "Split it and drop the parts.")
                }
            except RecursionError:
                answer = {
                    "error": ("hostile", "The file is nested too deeply.", "Export it in another form.")
                }
            except Exception:  # its text may quote the report, so it goes no further
                answer = {
                    "error": (
                        "damaged",
                        "The file cannot be read.",
                        "Export it in another form and drop that.",
                    )
                }
            _send(stdout, answer)


if __name__ == "__main__":
    serve()
