"""Long work: runs apart from the call that asked for it, so that an impatient client loses nothing.

A call waits for a while; if the work then still runs, the client gets a job id and asks again with ``job``.
Finished work is kept for an hour, in memory only, and given to the token that started it and to no other.
"""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from clinical.errors import NotFound, Refused

KEEP_SECONDS = 3600.0
MAX_WAITING = 64

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """A piece of work under way or done. ``what`` names it (a tool); ``owner`` is the id of a token."""

    id: str
    owner: str
    what: str
    started: float
    future: "Future[T]" = field(repr=False)

    def wait(self, seconds: float) -> bool:
        """Whether it is done within ``seconds``."""
        done = threading.Event()
        self.future.add_done_callback(lambda _: done.set())
        return done.wait(seconds)

    def result(self) -> T:
        """What it gave; raises what it raised."""
        return self.future.result()


class Work:
    """The pool that does long work.

    Args:
        workers: pieces of work at the same time.
    """

    def __init__(self, workers: int = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(workers, "tool")
        self._clock = clock
        self._jobs: dict[str, Job[Any]] = {}
        self._lock = threading.Lock()

    def start(self, owner: str, what: str, do: Callable[[], T]) -> Job[T]:
        """Begin.

        Raises:
            Refused: too much work waits already.
        """
        with self._lock:
            self._forget_old()
            if sum(not job.future.done() for job in self._jobs.values()) >= MAX_WAITING:
                raise Refused("Too many requests are waiting.", "Try again in a minute.")
            job: Job[T] = Job(f"j-{secrets.token_hex(8)}", owner, what, self._clock(), self._pool.submit(do))
            self._jobs[job.id] = job
            return job

    def get(self, job_id: str, owner: str) -> Job[Any]:
        """A job of this owner.

        Raises:
            NotFound: no such job, not theirs, or too old.
        """
        with self._lock:
            self._forget_old()
            job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise NotFound("There is no such job.", "Jobs are kept for an hour; ask again.")
        return job

    def drop(self, job_id: str) -> None:
        """Forget a job that was delivered or whose client left; if it still waits, it is not begun."""
        with self._lock:
            job = self._jobs.pop(job_id, None)
        if job is not None:
            job.future.cancel()

    def close(self) -> None:
        """Let running work end and begin no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _forget_old(self) -> None:
        now = self._clock()
        for job_id in [i for i, job in self._jobs.items() if now - job.started > KEEP_SECONDS]:
            self._jobs.pop(job_id).future.cancel()
