"""Numbers that a claim may work out from those of a report: a day's dose, a difference, pack-years, a bound."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from clinical.evidence.fit import Fit, word_set
from clinical.evidence.index import Line
from clinical.evidence.quantities import Quantity

_DOSES = ("mass", "volume", "units", "form", "smoking", "milliequivalent")
_AFTER = 7
_DAY = 86400.0
_MONTH = 30.44 * _DAY


def is_derived(q: Quantity, claim: Line, chosen: Sequence[Fit]) -> bool:
    """Does ``q`` follow from numbers of one of the chosen lines, and does the claim say how?"""
    if len(q.values) != 1:
        return False
    lines = [f.line for f in chosen]
    return is_total(q, claim, lines) or _is_change(q, claim, lines)


def is_total(q: Quantity, claim: Line, lines: Sequence[Line]) -> bool:
    """ "100 mg a day" where the report has 50 mg twice daily; "200 mg in all" where it has 40 mg for 5 days."""
    if len(q.values) != 1 or q.dimension not in _DOSES:
        return False
    said = {t.lower for t in claim.tokens}
    if q.unit == "pack" and "years" in said:
        return any(_near(q.values[0], n) for line in lines for n in _pack_years(line))
    daily = any(o.kind == "rate" and o.values == (1.0,) for o in claim.quantities)
    daily = daily or {"over", "day"} <= said
    if not daily and not said & word_set("total") and not {"in", "all"} <= said:
        return False
    return any(_near(q.base[0], n) for line in lines for n in _totals(line, q.dimension, daily))


def _totals(line: Line, dimension: str, daily: bool) -> Iterator[float]:
    """What the doses of a line add up to, in the base unit: over a day, or over the whole course."""
    for dose in line.quantities:
        if dose.dimension != dimension or len(dose.values) != 1 or dose.kind == "rate":
            continue
        after = [o for o in line.quantities if 0 < o.first - dose.first <= _AFTER and len(o.values) == 1]
        pieces = next((o.values[0] for o in after if o.dimension == "form" != dimension), 1.0)
        rate = next((o.values[0] for o in after if o.kind == "rate"), None)
        if rate is not None:
            yield dose.base[0] * rate
            yield dose.base[0] * rate * pieces
        if not daily:
            for o in after:
                if o.kind == "time" and _DAY <= o.base[0] <= _MONTH:
                    yield dose.base[0] * pieces * (rate or 1.0) * o.base[0] / _DAY


def _pack_years(line: Line) -> Iterator[float]:
    packs = [o.values[0] for o in line.quantities if o.unit == "pack"]
    years = [o.values[0] for o in line.quantities if o.unit == "year" and o.kind == "time"]
    for pack in packs:
        for year in years:
            yield pack * year


def _is_change(q: Quantity, claim: Line, lines: Sequence[Line]) -> bool:
    """ "Grew by 3 mm" where the report has 6 and 9 mm, "11 kg more"."""
    around = {t.lower for t in claim.tokens[max(0, q.first - 6) : q.last + 4]}
    if not around & word_set("change"):
        return False
    wanted = {m.key for m in claim.mentions}
    alike = [
        (o, line)
        for line in lines
        for o in line.quantities
        if (not q.dimension or o.dimension in (q.dimension, "")) and o.kind in ("number", "size")
    ]
    for (one, here), (two, there) in combinations(alike, 2):
        if here is there or wanted & {m.key for m in here.mentions} & {m.key for m in there.mentions}:
            factor = one.factor if one.dimension else two.factor if two.dimension else q.factor
            gap = abs(one.values[0] - two.values[0]) * factor
            mine = q.base[0] if q.dimension else q.values[0] * factor
            if mine and _one_kind(one, two) and _near(mine, gap):
                return True
    return False


def _one_kind(one: Quantity, two: Quantity) -> bool:
    return one.dimension == two.dimension or not one.dimension or not two.dimension


def is_within(q: Quantity, other: Quantity) -> bool:
    """ "Above 140/90" where the report has 154/93; a bound far off would mislead."""
    if not q.comparator or other.comparator or len(q.values) != len(other.values):
        return False
    mine, theirs = (q.base, other.base) if q.dimension and other.dimension else (q.values, other.values)
    if q.comparator == "<":
        return all(0.5 * m <= t < m for m, t in zip(mine, theirs, strict=True))
    return all(m < t <= 2 * m for m, t in zip(mine, theirs, strict=True))


def _near(one: float, two: float) -> bool:
    return abs(one - two) <= 0.006 * abs(one) + 1e-9
