"""Starts the engine: llama.cpp's own server, in a process of its own, on a free loopback port.

Three kinds: ``embedded`` (the xllamacpp wheel), the path of a ``llama-server`` binary, or the URL of an
OpenAI-compatible server that somebody else runs. Each start makes a new key. The engine ends with the
process that started it, however that ends (see ``server.enginehost``).
"""

import contextlib
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clinical.errors import EngineError

EMBEDDED = "embedded"
GGUF_MAGIC = b"GGUF"


@dataclass(slots=True)
class Engine:
    """A running engine.

    Attributes:
        url: base address, without ``/v1``.
        key: bearer key of this start; never logged.
        pid: process id; None for an engine that somebody else runs.
        model: the GGUF it serves; None for an engine that somebody else runs.
    """

    url: str
    key: str = field(repr=False)
    pid: int | None = None
    model: Path | None = None
    _process: "subprocess.Popen[str] | None" = field(default=None, repr=False)
    _closing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def alive(self) -> bool:
        """Whether the process runs (or, for a foreign engine, whether it answers)."""
        if self._process is not None:
            return self._process.poll() is None
        return answers(self.url, self.key)

    def close(self, patience: float = 5.0) -> None:
        """Stop the engine; harmless when it is already gone."""
        with self._closing:
            if self._process is None:
                return
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def is_url(kind: str) -> bool:
    """Whether the setting names an engine that somebody else runs."""
    return kind.startswith(("http://", "https://"))


def start_engine(
    gguf: Path,
    *,
    threads: int = 0,
    context: int = 4096,
    parallel: int = 4,
    log: Path | None = None,
    kind: str = EMBEDDED,
    key: str | None = None,
    patience: float = 120.0,
    clock: Callable[[], float] = time.monotonic,
) -> Engine:
    """Start an engine and wait until it answers.

    Args:
        gguf: the model; not read when ``kind`` is a URL.
        threads: 0 takes all cores this process may use.
        context: tokens that one request may hold (prompt and reply).
        parallel: requests answered at the same time; memory for context grows with it.
        log: file for the engine's errors; it never holds prompts. None: discarded.
        kind: ``embedded``, the path of a ``llama-server`` binary, or a URL.
        key: only for a URL: the key of that server, if it asks for one.
        patience: seconds until the start counts as failed.

    Raises:
        EngineError: it does not start; the message never holds prompt text.
    """
    if is_url(kind):
        url = kind.rstrip("/").removesuffix("/v1")
        if not answers(url, key or ""):
            raise EngineError(
                "The engine at the configured address does not answer.", "Start it, or fix `engine`."
            )
        return Engine(url, key or "")
    _check_gguf(gguf)
    secret = secrets.token_urlsafe(32)
    order = {
        "binary": None if kind == EMBEDDED else _binary_path(kind),
        "model": str(gguf),
        "key": secret,
        "threads": threads or len(_cores()),
        "context": context,
        "parallel": parallel,
    }
    deadline = clock() + patience
    process = _launch(order, log)
    try:
        url = _first_word(process, max(0.1, deadline - clock()))
        _wait_until_ready(process, url, secret, deadline, clock)
    except BaseException:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        raise
    return Engine(url, secret, process.pid, gguf, process)


def answers(url: str, key: str, timeout: float = 2.0) -> bool:
    """Whether an engine answers at ``url``; a server without ``/health`` may list its models instead."""
    return any(_get_ok(url + path, key, timeout) for path in ("/health", "/v1/models"))


def _check_gguf(gguf: Path) -> None:
    try:
        with gguf.open("rb") as file:
            magic = file.read(4)
    except OSError:
        raise EngineError(
            "The model file is missing or cannot be read.", "Run `resident releases`."
        ) from None
    if magic != GGUF_MAGIC:
        raise EngineError("The model file is not a GGUF.", "Promote another release: `resident promote ID`.")


def _binary_path(kind: str) -> str:
    found = shutil.which(str(Path(kind).expanduser()))
    if found is None:
        raise EngineError(
            "The llama-server binary in the settings cannot be run.", "Fix `engine` in config.toml."
        )
    return found


def _cores() -> set[int]:
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _launch(order: dict[str, Any], log: Path | None) -> "subprocess.Popen[str]":
    host = Path(__file__).with_name("enginehost.py")
    descriptor = os.open(log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", str(host)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=descriptor,
            text=True,
            start_new_session=True,  # Ctrl-C reaches us, and we drain and close it
        )
    finally:
        os.close(descriptor)
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    except OSError:
        process.kill()
        process.wait()
        raise EngineError("The engine's process ended at once.", "See the engine's log.") from None
    return process


def _first_word(process: "subprocess.Popen[str]", patience: float) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], patience)
    if not ready:
        raise EngineError(
            "The engine did not start in time.", "Try a smaller model or fewer `parallel` requests."
        )
    line = process.stdout.readline()
    try:
        answer = json.loads(line)
    except ValueError:
        raise EngineError(
            "The engine could not load the model.",
            "The file may be damaged or not fit in memory; see the engine's log.",
        ) from None
    if "url" not in answer:
        reason = "is not installed" if "ModuleNotFoundError" in answer["error"] else "refused the model"
        raise EngineError(f"The engine {reason}.", "Run `resident doctor`; see the engine's log.")
    return str(answer["url"])


def _wait_until_ready(
    process: "subprocess.Popen[str]", url: str, key: str, deadline: float, clock: Callable[[], float]
) -> None:
    pause = threading.Event()
    while not _get_ok(url + "/health", key, 2.0):
        if process.poll() is not None:
            raise EngineError("The engine ended while it loaded the model.", "See the engine's log.")
        if clock() > deadline:
            raise EngineError("The engine did not start in time.", "Try a smaller model.")
        pause.wait(0.05)


def _get_ok(url: str, key: str, timeout: float) -> bool:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=timeout
        ) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError):
        return False
