"""What a patient tells and what is found: history, medicines, review and examination in a note's words."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from synthetic.case import Case, days_told
from synthetic.course import Condition
from synthetic.dates import dated
from synthetic.findings import listed
from synthetic.grammar import Book, book
from synthetic.text import Found, Mark, Text, identifier, join
from synthetic.vitals import vitals

Words = dict[str, "Text | str"]
Trend = Literal["first", "up", "down", "same", "high", "gone"]
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
    level = condition.severity(day)
    change = level - condition.severity(before)
    if abs(change) >= 0.06:
        return "up" if change > 0 else "down"
    return "high" if uncontrolled(condition, day) else "same"


def uncontrolled(condition: Condition, day: date) -> bool:
    """Far from what its treatment aims at."""
    return condition.severity(day) > 0.5 and condition.disease.name in _TO_TREAT


_TO_TREAT = ("hypertension", "diabetes", "hyperlipidemia", "gout", "hypothyroidism", "hyperthyroidism")


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
        "n": str(days_told(condition, case.day) if condition else rng.randrange(2, 9)),
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
            told += [m for m in story.meds_child if m.split()[0] not in {t.split()[0] for t in told}]
            continue
        own = random.Random(f"{condition.seed}/meds")
        count = len(story.meds) if starting else min(len(story.meds), 1 + own.randrange(3))
        told += [m for m in story.meds[:count] if m.split()[0] not in {t.split()[0] for t in told}]
    if not told:
        return Text(rng.choice(("None.", "No regular medications.", "None regularly.")))
    if case.style.heading == "line" and rng.random() < 0.5:
        return Text("\n".join(f"{m[0].upper()}{m[1:]}" for m in told))
    return Text("; ".join(told).capitalize() + ".")


def history(case: Case, reason: Condition, complaint: str, rng: random.Random) -> Text:
    """The history of the present illness."""
    phrases, words = lines(), slots(case, reason, rng)
    name = reason.disease.name
    words["problem"] = reason.disease.names[0]
    went = trend(reason, case.day, case.prior_day)
    sentences: list[Text] = []
    if case.prior_day is None:
        words["reason"] = complaint.partition(",")[0]
        opening = {"consult": "opening_consult", "discharge": "opening_discharge"}.get(case.study, "opening")
        opening = "opening_child" if case.age < 18 and opening == "opening" else opening
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
        told = {"gone": "down", "high": "same"}.get(went, went)
        sentences.append(phrases.say(f"say.later_{told}", rng, words))
        if went != "gone":
            sentences.append(phrases.say(f"{name}.later", rng, words))
        for other in case.conditions:
            moved = trend(other, case.day, case.prior_day)
            quiet = other is reason or other.disease.course == "acute" or other.disease.name not in stories()
            if not quiet and moved in ("up", "down") and other.active(case.day):
                problem: Words = {**words, "problem": other.disease.names[0]}
                sentences.append(phrases.say(f"say.other_{moved}", rng, problem))
        if reason.disease.course == "chronic" and rng.random() < 0.6:
            sentences.append(phrases.say("say.adherence", rng, words))
    told_of = {m.value.concept for s in sentences for m in s.marks if isinstance(m.value, Found)}
    denied = [phrases.fill(line, rng, words) for line in phrases.rules.get(f"{name}.denies", ())]
    denied = [d for d in denied if not any(_concept(m) in told_of for m in d.marks)]
    if denied and rng.random() < 0.8:
        sentences.append(denials(denied, words, rng))
    return join(" ", [s.capital() for s in sentences])


def _concept(mark: Mark) -> str:
    return mark.value.concept if isinstance(mark.value, Found) else ""


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
    are = "is" if len(items) == 1 and not items[0].string.endswith("s") else "are"
    return lines().say(
        "say.ros_negative",
        rng,
        {**words, "list": told, "list_cap": listed(items, "and").capital(), "are": are},
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
    seen = vitals(case, case.day)
    unwell = seen.saturation < 93 or (seen.heart_rate > 108 and case.age > 12)
    said: dict[str, list[Text]] = {}
    shown: set[str] = set()
    for condition in case.conditions:
        if not condition.active(case.day):
            continue
        for line in phrases.rules.get(f"{condition.disease.name}.exam", ()):
            found = phrases.fill(line, rng, slots(case, condition, rng))
            system, _, rest = found.string.partition(": ")
            if any(_concept(m) in shown for m in found.marks):
                continue
            shown |= {_concept(m) for m in found.marks}
            cut = len(system) + 2
            marks = tuple(type(m)(m.start - cut, m.end - cut, m.value) for m in found.marks)
            said.setdefault(system, []).append(Text(rest, marks).capital())
    blocks = []
    for system in SYSTEMS:
        if system in said:
            body = join(" ", said[system])
        elif rng.random() < (0.95 if system in ("general", "heart", "lungs") else 0.6):
            rule = {"general": "general_ill", "heart": "heart_fast"}.get(system, "") if unwell else ""
            body = phrases.say(f"exam.{rule or system}", rng, slots(case, None, rng)).capital()
        else:
            continue
        label = system.upper() if case.style.heading == "line" and len(system) < 6 else system.capitalize()
        blocks.append(f"{label}: " + body if case.style.conclusion != "prose" else body)
    return join("\n" if case.style.conclusion != "prose" else " ", blocks)
