"""ask: a question about one report, or about one patient's reports."""

from clinical.answers.answer import Answer
from clinical.errors import NotFound, Refused
from mcp_tools.desk import Desk, Opened

MAX_QUESTION = 1_000
MAX_REPORTS = 20


def ask(
    desk: Desk,
    question: str,
    report_id: str | None = None,
    patient_id: str | None = None,
    text: str | None = None,
) -> Answer:
    """The answer in words that are located in the reports; "the report does not say" is an answer.

    Args:
        patient_id: asks the patient's reports, at most the latest twenty that may answer.
    """
    if not question.strip() or len(question) > MAX_QUESTION:
        raise Refused(f"A question has 1 to {MAX_QUESTION} characters.")
    if patient_id is None:
        opened: tuple[Opened, ...] = (desk.one(report_id, text),)
    else:
        if report_id is not None or text is not None:
            raise Refused("Give one of `report_id`, `patient_id` and `text`.")
        opened = desk.open(*_of_patient(desk, patient_id))
    answer = desk.answering.ask(tuple(one.report for one in opened), question.strip())
    return desk.give(answer, *opened)


def _of_patient(desk: Desk, patient_id: str) -> list[str]:
    usable = []
    for row in desk.store.reports(patient_id=patient_id):
        if row.state in ("retracted", "superseded"):
            continue
        try:
            desk.check(row)
        except Refused:
            continue
        usable.append(row)
    if not usable:
        raise NotFound("This patient has no report that may answer.", "`list_reports` tells patient ids.")
    usable.sort(key=lambda row: row.observed_at or "")
    return [row.id for row in usable[-MAX_REPORTS:]]
