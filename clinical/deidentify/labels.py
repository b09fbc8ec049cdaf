"""What a label of a header field announces, told by the words it is composed of and not by a list of whole labels."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Announced = Literal["phone", "mail", "id", "date", "name", "location", "other"]
_FILE = Path(__file__).parent / "label_words.toml"
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|#")
_POINTED = re.compile(r"\b(?:[A-Za-z][./]){1,3}[A-Za-z]\b\.?")


@cache
def _table() -> Mapping[str, frozenset[str]]:
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {kind: frozenset(words.split()) for kind, words in data.items()}


@cache
def is_label_word(word: str) -> bool:
    """Tells whether a word (lower case) may be a part of a label."""
    return any(word in words for words in _table().values())


def announced(label: str) -> Announced | None:
    """Returns what a phrase announces, or None if a word of it belongs to no label.

    ``Req. Clinician`` announces a name, ``Hosp. #`` a number, ``D/O/B`` a date; ``Mercy Tamarisk`` nothing.
    """
    if any(c.isdigit() for c in label):
        return None
    joined = _POINTED.sub(lambda m: re.sub(r"[./]", "", m.group()), label)
    words = [w.lower() for w in _WORD.findall(joined)]
    table = _table()
    if not words or len(words) > 6 or not all(w == "#" or is_label_word(w) for w in words):
        return None
    found = set(words)
    if found & table["phone"]:
        return "phone"
    if found & table["mail"]:
        return "mail"
    if words[-1] == "#" or words[-1] in table["number"]:
        return "id"
    if found & table["born"]:
        return "date"
    if "by" in found or ("name" in found and not found & table["location"]):
        return "name"
    if found & {"date", "dt", "when", "time", "on", "dates"}:
        return "date"
    head = words[words.index("of") - 1] if "of" in words[1:] else words[-1]
    if head in table["other"] and not any(head in table[kind] for kind in ("location", "name", "date", "id")):
        return "other"
    for kind in ("location", "name", "other", "date", "id"):
        if found & (table[kind] - table["filler"]):
            return _KINDS[kind]
    for kind in ("location", "name", "other", "date", "id"):
        if found & table[kind]:
            return _KINDS[kind]
    return None


_KINDS: Mapping[str, Announced] = {
    "location": "location",
    "name": "name",
    "other": "other",
    "date": "date",
    "id": "id",
}


_LEADER = re.compile(
    r"(?<![\w.])(?P<label>[A-Za-z][A-Za-z./#'()]*(?:[ /][A-Za-z(#][A-Za-z./#'()]*){0,4}?)"
    r"(?P<sep>[ ]?[.·…_]{3,}[ ]?:?|[ ](?:-{1,3}|–|—|=|-?=?>|~|»|:{2,})(?=[ ])|:{2,}|[ ]?=>?)(?=[ ]?[^\s.=>-])"
)


def with_colons(text: str) -> str:
    """Returns the text, as long as before, with a colon where leaders, dashes or arrows part a label from its value.

    Only in the lines at either end, and only behind a phrase that is a label: ``DOB.....1/2/60``, ``Ref => Lee``.
    """
    lines = [m.span() for m in re.finditer(r"[^\n]*\S[^\n]*", text)]
    pieces = list(text)
    for start, end in (*lines[:30], *lines[30:][-14:]):
        for match in _LEADER.finditer(text, start, end):
            words = match.group("label").split(" ")
            if any(announced(" ".join(words[i:])) for i in range(len(words))):
                first, last = match.span("sep")
                pieces[first:last] = ":".ljust(last - first)
    return "".join(pieces)
