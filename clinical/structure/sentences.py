"""Sentences of a report by offset: full stops, list items, wrapped lines, and no split inside "Dr." or "3.5"."""

import re
from dataclasses import dataclass

_BREAK = re.compile(r"\n[ \t]{0,80}\n\s*|\n|(?<![.!?])[.!?]{1,6}[\"'”’)\]]{0,3}(?=\s)|;(?=\s)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Drs?|Mrs?|Ms|Prof|St|Jr|Sr|vs|approx|cf|e\.g|i\.e|No|Nos|Fig|Dept|Inc|Ltd|Rev|Lt|Rt|dept|"
    r"p\.o|p\.r|b\.i\.d|t\.i\.d|q\.i\.d|q\.d|q\.h\.s|h\.s|p\.r\.n|a\.m|p\.m|P\.O|i\.v|q\.a\.m|q\.p\.m)|(?<!/)\b[A-Z]"
    r"|\.[A-Za-z])\.$"
)
_ITEM = re.compile(r"[ \t]*(?:\(?\d{1,2}[.)]|[-•*·–]|[A-Za-z][.)])[ \t]+\S")
_ONLY_MARKER = re.compile(r"\s*\(?(?:\d{1,2}|[A-Za-z])[.)]$")
_HEADING_LINE = re.compile(r"[ \t]*[A-Z][A-Za-z0-9 ,/&()'.-]{1,50}:")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: ``text[start:end]`` without surrounding blanks."""

    start: int
    end: int


def sentences(text: str) -> tuple[Sentence, ...]:
    """Split ``text`` into sentences, in order, none empty. Linear in the length of the text."""
    found: list[Sentence] = []
    begin = 0
    line_start = 0
    for match in _BREAK.finditer(text):
        mark = match.group()
        if mark[0] == "\n":
            wrapped = mark == "\n" and _is_wrap(text, line_start, match.start(), match.end())
            line_start = match.end()
            if wrapped:
                continue
            cut = match.start()
        elif mark[0] == ";":
            cut = match.end()
        else:
            if mark[0] == "." and not _ends_sentence(text, begin, match.end()):
                continue
            cut = match.end()
        _add(found, text, begin, cut)
        begin = match.end()
    _add(found, text, begin, len(text))
    return tuple(found)


def _add(found: list[Sentence], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        found.append(Sentence(start, end))


def _ends_sentence(text: str, begin: int, end: int) -> bool:
    tail = text[max(begin, end - 12) : end]
    after = text[end : end + 12].lstrip(" \t")
    if _ONLY_MARKER.match(text[max(begin, end - 8) : end]) and end - begin < 9:
        return False
    if after[:1].islower():
        return False
    return not (_ABBREVIATION.search(tail) and after[:1] not in ("\n", ""))


def _is_wrap(text: str, line_start: int, newline: int, after: int) -> bool:
    """Is a single newline only the wrapping of a long line?"""
    line = text[line_start:newline].rstrip()
    following = text[after : after + 60].lstrip(" \t")
    if not following or not line or line[-1] in ".:;!?|" or "\t" in line or "|" in line:
        return False
    if _ITEM.match(following) or _HEADING_LINE.match(following):
        return False
    if following[0].islower():
        return True
    return len(line) >= 60 and "  " not in line.strip()
