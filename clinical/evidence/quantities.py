"""Quantities of a text.

Numbers with their unit, pairs, ages, durations, dates and frequencies, by token.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from tomllib import loads
from typing import Any

from clinical.evidence.words import RULES, Token, tokens_of

_TAG_DAYS = re.compile(r"\[date([+-]\d+)([dwmy])?\]")
_DAYS = {"d": 1.0, "w": 7.0, "m": 30.44, "y": 365.25}
# People say eight weeks for two months.
_LOOSE = {"week", "month"}
_ROUGH = {"time": 0.025}
# "For over a week" is longer than a week, "over a week he got worse" is not.
_AT_LEAST = [
    ["for"],
    ["lasting"],
    ["lasted"],
    ["took"],
    ["taking"],
    ["well"],
    ["little"],
    ["just"],
    ["after"],
]
_WITHIN = frozenset(["in", "over", "for", "during", "within", "throughout"])


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at tokens ``first:last``.

    Attributes:
        values: one number, or two for a pair (140/90) or a range (3-5).
        kind: ``number``, ``pair``, ``range``, ``size``, ``time`` (a duration), ``ago``, ``age``, ``rate``
        (times a day), ``date``.
        dimension: of the unit (``mass``, ``length`` …), the unit's own name where it has none, "" without a
        unit.
        factor: multiply ``values`` by it for the base unit of the dimension.
        comparator: "", "<" or ">".
    """

    values: tuple[float, ...]
    first: int
    last: int
    kind: str = "number"
    dimension: str = ""
    factor: float = 1.0
    unit: str = ""
    comparator: str = ""

    @property
    def base(self) -> tuple[float, ...]:
        return tuple(v * self.factor for v in self.values)


@cache
def _rules() -> dict[str, Any]:
    return loads((RULES / "quantities.toml").read_text(encoding="utf-8"))


@cache
def _units() -> dict[tuple[str, ...], tuple[str, float, str]]:
    found = {}
    for dimension, units in _rules()["unit"].items():
        for name, entry in units.items():
            for spelling in entry["as"]:
                key = tuple(t.lower for t in tokens_of(spelling))
                found[key] = (dimension, float(entry.get("factor", 1.0)), name)
    return found


@cache
def _longest_unit() -> int:
    return max(len(key) for key in _units())


@cache
def _number_words() -> dict[str, float]:
    return {word: float(value) for word, value in _rules()["words"].items()}


@cache
def _rates() -> dict[tuple[str, ...], float]:
    return {
        tuple(t.lower for t in tokens_of(phrase)): float(value)
        for value, phrases in _rules()["rate"].items()
        for phrase in phrases
    }


def quantities_of(tokens: Sequence[Token]) -> list[Quantity]:
    """Quantities in order, without overlap."""
    found: list[Quantity] = []
    at = 0
    while at < len(tokens):
        quantity = (
            _date(tokens, at)
            or _lately(tokens, at)
            or _ago(tokens, at)
            or _rate(tokens, at)
            or _number(tokens, at)
        )
        if quantity is None:
            at += 1
        else:
            found.append(quantity)
            at = max(quantity.last, at + 1)
    return found


def unit_of(text: str) -> tuple[str, float, str]:
    """Dimension, factor and name of a unit as printed or in UCUM; the text itself where it is not known."""
    tokens = tokens_of(text.replace("{", " ").replace("}", " "))
    found = _unit(tokens, 0) if tokens else None
    if found is not None and found[3] == len(tokens):
        return found[:3]
    return (text.lower(), 1.0, text.lower()) if text else ("", 1.0, "")


def same_values(one: Quantity, two: Quantity) -> bool:
    """Equal numbers, after conversion where both have a unit.

    Converted ones may differ by their rounding.
    """
    if len(one.values) != len(two.values):
        return False
    if not one.dimension or not two.dimension or one.unit == two.unit:
        return one.values == two.values or _in_thousands(one, two) or _in_thousands(two, one)
    if one.dimension == "temperature" == two.dimension:
        return all(
            abs(_celsius(x, one) - _celsius(y, two)) <= 0.06
            for x, y in zip(one.values, two.values, strict=True)
        )
    if one.dimension != two.dimension:
        return False
    rough = _ROUGH.get(one.dimension, 0.012)
    if {one.unit, two.unit} == _LOOSE:
        rough = 0.09
    return all(
        abs(x - y) <= rough * max(abs(x), abs(y)) + 1e-12 for x, y in zip(one.base, two.base, strict=True)
    )


def _in_thousands(bare: Quantity, told: Quantity) -> bool:
    """ "Platelets 187" for 187,000/uL."""
    return (
        not bare.dimension
        and told.unit == "per_uL"
        and all(abs(1000 * x - y) < 1e-6 * y for x, y in zip(bare.values, told.values, strict=True))
    )


def same_kind(one: Quantity, two: Quantity) -> bool:
    """Could they be the same quantity: one dimension, or one of them without a unit? A limit is no value."""
    if "limits" in (one.kind, two.kind):
        return False
    if one.kind == "date" or two.kind == "date":
        return one.kind == two.kind
    if (one.kind == "age") != (two.kind == "age") and one.dimension and two.dimension:
        return False
    return not one.dimension or not two.dimension or one.dimension == two.dimension


def _celsius(value: float, quantity: Quantity) -> float:
    warm = quantity.unit == "fahrenheit" or (quantity.unit == "degree" and value > 60)
    return (value - 32) / 1.8 if warm else value


def _date(tokens: Sequence[Token], at: int) -> Quantity | None:
    lower = tokens[at].lower
    if lower.startswith("[date"):
        match = _TAG_DAYS.fullmatch(lower)
        if match is None:
            return None
        days = float(match[1]) * _DAYS[match[2] or "d"]
        return Quantity((-days,), at, at + 1, "ago", "time", 24 * 3600.0, "day")
    if tokens[at].is_number:
        text = "".join(t.lower for t in tokens[at : at + 5])
        match = re.match(r"(\d{1,4})([/-])(\d{1,2})\2(\d{2,4})(?!\d)", text)
        if match and _joined(tokens, at, at + 5):
            return Quantity(
                tuple(float(g) for g in (match[1], match[3], match[4])), at, at + 5, "date", "date"
            )
    return None


def _joined(tokens: Sequence[Token], first: int, last: int) -> bool:
    part = tokens[first:last]
    return len(part) == last - first and all(a.end == b.start for a, b in pairwise(part))


def _rate(tokens: Sequence[Token], at: int) -> Quantity | None:
    rates = _rates()
    for length in range(min(8, len(tokens) - at), 0, -1):
        value = rates.get(tuple(t.lower for t in tokens[at : at + length]))
        if value is not None:
            return Quantity((value,), at, at + length, "rate", "rate")
    if tokens[at].lower == "every" and at + 1 < len(tokens):
        hours = _number(tokens, at + 1)
        if hours is not None and hours.unit == "hour" and len(hours.values) == 1 and hours.values[0] > 0:
            return Quantity((24.0 / hours.values[0],), at, hours.last, "rate", "rate")
    return None


@cache
def _days_told() -> dict[tuple[str, ...], tuple[float, str]]:
    return {
        tuple(t.lower for t in tokens_of(phrase)): (float(count), unit)
        for phrase, (count, unit) in _rules()["ago"].items()
    }


def _lately(tokens: Sequence[Token], at: int) -> Quantity | None:
    """ "For the past month", "over the last year": one month, one year."""
    said = [t.lower for t in tokens[max(0, at - 2) : at + 1]]
    if said[-1] not in ("past", "last") or len(said) < 3 or said[1] != "the" or said[0] not in _WITHIN:
        return None
    unit = _unit(tokens, at + 1)
    if unit is None or unit[0] != "time" or not tokens[at + 1].is_word or tokens[at + 1].lower.endswith("s"):
        return None
    return Quantity((1.0,), at, unit[3], "time", *unit[:3])


def _ago(tokens: Sequence[Token], at: int) -> Quantity | None:
    """ "Yesterday", "last year"."""
    for length in range(min(4, len(tokens) - at), 0, -1):
        told = _days_told().get(tuple(t.lower for t in tokens[at : at + length]))
        if told is not None:
            dimension, factor, name = _units()[(told[1],)]
            return Quantity((told[0],), at, at + length, "ago", dimension, factor, name)
    return None


def _part(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """ "Two thirds of an", "a quarter of a", "half a": the number and the token of what it is a part of."""
    lowers = [t.lower for t in tokens[at : at + 5]]
    parts, words = _rules()["fraction"], _number_words()
    if lowers[:1] == ["half"] and lowers[1:2] in (["a"], ["an"]):
        return 0.5, at + 2
    if len(lowers) < 4 or lowers[1] not in parts or lowers[2] != "of" or lowers[3] not in ("a", "an"):
        return None
    count = 1.0 if lowers[0] in ("a", "one") else words.get(lowers[0], -1.0)
    return (count * float(parts[lowers[1]]), at + 4) if count > 0 else None


def _value(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """A plain or spelled-out number at ``at``: its value and the token after it."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    part = _part(tokens, at)
    if part is not None:
        return part
    if [t.lower for t in tokens[at : at + 3]] in (["a", "couple", "of"], ["a", "dozen", "of"]):
        return _number_words()[tokens[at + 1].lower], at + 3
    if token.lower in ("a", "an") and at + 1 < len(tokens) and _time_word(tokens, at + 1):
        return 1.0, at + 1
    if token.is_number:
        value = float(token.lower.replace(",", ""))
        if at + 2 < len(tokens) and tokens[at + 1].lower == "-" and tokens[at + 2].lower in ("half",):
            return value + 0.5, at + 3
        if _fraction(tokens, at + 1) and tokens[at + 1].start > token.end:
            num, den = float(tokens[at + 1].lower), float(tokens[at + 3].lower)
            return value + num / den, at + 4
        return value, at + 1
    words = _number_words()
    value = words.get(token.lower, -1.0)
    if value < 0:
        return None
    after = at + 1
    if value >= 20 and value % 10 == 0 and value < 100:
        here = after + 1 if after < len(tokens) and tokens[after].lower == "-" else after
        ones = words.get(tokens[here].lower, -1.0) if here < len(tokens) else -1.0
        if 0 < ones < 10:
            value, after = value + ones, here + 1
    if after < len(tokens) and tokens[after].lower == "hundred":
        value, after = value * 100, after + 1
    if [t.lower for t in tokens[after : after + 3]] == ["and", "a", "half"]:
        value, after = value + 0.5, after + 3
    return value, after


def _time_word(tokens: Sequence[Token], at: int) -> bool:
    unit = _unit(tokens, at)
    return (
        unit is not None
        and unit[0] in ("time", "form", "smoking")
        and tokens[at].is_word
        and len(tokens[at].lower) > 2
    )


def _fraction(tokens: Sequence[Token], at: int) -> bool:
    part = tokens[at : at + 3]
    return (
        len(part) == 3
        and part[0].is_number
        and part[1].lower == "/"
        and part[2].lower in ("2", "3", "4", "8")
        and _joined(tokens, at, at + 3)
        and float(part[0].lower.replace(",", "")) < float(part[2].lower)
    )


def _unit(tokens: Sequence[Token], at: int) -> tuple[str, float, str, int] | None:
    """The longest unit that begins at ``at`` (a hyphen before it is passed over), and the token after
    it.
    """
    if (
        at < len(tokens)
        and tokens[at].lower in ("-", "–")
        and at + 1 < len(tokens)
        and tokens[at + 1].is_word
    ):
        at += 1
    units = _units()
    for length in range(min(_longest_unit(), len(tokens) - at), 0, -1):
        entry = units.get(tuple(t.lower for t in tokens[at : at + length]))
        if entry is not None:
            return (*entry, at + length)
    return None


def _number(tokens: Sequence[Token], at: int) -> Quantity | None:
    if at > 0 and tokens[at].is_number and tokens[at - 1].is_word and tokens[at - 1].end == tokens[at].start:
        return None  # part of a name such as T11 or B12
    first = at
    read = _value(tokens, at)
    if read is None:
        return None
    value, after = read
    if _fraction(tokens, at) and tokens[at].is_number:
        value, after = float(tokens[at].lower) / float(tokens[at + 2].lower), at + 3
    values, kind = [value], "number"
    while after + 1 < len(tokens) and kind in ("number", "size"):
        link = tokens[after].lower
        if [t.lower for t in tokens[after : after + 3]] == ["-", "to", "-"]:
            link, after = "to", after + 2
        following = _value(tokens, after + (2 if link == "out" else 1))
        if following is None:
            unit = _unit(tokens, after)
            if (
                unit
                and unit[3] < len(tokens)
                and tokens[unit[3]].lower in ("x", "×", "by")
                and unit[0] == "length"
            ):
                following, link, after = _value(tokens, unit[3] + 1), "x", unit[3]
            if following is None:
                break
        if link == "of" or [t.lower for t in tokens[after : after + 2]] == ["out", "of"]:
            if link == "out":
                following = _value(tokens, after + 2)
            if following is None or kind != "number":
                break
            kind = "pair"
        elif link in ("/", "over") and (link == "over" or _joined(tokens, after - 1, after + 2)):
            kind = "pair"
        elif link in ("x", "×", "by"):
            kind = "size"
        elif link in ("-", "–", "to"):
            kind = "range"
        else:
            break
        values.append(following[0])
        after = following[1]
    if values == [0.5] and after < len(tokens) and tokens[after].lower in ("a", "an"):
        after += 1
    unit = _unit(tokens, after)
    dimension, factor, name = "", 1.0, ""
    if unit is None and at > 0 and tokens[at - 1].lower in ("$", "€", "£"):
        dimension, name = "money", tokens[at - 1].lower
    if unit is not None:
        dimension, factor, name, after = unit
        if [t.lower for t in tokens[after : after + 3]] == ["and", "a", "half"]:
            values, after = [*values[:-1], values[-1] + 0.5], after + 3
        if dimension == "time":
            kind = "time"
            tail = [t.lower for t in tokens[after : after + 3]]
            while tail and tail[0] == "-":
                tail, after = tail[1:], after + 1
            if tail[:1] in (["old"], ["o"]) or tail[:2] == ["of", "age"] or name == "year-old":
                kind, after = (
                    "age",
                    after + (2 if tail[:1] == ["of"] else 1 if tail[:1] in (["old"], ["o"]) else 0),
                )
            elif tail[:1] in (["ago"], ["earlier"], ["prior"], ["previously"], ["before"]):
                kind, after = "ago", after + 1
    comparator = ""
    before = [t.lower for t in tokens[max(0, first - 3) : first]]
    if (
        before[-1:] == ["<"]
        or before[-2:] in (["less", "than"], ["fewer", "than"])
        or before[-1:] in (["under"], ["below"])
    ):
        comparator = "<"
    elif (
        before[-1:] == [">"]
        or before[-2:] in (["more", "than"], ["greater", "than"])
        or before[-1:] == ["above"]
        or (before[-1:] == ["over"] and (kind != "time" or before[-2:-1] in _AT_LEAST))
    ):
        comparator = ">"
    if (
        before[-2:] == [before[-2] if len(before) > 1 else "", "age"]
        or before[-1:] == ["age"]
        or before[-1:] == ["aged"]
    ):
        kind, dimension, factor, name = "age", "time", 365.25 * 86400, "year"
    return Quantity(tuple(values), first, after, kind, dimension, factor, name, comparator)
