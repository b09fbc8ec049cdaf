"""Reading what stands after a name: value, comparator, unit, flag and printed range, in any order print uses.

The scanner moves left to right with patterns anchored at one place, so its cost is bounded by what it consumes. It
gives up (None) rather than guess: a number that may be a dose, a date, a time or a count of weeks is no value.
"""

import re
from dataclasses import dataclass, field

from clinical.report import Comparator, Flag
from clinical.structure.units import ucum, unit_pattern

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(
    r"(?P<cmp>(?:[<>]\s?=|=\s?[<>]|[<>≤≥]|less than or equal to|greater than or equal to|less than|greater than|more than|"
    r"at least|lower than|higher than|below|above|over|under)[ \t]*)?(?P<sign>[-−+](?=[\d.]))?(?P<num>"
    + NUMBER
    + r")"
    r"(?P<comma>,\d{1,2}(?![\d,]))?",
    re.IGNORECASE,
)
_COMPARATORS: dict[str, Comparator] = {
    "<": "<", "<=": "<=", "=<": "<=", "≤": "<=", ">": ">", ">=": ">=", "=>": ">=", "≥": ">=", "less than": "<",
    "less than or equal to": "<=", "greater than or equal to": ">=", "greater than": ">", "more than": ">",
    "at least": ">=", "lower than": "<", "higher than": ">", "below": "<", "above": ">", "over": ">", "under": "<",
}  # fmt: skip
_NOT_VALUE_AFTER = re.compile(
    r"[ \t]*(?:(?:st|nd|rd|th)\b|['’](?:s|\d)|/\d|:\d\d|-?(?:year|yr|week|wk|month|day|hour|hr|minute)s?\b|[ap]\.?m\b|"
    r"%?[ -]?(?:percentile|%ile)|(?:times?|x|×)[ \t]*\d|tabs?\b|tablets?\b|pills?\b|p\.?o\b|out of \d|"
    r"(?:of|more|or)[ \t]+(?:the|these)\b|pack|foot\b|french\b|fr\b|gauge\b|o'clock|and a half)",
    re.IGNORECASE,
)
_LABEL = (
    r"(?:biological[ ]+)?(?:reference|ref\.?|normal|nl\.?|norm\.?|expected|therapeutic|desirable|rr)"
    r"(?:[ ]*(?:range|interval|values?|limits?|int\.?|rng))?(?:[ ]+(?:is|of))?[ \t]*[:=]?[ \t]*"
)
_SIGNED = r"[-−+]?" + NUMBER
_DASH = r"(?:-{1,2}|–|—|‐|‑|−|~|\.\.|to|thru|through)"
_ONE_SIDED = (
    r"(?:<[ ]?=|>[ ]?=|=[ ]?<|=[ ]?>|[<>≤≥]|less than or equal to|greater than or equal to|less than|greater than|up to|"
    r"under|below|above|over|at least|not more than)"
)
_WORDS_RANGE = r"(?:negative|neg|non-?reactive|not detected|none seen|none detected|none|absent|normal|clear|positive|immune)"
_UNIT_TAIL = r"[A-Za-zµμ%°/0-9^*.²³]{1,22}(?:[ ]?/[ ]?1\.73[ ]?m[2²])?"
_RANGE = re.compile(
    r"(?P<open>[(\[{]?)[ \t]*(?P<label>" + _LABEL + r")?[(\[]?(?:"
    r"(?P<low>" + _SIGNED + r")[ \t]*(?P<lowunit>%|[A-Za-zµμ][A-Za-zµμ/0-9^]{0,9})?[ \t]*" + _DASH + r"[ \t]*(?P<high>"
    + _SIGNED + r")(?![\d/-])"
    r"|(?P<side>" + _ONE_SIDED + r")[ \t]*(?P<bound>" + NUMBER + r")"
    r"|(?P<word>" + _WORDS_RANGE + r")(?![A-Za-z])"
    r")[ \t]*",
    re.IGNORECASE,
)  # fmt: skip
_FLAG = re.compile(
    r"(?:flag[ \t]*[:=][ \t]*)?[(\[<{]?\*{0,3}[ \t]?(?P<word>critical(?:ly)?(?:[ -](?:high|low|value|result))?|crit(?:[ -](?:high|low))?|"
    r"panic(?:[ -](?:high|low|value))?|very (?:high|low)|abnormal(?:[ -](?:high|low))?|abn|high|low|elevated|normal|wnl|"
    r"HH|LL|HI|LO|CH|CL|H|L|A|N|C|↑+|↓+|▲+|▼+)(?P<tail>[ \t]?[*!]{1,3}|[*!]{0,3})[)\]>}]?(?![A-Za-z0-9/'’+-])",
    re.IGNORECASE,
)
_STAR = re.compile(r"[(\[]?(?P<word>\*{1,3}|!{1,3})[)\]]?(?![A-Za-z0-9*])")
QUALITATIVE = (
    r"(?:non[- ]?reactive|not detected|none detected|none seen|weakly positive|weak positive|strongly positive|indeterminate|"
    r"equivocal|negative|positive|reactive|detected|trace|moderate|small|large|few|many|rare|occasional|loaded|numerous|"
    r"clear|cloudy|turbid|hazy|slightly cloudy|light yellow|dark yellow|pale yellow|yellow|straw|amber|colorless|red|brown|"
    r"absent|present|none|neg|pos|nonimmune|non-immune|immune|normal|abnormal|too numerous to count|tntc|[1-4]\+|\+[1-4]|"
    r"\+{1,4}|AB[ -]?(?:positive|negative|pos|neg)|[ABO][ -]?(?:positive|negative|pos|neg)|[ABO][+-])"
)
_QUALITATIVE = re.compile(QUALITATIVE + r"(?![A-Za-z0-9])", re.IGNORECASE)
_SPAN_VALUE = re.compile(r"(?P<low>" + NUMBER + r")[ ]?(?:-|–|to)[ ]?(?P<high>" + NUMBER + r")(?![\d/.-]*\d)")
_LINK = re.compile(
    r"(?:levels?|counts?|values?|results?|rates?|readings?|scores?|concentration|measurements?|titers?|today|now|currently|"
    r"is|was|are|were|be|been|being|of|at|to be|to|found|measured|measuring|measures|estimated|calculated|approximately|"
    r"approx\.?|about|around|roughly|nearly|only|initially|again|still|also|just|mildly|slightly|somewhat|markedly|"
    r"significantly|quite|very|severely|moderately|minimally|borderline|elevated|low|high|normal|stable|down|up|increased|"
    r"decreased|reduced|depressed|improved|worsened|dropped|fell|rose|risen|came|come|back|returned|has|had|have|reported|"
    r"reported as|as|noted|recorded|showed|shows|showing|reveals?|revealed|equals?|equal|on admission|on room air|in room air|"
    r"at discharge|on discharge|on arrival|at rest|at home|this morning|for|the|a|an|his|her|patient's|total|serum|repeat|"
    r"repeated|recent|latest|most recent|last|current|oral|orally|tympanic|rectal|axillary|sitting|standing|supine|regular|"
    r"in the|right arm|left arm|fasting|random|then|by|it|which|peak|max|maximum|remains|remained|ranging|recheck|"
    r"rechecked|result|value|afebrile at|afebrile|bradycardic at|tachycardic at)(?![A-Za-z])",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"(?:(?:has|have|had)[ ]+)?(?:gone|went|risen|rose|fallen|fell|dropped|increased|decreased|improved|declined|came down|"
    r"come down|worsened|climbed|progressively|decreasing|increasing|trended|trending|down|up|changed|reduced|elevated|"
    r"progressed|[ ]|,)*[ ]*from[ ]+(?:a[ ]+\w+[ ]+of[ ]+)?(?P<first>"
    + NUMBER
    + r")[^.\d\n;]{0,40}?[ ](?:down[ ]|up[ ])?to[ ]+",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"(?:[ \t]+|[|:=,;~]|\.{2,}|_{2,}|-{2,}|–(?=[ \t])|-(?=[ \t]))+")
_PLAIN_PAREN = re.compile(r"[(\[][A-Za-z][A-Za-z0-9 ,.'/+-]{0,40}[)\]]")
_PRIOR_PAREN = re.compile(
    r"[(\[][ ]?(?:prior|previous|previously|prev|was|last|baseline|up from|down from|from)\b[^()\[\]\n]{0,60}[)\]]",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(?:result|value|flag|units?|reference range|ref(?:erence)?(?: range| interval)?|normal range|abnormal)[ \t]*:",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\(?(?:on[ ]+)?(?P<date>(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d{2})|(?P<iso>\d{4}-\d{2}-\d{2}))\)?(?!\d)"
)
_TAG_PAREN = re.compile(r"[(\[]*\[[A-Z]{2,9}[^\]\n]{0,16}\][)\]]?")


@dataclass(slots=True)
class Reading:
    """What was read. ``strict_low``/``strict_high`` tell "<5" from "≤5"; ``tabular`` that the print is a table's."""

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
    flag: Flag | None = None
    flagged: str = ""
    date: str | None = field(default=None, repr=False)
    value_start: int = 0
    value_end: int = 0
    end: int = 0
    labelled: bool = False


def number(text: str) -> float:
    """A printed number: "12,600" and ".5" are numbers."""
    return float(text.replace(",", "").replace("−", "-"))


class Scanner:
    """Reads one value after a name in ``text[pos:limit]``."""

    def __init__(
        self, text: str, pos: int, limit: int, *, tabular: bool, qualitative: bool, units: tuple[str, ...]
    ):
        self.text = text
        self.at = pos
        self.limit = limit
        self.tabular = tabular
        self.qualitative = qualitative
        self.units = units
        self.reading = Reading()

    def read(self) -> Reading | None:
        """The reading, or None where no value surely stands here."""
        if not self._to_value():
            return None
        self._after_value()
        return self.reading

    # before the value -------------------------------------------------------------------------------------------

    def _to_value(self) -> bool:
        for _ in range(14):
            if self.at >= self.limit:
                return False
            if self._separator() or self._prior():
                continue
            if self.tabular and (self._labelled_range() or self._wrapped_range()):
                continue
            if self._from_to():
                continue
            if self._value():
                return True
            if self._early_flag() or self._early_unit() or self._link():
                continue
            if self._word_value():
                return True
            if self._early_date() or self._paren():
                continue
            return False
        return False

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self.text, self.at, self.limit)

    def _separator(self) -> bool:
        match = self._match(_SEPARATOR)
        if match is not None:
            self.at = match.end()
            return True
        if self.tabular and self.text.startswith("\n", self.at):
            following = self.text[self.at + 1 : self.at + 48].lstrip(" \t")
            if _KEY.match(following):
                self.at += 1
                return True
        return False

    def _prior(self) -> bool:
        match = self._match(_PRIOR_PAREN)
        if match is not None:
            self.at = match.end()
        return match is not None

    def _from_to(self) -> bool:
        if self.text[self.at : self.at + 1] not in "fgrwdihct":
            return False
        match = self._match(_FROM_TO)
        if match is not None:
            self.at = match.end()
        return match is not None

    def _link(self) -> bool:
        match = self._match(_LINK) or self._match(_KEY)
        if match is not None:
            self.at = match.end()
        return match is not None

    def _paren(self) -> bool:
        match = self._match(_PLAIN_PAREN) or self._match(_TAG_PAREN)
        if match is not None:
            self.at = match.end()
        return match is not None

    def _early_date(self) -> bool:
        match = self._match(_DATE)
        if match is None:
            return False
        self.reading.date = _iso(match)
        self.at = match.end()
        return True

    def _early_flag(self) -> bool:
        match = self._match(_FLAG) or (self._match(_STAR) if self.tabular else None)
        if match is None:
            return False
        word = match.group("word")
        bare = len(word) <= 2 and word.isalpha()
        if bare and (not self.tabular or not word.isupper() or word in ("A", "N", "C")):
            return False
        if not bare and not self.tabular:
            return False
        self.reading.flagged = word
        self.at = match.end()
        return True

    def _early_unit(self) -> bool:
        at = self.at + (self.text[self.at : self.at + 1] in ("(", "["))
        match = unit_pattern().match(self.text, at, self.limit)
        if match is None:
            return False
        code = ucum(match.group())
        wrapped = at > self.at
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

    # the value --------------------------------------------------------------------------------------------------

    def _value(self) -> bool:
        opened = self.text[self.at : self.at + 1] in ("(", "[")
        at = self.at + opened
        match = _NUMBER.match(self.text, at, self.limit)
        if match is None:
            return False
        span = _SPAN_VALUE.match(self.text, match.start("num"), self.limit)
        if span is not None:
            return self._span_value(span)
        end = match.end()
        printed = self.text[match.start("num") : end]
        if match.group("comma") and not unit_pattern().match(
            self.text, end + (self.text[end : end + 1] == " ")
        ):
            end = match.start("comma")
            printed = match.group("num")
        number_text = match.group("num") + (printed[len(match.group("num")) :].replace(",", "."))
        following = self.text[end : end + 24]
        if following[:1] == "+" or (following[:1].isalpha() and not self._glued(end)):
            return False
        unit_at = end + (self.text[end : end + 1] == " ")
        if not unit_pattern().match(self.text, unit_at, self.limit) and _NOT_VALUE_AFTER.match(following):
            return False
        if following[:1] in ("-", "–") and following[1:2].isdigit():
            return False
        sign = match.group("sign") or ""
        if sign in ("-", "−") and self.text[at - 1 : at].isalnum():
            sign = ""
        value = number(number_text)
        comparator = (match.group("cmp") or "=").strip().lower().replace(" =", "=").replace("> ", ">")
        self.reading.value = -value if sign in ("-", "−") else value
        self.reading.comparator = _COMPARATORS.get(comparator, "=") if comparator != "=" else "="
        self.reading.value_text = self.text[match.start() : end].strip()
        self.reading.value_start = match.start()
        self.reading.value_end = end
        self.at = end
        self.reading.end = end
        if opened:
            closing = self.text[end : end + 12]
            if ")" not in closing and "]" not in closing:
                return False
        return True

    def _glued(self, at: int) -> bool:
        """Does a unit or a flag follow the number without a blank ("98.6F", "5.9H")?"""
        if unit_pattern().match(self.text, at, self.limit):
            return True
        flag = _FLAG.match(self.text, at, self.limit)
        return flag is not None and flag.group("word").isupper()

    def _span_value(self, span: re.Match[str]) -> bool:
        """ "0-5" per field is a value; elsewhere two numbers with a dash are not one value."""
        at = span.end()
        unit = unit_pattern().match(self.text, at + (self.text[at : at + 1] == " "), self.limit)
        code = ucum(unit.group()) if unit else None
        if code not in ("/[HPF]", "/[LPF]"):
            return False
        self.reading.value_text = span.group()
        self.reading.value_start, self.reading.value_end = span.span()
        self.at = self.reading.end = span.end()
        return True

    def _word_value(self) -> bool:
        if not self.qualitative:
            return False
        match = self._match(_QUALITATIVE)
        if match is None:
            return False
        self.reading.value_text = match.group()
        self.reading.value_start, self.reading.value_end = match.span()
        self.at = self.reading.end = match.end()
        return True

    # after the value --------------------------------------------------------------------------------------------

    def _after_value(self) -> None:
        self._take_parts()
        end = self.reading.end
        while end > self.reading.value_end and self.text[end - 1] in " \t|,;:":
            end -= 1
        self.reading.end = end
        closing = self.text[end : end + 1]
        opening = self.text[self.reading.value_start - 1 : self.reading.value_start]
        if closing in (")", "]") and opening in ("(", "["):
            self.reading.end += 1

    def _take_parts(self) -> None:
        for _ in range(12):
            before = self.at
            skipped = self._soft_separator()
            if self.at >= self.limit:
                break
            if self._prior():
                continue
            if (self._range() or self._unit() or self._flag(glued=not skipped)) or self._late_date():
                self.reading.end = self.at
                continue
            self.at = before
            if not self._next_key_line():
                break

    def _soft_separator(self) -> bool:
        allowed = " \t|,;:~" if self.tabular else " \t"
        at = self.at
        text, limit = self.text, self.limit
        while at < limit and text[at] in allowed:
            at += 1
        if (
            not self.tabular
            and text[at : at + 1] == ","
            and re.match(r",[ ]*" + _LABEL, text[at : at + 24], re.I)
        ):
            at += 2
        moved = at > self.at
        self.at = at
        if self.tabular and text.startswith("-", at) and text[at + 1 : at + 2] in (" ", "|", "\t", "-"):
            while self.at < limit and text[self.at] in "- \t|":
                self.at += 1
        return moved

    def _next_key_line(self) -> bool:
        if not self.tabular or self.at >= self.limit or self.text[self.at] != "\n":
            return False
        following = self.text[self.at + 1 : self.at + 60]
        blank = len(following) - len(following.lstrip(" \t"))
        match = _KEY.match(following, blank)
        if match is None:
            return False
        self.at += (
            1 + match.end() if not match.group().lower().startswith(("ref", "normal", "flag")) else 1 + blank
        )
        return True

    def _unit(self) -> bool:
        if self.reading.unit and not self.tabular:
            return False
        at = self.at + (self.text[self.at : self.at + 1] in ("(", "["))
        match = unit_pattern().match(self.text, at, self.limit)
        if match is None:
            return False
        code = ucum(match.group())
        printed = match.group()
        if code is None or (self.reading.unit and code != self.reading.unit):
            return False
        if len(printed) == 1 and printed.isalpha() and not self._fits(code):
            return False
        if printed == "in" and not self.tabular and not self._fits(code):
            return False
        end = match.end()
        if at > self.at:
            if self.text[end : end + 1] not in (")", "]"):
                return False
            end += 1
        self.reading.unit = code
        self.at = end
        return True

    def _fits(self, code: str) -> bool:
        return code in self.units

    def _flag(self, *, glued: bool) -> bool:
        if self.reading.flagged:
            return False
        match = self._match(_FLAG) or self._match(_STAR)
        if match is None:
            return False
        word = match.group("word")
        raw = match.group()
        wrapped = raw[0] in "([<{" and raw[-1] in ")]>}"
        short = len(word) <= 2 and word.isalpha()
        if short and not word.isupper():
            return False
        if not self.tabular:
            after = self.text[match.end() : match.end() + 3]
            sure = wrapped or (
                short
                and word in ("H", "L", "HH", "LL")
                and re.match(r"[,;)\n]|\.(?=\s|$)|$|[ ][ (\[]", after)
            )
            if not sure:
                return False
        elif short and word in ("A", "N", "C") and not wrapped:
            after = self.text[match.end() : match.end() + 2]
            if (
                after[:1] not in ("", "\n", "|", "\t")
                and after[:2] != "  "
                and not after[:2].strip().isdigit()
            ):
                return False
        elif (
            not short
            and not wrapped
            and word.isalpha()
            and word.islower()
            and self.text[match.end() : match.end() + 2].strip()[:1].isalpha()
        ):
            return False
        self.reading.flagged = (
            word + (match.groupdict().get("tail") or "").strip() if word.isalpha() and short else word
        )
        self.at = match.end()
        return True

    def _late_date(self) -> bool:
        match = self._match(_DATE)
        if match is not None and (match.group().startswith(("(", "on")) or self.tabular):
            self.reading.date = self.reading.date or _iso(match)
            self.at = match.end()
            return True
        match = self._match(_TAG_PAREN)
        if match is not None and self.tabular:
            self.at = match.end()
            return True
        return False

    # ranges -----------------------------------------------------------------------------------------------------

    def _labelled_range(self) -> bool:
        match = self._match(_RANGE)
        return (
            match is not None
            and bool(match.group("label"))
            and not match.group("word")
            and self._take_range(match)
        )

    def _wrapped_range(self) -> bool:
        match = self._match(_RANGE)
        if match is None or match.group("word"):
            return False
        if match.group("open"):
            return bool(match.group("low")) and self._take_range(match)
        return bool(match.group("low")) and self._more_numbers(match.end()) and self._take_range(match)

    def _more_numbers(self, at: int) -> bool:
        return re.search(r"\d", self.text[at : self.limit].split("\n", 1)[0]) is not None

    def _range(self) -> bool:
        if self.reading.has_range:
            return False
        match = self._match(_RANGE)
        if match is None:
            return False
        opened, label = bool(match.group("open")), bool(match.group("label"))
        if match.group("word") and not (self.tabular and (opened or label or self.reading.value is None)):
            return False
        if not self.tabular and not opened and not label:
            return False
        if not self.tabular and opened and not label and not match.group("low") and not match.group("side"):
            return False
        return self._take_range(match)

    def _take_range(self, match: re.Match[str]) -> bool:
        reading = self.reading
        end = match.end()
        unit = unit_pattern().match(self.text, end, self.limit)
        code = None
        if unit is not None:
            code = ucum(unit.group())
            end = unit.end()
        if match.group("open"):
            closing = re.compile(r"[^()\[\]{}\n\d]{0,24}[)\]}]").match(self.text, end, self.limit)
            if closing is None:
                return False
            end = closing.end()
        elif self.text[end : end + 1] in (")", "]"):
            end += 1
        if match.group("low"):
            low, high = number(match.group("low")), number(match.group("high"))
            if low > high:
                return False
            reading.low, reading.high = low, high
        elif match.group("side"):
            side = re.sub(r"\s+", " ", match.group("side").lower())
            bound = number(match.group("bound"))
            if side.startswith(("<", "≤", "=<", "= <", "less", "up", "under", "below", "not")):
                reading.high = bound
                reading.strict_high = side in ("<", "less than", "under", "below")
            else:
                reading.low = bound
                reading.strict_low = side in (">", "greater than", "above", "over")
        else:
            reading.range_word = match.group("word").lower()
        reading.has_range = True
        reading.labelled = bool(match.group("label") or match.group("open"))
        if code is not None and not reading.unit:
            reading.unit = code
        self.at = end
        return True


def _iso(match: re.Match[str]) -> str | None:
    if match.group("iso"):
        return match.group("iso")
    month, day, year = int(match.group("m")), int(match.group("d")), int(match.group("y"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if year < 100:
        year += 2000 if year < 50 else 1900
    return f"{year:04d}-{month:02d}-{day:02d}"
