"""Finds text in a report that addresses a program: orders to a model, fake turns and tool calls, hidden text.

A report is data. What is found here is not shown to a model and leaves only as offsets. The rules are in
``injection.toml``; they are read over the text without hidden characters, with look-alike letters folded and
spaced-out words joined, and over what is encoded in base64.
"""

import base64
import binascii
import hashlib
import itertools
import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from clinical.report import Report

RULES = Path(__file__).with_name("injection.toml")
BLANK = " "
SHORT_GAP = 60
LOOK_ALIKE = str.maketrans(
    "абвеѕіјкмнорстухԁɡɩ" + "АВЕЅІЈКМНОРСТУХ" + "αεικνορτυχ" + "’‘“”",
    "abbesijkmhopctyxdgi" + "ABESIJKMHOPCTYX" + "aeiknoptux" + "''\"\"",
)
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\ufe00-\ufe0f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_]([ ._*-]))(?:[^\W\d_]\1){4,}[^\W\d_](?!\w)")
_SPACED_SHORT = re.compile(r"(?<!\w)[^\W\d_]([ ._*-])(?:[^\W\d_]\1)*[^\W\d_](?!\w)")
_ENCODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{24,}={0,2}")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SENTENCE_END = re.compile(r"[.!?。！？](?=\s|$|[\"'”)])|\n")


@dataclass(frozen=True, slots=True)
class Flagged:
    """A stretch of text that reads like an instruction to software, with the kind of rule that found it."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Neutral:
    """A report without the words of its flagged stretches (blanks of the same length), and where they are."""

    report: Report
    flagged: tuple[Flagged, ...]


@dataclass(frozen=True, slots=True)
class _Rules:
    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    follow: re.Pattern[str]
    hidden: re.Pattern[str]
    groups: tuple[tuple[str, int, re.Pattern[str]], ...]
    threshold: int
    beside: int
    script: re.Pattern[str]
    script_letters: int
    script_share: float
    script_within: float


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text as the rules read it; ``origin[i]`` is where its character ``i`` stands in the source."""

    text: str
    origin: tuple[int, ...]


@lru_cache(maxsize=64)
def find_instructions(text: str) -> tuple[Flagged, ...]:
    """Stretches that read like instructions to software, whole sentences, in order, without overlap."""
    rules = _rules()
    found = []
    for match in rules.hidden.finditer(text):
        start, end = _line(text, match.start()) if _BIDI.search(match.group()) else match.span()
        found.append(Flagged(start, end, "hidden"))
    for folded in _readings(text):
        for kind, pattern in rules.patterns:
            for match in pattern.finditer(folded.text):
                start, end = _sentences(folded.text, match.start(), match.end(), rules.follow)
                found.append(Flagged(folded.origin[start], folded.origin[end - 1] + 1, kind))
        found += _suspicious(folded, rules)
    found += _other_script(text, rules)
    found += [
        Flagged(m.start(), m.end(), "encoded")
        for m in _ENCODED.finditer(text)
        if _hides_order(m.group(), rules)
    ]
    return _widened(text, _merged(found), rules)


def rules_id() -> str:
    """Changes with the rules; what was found by others is looked for anew."""
    return hashlib.sha256(RULES.read_bytes()).hexdigest()[:12]


def neutral(report: Report, flagged: tuple[Flagged, ...] | None = None) -> Neutral:
    """The report as a model and the answers may read it.

    Args:
        flagged: what was found in it before, if it was.

    Findings inside a flagged stretch are dropped, since a sentence that gives orders asserts nothing.
    Measured values stay: a critical value is not to be hidden by words around it.
    """
    if flagged is None:
        flagged = find_instructions(report.text)
    if not flagged:
        return Neutral(report, ())
    text = blank(report.text, flagged)
    findings = tuple(f for f in report.structure.findings if not touches(flagged, f.start, f.end))
    measurements = tuple(m for m in report.structure.measurements if not touches(flagged, m.start, m.end))
    values = [m for m in report.structure.measurements if touches(flagged, m.start, m.end)]
    for value in values:  # its own words come back, the order around it does not
        text = text[: value.start] + report.text[value.start : value.end] + text[value.end :]
    structure = replace(
        report.structure,
        findings=findings,
        measurements=tuple(sorted((*measurements, *values), key=lambda m: m.start)),
    )
    return Neutral(replace(report, text=text, structure=structure), flagged)


def blank(text: str, flagged: tuple[Flagged, ...]) -> str:
    """The text with flagged stretches blanked, line breaks kept, so that offsets stay what they are."""
    for part in flagged:
        words = "".join(c if c == "\n" else BLANK for c in text[part.start : part.end])
        text = text[: part.start] + words + text[part.end :]
    return text


def touches(flagged: tuple[Flagged, ...], start: int, end: int) -> bool:
    """Whether ``start:end`` overlaps a flagged stretch."""
    return any(part.start < end and start < part.end for part in flagged)


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    data = tomllib.loads(RULES.read_text(encoding="utf-8"))
    start = data["start"]["pattern"]
    flags = re.IGNORECASE
    return _Rules(
        patterns=tuple(
            (rule["kind"], re.compile(pattern.replace("START", start, 1), flags))
            for rule in data["rule"]
            for pattern in rule["patterns"]
        ),
        follow=re.compile(data["follow"]["pattern"], flags),
        hidden=re.compile(data["hidden"]["pattern"]),
        groups=tuple(
            (group.get("family", str(number)), group["weight"], re.compile(group["pattern"], flags))
            for number, group in enumerate(data["score"]["group"])
        ),
        threshold=data["score"]["threshold"],
        beside=data["score"]["beside"],
        script=re.compile(data["script"]["pattern"]),
        script_letters=data["script"]["letters"],
        script_share=data["script"]["share"],
        script_within=data["script"]["within"],
    )


def _suspicious(folded: _Folded, rules: _Rules) -> list[Flagged]:
    """Sentences that gather enough of what is said to software and not to physicians."""
    found = []
    for start, end in _split(folded.text):
        if _score(folded.text[start:end], rules) >= rules.threshold:
            begin, finish = _sentences(folded.text, start, end, rules.follow)
            found.append(Flagged(folded.origin[begin], folded.origin[finish - 1] + 1, "suspicious"))
    return found


def _other_script(text: str, rules: _Rules) -> list[Flagged]:
    """Sentences in another script, in a report that is mostly written in Latin letters."""
    if len(rules.script.findall(text)) > rules.script_within * max(1, sum(char.isalpha() for char in text)):
        return []
    found = []
    for start, end in _split(text):
        letters = len(rules.script.findall(text, start, end))
        alphabetic = sum(char.isalpha() for char in text[start:end])
        if letters >= rules.script_letters and letters >= rules.script_share * alphabetic:
            found.append(Flagged(start, end, "script"))
    return found


def _split(text: str) -> list[tuple[int, int]]:
    """Sentences and lines, without the white space around them."""
    cuts = [0, *(stop.end() for stop in _SENTENCE_END.finditer(text)), len(text)]
    parts = []
    for start, end in itertools.pairwise(cuts):
        words = text[start:end]
        if words.strip():
            parts.append((start + len(words) - len(words.lstrip()), start + len(words.rstrip())))
    return parts


def _readings(text: str) -> tuple[_Folded, ...]:
    """The text as it is meant to look, and with look-alike letters as Latin ones where that differs."""
    plain = _fold(text, latin=False)
    spaced = _joined(plain)
    readings = [plain] + ([spaced] if spaced.text != plain.text else [])
    if _CYRILLIC_OR_GREEK.search(text) and _LATIN.search(text):
        readings.append(_joined(_fold(text, latin=True)))
    return tuple(reading for reading in readings if reading.text)


def _fold(text: str, *, latin: bool) -> _Folded:
    letters: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        if ord(char) < 128:
            letters.append(char)
            origin.append(index)
            continue
        if 0xE0020 <= ord(char) <= 0xE007E:  # tag characters spell ASCII that nobody sees
            folded = chr(ord(char) - 0xE0000)
        elif _INVISIBLE.match(char):
            continue
        else:
            folded = unicodedata.normalize("NFKC", char)
            folded = folded.translate(LOOK_ALIKE) if latin or char in "’‘“”" else folded
        for letter in folded:
            letters.append(letter)
            origin.append(index)
    return _Folded("".join(letters), tuple(origin))


def _joined(folded: _Folded) -> _Folded:
    """Words written with a mark between all letters, joined; a wider gap between them becomes a blank."""
    if not _SPACED.search(folded.text):
        return folded
    keep = [True] * len(folded.text)
    for match in _SPACED_SHORT.finditer(folded.text):
        for index in range(match.start() + 1, match.end(), 2):
            keep[index] = False
    kept = [index for index, kept in enumerate(keep) if kept]
    return _Folded("".join(folded.text[i] for i in kept), tuple(folded.origin[i] for i in kept))


def _sentences(text: str, start: int, end: int, follow: re.Pattern[str]) -> tuple[int, int]:
    """The whole sentence around ``start:end`` and the orders that follow it in the same paragraph."""
    while start < end - 1 and text[start].isspace():
        start += 1
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    begin = 0
    for stop in _SENTENCE_END.finditer(text, max(0, start - 600), start):
        begin = stop.end()
    begin = max(begin, start - 600)
    while begin < start and text[begin].isspace():
        begin += 1
    finish = _end_of_sentence(text, end)
    while finish < len(text) and not text.startswith("\n\n", finish) and follow.match(text, finish):
        finish = _end_of_sentence(text, finish + 1)
    return begin, max(finish, end)


def _end_of_sentence(text: str, position: int) -> int:
    stop = _SENTENCE_END.search(text, max(0, position - 1))
    if stop is None:
        return len(text)
    return stop.end() if text[stop.start()] != "\n" else max(stop.start(), position)


def _hides_order(encoded: str, rules: _Rules) -> bool:
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return any(pattern.search(decoded) for _, pattern in rules.patterns)


def _widened(text: str, flagged: tuple[Flagged, ...], rules: _Rules) -> tuple[Flagged, ...]:
    """With what belongs to it: suspicious neighbours in the same line, leftover marks, short gaps between two."""
    found = [*flagged]
    for part in flagged:
        start, end = _line(text, part.start)
        sentences = [(start + a, start + b) for a, b in _split(text[start:end])]
        inside = [n for n, (a, b) in enumerate(sentences) if a < part.end and part.start < b]
        for step, number in ((-1, min(inside, default=0)), (1, max(inside, default=0))):
            while 0 <= number + step < len(sentences) and inside:
                number += step
                a, b = sentences[number]
                words = text[a:b]
                if any(char.isalpha() for char in words) and _score(words, rules) < rules.beside:
                    break
                found.append(Flagged(a, b, part.kind))
    merged = _merged(found)
    for before, after in itertools.pairwise(merged):
        if after.start - before.end <= SHORT_GAP:
            found.append(Flagged(before.start, after.end, before.kind))
    return _merged(found)


def _score(sentence: str, rules: _Rules) -> int:
    weights: dict[str, int] = {}
    for family, weight, pattern in rules.groups:
        if weight > weights.get(family, 0) and pattern.search(sentence):
            weights[family] = weight
    return sum(weights.values())


def _line(text: str, at: int) -> tuple[int, int]:
    """The line around ``at``, without the white space around it."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    words = text[start : end if end >= 0 else len(text)]
    return start + len(words) - len(words.lstrip()), start + len(words.rstrip())


def _merged(found: list[Flagged]) -> tuple[Flagged, ...]:
    merged: list[Flagged] = []
    for part in sorted(found, key=lambda f: (f.start, -f.end)):
        if merged and part.start < merged[-1].end:
            if part.end > merged[-1].end:
                merged[-1] = replace(merged[-1], end=part.end)
        else:
            merged.append(part)
    return tuple(merged)
