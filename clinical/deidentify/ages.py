"""Ages over 89, which Safe Harbor does not let stand (45 CFR 164.514(b)(2)(i)(C))."""

import re
from collections.abc import Iterator

from clinical.deidentify.found import Found

LAYER = "ages"
_NINETY = r"(?P<n>9\d|1[0-2]\d)"
_AFTER = r"(?![ -]?(?:years?|yrs?)[ ](?:ago|later|of[ ](?!age)|history|survival|follow))"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<![\w.,/-]){_NINETY}(?=[ -]?(?:years?|yrs?|y)\b|[ -]?y[./]?o\b|[ ]?años?\b){_AFTER}",
        rf"(?<!\w)(?:age[d]?|edad)[ \t]*[:=]?[ \t]*{_NINETY}(?![\w%.,/]|[ ]?(?:mg|kg|cm|degrees|mm))",
        r"(?<!\w)(?P<n>ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one[ ])?hundred(?:[ -]\w+)?)"
        r"(?=[ -](?:years?|yrs?)[ -](?:old|of[ ]age)|[ -]?y/?o\b)",
        rf"(?-i:(?<=[a-z]), {_NINETY}, )(?=(?:was|is|who|has|presents|presented|came|comes|lives|with)\b)",
        r"(?<!\w)in (?:her|his|their) (?P<n>90'?s|nineties)",
    )
)


def find_ages(text: str) -> Iterator[Found]:
    """Yields ages over 89."""
    for form in _FORMS:
        for match in form.finditer(text):
            yield Found(*match.span("n"), "AGE", 0.95, LAYER)
