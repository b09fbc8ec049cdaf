"""Answer a question from the words of one or more reports; "the report does not say" is an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from clinical.answers.answer import Answer, Claim
from clinical.answers.conclusion import conclusion_passages
from clinical.answers.followups import follow_ups
from clinical.answers.frame import begin
from clinical.answers.model import spoken
from clinical.answers.passages import CONCLUSIONS, Passage, passages, quote
from clinical.evidence.index import Index, Line, index_of
from clinical.evidence.words import atoms_of, stem, tokens_of
from clinical.prompts import Generate
from clinical.report import Report

NOT_SAID = 'The report does not say: no sentence of it answers this. That is no "no".'
NONE_SAYS = 'The reports do not say: no sentence of them answers this. That is no "no".'
_MOST = 3
_SECTION_MOST = 8
_ENOUGH = 0.6
_DOSE = re.compile(
    r"\b\d+(?:[.,]\d+)?[ -]?(?:mg|mcg|µg|g|grams?|units?|meq|ml|cc|puffs?|tablets?|capsules?|drops?|%)\b[^.;]{0,60}"
    r"\b(?:p\.?o|b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|q\.?d|q\.?h\.?s|p\.?r\.?n|daily|twice|once|every|at bedtime|nightly|"
    r"weekly|inhal\w+|subcutaneous\w*|orally|by mouth|a day)\b"
    r"|\b(?:taking|takes|continue[sd]?|started on|placed on|maintained on|prescri\w+)\b"
    r"[^.;]{0,60}\d+[ -]?(?:mg|mcg|units?)\b",
    re.I,
)
_TOLD = (
    "social_history",
    "history",
    "past_history",
    "review_of_systems",
    "assessment",
    "impression",
    "assessment_and_plan",
    "plan",
    None,
)
_GIVEN = (
    "procedure",
    "technique",
    "anesthesia",
    "allergies",
)  # what was given there is no medication of the patient


@dataclass(frozen=True, slots=True)
class _Question:
    """A question read: atoms that its answer has to speak of, sections it asks for, what the answer should hold."""

    atoms: frozenset[str] = field(repr=False)
    sections: tuple[str, ...]
    wants: frozenset[str]
    topic: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class _Hit:
    score: float
    report: Report
    passage: Passage


@cache
def _rules() -> dict[str, Any]:
    return loads((Path(__file__).parent / "rules" / "questions.toml").read_text(encoding="utf-8"))


def ask(
    reports: Sequence[Report], question: str, *, generate: Generate | None = None, release: str | None = None
) -> Answer:
    """The sentences that answer ``question``; abstained, with coverage, where the reports do not say.

    Raises:
        Refused: a report was retracted.
        ValueError: no question or no report.
    """
    if not question.strip() or not reports:
        raise ValueError("ask needs a question and a report")
    answer = begin("ask", reports, release)
    if generate is not None:
        spoke = spoken(answer, reports, generate, release, question=question)
        if not spoke.abstained:
            return spoke
        answer = spoke
    claims = _located(reports, _read(question))
    warnings = answer.warnings if claims else (*answer.warnings, NOT_SAID if len(reports) == 1 else NONE_SAYS)
    return answer.model_copy(update={"claims": tuple(claims), "abstained": not claims, "warnings": warnings})


def _read(question: str) -> _Question:
    rules = _rules()
    tokens = tokens_of(question)
    asking = set(str(rules["asking"]["words"]).split())
    lowers = [t.lower for t in tokens if t.is_word]
    sections = tuple(
        dict.fromkeys(name for word in lowers for name, words in rules["sections"].items() if word in words)
    )
    section_words = {word for name in sections for word in rules["sections"][name]}
    taken = {i for i, t in enumerate(tokens) if t.lower in asking or t.lower in section_words}
    wants = frozenset(kind for kind, words in rules["wants"].items() if set(lowers) & set(words))
    want_words = {stem(word) for kind in wants for word in rules["wants"][kind]}
    atoms = {a.key for a in atoms_of(tokens, taken)} - want_words
    if not atoms:  # "Is she allergic?", "Does he smoke?": the section's word is all there is
        asked = {i for i, t in enumerate(tokens) if t.lower in asking}
        own = {a.key for a in atoms_of(tokens, asked)} - want_words
        atoms = own if not sections else set()
    topics = [words for words in rules["topics"].values() if set(lowers) & set(words["asked"])]
    told = "|".join(word for topic in topics for word in topic["told"])
    return _Question(
        frozenset(atoms), sections, wants, re.compile(rf"\b(?:{told})", re.I) if topics else None
    )


def _located(reports: Sequence[Report], question: _Question) -> list[Claim]:
    index = index_of(reports)
    places = [passages(report) for report in reports]
    if not question.atoms and "age" in question.wants:
        return _aged(reports, places, index)
    if not question.atoms:
        return _section(reports, places, question)
    hits = _hits(reports, places, index, question)
    if not hits:
        return []
    best = hits[0].score
    return [quote(h.report, h.passage) for h in hits if h.score >= 0.85 * best][:_MOST]


def _aged(reports: Sequence[Report], places: Sequence[Sequence[Passage]], index: Index) -> list[Claim]:
    """The first sentence of each report that tells an age."""
    claims: dict[int, Claim] = {}
    for line in index.lines:
        if line.report not in claims and any(q.kind == "age" for q in line.quantities):
            passage = next((p for p in places[line.report] if line.start <= p.start < line.end), None)
            if passage is not None:
                claims[line.report] = quote(reports[line.report], passage)
    return list(claims.values())


def _section(
    reports: Sequence[Report], places: Sequence[Sequence[Passage]], question: _Question
) -> list[Claim]:
    """The sentences of the section that is asked for."""
    same = _rules()["same_section"]
    claims: list[Claim] = []
    for report, found in zip(reports, places, strict=True):
        for name in question.sections:
            if name == "impression":
                chosen = [p for p in conclusion_passages(report, found) if p.section in CONCLUSIONS]
            else:
                chosen = [p for p in found if p.section in same.get(name, (name,))]
            if question.topic is not None:
                chosen = [p for p in found if p.section in _TOLD and question.topic.search(p.text(report))]
            if name == "medications" and not chosen:
                chosen = [p for p in found if _DOSE.search(p.text(report)) and p.section not in _GIVEN]
            claims += [quote(report, p) for p in chosen[:_SECTION_MOST]]
            if name == "plan":
                asked = [Claim(text=f.what, evidence=f.evidence) for f in follow_ups(report, found)]
                claims = asked + claims if asked else claims
    return list({c.text: c for c in claims}.values())[:_SECTION_MOST]


def _hits(
    reports: Sequence[Report], places: Sequence[Sequence[Passage]], index: Index, question: _Question
) -> list[_Hit]:
    known = question.atoms & index.keys
    total = sum(index.weight_of(key) for key in question.atoms)
    if not known or sum(index.weight_of(key) for key in known) < _ENOUGH * total:
        return []
    hits: list[_Hit] = []
    for line in index.lines:
        said = {m.key for m in line.mentions} | line.heading
        score = sum(index.weight_of(key) for key in question.atoms & said) / total
        if score < _ENOUGH:
            continue
        passage = next((p for p in places[line.report] if line.start <= p.start < line.end), None)
        if passage is not None:
            hits.append(_Hit(score + _bonus(line, question), reports[line.report], passage))
    newest = sorted(hits, key=lambda h: h.report.observed_at or "", reverse=True)
    return sorted(newest, key=lambda h: -h.score)


def _bonus(line: Line, question: _Question) -> float:
    """A little for the section asked for and for the kind of thing asked for, a little less for length."""
    same = _rules()["same_section"]
    bonus = -0.002 * len(line.tokens)
    if any(line.section in same.get(name, (name,)) for name in question.sections):
        bonus += 0.3
    kinds = {q.dimension for q in line.quantities}
    if ("length" in question.wants and "length" in kinds) or ("time" in question.wants and "time" in kinds):
        bonus += 0.25
    if "number" in question.wants and line.quantities:
        bonus += 0.25
    if "side" in question.wants and any(m.side for m in line.mentions):
        bonus += 0.1
    return bonus
