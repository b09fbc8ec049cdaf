"""Sections of a report: headings known by a rule file, and headings known only by their form.

A heading is the beginning of a line up to a colon (or a line of its own), known by ``rules/sections.toml`` or
written in capitals after a blank line; or a known heading in capitals in the middle of a paragraph. Parts of an
examination ("HEENT:", "LUNGS:") are nested in it: ``find_subsections``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from clinical.report import Section
from clinical.structure.lexicon import rules

_LINE = re.compile(
    r"^[ \t]*(?:\d{1,2}[.)][ \t]+|[#*=\-]{1,4}[ \t]*)?"
    r"(?P<head>[A-Z][A-Za-z0-9 ,/&()\-'’.#©+]{0,74}?)[ \t]*[*_]{0,2}[ \t]*"
    r"(?P<mark>:{1,2}|[ \t](?:-{1,2}|–)[ \t]|[*=\-_ \t]*$)[*_]{0,2}",
    re.MULTILINE,
)
_RUN_IN = re.compile(r"(?<=[.!?;)])[ \t]+(?P<head>[A-Z][A-Za-z]*(?:[ /&-][A-Za-z]+){0,4})[ \t]?:(?=\s)")
_SUB = re.compile(
    r"(?:^|(?<=[.!?;:])[ \t]+|(?<=\n))[ \t]*(?P<head>[A-Z][A-Za-z/]+(?:[ /][A-Za-z]+){0,3})[ \t]?:(?=\s)"
)
_NOT_HEADING = re.compile(r"[ ]{2,}[A-Z]|(?i:signed by|dictated|transcribed|accession|mrn)|\d{2,4}-\d{2}")
_EXAM_ONLY = frozenset(("physical_exam", "vital_signs"))
_SPACES = re.compile(r"[\s_]+")
_RUN_IN_MIXED = frozenset(
    "impression plan findings assessment conclusion recommendation recommendations indication comparison technique"
    " diagnosis allergies medications".split()
)


@dataclass(frozen=True, slots=True)
class _Known:
    headings: dict[str, str]
    parts: frozenset[str]
    holders: frozenset[str]
    refused: frozenset[str]
    titles: frozenset[str]
    words: tuple[tuple[tuple[str, ...], str], ...]


@cache
def _known() -> _Known:
    data = rules("sections.toml")
    return _Known(
        headings={_normal(heading): name for name, entry in data["section"].items() for heading in entry},
        parts=frozenset(_normal(heading) for heading in data["subheadings"]["parts"]),
        holders=frozenset(data["subheadings"]["within"]),
        refused=frozenset(data["not_headings"]["words"]),
        titles=frozenset(data["titles"]["words"]),
        words=tuple((tuple(rule["contains"]), rule["name"]) for rule in data["rule"]),
    )


def _normal(heading: str) -> str:
    return _SPACES.sub(" ", heading.replace("’", "'").strip(" \t.:-*#=_")).lower()


def canonical_name(heading: str) -> str | None:
    """The canonical section name of ``heading``, or None where no rule knows it."""
    known = _known()
    normal = _normal(heading)
    name = known.headings.get(normal)
    if name is None and normal not in known.parts:
        for words, candidate in known.words:
            if all(word in normal for word in words):
                return candidate
    return name


@dataclass(frozen=True, slots=True)
class _Heading:
    start: int
    end: int
    name: str


def find_sections(text: str) -> tuple[Section, ...]:
    """Sections in order; each reaches to the next heading. Text before the first heading has no section."""
    lines = _line_headings(text)
    taken = {heading.start for heading in lines}
    found = sorted([*lines, *_run_in_headings(text, taken)], key=lambda heading: heading.start)
    known = _known()
    kept: list[_Heading] = []
    for heading in found:
        normal = _normal(text[heading.start : heading.end])
        holders = _EXAM_ONLY if heading.name == "vital_signs" else known.holders
        nested = normal in known.parts and bool(kept) and kept[-1].name in holders
        if not nested and not (kept and kept[-1].end > heading.start):
            kept.append(heading)
    sections = []
    for index, heading in enumerate(kept):
        stop = kept[index + 1].start if index + 1 < len(kept) else len(text)
        while stop > heading.end and text[stop - 1].isspace():
            stop -= 1
        sections.append(Section(heading.name, text[heading.start : heading.end], heading.start, stop))
    return tuple(sections)


def find_subsections(text: str, sections: Sequence[Section]) -> tuple[Section, ...]:
    """Parts of the examinations and reviews of systems among ``sections``, by body system, with offsets."""
    known = _known()
    found: list[Section] = []
    for section in sections:
        if section.name not in known.holders:
            continue
        heads = [
            match
            for match in _SUB.finditer(text, section.start + len(section.heading) + 1, section.end)
            if _normal(match.group("head")) in known.parts
        ]
        for index, match in enumerate(heads):
            stop = heads[index + 1].start("head") if index + 1 < len(heads) else section.end
            name = _normal(match.group("head")).replace(" ", "_")
            found.append(Section(name, match.group("head"), match.start("head"), stop))
    return tuple(found)


def _run_in_headings(text: str, taken: set[int]) -> list[_Heading]:
    known = _known()
    found = []
    for match in _RUN_IN.finditer(text):
        head = match.group("head")
        normal = _normal(head)
        name = known.headings.get(normal)
        if name is None or name in ("vital_signs", "header") or normal in known.parts or len(head) < 4:
            continue
        if (head.isupper() or normal in _RUN_IN_MIXED) and match.start("head") not in taken:
            found.append(_Heading(match.start("head"), match.end("head"), name))
    return found


def _copy_to(normal: str, text: str, end: int) -> bool:
    """ "CC: Dr. …" at a letter's foot sends copies and is no chief complaint."""
    return (
        normal == "cc"
        and re.match(
            r"[ \t]*:[ \t]*(?:Dr\b|\[NAME|[^\n]{0,60}\b(?:M\.?D|D\.?O|NP|PA)\b|"
            r"[A-Z][\w'-]+ [A-Z][\w'-]+[ \t]*(?:\n|$))",
            text[end : end + 90],
        )
        is not None
    )


def _line_headings(text: str) -> list[_Heading]:
    heads: list[_Heading] = []
    known = _known()
    for match in _LINE.finditer(text):
        head = match.group("head").rstrip()
        start = match.start("head")
        normal = _normal(head)
        if normal in known.refused:
            continue
        mark = match.group("mark")
        listed = known.headings.get(normal)
        before = text[max(0, match.start() - 3) : match.start()].replace(" ", "").replace("\t", "")
        paragraph = match.start() == 0 or before.endswith("\n\n") or not before.strip()
        upper = head.isupper() and sum(c.isalpha() for c in head) > 1
        numbered = text[match.start() : start].strip()[:1].isdigit()
        end = start + len(head)
        if mark.startswith(":"):
            by_form = paragraph and upper and not numbered and not _NOT_HEADING.search(head)
            known_here = listed and listed != "header" and (len(head) > 1 or paragraph)
            if _copy_to(normal, text, end) or head.endswith("#"):
                continue
            if by_form or (
                known_here and (paragraph or normal not in known.parts or listed == "vital_signs")
            ):
                heads.append(_Heading(start, end, canonical_name(head) or "other"))
        elif (
            listed
            and len(head) > 3
            and normal not in known.parts
            and normal not in known.titles
            and listed != "header"
        ):
            alone = not mark.strip(" \t*=-_–") and "\n" in text[match.end() : match.end() + 2] + "\n"
            if (alone and (upper or (paragraph and head.istitle()) or _titled(head, paragraph))) or (
                mark.strip() in ("-", "--", "–") and upper
            ):
                heads.append(_Heading(start, end, listed))
    return heads


def _titled(head: str, paragraph: bool) -> bool:
    return paragraph and head[0].isupper() and len(head.split()) <= 5
