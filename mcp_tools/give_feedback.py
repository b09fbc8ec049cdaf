"""give_feedback: what the doctor thinks of an answer. It trains only after a physician confirmed it."""

from typing import Literal

from clinical.answers.answer import Part, Tool
from clinical.errors import Refused
from mcp_tools.desk import Desk, is_clean
from practice.feedback import MAX_TEXT, Verdict

PENDING = (
    "Noted. It is used for training only after a physician of the practice confirmed it outside this chat."
)


class Receipt(Part):
    """What became of the feedback."""

    id: str
    state: Literal["pending"] = "pending"
    message: str = PENDING


def give_feedback(
    desk: Desk, report_id: str, tool: Tool, verdict: Verdict, draft: str, final: str | None = None
) -> Receipt:
    """Note that an answer was accepted, edited (with the edited text) or rejected.

    Both texts are de-identified before they are kept, with the identity of the report's patient.
    """
    desk.need("feedback")
    if len(draft) > MAX_TEXT or len(final or "") > MAX_TEXT:
        raise Refused(f"Feedback is limited to {MAX_TEXT} characters.", "Shorten it.")
    row = desk.store.status_of(report_id)
    desk.check(row)
    desk.count(report_id)
    if not is_clean(draft) or not is_clean(final or ""):
        raise Refused(
            "The text reads like instructions to software and is not kept.", "Give the clinical words only."
        )
    identity = desk.store.identity(report_id)
    cleaned = desk.deidentifier.deidentify(draft, identity).text
    edited = None if final is None else desk.deidentifier.deidentify(final, identity).text
    feedback_id = desk.feedback().add(report_id, tool, verdict, cleaned, edited, desk.token.id)
    desk.note("tool.give_feedback", report_id)
    return Receipt(id=feedback_id)
