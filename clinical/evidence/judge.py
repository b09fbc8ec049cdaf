"""The verdict on one claim: its clauses laid over the report's lines, then what vetoes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from clinical.evidence.bindings import cause_fault, dropped_fault, heads_of, modifier_fault, quantity_fault
from clinical.evidence.fit import Fit, Unit, fit, units_of
from clinical.evidence.index import Index, Line
from clinical.evidence.people import claim_sex, is_sex_of, speaker_fault
from clinical.evidence.quantities import same_kind, same_values

Verdict = Literal["supported", "contradicted", "unsupported"]

_CANDIDATES = 12
_LINES = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict, reason and the report's lines that it rests on."""

    verdict: Verdict
    reason: str
    lines: tuple[Line, ...] = field(default=(), repr=False)


def judge(claim: Line, index: Index) -> Judgement:
    """Judge ``claim``, a line of a draft."""
    units = units_of(claim, index)
    if not units and not claim.quantities:
        return Judgement("unsupported", "says nothing that can be checked")
    fits = [
        f
        for n, line in enumerate(index.lines)
        if (f := fit(claim, units, line, n)).places or _shares_number(claim, f)
    ]
    if not fits:
        return Judgement("unsupported", "the report does not speak of it")
    chosen: list[Fit] = []
    open_: list[int] = []
    for clause in sorted({u.clause for u in units} | {0}):
        numbers = [i for i, u in enumerate(units) if u.clause == clause]
        picked = _pick(claim, units, numbers, fits, chosen)
        chosen += [f for f in picked if f not in chosen]
        heading = frozenset().union(*(f.line.heading for f in picked)) if picked else frozenset()
        open_ += [
            i
            for i in numbers
            if not any(f.covers(i) for f in picked)
            and not {m.key for m in units[i].mentions} <= heading
            and not is_sex_of(units[i], index)
        ]
    lines = tuple(f.line for f in chosen)
    for i in open_:
        reason = next((r for f in chosen if (r := f.conflict(i)) is not None), None)
        if reason is not None:
            return Judgement("contradicted", reason, lines)
    if claim_sex(claim) not in (None, index.sex) and index.sex is not None:
        return Judgement("contradicted", "who: the patient is of the other sex", lines)
    fault = quantity_fault(claim, chosen)
    if fault is not None:
        return Judgement("contradicted" if fault[0] == "contradicted" else "unsupported", fault[1], lines)
    for i, unit in enumerate(units):
        if unit.modifier is not None and (heads := heads_of(i, units)):
            reason = modifier_fault(unit, heads, units, chosen)
            if reason is not None:
                return Judgement("contradicted" if "another" in reason else "unsupported", reason, lines)
    if open_:
        return Judgement("unsupported", "words that the report does not account for", lines)
    for i, unit in enumerate(units):
        reason = dropped_fault(unit, chosen, claim, i)
        if reason is not None:
            return Judgement("contradicted", reason, lines)
    for reason in (cause_fault(claim, chosen), speaker_fault(claim, lines)):
        if reason is not None:
            return Judgement("contradicted", reason, lines)
    return Judgement("supported", "every word and number is accounted for", lines)


def _pick(
    claim: Line, units: Sequence[Unit], numbers: Sequence[int], fits: Sequence[Fit], chosen: Sequence[Fit]
) -> list[Fit]:
    """Lines for one clause: the best, then linked ones that answer what is still open."""

    def score(f: Fit, todo: Sequence[int]) -> float:
        total = 0.0
        for i in todo:
            if f.covers(i):
                total += units[i].weight
            elif i in f.places:
                total += 0.55 * units[i].weight
            elif {m.key for m in units[i].mentions} <= f.line.heading:
                total += 0.5 * units[i].weight
        return total

    def rank(f: Fit) -> float:
        everything = score(f, range(len(units)))
        return score(f, numbers) + 0.3 * everything + 0.8 * _shares_number(claim, f) + 0.2 * (f in chosen)

    ordered = sorted(fits, key=rank, reverse=True)[:_CANDIDATES]
    picked = ordered[:1]
    while len(picked) < _LINES:
        todo = [i for i in numbers if not any(f.covers(i) for f in picked)]
        number = not any(_shares_number(claim, f) for f in picked) and bool(claim.quantities)
        more = [
            f
            for f in ordered
            if f not in picked
            and (any(f.covers(i) for i in todo) or (number and _shares_number(claim, f)))
            and _linked(f, picked, units, numbers)
        ]
        if not more or not (todo or number):
            break
        picked.append(max(more, key=lambda f: score(f, todo) + 0.3 * rank(f)))
    return picked


def _linked(f: Fit, picked: Sequence[Fit], units: Sequence[Unit], numbers: Sequence[int]) -> bool:
    """Does ``f`` speak of the same thing: a shared unit of content, or the next line?"""
    for other in picked:
        if abs(f.number - other.number) <= 1 and f.line.report == other.line.report:
            return True
        if any(units[i].modifier is None and i in f.places and i in other.places for i in range(len(units))):
            return True
    return False


def _shares_number(claim: Line, f: Fit) -> int:
    return sum(
        any(same_kind(q, o) and same_values(q, o) for o in f.line.quantities) for q in claim.quantities
    )
