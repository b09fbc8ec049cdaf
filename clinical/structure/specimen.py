"""Which specimen a value is of: "CSF: glucose 75" is no serum glucose and is not judged by serum ranges."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from clinical.structure.lexicon import rules


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    specimen: str


@cache
def _data() -> tuple[re.Pattern[str], dict[str, str], dict[str, dict[str, str]]]:
    data = rules("specimens.toml")
    words: dict[str, str] = {}
    for specimen, entry in data["specimen"].items():
        for word in entry["words"]:
            words[word.lower()] = specimen
    pattern = re.compile(
        r"(?<![A-Za-z])(?:"
        + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
        + r")(?![A-Za-z])",
        re.IGNORECASE,
    )
    renamed = {specimen: dict(entry.get("names", {})) for specimen, entry in data["specimen"].items()}
    return pattern, words, renamed


class Specimens:
    """The specimen in force at each place of one text. A mark holds to the end of its sentence; a heading's, to the
    next blank line or heading of another specimen."""

    def __init__(self, text: str) -> None:
        pattern, words, _ = _data()
        self._marks: list[_Mark] = []
        for match in pattern.finditer(text):
            specimen = words[match.group().lower()]
            self._marks.append(_Mark(match.start(), _reach(text, match), specimen))
        self._starts = [mark.start for mark in self._marks]

    def at(self, place: int) -> str:
        """Specimen at ``place``; "" for blood, which is the usual one."""
        for index in range(bisect_right(self._starts, place) - 1, -1, -1):
            mark = self._marks[index]
            if place < mark.end:
                return "" if mark.specimen == "blood" else mark.specimen
            if place - mark.start > 3000:
                break
        return ""


def renamed(name: str, specimen: str) -> str | None:
    """The name of an analyte in a specimen; None where the name means nothing there."""
    names = _data()[2].get(specimen)
    if not specimen:
        return name
    if names is None or name.startswith((specimen, "urine ", "csf ")):
        return name
    if name in names:
        return names[name] or None
    return name if names.get("*") == "keep" else f"{specimen} {name}"


def _reach(text: str, match: re.Match[str]) -> int:
    line_start = text.rfind("\n", 0, match.start()) + 1
    heading = not text[line_start : match.start()].strip(" \t*#-=")
    rest = text[match.end() : match.end() + 24]
    if heading and re.match(r"[^\n:]{0,20}(?::?[ \t]*\n|:[ \t]*$)", rest + ("" if len(rest) == 24 else "\n")):
        stop = text.find("\n\n", match.end() + 2)
        return len(text) if stop < 0 else stop
    stop = len(text)
    for end in re.finditer(r"[.][ \n]|\n\n|\n(?=[A-Z][A-Z ]{3,}:)", text[match.end() : match.end() + 800]):
        if heading and end.group().startswith("."):
            continue
        stop = match.end() + end.start()
        break
    else:
        stop = min(len(text), match.end() + 800)
    return stop
