"""What deviates in a report, ranked by urgency.

Computed values, findings, contradictions inside the report.
"""

import re
from collections.abc import Sequence

from clinical.answers.abnormal import abnormal_findings, anomalies_of, is_urgent, out_of_range, ranked
from clinical.answers.answer import Anomaly, Answer, Claim
from clinical.answers.conclusion import is_receipt
from clinical.answers.conditions import named_conditions
from clinical.answers.discrepancies import discrepancies
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import CONCLUSIONS, Passage, evidence, passage_at, passages, quote
from clinical.answers.printed import stated
from clinical.prompts import Generate
from clinical.report import Report

_SAID = 8
_NO_DEVIATION = re.compile(
    r"\b(?:normal|negative|unremarkable|benign|healthy|intact|status post|s/p|history of|screening|routine|"
    r"well[- ](?:child|woman|baby)|pregnancy|gestation|term|newborn|follow[- ]?up|postoperative|doing well|"
    r"no (?:evidence|acute|significant)|within)\b",
    re.I,
)
"""A conclusion that names no deviation, or more of the occasion than of what was found."""
_NOT_FOUND = ("indication", "history", "past_history", "medications", "comparison", "technique")


def anomalies(report: Report, *, generate: Generate | None = None, release: str | None = None) -> Answer:
    """Values out of range, abnormal findings and discrepancies.

    Always computed; a model may only put sentences over them, each of them checked.

    Raises:
        Refused: the report was retracted.
    """
    answer = begin("anomalies", (report,), release)
    all_passages = passages(report)
    concluded = _concluded(report, all_passages)
    found = ranked([*anomalies_of(report), *concluded, *discrepancies(report)])
    answer = answer.model_copy(update={"anomalies": tuple(found)})
    if generate is None:
        return answer.model_copy(update={"claims": tuple(_worded(report, all_passages, concluded))})
    spoke = spoken(answer, (report,), generate, release)
    return spoke.model_copy(update={"abstained": False})


def _concluded(report: Report, all_passages: Sequence[Passage]) -> list[Anomaly]:
    """Diagnoses of the report's own conclusion in which the lexicon knows no word, in the report's words."""
    known = [f.start for f in report.structure.findings]
    return [
        Anomaly(name=n.name, kind="finding", urgency="abnormal", evidence=(evidence(report, p.start, p.end),))
        for n in named_conditions(report, all_passages)
        if (p := n.passage).section in CONCLUSIONS and not any(p.start <= at < p.end for at in known)
        if not _NO_DEVIATION.search(n.name)
    ]


def _worded(report: Report, all_passages: Sequence[Passage], concluded: Sequence[Anomaly]) -> list[Claim]:
    """The gravest of it in sentences: values as printed and what is wrong with them, findings in the report's words."""
    values = sorted(out_of_range(report), key=lambda m: (not m.critical, m.flag not in ("HH", "LL")))
    claims = [stated(report, m) for m in values[:_SAID]]
    found = sorted(abnormal_findings(report), key=lambda f: not is_urgent(f.concept))
    places = [passage_at(all_passages, f.start) for f in found if f.assertion == "present"]
    chosen = dict.fromkeys(p for p in places if p is not None and p.section not in _NOT_FOUND)
    valued = [(m.start, m.end) for m in values]
    told = [p for p in chosen if not any(p.start <= start < p.end for start, _ in valued)]
    claims += [quote(report, p) for p in told if not is_receipt(p.text(report))]
    claims += [Claim(text=f"{a.name}.", evidence=a.evidence) for a in concluded]
    return claims[:_SAID]
