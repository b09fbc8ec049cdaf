"""Rows and objects with named fields as reports; what a column holds is guessed by name or told."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clinical.errors import ExtractionError
from clinical.report import Identity, Page, Status
from watchers.extract.dates import find_date, find_moment
from watchers.extract.header import tidy_name, tidy_sex
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.text import tidy

_STATUS: dict[str, Status] = {
    "final": "final",
    "signed": "final",
    "complete": "final",
    "completed": "final",
    "verified": "final",
    "f": "final",
    "amended": "amended",
    "corrected": "amended",
    "addended": "amended",
    "appended": "amended",
    "c": "amended",
    "preliminary": "preliminary",
    "draft": "preliminary",
    "pending": "preliminary",
    "unsigned": "preliminary",
    "p": "preliminary",
    "partial": "preliminary",
    "registered": "preliminary",
    "in progress": "preliminary",
    "retracted": "retracted",
    "entered-in-error": "retracted",
    "entered in error": "retracted",
    "cancelled": "retracted",
    "canceled": "retracted",
    "withdrawn": "retracted",
    "deleted": "retracted",
}
LONG_TEXT = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """Which name of a table holds which field."""

    names: Mapping[str, str]

    def of(self, row: Mapping[str, str], field: str) -> str | None:
        """The row's value of a field, None where there is none."""
        name = self.names.get(field)
        value = row.get(name, "") if name else ""
        return value.strip() or None


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    rules = tomllib.loads(Path(__file__).with_name("columns.toml").read_text(encoding="utf-8"))
    return {_plain(name): field for field, names in rules.items() for name in names}


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_\-./#:]+", " ", spaced).strip().casefold()


def guess_columns(names: Sequence[str], options: ExtractOptions) -> Columns:
    """Match names of columns to fields; what the settings say wins."""
    found: dict[str, str] = {}
    for name in names:
        field = _known().get(_plain(name))
        if field and field not in found:
            found[field] = name
    for field, name in options.columns:
        if name in names:
            found[field] = name
    return Columns(found)


def reports_of(
    rows: Sequence[Mapping[str, str]], options: ExtractOptions, media_type: str
) -> tuple[Reading, ...]:
    """One report a row; rows of single results are gathered to one report a patient and day.

    Raises:
        ExtractionError: no column holds a text or a result.
    """
    rows = [row for row in rows if any(str(value).strip() for value in row.values())]
    if not rows:
        raise ExtractionError("empty", "The table holds no rows.", "Check the export and drop it again.")
    if len(rows) > options.max_reports * 10:
        raise ExtractionError("too-many", "The table holds too many rows.", "Split it and drop the parts.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = guess_columns(names, options)
    if "text" not in columns.names and "value" in columns.names and "analyte" in columns.names:
        return _results(rows, columns, media_type)
    if "text" not in columns.names:
        longest = max(names, key=lambda name: sum(len(row.get(name, "")) for row in rows))
        if sum(len(row.get(longest, "")) for row in rows) / len(rows) < LONG_TEXT:
            raise ExtractionError(
                "no-text-column",
                "No column of the table holds a report's text.",
                "Name the column `text`, or set intake.columns in config.toml.",
            )
        columns = Columns({**columns.names, "text": longest})
    out = []
    for row in rows:
        text = tidy(columns.of(row, "text") or "")
        if text:
            out.append(_reading(row, columns, text, media_type))
    if not out:
        raise ExtractionError(
            "empty", "The text column holds no text.", "Check the export and drop it again."
        )
    return tuple(out)


def _reading(row: Mapping[str, str], columns: Columns, text: str, media_type: str) -> Reading:
    given, family = columns.of(row, "given_name"), columns.of(row, "family_name")
    name = f"{given} {family}" if given and family else columns.of(row, "name")
    birth = columns.of(row, "birth_date")
    sex = columns.of(row, "sex")
    observed = columns.of(row, "observed_at")
    moment = columns.of(row, "signed_at")
    status = _STATUS.get((columns.of(row, "status") or "").casefold())
    signer = columns.of(row, "signed_by")
    signed: bool | None = None
    if status == "preliminary":
        signed = False
    elif signer:
        signed = True
    kind = columns.of(row, "report_type")
    return Reading(
        text=text,
        media_type=media_type,
        pages=(Page(1, "text"),),
        identity=Identity(
            mrn=columns.of(row, "mrn"),
            name=(tidy_name(name) or name) if name else None,
            birth_date=find_date(birth) if birth else None,
            sex=tidy_sex(sex) if sex else None,
            accession=columns.of(row, "accession"),
            phone=columns.of(row, "phone"),
            address=columns.of(row, "address"),
        ),
        report_type=type_of_title(kind) if kind else None,
        status=status or ("final" if signed else None),
        signed=signed,
        signed_by=signer,
        signed_at=find_moment(moment) if moment else None,
        observed_at=find_moment(observed) if observed else None,
        supersedes=columns.of(row, "supersedes"),
    )


def _results(rows: Sequence[Mapping[str, str]], columns: Columns, media_type: str) -> tuple[Reading, ...]:
    groups: dict[tuple[str | None, ...], list[Mapping[str, str]]] = {}
    for row in rows:
        day = columns.of(row, "observed_at")
        key = (
            columns.of(row, "mrn"),
            columns.of(row, "name"),
            columns.of(row, "accession"),
            find_date(day) if day else None,
        )
        groups.setdefault(key, []).append(row)
    out = []
    for group in groups.values():
        lines = [result_line(columns, row) for row in group if columns.of(row, "value")]
        if lines:
            text = "\n".join(["LABORATORY RESULTS", *lines])
            made = _reading(group[0], columns, text, media_type)
            out.append(made if made.report_type else _as_laboratory(made))
    if not out:
        raise ExtractionError("empty", "The table holds no results.", "Check the export and drop it again.")
    return tuple(out)


def _as_laboratory(reading: Reading) -> Reading:
    fields = {name: getattr(reading, name) for name in Reading.__slots__}
    return Reading(**{**fields, "report_type": "laboratory"})


def result_line(columns: Columns, row: Mapping[str, str]) -> str:
    """One result as a line of a report."""
    low, high = columns.of(row, "low"), columns.of(row, "high")
    limits = columns.of(row, "range") or (f"{low} - {high}" if low and high else None)
    return print_result(
        columns.of(row, "analyte") or "Result",
        columns.of(row, "value") or "",
        columns.of(row, "unit"),
        limits,
        columns.of(row, "flag"),
    )


def print_result(name: str, value: str, unit: str | None, limits: str | None, flag: str | None) -> str:
    """A measured value as reports print it: ``Potassium: 5.9 mmol/L (3.5 - 5.1) H``."""
    line = f"{name}: {value}" + (f" {unit}" if unit else "")
    if limits:
        line += f" ({limits})" if re.search(r"\d", limits) else f" (reference: {limits})"
    return line + (f" {flag}" if flag and flag.upper() not in ("N", "NORMAL") else "")
