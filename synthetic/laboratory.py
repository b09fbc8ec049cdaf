"""Laboratory panels: values from what ails the patient, flags from the printed range, and what they mean."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from synthetic.case import Case, Drafted, conclude, fill, indication, with_tail
from synthetic.dates import dated
from synthetic.grammar import book
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, join
from synthetic.values import Result, measured, quoted, results_on


@lru_cache(maxsize=1)
def _patterns() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("lab_patterns.toml").read_text("utf-8"))


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
    before = [r for r in before if r.analyte.key in case.prior_told]
    earlier = {r.analyte.key: r for r in before}
    layout = LAYOUTS[(len(case.physician.name) + rng.randrange(2)) % len(LAYOUTS)]
    style = case.style
    said = meanings(rows)
    sections: list[tuple[str, Text]] = []
    if rng.random() < 0.7:
        sections.append(("indication", indication(case, book("laboratory"), rng)))
    show = earlier if layout == "columns" and rng.random() < 0.6 else {}
    sections.append(("laboratory", table(rows, layout, show, None, rng)))
    if earlier:
        sections.append(("comparison", _comparison(case, rows, said, earlier, rng)))
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
        quoted(lead, lead.analyte.printed(lead.value))
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
    return f"{name} "


def _trend(before: Result, now: Result) -> Literal["stable", "up", "down", "new"]:
    if before.direction is None:
        return "new"
    change = (now.value - before.value) / max(before.value, 1e-9)
    if abs(change) < 0.06:
        return "stable"
    return "up" if change > 0 else "down"


def _comparison(
    case: Case,
    rows: Sequence[Result],
    said: Sequence[Meaning],
    earlier: Mapping[str, Result],
    rng: random.Random,
) -> Text:
    assert case.prior_day is not None
    flagged = [
        r for r in rows if r.analyte.key in earlier and (r.direction or earlier[r.analyte.key].direction)
    ]
    leading = [m.keys[0] for m in said[:5]]
    flagged.sort(key=lambda r: r.analyte.key not in leading)
    when = dated(case.prior_day, case.style.dates)
    if not flagged:
        return (
            when + ": " + rng.choice(("no abnormal values", "within reference limits", "unremarkable")) + "."
        )
    told = []
    for row in flagged[:5]:
        old = earlier[row.analyte.key]
        number = old.analyte.printed(old.value)
        words = f"{row.analyte.names[0]} {number} {old.analyte.unit}".rstrip()
        told.append(Text(words).marked(quoted(old, number)))
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
