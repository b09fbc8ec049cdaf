"""The verdict on one claim: its clauses laid over the report's lines, then what vetoes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from clinical.evidence.alignment import Alignment, Fault, Verdict
from clinical.evidence.bindings import (
    cause_fault,
    dropped_fault,
    heads_of,
    modifier_fault,
    quantity_fault,
    value_fault,
)
from clinical.evidence.course import WAYS, Course, course_of
from clinical.evidence.derived import is_derived, is_within
from clinical.evidence.fit import Fit, Unit, fit, units_of
from clinical.evidence.index import Index, Line
from clinical.evidence.paraphrase import SOFT, doubt_below, nearest, probability, trust_above
from clinical.evidence.people import claim_sex, is_sex_of, speaker_fault
from clinical.evidence.quantities import Quantity, same_kind, same_values

_CANDIDATES = 12
_LINES = 3
_NEAREST = 6


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict, reason, the report's lines that it rests on, and how likely the report says it.

    ``likely`` is None where a rule is final; ``clean`` where no rule objects.
    """

    verdict: Verdict
    reason: str
    likely: float | None = None
    clean: bool = False
    lines: tuple[Line, ...] = field(default=(), repr=False)


def judge(claim: Line, index: Index) -> Judgement:
    """Judge ``claim``, a line of a draft.

    The rules decide what they can; where only the wording is in doubt, the paraphrase model does.
    """
    alignment = align(claim, index)
    found = _decide(alignment, index)
    lines = tuple(f.line for f in alignment.chosen)
    if found.verdict == "supported" and not lines:
        lines = tuple(index.lines[n] for n in nearest(claim, index)[:1])
    return replace(found, lines=lines)


def _decide(alignment: Alignment, index: Index) -> Judgement:
    faults = alignment.faults
    if not alignment.units and not alignment.claim.quantities:
        return Judgement("unsupported", "says nothing that can be checked")
    hard = [f for f in faults if f.kind not in SOFT]
    if hard:
        return Judgement(hard[0].verdict, hard[0].reason)
    likely = probability(alignment, index)
    if not faults:
        if likely < doubt_below():
            reason = "in doubt: the words are there, but hardly in this sense"
            return Judgement("unsupported", reason, likely, True)
        return Judgement("supported", "every word and number is accounted for", likely, True)
    if likely >= trust_above():
        return Judgement("supported", "said in other words", likely)
    # A claim that is as likely as not to be a rewording is not called a contradiction.
    verdict: Verdict = faults[0].verdict if likely < 0.5 * trust_above() else "unsupported"
    return Judgement(verdict, faults[0].reason, likely)


def align(claim: Line, index: Index) -> Alignment:
    """Lay ``claim`` over the report and collect every fault, the gravest first."""
    units = units_of(claim, index)
    fits = [
        f
        for n, line in enumerate(index.lines)
        if (f := fit(claim, units, line, n)).places or _shares_number(claim, f)
    ]
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
            and not (
                {m.key for m in units[i].mentions} <= heading
                and not any(m.negative for m in units[i].mentions)
            )
            and not is_sex_of(units[i], index)
        ]
    course = course_of(claim, fits, index)
    if course is not None:
        chosen += [f for f in course.lines if f not in chosen]
        open_ = [i for i in open_ if not _ways(units[i])]
        claim = replace(claim, quantities=tuple(q for q in claim.quantities if q not in course.settled))
    far = _number_lines(claim, fits, chosen)
    faults = list(_faults(claim, index, units, [*chosen, *far], open_, course))
    if far and (not faults or faults[0].kind in SOFT):
        faults.append(Fault("far", "unsupported", "number: the report has it in another place"))
    return Alignment(claim, tuple(units), (*chosen, *far), tuple(open_), tuple(faults))


def _ways(unit: Unit) -> set[str]:
    """Which way the unit says that a value went, if it says so."""
    return {m.key for m in unit.mentions} & WAYS if unit.modifier == "direction" else set()


def _number_lines(claim: Line, fits: Sequence[Fit], chosen: Sequence[Fit]) -> list[Fit]:
    """Lines with a telling number of the claim that no chosen line has: each number's best line."""
    found: list[Fit] = []
    for q in claim.quantities:
        telling = bool(q.dimension) or len(q.values) > 1 or q.values[0] > 12 or q.values[0] % 1 > 0
        known = (*chosen, *found)
        if not telling or q.kind == "rate" or any(_has(f, q) or _gives(f, q, claim) for f in known):
            continue
        have = [f for f in fits if _has(f, q)] or [f for f in fits if _gives(f, q, claim)]
        if have:
            found.append(max(have, key=lambda f: len(f.places)))
            continue
        nearest = sorted(fits, key=lambda f: -len(f.places))[:_NEAREST]
        steps = (pair for pair in combinations(nearest, 2) if is_derived(q, claim, pair))
        found += [f for f in next(steps, ()) if f not in known]
    return found


def _gives(f: Fit, q: Quantity, claim: Line) -> bool:
    """Does the number follow from those of the line: a total, a difference, a bound?"""
    return is_derived(q, claim, [f]) or any(same_kind(q, o) and is_within(q, o) for o in f.line.quantities)


def _has(f: Fit, q: Quantity) -> bool:
    return any(same_kind(q, o) and same_values(q, o) for o in f.line.quantities)


def _faults(
    claim: Line,
    index: Index,
    units: Sequence[Unit],
    chosen: Sequence[Fit],
    open_: Sequence[int],
    course: Course | None,
) -> Iterator[Fault]:
    for i in open_:
        reason = next((r for f in chosen if (r := f.conflict(i)) is not None), None)
        if reason is not None:
            yield _fault(reason, "contradicted")
    if claim_sex(claim) not in (None, index.sex) and index.sex is not None:
        yield _fault("who: the patient is of the other sex", "contradicted")
    number = quantity_fault(claim, chosen)
    if number is not None:
        yield _fault(number[1], "contradicted" if number[0] == "contradicted" else "unsupported")
    for i, unit in enumerate(units):
        if course is not None and (ways := _ways(unit)):
            if course.way not in ways:
                yield _fault("number: it went the other way", "contradicted")
            continue
        if unit.modifier is not None and (heads := heads_of(i, units)):
            reason = value_fault(unit, heads, claim, chosen) or modifier_fault(unit, heads, units, chosen)
            if reason is not None:
                yield _fault(
                    reason, "contradicted" if "another" in reason or "value" in reason else "unsupported"
                )
    if not chosen:
        yield Fault("silent", "unsupported", "the report does not speak of it")
    elif open_:
        yield Fault("words", "unsupported", "words that the report does not account for")
    for i, unit in enumerate(units):
        reason = dropped_fault(unit, chosen, claim, i)
        if reason is not None:
            yield _fault(reason, "contradicted")
    for reason in (cause_fault(claim, chosen), speaker_fault(claim, [f.line for f in chosen])):
        if reason is not None:
            yield _fault(reason, "contradicted")


def _fault(reason: str, verdict: Verdict) -> Fault:
    return Fault(reason.partition(":")[0], verdict, reason)


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
    return sum(_has(f, q) for q in claim.quantities)
