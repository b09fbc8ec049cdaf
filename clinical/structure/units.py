"""Units: printed forms to UCUM codes, and conversion of a value between units, through the analyte where needed."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from clinical.structure.lexicon import rules

_SUPER = str.maketrans(
    {"µ": "u", "μ": "u", "×": "x", "²": "2", "³": "3", "⁶": "6", "⁹": "9", "¹": "1", "−": "-"}
)
_BLANKS = re.compile(r"\s+")


class UnitMismatch(ValueError):
    """The two units do not measure the same thing, or the analyte's conversion is not known."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """A unit in base terms: ``value * factor + offset`` of ``kind``."""

    kind: str
    factor: float
    offset: float = 0.0


def normal_unit(printed: str) -> str:
    """``printed`` without blanks, with plain letters for µ and superscripts, lower case."""
    text = _BLANKS.sub("", printed.translate(_SUPER)).lower().rstrip(".")
    return text.replace("mcg", "ug").replace("mcl", "ul").replace("mcmol", "umol")


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, forms in rules("units.toml")["unit"].items():
        codes.setdefault(normal_unit(code), code)
        for form in forms:
            codes.setdefault(normal_unit(form), code)
    return codes


_CASED = {
    "M/uL": "10*6/uL",
    "G/L": "10*9/L",
    "T/L": "10*12/L",
    "g/L": "g/L",
    "L": "L",
    "m": "m",
    "M": None,
    "MET": "[MET]",
}


@lru_cache(maxsize=4096)
def ucum(printed: str) -> str | None:
    """The UCUM code of a printed unit; None where the table does not know it."""
    plain = printed.strip().translate(_SUPER)
    if plain in _CASED:
        return _CASED[plain]
    return _codes().get(normal_unit(plain))


@cache
def unit_pattern() -> re.Pattern[str]:
    """Matches a known printed unit, longest first, where no letter or digit follows."""
    forms = {form for forms in rules("units.toml")["unit"].values() for form in forms}
    forms |= {code for code in rules("units.toml")["unit"] if "{" not in code and "[" not in code}
    parts = []
    for form in sorted(forms, key=lambda f: (-len(f), f)):
        escaped = re.escape(form).replace(r"\ ", r"[ \t]?").replace("u", "[uµμ]").replace("\\^", r"\^?")
        if "mcg" not in form and "ug" in form:
            escaped = escaped.replace("[uµμ]g", "(?:[uµμ]|mc)g")
        if "uL" in form:
            escaped = escaped.replace("[uµμ]L", "(?:[uµμ]|mc)L")
        escaped = escaped.replace("m2", "m[2²]").replace("m3", "m[3³]").replace("x10", "[x×][ \\t]?10")
        escaped = escaped.replace("/", r"[ \t]?/[ \t]?") if "/" in form[1:] else escaped
        parts.append(escaped)
    return re.compile(r"(?:" + "|".join(parts) + r")(?![A-Za-z0-9µμ°/^*])", re.IGNORECASE)


_PREFIX = {"": 1.0, "k": 1e3, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_ATOM = re.compile(r"(k|d|c|m|u|n|p|f)?(g|mol|L|eq|\[IU\]|U|m|s)$")
_SPECIAL = {
    "Cel": _Scale("temperature", 1.0),
    "[degF]": _Scale("temperature", 5 / 9, -160 / 9),
    "[lb_av]": _Scale("g", 453.59237),
    "[oz_av]": _Scale("g", 28.349523125),
    "[in_i]": _Scale("m", 0.0254),
    "[ft_i]": _Scale("m", 0.3048),
    "mm[Hg]": _Scale("pressure", 1.0),
    "kPa": _Scale("pressure", 7.50062),
    "cm[H2O]": _Scale("pressure", 0.735559),
    "%": _Scale("1", 0.01),
    "": _Scale("1", 1.0),
    "min": _Scale("s", 60.0),
    "h": _Scale("s", 3600.0),
    "/uL": _Scale("/L", 1e6),
    "10*3/uL": _Scale("/L", 1e9),
    "10*6/uL": _Scale("/L", 1e12),
    "10*9/L": _Scale("/L", 1e9),
    "10*12/L": _Scale("/L", 1e12),
    "10*6/L": _Scale("/L", 1e6),
    "10*3": _Scale("/L", 1e9),
    "cm2": _Scale("m2", 1e-4),
    "m2": _Scale("m2", 1.0),
    "cm3": _Scale("L", 1e-3),
    "mm/h": _Scale("mm/h", 1.0),
}


@lru_cache(maxsize=512)
def _scale(code: str) -> _Scale | None:
    special = _SPECIAL.get(code)
    if special is not None:
        return special
    top, slash, bottom = code.partition("/")
    upper = _atom(top)
    if upper is None:
        return None
    if not slash:
        return upper
    if "/" in bottom:
        return None
    lower = _SPECIAL.get(bottom) or _atom(bottom)
    if lower is None:
        return None
    return _Scale(f"{upper.kind}/{lower.kind}", upper.factor / lower.factor)


def _atom(code: str) -> _Scale | None:
    match = _ATOM.match(code)
    if match is None:
        return None
    kind = {"[IU]": "U"}.get(match.group(2), match.group(2))
    return _Scale(kind, _PREFIX[match.group(1) or ""])


@lru_cache(maxsize=4096)
def same_kind(first: str, second: str, analyte: str = "") -> bool:
    """Can a value of ``analyte`` in unit ``first`` be told in unit ``second``? (UCUM codes of the table)"""
    if first == second:
        return True
    if _scale(first) is None or _scale(second) is None:
        return False
    try:
        convert(1.0, first, second, analyte)
    except UnitMismatch:
        return False
    return True


def convert(value: float, from_unit: str, to_unit: str, analyte: str = "") -> float:
    """``value`` in another unit.

    Args:
        value: the number.
        from_unit, to_unit: UCUM codes or printed forms.
        analyte: preferred name; needed between mass and amount (mg/dL and mmol/L) or amount and equivalents.

    Raises:
        UnitMismatch: the units do not fit each other for this analyte.
    """
    source, goal = ucum(from_unit) or from_unit, ucum(to_unit) or to_unit
    if source == goal:
        return value
    first, second = _scale(source), _scale(goal)
    if first is None or second is None:
        return _by_library(value, source, goal)
    if first.kind == second.kind:
        return (value * first.factor + first.offset - second.offset) / second.factor
    base = value * first.factor
    head, _, rest = first.kind.partition("/")
    goal_head, _, goal_rest = second.kind.partition("/")
    if analyte == "hematocrit" or rest != goal_rest:
        raise UnitMismatch("the units measure different things")
    amount = _to_moles(base, head, analyte)
    return _from_moles(amount, goal_head, analyte) / second.factor


def _to_moles(base: float, kind: str, analyte: str) -> float:
    data = rules("units.toml")
    if kind == "mol":
        return base
    if kind == "g" and analyte in data["molar"]:
        return base / float(data["molar"][analyte])
    if kind == "eq" and analyte in data["valence"]:
        return base / float(data["valence"][analyte])
    raise UnitMismatch("no conversion is known for this analyte")


def _from_moles(amount: float, kind: str, analyte: str) -> float:
    data = rules("units.toml")
    if kind == "mol":
        return amount
    if kind == "g" and analyte in data["molar"]:
        return amount * float(data["molar"][analyte])
    if kind == "eq" and analyte in data["valence"]:
        return amount * float(data["valence"][analyte])
    raise UnitMismatch("no conversion is known for this analyte")


@cache
def _registry() -> object:
    from ucumvert import PintUcumRegistry  # heavy: loaded only for units outside the table

    return PintUcumRegistry()


def _by_library(value: float, source: str, goal: str) -> float:
    registry = _registry()
    try:
        quantity = registry.from_ucum(source) * value  # type: ignore[attr-defined]
        return float(quantity.to(registry.from_ucum(goal)).magnitude)  # type: ignore[attr-defined]
    except Exception as error:
        raise UnitMismatch("the units do not parse or do not fit each other") from error
