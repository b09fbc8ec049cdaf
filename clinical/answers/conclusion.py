"""The report's own conclusion, and what else a reader needs where the conclusion leaves it out."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from clinical.answers.abnormal import abnormal_findings, is_urgent
from clinical.answers.passages import CONCLUSIONS, TITLE, Passage, in_sections
from clinical.report import Report, Section

_WORD = re.compile(r"[a-z]{3,}")
_WEAK = frozenset(
    [
        "the",
        "and",
        "was",
        "were",
        "with",
        "for",
        "had",
        "has",
        "have",
        "not",
        "are",
        "this",
        "that",
        "patient",
        "from",
        "there",
        "his",
        "her",
        "she",
        "which",
        "been",
        "will",
        "well",
        "then",
        "also",
        "any",
        "who",
        "but",
    ]
)
_LAST_WORD = re.compile(r"post|final|discharge|principal|pathologic", re.I)
_FIRST_GUESS = re.compile(r"\bpre|admi", re.I)
_SAME = re.compile(r"same\b", re.I)
_REMARK = re.compile(r"(?:comments?|notes?|discussion|microscopic\b.*)\W*$", re.I)
"""Headings under which a pathologist explains the diagnosis that stands elsewhere."""
_TALK = re.compile(
    r"\b(?:I|we) (?:will |have |had |also |did )*(?:discuss|explain|talk|review)\w* (?:this|these|it|all|the (?:above|"
    r"case|findings|results|options?|risks?))\b[^.]*\b(?:with|to) (?:the |his |her )?(?:patient|family|mother|father|"
    r"parents?|daughter|son|wife|husband|him|her)\b|\bquestions? (?:was|were|have been) answered\b|\bthank(?:s| you)\b",
    re.I,
)
"""What was said to whom: not what was concluded."""
_RECEIPT = re.compile(
    r"\b(?:labell?ed|received)\b[^.]*\b(?:received|labell?ed|formalin|fresh|frozen section)\b", re.I
)
_WENT = re.compile(r"\b(?:complications?|tolerated|stable condition|good condition|successful\w*)\b", re.I)
_PLANNED = re.compile(
    r"\b(?:will|continue|"
    r"recommend\w*|advis\w+|follow[ -]?up|return|start|order\w*|schedul\w+|discuss\w*|refill\w*|check)\b",
    re.I,
)
_LEADING = ("findings", "hospital_course", "history", "indication", None)
_GRAVE = frozenset(("moderate", "severe", "large", "marked", "massive", "extensive", "critical"))
_SLIGHT = frozenset(("minimal", "trace", "tiny", "slight"))
_USUAL = frozenset(
    ("osteoarthritis", "degenerative disc disease", "atherosclerosis", "calcification", "osteophyte")
)
_POOR = frozenset(
    {
        "technique",
        "medications",
        "allergies",
        "social_history",
        "family_history",
        "comparison",
        "review_of_systems",
        "past_history",
    }
)


def conclusion_passages(report: Report, all_passages: Sequence[Passage]) -> list[Passage]:
    """Sentences of the report's own conclusion.

    Under impression, else assessment, else diagnosis. Of several diagnoses the last word counts
    (postoperative, final, discharge) and not the first guess; with it comes what was done, where a short
    section says so.
    """
    sections = [s for s in report.structure.sections if s.name == "diagnosis"]
    remarks = [s for s in report.structure.sections if sections and _REMARK.match(s.heading)]
    for name in ("impression", "assessment", "assessment_and_plan"):
        found = [
            p
            for p in in_sections(all_passages, (name,))
            if not any(s.start <= p.start < s.end for s in remarks)
        ]
        found = [p for p in found if not _TALK.search(p.text(report))] or found
        if name == "assessment_and_plan":
            found = [p for p in found if not _PLANNED.search(p.text(report))] or found
        if found:
            return found
    last = [s for s in sections if _LAST_WORD.search(s.heading)] or [
        s for s in sections if not _FIRST_GUESS.search(s.heading)
    ]
    found = _inside(all_passages, last)
    if not found or all(_SAME.match(p.text(report)) for p in found):
        found = _inside(all_passages, [s for s in sections if s not in last]) or found
    done = [s for s in report.structure.sections if s.name == "procedure" and s.end - s.start <= TITLE]
    return [*found, *_inside(all_passages, done[:1])] if found else []


def is_receipt(text: str) -> bool:
    """Does the sentence say how a specimen came to the laboratory, and not what it shows?"""
    return _RECEIPT.search(text) is not None


def leading(chosen: Sequence[Passage]) -> list[Passage]:
    """The first sentence of each item of a list before what else the items say; prose as it stands."""
    if sum(p.item for p in chosen) < 2:
        return list(chosen)
    return [p for p in chosen if p.item] + [p for p in chosen if not p.item]


def done_passages(report: Report, all_passages: Sequence[Passage]) -> list[Passage]:
    """For the account of a procedure that concludes nothing: what was done, and how it went."""
    done = [s for s in report.structure.sections if s.name == "procedure" and s.end - s.start <= TITLE]
    told = any(s.name == "procedure" and s.end - s.start > TITLE for s in report.structure.sections)
    if not (done and told):
        return []
    went = [p for p in all_passages if _WENT.search(p.text(report))]
    return list(dict.fromkeys([*_inside(all_passages, done[:1]), *went[:1], *went[-1:]]))


def _inside(all_passages: Sequence[Passage], sections: Sequence[Section]) -> list[Passage]:
    return [p for p in all_passages if any(s.start <= p.start < s.end for s in sections)]


def central_passages(report: Report, all_passages: Sequence[Passage], count: int) -> list[Passage]:
    """For a report without a conclusion: the ``count`` sentences nearest to what the report speaks of most.

    The sentence that introduces the patient or the matter leads. Each other is scored by the weight of its
    words (by how many sentences share them), how early it comes and the section it stands in; sentences
    that repeat a chosen one are passed over. Returned in order of the report.
    """
    bags = [Counter(w for w in _WORD.findall(p.text(report).lower()) if w not in _WEAK) for p in all_passages]
    spread = Counter(word for bag in bags for word in bag)
    abnormal = [f for f in report.structure.findings if f.assertion in ("present", "possible")]
    scored = []
    for index, (passage, bag) in enumerate(zip(all_passages, bags, strict=True)):
        if sum(bag.values()) < 3:
            continue
        weight = sum(math.log1p(spread[w]) for w in bag) / math.sqrt(len(bag) + 4)
        weight *= 1.0 + 0.8 / (1 + index)
        if any(passage.start <= f.start < passage.end for f in abnormal):
            weight *= 1.3
        if passage.section in _POOR:
            weight *= 0.4
        elif passage.section in _LEADING:
            weight *= 1.2
        scored.append((weight, index))
    lead = _lead(report, all_passages)
    chosen: list[int] = [] if lead is None else [lead]
    for _, index in sorted(scored, reverse=True):
        if len(chosen) >= count:
            break
        if all(_overlap(bags[index], bags[other]) < 0.6 for other in chosen):
            chosen.append(index)
    return [all_passages[i] for i in sorted(chosen)]


_STORY = {"history", "hospital_course", "procedure", "physical_exam", "medications", "past_history"}
_WORDS_A_VALUE = 12
_FOUND = ("findings", "hospital_course")


def telling_passages(report: Report, all_passages: Sequence[Passage], count: int) -> list[Passage]:
    """For a report that has findings but no conclusion: the ``count`` sentences that a conclusion would be drawn from.

    Those under the findings that state something abnormal: urgent before other, graver and measured before not,
    earlier before later. Returned in order of the report.
    """
    abnormal = [f for f in abnormal_findings(report) if f.section in _FOUND]
    measured = [m.start for m in report.structure.measurements]
    scored = []
    for index, passage in enumerate(all_passages):
        inside = [f for f in abnormal if passage.start <= f.start < passage.end]
        if not inside:
            continue
        stated = [f for f in inside if f.assertion == "present"]
        weight = 4.0 * any(is_urgent(f.concept) for f in inside) + 2.0 * bool(stated)
        weight += 1.5 * any(f.severity in _GRAVE for f in inside)
        weight += 1.0 * any(passage.start <= at < passage.end for at in measured) + 0.5 * min(3, len(inside))
        weight -= 2.0 * all(f.severity in _SLIGHT or f.concept in _USUAL for f in inside)
        scored.append((-weight, index))
    return [all_passages[index] for index in sorted(index for _, index in sorted(scored)[:count])]


def is_study(report: Report) -> bool:
    """Is the report one of a study (findings, no story of the patient)? Else its first sentence tells most."""
    sections = report.structure.sections
    names = {s.name for s in sections}
    found = sum(s.end - s.start for s in sections if s.name == "findings")
    return not names & _STORY and found >= 0.3 * len(report.text)


def is_table(report: Report) -> bool:
    """Is the report one of values, with hardly a sentence? Then its values say it all."""
    values = report.structure.measurements
    return len(values) >= 4 and _WORDS_A_VALUE * len(values) >= len(report.text.split())


def is_conclusion(passage: Passage) -> bool:
    """Does the passage stand in a section of conclusions?"""
    return passage.section in CONCLUSIONS


def _lead(report: Report, all_passages: Sequence[Passage]) -> int | None:
    """The sentence that opens the matter: the first of more than a few words."""
    return next((i for i, p in enumerate(all_passages[:8]) if len(p.text(report).split()) >= 4), None)


def _overlap(one: Counter[str], two: Counter[str]) -> float:
    return len(one.keys() & two.keys()) / max(1, min(len(one), len(two)))
