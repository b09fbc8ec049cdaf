"""Dates in every form that reports write them, and the report's own date."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from clinical.deidentify.fields import Field

LAYER = "dates"

_ENGLISH = (
    "january jan",
    "february feb febr",
    "march mar",
    "april apr",
    "may",
    "june jun",
    "july jul",
    "august aug",
    "september sept sep",
    "october oct",
    "november nov",
    "december dec",
)
_SPANISH = (
    "enero ene",
    "febrero feb",
    "marzo mar",
    "abril abr",
    "mayo",
    "junio jun",
    "julio jul",
    "agosto ago",
    "septiembre setiembre sept sep set",
    "octubre oct",
    "noviembre nov",
    "diciembre dic",
)
_WEEKDAY = (
    r"(?:(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thu(?:rs)?|fri|sat|sun"
    r"|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo)\.?,?[ ]+)?"
)
_UNITS = (
    r"[ ]?(?:mg|ml|cc|mm|cm|mcg|units|tablets|pounds|lbs|years|weeks|days|hours|months|minutes|x|times|french|gauge"
    r"|inch|vicryl|nylon|chromic|pds|prolene|suture|strength|pain|scale|systolic|murmur)\b"
)
_TAIL = r"(?!\w|/\d|-\d(?!\d?/)|\.\d)"


@dataclass(frozen=True, slots=True)
class DateFound:
    """A date; ``day`` is None where a part of it is missing."""

    start: int
    end: int
    day: date | None
    score: float


class DateForms:
    """The forms of one language, compiled once.

    Args:
        language: ``en`` or ``es``; Spanish texts write the day first and may hold English months.
    """

    def __init__(self, language: str) -> None:
        self._day_first = language == "es"
        lists = (_ENGLISH, _SPANISH) if self._day_first else (_ENGLISH,)
        self._months = {
            name: number
            for months in lists
            for number, names in enumerate(months, start=1)
            for name in names.split()
        }
        names = sorted(self._months, key=len, reverse=True)
        month = rf"(?P<mon>{'|'.join(names)})\.?"
        sure = [n for n in names if n not in {"may", "mar", "set", "dic"}]
        cased = "|".join([*(n.title() for n in sure), *(n.upper() for n in sure), "May", "Mar", "MAY"])
        titled = rf"(?P<mon>(?-i:{cased}))\.?"
        day = r"(?P<d>[0-3]?\d)(?:st|nd|rd|th|º|ª|°)?"
        year = r"(?P<y>(?:19|20)\d\d|'?\d\d)"
        year4 = r"(?P<y>(?:19|20)\d\d)"
        step = r"[ ]*(?:,|-|/|\.|[ ]of|[ ]de[l]?)?(?:[ ]*|[ ]?\n)"
        self._whole = _compile(
            # 2024-11-20, 2024/11/20, 2024.11.20, with or without a time
            rf"(?<![\w/.-])(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>[01]?\d)(?P=s)(?P<d>[0-3]?\d)"
            rf"(?:T[0-2]\d:?[0-5]\d(?::?[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)|(?=T\d)|{_TAIL})",
            # 11/20/2024, 11-20-24, blanks around the separators
            r"(?:(?<=(?:19|20)\d\d-)|(?<=/\d\d-)|(?<![\w/])(?<!\d[.,-]))"
            r"(?P<a>[0-3]?\d)[ ]?(?P<s>[-/])[ ]?(?P<b>[0-3]?\d)[ ]?(?P=s)[ ]?"
            rf"(?P<y>(?:19|20)\d\d|\d\d){_TAIL}(?!{_UNITS})",
            # 11.20.2024, 20. 11. 2024
            rf"(?<![\w/])(?<!\d[.,-])(?P<a>[0-3]?\d)[ ]?\.[ ]?(?P<b>[0-3]?\d)[ ]?\.[ ]?(?P<y>(?:19|20)\d\d){_TAIL}",
            # 20.11.24, always two digits each
            rf"(?<![\w/])(?<!\d[.,-])(?P<a>[0-3]\d)\.(?P<b>[0-3]\d)\.(?P<y>\d\d){_TAIL}",
            # 1.5.24; at the start of a line only alone, for outlines number so ("1.5.24 Results")
            r"(?<![\w/])(?<!\d[.,-])(?:(?<!\n)|(?=[\d.]+[ \t]*(?:\n|\Z)))"
            rf"(?P<a>0?[1-9]|[12]\d|3[01])\.(?P<b>0?[1-9]|[12]\d|3[01])\.(?P<y>\d\d){_TAIL}",
            # 20241120 and 202411201432
            r"(?<![\w.-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
            r"(?:[ T]?[0-2]\d[0-5]\d(?:[0-5]\d)?)?(?![\w.]\d|\d|[A-Za-z])",
            # 20-Nov-2024, 20 November 2024, 20Nov24, 20th of November, 2024; with a range of days before
            rf"(?<![\w/.])(?:\d{{1,2}}[ ]?[-–][ ]?)?{day}{step}{month}{step}{year}(?!\w|[/-]\d)(?!{_UNITS})",
            # November 20, 2024; NOV 20 24; Nov. 20th '24; November 20-22, 2024
            rf"(?<!\w){month}[ ]*[-/]?(?:[ ]*|[ ]?\n){day}"
            r"(?:[ ]?(?:-|–|&|and|to|through)[ ]?\d{1,2}(?:st|nd|rd|th)?)?"
            rf"(?:[ ]?(?:,|-|/|\.|[ ]of)[ ]*\n?[ ]*|[ ]+|[ ]?\n){year}(?!\w|[/-]\d|:\d)",
            # 2024 November 20, 2024-Nov-20
            rf"(?<![\w/.-]){year4}[ ,/-]{{1,2}}{month}[ ,/-]{{1,2}}{day}(?!\w)(?![ ]?,?[ ]?(?:(?:19|20)\d|'\d))",
        )
        self._partial = _compile(
            # November 2024, Nov '24, Nov-2024, November of 2024
            rf"(?<!\w){month}(?:[ ,]{{1,2}}(?:of[ ])?|[ ]de[l]?[ ]|[-/])(?P<y>(?:19|20)\d\d|'\d\d)(?!\w|[/-]\d)",
            # November 20, November 20th, November 20-22
            rf"(?<!\w){titled}[ ]?(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:[ ]?(?:-|–|and|to|through)[ ](?:the[ ])?\d{{1,2}}"
            rf"(?:st|nd|rd|th))?(?![\w%]|[.,/:-]?\d)(?!{_UNITS})",
            # the 20th of November, 20 November
            rf"(?<![\w/.])(?P<d>[0-3]?\d)(?:st|nd|rd|th|º)?[ -](?:of[ ]|de[ ])?{month}(?!\w)(?!\s+\d{{1,2}}\b(?!:))",
            # 11/2024, 2024-11
            rf"(?<![\w/.-])(?P<m>0?[1-9]|1[0-2])[/-](?P<y>(?:19|20)\d\d){_TAIL}",
            r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w-]|[./]\d)",
            # 11/20 at 14:05
            r"(?<![\w/.])(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?=[ ]?(?:at|@)[ ]?\d{1,2}:?\d\d)",
            # 11/20-11/22/2024: the first of a range
            r"(?<![\w/.-])(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?=[ ]?[-–][ ]?\d{1,2}/\d{1,2}/\d\d)",
        )
        self._loose = _compile(
            # febrero-07, diciembre 06
            rf"(?<!\w)(?P<found>(?:{'|'.join(names)})[ -]\d\d)(?!\w|[/-]\d|[.,]\d)",
            # el mes de abril, desde septiembre
            rf"\b(?:mes[ ]de|desde)[ ](?P<found>{'|'.join(names)})(?!\w)",
            # a year, which Spanish rules count as a date: "en 2009", "(1999 y 2002)", "el año 2004"
            r"(?:\b(?:en|del?|desde|hasta|a|e|y)[ ]|[(,][ ]?)(?P<found>(?:año[ ])?(?:19[3-9]|20[0-3])\d)"
            r"(?!\w|[/%º-]|[.,]\d|[ ]?(?:mg|ml|cc|ui|g\b|c[ée]l))",
            r"\b(?P<found>año[ ](?:19[3-9]|20[0-3])\d)(?!\w)",
        )
        self._weekday = re.compile(rf"(?<!\w){_WEEKDAY}\Z", re.IGNORECASE)

    def find(self, text: str) -> tuple[DateFound, ...]:
        """Finds dates, whole and partial, in reading order and without overlaps."""
        found: list[DateFound] = []
        for form in self._whole:
            for match in form.finditer(text):
                day = self._read(match)
                if day is not None:
                    found.append(DateFound(self._begin(text, match.start()), match.end(), day, 0.98))
        for form in self._partial:
            for match in form.finditer(text):
                number = match.groupdict().get("d")
                if number is None or 1 <= int(number) <= 31:
                    found.append(DateFound(self._begin(text, match.start()), match.end(), None, 0.9))
        for form in self._loose if self._day_first else ():
            found.extend(DateFound(*m.span("found"), None, 0.85) for m in form.finditer(text))
        for match in _CUED.finditer(text):
            found.extend(_cued(match))
        found.sort(key=lambda f: (f.start, f.day is None, -(f.end - f.start)))
        kept: list[DateFound] = []
        for item in found:
            if not kept or item.start >= kept[-1].end:
                kept.append(item)
            elif item.end > kept[-1].end:
                day = item.day if kept[-1].day is None else None
                kept[-1] = DateFound(kept[-1].start, item.end, day, item.score)
        return tuple(kept)

    def _begin(self, text: str, start: int) -> int:
        """Takes a weekday before a date into it."""
        before = text[max(0, start - 14) : start]
        match = self._weekday.search(before)
        return start - len(match.group()) if match else start

    def _read(self, match: re.Match[str]) -> date | None:
        parts = match.groupdict()
        if parts.get("mon"):
            month, day = self._months[parts["mon"].lower()], int(parts["d"])
        elif parts.get("m"):
            month, day = int(parts["m"]), int(parts["d"])
        else:
            first, second = int(parts["a"]), int(parts["b"])
            month, day = (second, first) if self._day_first else (first, second)
            if month > 12:
                month, day = day, month
        year = parts["y"].strip("'")
        number = int(year)
        if len(year) == 2:
            number += 2000 if number <= 35 else 1900
        try:
            return date(number, month, day)
        except ValueError:
            return None


def _compile(*forms: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


_CUED = re.compile(
    r"(?<!\w)(?P<cue>on|in|since|until|till|from|of|dated|date|by|before|after|through|around|approximately|last|and|d/c|dc"
    r"|seen|done|performed|started|placed|surgery|circa|late|early|el|en|desde|hasta)[ \t]*[:,(]?[ \t]*"
    rf"(?P<a>0?[1-9]|1[0-2])(?P<s>[/-])(?P<b>\d\d|[1-9])(?!\w|[/-]\d|\.\d|%)(?!{_UNITS})(?![ ]*(?:out|of\b|over))",
    re.IGNORECASE,
)


def _cued(match: re.Match[str]) -> Iterator[DateFound]:
    """Reads ``in 03/95`` and ``on 11/20``; fractions, scores and blood pressures are left alone."""
    second, cue = match.group("b"), match.group("cue").lower()
    number = int(second)
    if match.group("s") == "-" and not second.startswith("0"):
        return
    month_year = len(second) == 2 and (number > 31 or second.startswith("0"))
    if number > 31:
        if month_year and cue not in {"of", "by", "and"}:
            yield DateFound(match.start("a"), match.end(), None, 0.85)
    elif number >= 1 and cue in {"on", "since", "dated", "until", "till", "from", "date", "seen", "through"}:
        if int(match.group("a")) != number or cue in {"on", "dated"}:
            yield DateFound(match.start("a"), match.end(), None, 0.8)
    elif month_year and cue in {"in", "since"}:
        yield DateFound(match.start("a"), match.end(), None, 0.85)


def parse_iso(text: str | None) -> date | None:
    """Reads the day of an ISO date or date-time; None for anything else."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


_OWN = tuple(
    (
        "date of service; dos; date of exam; exam date; date of examination; date of study; study date;"
        " date of procedure;"
        " procedure date; date of operation; operation date; date of surgery; surgery date; date of visit; visit date;"
        " service date; encounter date; date of encounter; date of consultation; consultation date; date of consult;"
        " date of evaluation; report date; date of report; date; admitted; admission date; date of admission;"
        " admit date; collected; performed; discharge date; date of discharge; dictated; date dictated; d; dd; fecha;"
        " fecha de ingreso"
    ).split("; ")
)


def own_date(dates: Sequence[DateFound], fields: Sequence[Field]) -> date | None:
    """Returns the report's own date as its header tells it, by the rank of the label; None if no label tells."""
    best: tuple[int, date] | None = None
    for item in fields:
        if item.kind != "date" or item.label not in _OWN:
            continue
        for found in dates:
            if item.start <= found.start < max(item.end, item.start + 1) and found.day:
                rank = _OWN.index(item.label)
                if best is None or rank < best[0]:
                    best = (rank, found.day)
    return best[1] if best else None
