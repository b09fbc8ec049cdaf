"""Values of tables as quantities: unit, flag and range stand in columns of their own, not beside the number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from tomllib import loads
from typing import Any

from clinical.evidence.quantities import Quantity, unit_of
from clinical.evidence.words import RULES, Token, atoms_of, stem, tokens_of
from clinical.report import Measurement

_FLAGS: Mapping[str | None, str] = {"H": "up", "HH": "up", "L": "down", "LL": "down", "N": "norm"}
_MARKS = {"H": "high", "HH": "high", "L": "low", "LL": "low"}


@dataclass(frozen=True, slots=True)
class Value:
    """A measured value in a line: its token, its quantity, what its flag says of it, and the tokens it covers.

    ``keys`` hold of it, ``denied`` do not: a normal count is neither up nor down.
    """

    token: int
    quantity: Quantity
    keys: tuple[str, ...]
    denied: tuple[str, ...]
    last: int
    limits: tuple[float | None, float | None]


@cache
def _rules() -> dict[str, Any]:
    return loads((RULES / "measured.toml").read_text(encoding="utf-8"))


def printed_flags(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Tokens with a printed flag ("(H)", "6.1 H", "91 L 150-400") as the word that it means."""
    found = list(tokens)
    for at, token in enumerate(tokens):
        word = _MARKS.get(text[token.start : token.end])
        if word is None or at == 0:
            continue
        before, after = tokens[at - 1], tokens[at + 1] if at + 1 < len(tokens) else None
        closed = after is not None and before.lower in "([" and after.lower in ")]"
        apart = before.is_number and before.end < token.start
        if closed or (apart and (word == "high" or (after is not None and after.is_number))):
            found[at] = Token(token.start, token.end, word)
    return tuple(found)


def value_of(text: str, m: Measurement, tokens: Sequence[Token]) -> Value | None:
    """The measurement as a value of the line; None for a pair or a value in words."""
    if m.value is None or not m.value_text:
        return None
    printed = re.search(rf"(?<![\w.]){re.escape(m.value_text)}(?!\w)", text[m.start : m.end])
    if printed is None:
        return None
    offset = m.start + printed.start()
    at = next((i for i, t in enumerate(tokens) if t.end > offset and t.is_number), None)
    if at is None or tokens[at].start >= m.end:
        return None
    last = next((i for i, t in enumerate(tokens) if t.start >= m.end), len(tokens))
    dimension, factor, unit = unit_of(m.unit)
    comparator = "" if m.comparator == "=" else m.comparator[0]
    quantity = Quantity((m.value,), at, at + 1, "number", dimension, factor, unit, comparator)
    return Value(at, quantity, (*_keys(m), *_degree(m)), _denied(m), last, (m.low, m.high))


def _denied(m: Measurement) -> tuple[str, ...]:
    """What a normal value is not, with the analyte's own words: no "leukocytosis", no raised enzymes."""
    if m.flag != "N":
        return ()
    named = {a.key for a in atoms_of(tokens_of(m.name))}
    called = {stem(w) for way in ("up", "down") for w in _rules()[way].get(m.name, "").split()}
    return tuple(sorted({"up", "down"} | named | called))


def _degree(m: Measurement) -> tuple[str, ...]:
    """How far a value is out of its range, in the words that a physician may use for it."""
    if m.value is None or m.flag not in ("H", "HH", "L", "LL"):
        return ()
    limit = m.high if m.flag.startswith("H") else m.low
    if not limit:
        return ()
    width = m.high - m.low if m.high is not None and m.low is not None else abs(limit)
    far = abs(m.value - limit) / width if width > 0 else 0.0
    return tuple(stem(name) for name, (least, most) in _rules()["degree"].items() if least <= far <= most)


def _keys(m: Measurement) -> tuple[str, ...]:
    """ "up", "down" or "norm", and what such a value of this analyte is called."""
    if m.flag not in _FLAGS:
        return ()
    key = _FLAGS[m.flag]
    more = tuple(stem(w) for w in _rules()[key].get(m.name, "").split()) if key != "norm" else ()
    if (
        m.name == "temperature"
        and m.value is not None
        and (38.0 <= m.value < 45.0 or 100.4 <= m.value < 112.0)
    ):
        more = (*more, "fever")
    return (key, *more)


def with_values(quantities: Sequence[Quantity], values: Sequence[Value]) -> list[Quantity]:
    """The quantities of a line, those of measured values replaced, their ranges marked as limits."""
    found = list(quantities)
    for value in values:
        covered = [q for q in found if q.first < value.last and q.last > value.token]
        if any(len(q.values) > 1 and q.first <= value.token < q.last for q in covered):
            continue  # a pair or a size is read as it stands
        own = next((q for q in covered if q.first <= value.token < q.last), None)
        unit = value.quantity
        if own is not None and not unit.unit and own.unit not in ("hour", "litre"):
            unit = own
        elif own is not None:
            unit = replace(unit, first=own.first, last=own.last)
        limits = [
            Quantity(q.values, q.first, q.last, "limits", q.dimension, q.factor, q.unit, q.comparator)
            for q in covered
            if q.first > value.token and set(q.values) <= set(value.limits)
        ]
        found = [q for q in found if q not in covered] + [unit, *limits]
    return sorted(found, key=lambda q: q.first)
