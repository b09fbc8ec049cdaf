"""How dates and times are printed."""

from datetime import date, datetime

from synthetic.text import Text, identifier

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

DATE_STYLES = ("us", "us_short", "iso", "long", "day_first", "dashed", "caps", "us_plain")


def print_date(day: date, style: str) -> str:
    """A date in one of ``DATE_STYLES``.

    Raises:
        ValueError: no such style.
    """
    month = _MONTHS[day.month - 1]
    if style == "us":
        return f"{day.month:02d}/{day.day:02d}/{day.year}"
    if style == "us_short":
        return f"{day.month}/{day.day}/{day.year % 100:02d}"
    if style == "us_plain":
        return f"{day.month}/{day.day}/{day.year}"
    if style == "iso":
        return day.isoformat()
    if style == "long":
        return f"{month} {day.day}, {day.year}"
    if style == "day_first":
        return f"{day.day} {month[:3]} {day.year}"
    if style == "dashed":
        return f"{day.day:02d}-{month[:3]}-{day.year}"
    if style == "caps":
        return f"{month[:3].upper()} {day.day:02d}, {day.year}"
    raise ValueError(f"no date style {style}")


def dated(day: date, style: str) -> Text:
    """A date as an identifier."""
    return identifier("DATE", print_date(day, style))


def print_time(moment: datetime, style: str) -> str:
    """Hours and minutes: ``24`` or ``12``."""
    if style == "24":
        return moment.strftime("%H:%M")
    return f"{(moment.hour - 1) % 12 + 1}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"
