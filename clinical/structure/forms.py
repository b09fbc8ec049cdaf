"""The printed forms of a value and of what stands around it, as patterns anchored at one place.

Every repetition here is bounded or of a single character class, so that matching stays linear.
"""

import re

from clinical.report import Comparator
from clinical.structure.lexicon import rules


def _words(*phrases: str) -> str:
    return "|".join(
        re.escape(phrase).replace(r"\ ", "[ ]") for phrase in sorted(phrases, key=len, reverse=True)
    )


def listed(key: str) -> str:
    """The phrases of ``rules/measurements.toml`` under ``forms.key``, as an alternation."""
    return _words(*rules("measurements.toml")["forms"][key])


NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
SIGNED = r"[-−+]?" + NUMBER
COMPARATORS: dict[str, Comparator] = {
    **dict.fromkeys(("<", "less than", "lower than", "below", "under"), "<"),
    **dict.fromkeys(("<=", "=<", "≤", "less than or equal to"), "<="),
    **dict.fromkeys((">", "greater than", "more than", "higher than", "above", "over"), ">"),
    **dict.fromkeys((">=", "=>", "≥", "greater than or equal to", "at least"), ">="),
}
VALUE = re.compile(
    r"(?P<cmp>(?:[<>]\s?=|=\s?[<>]|[<>≤≥]|"
    + _words(*(word for word in COMPARATORS if word.isalpha() or " " in word))
    + r")[ \t]*)?(?P<sign>[-−+](?=[\d.]))?(?P<num>"
    + NUMBER
    + r")(?P<comma>,\d{1,2}(?![\d,]))?",
    re.IGNORECASE,
)
NOT_VALUE_AFTER = re.compile(
    r"[ \t]*(?:(?:st|nd|rd|th)\b|['’](?:s|\d)|/\d|:\d\d|-?(?:year|yr|week|wk|month|day|hour|hr|minute)s?\b|"
    r"[ap]\.?m\b|%?[ -]?(?:percentile|%ile)|(?:times?|x|×)[ \t]*\d|tabs?\b|tablets?\b|pills?\b|p\.?o\b|"
    r"y\.?[ /]?o\b|yo\b|out of \d|\+[ ]?\d|times\b|(?:of|more|or)[ \t]+(?:the|these)\b|"
    r"pack|french\b|fr\b|gauge\b|o'clock|and a half)",
    re.IGNORECASE,
)
LABEL = (
    r"(?:biological[ ]+|bio\.?[ ]+)?(?:reference|ref\.?|normal|nl\.?|norm\.?|expected|therapeutic|desirable|rr|range|"
    r"target|goal|optimal)(?:[ ]*(?:range|interval|values?|limits?|int\.?|rng))?(?:[ ]+(?:is|of))?"
    r"(?:[ ]+(?:for|in)[ ]+[a-z]+)?[ \t]*[:=]?[ \t]*"
)
DASH = r"(?:-{1,2}|–|—|‐|‑|−|~|\.\.|to|thru|through)"
_ONE_SIDED = (
    r"(?:<[ ]?=|>[ ]?=|=[ ]?<|=[ ]?>|[<>≤≥]|less than or equal to|greater than or equal to|less than|"
    r"greater than|up to|under|below|above|over|at least|not more than)"
)
_WORDS_RANGE = (
    r"(?:negative|neg|non-?reactive|not detected|none seen|none detected|none|absent|normal|clear|positive|"
    r"immune|no growth|yellow)"
)
RANGE = re.compile(
    r"(?P<open>[(\[{]?)[ \t]*(?P<label>" + LABEL + r")?[(\[]?(?:"
    r"(?P<low>" + SIGNED + r")[ \t]*(?P<lowunit>%|[A-Za-zµμ][A-Za-zµμ/0-9^]{0,9})?[ \t]*" + DASH + r"[ \t]*"
    r"(?P<high>" + SIGNED + r")(?![\d/-])"
    r"|(?P<side>" + _ONE_SIDED + r")[ \t]*(?P<bound>" + NUMBER + r")"
    r"|(?P<atmost>" + NUMBER + r")[ ]or[ ](?P<word2>less|below|lower|greater|above|higher|more)"
    r"|(?P<word>" + _WORDS_RANGE + r")(?![A-Za-z])"
    r")[ \t]*",
    re.IGNORECASE,
)  # fmt: skip
SEX_RANGE = re.compile(
    r"[(\[]?(?:" + LABEL + r")?(?P<first>m|males?|men|f|females?|women)[ ]?[:=]?[ ]?(?P<low1>" + NUMBER + r")[ ]?"
    + DASH + r"[ ]?(?P<high1>" + NUMBER + r")[ ]?[A-Za-z/%]{0,8}[,;/ ]{1,3}(?P<second>m|males?|men|f|females?|women)"
    r"[ ]?[:=]?[ ]?(?P<low2>" + NUMBER + r")[ ]?" + DASH + r"[ ]?(?P<high2>" + NUMBER + r")[)\]]?",
    re.IGNORECASE,
)  # fmt: skip
FLAG = re.compile(
    r"(?:flag[ \t]*[:=][ \t]*)?[(\[<{]?\*{0,3}[ \t]?(?P<word>critical(?:ly)?(?:[ -](?:high|low|value|result))?|"
    r"crit(?:[ -](?:high|low))?|panic(?:[ -](?:high|low|value))?|very (?:high|low)|abnormal(?:[ -](?:high|low))?|"
    r"out of range|(?:above|below|within)(?=[ \t]*(?:[\n|;\t]|\Z))|(?:above|below) (?:range|normal)|"
    r"within (?:range|normal limits)|in range|abn|high|low|elevated|normal|wnl|HH|LL|HI|LO|CH|CL|H|L|A|N|C|↑+|↓+|▲+|▼+)"
    r"(?P<tail>[ \t]?[*!]{1,3}|[*!]{0,3})[)\]>}]?(?![A-Za-z0-9/'’+-])",
    re.IGNORECASE,
)
OPEN_FLAG = re.compile(
    r"[(\[](?P<word>critical(?:ly)? (?:high|low)|critical|abnormal|high|low|elevated|normal|HH|LL|H|L)[,;:]"
    r"[ ]?(?=(?i:ref|normal|range|rr|nl|reference|expected|[<>≤≥\d]))"
)
EARLY_STAR = re.compile(r"(?P<word>\*{1,3}|!{1,3})[ ]?(?=[<>]?[\d.])")
STAR = re.compile(r"[(\[]?(?P<word>\*{1,3}|!{1,3})[)\]]?(?![A-Za-z0-9*])")
QUALITATIVE = (
    r"(?:non[- ]?reactive|not detected|none detected|none seen|weakly positive|weak positive|strongly positive|"
    r"indeterminate|equivocal|negative|positive|reactive|detected|trace|moderate|small|large|few|many|rare|"
    r"occasional|loaded|numerous|clear|cloudy|turbid|hazy|slightly cloudy|light yellow|dark yellow|pale yellow|"
    r"yellow|straw|amber|colorless|red|brown|absent|present|none|neg|pos|nonimmune|non-immune|immune|normal|"
    r"abnormal|too numerous to count|tntc|no growth|[1-4]\+|\+[1-4]|\+{1,4}|AB[ -]?(?:positive|negative|pos|neg)|"
    r"[ABO][ -]?(?:positive|negative|pos|neg)|[ABO][+-])"
)
WORD_VALUE = re.compile(QUALITATIVE + r"(?![A-Za-z0-9])", re.IGNORECASE)
SPAN_VALUE = re.compile(
    r"(?P<low>" + NUMBER + r")(?P<unit>[ ]?%)?[ ]?(?:-|–|to)[ ]?(?P<high>" + NUMBER + r")(?![\d/.-]*\d)"
)
LINK = re.compile(r"(?:" + listed("link") + r")(?![A-Za-z])", re.IGNORECASE)
FROM_TO = re.compile(
    r"(?:(?:has|have|had)[ ]+)?(?:(?:" + listed("change") + r")[ ]+){0,3}from[ ]+(?:a[ ]+\w{1,16}[ ]+of[ ]+)?(?P<first>"
    + NUMBER
    + r")[^.\d\n;]{0,40}?[ ](?:down[ ]|up[ ])?to[ ]+",
    re.IGNORECASE,
)  # fmt: skip
ARROW = re.compile(r"[ ]?(?:-{1,2}>|→|=>)[ ]?(?=[\d.])")
UNKNOWN_UNIT = re.compile(
    r"[A-Za-zµμ%][A-Za-z0-9µμ^*%]{0,12}/[A-Za-z0-9µμ^*]{1,10}(?:/[A-Za-z0-9]{1,8})?(?![A-Za-z0-9/])"
)
SEPARATOR = re.compile(r"(?:[ \t|:=,;~]|\.{2}|_{2}|-{2}|–(?=[ \t])|-(?=[ \t])|(?<=\.)\.)+")
PLAIN_PAREN = re.compile(r"[(\[][A-Za-z][A-Za-z0-9 ,.'/+-]{0,40}[)\]]")
PRIOR_PAREN = re.compile(
    r"[(\[][ ]?(?:prior|previous|previously|prev|was|last|baseline|up from|down from|from)\b[^()\[\]\n]{0,60}[)\]]",
    re.IGNORECASE,
)
KEY = re.compile(
    r"(?:result|value|flag|units?|reference range|ref(?:erence)?(?: range| interval)?|normal range|abnormal|status)"
    r"[ \t]*[:=]",
    re.IGNORECASE,
)
DATE = re.compile(
    r"\(?(?:on[ ]+)?(?P<date>(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d{2})|(?P<iso>\d{4}-\d{2}-\d{2}))\)?(?!\d)"
)
TAG_PAREN = re.compile(r"(?:on[ ]|from[ ])?[(\[]{0,2}\[[A-Z]{2,9}[^\]\n]{0,16}\][)\]]?")


def iso_date(match: re.Match[str]) -> str | None:
    """The ISO date of a ``DATE`` match; None where month and day are not sure."""
    if match.group("iso"):
        return match.group("iso")
    month, day, year = int(match.group("m")), int(match.group("d")), int(match.group("y"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if year < 100:
        year += 2000 if year < 50 else 1900
    return f"{year:04d}-{month:02d}-{day:02d}"
