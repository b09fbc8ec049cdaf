"""A reading of a value, and the reference range printed with it: two-sided, one-sided, by sex, or a word."""

import re
from dataclasses import dataclass, field

from clinical.report import Comparator
from clinical.structure import forms
from clinical.structure.units import ucum, unit_pattern

_RANGE_END = re.compile(r"[^()\[\]{}\n\d]{0,24}[)\]}]")


@dataclass(slots=True)
class Reading:
    """What was read. ``strict_low``/``strict_high`` tell "<5" from "≤5"; ``flagged`` is the mark as printed."""

    value_text: str = field(default="", repr=False)
    value: float | None = field(default=None, repr=False)
    comparator: Comparator = "="
    unit: str = ""
    low: float | None = None
    high: float | None = None
    strict_low: bool = False
    strict_high: bool = False
    range_word: str = ""
    has_range: bool = False
    flagged: str = ""
    date: str | None = field(default=None, repr=False)
    value_start: int = 0
    value_end: int = 0
    end: int = 0
    spread: tuple[float, float] | None = field(default=None, repr=False)
    raw_unit: bool = False


def number(text: str) -> float:
    """A printed number: "12,600" and ".5" are numbers."""
    return float(text.replace(",", "").replace("−", "-"))


class RangeReader:
    """Reads ranges at ``self.at`` of ``text`` into ``self.reading``; ``units`` tell which lone letters are units."""

    def __init__(self, text: str, pos: int, limit: int, units: tuple[str, ...], sex: str | None) -> None:
        self.text = text
        self.at = pos
        self.limit = limit
        self.units = units
        self.sex = sex
        self.reading = Reading()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self.text, self.at, self.limit)

    def _sex_range(self) -> bool:
        match = None if self.reading.has_range else self._match(forms.SEX_RANGE)
        if match is None:
            return False
        which = next(
            (
                place
                for place, group in (("1", "first"), ("2", "second"))
                if self.sex and (match.group(group)[0].lower() == "m") == (self.sex == "M")
            ),
            None,
        )
        if which is not None:
            self.reading.low, self.reading.high = (
                number(match.group("low" + which)),
                number(match.group("high" + which)),
            )
            self.reading.has_range = True
        self.at = match.end()
        return True

    def _take_range(self, match: re.Match[str]) -> bool:
        reading = self.reading
        end = match.end()
        unit = unit_pattern().match(self.text, end, self.limit)
        code = None
        if unit is not None:
            lone = len(unit.group()) == 1 and unit.group().isalpha() and not match.group("open")
            code = ucum(unit.group())
            if not lone or code in self.units:
                end = unit.end()
            else:
                code = None
        if match.group("open"):
            closing = _RANGE_END.match(self.text, end, self.limit)
            if closing is None:
                return False
            end = closing.end()
        elif self.text[end : end + 1] in (")", "]"):
            end += 1
        if not self._set_bounds(match):
            return False
        reading.has_range = True
        if code is not None and not reading.unit:
            reading.unit = code
        self.at = end
        return True

    def _set_bounds(self, match: re.Match[str]) -> bool:
        reading = self.reading
        if match.group("low"):
            low, high = number(match.group("low")), number(match.group("high"))
            if low > high:
                return False
            reading.low, reading.high = low, high
        elif match.group("side"):
            side = re.sub(r"\s+", " ", match.group("side").lower())
            bound = number(match.group("bound"))
            if side.startswith(("<", "≤", "=<", "= <", "less", "up", "under", "below", "not")):
                reading.high, reading.strict_high = bound, side in ("<", "less than", "under", "below")
            else:
                reading.low, reading.strict_low = bound, side in (">", "greater than", "above", "over")
        elif match.group("atmost"):
            bound = number(match.group("atmost"))
            if match.group("word2").lower() in ("less", "below", "lower"):
                reading.high = bound
            else:
                reading.low = bound
        else:
            reading.range_word = match.group("word").lower()
        return True
