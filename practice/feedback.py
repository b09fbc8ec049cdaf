"""What doctors said of answers: accepted, edited or rejected. Pending until a physician confirms it.

A chat client may be steered by the text it reads, so what comes from there trains only after one of the
practice's physicians confirmed it outside the chat.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from clinical.errors import NotFound, Refused
from practice.database import Row

if TYPE_CHECKING:
    from practice.store import Store

Verdict = Literal["accepted", "edited", "rejected"]
FeedbackState = Literal["pending", "confirmed", "dismissed"]
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Feedback:
    """One judgement. ``final`` is the text that the doctor wants; ``physician`` is opaque, once confirmed."""

    id: str
    report_id: str
    tool: str
    verdict: Verdict
    draft: str = field(repr=False)
    final: str | None = field(repr=False)
    token_id: str | None
    state: FeedbackState
    physician: str | None
    given_at: str
    decided_at: str | None


class FeedbackBook:
    """The feedback in a store."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._database = store.database

    def add(
        self,
        report_id: str,
        tool: str,
        verdict: Verdict,
        draft: str,
        final: str | None = None,
        token: str | None = None,
    ) -> str:
        """Note what was said of an answer; its id. It is pending.

        Args:
            final: the edited text; needed for ``edited`` only.
            token: id of the token by which it came.

        Raises:
            NotFound: no such report.
            Refused: an edit without text, an unknown verdict, or more text than an answer has.
        """
        self._store.status_of(report_id)
        if verdict not in ("accepted", "edited", "rejected"):
            raise Refused("The verdict must be accepted, edited or rejected.")
        if verdict == "edited" and not (final or "").strip():
            raise Refused("An edit needs the edited text.", "Give it as `final`.")
        if len(draft) > MAX_TEXT or len(final or "") > MAX_TEXT:
            raise Refused(f"Feedback is limited to {MAX_TEXT} characters.", "Shorten it.")
        feedback_id = f"b-{secrets.token_hex(8)}"
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', NULL, ?, NULL)",
                (feedback_id, report_id, tool, verdict, draft, final, token, _now()),
            )
        return feedback_id

    def confirm(self, feedback_id: str, physician: str) -> None:
        """A physician of the practice stands by it; from now on it may train.

        Args:
            physician: the name as configured; the caller has made sure that it is.
        """
        self._decide(feedback_id, "confirmed", self._store.author_id(physician))

    def dismiss(self, feedback_id: str) -> None:
        """Nobody stands by it; it never trains."""
        self._decide(feedback_id, "dismissed", None)

    def pending(self) -> list[Feedback]:
        """What waits for a physician, oldest first."""
        return self._all("state = 'pending'", ())

    def confirmed(self, since: str | None = None) -> list[Feedback]:
        """What may train: confirmed (since an ISO 8601 time in UTC), on reports that may train."""
        return self._all(
            """
            state = 'confirmed' AND decided_at >= ?
            AND report_id IN (SELECT id FROM reports WHERE trainable_at IS NOT NULL)
            """,
            (since or "",),
        )

    def get(self, feedback_id: str) -> Feedback:
        """One judgement."""
        found = self._all("id = ?", (feedback_id,))
        if not found:
            raise NotFound("There is no such feedback.")
        return found[0]

    def _all(self, where: str, values: tuple[str, ...]) -> list[Feedback]:
        rows = self._database.all(f"SELECT * FROM feedback WHERE {where} ORDER BY given_at, id", values)
        return [_feedback(row) for row in rows]

    def _decide(self, feedback_id: str, state: FeedbackState, physician: str | None) -> None:
        with self._database.transaction():
            if not self._database.execute(
                """
                UPDATE feedback SET state = ?, physician = ?, decided_at = ?
                WHERE id = ? AND state = 'pending'
                """,
                (state, physician, _now(), feedback_id),
            ):
                raise NotFound("There is no such pending feedback.")


def _feedback(row: Row) -> Feedback:
    return Feedback(**row)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
