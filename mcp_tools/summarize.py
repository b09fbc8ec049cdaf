"""summarize: the key findings of one report."""

from clinical.answers.answer import Answer
from clinical.prompts import Audience
from mcp_tools.desk import Desk


def summarize(
    desk: Desk,
    report_id: str | None = None,
    text: str | None = None,
    sentences: int | None = None,
    audience: Audience = "physician",
) -> Answer:
    """Key findings, follow-ups that the report asks for, and every critical or flagged value."""
    opened = desk.one(report_id, text)
    return desk.give(desk.answering.summarize(opened.report, sentences, audience), opened)
