"""Measurements and findings of two reports aligned by what they are."""

from typing import Literal

from clinical.answers.answer import Change, NotCompared
from clinical.answers.passages import evidence
from clinical.report import Finding, Measurement, Report
from clinical.structure.units import convert, same_kind

Direction = Literal["up", "down", "new", "resolved", "changed", "unchanged"]

_NOT_NOW = frozenset(
    {
        "family_history",
        "past_history",
        "social_history",
        "allergies",
        "medications",
        "technique",
        "comparison",
        "history",
        "indication",
    }
)
_GRADES = (
    ("trace", "tiny", "minimal", "minute"),
    ("mild", "small", "slight", "minor"),
    ("moderate", "medium"),
    ("severe", "large", "marked", "massive", "extensive", "critical"),
)


def value_changes(
    prior: Report,
    current: Report,
    used_prior: set[Measurement],
    used_current: set[Measurement],
    days: int | None,
) -> tuple[list[Change], list[NotCompared]]:
    """Changes of measurements that no aligned sentence has answered, by name; the rest with the reason."""
    old, new = _by_name(prior, used_prior), _by_name(current, used_current)
    aligned = {m.name for m in (*used_prior, *used_current)}
    changes: list[Change] = []
    open_: list[NotCompared] = []
    for name in dict.fromkeys((*new, *old)):
        if name in aligned:
            continue
        if name not in old:
            continue
        if name not in new:
            open_.append(NotCompared(name=name, reason="not in the current report"))
            continue
        a, b = old[name], new[name]
        reason = _why_not(a, b)
        if reason:
            open_.append(NotCompared(name=name, reason=reason))
            continue
        before, after = _converted(a, b)
        changes.append(
            Change(
                name=name,
                prior=before,
                current=b.value_text,
                unit=b.unit,
                direction=after,
                interval_days=days,
                evidence=(evidence(prior, a.start, a.end), evidence(current, b.start, b.end)),
            )
        )
    return changes, open_


def finding_changes(
    prior: Report, current: Report, days: int | None
) -> tuple[list[Change], list[NotCompared]]:
    """New, resolved and regraded findings; one that the current report does not mention stays open."""
    old, new = _findings(prior), _findings(current)
    changes: list[Change] = []
    open_: list[NotCompared] = []
    for key in dict.fromkeys((*new, *old)):
        concept, side = key
        name = f"{side} {concept}" if side else concept
        a = old.get(key) or _unsided(old, concept, side)
        b = new.get(key) or _unsided(new, concept, side)
        places = [evidence(r, f.start, f.end) for r, f in ((prior, a), (current, b)) if f is not None]
        direction: Direction
        if b is None:
            if a is not None and a.assertion == "present":
                open_.append(NotCompared(name=name, reason="not mentioned in the current report"))
            continue
        if key not in new and key in old and side is not None and key in new:
            continue
        if b.assertion == "present" and (a is None or a.assertion == "absent"):
            direction = "new"
        elif b.assertion == "absent" and a is not None and a.assertion in ("present", "possible"):
            direction = "resolved"
        elif a is not None and {a.assertion, b.assertion} <= {"present", "possible"}:
            direction = _grade(a, b)
        else:
            continue
        changes.append(
            Change(
                name=name,
                prior=_state(a),
                current=_state(b),
                direction=direction,
                interval_days=days,
                evidence=tuple(places),
            )
        )
    return changes, open_


def _by_name(report: Report, used: set[Measurement]) -> dict[str, Measurement]:
    found: dict[str, Measurement] = {}
    for m in report.structure.measurements:
        if m not in used and (m.name not in found or (m.date or "") >= (found[m.name].date or "")):
            found[m.name] = m
    return found


def _why_not(a: Measurement, b: Measurement) -> str | None:
    if a.value is None or b.value is None:
        return None if a.unit == b.unit else f"units differ: {a.unit or 'none'} and {b.unit or 'none'}"
    if a.unit != b.unit and (not a.unit or not b.unit or not same_kind(a.unit, b.unit, a.name)):
        return f"units differ and cannot be converted: {a.unit or 'none'} and {b.unit or 'none'}"
    if a.comparator != b.comparator and "=" not in (a.comparator, b.comparator):
        return "one is above and the other below a limit"
    return None


def _converted(a: Measurement, b: Measurement) -> tuple[str, Direction]:
    """The prior value in the current unit (with as many decimals as the current one), and the direction."""
    if a.value is None or b.value is None:
        return a.value_text, "unchanged" if a.value_text == b.value_text else "changed"
    old, printed, near = a.value, a.value_text, 0.0
    if a.unit != b.unit:
        old = convert(a.value, a.unit, b.unit, a.name)
        decimals = len(b.value_text.partition(".")[2])
        printed, near = f"{old:.{decimals}f}", 0.6 * 10**-decimals
    if a.comparator != b.comparator:
        return printed, "changed"
    if abs(old - b.value) <= near:
        return printed, "unchanged"
    return printed, "up" if b.value > old else "down"


def _findings(report: Report) -> dict[tuple[str, str | None], Finding]:
    """One finding for each concept and side: stated before suspected before denied."""
    rank = {"present": 0, "possible": 1, "absent": 2}
    found: dict[tuple[str, str | None], Finding] = {}
    for f in report.structure.findings:
        if f.assertion not in rank or f.section in _NOT_NOW:
            continue
        key = (f.concept, f.side)
        if key not in found or rank[f.assertion] < rank[found[key].assertion]:
            found[key] = f
    return found


def _unsided(found: dict[tuple[str, str | None], Finding], concept: str, side: str | None) -> Finding | None:
    """A denial without a side speaks of both sides."""
    f = found.get((concept, None)) if side else None
    return f if f is not None and f.assertion == "absent" else None


def _grade(a: Finding, b: Finding) -> Direction:
    one, two = _level(a.severity), _level(b.severity)
    if one is not None and two is not None and one != two:
        return "up" if two > one else "down"
    return "changed" if a.assertion != b.assertion else "unchanged"


def _level(severity: str | None) -> int | None:
    words = (severity or "").lower().replace("-", " ").split()
    levels = [i for i, grade in enumerate(_GRADES) for w in words if w in grade]
    return max(levels) if levels else None


def _state(finding: Finding | None) -> str | None:
    if finding is None:
        return None
    return finding.severity if finding.assertion == "present" and finding.severity else finding.assertion
