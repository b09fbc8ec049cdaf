"""The verdict on one claim: alignment to the report's sentences, then what vetoes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from clinical.evidence.index import Index, Line, Mention
from clinical.evidence.quantities import Quantity, same_values

_LINES = 3
_CANDIDATES = 8
_CHRONIC = frozenset(
    [
        "hypertens",
        "diabet",
        "asthma",
        "copd",
        "smok",
        "obes",
        "hyperlipidem",
        "arthrit",
        "osteoporos",
        "hypothyroid",
        "epileps",
        "cancer",
        "depress",
        "anxiet",
        "reflux",
        "cirrhos",
        "migrain",
        "glaucom",
        "psorias",
        "lupus",
        "gout",
        "dementia",
        "alcohol",
    ]
)
_PAST_TENSE = frozenset(
    [
        "had",
        "was",
        "were",
        "underwent",
        "previously",
        "prior",
        "former",
        "past",
        "formerly",
        "did",
        "received",
    ]
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict, reason and the report's lines that it rests on."""

    verdict: Literal["supported", "contradicted", "unsupported"]
    reason: str
    lines: tuple[Line, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Fit:
    """How one line of the report answers the claim's mentions."""

    line: Line
    covered: set[int]
    conflicts: dict[int, str]
    score: float


def judge(claim: Line, index: Index) -> Judgement:
    """Judge ``claim``, a line of a draft."""
    wanted = [i for i, m in enumerate(claim.mentions) if m.token not in claim.triggers or m.known]
    if not wanted and not claim.quantities:
        return Judgement("unsupported", "says nothing that can be checked")
    fits = sorted((_fit(claim, wanted, line, index) for line in index.lines), key=lambda f: -f.score)
    fits = [f for f in fits[:_CANDIDATES] if f.score > 0]
    chosen = _choose(fits, wanted)
    if not chosen:
        return Judgement("unsupported", "the report does not speak of it")
    lines = tuple(f.line for f in chosen)
    covered = set().union(*(f.covered for f in chosen))
    heading = frozenset().union(*(line.heading for line in lines))
    missing = [i for i in wanted if i not in covered and claim.mentions[i].key not in heading]
    conflicts = [reason for i in missing for f in chosen if (reason := f.conflicts.get(i)) is not None]
    if conflicts:
        return Judgement("contradicted", conflicts[0], lines)
    number = _numbers(claim, lines)
    if number is not None:
        return Judgement(number[0], number[1], lines)
    if missing:
        return Judgement("unsupported", "words that the report does not account for", lines)
    return Judgement("supported", "every word and number is accounted for", lines)


def _fit(claim: Line, wanted: Sequence[int], line: Line, index: Index) -> _Fit:
    by_key: dict[str, list[Mention]] = {}
    for m in line.mentions:
        by_key.setdefault(m.key, []).append(m)
    covered: set[int] = set()
    conflicts: dict[int, str] = {}
    score = 0.0
    past = any(t.lower in _PAST_TENSE for t in claim.tokens)
    for i in wanted:
        mine = claim.mentions[i]
        theirs = by_key.get(mine.key)
        if theirs is None:
            if mine.key in line.heading:
                score += 0.3 * index.weight_of(mine.key)
            continue
        reasons = [_conflict(mine, other, past) for other in theirs]
        weight = index.weight_of(mine.key)
        if None in reasons:
            covered.add(i)
            score += weight
        else:
            conflicts[i] = next(r for r in reasons if r)
            score += 0.6 * weight
    for q in claim.quantities:
        if any(same_values(q, other) and _same_kind(q, other) for other in line.quantities):
            score += 1.5
    return _Fit(line, covered, conflicts, score)


def _conflict(mine: Mention, other: Mention, past: bool) -> str | None:
    """Why the report's mention does not bear out the claim's, or None."""
    if ("family" in mine.states) != ("family" in other.states):
        return "who: patient and family are mixed up"
    if mine.negative != other.negative:
        return "negation: the report says the opposite"
    if mine.side and other.side and mine.side != other.side:
        return "side: the report has another side"
    if "possible" in other.states and "possible" not in mine.states and not other.negative:
        return "certainty: the report only suspects it"
    for state in ("hypothetical", "planned"):
        if state in other.states and not mine.states & {"hypothetical", "planned", "possible"}:
            return "when: the report only plans or considers it"
    if "past" in other.states and "past" not in mine.states and not past and mine.key not in _CHRONIC:
        return "when: the report tells it of the past"
    return None


def _choose(fits: Sequence[_Fit], wanted: Sequence[int]) -> list[_Fit]:
    """The best line, then lines that answer what is still open."""
    chosen: list[_Fit] = []
    covered: set[int] = set()
    for fit in fits:
        if not chosen or fit.covered - covered:
            chosen.append(fit)
            covered |= fit.covered
        if len(chosen) == _LINES or covered >= set(wanted):
            break
    return chosen


def _same_kind(one: Quantity, two: Quantity) -> bool:
    if one.dimension and two.dimension:
        return one.dimension == two.dimension
    return True


def _numbers(claim: Line, lines: Iterable[Line]) -> tuple[Literal["contradicted", "unsupported"], str] | None:
    theirs = [(line, q) for line in lines for q in line.quantities]
    for q in claim.quantities:
        same = [other for _, other in theirs if same_values(q, other) and len(q.values) == len(other.values)]
        if any(
            _same_kind(q, other) and (not q.unit or not other.unit or _same_kind(q, other)) for other in same
        ):
            continue
        if same:
            return ("contradicted", "unit: the number has another unit in the report")
        return ("contradicted" if theirs else "unsupported", "number: the report has another number or none")
    return None
