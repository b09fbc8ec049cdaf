"""Laboratory panels: values from what ails the patient, flags from the printed range, and what they mean."""

import csv
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from clinical.report import Flag
from synthetic.case import Case, Drafted, conclude
from synthetic.dates import dated
from synthetic.grammar import book
from synthetic.imaging import fill, indication, with_tail
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, join


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

    @property
    def direction(self) -> Literal["H", "L"] | None:
        """Beyond which limit it lies."""
        return None if self.flag == "N" else ("H" if self.flag in ("H", "HH") else "L")


@lru_cache(maxsize=1)
def analytes() -> Sequence[Analyte]:
    """All rows of ``analytes.csv``."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with Path(__file__).with_name("analytes.csv").open(encoding="utf-8", newline="") as lines:
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


@lru_cache(maxsize=1)
def _patterns() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("lab_patterns.toml").read_text("utf-8"))


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
    rows = {a.key: measure(a, case, day) for name in panels for a in panel(name, case.patient.sex, case.age)}

    def put(key: str, value: float) -> None:
        analyte = rows[key].analyte
        value = round(value, analyte.decimals)
        rows[key] = Result(analyte, value, analyte.flag(value))

    if "egfr" in rows:
        put("egfr", min(120, _egfr(rows["creatinine"].value, case.age, case.patient.sex)))
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
    if "transferrin saturation" in rows and "iron" in rows:
        binding = 300 if rows["iron"].direction is None else 380
        put("transferrin saturation", rows["iron"].value / binding * 100)
    return list(rows.values())


LAYOUTS = ("columns", "pipes", "sentence", "flag_first", "tabs")


def table(
    rows: Sequence[Result], layout: str, earlier: Mapping[str, Result], prior: Text | None, rng: random.Random
) -> Text:
    """The results as a laboratory prints them; each row is one measurement."""
    lines: list[Text | str] = []
    if layout == "columns":
        head = f"{'Test':<28}{'Result':>9} {'Flag':<5}{'Units':<16}{'Reference':<14}"
        lines.append((head + "Previous").rstrip() if earlier else head.rstrip())
    elif layout == "pipes":
        lines.append("Test | Result | Units | Reference | Flag")
    elif layout == "tabs":
        lines.append("Component\tValue\tFlag\tRef Range\tUnits")
    for row in rows:
        name = (
            row.analyte.names[rng.randrange(len(row.analyte.names))]
            if layout == "sentence"
            else row.analyte.names[0]
        )
        lines.append(_row(row, name, layout, earlier.get(row.analyte.key)))
    return join("\n", lines)


def _row(row: Result, name: str, layout: str, before: Result | None) -> Text:
    a = row.analyte
    value, span = a.printed(row.value), a.range_words()
    flag = "" if row.flag == "N" else row.flag
    if layout == "columns":
        line = f"{name:<28}{value:>9} {flag:<5}{a.unit:<16}{span}"
    elif layout == "pipes":
        line = f"{name} | {value} | {a.unit} | {span} | {flag}".rstrip(" |")
    elif layout == "tabs":
        line = f"{name}\t{value}\t{flag}\t{span}\t{a.unit}".rstrip()
    elif layout == "flag_first":
        line = f"{flag or ' ':<3}{name}: {value} {a.unit} [{span}]"
    else:
        line = f"{name} {value} {a.unit} (ref {span})" + (f" {flag}" if flag else "")
    lead = len(line) - len(line.lstrip())
    if layout == "flag_first":
        lead = 0 if flag else lead
    text = line_with(line, lead, measured(row, value))
    if before is not None and layout == "columns":
        text = text + " " * max(1, 72 - len(line)) + before.analyte.printed(before.value)
    return text


def line_with(line: str, lead: int, value: Measured) -> Text:
    """A line of which all but the leading blanks is one measurement."""
    return Text(line[:lead]) + Text(line[lead:].rstrip()).marked(value) + line[len(line.rstrip()) :]


def measured(row: Result, text: str) -> Measured:
    """The truth about a result."""
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


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some flags mean together."""

    term: str
    phrase: str
    cause: str
    advise: str
    keys: tuple[str, ...]


def meanings(rows: Sequence[Result]) -> list[Meaning]:
    """Patterns first, then each flagged analyte that none of them explains."""
    flags = {r.analyte.key: r.direction for r in rows if r.direction}
    there = {r.analyte.key for r in rows}
    left = dict(flags)
    found: list[Meaning] = []
    rules = _patterns()
    for p in rules["pattern"]:
        needs: dict[str, str] = p["needs"]
        if any(left.get(k) != v for k, v in needs.items()):
            continue
        unless = p.get("unless", ())
        if any(k in flags or k not in there for k in unless):
            continue
        if p["term"] == "anemia" and ("mcv" not in there or "mcv" in flags):
            continue
        found.append(Meaning(p["term"], p["np"], p.get("cause", ""), p.get("advise", ""), tuple(needs)))
        for key in (*needs, *rules["explains"].get(p["term"], ())):
            left.pop(key, None)
    for key, direction in left.items():
        word = rules["single"].get(key, {}).get(direction)
        if word:
            found.append(Meaning(word, word, "", "", (key,)))
    return found


def draft_laboratory(case: Case, rng: random.Random) -> Drafted:
    """A laboratory report."""
    wanted = (
        list(case.reason.disease.panels)
        if case.reason
        else rng.choice((["bmp", "cbc"], ["lipid", "bmp"], ["thyroid", "cbc"]))
    )
    steady = random.Random(f"{case.patient.mrn}/panels")
    for condition in case.conditions:
        if condition is not case.reason and steady.random() < 0.5:
            wanted += [p for p in condition.disease.panels[:1] if p not in wanted]
    rows = results_on(case, wanted[:5], case.day)
    before = results_on(case, wanted[:5], case.prior_day) if case.prior_day else []
    earlier = {r.analyte.key: r for r in before}
    layout = LAYOUTS[(len(case.physician.name) + rng.randrange(2)) % len(LAYOUTS)]
    style = case.style
    sections: list[tuple[str, Text]] = []
    if rng.random() < 0.7:
        sections.append(("indication", indication(case, book("laboratory"), rng)))
    show = earlier if layout == "columns" and rng.random() < 0.6 else {}
    sections.append(("laboratory", table(rows, layout, show, None, rng)))
    if case.prior_day is not None:
        sections.append(("comparison", _comparison(case, rows, earlier, rng)))
    said = meanings(rows)
    items = [_item(m, rows, earlier, case) for m in said[:5]]
    gone = [m for m in meanings(before) if m.term not in {n.term for n in said} and _normal_now(m, rows)]
    items += [
        fill(style.words["resolved"], what=Text(m.phrase).marked(Found(m.term, "historical")))
        for m in gone[:2]
    ]
    if not items:
        items.append(Text(style.words["normal"]))
    advice = [m.advise for m in said if m.advise and not _known(m, case)]
    items += [fill(style.words["advise"], what=a) for a in advice[:1]]
    sections.append(("assessment", with_tail(conclude(style, items), case)))
    return Drafted(
        title=book("laboratory").say("title", rng).string,
        sections=tuple(sections),
        summary="assessment",
        diagnoses=tuple(dict.fromkeys(m.term for m in said)),
        changes=_changes(case, rows, earlier),
    )


def _known(meaning: Meaning, case: Case) -> bool:
    """A follow-up of something known asks for no first work-up."""
    return case.prior_day is not None and case.reason is not None and "repeat" not in meaning.advise


def _normal_now(meaning: Meaning, rows: Sequence[Result]) -> bool:
    flags = {r.analyte.key: r.direction for r in rows}
    return all(key in flags and flags[key] is None for key in meaning.keys)


def _item(meaning: Meaning, rows: Sequence[Result], earlier: Mapping[str, Result], case: Case) -> Text:
    words = case.style.words
    lead = next(r for r in rows if r.analyte.key == meaning.keys[0])
    value = Text(f"{lead.analyte.printed(lead.value)} {lead.analyte.unit}".rstrip()).marked(
        measured(lead, lead.analyte.printed(lead.value))
    )
    phrase = Text(meaning.phrase).marked(Found(meaning.term, "present"))
    phrase = phrase + " (" + _label(lead, meaning) + value + ")"
    cause: Text | str = ""
    if meaning.cause:
        before, _, after = words["cause"].partition("{what}")
        cause = before + Text(meaning.cause).marked(Found(meaning.cause, "present")) + after
    change = ""
    old = earlier.get(meaning.keys[0])
    if old is not None:
        change = ", " + words[_trend(old, lead)]
    return fill(words["item"], np=phrase, a_np=phrase, cause=cause, change=change)


def _label(row: Result, meaning: Meaning) -> str:
    name = row.analyte.names[-1] if len(row.analyte.names[-1]) < 6 else row.analyte.names[0]
    return f"{name} " if row.analyte.key not in meaning.phrase.lower() or True else ""


def _trend(before: Result, now: Result) -> Literal["stable", "up", "down", "new"]:
    if before.direction is None:
        return "new"
    change = (now.value - before.value) / max(before.value, 1e-9)
    if abs(change) < 0.06:
        return "stable"
    return "up" if change > 0 else "down"


def _comparison(
    case: Case, rows: Sequence[Result], earlier: Mapping[str, Result], rng: random.Random
) -> Text:
    assert case.prior_day is not None
    flagged = [
        r for r in rows if r.analyte.key in earlier and (r.direction or earlier[r.analyte.key].direction)
    ]
    when = dated(case.prior_day, case.style.dates)
    if not flagged:
        return (
            when + ": " + rng.choice(("no abnormal values", "within reference limits", "unremarkable")) + "."
        )
    told = []
    for row in flagged[:4]:
        old = earlier[row.analyte.key]
        number = old.analyte.printed(old.value)
        words = f"{row.analyte.names[0]} {number} {old.analyte.unit}".rstrip()
        told.append(
            Text(words).marked(Measured(old.analyte.key, number, old.value, old.analyte.unit, flag=None))
        )
    return when + ": " + join(", ", told) + "."


def _changes(case: Case, rows: Sequence[Result], earlier: Mapping[str, Result]) -> tuple[Change, ...]:
    if case.prior_day is None:
        return ()
    days = (case.day - case.prior_day).days
    out = []
    for row in rows:
        old = earlier.get(row.analyte.key)
        if old is None:
            continue
        before, now = old.analyte.printed(old.value), row.analyte.printed(row.value)
        direction: Literal["up", "down", "unchanged"] = (
            "unchanged" if before == now else ("up" if row.value > old.value else "down")
        )
        out.append(Change(row.analyte.key, before, now, row.analyte.unit, direction, days))
    return tuple(out)
