"""Compare a report with its prior.

What went up or down, what is new, what is gone, what cannot be compared.

All of it is computed. Not mentioned is never "resolved"; a value in another unit is converted where the
unit allows it and else not compared.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from clinical.answers.abnormal import is_urgent
from clinical.answers.alignment import name_before, number_pairs
from clinical.answers.answer import Answer, Change, Claim, NotCompared
from clinical.answers.changes import Direction, finding_changes, tells_course, value_changes
from clinical.answers.frame import begin, people, told_numbers
from clinical.answers.model import spoken
from clinical.answers.passages import CONCLUSIONS, PLANS, Passage, evidence, one_line, passages, quote
from clinical.answers.printed import capitalized, printed_name, printed_unit
from clinical.errors import Refused
from clinical.prompts import Generate
from clinical.report import Measurement, Report
from clinical.structure.letterhead import body_of

_SAID = 8
_COURSE = {"up": "has increased", "down": "has decreased", "changed": "has changed"}
_COURSES = 3
_AT_LEAST = 3
_LARGE = 0.2
_FOUND = ("findings", "hospital_course", "laboratory", "procedure", "other")
_TIME = re.compile(r"[\s-]*(?:hour|day|week|month|year|minute)s?\b", re.I)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+")


def compare(
    prior: Report, current: Report, *, generate: Generate | None = None, release: str | None = None
) -> Answer:
    """What changed from ``prior`` to ``current``; the prior leads the answer's reports with its date.

    Raises:
        Refused: a report was retracted, or the two are not of the same patient.
    """
    _same_patient(prior, current)
    answer = begin("compare", (prior, current), release)
    changes, not_compared = changes_between(prior, current)
    told = _told(current)
    said = " ".join(c.text for c in told).lower()
    claims = (*told, *(_claim(c) for c in telling(changes, prior, current) if not _is_said(c, said)))[:_SAID]
    answer = answer.model_copy(update={"changes": tuple(changes), "not_compared": tuple(not_compared)})
    if generate is not None:
        listed = "\n".join(_claim(c).text for c in telling(changes, prior, current))
        spoke = spoken(answer, (prior, current), generate, release, changes=listed)
        if not spoke.abstained:
            return spoke
        answer = spoke
    return answer.model_copy(update={"claims": claims, "abstained": not (changes or not_compared)})


def changes_between(prior: Report, current: Report) -> tuple[list[Change], list[NotCompared]]:
    """All changes, the changed ones first, and what could not be compared."""
    days = interval_days(prior, current)
    changes: list[Change] = []
    used: list[set[Measurement]] = [set(), set()]
    head = body_of(current.text, current.structure.sections).identified
    for pair in number_pairs(prior.text, current.text):
        if pair.current_start < head:
            continue
        old = _measurement_at(prior, pair.prior_start)
        new = _measurement_at(current, pair.current_start)
        if old in used[0] or new in used[1]:
            continue
        if old is not None and new is not None and old.name == new.name:
            used[0].add(old)
            used[1].add(new)
            before, after, unit, name = (
                old.value_text,
                new.value_text,
                printed_unit(current, new),
                printed_name(current, new),
            )
            spans = (old.start, old.end, new.start, new.end)
        else:
            before = prior.text[pair.prior_start : pair.prior_end]
            after = current.text[pair.current_start : pair.current_end]
            if before == after or _is_plan(current, pair.current_start, pair.current_end):
                continue
            name, unit = name_before(current.text, pair.current_start, pair.current_end), ""
            spans = (pair.prior_start, pair.prior_end, pair.current_start, pair.current_end)
        changes.append(
            Change(
                name=name,
                prior=before,
                current=after,
                unit=unit,
                direction=direction_of(before, after),
                interval_days=days,
                evidence=(evidence(prior, spans[0], spans[1]), evidence(current, spans[2], spans[3])),
            )
        )
    more, not_compared = value_changes(prior, current, used[0], used[1], days)
    findings, silent = finding_changes(prior, current, days)
    changes += more + findings
    changes.sort(key=lambda c: c.direction == "unchanged")
    return changes, [*not_compared, *silent]


def telling(changes: Sequence[Change], prior: Report, current: Report) -> list[Change]:
    """The changes worth a sentence, the gravest first: over a limit, findings, large, then the largest of the rest."""
    ranked = sorted(
        (c for c in changes if c.direction != "unchanged"),
        key=lambda c: _gravity(c, prior, current),
        reverse=True,
    )
    grave = [c for c in ranked if _gravity(c, prior, current) >= _LARGE]
    return (grave or ranked[:_AT_LEAST])[:_SAID]


def _gravity(change: Change, prior: Report, current: Report) -> float:
    """Crossing of a limit counts most, then a value that stays beyond it, then the relative size of the change."""
    places = {e.report_id: e.start for e in change.evidence} if len(change.evidence) == 2 else {}
    old = _measurement_at(prior, places.get(prior.id, -1)) if prior.id != current.id else None
    new = _measurement_at(current, change.evidence[-1].start) if change.evidence else None
    if new is None and change.direction in ("new", "resolved", "up", "down"):
        return 1.5 + 0.5 * (change.direction == "new") + is_urgent(change.name)
    size = _relative(change)
    out = new is not None and new.flag not in (None, "N")
    crossed = (
        old is not None and new is not None and (old.flag in (None, "N")) == out and old.flag is not None
    )
    critical = new is not None and new.critical
    return min(size, 1.0) + 2.0 * critical + 1.0 * crossed + 0.3 * out


def _relative(change: Change) -> float:
    old, new = (
        [float(n.replace(",", "")) for n in _NUMBER.findall(v or "")] for v in (change.prior, change.current)
    )
    if not old or len(old) != len(new) or not any(old):
        return _LARGE
    return max(abs(b - a) / abs(a) for a, b in zip(old, new, strict=True) if a) if any(old) else _LARGE


def _told(current: Report) -> list[Claim]:
    """What the current report itself says of the course: sentences of its conclusion, else of its findings.

    One that names nothing ("No change since the prior study.") is quoted with the sentence before it.
    """
    all_passages = passages(current)
    starts = [f.start for f in current.structure.findings] + [m.start for m in current.structure.measurements]
    told: list[Passage] = []
    for before, passage in zip((None, *all_passages), all_passages, strict=False):
        if not tells_course(passage.text(current)):
            continue
        named = any(passage.start <= at < passage.end for at in starts)
        joined = before is not None and before.section == passage.section and not named
        told.append(replace(passage, start=before.start) if joined and before is not None else passage)
    concluded = [p for p in told if p.section in CONCLUSIONS]
    chosen = concluded or [p for p in told if p.section in _FOUND]
    return [quote(current, p) for p in chosen[:_COURSES]]


def _is_said(change: Change, said: str) -> bool:
    """Do the quoted sentences tell this change already?"""
    if any(c.isdigit() for c in change.current or ""):
        return (change.current or "") in said
    return re.search(rf"\b{re.escape(change.name.split()[-1].lower())}", said) is not None


def interval_days(prior: Report, current: Report) -> int | None:
    """Days between the two examinations, where both dates are known."""
    if not prior.observed_at or not current.observed_at:
        return None
    try:
        return (
            date.fromisoformat(current.observed_at[:10]) - date.fromisoformat(prior.observed_at[:10])
        ).days
    except ValueError:
        return None


def _same_patient(prior: Report, current: Report) -> None:
    if prior.patient_id and current.patient_id and prior.patient_id != current.patient_id:
        raise Refused("The two reports are of different patients.", "Choose a prior of the same patient.")
    charts = told_numbers(prior.text), told_numbers(current.text)
    if all(charts) and not charts[0] & charts[1]:
        raise Refused(
            "The two reports print different chart numbers: they seem to be of different patients.",
            "Check that the prior is of the same patient.",
        )
    old, new = people(prior.text)[:1], people(current.text)[:1]
    if old and new and (old[0][1] != new[0][1] or not -1 <= new[0][0] - old[0][0] <= 25):
        raise Refused(
            "The two reports seem to be of different patients: sex or age do not fit.",
            "Check that the prior is of the same patient.",
        )


def direction_of(before: str, after: str) -> Direction:
    """Up or down where every number that differs goes the same way, else changed; a pair such as 140/90 too."""
    if before == after:
        return "unchanged"
    old, new = ([float(n.replace(",", "")) for n in _NUMBER.findall(v)] for v in (before, after))
    moved = {b > a for a, b in zip(old, new, strict=False) if a != b}
    if not old or len(old) != len(new) or len(moved) > 1:
        return "changed"
    return "unchanged" if not moved else "up" if moved.pop() else "down"


def _is_plan(report: Report, start: int, end: int) -> bool:
    """A number of the plan, or one that only says when to come back: no finding."""
    section = next((s.name for s in report.structure.sections if s.start <= start < s.end), None)
    return section in PLANS or _TIME.match(report.text, end) is not None


def _measurement_at(report: Report, offset: int) -> Measurement | None:
    return next((m for m in report.structure.measurements if m.start <= offset < m.end), None)


def _claim(change: Change) -> Claim:
    unit = f" {change.unit}" if change.unit else ""
    days = "" if change.interval_days is None else f" in {change.interval_days} days"
    words: dict[str, str] = {
        "up": f"{change.name} rose from {change.prior} to {change.current}{unit}{days}.",
        "down": f"{change.name} fell from {change.prior} to {change.current}{unit}{days}.",
        "changed": f"{change.name} changed from {change.prior} to {change.current}{unit}{days}.",
        "new": f"New: {change.name}.",
        "resolved": f"Resolved: {change.name}.",
        "unchanged": f"{change.name} is unchanged.",
    }
    if change.direction in _COURSE and not any(c.isdigit() for c in change.current or ""):
        same = change.prior in (None, change.current)
        graded = "" if same else f" from {change.prior} to {change.current}"
        words[change.direction] = f"{change.name} {_COURSE[change.direction]}{graded}{days}."
    return Claim(text=capitalized(one_line(words[change.direction])), evidence=change.evidence)
