"""The course of a value over reports: "HR fell from 92 to 73" where the earlier report has 92, the later one 73."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clinical.evidence.fit import Fit, modifier_classes
from clinical.evidence.index import Index, Line, Mention
from clinical.evidence.quantities import Quantity, same_kind, same_values
from clinical.evidence.words import stem

_REACH = 5
_DAY = 86400.0
_UP, _DOWN, _STABLE = (stem(word) for word in ("up", "down", "stable"))
WAYS = frozenset((_UP, _DOWN, _STABLE))
"""Atoms of direction that two numbers decide; whether that is better or worse they do not."""


@dataclass(frozen=True, slots=True)
class Course:
    """What the reports bear out of "from … to …".

    The numbers of the claim that it settles, the lines it rests on, and which way the value went: an atom of ``WAYS``.
    """

    settled: tuple[Quantity, ...]
    lines: tuple[Fit, ...]
    way: str


def course_of(claim: Line, fits: Sequence[Fit], index: Index) -> Course | None:
    """The course that ``claim`` tells, if an earlier report has its first number and a later one its second.

    Both lines have to name what the claim says the numbers of. The dates of the reports tell which was first, or else
    their order; within one report nothing does.
    """
    for q in claim.quantities:
        if q.kind != "range" or len(q.values) != 2 or not _is_told(claim, q):
            continue
        about = {m.key for m in claim.mentions if m.token < q.first and not _is_direction(m)} & index.keys
        if not about:
            continue
        before, after = (replace(q, values=(v,), kind="number") for v in q.values)
        for one in _having(before, about, fits):
            for two in _having(after, about, fits):
                gap = index.days_between(one.line.report, two.line.report)
                if one.line.report == two.line.report or (gap is not None and gap < 0):
                    continue
                if gap is None and one.line.report > two.line.report:
                    continue
                times = (o for o in claim.quantities if gap is not None and _is_gap(o, gap))
                rise = q.values[1] - q.values[0]
                way = _UP if rise > 0 else _DOWN if rise < 0 else _STABLE
                return Course((q, *times), (one, two), way)
    return None


def _is_told(claim: Line, q: Quantity) -> bool:
    return q.first > 0 and claim.tokens[q.first - 1].lower == "from"


def _is_direction(mention: Mention) -> bool:
    return modifier_classes().get(mention.key) == "direction"


def _having(q: Quantity, about: set[str], fits: Sequence[Fit]) -> list[Fit]:
    """Lines with the number right behind the name of what the claim is about."""
    return [
        fit
        for fit in fits
        for other in fit.line.quantities
        if other.kind != "limits"
        and same_kind(q, other)
        and same_values(q, other)
        and about <= {m.key for m in fit.line.mentions if 0 <= other.first - m.last <= _REACH}
    ]


def _is_gap(q: Quantity, days: int) -> bool:
    """Is ``q`` the time between two reports, to a day in thirty?"""
    return q.kind == "time" and bool(q.base) and abs(q.base[0] / _DAY - days) <= 1 + days / 30
