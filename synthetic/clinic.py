"""Office notes and consultations: a visit for one problem by a patient who may have others."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from synthetic.case import Case, Drafted, conclude, reason_words
from synthetic.course import Condition
from synthetic.dates import dated
from synthetic.grammar import Book, book
from synthetic.imaging import listed, value_changes
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, identifier, join
from synthetic.values import Result, measured, results_on
from synthetic.vitals import pressure_text, rate_text, vital_text, vitals

Words = dict[str, "Text | str"]
Trend = Literal["first", "up", "down", "same", "gone"]
SYSTEMS = ("general", "heent", "heart", "lungs", "abdomen", "extremities", "neuro", "skin")


@dataclass(frozen=True, slots=True)
class Story:
    """How one disease is told: an entry of ``phrases/clinic.toml``."""

    key: str
    vital: str
    meds: tuple[str, ...]
    meds_child: tuple[str, ...]
    treated: str


@lru_cache(maxsize=1)
def stories() -> Mapping[str, Story]:
    """All diseases that notes can tell."""
    path = Path(__file__).with_name("phrases") / "clinic.toml"
    tables: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    return {
        name: Story(
            key=table.get("key", ""),
            vital=table.get("vital", ""),
            meds=tuple(table["meds"]),
            meds_child=tuple(table.get("meds_child", ())),
            treated=table.get("treated", ""),
        )
        for name, table in tables.items()
        if "hpi" in table
    }


def lines() -> Book:
    """The phrases of notes."""
    return book("clinic")


def trend(condition: Condition, day: date, before: date | None) -> Trend:
    """How a condition goes since the last visit."""
    if before is None:
        return "first"
    if not condition.active(day):
        return "gone"
    change = condition.severity(day) - condition.severity(before)
    return "same" if abs(change) < 0.06 else ("up" if change > 0 else "down")


def name_of(condition: Condition, case: Case) -> Text:
    """What this physician calls a condition."""
    disease = condition.disease
    words = (
        disease.short if case.style.abbreviate else disease.names[len(case.style.name) % len(disease.names)]
    )
    assertion: Literal["present", "historical"] = "present" if condition.active(case.day) else "historical"
    return Text(words).marked(Found(disease.term, assertion))


def slots(case: Case, condition: Condition | None, rng: random.Random) -> Words:
    """Words that every phrase may use."""
    man = case.patient.sex == "M"
    age = case.age
    years: Text | str = identifier("AGE", str(age)) if age > 89 else str(age)
    sex = ("boy" if man else "girl") if age < 18 else ("man" if man else "woman")
    who = identifier("NAME", f"{case.patient.title} {case.patient.last}" if age >= 18 else case.patient.first)
    words: Words = {
        "he": "he" if man else "she",
        "He": "He" if man else "She",
        "his": "his" if man else "her",
        "His": "His" if man else "Her",
        "who": who,
        "age": years,
        "s": f"-year-old {sex}",
        "sex": sex,
        "occupation": case.patient.occupation,
        "Occupation": case.patient.occupation.capitalize(),
        "Parent": rng.choice(("Mother", "Father")),
        "n": str(rng.randrange(2, 9)),
        "n2": str(rng.randrange(1, 9)),
        "two": str(rng.randrange(2, 5)),
        "year": str(2021 - rng.randrange(1, 12)),
        "relative_age": str(rng.randrange(48, 79)),
        "weeks": str(rng.choice((2, 4, 6, 8, 12))),
        "edema_grade": rng.choice(("1+", "2+", "Trace")),
    }
    if condition is not None:
        other = "right" if condition.side == "left" else "left"
        words |= {
            "side": condition.side,
            "Side": condition.side.capitalize(),
            "other": other,
            "Other": other.capitalize(),
            "site": condition.lobe,
        }
    return words


def medications(case: Case, rng: random.Random, *, starting: bool) -> Text:
    """What the patient takes; ``starting`` counts what a first visit begins."""
    told: list[str] = []
    for condition in case.conditions:
        story = stories().get(condition.disease.name)
        fresh = case.prior_day is None or (case.day - condition.onset).days < 7
        begun = condition is case.reason or condition.disease.course == "acute"
        if story is None or (fresh and begun and not starting) or not condition.active(case.day):
            continue
        if case.age < 16:
            told += story.meds_child
            continue
        own = random.Random(f"{condition.seed}/meds")
        count = min(len(story.meds), 1 + own.randrange(3))
        told += [m for m in story.meds[:count] if m.split()[0] not in {t.split()[0] for t in told}]
    if not told:
        return Text(rng.choice(("None.", "No regular medications.", "None regularly.")))
    if case.style.heading == "line" and rng.random() < 0.5:
        return Text("\n".join(f"{m[0].upper()}{m[1:]}" for m in told))
    return Text("; ".join(told).capitalize() + ".")


def history(case: Case, reason: Condition, rng: random.Random) -> Text:
    """The history of the present illness."""
    phrases, words = lines(), slots(case, reason, rng)
    name = reason.disease.name
    words["problem"] = reason.disease.names[0]
    went = trend(reason, case.day, case.prior_day)
    sentences: list[Text] = []
    if case.prior_day is None:
        complaint = reason_words(case, reason, rng)
        words["reason"] = complaint.string.partition(",")[0]
        opening = {"consult": "opening_consult", "discharge": "opening_discharge"}.get(case.study, "opening")
        sentences.append(phrases.say(f"say.{opening}", rng, words))
        sentences.append(phrases.say(f"{name}.hpi", rng, words))
        for other in acute_others(case, reason):
            sentences.append(phrases.say(f"{other.disease.name}.hpi", rng, slots(case, other, rng)))
    else:
        days = (case.day - case.prior_day).days
        words["when"] = dated(case.prior_day, case.style.dates)
        words["interval"] = (
            f"{days} days" if days < 21 else (f"{days // 7} weeks" if days < 90 else f"{days // 30} months")
        )
        sentences.append(phrases.say("say.opening_later", rng, words))
        told = "down" if went == "gone" else went
        sentences.append(phrases.say(f"say.later_{told}", rng, words))
        if went != "gone":
            sentences.append(phrases.say(f"{name}.later", rng, words))
        if reason.disease.course == "chronic" and rng.random() < 0.6:
            sentences.append(phrases.say("say.adherence", rng, words))
    denied = [phrases.fill(line, rng, words) for line in phrases.rules.get(f"{name}.denies", ())]
    if denied and rng.random() < 0.8:
        sentences.append(denials(denied, words, rng))
    return join(" ", [s.capital() for s in sentences])


def acute_others(case: Case, reason: Condition) -> list[Condition]:
    """What else is acutely wrong, and thus belongs to the same visit."""
    return [
        c
        for c in case.conditions
        if c is not reason
        and c.disease.course == "acute"
        and c.active(case.day)
        and c.disease.name in stories()
    ]


def denials(items: Sequence[Text], words: Words, rng: random.Random) -> Text:
    """One sentence that denies each of the items."""
    told = listed(items, "or")
    return lines().say(
        "say.ros_negative", rng, {**words, "list": told, "list_cap": listed(items, "and").capital()}
    )


def past_history(case: Case, reason: Condition | None, rng: random.Random) -> Text:
    """Other conditions, and things of the past."""
    known: list[Text] = []
    for condition in case.conditions:
        if condition is reason and case.prior_day is None:
            continue
        if condition.disease.course == "acute" and condition.active(case.day):
            continue
        known.append(name_of(condition, case))
    fixed = random.Random(f"{case.patient.mrn}/past")
    phrases, words = lines(), slots(case, None, fixed)
    count = 0 if case.age < 16 else fixed.choice((0, 1, 1, 2))
    known += [phrases.fill(line, fixed, words) for line in fixed.sample(phrases.rules["say.past"], count)]
    if not known:
        return Text(rng.choice(("None.", "Unremarkable.", "No prior illness.")))
    if case.style.heading == "line" and len(known) > 1:
        return join("\n", [f"{n}. " + item.capital() for n, item in enumerate(known, 1)])
    return join(", ", known).capital() + "."


def review(case: Case, rng: random.Random) -> Text:
    """The review of systems: negatives that contradict no complaint."""
    phrases = lines()
    story = {
        m.value.concept
        for c in case.conditions
        if c.active(case.day)
        for line in (
            *phrases.rules.get(f"{c.disease.name}.hpi", ()),
            *phrases.rules.get(f"{c.disease.name}.exam", ()),
        )
        for _ in range(4)
        for m in phrases.fill(line, rng, slots(case, c, rng)).marks
        if isinstance(m.value, Found) and m.value.assertion == "present"
    }
    kin = story | {part for s in story for part in s.split()}
    items = []
    for line in rng.sample(phrases.rules["ros.items"], len(phrases.rules["ros.items"])):
        item = phrases.fill(line, rng)
        value = item.marks[0].value
        if isinstance(value, Found) and not ({value.concept, *value.concept.split()} & kin):
            items.append(item)
    return denials(items[: rng.randrange(3, 6)], slots(case, None, rng), rng)


def examination(case: Case, rng: random.Random) -> Text:
    """The physical examination: what ails the patient shows, the rest is normal."""
    phrases = lines()
    said: dict[str, list[Text]] = {}
    for condition in case.conditions:
        if not condition.active(case.day):
            continue
        for line in phrases.rules.get(f"{condition.disease.name}.exam", ()):
            found = phrases.fill(line, rng, slots(case, condition, rng))
            system, _, rest = found.string.partition(": ")
            cut = len(system) + 2
            marks = tuple(type(m)(m.start - cut, m.end - cut, m.value) for m in found.marks)
            said.setdefault(system, []).append(Text(rest, marks).capital())
    blocks = []
    for system in SYSTEMS:
        if system in said:
            body = join(" ", said[system])
        elif rng.random() < (0.95 if system in ("general", "heart", "lungs") else 0.6):
            body = phrases.say(f"exam.{system}", rng, slots(case, None, rng)).capital()
        else:
            continue
        label = system.upper() if case.style.heading == "line" and len(system) < 6 else system.capitalize()
        blocks.append(f"{label}: " + body if case.style.conclusion != "prose" else body)
    return join("\n" if case.style.conclusion != "prose" else " ", blocks)


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
        parts.append(Text(words).marked(quoted(row, value, printed=shown)))
    return join(", ", parts) + "."


def quoted(row: Result, text: str, *, printed: bool) -> Measured:
    """The truth about a value that is quoted without its range."""
    full = measured(row, text)
    return replace(full, printed_range=False, flag=full.flag if printed else None, low=None, high=None)


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
            return " (" + Text(words).marked(quoted(row, value, printed=False)) + ")"
    return Text()


def plan_for(case: Case, condition: Condition, rng: random.Random) -> Text:
    """What is to be done about it."""
    name = condition.disease.name
    went = trend(condition, case.day, case.prior_day)
    if went == "gone":
        return Text("No further treatment.")
    began_since = case.prior_day is not None and not condition.active(case.prior_day)
    rule = f"{name}.plan_{'new' if went == 'first' or began_since else went}"
    if case.age < 16 and f"{rule}_child" in lines():
        rule += "_child"
    return lines().say(rule, rng, slots(case, condition, rng))


def draft_note(case: Case, rng: random.Random) -> Drafted:
    """An office note or a consultation."""
    assert case.reason is not None
    reason = case.reason
    phrases, style = lines(), case.style
    rows = results(case, case.day, reason)
    with_labs = bool(rows) and rng.random() < 0.8
    quoted_rows = rows if with_labs else []
    combined = style.name == "problem_list"
    went = trend(reason, case.day, case.prior_day)
    words = slots(case, reason, rng)
    words |= {"np": name_of(reason, case), "evidence": evidence(case, reason, quoted_rows)}
    words["plan"] = plan_for(case, reason, rng)
    items = [phrases.say(f"item.{style.name}.{went}", rng, words)]
    others = [
        c for c in case.conditions if c is not reason and c.active(case.day) and c.disease.name in stories()
    ]
    items += [_also(case, c, rng) for c in others[:3]]
    sections: dict[str, Text] = {
        "indication": reason_words(case, reason, rng).capital() + ".",
        "history": history(case, reason, rng),
        "past_history": past_history(case, reason, rng),
        "medications": medications(case, rng, starting=False),
        "allergies": Text(random.Random(f"{case.patient.mrn}/allergies").choice(_ALLERGIES)),
        "family_history": phrases.say(
            "say.family", random.Random(f"{case.patient.mrn}/family"), words
        ).capital(),
        "social_history": phrases.say(
            "say.social_adult" if case.age >= 16 else "say.social_child",
            random.Random(f"{case.patient.mrn}/social"),
            words,
        ).capital(),
        "review_of_systems": review(case, rng),
        "vital_signs": vital_text(case, vitals(case, case.day), len(style.name) % 3),
        "physical_exam": examination(case, rng),
    }
    if with_labs:
        sections["laboratory"] = result_text(rows, case, rng)
    sections["assessment"] = conclude(style, items)
    tail = [] if combined else [plan_for(case, c, rng) for c in (reason, *acute_others(case, reason))]
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
    words |= {
        "np": name_of(condition, case),
        "status": {
            "first": "stable",
            "same": "stable",
            "up": "less well controlled",
            "down": "better controlled",
        }[went],
    }
    if story.meds and case.age >= 16:
        words["med"] = " ".join(story.meds[0].split()[:1])
        return lines().say(f"also.{case.style.name}.line", rng, words)
    return lines().say(f"also.{case.style.name}.plain", rng, words)


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
    "up": "up",
    "down": "down",
    "gone": "resolved",
}
