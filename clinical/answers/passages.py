"""Sentences of a report as answers quote them.

By offset, without heading or list mark, with their section.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clinical.answers.answer import Claim, Evidence
from clinical.deidentify.tags import TAG
from clinical.evidence.instructions import instruction_spans, is_instruction
from clinical.report import Report, Section
from clinical.structure.letterhead import body_of
from clinical.structure.sentences import sentences

CONCLUSIONS = ("impression", "assessment", "assessment_and_plan", "diagnosis")
PLANS = ("plan", "assessment_and_plan", "follow_up", "discharge_instructions", "disposition")

TITLE = 400  # characters that the name of an operation takes at most
_MARK = re.compile(r"(?:\(?\d{1,2}[.)]|[-•*·–#]{1,3}|\(?[A-Ha-h][.)])[ \t]+(?=\S)|\d{1,2}[.)](?=[A-Za-z])")
_HEADING = re.compile(r"[A-Z][A-Za-z ,/&()'.-]{1,48}:[ \t]*")
_LABEL = re.compile(r"[A-Za-z][A-Za-z /#.]{0,40}:")
_DISCLAIMER = re.compile(
    r"(?i)\b(?:speech|voice)[ -]recognition\b|\b(?:unintended|typographical|transcription)[ ](?:words|errors?)\b"
    r"|\bdictated but not read\b|\bconfidential\b[^.]*\b(?:intended|addressee|disclos\w+|unauthori[sz]ed)\b"
)
"""How the text came about: no statement on the patient."""
_WORDS = re.compile(r"[A-Za-z]{3,}")
_WHO = re.compile(
    r"(?:patient(?:'s)?(?: name| id)?|name|mrn|medical record (?:number|no\.?|#)|d\.?o\.?b\.?|date of birth|accession)"
    r"[ \t]*[:#][^\n]{0,60}",
    re.I,
)
_ONLY_HEADING = re.compile(r"[A-Z][A-Za-z0-9 ,/&()#'.-]{1,60}:?$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence of ``report.text`` by offset.

    ``section`` is a canonical name, or None before any heading.
    """

    start: int
    end: int
    section: str | None
    item: bool = False

    def text(self, report: Report) -> str:
        """The words as the report has them, on one line."""
        return one_line(report.text[self.start : self.end])


def one_line(text: str) -> str:
    """``text`` with line breaks and runs of blanks made single blanks."""
    return " ".join(text.split())


def passages(report: Report) -> tuple[Passage, ...]:
    """All sentences of the report in order, headings and list marks left out."""
    text, sections = report.text, report.structure.sections
    found: list[Passage] = []
    index = -1
    orders = instruction_spans(text)
    body = body_of(text, sections)
    for sentence in sentences(text):
        head = body.start if body.identified else 0  # a title alone says what the report is about
        if not head <= sentence.start < body.end:
            continue
        if orders and is_instruction(orders, sentence.start, sentence.end):
            continue
        start, end = sentence.start, sentence.end
        while index + 1 < len(sections) and sections[index + 1].start <= start:
            index += 1
        section = sections[index] if index >= 0 and start < sections[index].end else None
        if section is not None:
            start = _after_heading(text, section, start, end)
        item = False
        for _ in range(2):
            if (mark := _MARK.match(text, start, end)) is not None:
                start, item = mark.end(), True
        while start < end and text[start] in " \t\r\n:-–*":
            start += 1
        words = text[start:end]
        if any(c.isalnum() for c in words) and not names_only(words) and not _DISCLAIMER.search(words):
            found.append(Passage(start, end, section.name if section else None, item))
    return tuple(found)


def is_title(report: Report, offset: int) -> bool:
    """Does a short section that only names what was done stand there ("Procedure performed: …")?"""
    return any(
        s.name == "procedure" and s.start <= offset < s.end and s.end - s.start <= TITLE
        for s in report.structure.sections
    )


def names_only(words: str) -> bool:
    """Whether a line only tells who, when and where: a patient's label, or labels with tags behind them."""
    if _WHO.fullmatch(words):
        return True
    if not TAG.search(words):
        return False
    return len(_WORDS.findall(_LABEL.sub(" ", TAG.sub(" ", words)))) < 2


def in_sections(all_passages: Iterable[Passage], names: Iterable[str]) -> list[Passage]:
    """Those of the named sections, in order."""
    wanted = set(names)
    return [p for p in all_passages if p.section in wanted]


def evidence(report: Report, start: int, end: int) -> Evidence:
    """Evidence for ``report.text[start:end]``."""
    return Evidence(report_id=report.id, start=start, end=end, quote=report.text[start:end])


def quote(report: Report, passage: Passage) -> Claim:
    """The passage as a claim, its own words being the evidence."""
    return Claim(text=passage.text(report), evidence=(evidence(report, passage.start, passage.end),))


def passage_at(all_passages: Sequence[Passage], offset: int) -> Passage | None:
    """The passage that covers ``offset``; ``all_passages`` in order."""
    at = bisect_right(all_passages, offset, key=lambda p: p.start) - 1
    return all_passages[at] if at >= 0 and offset < all_passages[at].end else None


def _after_heading(text: str, section: Section, start: int, end: int) -> int:
    head_end = section.start + len(section.heading)
    if start < head_end:
        start = min(head_end, end)
        while start < end and text[start] in " \t\r\n:-–*_":
            start += 1
    return start
