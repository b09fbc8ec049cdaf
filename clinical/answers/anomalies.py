"""What deviates in a report, ranked by urgency.

Computed values, findings, contradictions inside the report.
"""

from clinical.answers.abnormal import abnormal_findings, anomalies_of, is_urgent, out_of_range, ranked
from clinical.answers.answer import Answer, Claim
from clinical.answers.discrepancies import discrepancies
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import passage_at, passages, quote
from clinical.answers.printed import stated
from clinical.prompts import Generate
from clinical.report import Report

_SAID = 8
_NOT_FOUND = ("indication", "history", "past_history", "medications", "comparison", "technique")


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
        return answer.model_copy(update={"claims": tuple(_worded(report))})
    spoke = spoken(answer, (report,), generate, release)
    return spoke.model_copy(update={"abstained": False})


def _worded(report: Report) -> list[Claim]:
    """The gravest of it in sentences: values as printed and what is wrong with them, findings in the report's words."""
    values = sorted(out_of_range(report), key=lambda m: (not m.critical, m.flag not in ("HH", "LL")))
    claims = [stated(report, m) for m in values[:_SAID]]
    all_passages = passages(report)
    found = sorted(abnormal_findings(report), key=lambda f: not is_urgent(f.concept))
    places = [passage_at(all_passages, f.start) for f in found if f.assertion == "present"]
    chosen = dict.fromkeys(p for p in places if p is not None and p.section not in _NOT_FOUND)
    valued = [(m.start, m.end) for m in values]
    claims += [quote(report, p) for p in chosen if not any(p.start <= start < p.end for start, _ in valued)]
    return claims[:_SAID]
