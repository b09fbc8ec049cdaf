"""Discharge summaries: a stay in hospital for one problem."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from synthetic.case import Case, Drafted, reason_words
from synthetic.course import Condition
from synthetic.dates import dated
from synthetic.note import course_changes, evidence, results
from synthetic.story import (
    Words,
    acute_others,
    history,
    lines,
    medications,
    name_of,
    past_history,
    slots,
    stories,
)
from synthetic.text import Text, join
from synthetic.values import Result, quoted
from synthetic.vitals import vital_text, vitals


def stay(case: Case, reason: Condition) -> date:
    """The day of admission."""
    days = 3 + random.Random(f"{reason.seed}/stay/{case.day}").randrange(5)
    return max(case.day - timedelta(days=days), min(reason.onset, case.day - timedelta(days=1)))


def draft_discharge(case: Case, rng: random.Random) -> Drafted:
    """A discharge summary."""
    assert case.reason is not None
    reason = case.reason
    phrases, style = lines(), case.style
    admitted = stay(case, reason)
    at_first = results(case, admitted, reason)
    better = treated(case, reason)
    at_last = results(better, case.day, reason)
    words = slots(case, reason, rng)
    words["two"] = str(rng.randint(2, max(2, (case.day - admitted).days - 1)))
    others = [c for c in case.conditions if c is not reason and c.active(case.day)]
    home = rng.random() < (0.9 if case.age < 80 else 0.6)
    summary = _summary(case, reason, _told(at_first), home, words, rng)
    diagnoses = [name_of(c, case).capital() for c in (reason, *others)]
    listed_out = [f"{n}. " + d for n, d in enumerate(diagnoses, 1)]
    first_visit = _as_first(case)
    sections: dict[str, Text] = {
        "diagnosis": join("\n", listed_out) if style.name == "ward_round" else join("; ", diagnoses) + ".",
        "history": history(first_visit, reason, reason_words(first_visit, reason, rng).string, rng),
        "past_history": past_history(case, reason, rng),
        "procedure": _course(case, reason, words, rng),
        "laboratory": _course_of_values(at_first, at_last, case, rng),
        "vital_signs": vital_text(case, vitals(better, case.day), len(style.name) % 3),
        "physical_exam": phrases.say("say.condition_good", rng, words).capital(),
        "medications": medications(case, rng, starting=True),
        "assessment": summary,
        "plan": _plan(case, reason, home, words, rng),
    }
    if not sections["laboratory"]:
        del sections["laboratory"]
    for name, chance in (("past_history", 0.8), ("vital_signs", 0.5)):
        if rng.random() > chance:
            del sections[name]
    dates = rng.choice(("Date of Admission: ", "Admitted: ", "Admission date: ")) + dated(
        admitted, style.dates
    )
    dates += rng.choice(("\nDate of Discharge: ", "   Discharged: ", "\nDischarge date: ")) + dated(
        case.day, style.dates
    )
    interval = (case.day - case.prior_day).days if case.prior_day else None
    return Drafted(
        title=phrases.say("say.title_discharge", rng).string,
        sections=tuple(sections.items()),
        summary="assessment",
        diagnoses=tuple(c.disease.term for c in (reason, *others)),
        changes=course_changes(case, [reason, *others], at_last, interval),
        preamble=dates,
    )


def treated(case: Case, reason: Condition) -> Case:
    """The same patient with the problem of the stay under control."""
    factor = 0.3 if reason.disease.course == "acute" else 0.55
    calmed = tuple(replace(c, peak=c.peak * factor) if c is reason else c for c in case.conditions)
    return replace(case, conditions=calmed)


def _as_first(case: Case) -> Case:
    """The same case told as an admission, not as a follow-up."""
    return replace(case, prior_day=None)


def _summary(
    case: Case, reason: Condition, rows: Sequence[Result], home: bool, words: Words, rng: random.Random
) -> Text:
    went = "same" if reason.disease.course == "fixed" else "down"
    style = case.style.name
    phrases = lines()
    told: Words = {
        **words,
        "np": name_of(reason, case),
        "evidence": evidence(case, reason, rows),
        "treated": stories()[reason.disease.name].treated,
        "home": "discharged home" if home else "transferred to skilled nursing",
        "went": "went home" if home else "was transferred to skilled nursing",
    }
    told["outcome"] = phrases.say(f"outcome.{style}.{went}", rng, told)
    return phrases.say(f"sum.{style}.good", rng, told).capital()


def _course_of_values(
    first: Sequence[Result], last: Sequence[Result], case: Case, rng: random.Random
) -> Text:
    later = {r.analyte.key: r for r in last}
    parts = []
    for row in _told(first):
        name = min(row.analyte.names, key=len) if case.style.abbreviate else row.analyte.names[0]
        value = row.analyte.printed(row.value)
        text = Text(f"{name} {value} {row.analyte.unit}".rstrip()).marked(quoted(row, value))
        text += rng.choice((" on admission", " at admission"))
        then = later.get(row.analyte.key)
        if then is not None:
            number = then.analyte.printed(then.value)
            text = (
                text
                + ", "
                + Text(number).marked(quoted(then, number))
                + rng.choice((" at discharge", " on discharge"))
            )
        parts.append(text)
    return join(". ", [p.capital() for p in parts]) + ("." if parts else "")


def _told(rows: Sequence[Result]) -> list[Result]:
    """The abnormal values that the summary tells."""
    return [r for r in rows if r.direction][:4]


def _course(case: Case, reason: Condition, words: Words, rng: random.Random) -> Text:
    """What was done in hospital, for the problem of the stay and whatever else was acute."""
    parts = [lines().say(f"{reason.disease.name}.stay", rng, words).capital()]
    for other in acute_others(case, reason):
        rule = f"{other.disease.name}.stay"
        if rule in lines():
            parts.append(lines().say(rule, rng, slots(case, other, rng)).capital())
    return join(" ", parts)


def _plan(case: Case, reason: Condition, home: bool, words: Words, rng: random.Random) -> Text:
    phrases = lines()
    parts = [phrases.say(f"{reason.disease.name}.plan_down", rng, words)]
    parts.append(Text("Discharged home." if home else "Transferred to skilled nursing."))
    warning = phrases.say("say.warning", rng, words)
    parts.append(phrases.say("say.return", rng, {**words, "warning": warning}))
    parts.append(phrases.say("say.follow_up", rng, words))
    return join(" ", [p.capital() for p in parts])
