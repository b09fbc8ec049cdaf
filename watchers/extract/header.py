"""Who the patient is and when they were examined, from the header that a page prints.

Labels are data (header.toml). A header is read cell by cell: a label, then its value up to the next label, a
column gap or the end of the line; a label that stands alone takes the cell below it. What is missing stays
None.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from clinical.report import Identity
from watchers.extract.dates import DATE, date_of, find_date, find_moment
from watchers.extract.report_type import type_of_title

HEADER_LINES = 45
_RULES = Path(__file__).with_name("header.toml")
# A line that opens the report's body: what stands after it is not searched for the patient's name.
_BODY = re.compile(
    r"^\W*(?:history(?! (?:and|&) physical)|hpi|findings|impression|indications?|technique|comparison|"
    r"subjective|objective|assessment|"
    r"plan(?! of)|chief complaint|reason for (?:visit|exam|study|consult)|"
    r"clinical (?:history|information|indication)|"
    r"(?:pre|post)[- ]?(?:operative|procedure) diagnos[ie]s|"
    r"diagnos[ie]s|summary|conclusion)\b.*",
    re.IGNORECASE,
)
_TITLES = r"(?:mr|mrs|ms|miss|mx|dr|prof|master|sir|madam|baby)"
_NAME_WORD = r"[^\W\d_][\w'’`.\-]*"
_CREDENTIAL = re.compile(
    r"(?<!\w)(?:M\.?D\.?|D\.?O\.?|Ph\.?D\.?|R\.?N\.?|N\.?P\.?|P\.?A\.?(?:-C)?|M\.?B\.?B\.?S|F\.?A\.?C\.?[A-Z.]+|MPH|FRCR|DPM|"
    r"DDS|DMD|PharmD|APRN|FNP|FRCP)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a page's header states."""

    identity: Identity = field(default=Identity(), repr=False)
    observed_at: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Labels:
    pattern: re.Pattern[str]
    kinds: Mapping[str, str]
    observed: Mapping[str, int]
    bare: frozenset[str]
    not_names: frozenset[str]


def _key(label: str) -> str:
    return re.sub(r"[\s._:]+", " ", label.casefold()).strip()


@lru_cache(maxsize=1)
def _labels() -> _Labels:
    rules: dict[str, Any] = tomllib.loads(_RULES.read_text(encoding="utf-8"))
    kinds: dict[str, str] = {}
    for label in rules["others"]["labels"]:
        kinds[_key(label)] = "other"
    for label in rules["observed"]["labels"]:
        kinds[_key(label)] = "observed"
    for kind, names in rules["labels"].items():
        for label in names:
            kinds[_key(label)] = kind
    ranked = [_key(label) for label in rules["observed"]["labels"]]
    observed: dict[str, int] = {}
    for rank, label in enumerate(ranked):
        observed.setdefault(label, rank)
    words = sorted(kinds, key=len, reverse=True)
    alternatives = "|".join(
        r"[\s._]*".join(re.escape(part) for part in re.split(r" ", word)) for word in words
    )
    # A label ends in ":" or "#:", or (some labels) in blanks before a value of its form: "DOB 12/10/81".
    pattern = re.compile(
        rf"(?<![\w/])(?P<label>{alternatives})\.?(?:\s*(?:\([^()\n]{{1,24}}\)))?"
        r"(?:\s*[#№]?\s*(?:[:\uff1a]|\.{2,}:?|_{2,}:?)[ \t]*|\s*[=]\s*|(?P<bare>[ \t]*[#№]?[ \t]+)(?=[^\n]))",
        re.IGNORECASE,
    )
    return _Labels(
        pattern,
        kinds,
        observed,
        frozenset(_key(label) for label in rules["bare"]["labels"]),
        frozenset(rules["not_names"]["words"]),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    label: str
    kind: str
    value: str
    line: int
    colon: bool


_FORMED = ("birth_date", "observed", "mrn", "accession", "other_id")


def _bare_ok(label: str, kind: str, value: str, starts: bool) -> bool:
    """Whether a label without a colon is one: only a strong label whose value has the right form."""
    if label not in _labels().bare and not (starts and len(label) >= 4 and kind in _FORMED):
        return False
    head = value.strip()[:40]
    if kind in ("birth_date", "observed"):
        match = DATE.search(head)
        return match is not None and match.start() <= 3
    if kind in ("mrn", "accession", "other_id"):
        return re.match(r"[A-Za-z]{0,4}[-#]?\d", head) is not None
    if kind == "phone":
        return re.match(r"[(+]?\d[\d ().-]{6,}", head) is not None
    if kind == "sex":
        return re.match(r"(?:m|f|male|female)\b", head, re.IGNORECASE) is not None
    if kind in ("age", "age_sex"):
        return re.match(r"\d{1,3}\b", head) is not None
    return kind == "name" and re.match(r"[A-Z]", head) is not None


def _cells(lines: list[str]) -> list[_Cell]:
    labels = _labels()
    found: list[_Cell] = []
    for number, line in enumerate(lines):
        if row := _label_row(line, labels):
            found.extend(_Cell(label, labels.kinds[label], "", number, True) for label in row)
            continue
        matches: list[tuple[re.Match[str], str, str]] = []
        end = 0
        for match in labels.pattern.finditer(line):
            if match.start() < end:
                continue
            label = _key(match["label"])
            kind = labels.kinds.get(label) or labels.kinds.get(label.rstrip("#").strip(), "other")
            before = line[: match.start()]
            # A label stands at a line's or a column's beginning, never in running words.
            starts = not before.strip() or re.search(r"(?:[|;,•·/\])(]|\s{2,}|\t)\s*$", before) is not None
            if match["bare"] is not None:
                if not _bare_ok(label, kind, line[match.end() :], starts):
                    continue
            elif not starts and (kind == "other" or len(label) < 3) and not _after_value(before):
                continue
            matches.append((match, label, kind))
            end = match.end()
        for index, (match, label, kind) in enumerate(matches):
            stop = matches[index + 1][0].start() if index + 1 < len(matches) else len(line)
            value = line[match.end() : stop]
            found.append(_Cell(label, kind, value.strip(" \t|;,•·"), number, match["bare"] is None))
    return found


def _label_row(line: str, labels: _Labels) -> list[str]:
    """The labels of a line that holds nothing else, as over the columns of a table."""
    parts = [_key(part) for part in re.split(r"\s{2,}|\t|\|", line.strip().rstrip(":")) if part.strip()]
    if not parts or any(part not in labels.kinds for part in parts):
        return []
    return parts if len(parts) > 1 or (len(parts[0]) > 2 and labels.kinds[parts[0]] != "other") else []


def _after_value(before: str) -> bool:
    """Whether the words before a label look like the end of a value (so that a new label may follow)."""
    return re.search(r"(?:\d|\b[MF]|\bmale|\bfemale|[a-z]{2}|[A-Z]{2})\s*$", before) is not None


def _stacked(lines: list[str], cells: list[_Cell]) -> list[_Cell]:
    """Cells without a value take the one below: labels in one row, values in the next, by column."""
    out: list[_Cell] = []
    for cell in cells:
        if cell.value or cell.kind == "other" or cell.line + 1 >= len(lines):
            out.append(cell)
            continue
        row = [c for c in cells if c.line == cell.line]
        below = lines[cell.line + 1]
        if any(c.line == cell.line + 1 for c in cells):
            out.append(cell)
            continue
        values = [part.strip() for part in re.split(r"\s{2,}|\t|\|", below.strip()) if part.strip()]
        index = row.index(cell)
        if all(not c.value for c in row) and len(values) == len(row):
            out.append(_Cell(cell.label, cell.kind, values[index], cell.line, True))
        elif len(row) == 1 and below.strip():
            out.append(_Cell(cell.label, cell.kind, below.strip(), cell.line, True))
        else:
            out.append(cell)
    return out


def _cut(value: str) -> str:
    """A value ends at a column gap."""
    return re.split(r"\s{3,}|\t|\s*[|•·;]\s*", value.strip(), maxsplit=1)[0].strip(" ,;|")


def tidy_name(value: str) -> str | None:
    """A person's name in natural order: ``SMITH, Jane A.`` becomes ``Jane A. SMITH``."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", _cut(value))
    text = re.split(
        r"\s(?:DOB|D\.O\.B|MRN|MR#|Age|Sex|DOS|born|aged?)\b|\d|[:#]", text, maxsplit=1, flags=re.IGNORECASE
    )[0]
    text = re.sub(rf"^(?:{_TITLES})\b\.?\s+", "", text.strip(" ,.;-–_*"), flags=re.IGNORECASE)
    text = _CREDENTIAL.sub("", text).strip(" ,.;-/([")
    if not text or not re.match(rf"^{_NAME_WORD}(?:[ ,]+{_NAME_WORD}){{0,6}}$", text):
        return None
    if re.search(r"[a-z]{3,}\.\s", text) or (text.islower() and len(text.split()) not in (2, 3)):
        return None
    if "," in text:
        family, given = (part.strip() for part in text.split(",", 1))
        given = given.replace(",", " ")
        if re.fullmatch(r"(?:jr|sr|i{2,3}|iv)\.?", given, re.IGNORECASE):
            text = f"{family} {given}"
        elif family and given:
            text = f"{given} {family}"
    text = re.sub(r"\s+", " ", text).strip()
    if len(re.findall(r"[^\W\d_]", text)) < 2 or text.casefold() in _labels().not_names:
        return None
    return text


def tidy_id(value: str) -> str | None:
    """A record number as printed, without what stands beside it."""
    text = _cut(value)
    match = re.match(r"[#:\s]*((?=[\w./-]*\d)[A-Za-z0-9][\w./-]*(?: \d[\d-]*)*)", text)
    if match is None:
        return None
    found = match[1].rstrip(".,/-")
    return found if 2 <= len(found) <= 32 and not DATE.fullmatch(found.split(" ")[0]) else None


def tidy_sex(value: str) -> Literal["M", "F"] | None:
    """The sex that a value states."""
    match = re.search(r"(?<![A-Za-z])(male|female|man|woman|m|f)(?![A-Za-z])", value, re.IGNORECASE)
    if match is None:
        return None
    return "M" if match[1].lower() in ("m", "male", "man") else "F"


def tidy_phone(value: str) -> str | None:
    """A phone number as printed."""
    match = re.search(r"\+?\(?\d[\d\s().\-]{5,}\d(?:\s*(?:x|ext\.?)\s*\d+)?", value)
    return match[0].strip() if match and len(re.sub(r"\D", "", match[0])) >= 7 else None


def find_header(text: str, *, latest: int = 2068) -> Header:
    """Identity and day of examination from the labels of the first lines; the day also from the last ones.

    Args:
        latest: the newest year that a two-digit year may mean.
    """
    lines = text.splitlines()
    top = lines[:HEADER_LINES]
    cells = _stacked(top, _cells(top))
    body = next((i for i, line in enumerate(top) if _BODY.match(line.strip())), len(top))
    value: dict[str, str] = {}
    others: list[str] = []
    observed: tuple[int, str] | None = None
    for cell in cells:
        found: str | None = None
        if cell.kind in ("name", "family_name", "given_name") and cell.line < body:
            # "Re" and "Name" also introduce other things: a facility or physician line is no patient.
            found = tidy_name(cell.value)
        elif cell.kind in ("mrn", "accession", "other_id"):
            found = tidy_id(cell.value)
            if found and cell.label == "exam" and sum(c.isdigit() for c in found) < 5:
                found = None
            beside = re.match(r"[#\s]*[\w.-]+\s+/\s+([A-Za-z]{0,4}\d[\w-]{4,})$", cell.value)
            if beside and cell.kind == "mrn":
                value.setdefault("accession", beside[1])
        elif cell.kind == "birth_date":
            found = find_date(cell.value[:40], latest=min(latest, 2030))
        elif cell.kind == "sex":
            found = tidy_sex(cell.value[:12])
        elif cell.kind == "age_sex" or (
            cell.kind == "age"
            and re.match(
                r"\d{1,3}\s*(?:y|yrs?|years?)?(?:\s*old)?[\s/,]*(?:m|f|male|female)\b", cell.value, re.I
            )
        ):
            found, cell = (
                tidy_sex(cell.value[:24]),
                _Cell(cell.label, "sex", cell.value, cell.line, cell.colon),
            )
        elif cell.kind == "phone":
            found = tidy_phone(cell.value)
        elif cell.kind == "address":
            found = re.sub(r"\s+", " ", cell.value).strip() or None
        elif cell.kind == "observed":
            moment = find_moment(cell.value[:48], latest=latest)
            rank = _labels().observed.get(cell.label, 99)
            if moment and (observed is None or rank < observed[0]):
                observed = (rank, moment)
            continue
        if found is None:
            continue
        if cell.kind == "other_id":
            others.append(found)
        else:
            value.setdefault(cell.kind, found)
    name = value.get("name")
    if value.get("family_name") and value.get("given_name"):
        name = f"{value['given_name']} {value['family_name']}"
    for line in top[:8]:
        # "WHITE, NADIA - 35680638 - DOB 1/28/1975": name, number, birth date, no label for the first two.
        beside = _NAME_AND_NUMBER.match(line)
        if beside and _IDENTIFIES.search(line[beside.end() :]):
            name = name or tidy_name(beside["name"])
            value.setdefault("mrn", beside["id"])
    name = name or _name_beside_birth(top[:body])
    if "mrn" not in value:
        marked = next(
            (m for line in top[:6] if (m := re.match(r"\s*#\s?([A-Z]{0,3}\d{5,12})\b", line))), None
        )
        if marked:
            value["mrn"] = marked[1]
    sex = value.get("sex") or _sex_beside(top[:body]) or _sex_told(text, name)
    identity = Identity(
        mrn=value.get("mrn"),
        name=name,
        birth_date=value.get("birth_date"),
        sex=sex if sex in ("M", "F") else None,  # type: ignore[arg-type]
        accession=value.get("accession"),
        phone=value.get("phone") if name else None,
        address=value.get("address"),
        other_ids=tuple(dict.fromkeys(others)),
    )
    moment = observed[1] if observed else None
    if moment is None or (observed and observed[0] >= _labels().observed["date"]):
        moment = _lone_date(top[:body], identity.birth_date, latest) or moment
    moment = moment or _dictated(lines[-12:], latest)
    return Header(identity, moment)


_PERSON = "male|female|man|woman|gentleman|lady|boy|girl"
_TOLD = re.compile(
    rf"\b\d{{1,3}}[- ]?(?:year|yr|month|week|day)s?[- ]old\s+(?:[\w-]+\s+){{0,3}}?({_PERSON})\b"
    rf"|\b\d{{1,3}}\s?(?:y/?o|y\.o\.)\s+(?:[\w-]+\s+){{0,2}}?({_PERSON}|m|f)\b",
    re.IGNORECASE,
)


def _sex_told(text: str, name: str | None) -> str | None:
    """From the first sentence that tells age and sex, or a title before the name, where no header does."""
    family = re.escape(name.split()[-1]) if name else ""
    titled = (
        re.search(rf"\b(Mr|Mrs|Ms|Miss)\.?\s+(?:[\w'-]+\s+)?{family}\b", text[:6000], re.IGNORECASE)
        if family
        else None
    )
    if titled:
        return "M" if titled[1].lower() == "mr" else "F"
    match = _TOLD.search(text[:4000])
    if match is None:
        return None
    word = (match[1] or match[2]).lower()
    return "M" if word in ("male", "man", "gentleman", "boy", "m") else "F"


def _lone_date(lines: list[str], birth_date: str | None, latest: int) -> str | None:
    """A date that stands alone on a line or ends a title line, as under a letterhead."""
    for line in lines[:14]:
        match = DATE.search(line)
        if match is None or re.search(r"\b(?:DOB|D\.O\.B|born|birth|b\.)", line, re.IGNORECASE):
            continue
        rest = line[match.end() :].strip(" .,;|")
        before = re.split(r"\s{3,}|\t|\|", line[: match.start()])[-1].strip(" .,;")
        before = re.sub(r"\s(?:of|on|dated)$", "", before, flags=re.IGNORECASE)
        alone = not before or (len(before) <= 60 and type_of_title(before) is not None)
        if alone and (not rest or re.match(r"(?:at\s*)?\d{1,2}:\d{2}", rest)):
            found = find_moment(line[match.start() :], latest=latest)
            if found and found[:10] != birth_date:
                return found
    return None


def _sex_beside(lines: list[str]) -> str | None:
    for line in lines:
        match = re.search(
            r"\b\d{1,3}\s*(?:-?\s*y(?:ea)?rs?[ -]?old|y/?o|yrs?|y|years?)?\s*[/ ,]\s*(male|female|[MF])\b",
            line,
        )
        if match and DATE.search(line):
            return "M" if match[1].upper().startswith("M") else "F"
    return None


_NAME_AND_NUMBER = re.compile(
    rf"\s*(?P<name>{_NAME_WORD}[^\d|;:]*?)\s*[-,|]\s*(?P<id>[A-Z]{{0,3}}\d[\d-]{{4,12}})\s*[-,|]"
)
_IDENTIFIES = re.compile(
    r"\b(?:DOB|D\.O\.B|born|b|birth)\b|\b\d{1,3}\s?(?:y\.?/?o|yo|yrs?)\b"
    r"|\b(?:MRN|Med(?:ical)? Rec|MR ?#|Chart|Record|Patient ID)(?!\w)",
    re.IGNORECASE,
)


def _name_beside_birth(lines: list[str]) -> str | None:
    """``GARCIA, MARIA L   03/14/1962   F``: a name without a label on the line that prints the birth date."""
    for line in lines[:12]:
        if _IDENTIFIES.search(line) is None:
            continue
        match = re.match(
            rf"\s*({_NAME_WORD},\s*{_NAME_WORD}(?: {_NAME_WORD})?|{_NAME_WORD}(?: {_NAME_WORD}){{1,3}})"
            r"\s*(?:[,|(]|\s{2,}|\t|DOB)",
            line,
        )
        if match and not re.search(
            r"hospital|clinic|center|centre|medical|health|report|patient", match[1], re.IGNORECASE
        ):
            return tidy_name(match[1])
    return None


def _dictated(lines: list[str], latest: int) -> str | None:
    for line in lines:
        match = re.match(r"\s*(?:D|DD|Dictated|Date dictated|Date)\s*[:/]\s*(.+)", line)
        if match and (found := find_moment(match[1], latest=latest)):
            return found
    return None


def birth_year_limit(identity: Identity, observed_at: str | None) -> Identity:
    """A birth date after the examination was a two-digit year of the century before."""
    if identity.birth_date and observed_at and identity.birth_date > observed_at[:10]:
        year = int(identity.birth_date[:4])
        if year >= 2000:
            moved = f"{year - 100}{identity.birth_date[4:]}"
            return Identity(
                **{name: getattr(identity, name) for name in Identity.__slots__ if name != "birth_date"},
                birth_date=moved,
            )
    return identity


__all__ = [
    "Header",
    "birth_year_limit",
    "date_of",
    "find_header",
    "tidy_id",
    "tidy_name",
    "tidy_phone",
    "tidy_sex",
]
