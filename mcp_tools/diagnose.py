"""diagnose: differential considerations on one report, never an order."""

from clinical.answers.answer import Answer
from mcp_tools.desk import Desk


def diagnose(desk: Desk, report_id: str | None = None, text: str | None = None) -> Answer:
    """Considerations with findings for and against; what the report does not name says so."""
    opened = desk.one(report_id, text)
    return desk.give(desk.answering.diagnose(opened.report), opened)
