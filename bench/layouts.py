"""Laboratory layouts written after the rules were tuned, by which their reach is measured (``bench.structure``)."""

from collections.abc import Callable, Sequence
from typing import Protocol


class Printed(Protocol):
    """A value as it is to be printed."""

    name: str
    value: str
    unit: str
    low: str
    high: str
    flag: str

    @property
    def range(self) -> str:
        """The range as usually printed."""


def _csv(values: Sequence[Printed]) -> str:
    rows = [f'"{v.name}",{v.value},{v.unit},{v.range},{v.flag if v.flag != "N" else ""}' for v in values]
    return "\n".join(["Test,Result,Units,Reference Range,Flag", *rows])


def _flag_glued(values: Sequence[Printed]) -> str:
    return "\n".join(
        f"{v.name:<27}{v.value}{v.flag if v.flag != 'N' else ''}".ljust(40)
        + f"{v.range:<18}{v.unit}".rstrip()
        for v in values
    )


def _sir(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        mark = {"H": " (above range)", "L": " (below range)"}.get(v.flag, "")
        rows.append(f"{v.name} = {v.value} {v.unit}, reference {v.range}{mark}".replace(" ,", ","))
    return "\n".join(rows)


def _numbered(values: Sequence[Printed]) -> str:
    return "\n".join(
        f"{at}. {v.name}: {v.value} {v.unit} [{v.range}] {'**' + v.flag + '**' if v.flag != 'N' else ''}".rstrip()
        for at, v in enumerate(values, 1)
    )


def _two_a_line(values: Sequence[Printed]) -> str:
    parts = [
        f"{v.name} {v.value} {v.unit} ({v.range}){' ' + v.flag if v.flag != 'N' else ''}".replace("  ", " ")
        for v in values
    ]
    return "\n".join("     ".join(parts[at : at + 2]) for at in range(0, len(parts), 2))


def _high_low_words(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        mark = {"H": "High", "L": "Low", "N": "Normal"}[v.flag]
        rows.append(f"{v.name}\t{mark}\t{v.value}\t{v.unit}\t{v.low or '-'}\t{v.high or '-'}")
    return "\n".join(["Analyte\tInterpretation\tObserved value\tUOM\tLower limit\tUpper limit", *rows])


def _markdown_bold(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        value = f"**{v.value}** {v.flag}" if v.flag != "N" else v.value
        rows.append(f"| {v.name} | {value} | {v.range} | {v.unit} |")
    return "\n".join(
        ["| Component | Your Value | Standard Range | Units |", "| :-- | --: | :-: | :-- |", *rows]
    )


def _value_unit_cell(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        result = f"{v.value} {v.unit}".strip()
        bounds = f"{v.range} {v.unit}".strip()
        rows.append(f"{v.name:<26}{result:<24}{bounds:<28}{v.flag if v.flag != 'N' else ''}".rstrip())
    return "\n".join([f"{'Investigation':<26}{'Result':<24}{'Biological Ref. Interval':<28}Flag", *rows])


def _two_lines(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        mark = f" {v.flag}" if v.flag != "N" else ""
        rows.append(f"{v.name}\n    {v.value}{mark} {v.unit}   (Normal: {v.range})".rstrip())
    return "\n".join(rows)


def _sign_before(values: Sequence[Printed]) -> str:
    signs = {"H": "↑", "L": "↓", "N": " "}
    return "\n".join(
        f"{signs[v.flag]} {v.name:<25} {v.value:<8} {v.unit:<14} {v.range}".rstrip() for v in values
    )


def _dash_ranges(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        one = f"≤ {v.high}" if v.high else f"≥ {v.low}"
        bounds = f"{v.low} – {v.high}" if v.low and v.high else one
        rows.append(
            f"{v.name}: {v.value}{'!' if v.flag != 'N' else ''} {v.unit} (RR {bounds})".replace("  ", " ")
        )
    return "\n".join(rows)


def _result_is(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        mark = {"H": ", which is high", "L": ", which is low"}.get(v.flag, "")
        rows.append(f"{v.name} was {v.value} {v.unit} (reference range {v.range}){mark}.".replace("  ", " "))
    return " ".join(rows)


def _date_columns(values: Sequence[Printed]) -> str:
    rows = []
    for v in values:
        mark = f" {v.flag}" if v.flag != "N" else ""
        rows.append(f"{v.name:<26}{v.value + mark:<14}{v.unit:<16}{v.range}".rstrip())
    return "\n".join([f"{'Lab':<26}{'03/14/2021':<14}{'Units':<16}Ref Range", *rows])


def _parenthesised_flags(values: Sequence[Printed]) -> str:
    parts = [
        f"{v.name} {v.value} {v.unit} ({'high' if v.flag == 'H' else 'low' if v.flag == 'L' else 'normal'}; "
        f"ref {v.range})".replace("  ", " ")
        for v in values
    ]
    return "Labs: " + ", ".join(parts) + "."


FRESH: dict[str, Callable[[Sequence[Printed]], str]] = {
    "comma separated": _csv,
    "flag at the number": _flag_glued,
    "reference in words": _sir,
    "numbered": _numbered,
    "two on a line": _two_a_line,
    "words and limits": _high_low_words,
    "markdown": _markdown_bold,
    "unit in both cells": _value_unit_cell,
    "two lines each": _two_lines,
    "arrow at the margin": _sign_before,
    "signs and dashes": _dash_ranges,
    "sentences": _result_is,
    "date as heading": _date_columns,
    "flag in brackets": _parenthesised_flags,
}
