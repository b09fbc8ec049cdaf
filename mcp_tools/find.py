"""find: full-text search over the de-identified reports."""

from pydantic import Field

from clinical.answers.answer import Part
from clinical.errors import Refused
from mcp_tools.desk import Desk
from mcp_tools.list_reports import ReportHead, head

MAX_QUERY = 200
MAX_FOUND = 50
ELLIPSIS = "…"


class Hit(Part):
    """A report in which every word of the query occurs, with the words around the best place."""

    report: ReportHead
    words: str = Field(default="", repr=False)


class Found(Part):
    """Best match first."""

    hits: tuple[Hit, ...] = ()
    warnings: tuple[str, ...] = ()


def find(desk: Desk, query: str, limit: int = 10) -> Found:
    """Reports that hold every word of the query; "words in quotes" stay together."""
    if not query.strip() or len(query) > MAX_QUERY:
        raise Refused(f"A search has 1 to {MAX_QUERY} characters.")
    hits: list[Hit] = []
    held = withheld = 0
    for found in desk.store.find(query, max(1, min(limit, MAX_FOUND))):
        row = desk.store.status_of(found.report_id)
        try:
            desk.check(row)
        except Refused:
            held += 1
            continue
        words = found.snippet
        if desk.answering.read(row.id).flagged:
            words, withheld = "", withheld + 1
        hits.append(Hit(report=head(desk, row), words=words))
    desk.count(*(hit.report.id for hit in hits))
    warnings = []
    if held:
        warnings.append(f"{held} more report(s) match but are held and do not leave to this client.")
    if withheld:
        warnings.append(
            f"{withheld} report(s) hold text that reads like instructions to software; words withheld."
        )
    return desk.give_part(
        Found(hits=tuple(hits), warnings=tuple(warnings)), "tool.find", *(hit.report.id for hit in hits)
    )
