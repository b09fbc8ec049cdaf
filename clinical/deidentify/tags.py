"""The tags that stand in a de-identified text, and the one expression that recognises them."""

import re

from clinical.report import Label

TAG = re.compile(r"\[(?:NAME|LOCATION|PHONE|FAX|EMAIL|ID|URL|IP|OTHER|AGE 90\+|DATE(?:\?|[+-]\d+d)?)\]")
"""A tag: ``[NAME]``, ``[DATE]``, ``[DATE-21d]``, ``[DATE?]``, ``[AGE 90+]`` and their like."""

AGE_TAG = "[AGE 90+]"
UNKNOWN_DATE_TAG = "[DATE?]"


def tag(label: Label) -> str:
    """Returns the tag of a label that carries no value."""
    if label == "AGE":
        return AGE_TAG
    if label == "DATE":
        return UNKNOWN_DATE_TAG
    return f"[{label}]"


def date_tag(days: int | None) -> str:
    """Returns the tag of a date ``days`` after (negative: before) the report's own date.

    ``None`` stands for a date whose distance is unknown or must not be told.
    """
    if days is None:
        return UNKNOWN_DATE_TAG
    return "[DATE]" if days == 0 else f"[DATE{days:+d}d]"
