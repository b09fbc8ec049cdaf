"""The worker: takes jobs from the queue and does them. Each bears being done twice."""

import logging
import threading
from collections.abc import Callable

from clinical.errors import NotFound
from mcp_tools.answering import Answering
from practice.jobs import Jobs
from practice.store import Store

log = logging.getLogger("resident.worker")

PREPARE = "prepare"
LEASE_SECONDS = 300.0
IDLE_SECONDS = 0.5


class Worker:
    """Prepares the answers on each report that came in, so that a call returns at once.

    Args:
        answering: who answers now; asked anew for each job, since a release may have been exchanged.
    """

    def __init__(self, store: Store, answering: Callable[[], Answering]) -> None:
        self._jobs = Jobs(store)
        self._answering = answering

    def step(self) -> bool:
        """Does one job; False if none waits."""
        job = self._jobs.lease((PREPARE,), LEASE_SECONDS)
        if job is None:
            return False
        try:
            self._answering().prepare(job.ids["report_id"])
        except NotFound:
            self._jobs.complete(job)  # forgotten meanwhile
        except Exception as error:
            log.error("preparing answers failed: %s", type(error).__name__)  # its text may quote the report
            self._jobs.fail(job, type(error).__name__)
        else:
            self._jobs.complete(job)
        return True

    def run(self, stop: threading.Event) -> None:
        """Works until told to stop; finishes the job in hand."""
        while not stop.is_set():
            if not self.step():
                stop.wait(IDLE_SECONDS)
