"""Sizes in imaging and pathology ("2.3 x 1.4 cm nodule"): a size counts only where what it is of stands near it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache

from clinical.report import Finding, Measurement
from clinical.structure.lexicon import Lexicon, Word, rules
from clinical.structure.sentences import Sentence
from clinical.structure.units import ucum

_LENGTH = r"(?:mm|cm|millimeters?|centimeters?|centimetres?|millimetres?|cms)"
_DIMENSION = r"\d{1,3}(?:\.\d{1,2})?|\.\d{1,2}"
_SIZE = re.compile(
    r"(?<![\d./#-])(?P<size>(?:" + _DIMENSION + r")(?:[ -]?" + _LENGTH + r")?(?:[ -]{0,3}(?:x|×|by)[ ]?(?:" + _DIMENSION
    + r")(?:[ -]?" + _LENGTH + r"(?![A-Za-z]))?){0,2})[ -]{0,3}(?:in[ ])?(?P<unit>" + _LENGTH
    + r")?(?![A-Za-z\d.]*\d|[A-Za-z])",
    re.IGNORECASE,
)  # fmt: skip
_INNER_UNIT = re.compile(_LENGTH, re.IGNORECASE)
_TOOL = re.compile(
    r"(?:balloon|stent|screw|catheter|trocar|suture|needle|incision|plate|graft|wire|blade|sheath|tube|cannula|scope|"
    r"port|punch|drill|burr|reamer|rod|pin|implant|lens|margin|cuff|stapler|distal to|proximal to|from the|away)",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"measur|diameter|size|dimension|[:=]|thick|length|[ ](?:is|was|are)[ ]", re.IGNORECASE
)
_FROM = re.compile(r"[ ]?(?:from|above|below|away|distal|proximal|deep to|beyond|margins?)\b", re.IGNORECASE)
_SPREAD = re.compile(r"\d{1,3}(?:\.\d)?[ -]?(?:mm|cm)?[ ]?(?:to|-|–)[ ]?$")
_REACH = 9
_WINDOW = 180


@cache
def _structures() -> Lexicon:
    return Lexicon((name, name) for name in rules("sizes.toml")["of"]["structures"])


@cache
def _sized() -> frozenset[str]:
    return frozenset(rules("sizes.toml")["of"]["findings"])


def find_sizes(
    text: str, words: Sequence[Word], parts: Sequence[Sentence], findings: Sequence[Finding]
) -> list[Measurement]:
    """Sizes with what they are of, in order of appearance."""
    found: list[Measurement] = []
    starts = [word.start for word in words]
    finding_starts = [finding.start for finding in findings]
    part_starts = [part.start for part in parts]
    for match in _SIZE.finditer(text):
        size = match.group("size")
        inner = _INNER_UNIT.search(size)
        unit = match.group("unit") or (inner.group() if inner else None)
        if unit is None:
            continue
        at = bisect_right(part_starts, match.start()) - 1
        if at < 0 or match.end() > parts[at].end:
            continue
        part = parts[at]
        low, high = max(part.start, match.start() - _WINDOW), min(part.end, match.end() + _WINDOW)
        inside = words[bisect_left(starts, low) : bisect_left(starts, high)]
        near = [
            (f.start, f.end, f.concept)
            for f in findings[bisect_left(finding_starts, low) : bisect_left(finding_starts, high)]
            if _is_sized(f.concept)
        ]
        near += [
            (m.start, m.end, m.payload)
            for m in _structures().find(inside, text)
            if _of_structure(text, match, m.start, m.end)
        ]
        owner = _owner(text, match, near, inside)
        if owner is None:
            continue
        if _FROM.match(text, match.end()):
            continue
        spread = _SPREAD.search(text, max(0, match.start() - 16), match.start())
        many = spread is not None or re.search(r"x|×|by", size, re.IGNORECASE) is not None
        size = (spread.group() + size) if spread is not None else size
        value_text = size.strip() if many else re.sub(r"[ -]?[A-Za-z]+$", "", size).strip()
        start, end = (
            min(owner[0], match.start()),
            max(owner[1], match.end("unit") if match.group("unit") else match.end("size")),
        )
        found.append(
            Measurement(
                name=f"{owner[2]} size",
                value_text=value_text,
                start=start,
                end=end,
                value=None if many else float(value_text),
                unit=ucum(unit) or unit,
            )
        )
    return found


def _is_sized(concept: str) -> bool:
    sized = _sized()
    return concept in sized or any(concept.endswith(" " + name) for name in sized)


def _of_structure(text: str, match: re.Match[str], start: int, end: int) -> bool:
    """A structure is measured only in so many words, or with the size right before it."""
    if start >= match.end():
        return len(text[match.end() : start].split()) <= 2
    return _MEASURED.search(text[end : match.start()]) is not None


def _owner(
    text: str, match: re.Match[str], near: Sequence[tuple[int, int, str]], words: Sequence[Word]
) -> tuple[int, int, str] | None:
    """What the size is of: the nearest noun within a few words, with no tool and no other size between."""
    best: tuple[int, int, str] | None = None
    distance = _REACH + 1
    for start, end, concept in near:
        if start < match.end() and match.start() < end:
            continue
        low, high = (match.end(), start) if start >= match.end() else (end, match.start())
        between = text[low:high]
        if _TOOL.search(between) or _SIZE_LIKE.search(between) or "\n\n" in between:
            continue
        count = sum(1 for word in words if low <= word.start < high)
        if start >= match.end() and count > 5:
            continue
        if count < distance:
            best, distance = (start, end, concept), count
    if best is not None and _TOOL.match(text[match.end() : match.end() + 14].lstrip(" -")):
        return None
    return best


_SIZE_LIKE = re.compile(r"\d[ -]?(?:mm|cm)\b")
