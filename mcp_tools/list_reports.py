"""list_reports: the heads of reports, without their words."""

from clinical.answers.answer import Part
from clinical.report import Status
from mcp_tools.desk import Desk
from practice.rows import ReportRow
from practice.taken import State

MAX_LISTED = 100


class ReportHead(Part):
    """A report without its words. ``observed_at`` is the year only for a cloud client."""

    id: str
    patient_id: str | None = None
    type: str | None = None
    status: Status = "final"
    state: State = "taken"
    signed: bool = True
    observed_at: str | None = None
    replaced_by: str | None = None


class ReportList(Part):
    """Newest first. ``more`` is how many others match."""

    reports: tuple[ReportHead, ...] = ()
    more: int = 0


def list_reports(
    desk: Desk,
    patient_id: str | None = None,
    report_type: str | None = None,
    limit: int = 20,
) -> ReportList:
    """Reports of the practice or of one patient, newest first."""
    rows = [
        row
        for row in desk.store.reports(patient_id=patient_id)
        if report_type is None or (row.report_type or "").lower() == report_type.lower()
    ]
    rows.sort(key=lambda row: (row.observed_at or "", row.kept_at), reverse=True)
    shown = rows[: max(1, min(limit, MAX_LISTED))]
    result = ReportList(reports=tuple(head(desk, row) for row in shown), more=len(rows) - len(shown))
    return desk.give_part(result, "tool.list_reports")


def head(desk: Desk, row: ReportRow) -> ReportHead:
    """The head as this client may see it."""
    observed = row.observed_at[:4] if desk.cloud and row.observed_at else row.observed_at
    return ReportHead(
        id=row.id,
        patient_id=row.patient_id,
        type=row.report_type,
        status=row.status,
        state=row.state,
        signed=row.signed,
        observed_at=observed,
        replaced_by=row.superseded_by,
    )
