"""The queue of jobs: leases in the same database as the reports, so that neither exists without the other.

A worker leases a job for some seconds and completes it. If it dies, the lease runs out and another takes the
job; what a job does must therefore bear being done twice. Jobs carry ids, never text.
"""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from practice.database import Database, Row

if TYPE_CHECKING:
    from practice.store import Store

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A leased job. ``attempts`` counts this one; ``lease`` proves that it is still ours."""

    id: int
    kind: str
    ids: Mapping[str, str]
    attempts: int
    lease: str


def insert_job(database: Database, kind: str, ids: Mapping[str, str], run_after: float = 0.0) -> int:
    """Enqueue within the caller's transaction; one that waits already is not doubled."""
    plain = json.dumps(dict(ids), sort_keys=True)
    waiting = database.one(
        "SELECT id FROM jobs WHERE kind = ? AND ids = ? AND state = 'ready' AND attempts = 0", (kind, plain)
    )
    if waiting is not None:
        return int(waiting["id"])
    row = database.one(
        """
        INSERT INTO jobs (kind, ids, state, run_after, enqueued_at)
        VALUES (?, ?, 'ready', ?, ?) RETURNING id
        """,
        (kind, plain, run_after, datetime.now(UTC).isoformat()),
    )
    return int(row["id"]) if row else 0


class Jobs:
    """The queue. Times are seconds since 1970 and may be given, for tests."""

    def __init__(self, store: "Store") -> None:
        self._database = store.database

    def enqueue(self, kind: str, *, run_after: float = 0.0, **ids: str) -> int:
        """Add a job; its number. The same job waiting already is not added again."""
        with self._database.transaction():
            return insert_job(self._database, kind, ids, run_after)

    def lease(self, kinds: Sequence[str], seconds: float = 60.0, now: float | None = None) -> Job | None:
        """Take the oldest waiting job of these kinds, or one whose worker let its lease run out."""
        now = time.time() if now is None else now
        marks = ", ".join("?" for _ in kinds)
        with self._database.transaction():
            self._database.execute(
                f"""
                UPDATE jobs SET state = 'failed', error = 'died', lease = NULL
                WHERE state = 'leased' AND lease_until < ? AND attempts >= ? AND kind IN ({marks})
                """,
                (now, MAX_ATTEMPTS, *kinds),
            )
            row = self._database.one(
                f"""
                UPDATE jobs SET state = 'leased', attempts = attempts + 1, lease_until = ?, lease = ?
                WHERE id = (
                    SELECT id FROM jobs WHERE kind IN ({marks})
                    AND (state = 'ready' AND run_after <= ? OR state = 'leased' AND lease_until < ?)
                    ORDER BY id LIMIT 1)
                RETURNING *
                """,
                (now + seconds, secrets.token_hex(8), *kinds, now, now),
            )
        return None if row is None else _job(row)

    def extend(self, job: Job, seconds: float, now: float | None = None) -> bool:
        """Keep a lease for longer; False if it was lost."""
        now = time.time() if now is None else now
        with self._database.transaction():
            return bool(
                self._database.execute(
                    "UPDATE jobs SET lease_until = ? WHERE id = ? AND lease = ? AND state = 'leased'",
                    (now + seconds, job.id, job.lease),
                )
            )

    def complete(self, job: Job) -> bool:
        """The job is done; False if the lease was lost and somebody else does it."""
        with self._database.transaction():
            return bool(
                self._database.execute(
                    "UPDATE jobs SET state = 'done', lease = NULL WHERE id = ? AND lease = ?",
                    (job.id, job.lease),
                )
            )

    def fail(self, job: Job, error: str, retry_in: float = 60.0, now: float | None = None) -> bool:
        """The job failed; it is tried again later, three times in all.

        Args:
            error: the kind of error, such as its class name; never a message that may hold patient text.

        Returns:
            True if it will be tried again.
        """
        now = time.time() if now is None else now
        again = job.attempts < MAX_ATTEMPTS
        with self._database.transaction():
            changed = self._database.execute(
                """
                UPDATE jobs SET state = ?, run_after = ?, error = ?, lease = NULL
                WHERE id = ? AND lease = ?
                """,
                ("ready" if again else "failed", now + retry_in, error, job.id, job.lease),
            )
        return again and bool(changed)

    def pending(self, kinds: Sequence[str] = ()) -> int:
        """How many jobs wait or are being done."""
        marks = ", ".join("?" for _ in kinds)
        which = f"AND kind IN ({marks})" if kinds else ""
        row = self._database.one(
            f"SELECT count(*) AS n FROM jobs WHERE state IN ('ready', 'leased') {which}", tuple(kinds)
        )
        return int(row["n"]) if row else 0

    def state_of(self, job_id: int) -> str | None:
        """ready, leased, done or failed; None if there is no such job."""
        row = self._database.one("SELECT state FROM jobs WHERE id = ?", (job_id,))
        return None if row is None else str(row["state"])

    def retry_failed(self) -> int:
        """Let every failed job be tried anew; how many."""
        with self._database.transaction():
            return self._database.execute(
                "UPDATE jobs SET state = 'ready', attempts = 0, run_after = 0 WHERE state = 'failed'"
            )

    def clear_done(self, older_than: str) -> int:
        """Remove done jobs enqueued before this ISO 8601 time in UTC; how many."""
        with self._database.transaction():
            return self._database.execute(
                "DELETE FROM jobs WHERE state = 'done' AND enqueued_at < ?", (older_than,)
            )


def _job(row: Row) -> Job:
    return Job(int(row["id"]), row["kind"], json.loads(row["ids"]), int(row["attempts"]), row["lease"])
