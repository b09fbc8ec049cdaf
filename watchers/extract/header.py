"""Who the patient is and when they were examined, from the header that a page prints.

Labels are data (header.toml). A header is read cell by cell: a label, then its value up to the next label, a
column gap or the end of the line; a label that stands alone takes the cell below it. What is missing stays
None.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from clinical.report import Identity
from watchers.extract.dates import DATE, date_of, find_date, find_moment
from watchers.extract.header_cells import Cell, header_cells, labels_of_headers
from watchers.extract.report_type import type_of_title

HEADER_LINES = 45
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
_INITIAL_LAST = re.compile(r"(?<!\w)(?:[^\W\d_]|[JS]r)\.$")
_CREDENTIAL = re.compile(
    r"(?<!\w)(?:M\.?D\.?|D\.?O\.?|Ph\.?D\.?|R\.?N\.?|N\.?P\.?|P\.?A\.?(?:-C)?|M\.?B\.?B\.?S|F\.?A\.?C\.?[A-Z.]+|MPH|FRCR|DPM|"
    r"DDS|DMD|PharmD|APRN|FNP|FRCP)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a page's header states."""

    identity: Identity = field(default=Identity(), repr=False)
    observed_at: str | None = field(default=None, repr=False)


def _cut(value: str) -> str:
    """A value ends at a column gap."""
    return re.split(r"\s{3,}|\t|\s*[|•·;]\s*", value.strip(), maxsplit=1)[0].strip(" ,;|")


def tidy_name(value: str) -> str | None:
    """A person's name in natural order: ``SMITH, Jane A.`` becomes ``Jane A. SMITH``."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", _cut(value))
    text = re.split(
        r"\s(?:DOB|D\.O\.B|MRN|MR#|Age|Sex|DOS|born|aged?)\b|\d|[:#]", text, maxsplit=1, flags=re.IGNORECASE
    )[0]
    text = re.sub(rf"^(?:{_TITLES})\b\.?\s+", "", text.strip(" ,;-–_*").lstrip("."), flags=re.IGNORECASE)
    text = _CREDENTIAL.sub("", text).strip(" ,;-/([")
    if not _INITIAL_LAST.search(text):
        text = text.rstrip(" ,.;-/([")
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
    if len(re.findall(r"[^\W\d_]", text)) < 2 or text.casefold() in labels_of_headers().not_names:
        return None
    return text


def tidy_id(value: str) -> str | None:
    """A record number as printed, without what stands beside it."""
    text = _cut(value)
    match = re.match(r"[#:\s]*((?=[\w./-]*\d)[A-Za-z0-9][\w./-]*(?: \d[\d-]*)*)", text)
    if match is None:
        return None
    found = match[1].rstrip(".,/-")
    day = DATE.fullmatch(found.split(" ")[0])
    is_day = day is not None and (date_of(day) or "0") > "1850"
    return found if 2 <= len(found) <= 32 and not is_day else None


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
    cells = header_cells(top)
    body = next((i for i, line in enumerate(top) if _BODY.match(line.strip())), len(top))
    value: dict[str, str] = {}
    others: list[str] = []
    observed: tuple[int, str] | None = None
    for cell in cells:
        found: str | None = None
        if cell.kind in ("name", "family_name", "given_name") and cell.line < body:
            # "Re" and "Name" also introduce other things: a facility or physician line is no patient.
            found = tidy_name(re.sub(r"^.*\bfor\s+", "", cell.value))
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
                Cell(cell.label, "sex", cell.value, cell.line, cell.colon),
            )
        elif cell.kind == "phone" and (value.keys() & {"name", "mrn", "birth_date", "family_name"}):
            # A number before anything of the patient is the letterhead's.
            found = tidy_phone(cell.value)
        elif cell.kind == "address":
            found = re.sub(r"\s+", " ", cell.value).strip() or None
        elif cell.kind == "observed" and (cell.line < body or cell.label not in ("visit", "arrival")):
            moment = find_moment(cell.value[:48], latest=latest)
            rank = labels_of_headers().observed.get(cell.label, 99)
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
        marked = next((m for line in top[:6] if (m := _NUMBER_SIGN.search(line))), None)
        if marked:
            value["mrn"] = marked[1]
    if "birth_date" not in value and (born := _birth_beside_sex(top[:body], latest)):
        value["birth_date"] = born
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
    if moment is None or (observed and observed[0] >= labels_of_headers().observed["date"]):
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


# "72 y/o M", "(Male, 71 years)", "(66F)", a cell with nothing but M or F.
_SEX_BESIDE = re.compile(
    r"\b\d{1,3}\s*(?:-?\s*y(?:ea)?rs?[ -]?old|y/?o|yrs?|y|years?)?\s*[/ ,]\s*(male|female|[MF])\b"
    r"|\(\s*(male|female|[MF])\s*[,/ )]|\(\s*\d{1,3}\s*(?:y(?:rs?)?)?\s*(male|female|[MF])\s*\)"
    r"|^\s*(male|female)\s*[,;]|(?:[|]\s*|\s{2,})(male|female|[MF])\s*(?:[|]|\s{2}|$)",
    re.IGNORECASE,
)


def _sex_beside(lines: list[str]) -> str | None:
    for line in lines:
        if DATE.search(line) is None and _IDENTIFIES.search(line) is None and "(" not in line:
            continue
        if match := _SEX_BESIDE.search(line):
            return "M" if next(filter(None, match.groups())).upper().startswith("M") else "F"
    return None


_NAME_AND_NUMBER = re.compile(
    rf"\s*(?P<name>{_NAME_WORD}[^\d|;:]*?)\s*[-,|]\s*(?P<id>[A-Z]{{0,3}}\d[\d-]{{4,12}})\s*[-,|]"
)
_NUMBER_SIGN = re.compile(r"(?:^\s*|\s{2,})#\s?([A-Z]{0,3}\d[\d-]{4,12})\b")
_IDENTIFIES = re.compile(
    r"\b(?:DOB|D\.O\.B|born|b|birth)\b|\b\d{1,3}\s?(?:y\.?/?o|yo|yrs?)\b"
    r"|\b(?:MRN|Med(?:ical)? Rec|MR ?#|Chart|Record|Patient ID)(?!\w)",
    re.IGNORECASE,
)


_SEX_AND_DAY = re.compile(
    rf"\b(?:[MF]|male|female)\s*[|,]\s*(?={DATE.pattern})|(?<=\d)\s*[|,]\s*(?:[MF]|male|female)\b",
    re.IGNORECASE | re.VERBOSE,
)


def _birth_beside_sex(lines: list[str], latest: int) -> str | None:
    """``LEE, ANN | F | 11/30/1985 | MRN 4410``: a day beside the sex, on a line that identifies a person."""
    for line in lines[:8]:
        beside = _SEX_AND_DAY.search(line)
        if beside is None or _IDENTIFIES.search(line) is None:
            continue
        days = [m for m in DATE.finditer(line) if beside.end() == m.start() or beside.start() == m.end()]
        if days and (found := date_of(days[0], latest=latest)):
            return found
    return None


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


def birth_year_limit(identity: Identity, observed_at: str | None, text: str) -> Identity:
    """A birth date after the examination was of the century before, where ``text`` prints two digits of its year."""
    if identity.birth_date and observed_at and identity.birth_date > observed_at[:10]:
        year = int(identity.birth_date[:4])
        head = "\n".join(text.splitlines()[:HEADER_LINES])
        whole = any(str(year) in m[0] and date_of(m) == identity.birth_date for m in DATE.finditer(head))
        if year >= 2000 and not whole:
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
