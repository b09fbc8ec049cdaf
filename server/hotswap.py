"""Changes the engine under load: start the new one, smoke-test it, switch, drain, stop the old one.

A model that does not start or does not answer never becomes current: the old one goes on. Where memory
holds one model only (``stop-start``), the old one is drained and stopped first, requests wait in the queue,
and if the new one fails the old one is started again.

    requests ── lease() ──► current engine ── finished ──► leases 0 ──► closed (if no longer current)
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clinical.errors import EngineError
from clinical.prompts import Prompt
from server.client import EngineClient
from server.engine import Engine

Mode = Literal["blue-green", "stop-start"]

SMOKE = Prompt(
    messages=({"role": "user", "content": 'Answer with JSON: {"ready": true}'},),
    schema={
        "type": "object",
        "properties": {"ready": {"type": "boolean"}},
        "required": ["ready"],
        "additionalProperties": False,
    },
    max_tokens=16,
)


@dataclass(slots=True)
class Serving:
    """An engine with its client and the number of requests that use it.

    Attributes:
        release: id of the release it serves; None for a base model without a release.
    """

    engine: Engine
    client: EngineClient
    release: str | None
    gguf: Path
    leases: int = field(default=0)


def smoke_test(client: EngineClient) -> None:
    """One schema-bound answer.

    Raises:
        EngineError: none comes, or not in the form asked for.
    """
    if '"ready"' not in client.generate(SMOKE):
        raise EngineError("The new model gave no usable answer.", "Promote another release.")


class HotSwap:
    """The current engine, and how it is exchanged.

    Args:
        start: starts an engine for a GGUF (``start_engine`` with the practice's settings).
        mode: ``stop-start`` where memory holds one model only.
        smoke: raises EngineError when the new engine does not answer.
        drain_seconds: how long running requests may finish on the old engine.
        queue_seconds: how long a request waits while no engine is current during a swap.
    """

    def __init__(
        self,
        start: Callable[[Path], Engine],
        *,
        mode: Mode = "blue-green",
        smoke: Callable[[EngineClient], None] = smoke_test,
        drain_seconds: float = 120.0,
        queue_seconds: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._mode: Mode = mode
        self._smoke = smoke
        self._drain_seconds = drain_seconds
        self._queue_seconds = queue_seconds
        self._clock = clock
        self._current: Serving | None = None
        self._swapping = threading.Lock()
        self._changed = threading.Condition()
        self._paused = False
        self._closed = False

    @property
    def release(self) -> str | None:
        """Id of the release that answers now."""
        current = self._current
        return current.release if current else None

    def ready(self) -> bool:
        """Whether an engine runs that can answer."""
        current = self._current
        return self._paused or (current is not None and current.engine.alive())

    def swap(self, gguf: Path, release: str | None = None) -> None:
        """Serve ``gguf`` from now on. Also the first start.

        Raises:
            EngineError: it does not start or answer; what was served before is served still.
        """
        with self._swapping:
            if self._closed:
                raise EngineError("The engine is shut down.", "Start it: `resident up`.")
            if self._mode == "blue-green" or self._current is None:
                new = self._raise(gguf, release)
                self._retire(self._switch(new))
            else:
                self._stop_start(gguf, release)

    def heal(self) -> bool:
        """Start the current model again if its engine died; True when it had to be.

        Raises:
            EngineError: it does not start again.
        """
        with self._swapping:
            current = self._current
            if self._closed or current is None or current.engine.alive():
                return False
            new = self._raise(current.gguf, current.release)
            self._retire(self._switch(new))
            return True

    @contextmanager
    def lease(self) -> Iterator[Serving]:
        """The engine for one request; it is not stopped before the request is done.

        Raises:
            EngineError: no engine runs, or none became current within ``queue_seconds``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._paused, self._queue_seconds):
                raise EngineError("The model is being exchanged.", "Try again in a minute.")
            serving = self._current
            if serving is None:
                raise EngineError("No engine runs.", "Start it: `resident up`.")
            serving.leases += 1
        try:
            yield serving
        finally:
            with self._changed:
                serving.leases -= 1
                self._changed.notify_all()

    def generate(self, prompt: Prompt) -> str:
        """The current engine's reply (a ``Generate``)."""
        with self.lease() as serving:
            return serving.client.generate(prompt)

    def close(self) -> None:
        """Stop the engine, at once."""
        with self._swapping:
            self._closed = True
            old = self._switch(None)
            if old is not None:
                old.engine.close()
                old.client.close()

    def _raise(self, gguf: Path, release: str | None) -> Serving:
        engine = self._start(gguf)
        client: EngineClient | None = None
        try:
            client = EngineClient.of(engine)
            self._smoke(client)
        except BaseException:
            if client is not None:
                client.close()
            engine.close()
            raise
        return Serving(engine, client, release, gguf)

    def _switch(self, new: Serving | None) -> Serving | None:
        with self._changed:
            old, self._current = self._current, new
            self._paused = False
            self._changed.notify_all()
            return old

    def _retire(self, old: Serving | None) -> None:
        if old is None:
            return
        with self._changed:
            if old.engine.alive():
                self._changed.wait_for(lambda: old.leases == 0, self._drain_seconds)
        old.engine.close()
        old.client.close()

    def _stop_start(self, gguf: Path, release: str | None) -> None:
        old = self._current
        assert old is not None
        with self._changed:
            self._paused = True
        self._retire(old)
        try:
            self._switch(self._raise(gguf, release))
        except EngineError:
            self._switch(self._raise(old.gguf, old.release))
            raise
        finally:
            if self._paused:
                self._switch(None)
