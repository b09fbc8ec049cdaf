"""Office notes and consultations: a visit for one problem by a patient who may have others."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from synthetic.case import Case, Drafted, conclude, reason_words
from synthetic.course import Condition
from synthetic.imaging import value_changes
from synthetic.report import Change
from synthetic.story import (
    Trend,
    acute_others,
    examination,
    history,
    lines,
    medications,
    name_of,
    past_history,
    review,
    slots,
    stories,
    trend,
    uncontrolled,
)
from synthetic.text import Measured, Text, join
from synthetic.values import Result, measured, quoted, results_on
from synthetic.vitals import pressure_text, rate_text, vital_text, vitals


def results(case: Case, day: date, reason: Condition) -> list[Result]:
    """The values that a note quotes: the key one first, then what is abnormal."""
    wanted = list(dict.fromkeys(p for c in case.conditions if c.active(day) for p in c.disease.panels[:2]))[
        :4
    ]
    rows = results_on(case, wanted or list(reason.disease.panels[:1]), day)
    story = stories().get(reason.disease.name)
    key = [r for r in rows if story is not None and r.analyte.key == story.key]
    rest = [r for r in rows if r not in key]
    usual = ("creatinine", "hemoglobin", "potassium", "white cell count")
    return [
        *key,
        *(r for r in rest if r.direction),
        *(r for r in rest if not r.direction and r.analyte.key in usual),
    ][:7]


def result_text(rows: Sequence[Result], case: Case, rng: random.Random) -> Text:
    """Values in running text."""
    parts = []
    for row in rows:
        name = min(row.analyte.names, key=len) if case.style.abbreviate else row.analyte.names[0]
        value = row.analyte.printed(row.value)
        words = (
            f"{name} {value}"
            if case.style.abbreviate and rng.random() < 0.5
            else f"{name} {value} {row.analyte.unit}"
        )
        shown = row.flag != "N" and case.style.name == "problem_list"
        words = words.rstrip() + (f" ({row.flag})" if shown else "")
        parts.append(Text(words).marked(flagged(row, value) if shown else quoted(row, value)))
    return join(", ", parts) + "."


def flagged(row: Result, text: str) -> Measured:
    """The truth about a value that stands with its flag and without its range."""
    return replace(quoted(row, text), flag=row.flag, critical=measured(row, text).critical)


def evidence(case: Case, condition: Condition, rows: Sequence[Result]) -> Text:
    """The value that an assessment rests on, in brackets."""
    story = stories().get(condition.disease.name)
    if story is None:
        return Text()
    seen = vitals(case, case.day)
    if story.vital == "blood pressure":
        return " (" + pressure_text(seen) + ")"
    if story.vital == "heart rate":
        return " (" + rate_text(seen) + ")"
    for row in rows:
        if row.analyte.key == story.key:
            value = row.analyte.printed(row.value)
            words = f"{min(row.analyte.names, key=len)} {value} {row.analyte.unit}".rstrip()
            return " (" + Text(words).marked(quoted(row, value)) + ")"
    return Text()


def plan_for(case: Case, condition: Condition, rng: random.Random) -> Text:
    """What is to be done about it."""
    name = condition.disease.name
    went = trend(condition, case.day, case.prior_day)
    if went == "gone":
        return Text("No further treatment.")
    began_since = case.prior_day is not None and not condition.active(case.prior_day)
    kind = "new" if went == "first" or began_since else {"high": "up"}.get(went, went)
    rule = f"{name}.plan_{kind}"
    severe = name in _ALWAYS_SENT_IN or (name in _SENT_IN and condition.severity(case.day) > 0.75)
    if case.study == "office" and rule.endswith("_new") and severe:
        return lines().say("say.send_in", rng)
    if case.age < 16 and f"{rule}_child" in lines():
        rule += "_child"
    return lines().say(rule, rng, slots(case, condition, rng))


_SENT_IN = ("pneumonia", "diverticulitis")
_ALWAYS_SENT_IN = (
    "appendicitis",
    "pancreatitis",
    "pulmonary_embolism",
    "bowel_obstruction",
    "myocardial_infarction",
    "pneumothorax",
    "subdural",
)


def draft_note(case: Case, rng: random.Random) -> Drafted:
    """An office note or a consultation."""
    assert case.reason is not None
    reason = case.reason
    phrases, style = lines(), case.style
    rows = results(case, case.day, reason)
    with_labs = bool(rows) and rng.random() < 0.8
    quoted_rows = rows if with_labs else []
    went = trend(reason, case.day, case.prior_day)
    words = slots(case, reason, rng)
    complaint = reason_words(case, reason, rng)
    words |= {"np": name_of(reason, case), "evidence": evidence(case, reason, quoted_rows)}
    words["plan"] = plan_for(case, reason, rng)
    items = [phrases.say(f"item.{style.name}.{went}", rng, words)]
    others = [
        c for c in case.conditions if c is not reason and c.active(case.day) and c.disease.name in stories()
    ]
    others.sort(key=lambda c: c.disease.course != "acute")
    items += [_also(case, c, rng) for c in others[:3]]
    fixed = random.Random(f"{case.patient.mrn}/life")
    home = "say.social_adult" if case.age >= 16 else "say.social_child"
    sections: dict[str, Text] = {
        "indication": complaint.capital() + ".",
        "history": history(case, reason, complaint.string, rng),
        "past_history": past_history(case, reason, rng),
        "medications": medications(case, rng, starting=False),
        "allergies": Text(random.Random(f"{case.patient.mrn}/allergies").choice(_ALLERGIES)),
        "family_history": phrases.say("say.family", fixed, slots(case, None, fixed)).capital(),
        "social_history": phrases.say(home, fixed, slots(case, None, fixed)).capital(),
        "review_of_systems": review(case, rng),
        "vital_signs": vital_text(case, vitals(case, case.day), len(style.name) % 3),
        "physical_exam": examination(case, rng),
    }
    if with_labs:
        sections["laboratory"] = result_text(rows, case, rng)
    sections["assessment"] = conclude(style, items)
    tail: list[Text] = []
    for condition in (reason, *acute_others(case, reason)):
        plan = plan_for(case, condition, rng)
        if all(plan.string.split()[0] != told.string.split()[0] for told in tail):
            tail.append(plan)
    if rng.random() < 0.6:
        warning = phrases.say("say.warning", rng, words)
        tail.append(phrases.say("say.return", rng, {**words, "warning": warning}))
    tail.append(phrases.say("say.follow_up", rng, words))
    sections["plan"] = join(" ", [t.capital() for t in tail])
    for name, chance in (
        ("family_history", 0.5),
        ("social_history", 0.6),
        ("review_of_systems", 0.6),
        ("allergies", 0.85),
    ):
        if rng.random() > chance:
            del sections[name]
    interval = (case.day - case.prior_day).days if case.prior_day else None
    return Drafted(
        title=phrases.say(f"say.title_{case.study}", rng).string,
        sections=tuple(sections.items()),
        summary="assessment",
        diagnoses=tuple(c.disease.term for c in (reason, *others[:3]) if c.active(case.day)),
        changes=course_changes(case, [reason, *others], quoted_rows, interval),
    )


_ALLERGIES = (
    "No known drug allergies.",
    "No known drug allergies.",
    "NKDA.",
    "None known.",
    "Penicillin (rash).",
    "Sulfa (hives).",
    "Codeine (nausea).",
    "Latex.",
    "Shellfish (hives).",
)


def _also(case: Case, condition: Condition, rng: random.Random) -> Text:
    story = stories()[condition.disease.name]
    words = slots(case, condition, rng)
    if condition.disease.course == "acute":
        words |= {"np": name_of(condition, case), "evidence": "", "plan": plan_for(case, condition, rng)}
        first = case.prior_day is None or not condition.active(case.prior_day)
        went_on = "first" if first else trend(condition, case.day, case.prior_day)
        return lines().say(f"item.{case.style.name}.{went_on}", rng, words)
    went = trend(condition, case.day, case.prior_day)
    if went == "first" and uncontrolled(condition, case.day):
        went = "high"
    words |= {
        "np": name_of(condition, case),
        "status": {
            "first": "stable",
            "same": "stable",
            "high": "not at goal",
            "up": "less well controlled",
            "down": "better controlled",
        }[went],
    }
    if story.meds and case.age >= 16:
        words["med"] = _drug(story.meds[0])
        return lines().say(f"also.{case.style.name}.line", rng, words)
    return lines().say(f"also.{case.style.name}.plain", rng, words)


def _drug(line: str) -> str:
    """A drug's name without dose and schedule."""
    return " ".join(
        itertools.takewhile(lambda word: not word[0].isdigit() and word not in _SCHEDULE, line.split())
    )


_SCHEDULE = ("daily", "inhaled", "inhaler", "as", "gel", "patch", "nasal", "at", "weekly")


def course_changes(
    case: Case, told: Sequence[Condition], rows: Sequence[Result], interval: int | None
) -> tuple[Change, ...]:
    """How problems and quoted values went since the last note."""
    if interval is None or case.prior_day is None:
        return ()
    out = []
    for condition in told:
        if not condition.active(case.prior_day):
            continue
        went = trend(condition, case.day, case.prior_day)
        direction = _DIRECTIONS[went]
        current = None if went == "gone" else "present"
        out.append(Change(condition.disease.term, "present", current, "", direction, interval))
    before = results_on(case, list({r.analyte.panel for r in rows}), case.prior_day)
    return (*out, *value_changes(rows, before, interval))


_DIRECTIONS: Mapping[Trend, Literal["up", "down", "unchanged", "resolved"]] = {
    "first": "unchanged",
    "same": "unchanged",
    "high": "unchanged",
    "up": "up",
    "down": "down",
    "gone": "resolved",
}
