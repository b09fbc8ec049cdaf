"""Reading what stands after a name: value, comparator, unit, flag and printed range, in any order print uses.

The scanner moves left to right with patterns anchored at one place, so its cost is bounded by what it consumes. It
gives up (None) rather than guess: a number that may be a dose, a date, a time or a count of weeks is no value.
"""

import re

from clinical.structure import forms
from clinical.structure.bounds import RangeReader, Reading, number
from clinical.structure.units import ucum, unit_pattern

_SHORT_FLAG_END = re.compile(r"[,;)\n]|\.(?=\s|$)|$|[ ][ (\[]")
_RANGE_LED = re.compile(r",?[ ]*(?:with[ ]+(?:an?[ ]+)?)?(?=" + forms.LABEL + r"\d)", re.IGNORECASE)
_PER_FIELD = ("/[HPF]", "/[LPF]")


class Scanner(RangeReader):
    """Reads one value after a name in ``text[pos:limit]``.

    Args:
        tabular: the print is a table's or a line's of its own, where bare flags and ranges are to be expected.
        qualitative: a word such as "negative" may be the value.
        spread: two numbers such as "133 to 177" may be the value (vital signs and the like).
        units: UCUM codes the analyte comes in; a lone letter is a unit only if among them.
        sex: chooses between ranges printed by sex.
        wrapped: the text is prose in lines of fixed width; a newline may stand between name, value and unit.
    """

    def __init__(
        self,
        text: str,
        pos: int,
        limit: int,
        *,
        tabular: bool,
        qualitative: bool,
        units: tuple[str, ...] = (),
        spread: bool = False,
        sex: str | None = None,
        wrapped: bool = False,
    ) -> None:
        super().__init__(text, pos, limit, units, sex)
        self.wrapped = wrapped
        self.tabular = tabular
        self.qualitative = qualitative
        self.spread = spread

    def read(self) -> Reading | None:
        """The reading, or None where no value surely stands here."""
        if not self._to_value():
            return None
        self._after_value()
        return self.reading

    def range_into(self, reading: Reading) -> bool:
        """Read a range that stands alone (a cell of a table) into ``reading``."""
        self.reading = reading
        while self.at < self.limit and self.text[self.at] in " \t":
            self.at += 1
        return self._sex_range() or (
            (match := self._match(forms.RANGE)) is not None and self._take_range(match)
        )

    # before the value ---------------------------------------------------------------------------------

    def _to_value(self) -> bool:
        for _ in range(16):
            if self.at >= self.limit:
                return False
            if self._skip(forms.SEPARATOR) or self._key_line() or self._skip(forms.PRIOR_PAREN):
                continue
            if self.tabular and (self._sex_range() or self._early_range()):
                continue
            if self._from_to() or self._wrapped_unit():
                continue
            if self._value():
                return True
            if self.reading.value_end < 0:
                return False
            if self._early_flag() or self._early_unit():
                continue
            if self._word_value():
                return True
            if self._skip(forms.LINK) or self._skip(forms.KEY) or self._early_date():
                continue
            if self._skip(forms.PLAIN_PAREN) or self._skip(forms.TAG_PAREN):
                continue
            return False
        return False

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = self._match(pattern)
        if match is None or match.end() == self.at:
            return False
        self.at = match.end()
        return True

    def _wrap(self) -> bool:
        """A newline that only wraps running text is a blank."""
        if not self.text.startswith("\n", self.at) or self.text[self.at + 1 : self.at + 2].isspace():
            return False
        hanging = self.text[max(0, self.at - 3) : self.at].rstrip()[-1:] == ":"
        if not self.wrapped and not (hanging and self.text[self.at + 1 : self.at + 2].isdigit()):
            return False
        self.at += 1
        return True

    def _key_line(self) -> bool:
        """A block of keys under the name: the next line begins with "Result:" and the like."""
        if self._wrap():
            return True
        if not self.tabular or not self.text.startswith("\n", self.at):
            return False
        following = self.text[self.at + 1 : self.at + 48].lstrip(" \t")
        if forms.KEY.match(following) is None:
            return False
        self.at += 1
        return True

    def _from_to(self) -> bool:
        if self.text[self.at : self.at + 1].lower() not in tuple("fgrwdihctpmsu"):
            return False
        return self._skip(forms.FROM_TO)

    def _early_date(self) -> bool:
        match = self._match(forms.DATE)
        if match is None:
            return False
        self.reading.date = forms.iso_date(match)
        self.at = match.end()
        return True

    def _early_flag(self) -> bool:
        if not self.tabular or self.reading.flagged:
            return False
        match = self._match(forms.FLAG) or self._match(forms.STAR) or self._match(forms.EARLY_STAR)
        if match is None:
            return False
        word = match.group("word")
        if len(word) <= 2 and word.isalpha() and (not word.isupper() or word in ("A", "N", "C")):
            return False
        if (
            word.lower() in ("normal", "abnormal")
            and self.qualitative
            and not self._number_ahead(match.end())
        ):
            return False
        self.reading.flagged = word
        self.at = match.end()
        return True

    def _number_ahead(self, at: int) -> bool:
        return re.search(r"\d", self.text[at : self.limit].split("\n", 1)[0]) is not None

    def _wrapped_unit(self) -> bool:
        return self.text[self.at : self.at + 1] in ("(", "[") and self._early_unit()

    def _early_unit(self) -> bool:
        wrapped = self.text[self.at : self.at + 1] in ("(", "[")
        match = unit_pattern().match(self.text, self.at + wrapped, self.limit)
        if match is None:
            return False
        code = ucum(match.group())
        if code is None or (len(match.group()) < 2 and match.group() != "%"):
            return False
        end = match.end()
        if wrapped:
            if self.text[end : end + 1] not in (")", "]"):
                return False
            end += 1
        elif not self.tabular and match.group() != "%":
            return False
        self.reading.unit = code
        self.at = end
        return True

    def _early_range(self) -> bool:
        match = self._match(forms.RANGE)
        if match is None or match.group("word"):
            return False
        if match.group("label") and not match.group("label").isspace():
            return self._take_range(match)
        if not match.group("low") and not (match.group("open") and match.group("side")):
            return False
        return self._number_ahead(match.end()) and self._take_range(match)

    # the value ----------------------------------------------------------------------------------------

    def _value(self) -> bool:
        opened = self.text[self.at : self.at + 1] in ("(", "[")
        match = forms.VALUE.match(self.text, self.at + opened, self.limit)
        if match is None:
            return False
        span = forms.SPAN_VALUE.match(self.text, match.start("num"), self.limit)
        if span is not None:
            return self._span_value(span, opened)
        end = match.end()
        decimals = match.group("comma") or ""
        if decimals and not unit_pattern().match(
            self.text, end + (self.text[end : end + 1] == " "), self.limit
        ):
            end, decimals = match.start("comma"), ""
        if not self._ends_well(end):
            return False
        value = number(match.group("num") + decimals.replace(",", "."))
        sign = match.group("sign") or ""
        if sign in ("-", "−") and self.text[match.start() - 1 : match.start()].isalnum():
            self.reading.value_end = -1
            return False
        if opened and not re.search(r"[)\]]", self.text[end : end + 16]):
            return False
        reading = self.reading
        reading.value = -value if sign in ("-", "−") else value
        word = re.sub(r"\s*([<>=])\s*", r"\1", (match.group("cmp") or "").strip().lower())
        reading.comparator = forms.COMPARATORS.get(word, "=")
        arrow = forms.ARROW.match(self.text, end, self.limit)
        if arrow is not None:
            self.at = arrow.end()
            return self._value()
        reading.value_text = self.text[match.start() : end].strip()
        reading.value_start, reading.value_end = match.start(), end
        self.at = reading.end = end
        return True

    def _ends_well(self, end: int) -> bool:
        """Is what follows the number no sign that it is something else (a date, a dose, an ordinal)?"""
        following = self.text[end : min(end + 24, self.limit)]
        if following[:1] == "+" or (following[:1].isalpha() and not self._glued(end)):
            return False
        unit_at = end + len(following) - len(following.lstrip(" \t|"))
        if not unit_pattern().match(self.text, unit_at, self.limit) and forms.NOT_VALUE_AFTER.match(
            following
        ):
            return False
        if following[:1] not in ("-", "–"):
            return True
        return not (following[1:2].isdigit() or (following[1:2].isalpha() and not self._glued(end + 1)))

    def _glued(self, at: int) -> bool:
        """Does a unit or a flag follow the number without a blank ("98.6F", "5.9H")?"""
        unit = unit_pattern().match(self.text, at, self.limit)
        if unit is not None and (
            len(unit.group()) > 1 or unit.group() == "%" or ucum(unit.group()) in self.units
        ):
            return True
        flag = forms.FLAG.match(self.text, at, self.limit)
        return flag is not None and flag.group("word").isupper()

    def _span_value(self, span: re.Match[str], opened: bool) -> bool:
        """Two numbers are a value where such values are usual ("0-5 /hpf", "EF 55-60%"), and never one number."""
        at = span.end()
        unit = unit_pattern().match(self.text, at + (self.text[at : at + 1] == " "), self.limit)
        code = ucum(unit.group()) if unit else None
        low, high = number(span.group("low")), number(span.group("high"))
        per_field = code in _PER_FIELD
        if not per_field and (not self.spread or opened):
            if self.spread or not self.tabular:
                self.reading.value_end = -1
            return False
        if not per_field and code is None and forms.NOT_VALUE_AFTER.match(self.text, at, self.limit):
            return False
        self.reading.value_text = span.group()
        self.reading.spread = (low, high)
        self.reading.value_start, self.reading.value_end = span.span()
        self.at = self.reading.end = span.end()
        return True

    def _word_value(self) -> bool:
        match = self._match(forms.WORD_VALUE) if self.qualitative else None
        if match is None:
            return False
        self.reading.value_text = match.group()
        self.reading.value_start, self.reading.value_end = match.span()
        self.at = self.reading.end = match.end()
        return True

    # after the value ----------------------------------------------------------------------------------

    def _after_value(self) -> None:
        self._take_parts()
        end = self.reading.end
        while end > self.reading.value_end and self.text[end - 1] in " \t|,;:":
            end -= 1
        self.reading.end = end
        opening = self.text[self.reading.value_start - 1 : self.reading.value_start]
        if self.text[end : end + 1] in (")", "]") and opening in ("(", "["):
            self.reading.end += 1

    def _take_parts(self) -> None:
        for _ in range(14):
            before = self.at
            self._soft_separator()
            if self.at >= self.limit:
                break
            if self._skip(forms.PRIOR_PAREN):
                continue
            if self._sex_range() or self._range() or self._unit() or self._flag() or self._unknown_unit():
                self.reading.end = self.at
                continue
            if self._late_date():
                self.reading.end = self.at
                continue
            self.at = before
            if not self._next_key_line():
                break

    def _soft_separator(self) -> None:
        allowed = " \t|,;:~_" if self.tabular else " \t"
        self._wrap()
        at = self.at
        text, limit = self.text, self.limit
        while at < limit and text[at] in allowed:
            at += 1
        if self.wrapped and text.startswith("\n", at) and unit_pattern().match(text, at + 1, limit):
            at += 1
        led = None if self.tabular else _RANGE_LED.match(text, at, limit)
        if led is not None:
            at = led.end()
        if self.tabular and text.startswith("..", at):
            while at < limit and text[at] in ". ":
                at += 1
        if self.tabular and text.startswith("-", at) and text[at + 1 : at + 2] in (" ", "|", "\t", "-"):
            while at < limit and text[at] in "- \t|":
                at += 1
        self.at = at

    def _next_key_line(self) -> bool:
        if not self.tabular or self.at >= self.limit or self.text[self.at] != "\n":
            return False
        following = self.text[self.at + 1 : self.at + 60]
        blank = len(following) - len(following.lstrip(" \t"))
        match = forms.KEY.match(following, blank)
        if match is None:
            return False
        keyed = match.group().lower().startswith(("ref", "normal", "flag"))
        self.at += 1 + (blank if keyed else match.end())
        return True

    def _unit(self) -> bool:
        reading = self.reading
        if reading.unit and not self.tabular:
            return False
        wrapped = self.text[self.at : self.at + 1] in ("(", "[")
        match = unit_pattern().match(self.text, self.at + wrapped, self.limit)
        if match is None:
            return False
        printed = match.group()
        code = ucum(printed)
        if code is None or (reading.unit and code != reading.unit):
            return False
        lone = len(printed) == 1 and printed.isalpha()
        if (lone or printed in ("in", "min")) and code not in self.units:
            return False
        end = match.end()
        if wrapped:
            if self.text[end : end + 1] not in (")", "]"):
                return False
            end += 1
        reading.unit = code
        self.at = end
        return True

    def _unknown_unit(self) -> bool:
        """A unit that the table does not know is kept as printed, in tables only."""
        match = self._match(forms.UNKNOWN_UNIT) if self.tabular and not self.reading.unit else None
        if match is None:
            return False
        self.reading.unit, self.reading.raw_unit = match.group(), True
        self.at = match.end()
        return True

    def _flag(self) -> bool:
        if self.reading.flagged:
            return False
        opened = self._match(forms.OPEN_FLAG)
        if opened is not None:
            self.reading.flagged = opened.group("word")
            self.at = opened.end()
            return True
        match = self._match(forms.FLAG) or self._match(forms.STAR)
        if match is None:
            return False
        word, raw = match.group("word"), match.group()
        wrapped = raw[0] in "([<{" and raw[-1] in ")]>}"
        short = len(word) <= 2 and word.isalpha()
        if short and not word.isupper():
            return False
        after = self.text[match.end() : match.end() + 3]
        if not self.tabular:
            if not wrapped and not (
                short and word in ("H", "L", "HH", "LL") and _SHORT_FLAG_END.match(after)
            ):
                return False
        elif short and word in ("A", "N", "C") and not wrapped:
            ends = after[:1] in ("", "\n", "|", "\t") or after[:2] == "  "
            if not ends and after.strip()[:1] not in ("(", "[") and not after[:2].strip().isdigit():
                return False
        elif (
            not short
            and not wrapped
            and word.islower()
            and word.isalpha()
            and after[:2].strip()[:1].isalpha()
        ):
            return False
        tail = (match.groupdict().get("tail") or "").strip()
        self.reading.flagged = word + tail if short else word
        self.at = match.end()
        return True

    def _late_date(self) -> bool:
        match = self._match(forms.DATE)
        if match is not None and (match.group().startswith(("(", "on")) or self.tabular):
            self.reading.date = self.reading.date or forms.iso_date(match)
            self.at = match.end()
            return True
        return self.tabular and self._skip(forms.TAG_PAREN)

    def _range(self) -> bool:
        if self.reading.has_range:
            return False
        match = self._match(forms.RANGE)
        if match is None:
            return False
        opened = bool(match.group("open"))
        label = bool(match.group("label") and match.group("label").strip())
        if match.group("word") and not (self.tabular and (opened or label or self.reading.value is None)):
            return False
        if not self.tabular and not opened and not label:
            return False
        return self._take_range(match)
