"""anomalies: what deviates in one report, by urgency."""

from clinical.answers.answer import Answer
from mcp_tools.desk import Desk


def anomalies(desk: Desk, report_id: str | None = None, text: str | None = None) -> Answer:
    """Values out of range, abnormal findings, and contradictions inside the report."""
    opened = desk.one(report_id, text)
    return desk.give(desk.answering.anomalies(opened.report), opened)
