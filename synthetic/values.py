"""Values of one patient on one day: laboratory analytes and the parameters of heart studies.

A value follows from the usual level and from what ails the patient; values that depend on each other agree.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from clinical.report import Flag
from synthetic.case import Case
from synthetic.text import Measured


@dataclass(frozen=True, slots=True)
class Analyte:
    """An entry of ``analytes.csv`` for one sex and age band."""

    key: str
    panel: str
    names: tuple[str, ...]
    unit: str
    decimals: int
    sex: str
    ages: tuple[int, int]
    low: float | None
    high: float | None
    critical_low: float | None
    critical_high: float | None
    spread: float

    def flag(self, value: float) -> Flag:
        """As laboratories print it: HH and LL beyond critical limits."""
        if self.critical_high is not None and value >= self.critical_high:
            return "HH"
        if self.critical_low is not None and value <= self.critical_low:
            return "LL"
        if self.high is not None and value > self.high:
            return "H"
        if self.low is not None and value < self.low:
            return "L"
        return "N"

    def printed(self, value: float) -> str:
        """The value with the analyte's decimals."""
        return f"{value:.{self.decimals}f}"

    def range_words(self, form: Literal["dash", "paren"] = "dash") -> str:
        """The reference range as printed."""
        low = "" if self.low is None else self.printed(self.low)
        high = "" if self.high is None else self.printed(self.high)
        words = f"{low}-{high}" if low and high else (f"<={high}" if high else f">={low}")
        return f"({words})" if form == "paren" else words


@dataclass(frozen=True, slots=True)
class Result:
    """One analyte's value on one day."""

    analyte: Analyte
    value: float
    flag: Flag

    def with_value(self, value: float) -> "Result":
        """The same analyte with another value."""
        value = round(value, self.analyte.decimals)
        return Result(self.analyte, value, self.analyte.flag(value))

    @property
    def direction(self) -> Literal["H", "L"] | None:
        """Beyond which limit it lies."""
        return None if self.flag == "N" else ("H" if self.flag in ("H", "HH") else "L")


@lru_cache(maxsize=1)
def analytes() -> Sequence[Analyte]:
    """All rows of ``analytes.csv`` and ``parameters.csv``."""
    return [*_rows("analytes.csv"), *_rows("parameters.csv")]


def _rows(name: str) -> list[Analyte]:

    def number(text: str) -> float | None:
        return float(text) if text else None

    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as lines:
        return [
            Analyte(
                key=row["key"],
                panel=row["panel"],
                names=tuple(row["names"].split("|")),
                unit=row["unit"],
                decimals=int(row["decimals"]),
                sex=row["sex"],
                ages=(int(row["age_from"]), int(row["age_to"])),
                low=number(row["low"]),
                high=number(row["high"]),
                critical_low=number(row["critical_low"]),
                critical_high=number(row["critical_high"]),
                spread=float(row["spread"]),
            )
            for row in csv.DictReader(lines)
        ]


def _fits(analyte: Analyte, sex: str, age: int) -> bool:
    return analyte.sex in ("", sex) and analyte.ages[0] <= age < analyte.ages[1]


def panel(name: str, sex: str, age: int) -> list[Analyte]:
    """The analytes of a panel with the ranges of this sex and age."""
    return [a for a in analytes() if a.panel == name and _fits(a, sex, age)]


def measure(analyte: Analyte, case: Case, day: date) -> Result:
    """The value of an analyte on a day: the patient's usual level moved by what ails them."""
    own = random.Random(f"{case.patient.mrn}/{analyte.key}")
    today = random.Random(f"{case.patient.mrn}/{analyte.key}/{day.toordinal()}")
    low, high = _span(analyte)
    usual = low + (high - low) * own.uniform(0.25, 0.75)
    value = usual + (high - low) * analyte.spread * today.uniform(-0.5, 0.5) * 0.8
    pulled = None
    for condition in case.conditions:
        level = condition.severity(day)
        target = condition.disease.labs.get(analyte.key)
        if target is None or level <= 0:
            continue
        at = target[0] + (target[1] - target[0]) * level
        at *= 1 + today.uniform(-0.03, 0.03)
        if pulled is None or abs(at - usual) > abs(pulled - usual):
            pulled = at
    if pulled is not None:
        value = pulled
    value = round(max(value, 10**-analyte.decimals), analyte.decimals)
    return Result(analyte, value, analyte.flag(value))


def _span(analyte: Analyte) -> tuple[float, float]:
    if analyte.low is not None and analyte.high is not None:
        return analyte.low, analyte.high
    if analyte.high is not None:
        return analyte.high * 0.25, analyte.high * 0.85
    assert analyte.low is not None
    return analyte.low * 1.2, analyte.low * 1.7


def _egfr(creatinine: float, age: int, sex: str) -> float:
    """CKD-EPI 2021 creatinine equation (Inker et al., N Engl J Med 2021)."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "F" else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return float(142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor)


def results_on(case: Case, panels: Sequence[str], day: date) -> list[Result]:
    """All values of the panels; values that depend on each other agree."""
    age = case.patient.age_on(day)
    rows = {a.key: measure(a, case, day) for name in panels for a in panel(name, case.patient.sex, age)}

    def put(key: str, value: float) -> None:
        rows[key] = rows[key].with_value(value)

    if "egfr" in rows:
        put("egfr", min(120, _egfr(rows["creatinine"].value, age, case.patient.sex)))
    if "hematocrit" in rows and "hemoglobin" in rows:
        wobble = random.Random(f"{case.patient.mrn}/ratio/{day}").uniform(2.9, 3.08)
        put("hematocrit", rows["hemoglobin"].value * wobble)
    if "neutrophils" in rows and "white cell count" in rows:
        share = random.Random(f"{case.patient.mrn}/share/{day}").uniform(0.5, 0.68)
        white = rows["white cell count"]
        put("neutrophils", white.value * (share + (0.16 if white.direction == "H" else 0)))
    if {"total cholesterol", "ldl cholesterol", "hdl cholesterol", "triglycerides"} <= rows.keys():
        fat = min(rows["triglycerides"].value, 400) / 5
        put("total cholesterol", rows["ldl cholesterol"].value + rows["hdl cholesterol"].value + fat)
    if {"av_vmax", "av_mg", "ava"} <= rows.keys():
        speed = rows["av_vmax"].value
        put("av_mg", 2.55 * speed**2)
        put("ava", min(3.2, 3.95 / speed))
    if "transferrin saturation" in rows and "iron" in rows:
        binding = 300 if rows["iron"].direction is None else 380
        put("transferrin saturation", rows["iron"].value / binding * 100)
    return list(rows.values())


def quoted(row: Result, text: str) -> Measured:
    """The truth about a result that stands without its range: nothing to judge it by."""
    return Measured(row.analyte.key, text, row.value, row.analyte.unit)


def measured(row: Result, text: str) -> Measured:
    """The truth about a result that stands beside its range."""
    a = row.analyte
    return Measured(
        name=a.key,
        text=text,
        value=row.value,
        unit=a.unit,
        low=a.low,
        high=a.high,
        flag=row.flag,
        critical=row.flag in ("HH", "LL"),
        printed_range=True,
    )
