"""Dates as reports and messages print them, as ISO 8601. What does not parse is None, never guessed."""

import re
from datetime import date, datetime

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
DATE = re.compile(
    rf"""(?<![\w/.-])(?:
      (?P<iso>\d{{4}})[-/.](?P<isom>\d{{1,2}})[-/.](?P<isod>\d{{1,2}})
    | (?P<a>\d{{1,2}})\s?(?P<sep>[/.-])\s?(?P<b>\d{{1,2}})\s?(?P=sep)\s?(?P<y>\d{{4}}|\d{{2}})
    | (?P<m1>{_MONTH})[\s.,-]*(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?[\s,.-]+'?(?P<y1>\d{{4}}|\d{{2}})
    | (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?[\s.-]*(?:of\s+)?(?P<m2>{_MONTH})[\s.,-]+'?(?P<y2>\d{{4}}|\d{{2}})
    | (?P<compact>(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))
    )(?![\w])(?!/\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_TIME = re.compile(
    r"^[\s,T|]*(?:at|@|time\s?:)?[\s,]*(?P<h>[01]?\d|2[0-3])[:.]?(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?:\.\d+)?"
    r"\s*(?P<half>[ap]\.?m\.?)?(?![\w/.-]*\d)",
    re.IGNORECASE,
)


def _year(text: str, latest: int) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if 2000 + year <= latest else 1900 + year


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def date_of(match: re.Match[str], *, latest: int = 2068, day_first: bool = False) -> str | None:
    """The ISO date of a ``DATE`` match; two-digit years lie at or before ``latest``."""
    group = match.groupdict()
    if group["iso"]:
        return _iso(int(group["iso"]), int(group["isom"]), int(group["isod"]))
    if group["compact"]:
        text = group["compact"]
        return _iso(int(text[:4]), int(text[4:6]), int(text[6:]))
    if group["a"]:
        first, second, year = int(group["a"]), int(group["b"]), _year(group["y"], latest)
        if first > 12 or day_first or (group["sep"] == "." and second <= 12):
            return _iso(year, second, first)
        return _iso(year, first, second)
    month, day, raw = (
        (group["m1"], group["d1"], group["y1"]) if group["m1"] else (group["m2"], group["d2"], group["y2"])
    )
    return _iso(_year(raw, latest), MONTHS[month.lower()], int(day))


def find_date(text: str, *, latest: int = 2068) -> str | None:
    """The first date of ``text`` as ISO, None if there is none that exists."""
    for match in DATE.finditer(text):
        if found := date_of(match, latest=latest):
            return found
    return None


def find_moment(text: str, *, latest: int = 2068) -> str | None:
    """The first date of ``text``, with the time of day that follows it: ``2024-03-05T14:10``."""
    for match in DATE.finditer(text):
        found = date_of(match, latest=latest)
        if not found:
            continue
        time = _TIME.match(text[match.end() :])
        if time is None or (time["half"] is None and ":" not in time[0] and len(time[0].strip()) < 4):
            return found
        hour = int(time["h"])
        if time["half"]:
            if not 1 <= hour <= 12:
                return found
            hour = hour % 12 + (12 if time["half"].lower().startswith("p") else 0)
        seconds = f":{time['s']}" if time["s"] else ""
        return f"{found}T{hour:02d}:{time['m']}{seconds}"
    return None


def hl7_moment(text: str | None) -> str | None:
    """An HL7 or CDA time (``20240305141000.12-0500``) as ISO; seconds and zone are kept where given."""
    if not text:
        return None
    match = re.match(r"\s*(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d+)?([+-]\d{4})?\s*$", text)
    if match is None:
        return find_moment(text)
    year, month, day, hour, minute, second, zone = match.groups()
    if month is None or day is None or not 1850 <= int(year) <= 2200:
        return None
    try:
        datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    found = f"{year}-{month}-{day}"
    if hour and minute:
        found += f"T{hour}:{minute}" + (f":{second}" if second else "")
        found += f"{zone[:3]}:{zone[3:]}" if zone else ""
    return found


def hl7_date(text: str | None) -> str | None:
    """The date of an HL7 or CDA time."""
    moment = hl7_moment(text)
    return moment[:10] if moment else None
