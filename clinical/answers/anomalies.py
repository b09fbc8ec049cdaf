"""What deviates in a report, ranked by urgency.

Computed values, findings, contradictions inside the report.
"""

from clinical.answers.abnormal import anomalies_of, ranked
from clinical.answers.answer import Answer
from clinical.answers.discrepancies import discrepancies
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.prompts import Generate
from clinical.report import Report


def anomalies(report: Report, *, generate: Generate | None = None, release: str | None = None) -> Answer:
    """Values out of range, abnormal findings and discrepancies.

    Always computed; a model may only put sentences over them, each of them checked.

    Raises:
        Refused: the report was retracted.
    """
    answer = begin("anomalies", (report,), release)
    found = ranked([*anomalies_of(report), *discrepancies(report)])
    answer = answer.model_copy(update={"anomalies": tuple(found)})
    if generate is None:
        return answer
    spoke = spoken(answer, (report,), generate, release)
    return spoke.model_copy(update={"abstained": False})
