"""Sections of a report: headings known by a rule file, and headings known only by their form."""

import re
from dataclasses import dataclass
from functools import cache

from clinical.report import Section
from clinical.structure.lexicon import rules

_LINE = re.compile(
    r"^[ \t]*(?:\d{1,2}[.)][ \t]+|[#*=\-]{1,4}[ \t]*)?(?P<head>[A-Z][A-Za-z0-9 ,/&()\-'’.#]{0,68}?)[*_]{0,2}[ \t]*"
    r"(?P<mark>::?|[ \t]-{1,2}[ \t]|[*=\-_ \t]*$)[*_]{0,2}",
    re.MULTILINE,
)
_RUN_IN = re.compile(r"(?<=[.!?;])[ \t]+(?P<head>[A-Z][A-Z0-9 ,/&()\-]{1,48}?)[ \t]?:(?=\s)")
_SPACES = re.compile(r"[\s_]+")


@dataclass(frozen=True, slots=True)
class _Known:
    headings: dict[str, str]
    systems: frozenset[str]
    words: tuple[tuple[str, str], ...]


@cache
def _known() -> _Known:
    data = rules("sections.toml")
    headings = {_normal(heading): name for name, entry in data["section"].items() for heading in entry}
    systems = frozenset(_normal(heading) for heading in data["subheadings"]["parts"])
    words = tuple((rule["contains"], rule["name"]) for rule in data["rule"])
    return _Known(headings, systems, words)


def _normal(heading: str) -> str:
    return _SPACES.sub(" ", heading.replace("’", "'").strip(" \t.:-*#=_")).lower()


def canonical_name(heading: str) -> str | None:
    """The canonical section name of ``heading``, or None where no rule knows it."""
    known = _known()
    normal = _normal(heading)
    name = known.headings.get(normal)
    if name is not None:
        return name
    for words, candidate in known.words:
        if words in normal:
            return candidate
    return None


def find_sections(text: str) -> tuple[Section, ...]:
    """Sections in order; each reaches to the next heading. Text before the first heading has no section.

    A heading is a line's beginning followed by a colon (or a line of its own), known by the rule file or written in
    capitals after a blank line; or a known heading in capitals in the middle of a paragraph.
    """
    heads = _line_headings(text)
    taken = {start for start, _, _ in heads}
    for match in _RUN_IN.finditer(text):
        head = match.group("head")
        if match.start("head") not in taken and _normal(head) not in _known().systems:
            name = _known().headings.get(_normal(head))
            if name is not None and name not in ("vital_signs", "other"):
                heads.append((match.start("head"), match.end("head"), name))
    heads.sort()
    sections = []
    for index, (start, end, name) in enumerate(heads):
        stop = heads[index + 1][0] if index + 1 < len(heads) else len(text)
        while stop > end and text[stop - 1].isspace():
            stop -= 1
        sections.append(Section(name, text[start:end], start, stop))
    return tuple(sections)


def _line_headings(text: str) -> list[tuple[int, int, str]]:
    heads: list[tuple[int, int, str]] = []
    known = _known()
    for match in _LINE.finditer(text):
        head = match.group("head").rstrip()
        start = match.start("head")
        normal = _normal(head)
        colon = match.group("mark").startswith(":")
        name = known.headings.get(normal) or (canonical_name(head) if colon else None)
        before = text[max(0, match.start() - 3) : match.start()]
        paragraph = match.start() == 0 or before.replace(" ", "").endswith("\n\n") or not before.strip()
        upper = head.upper() == head and sum(c.isalpha() for c in head) > 1
        if colon:
            if paragraph and upper:
                heads.append((start, start + len(head), name or "other"))
            elif name is not None and normal not in known.systems and normal in known.headings:
                heads.append((start, start + len(head), name))
        elif (
            known.headings.get(normal)
            and normal not in known.systems
            and (upper or paragraph)
            and len(head) > 3
        ):
            heads.append((start, start + len(head), known.headings[normal]))
    return heads
