"""Dates in every form that reports write them, and their distance in days to the report's own date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from clinical.deidentify.fields import Field
from clinical.deidentify.found import Found

LAYER = "dates"

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene",
            "february feb febr febrero",
            "march mar marzo",
            "april apr abril abr",
            "may mayo",
            "june jun junio",
            "july jul julio",
            "august aug agosto ago",
            "september sept sep septiembre setiembre set",
            "october oct octubre",
            "november nov noviembre",
            "december dec diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = r"(?P<{0}>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")"
_DAY = r"(?P<d{0}>[0-3]?\d)(?:st|nd|rd|th|º|ª|°)?"
_YEAR = r"(?P<y{0}>(?:19|20)\d\d|'?\d\d)"
_YEAR4 = r"(?P<y{0}>(?:19|20)\d\d)"
_NOT_BEFORE = r"(?<![\w/.,-])(?<!\d[ ]/)"
_SEP = r"[ ]*(?:,|-|/|\.|[ ]of|[ ]de[l]?)?(?:[ ]*|[ ]?\n)"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # 2024-11-20, 2024/11/20, 2024.11.20, with or without a time
        r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>[01]?\d)(?P=s)(?P<d>[0-3]?\d)(?:(?=T\d)|(?![\w]|[/-]\d|\.\d))",
        # 11/20/2024, 11-20-24, 11.20.2024, blanks around the separators
        r"(?<![\w/])(?<!\d[.,-])(?P<a>[0-3]?\d)[ ]?(?P<s>[-/])[ ]?(?P<b>[0-3]?\d)[ ]?(?P=s)[ ]?(?P<y>(?:19|20)\d\d|\d\d)(?!\w|[/-]\d|\.\d)",
        r"(?<![\w/])(?<!\d[.,-])(?P<a>[0-3]?\d)\.[ ]?(?P<b>[0-3]?\d)\.[ ]?(?P<y>(?:19|20)\d\d)(?!\w|[/-]\d|\.\d)",
        # 20241120 and 202411201432
        r"(?<![\w.-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?:[ T]?[0-2]\d[0-5]\d(?:[0-5]\d)?)?(?![\w.]\d|\d|[A-Za-z])",
        # 20-Nov-2024, 20 November 2024, 20Nov24, 20th of November, 2024
        rf"(?<![\w/.])(?:the[ ])?{_DAY.format('')}{_SEP}{_MONTH.format('mon')}\.?{_SEP}{_YEAR.format('')}(?!\w|[/-]\d)(?![ ]?(?:mg|ml|cc|mm|cm|%))",
        # November 20, 2024; NOV 20 24; Nov. 20th '24
        rf"(?<![\w]){_MONTH.format('mon')}\.?[ ]*[-/]?(?:[ ]*|[ ]?\n){_DAY.format('')}[ ]*(?:,|-|/|\.|[ ]of)?(?:[ ]*|[ ]?\n){_YEAR.format('')}(?!\w|[/-]\d|:)",
        # 2024 November 20, 2024-Nov-20
        rf"(?<![\w/.-]){_YEAR4.format('')}[ ,/-]{{1,2}}{_MONTH.format('mon')}\.?[ ,/-]{{1,2}}{_DAY.format('')}(?!\w)",
    )
)
_PARTIAL = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # November 2024, Nov '24, Nov-2024
        rf"(?<![\w]){_MONTH.format('mon')}\.?(?:[ ,]{{1,2}}(?:of[ ])?|[ ]de[l]?[ ]|[-/])(?P<y>(?:19|20)\d\d|'\d\d)(?!\w|[/-]\d)",
        # November 20, November 20th
        rf"(?<![\w])(?P<mon>(?-i:{'|'.join(w.title() for w in _MONTHS if w not in {'set', 'mar', 'may', 'dic', 'ago', 'ene', 'abr'})}|May|Mar|{'|'.join(w.upper() for w in _MONTHS if len(w) > 4)}))\.?[ ]?(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?![\w%]|[.,/:-]?\d|[ ]?(?:mg|ml|cc|mm|cm|units|tablets|pounds|lbs|years|x))",
        # the 20th of November, 20 November
        rf"(?<![\w/.])(?P<d>[0-3]?\d)(?:st|nd|rd|th|º)?[ -](?:of[ ]|de[ ])?{_MONTH.format('mon')}(?![\w])",
        # 11/2024
        r"(?<![\w/.-])(?P<m>0?[1-9]|1[0-2])[/-](?P<y>(?:19|20)\d\d)(?!\w|[/-]\d|\.\d)",
    )
)
_CUED = re.compile(
    r"(?<!\w)(?:on|in|since|until|till|from|of|dated|date|by|before|after|through|around|approximately|about|last|and|d/c|dc|seen|done|performed|started|placed|surgery|to|circa|late|early|el|en|desde|hasta)[ \t]*[:,(]?[ \t]*"
    r"(?P<a>0?[1-9]|1[0-2])(?P<s>[/-])(?P<b>\d\d|[1-9])(?!\w|[/-]\d|\.\d|[ ]*(?:[x%]|mg|ml|cm|mm|strength|pain|scale|out|of\b|over|hours|weeks|days|months|years|times|inch|french|vicryl|nylon|chromic|pds|prolene|suture|systolic|murmur))",
    re.IGNORECASE,
)
_YEARLESS = re.compile(
    r"(?<![\w/.])(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?=[ ]?(?:at|@)[ ]?\d{1,2}:?\d\d)",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"(?<![\w.,/-])(?P<n>9\d|1[0-2]\d)(?=[ -]?(?:years?|yrs?|y)\b[ -]?(?:old|of[ ]age|o\b)?|[ -]?y[./]?o\b|[ ]?(?:año|years))(?![ -]?(?:years?|yrs?)[ ](?:ago|later|of[ ](?!age)|history|survival|follow))",
    re.IGNORECASE,
)
_AGE_CUE = re.compile(
    r"(?<!\w)(?:age[d]?|edad)[ \t]*[:=]?[ \t]*(?P<n>9\d|1[0-2]\d)(?![\w%.,/]|[ ]?(?:mg|kg|cm|degrees|mm))",
    re.IGNORECASE,
)
_AGE_WORDS = re.compile(
    r"(?<!\w)(?:ninet(?:y|ies)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one[ ])?hundred(?:[ -](?:and[ -])?\w+)?)(?=[ -](?:years?|yrs?)[ -](?:old|of[ ]age)|[ -]?y/?o\b)",
    re.IGNORECASE,
)
_AGE_DECADE = re.compile(
    r"(?<=\bin (?:her|his) )(?:90s|90's|nineties)|(?<=\bin their )(?:90s|nineties)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class DateFound:
    """A date; ``day`` is None where a part of it is missing."""

    start: int
    end: int
    day: date | None
    score: float


def find_dates(text: str, *, day_first: bool = False) -> tuple[DateFound, ...]:
    """Finds dates, whole and partial, in reading order and without overlaps."""
    found: list[DateFound] = []
    for form in _FORMS:
        for match in form.finditer(text):
            day = _read(match, day_first)
            if day is not None:
                found.append(DateFound(*_trim(match), day, 0.98))
    for form in _PARTIAL:
        for match in form.finditer(text):
            number = match.groupdict().get("d")
            if number is not None and not 1 <= int(number) <= 31:
                continue
            found.append(DateFound(*_trim(match), None, 0.9))
    for match in _CUED.finditer(text):
        found.extend(_cued(match))
    found.extend(DateFound(m.start(), m.end(), None, 0.85) for m in _YEARLESS.finditer(text))
    found.sort(key=lambda f: (f.start, f.day is None, -(f.end - f.start)))
    kept: list[DateFound] = []
    for item in found:
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
        elif item.end > kept[-1].end and kept[-1].day is None:
            kept[-1] = DateFound(kept[-1].start, item.end, item.day, item.score)
    return tuple(kept)


def _trim(match: re.Match[str]) -> tuple[int, int]:
    start, end = match.span()
    if match.group()[:4].lower() == "the ":
        start += 4
    return start, end


def _cued(match: re.Match[str]) -> Iterator[DateFound]:
    """Reads ``in 03/95`` and ``on 11/20``; fractions, scores and blood pressures are left alone."""
    second = int(match.group("b"))
    first = match.start("a")
    cue = match.group()[: first - match.start()].strip(" :,(").lower()
    if match.group("s") == "-" and not match.group("b").startswith("0"):
        return
    month_year = len(match.group("b")) == 2 and (
        second > 31 or second == 0 or match.group("b").startswith("0")
    )
    if (
        month_year
        and second > 31
        and int(match.group("a")) <= 12
        and cue not in {"of", "to", "by", "about", "and"}
    ):
        yield DateFound(first, match.end(), None, 0.85)
    elif 1 <= second <= 31 and cue in {
        "on",
        "since",
        "dated",
        "until",
        "till",
        "from",
        "date",
        "seen",
        "through",
    }:
        if int(match.group("a")) != second or cue in {"on", "dated"}:
            yield DateFound(first, match.end(), None, 0.8)
    elif month_year and cue in {"in", "since"}:
        yield DateFound(first, match.end(), None, 0.85)


def _read(match: re.Match[str], day_first: bool) -> date | None:
    parts = match.groupdict()
    year = parts["y"].strip("'")
    if parts.get("mon"):
        month, day = _MONTHS[parts["mon"].lower()], int(parts["d"])
    elif parts.get("m"):
        month, day = int(parts["m"]), int(parts["d"])
    else:
        first, second = int(parts["a"]), int(parts["b"])
        month, day = (second, first) if day_first else (first, second)
        if month > 12:
            month, day = day, month
    number = int(year)
    if len(year) == 2:
        number += 2000 if number <= 35 else 1900
    try:
        return date(number, month, day)
    except ValueError:
        try:
            return date(number, day, month) if parts.get("a") else None
        except ValueError:
            return None


def find_ages(text: str) -> Iterator[Found]:
    """Yields ages over 89 (45 CFR 164.514(b)(2)(i)(C))."""
    for form in (_AGE, _AGE_CUE):
        for match in form.finditer(text):
            yield Found(match.start("n"), match.end("n"), "AGE", 0.95, "ages")
    for form in (_AGE_WORDS, _AGE_DECADE):
        for match in form.finditer(text):
            yield Found(match.start(), match.end(), "AGE", 0.9, "ages")


def parse_iso(text: str | None) -> date | None:
    """Reads the day of an ISO date or date-time; None for anything else."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


_OWN = [
    "date of service",
    "dos",
    "date of exam",
    "exam date",
    "date of examination",
    "date of study",
    "study date",
    "date of procedure",
    "procedure date",
    "date of operation",
    "operation date",
    "date of surgery",
    "surgery date",
    "date of visit",
    "visit date",
    "service date",
    "encounter date",
    "date of encounter",
    "date of consultation",
    "consultation date",
    "date of consult",
    "date of evaluation",
    "report date",
    "date of report",
    "date",
    "admitted",
    "admission date",
    "date of admission",
    "admit date",
    "collected",
    "performed",
    "discharge date",
    "date of discharge",
    "dictated",
    "date dictated",
    "d",
    "dd",
]


def own_date(dates: tuple[DateFound, ...], fields: tuple[Field, ...]) -> date | None:
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
