"""The conditions that a report itself names: where, and in which words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clinical.answers.changes import is_gone
from clinical.answers.conclusion import conclusion_passages, telling_passages
from clinical.answers.passages import CONCLUSIONS, Passage, passage_at
from clinical.report import Finding, Report

_MOST = 8
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|will|would|should|seems?|needs?|appears?|continues?|shows?|came|went|"
    r"did|does|do|can|could|may|might|underwent|recommend\w*|advised|follow|return|see|start|stop|give|given)\b",
    re.I,
)
_NO_CONDITION = re.compile(
    r"(?:otherwise )?(?:normal|negative|unremarkable|no|none|same|stable|as above|family history)\b", re.I
)

_TALK = re.compile(
    r"(?:the |this )?(?:patient|family|mother|father|he|she|they|we|i|you|it)\b|.*\bfor (?:his|her|their)\b",
    re.I,
)
"""A sentence about people, or a drug for something: what it names is a condition, not the whole of it."""
_SPECIMEN = re.compile(
    r"(?=[^:]*\b(?:biops(?:y|ies)|resection|excision|wedge|\w+ectomy|curettings?|aspirate|washings?|brushings?|smear|specimen|"
    r"tissue|nodes?|cores?|shave|punch|lobe|skin|polyp)\b)[^:]{3,90}?(?:\bshowing\b:?|:)[ ]*(?P<what>[A-Za-z].+)",
    re.I,
)
"""Of a pathologist's line the specimen stands first: "Skin, left arm, punch biopsy: basal cell carcinoma"."""
_LONG = 14


@dataclass(frozen=True, slots=True)
class Named:
    """A condition as it is to be called, and the passage that names it."""

    name: str = field(repr=False)
    passage: Passage


def named_conditions(report: Report, all_passages: Sequence[Passage]) -> list[Named]:
    """Each condition once, in order of the passages that name it."""
    found: dict[str, Named] = {}
    for passage in _naming(report, all_passages):
        for name in conditions_in(report, passage):
            found.setdefault(name.lower(), Named(name, passage))
    return list(found.values())


def conditions_in(report: Report, passage: Passage) -> list[str]:
    """Findings named in the passage; a short item of a conclusion is a condition as it stands."""
    inside = [
        f
        for f in report.structure.findings
        if passage.start <= f.start < passage.end and f.assertion in ("present", "possible", "historical")
    ]
    text = re.sub(r"[.;:,\s]+$", "", passage.text(report))
    specimen = _SPECIMEN.match(text) if passage.section == "diagnosis" else None
    if specimen is not None:
        text = specimen["what"]
        if not _NO_CONDITION.match(text):
            return [text] if len(text.split()) <= _LONG else [text.split(",")[0]]
    if _NO_CONDITION.match(text) or is_gone(text):
        return []
    concluded = passage.section in CONCLUSIONS and "family history" not in text.lower()
    if (
        concluded
        and not _VERB.search(text)
        and not _TALK.match(text)
        and len(text.split()) <= (12 if passage.item or inside else 7)
    ):
        return [text]
    return list(dict.fromkeys(called(f) for f in inside))


def called(finding: Finding) -> str:
    """The finding's concept with its side."""
    return f"{finding.side} {finding.concept}" if finding.side else finding.concept


def _naming(report: Report, all_passages: Sequence[Passage]) -> list[Passage]:
    """Passages that name conditions: the conclusion without what was done; failing that, what the report suspects."""
    found = [p for p in conclusion_passages(report, all_passages) if p.section in CONCLUSIONS]
    if found:
        return found
    places = (
        passage_at(all_passages, f.start) for f in report.structure.findings if f.assertion == "possible"
    )
    found = list(dict.fromkeys(p for p in places if p is not None))
    found += [p for p in telling_passages(report, all_passages, _MOST) if p not in found]
    return found or [p for p in all_passages if p.section in ("indication", "history")][:_MOST]
