"""Signed reports become instruction pairs; references are what the physician wrote, never invented.

The conclusion (impression, assessment, diagnosis, plan) is the reference of summarize and diagnose and is cut
from what the model sees; sentences elsewhere that repeat it go too. Compare takes the
conclusion's sentences about the prior; anomalies takes computed flags and the findings that the conclusion names; ask
takes the sentence of the report that holds the answer, or none where the report is silent.
"""

import hashlib
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from clinical.answers.answer import Tool
from clinical.answers.compare import compare
from clinical.answers.passages import CONCLUSIONS, Passage, passages
from clinical.prompts import DEFAULT_SENTENCES, NamedCondition
from clinical.report import Finding, Measurement, Report
from trainer.cutting import cut_repeats, cut_sections
from trainer.example import Example

MIN_WORDS = 12
"""A report with fewer words left after the cut asks the impossible."""
_COMPARING = re.compile(
    r"\b(?:unchanged|compar(?:ed|ison)|prior|previous(?:ly)?|interval|since|stable|again|no longer|resolved"
    r"|resolution|improv\w+|worse\w*|increas\w+|decreas\w+|new(?:ly)?|progress\w+|rose|fell|risen|fallen|larger|smaller)\b",
    re.IGNORECASE,
)
_PRIOR = re.compile(
    r"\b(?:compar|prior|previous|last|interval|since|unchanged|stable|earlier|\[DATE-)", re.IGNORECASE
)
_BEFORE = frozenset(
    "indication comparison technique family_history social_history medications allergies".split()
)
"""Sections that say why or how the examination was made, not what it found."""
_EMPTY = frozenset(
    "with from that this there likely without mild moderate severe normal noted seen present".split()
)
_BOILERPLATE = re.compile(
    r"\b(?:thank you|confidential|dictat\w+|transcrib\w+|voice recognition|electronically|signed|reviewed by"
    r"|authenticated|verified by|attested|clinical correlation|do not hesitate|please (?:call|contact)|call \[)\b"
    r"|\bquestions\?|/e?s/|^c\.?c\.?:|\[(?:PHONE|FAX|EMAIL)\]|\[NAME\],? (?:MD|DO)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_WORD = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True, slots=True)
class Correction:
    """A draft that a physician edited and confirmed.

    Attributes:
        report: what was asked about (for compare the prior first).
        draft: what the model had said; final: what the physician made of it.
    """

    reports: tuple[Report, ...] = field(repr=False)
    tool: Tool
    draft: str = field(repr=False)
    final: str = field(repr=False)
    question: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs, and why reports gave none, counted by reason."""

    examples: tuple[Example, ...] = field(repr=False)
    left_out: Mapping[str, int]


def build_pairs(reports: Sequence[Report], feedback: Sequence[Correction] = ()) -> list[Example]:
    """All instruction pairs of ``reports`` and confirmed corrections, in a stable order."""
    return list(pair_up(reports, feedback).examples)


def pair_up(
    reports: Sequence[Report],
    feedback: Sequence[Correction] = (),
    *,
    drafts: Mapping[str, Sequence[str]] | None = None,
) -> Pairs:
    """As ``build_pairs``, and says what was left out.

    Args:
        reports: de-identified, with structure. Unsigned, held, preliminary and retracted ones never train.
        feedback: confirmed corrections. An accepted draft without an edit never trains.
        drafts: by report id, what our own model had said of it: a report that repeats it never trains.
    """
    examples: list[Example] = []
    left_out: Counter[str] = Counter()
    drafts = drafts or {}
    fit: list[Report] = []
    for report in reports:
        reason = why_not(report, drafts.get(report.id, ()))
        if reason is None:
            fit.append(report)
        else:
            left_out[reason] += 1
    for report in fit:
        made = _of_one(report)
        examples += made
        if not made:
            left_out["nothing to learn from"] += 1
    for prior, current in _consecutive(fit):
        compared = _compare(prior, current)
        if compared is not None:
            examples.append(compared)
    for correction in feedback:
        example = corrected(correction)
        if example is None:
            left_out["draft accepted unedited"] += 1
        else:
            examples.append(example)
    unique = {example.id: example for example in examples}
    return Pairs(tuple(unique.values()), dict(left_out))


def why_not(report: Report, drafts: Sequence[str] = ()) -> str | None:
    """Why a report must not train, or None."""
    if not report.signed or report.status not in ("final", "amended"):
        return "not signed or not final"
    if report.held:
        return "held"
    if report.doubtful or any(m.doubtful for m in report.structure.measurements):
        return "numbers read with doubt"
    if report.unread_pages:
        return "unread pages"
    conclusion = _plain(" ".join(_conclusion(report)))
    if conclusion and any(_repeats(conclusion, _plain(draft)) for draft in drafts):
        return "repeats our own draft"
    return None


def _of_one(report: Report) -> list[Example]:
    conclusion = _conclusion(report)
    cut = cut_repeats(cut_sections(report), conclusion)
    if len(cut.text.split()) < MIN_WORDS:
        return []
    patient = report.patient_id or report.id
    known = _numbers(cut.text)
    said = [s for s in conclusion if len(s) > 3 and _numbers(s) <= known]
    examples = []
    if said:
        wanted = tuple(said[: DEFAULT_SENTENCES["summarize"]])
        examples.append(Example("summarize", (cut,), patient, sentences=wanted))
    conditions = _conditions(report, cut)
    if conditions:
        examples.append(Example("diagnose", (cut,), patient, conditions=conditions))
    abnormal = _anomalies(cut, conclusion)
    if abnormal:
        examples.append(Example("anomalies", (cut,), patient, sentences=abnormal, source="structure"))
    examples += _questions(cut, patient)
    return examples


def _conclusion(report: Report) -> list[str]:
    """The physician's own conclusion, by sentence; the first of impression, assessment, diagnosis."""
    by_section: dict[str, list[str]] = {}
    for passage in passages(report):
        if passage.section in CONCLUSIONS and not _BOILERPLATE.search(passage.text(report)):
            by_section.setdefault(passage.section, []).append(passage.text(report))
    return next((by_section[name] for name in CONCLUSIONS if name in by_section), [])


def _conditions(report: Report, cut: Report) -> tuple[NamedCondition, ...]:
    """What the conclusion diagnoses, each with the sentences of the cut report that its own sentence rests on."""
    seen: dict[str, Finding] = {}
    for finding in report.structure.findings:
        if finding.section in CONCLUSIONS and finding.assertion in ("present", "possible"):
            seen.setdefault(finding.concept.lower(), finding)
    concluded = passages(report)
    basis = _abnormal_passages(cut)
    named = []
    for concept, finding in seen.items():
        own = _holding(concluded, finding.start)
        sentence = f"{concept} {own.text(report)}" if own else concept
        related = sorted(((-_shared(sentence, p.text(cut)), i) for i, p in enumerate(basis)))
        chosen = sorted(i for shared, i in related[:2] if shared < 0)
        wording = " ".join(report.text[finding.start : finding.end].split())
        side = finding.side if finding.side and finding.side not in wording.lower() else None
        condition = f"{side} {wording}" if side else wording
        named.append(NamedCondition(condition, tuple(basis[i].text(cut) for i in chosen)))
    grounded = [condition for condition in named if condition.for_]
    return tuple(grounded[: DEFAULT_SENTENCES["diagnose"]])


def _shared(one: str, other: str) -> int:
    """Content words and numbers in common; a number says more than a word."""
    words = (set(_WORD.findall(one.lower())) & set(_WORD.findall(other.lower()))) - _EMPTY
    return len(words) + 2 * len(_numbers(one) & _numbers(other))


def _abnormal_passages(report: Report) -> list[Passage]:
    """Sentences on what was found that hold a present finding or a value out of range."""
    offsets = [f.start for f in report.structure.findings if f.assertion in ("present", "possible")]
    offsets += [m.start for m in report.structure.measurements if m.flag not in (None, "N")]
    return [
        p
        for p in passages(report)
        if p.section not in _BEFORE and any(p.start <= offset < p.end for offset in offsets)
    ]


def _anomalies(cut: Report, conclusion: Sequence[str]) -> tuple[str, ...]:
    values = [m for m in cut.structure.measurements if m.flag not in (None, "N")]
    values.sort(key=lambda m: (not m.critical, m.flag not in ("HH", "LL")))
    lines = [worded_value(cut, m) for m in values]
    concluded = set(_WORD.findall(" ".join(conclusion).lower()))
    for passage in passages(cut):
        present = [
            f
            for f in cut.structure.findings
            if passage.start <= f.start < passage.end
            and f.assertion == "present"
            and set(_WORD.findall(f.concept.lower())) & concluded
        ]
        if present and not any(passage.start <= m.start < passage.end for m in values):
            lines.append(passage.text(cut))
    return tuple(dict.fromkeys(lines))[: DEFAULT_SENTENCES["anomalies"]]


def worded_value(report: Report, measurement: Measurement) -> str:
    """A value as the report prints it, and how it deviates: ``Potassium 6.1 mmol/L (3.5-5.1), high.``"""
    printed = " ".join(report.text[measurement.start : measurement.end].split()).rstrip(" .,;")
    level = {"H": "high", "L": "low", "HH": "critically high", "LL": "critically low"}.get(
        measurement.flag or "", "abnormal"
    )
    if measurement.critical and not level.startswith("critically"):
        level = f"critically {level}"
    return f"{printed}, {level}."


def _questions(cut: Report, patient: str) -> list[Example]:
    """One question on a value or a finding, and for some reports one that they cannot answer."""
    texts = _question_texts()
    place = passages(cut)
    made: list[tuple[str, Passage | None]] = []
    values = [m for m in cut.structure.measurements if _holding(place, m.start) is not None]
    findings = [f for f in cut.structure.findings if _holding(place, f.start) is not None]
    if values and (not findings or _draw(cut.id, "kind") % 2):
        value = _pick(values, cut.id, "value")
        question = str(_pick(texts["value"], cut.id, "wording")).format(name=value.name)
        made.append((question, _holding(place, value.start)))
    elif findings:
        finding = _pick(findings, cut.id, "finding")
        question = str(_pick(texts["finding"], cut.id, "wording")).format(name=finding.concept)
        made.append((question, _holding(place, finding.start)))
    if _draw(cut.id, "silent") % 4 == 0:
        lower = cut.text.lower()
        silent = [name for name in texts["absent"] if not any(word in lower for word in _WORD.findall(name))]
        if silent:
            name = _pick(silent, cut.id, "silent name")
            made.append((str(_pick(texts["finding"], cut.id, "silent wording")).format(name=name), None))
    return [
        Example(
            "ask",
            (cut,),
            patient,
            question=question[:1].upper() + question[1:],
            sentences=(passage.text(cut),) if passage else (),
        )
        for question, passage in made
    ]


def _consecutive(reports: Iterable[Report]) -> list[tuple[Report, Report]]:
    """Prior and current of one patient and one type, in order of examination."""
    courses: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        if report.patient_id and report.report_type and report.observed_at:
            courses.setdefault((report.patient_id, report.report_type), []).append(report)
    couples = []
    for course in courses.values():
        course.sort(key=lambda report: (report.observed_at or "", report.id))
        couples += list(itertools.pairwise(course))
    return couples


def _compare(prior: Report, current: Report) -> Example | None:
    """The sentences of the conclusion that speak of the prior; without any there is nothing to learn."""
    conclusion = _conclusion(current)
    before = cut_sections(prior)
    after = cut_repeats(cut_sections(current), conclusion)
    known = _numbers(after.text) | _numbers(before.text)
    said = [s for s in conclusion if _speaks_of_prior(s) and _numbers(s) <= known]
    if not said or len(after.text.split()) < MIN_WORDS or len(before.text.split()) < MIN_WORDS:
        return None
    return Example(
        "compare",
        (before, after),
        current.patient_id or current.id,
        changes="\n".join(claim.text for claim in compare(before, after).claims),
        sentences=tuple(said[: DEFAULT_SENTENCES["compare"]]),
    )


def _speaks_of_prior(sentence: str) -> bool:
    return bool(_COMPARING.search(sentence) and _PRIOR.search(sentence)) and len(sentence.split()) >= 3


def corrected(correction: Correction) -> Example | None:
    """A confirmed correction as a pair: the physician's words, line by line, are the reference.

    None where the draft was accepted as it was: what a model said itself teaches it nothing but itself.
    """
    if _plain(correction.final) in ("", _plain(correction.draft)):
        return None
    report = correction.reports[-1]
    lines = [line.strip(" -•\t") for line in correction.final.splitlines() if line.strip(" -•\t")]
    patient = report.patient_id or report.id
    if correction.tool == "diagnose":
        conditions = tuple(NamedCondition(line) for line in lines)
        return Example("diagnose", correction.reports, patient, conditions=conditions, source="feedback")
    return Example(
        correction.tool,
        correction.reports,
        patient,
        question=correction.question,
        sentences=tuple(lines),
        source="feedback",
    )


@cache
def _question_texts() -> Mapping[str, Sequence[str]]:
    with Path(__file__).with_name("questions.toml").open("rb") as file:
        return tomllib.load(file)


def _holding(place: Sequence[Passage], offset: int) -> Passage | None:
    return next((p for p in place if p.start <= offset < p.end), None)


def _draw(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:6], "big")


def _pick(choices: Sequence[Any], *parts: str) -> Any:
    return choices[_draw(*parts) % len(choices)]


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+|\d+(?:\.\d+)?", text.lower()))


def _repeats(conclusion: str, draft: str) -> bool:
    """Does the draft hold at least four fifths of the conclusion's words, in runs of four?"""
    words = conclusion.split()
    if len(words) < 4:
        return conclusion == draft
    runs = {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
    drafted = draft.split()
    known = {tuple(drafted[i : i + 4]) for i in range(len(drafted) - 3)}
    return len(runs & known) >= 0.8 * len(runs)
