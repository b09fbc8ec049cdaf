"""What belongs to what: a number to its name, a side or a direction to its organ, a cause to its effect."""

from collections.abc import Sequence
from dataclasses import replace

from clinical.evidence.derived import is_derived, is_total, is_within
from clinical.evidence.fit import Fit, Unit, modifier_classes, word_set
from clinical.evidence.index import Line
from clinical.evidence.quantities import Quantity, same_kind, same_values
from clinical.evidence.words import atoms_of, tokens_of

_REACH = 7
_RIVAL = 200.0
_BESIDE = 4
_STANDINGS = {"high": "up", "elevated": "up", "raised": "up", "low": "down", "normal": "norm"}


def modifier_fault(
    unit: Unit, heads: Sequence[int], units: Sequence[Unit], chosen: Sequence[Fit]
) -> str | None:
    """Is the modifier ``unit`` said of one of its ``heads`` (numbers of units), or of something else?

    For each head the nearest modifier of the same class is what counts.
    """
    together = [f for f in chosen if all(h in f.places for h in heads)]
    chosen = together or chosen
    classes = modifier_classes()
    wanted = {m.key for m in unit.mentions}
    turned = any(m.negative for m in unit.mentions)
    other_seen = False
    for head in heads:
        for fit in chosen:
            place = fit.places.get(head)
            if place is None:
                continue
            near = sorted(
                (_distance(fit.line, m.token, place.first, place.last), m.key, m.negative)
                for m in fit.line.mentions
                if classes.get(m.key) == unit.modifier and not place.first <= m.token < place.last
            )
            inside = {
                m.key
                for m in fit.line.mentions
                if place.first <= m.token < place.last and classes.get(m.key) == unit.modifier
            }
            near = [n for n in near if n[0] <= _REACH]
            if wanted & inside or (
                near
                and wanted & {key for d, key, negative in near if d <= near[0][0] + 1 and negative == turned}
            ):
                return None
            if (
                near
                and unit.modifier == "side"
                and {key for _, key, _ in near} >= {"left", "right"}
                and wanted == {"bilater"}
            ):
                return None
            other_seen = other_seen or bool(near) or bool(inside)
    if not heads or (not other_seen and any(m.key in wanted for f in chosen for m in f.line.mentions)):
        return None
    kind = "both" if wanted == {"bilater"} and not other_seen else unit.modifier
    return f"{kind}: the report has another" if other_seen else f"{kind}: the report does not say it of this"


def value_fault(unit: Unit, heads: Sequence[int], claim: Line, chosen: Sequence[Fit]) -> str | None:
    """Is a value called high, low or normal whose flag in the report says otherwise?"""
    said = _STANDINGS.get(" ".join(t.lower for t in claim.tokens[unit.first : unit.last]))
    compared = unit.first > 0 and claim.tokens[unit.first - 1].lower in ("above", "below", "than", "nearly")
    if said is None or compared or not heads or any(m.negative for m in unit.mentions):
        return None
    flags: set[str] = set()
    for fit in chosen:
        place = fit.places.get(heads[0])
        for m in fit.line.mentions:
            if m.negative or m.key not in _STANDINGS.values():
                continue
            number = fit.line.tokens[m.token].is_number
            beside = place is not None and 0 <= m.token - place.last <= _BESIDE
            if m.key == said and (beside or not number):
                return None
            if beside and number:
                flags.add(m.key)
    return "value: the report's value is not so" if flags else None


def heads_of(position: int, units: Sequence[Unit]) -> list[int]:
    """Units that the modifier at ``position`` may belong to: content of its clause, the nearest first."""
    own = units[position]
    near = [
        (abs(u.first - own.first), i)
        for i, u in enumerate(units)
        if u.modifier is None and i != position and u.clause == own.clause and abs(u.first - own.first) <= 8
    ]
    return [i for _, i in sorted(near)][:2]


def _distance(line: Line, token: int, first: int, last: int) -> int:
    gap = first - token if token < first else token - last + 1
    crossed = abs(line.segments[token] - line.segments[first])
    return gap + 2 * crossed


def quantity_fault(claim: Line, chosen: Sequence[Fit]) -> tuple[str, str] | None:
    """(verdict, reason) where a number of the claim is not the report's number for the same thing."""
    lines = [f.line for f in chosen]
    for q in claim.quantities:
        fault = _judge_number(q, claim, chosen)
        if fault is None:
            continue
        parts = _split(q) if len(q.values) > 1 and not _has_pair(q, lines) else []
        if parts and all(_judge_number(p, claim, chosen) is None for p in parts):
            continue
        if is_derived(q, claim, chosen):
            continue
        if q.kind == "rate" and any(is_total(o, claim, lines) for o in claim.quantities):
            continue
        if _is_count(q, claim) and "another" not in fault[1]:
            if q.values == (1.0,):
                continue
            return ("unsupported", "count: the report gives no such count")
        return fault
    if any(_is_other_rate(q, claim, lines) for q in claim.quantities if q.kind == "rate"):
        return ("contradicted", "number: the report gives this dose another number of times")
    return None


def _has_pair(q: Quantity, lines: Sequence[Line]) -> bool:
    """Does the report have pairs too ("2 of 3"), so that this one is not put together from single numbers?"""
    return q.kind == "pair" and any(o.kind == "pair" for line in lines for o in line.quantities)


def _dose_of(rate: Quantity, line: Line) -> Quantity | None:
    """The dose that is taken so often: the nearest before, else the nearest after."""
    near = [o for o in line.quantities if o.dimension in ("mass", "form", "units", "volume")]
    before = [o for o in near if 0 <= rate.first - o.last <= _REACH]
    after = [o for o in near if 0 <= o.first - rate.last <= _REACH - 4]
    return before[-1] if before else after[0] if after else None


def _is_other_rate(rate: Quantity, claim: Line, lines: Sequence[Line]) -> bool:
    """Is the claim's dose in the report, but never so many times a day?"""
    dose = _dose_of(rate, claim)
    if dose is None or is_total(dose, claim, lines):
        return False
    found = [
        other
        for line in lines
        for other in line.quantities
        if other.kind == "rate"
        and (mine := _dose_of(other, line)) is not None
        and same_kind(dose, mine)
        and same_values(dose, mine)
    ]
    return bool(found) and not any(same_values(rate, other) for other in found)


def _is_count(q: Quantity, claim: Line) -> bool:
    """A small number in words without a unit: it may count what the report only lists."""
    return q.kind == "number" and not q.unit and claim.tokens[q.first].is_word and q.values[0] <= 10


def _split(q: Quantity) -> list[Quantity]:
    return [replace(q, values=(v,), kind="number", comparator="") for v in q.values]


def _judge_number(q: Quantity, claim: Line, chosen: Sequence[Fit]) -> tuple[str, str] | None:
    """The equal number of the report has to be at least as near to the claim's words as any other
    number.
    """
    near, wide = _heads(claim, q), {m.key for m in claim.mentions}
    subject = _carried_subject(claim, q)
    own = [part for c in claim.quantities for part in (c, *_split(c))]
    best_same, best_rival = -1.0, -1.0
    unit = limited = False
    counts = _is_count(q, claim)
    limit = any(t.lower in word_set("limit") for t in claim.tokens)
    for fit in chosen:
        line = fit.line
        said = {m.key for m in line.mentions} | line.heading
        for other in line.quantities:
            if other.kind == "limits":
                if not limit or q.kind != "number":
                    continue
                other = replace(other, kind="range" if len(other.values) > 1 else "number")
            theirs = _heads(line, other)
            score = (
                len(near & theirs)
                + 0.5 * len(near & said)
                + 0.1 * len(wide & theirs)
                + 0.02 * len(wide & said)
            )
            for option in [other] if len(other.values) == len(q.values) else _split(other):
                if counts and option.dimension:
                    continue  # "three episodes" has no rival in "for 4 hours"
                if not same_kind(q, option):
                    unit = unit or q.values == option.values
                elif not same_values(q, option) and not is_within(q, option):
                    if _alike(q, option) and not any(
                        same_kind(c, option) and same_values(c, option) for c in own
                    ):
                        best_rival = max(best_rival, score)
                elif not _comparable(q, other):
                    limited = True
                elif subject and (named := _carried_subject(line, other)) and not subject & named:
                    best_rival = max(
                        best_rival, score
                    )  # "WBC 17 on admission, 2711 at discharge": another's 2711
                else:
                    best_same = max(best_same, score)
    if best_same >= 0 and best_same >= best_rival - 0.25:
        return None
    if best_same >= 0:
        return ("contradicted", "number: it belongs to something else in the report")
    if unit:
        return ("contradicted", "unit: the report has the number in another unit")
    if limited or best_rival >= 0:
        return ("contradicted", "number: the report has another")
    return ("unsupported", "number: the report does not have it")


def _alike(one: Quantity, two: Quantity) -> bool:
    """Could one stand for the other? A dose in milligrams is no rival of a body weight."""
    if one.dimension != two.dimension or not one.base[0] or not two.base[0]:
        return True
    return 1 / _RIVAL <= abs(one.base[0] / two.base[0]) <= _RIVAL


def _comparable(q: Quantity, other: Quantity) -> bool:
    return (
        q.comparator == other.comparator
        or is_within(q, other)
        or "ago" in (q.kind, other.kind)
        or (q.kind == "time" and not q.comparator)
    )


def _heads(line: Line, q: Quantity) -> set[str]:
    """Atoms that the number at ``q`` is said of: its segment's, or the nearest before and after."""
    segment = line.segments[q.first]
    own = {
        m.key
        for m in line.mentions
        if line.segments[m.token] == segment and (m.token < q.first or m.token <= q.last + 5)
    }
    if own:
        return own
    after = {m.key for m in line.mentions if q.last <= m.token <= q.last + 8}
    at = segment
    while not own and at > 0:
        at -= 1
        own = {m.key for m in line.mentions if line.segments[m.token] == at}
    return own | after


def _carried_subject(line: Line, q: Quantity) -> set[str]:
    """What a number speaks of whose own clause does not name it: the name before the number that it goes on from."""
    segment = line.segments[q.first]
    if any(line.segments[m.token] == segment and m.token < q.first for m in line.mentions):
        return set()
    before = [
        other for other in line.quantities if other.last <= q.first and line.segments[other.first] < segment
    ]
    for other in reversed(before):
        own = line.segments[other.first]
        named = {m.key for m in line.mentions if m.token < other.first and line.segments[m.token] == own}
        if named:
            return named
    return set()


def dropped_fault(unit: Unit, fits: Sequence[Fit], claim: Line, number: int) -> str | None:
    """Has the claim lost a word that limits what the report says, in every place that supports it?"""
    said = {t.lower for t in claim.tokens}
    reason = None
    for fit in fits:
        place = fit.places.get(number)
        if place is None or place.conflict is not None:
            continue
        line = fit.line
        before = [
            t.lower
            for i, t in enumerate(line.tokens[max(0, place.first - 4) : place.first], max(0, place.first - 4))
            if line.segments[i] == line.segments[place.first]
        ]
        negative = any(m.negative for m in unit.mentions)
        kept = word_set("restrict") if negative else word_set("keep")
        lost = [w for w in before if w in kept and w not in said]
        if not lost or _paraphrased(lost, claim):
            return None
        reason = "qualifier: the report limits it"
    return reason


def _paraphrased(lost: Sequence[str], claim: Line) -> bool:
    keys = {a.key for w in lost for a in atoms_of(tokens_of(w))}
    mine = {m.key for m in claim.mentions} | {s for m in claim.mentions for s in m.states}
    return bool(keys) and (keys <= mine or "past" in mine)


def cause_fault(claim: Line, chosen: Sequence[Fit]) -> str | None:
    """Does the claim draw a cause where no line of the report does?"""
    causes = word_set("cause")
    if not any(t.lower in causes for t in claim.tokens):
        return None
    more = causes | {"from", "for", "to", "by", "given", "result", "related", "since", "after", "so"}
    if any(t.lower in more for fit in chosen for t in fit.line.tokens):
        return None
    return "cause: the report draws no such link"
