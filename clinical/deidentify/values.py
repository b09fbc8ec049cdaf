"""Clinical numbers and set phrases that have the shape of an identifier: a range, a value, a classification."""

import re

_RANGE = re.compile(r"\d{1,4}(?:[.,]\d{1,4})?[ ]?[-–][ ]?\d{1,4}(?:[.,]\d{1,4})?")
_DECIMAL = re.compile(r"\d[.,]\d")
_UNIT = (
    r"(?:%|(?:[A-Za-zµμ]{1,5}|(?:x[ ]?)?10[*^]?\d{1,2})/(?:d?L|[mµμun]L|cumm|mm3|min|hr?|day|kg|m2|sec|L)\b"
    r"|mm[ ]?Hg\b|bpm\b|m?sec\b|ms\b|m?mol\b)"
)
_UNIT_AFTER = re.compile(rf"[ \t|\])]{{0,30}}{_UNIT}", re.IGNORECASE)
_UNIT_BEFORE = re.compile(
    rf"{_UNIT}[ \t|;,]{{0,30}}[\[(]?[ ]?(?:(?:ref|reference|normal|range)[a-z. :]{{0,12}})?\Z", re.IGNORECASE
)
MEASURED = re.compile(rf"(?<![\w.])\d+(?:[.,]\d+)?[ ]{{0,8}}\W?{_UNIT}", re.IGNORECASE)
"""A number with its unit: the line it stands in is a line of results."""
_VALUE_AFTER = re.compile(rf"[ \t:=]{{1,3}}[<>]?=?[ ]?\d+(?:[.,]\d+)?[ ]?{_UNIT}", re.IGNORECASE)
_BEFORE = 60
MEDICAL = re.compile(
    r"(?:itis|osis|emia|pathy|ectom(?:y|ies)|[st]om(?:y|ies)|plast(?:y|ies)|scop(?:y|ies|ic)|oma|algia|uria|rrhea|penia|megaly"
    r"|plegi[ac]|pnea|genic|oid|iac|renal|femoral|tibial|sternal|temporal|meter|graph(?:y|ic)|grams?|lysis|pexy|desis|cele"
    r"|cardial|gastric|hepatic|pulmonary|vascular|dermal|spinal|ectatic|trophic|centesis|prazole|cillin|mycin|statin"
    r"|olol|pril|sartan|azepam)\Z"
)
"""Endings of medical words and drugs that no list of words may hold."""

_SET_PHRASE = re.compile(
    r"\b(?:(?:new york|american) heart association|canadian cardiovascular society|eastern cooperative oncology group"
    r"|world health organization|vena cava|child[- ]pugh|mini[- ]mental)\b"
    r"(?:[,\s]+(?:functional\s+)?(?:class|stage|grade)\b)?",
    re.IGNORECASE,
)


def set_phrases(text: str) -> list[tuple[int, int]]:
    """Stretches that name a classification or a vessel, with the "class" behind it: no name begins in them."""
    return [match.span() for match in _SET_PHRASE.finditer(text)]


def is_value(text: str, start: int, end: int) -> bool:
    """Tells whether ``text[start:end]`` is a reference range or a value, whatever identifier it looks like."""
    stretch = text[start:end].strip("[]() \t")
    after = _UNIT_AFTER.match(text, end) is not None
    if _RANGE.fullmatch(stretch):
        before = _UNIT_BEFORE.search(text, max(0, start - _BEFORE), start) is not None
        return after or before or _DECIMAL.search(stretch) is not None
    return after and stretch[-1:].isdigit()


def names_value(text: str, end: int) -> bool:
    """Tells whether a value with its unit follows at ``end``: ``Creat 0.80 mg/dL`` names an analyte, nobody."""
    return _VALUE_AFTER.match(text, end) is not None


def cuts_number(text: str, start: int, end: int) -> bool:
    """Tells whether ``text[start:end]`` would take one half of a decimal number: ``K 4.[7, Creat 0].80``."""
    before = start > 1 and text[start].isdigit() and text[start - 1] in ".," and text[start - 2].isdigit()
    return before or (text[end - 1].isdigit() and re.match(r"[.,]\d", text[end : end + 2]) is not None)


def is_milliseconds(text: str, start: int) -> bool:
    """Tells whether the word at ``start`` stands after a number: ``425 ms. Voltage`` has no Ms. Voltage in it."""
    return text[:start].rstrip()[-1:].isdigit()
