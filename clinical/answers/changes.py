"""Measurements and findings of two reports aligned by what they are."""

import re
from typing import Literal

from clinical.answers.answer import Change, NotCompared
from clinical.answers.passages import evidence
from clinical.answers.printed import is_former, printed_name, printed_unit
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
_NEAR = 2.5
_DIGITS = re.compile(r"\d[\d.,/]*")
_COURSES = {
    "new": re.compile(r"\b(?:new|newly|interval development|has developed|now present|recent onset)\b"),
    "resolved": re.compile(
        r"\b(?:resolved|resolution of|has cleared|no longer|disappeared|gone|healed|(?:has|have|had|since) settled|"
        r"(?:has|have|had) (?:normali[sz]ed|corrected))\b"
    ),
    "unchanged": re.compile(
        r"\b(?:unchanged|stable|no (?:significant |interval )*change|persist\w*|similar)\b"
    ),
    "up": re.compile(
        r"\b(?:increas\w+|enlarg(?:ed|ing)|wors\w+|progress(?:ed|ion|ing)|larger|more (?:extensive|prominent|severe)|"
        r"grown|risen|higher(?= (?:than|now|compared)|[.,;])|exacerbat\w+|uncontrolled|poorly controlled)\b"
    ),
    "down": re.compile(
        r"\b(?:decreas\w+|improv\w+|smaller|diminish\w+|resolving|regress\w+|lessened|better|less (?:extensive|"
        r"prominent|severe)|reduced|lower(?= (?:than|in|now|at|level|value|compared)|[.,;])|"
        r"clearing|partial(?:ly)? (?:resolved|resolution))\b"
    ),
}
_GRADES = (
    ("trace", "tiny", "minimal", "minute"),
    ("mild", "small", "slight", "minor"),
    ("moderate", "medium"),
    ("severe", "large", "marked", "massive", "extensive", "critical"),
)


_SINCE = re.compile(
    r"\b(?:prior|previous(?:ly)?|last (?:time|visit|study|exam|examination)|interval(?:ly)?|since|compar(?:ed|ison)|"
    r"earlier|than before|baseline|unchanged|stable|new(?:ly)?|resolved|no longer|now|"
    r"has (?:improved|worsened|increased|decreased|grown|enlarged|progressed|cleared|healed))\b|\[DATE-",
    re.I,
)


def tells_course(sentence: str) -> bool:
    """Does the sentence say how something went since an earlier time?"""
    lowered = sentence.lower()
    return bool(_SINCE.search(sentence)) and any(rule.search(lowered) for rule in _COURSES.values())


def is_gone(sentence: str) -> bool:
    """Does the sentence say that what it names is over, and nothing else?"""
    lowered = sentence.lower()
    over = _COURSES["resolved"].search(lowered)
    return over is not None and not any(
        rule.search(lowered) for name, rule in _COURSES.items() if name != "resolved"
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
                name=printed_name(current, b),
                prior=before,
                current=b.value_text,
                unit=printed_unit(current, b),
                direction=after,
                interval_days=days,
                evidence=(evidence(prior, a.start, a.end), evidence(current, b.start, b.end)),
            )
        )
    return changes, open_


def finding_changes(
    prior: Report, current: Report, days: int | None
) -> tuple[list[Change], list[NotCompared]]:
    """New, resolved and regraded findings.

    One that the current report does not mention stays open, and so does one that the prior did not mention, unless
    a report says in words how it went ("new", "resolved", "has decreased").
    """
    old, new = _findings(prior), _findings(current)
    changes: list[Change] = []
    open_: list[NotCompared] = []
    for key in dict.fromkeys((*new, *old)):
        concept, side = key
        name = f"{side} {concept}" if side else concept
        a, b = old.get(key) or _denied(old, key), new.get(key) or _denied(new, key)
        if b is None:
            if a is not None and a.assertion == "present":
                open_.append(NotCompared(name=name, reason="not mentioned in the current report"))
            continue
        if a is None and b.assertion != "absent" and _is_wider(key, new):
            continue
        said = None if _same_words(prior, current, b) else _said(current, b)
        direction = _course(a, b, said)
        if direction is None:
            if a is None and b.assertion == "present":
                open_.append(NotCompared(name=name, reason="not mentioned in the prior report"))
            continue
        places = [evidence(r, f.start, f.end) for r, f in ((prior, a), (current, b)) if f is not None]
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


def _course(a: Finding | None, b: Finding, said: str | None) -> Direction | None:
    """How a finding went, from what both reports assert and what the current one says of it in words."""
    there = ("present", "possible")
    if b.assertion in ("absent", "historical"):
        gone = b.assertion == "absent" or said == "resolved"
        return "resolved" if gone and a is not None and a.assertion in there else None
    if b.assertion not in there:
        return None
    if said == "resolved":
        return "resolved" if a is not None else None
    if a is None or a.assertion == "absent":
        if said in ("up", "down", "unchanged"):
            return said  # type: ignore[return-value]
        return "new" if b.assertion == "present" and (a is not None or said == "new") else None
    if a.assertion not in there:
        return None
    grade = _grade(a, b)
    if grade in ("unchanged", "changed") and said in ("up", "down"):
        return said  # type: ignore[return-value]
    return "unchanged" if said == "unchanged" and a.assertion == b.assertion else grade


def _said(report: Report, finding: Finding) -> str | None:
    """What the sentence says of the finding's course: ``up``, ``down``, ``unchanged``, ``new``, ``resolved``."""
    text = report.text
    start = (
        max(text.rfind(". ", 0, finding.start), text.rfind("\n", 0, finding.start), finding.start - 90) + 1
    )
    stops = [at for mark in (". ", "\n\n", ";") if (at := text.find(mark, finding.end)) >= 0]
    around = text[max(0, start) : min([*stops, finding.end + 90])].lower()
    own = finding.start - max(0, start)
    near: list[tuple[int, str]] = []
    for course, pattern in _COURSES.items():
        for match in pattern.finditer(around):
            near.append((min(abs(match.start() - own), abs(match.end() - own)), course))
    return min(near)[1] if near else None


def _same_words(prior: Report, current: Report, finding: Finding) -> bool:
    """Does the prior report have the very words around the finding? Then they tell no change since."""
    start, end = max(0, finding.start - 60), finding.end + 60
    return _masked(current.text[start:end]).strip("# ") in _masked(prior.text)


def _masked(text: str) -> str:
    return _DIGITS.sub("#", text)


def _denied(found: dict[tuple[str, str | None], Finding], key: tuple[str, str | None]) -> Finding | None:
    """A denial that covers the finding: of both sides, or of its kind ("no consolidation" of a lobar one)."""
    concept, side = key
    for (other, other_side), finding in found.items():
        covers = other == concept or concept.endswith(" " + other)
        if covers and finding.assertion == "absent" and other_side in (None, side):
            return finding
    return None


def _is_wider(key: tuple[str, str | None], found: dict[tuple[str, str | None], Finding]) -> bool:
    """Is there a more exact finding of the same kind, so that this one says nothing more?"""
    concept, side = key
    return any(c.endswith(" " + concept) and s in (side, None) for c, s in found if c != concept)


def _by_name(report: Report, used: set[Measurement]) -> dict[str, Measurement]:
    """The value of each name that the report gives for now: the latest by date, never one it quotes from before."""
    found: dict[str, Measurement] = {}
    for m in report.structure.measurements:
        if m in used or is_former(report, m, tense=True):
            continue
        known = found.get(m.name)
        if known is None or (m.date or "") > (known.date or ""):
            found[m.name] = m
    return found


def _why_not(a: Measurement, b: Measurement) -> str | None:
    if a.value is None or b.value is None:
        return None if a.unit == b.unit else f"units differ: {a.unit or 'none'} and {b.unit or 'none'}"
    if a.unit != b.unit and not (a.unit and b.unit):
        near = b.value != 0 and 1 / _NEAR <= a.value / b.value <= _NEAR
        return None if near else f"units differ: {a.unit or 'none'} and {b.unit or 'none'}"
    if a.unit != b.unit and not same_kind(a.unit, b.unit, a.name):
        return f"units differ and cannot be converted: {a.unit or 'none'} and {b.unit or 'none'}"
    if a.comparator != b.comparator and "=" not in (a.comparator, b.comparator):
        return "one is above and the other below a limit"
    return None


def _converted(a: Measurement, b: Measurement) -> tuple[str, Direction]:
    """The prior value in the current unit (with as many decimals as the current one), and the direction."""
    if a.value is None or b.value is None:
        return a.value_text, "unchanged" if a.value_text == b.value_text else "changed"
    old, printed, near = a.value, a.value_text, 0.0
    if a.unit and b.unit and a.unit != b.unit:
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
    rank = {"present": 0, "possible": 1, "absent": 2, "historical": 3}
    found: dict[tuple[str, str | None], Finding] = {}
    for f in report.structure.findings:
        if f.assertion not in rank or f.section in _NOT_NOW:
            continue
        key = (f.concept, f.side)
        if key not in found or rank[f.assertion] < rank[found[key].assertion]:
            found[key] = f
    return found


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
