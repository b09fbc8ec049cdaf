"""Header fields: ``Label: value`` in lines, columns and tables, and what class of value a label announces."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

from clinical.deidentify.folding import key
from clinical.deidentify.found import Found
from clinical.deidentify.phrases import DEGREE, forward
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Words

LAYER = "fields"
Kind = Literal["name", "id", "phone", "fax", "email", "location", "date", "birth", "other"]
_TITLES = frozenset(["dr", "mr", "mrs", "ms", "miss", "prof", "drs", "doctor"])
_BELOW = re.compile(r"\n[ \t]*([^\n|\t]{2,80})")
_BREAK = re.compile(r"\||\t|;|[ ]{2,}|\n")


@dataclass(frozen=True, slots=True)
class Field:
    """A label and the stretch of its value."""

    kind: Kind
    label: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FieldLabels:
    """The labels as one expression, and the class of each."""

    pattern: re.Pattern[str]
    kinds: dict[str, Kind]


def load_labels(*files: str) -> FieldLabels:
    """Reads the packaged label lists."""
    kinds: dict[str, Kind] = {}
    spelled: set[str] = set()
    for file in files:
        table = tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))
        for kind, lists in table.items():
            for label in lists["strong"].replace("\n", " ").split(";"):
                if label.strip():
                    kinds.setdefault(_squeeze(label), cast(Kind, kind))
                    spelled |= {_squeeze(label), " ".join(label.lower().split())}
    longest = sorted(spelled, key=lambda label: (-len(label), label))
    body = "|".join(re.escape(label).replace(r"\ ", r"[ \t]+").replace("'", "'?") for label in longest)
    pattern = re.compile(
        rf"(?:(?<=\n)|(?<=\A)|(?<=[|;,\t(\[*•><> -])|(?<=\]))[ \t]*(?P<label>{body})(?:\(s\))?"
        r"(?P<sep>[ \t]*[._-]{0,40}[ \t]*(?:#|no\.?)?[ \t]*(?:[:=|]|>{1,2}|\?(?=[ ]))[ \t]*"
        r"|[ \t]*\t[ \t]*|[ ]{2,}|[ \t]*(?=\n))",
        re.IGNORECASE,
    )
    return FieldLabels(pattern, kinds)


def _squeeze(label: str) -> str:
    return key(" ".join(label.split())).replace("'", "")


def find_fields(text: str, labels: FieldLabels) -> tuple[Field, ...]:
    """Finds labelled values; a value ends at a separator, at the line's end or at the next label."""
    matches = []
    for match in labels.pattern.finditer(text):
        colon = any(mark in match.group("sep") for mark in ":=|>?")
        line = text.rfind("\n", 0, match.start("label")) + 1
        before = text[line : match.start("label")]
        at_start = not before.strip(" \t|*•>-[(") or bool(re.search(r"(?:\||\t|;|[ ]{2})[ \t]*\Z", before))
        if not colon and (not at_start or (not match.group("sep").strip(" ") and before.strip())):
            continue
        if not at_start and not before.endswith((" ", ",", "(", "[", "|", "-")):
            continue
        matches.append(match)
    fields = []
    for index, match in enumerate(matches):
        start = match.end()
        stop = matches[index + 1].start("label") if index + 1 < len(matches) else len(text)
        cut = _BREAK.search(text, start)
        end = min(stop, cut.start() if cut else len(text))
        kind = labels.kinds.get(_squeeze(match.group("label")), "other")
        if not text[start:end].strip() and text[start : start + 1] == "\n":
            below = _BELOW.match(text, start)
            if below and not labels.pattern.match(text, below.start(1)):
                start, end = below.span(1)
        fields.append(Field(kind, _squeeze(match.group("label")), start, end))
    return (*fields, *_columns(text, labels), *_tagged(text, labels))


_ELEMENT = re.compile(r"<(?:\w+:)?(?P<label>[A-Za-z][\w-]{1,40})(?:[ ][^<>]*)?>(?P<value>[^<>\n]{1,160})</")
_MEMBER = re.compile(
    r"[\"'](?P<label>[A-Za-z][\w -]{1,40})[\"'][ ]*[:=][ ]*[\"'](?P<value>[^\"'\n]{1,160})[\"']"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]")


def _tagged(text: str, labels: FieldLabels) -> Iterator[Field]:
    """Finds XML elements and JSON members whose name is a label: ``<PatientName>``, ``"mrn": "…"``."""
    for form in (_ELEMENT, _MEMBER):
        for match in form.finditer(text):
            label = _squeeze(_HUMP.sub(" ", match.group("label")))
            kind = labels.kinds.get(label)
            if kind:
                yield Field(kind, label, *match.span("value"))


def _columns(text: str, labels: FieldLabels) -> tuple[Field, ...]:
    """Finds tables: a line of labels only, and the line of values below it, cell by cell."""
    found = []
    lines = list(re.finditer(r"[^\n]+", text))
    for upper, lower in pairwise(lines):
        if len(upper.group()) > 300:
            continue
        heads = _cells(upper.group())
        kinds = [labels.kinds.get(_squeeze(head.group().strip(" .:#"))) for head in heads]
        if len(heads) < 2 or None in kinds:
            continue
        rule = lower
        if not lower.group().strip("-=|+ \t") and lines.index(lower) + 1 < len(lines):
            rule = lines[lines.index(lower) + 1]
        cells = _cells(rule.group())
        for head, kind, cell in zip(heads, kinds, cells, strict=False):
            if kind:
                label = _squeeze(head.group().strip(" .:#"))
                found.append(Field(kind, label, rule.start() + cell.start(), rule.start() + cell.end()))
    return tuple(found)


def _cells(line: str) -> list[re.Match[str]]:
    return list(re.finditer(r"[^|\t ](?:[^|\t ]|[ ](?![ ]))*", line))


_PATIENT = frozenset(["patient", "patient name", "pt", "pt name", "name", "client", "subject"])


def names_in_fields(
    text: str, fields: tuple[Field, ...], words: Words, vocabulary: Vocabulary
) -> Iterator[Found]:
    """Yields the names that fields of names hold."""
    for item in fields:
        if item.kind != "name":
            continue
        index = words.at(item.start)
        people = 0
        if _is_lower_name(text, item, vocabulary):
            last = words.at(item.end)
            yield Found(words.items[index].start, words.items[last - 1].end, "NAME", 0.9, LAYER)
            continue
        while index < len(words.items) and words.items[index].start < item.end and people < 12:
            word = words.items[index]
            between = text[item.start if not people else words.items[index - 1].end : word.start]
            if word.key in _TITLES or (word.key == "by" and not people):
                index += 1
                continue
            if not people and re.search(r"[^\s(\"'.,:#*-]", between):
                break
            phrase = forward(words, vocabulary, index, lower=True, lines=False, roles=True)
            if phrase is None:
                break
            last = phrase.last
            comma = re.compile(r"[ \t]*,[ \t]*(?=[^\W\d_])").match(text, words.items[last - 1].end)
            if comma and comma.end() < item.end:
                following = words.items[words.at(comma.end())]
                rest = forward(
                    words, vocabulary, words.at(comma.end()), lower=True, lines=False, limit=4, roles=True
                )
                if rest and following.key not in DEGREE and following.key not in _TITLES:
                    last = rest.last
            run = words.items[phrase.first : last]
            if run[-1].start >= item.end:
                run = tuple(w for w in run if w.start < item.end)
            if not run or not _believed(
                run_words := [w.text for w in run if len(w.text) > 1], text, item, vocabulary
            ):
                break
            score = 0.97 if run_words[0][:1].isupper() else 0.9
            yield Found(run[0].start, run[-1].end, "NAME", score, LAYER)
            people += 1
            index = words.at(run[-1].end)
            while (
                index < len(words.items)
                and words.items[index].key in DEGREE
                and words.items[index].start < item.end
            ):
                index += 1
            if index >= len(words.items):
                break
            joint = text[run[-1].end : words.items[index].start]
            if words.items[index].key in {"and", "or"} and len(joint) < 12:
                index += 1
            elif not re.search(r"[,/&;(]", joint):
                break


def _is_lower_name(text: str, item: Field, vocabulary: Vocabulary) -> bool:
    """Tells whether a value in lower case stands where only a name can: ``pt name: iris lake``."""
    value = text[item.start : item.end].strip()
    parts = value.replace(",", " ").split()
    if "name" not in item.label or "facility" in item.label or not 1 < len(parts) < 5 or not value.islower():
        return False
    return all(
        re.fullmatch(r"[^\W\d_]+(?:['.-][^\W\d_]+)*\.?", p) and key(p) not in vocabulary.stop for p in parts
    )


_ID_VALUE = re.compile(
    r"[\s#:(]{0,3}(?P<id>(?=[\w./-]*\d)[A-Za-z0-9]+(?:[-./_][A-Za-z0-9]+)*"
    r"(?:[ ][\dA-Z-]*\d[\dA-Z-]*){0,4})(?=[\s,;.)|]|\Z)"
)
_PHONE_VALUE = re.compile(
    r"[\s:]{0,3}(?P<phone>\+?[\d(][\d() ./-]{5,20}\d(?:[ ,]{0,2}(?:x|ext\.?)[ ]?\d{1,6})?)"
)
_MAIL_VALUE = re.compile(r"[\s:]{0,3}(?P<mail>\S+@\S+\w)")


def numbers_in_fields(text: str, fields: tuple[Field, ...]) -> Iterator[Found]:
    """Yields record numbers, phones and addresses of mail that fields hold, whatever their form."""
    for item in fields:
        if item.kind == "id":
            match = _ID_VALUE.match(text, item.start, item.end)
            if match and sum(c.isdigit() for c in match.group("id")) > 2:
                yield Found(*match.span("id"), "ID", 0.985, LAYER)
        elif item.kind in {"phone", "fax"}:
            match = _PHONE_VALUE.match(text, item.start, item.end)
            if match and sum(c.isdigit() for c in match.group()) > 6:
                yield Found(*match.span("phone"), "FAX" if item.kind == "fax" else "PHONE", 0.95, LAYER)
        elif item.kind == "email":
            match = _MAIL_VALUE.match(text, item.start, item.end)
            if match:
                yield Found(*match.span("mail"), "EMAIL", 0.95, LAYER)
        elif item.kind in {"birth", "date"}:
            match = re.compile(r"[ \t]*(?P<date>\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{2,4})[ \t]*\Z").match(
                text, item.start, item.end
            )
            parts = [int(part) for part in re.findall(r"\d+", match.group())] if match else []
            if match and min(parts) <= 12 and (max(parts) <= 31 or len(str(parts[-1])) == 4):
                yield Found(*match.span("date"), "DATE", 0.85, LAYER)


def _believed(run: list[str], text: str, item: Field, vocabulary: Vocabulary) -> bool:
    """Tells whether the words of a value are a name and not, say, ``Pain Management`` or a sentence."""
    if not run:
        return False
    if any(not vocabulary.ambiguous(word) for word in run):
        return True
    listed = sum(vocabulary.name(word) for word in run)
    rest = text[item.start : item.end].strip()
    if run[0].islower():
        plain = item.label in _PATIENT or not any(vocabulary.ordinary(word) for word in run)
        known = all(vocabulary.name(word) or not vocabulary.ordinary(word) for word in run)
        return known and len(rest.split()) <= 4 and plain
    return listed * 2 >= len(run) and len(rest.split()) <= 8


_STREET = re.compile(r"\d")
_SAYS = re.compile(r"\b(?:is|was|are|were|has|had|who|this|that|patient|she|he|we|with)\b")


_COURSE = re.compile(
    r"(?i)\b(?:course|stay|treatment|progress|management|events?)[ ](?:in|at|during)[ ](?:the[ ])?[a-z]+"
    r"[ \t]*[:=-]?\s*\Z"
)
"""``Course in hospital:`` announces what happened there, not where."""


def places_in_fields(
    text: str, fields: tuple[Field, ...], words: Words, vocabulary: Vocabulary
) -> Iterator[Found]:
    """Yields addresses and facilities that fields hold."""
    for item in fields:
        if item.kind != "location":
            continue
        value = text[item.start : item.end]
        trimmed = value.strip(" \t.,-")
        if _COURSE.search(text, max(0, item.start - 60), item.start):
            continue
        if len(trimmed) < 2 or len(trimmed.split()) > 14 or not re.search(r"[^\W\d_]|\d{4,}", trimmed):
            continue
        if len(_SAYS.findall(trimmed.lower())) > 1:
            continue
        start = item.start + value.index(trimmed)
        index = words.at(start)
        run = []
        while index < len(words.items) and words.items[index].start < start + len(trimmed):
            run.append(words.items[index])
            index += 1
        address = "address" in item.label or item.label.startswith(
            (
                "street",
                "zip",
                "post",
                "city",
                "residence",
                "cp",
                "c.p",
                "codigo",
                "domicilio",
                "localidad",
                "direcc",
            )
        )
        strange = any(
            (w.capital and not vocabulary.ordinary(w.text)) or (w.key in vocabulary.places and w.capital)
            for w in run
        )
        titled = len(run) > 1 and all(w.title or w.key in vocabulary.particles for w in run) and len(run) < 8
        titled = titled and not any(w.key in vocabulary.stop and w.capital for w in run[:1])
        headed = bool(run) and run[-1].key in vocabulary.facility and len(run) > 1 and run[0].capital
        digits = bool(_STREET.search(trimmed)) and any(w.capital for w in run)
        sure = item.label in {
            "facility",
            "hospital",
            "clinic",
            "practice",
            "institution",
            "facility name",
            "hospital name",
        }
        if address and (strange or digits or (trimmed.isdigit() and len(trimmed) > 3)):
            yield Found(start, start + len(trimmed), "LOCATION", 0.97, LAYER)
        elif (strange and (sure or len(run) <= 8)) or headed or (sure and (digits or titled)):
            yield Found(start, start + len(trimmed), "LOCATION", 0.95 if sure else 0.85, LAYER)
