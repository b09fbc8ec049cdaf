"""compare: what changed since the prior report of the same patient."""

from dataclasses import replace

from clinical.answers.answer import Answer
from clinical.errors import Refused
from clinical.report import Report
from mcp_tools.desk import Desk


def compare(
    desk: Desk,
    report_id: str | None = None,
    prior_id: str | None = None,
    text: str | None = None,
    prior_text: str | None = None,
) -> Answer:
    """Changes computed from aligned values and findings.

    Args:
        prior_id: the earlier report; if not given, the patient's latest earlier one of the same kind.
    """
    if text is not None or prior_text is not None:
        if text is None or prior_text is None or report_id is not None or prior_id is not None:
            raise Refused("To compare texts, give `text` and `prior_text` and no ids.")
        current, prior = desk.open_text(text), desk.open_text(prior_text)
        answer = desk.answering.compare(_named(prior.report, "prior"), _named(current.report, "current"))
        return desk.give(answer, current, prior)
    if report_id is None:
        raise Refused("Give `report_id`.", "`list_reports` and `find` tell report ids.")
    current_row = desk.store.status_of(report_id)
    desk.check(current_row)
    if prior_id is None:
        found = desk.store.prior_of(report_id)
        if found is None:
            raise Refused(
                "No earlier report of the same patient and kind is known.",
                "Give `prior_id` to compare with another.",
            )
        prior_id = found.id
    prior_row = desk.store.status_of(prior_id)
    if prior_id == report_id:
        raise Refused("A report cannot be compared with itself.", "Give another `prior_id`.")
    if prior_row.patient_id is None or prior_row.patient_id != current_row.patient_id:
        raise Refused(
            "The two reports are not known to be of the same patient.", "Choose another `prior_id`."
        )
    current, prior = desk.open(report_id, prior_id)
    return desk.give(desk.answering.compare(prior.report, current.report), current, prior)


def _named(report: Report, name: str) -> Report:
    return replace(report, id=name)
