"""Imaging and heart studies: a conclusion that follows from the findings, and what changed since the prior."""

import random
from collections.abc import Mapping, Sequence
from typing import Literal

from synthetic.atlas import Atlas, Compared, Concept, Shown, atlas, compared, grade_of, shown, vanished
from synthetic.case import Case, Drafted, comparison, conclude, fill, indication, with_tail
from synthetic.course import Observation
from synthetic.findings import findings, measures, side_of, slots_for, value_slots
from synthetic.grammar import VOWEL
from synthetic.report import Change
from synthetic.text import Found, Text, join
from synthetic.values import Result, measured, quoted


def noun_phrase(
    chart: Atlas, o: Observation, values: Sequence[Result], case: Case, rng: random.Random
) -> Text:
    """What a conclusion calls an observation."""
    concept = chart.concepts[o.concept]
    slots = slots_for(concept, o, case, rng, formal=True)
    found = Found(concept.term, "present", side_of(o), grade_of(concept, o) or None)
    printed, marks = value_slots(values)
    marks |= measures(concept, o, str(slots["size"]))
    phrase = chart.book.say(f"{concept.name}.np", rng, {**printed, **slots}, found=found, measures=marks)
    return phrase if any(isinstance(m.value, Found) for m in phrase.marks) else phrase.marked(found)


def conclusion_items(
    chart: Atlas,
    rows: Sequence[Compared],
    gone: Sequence[Observation],
    study: Shown,
    case: Case,
    rng: random.Random,
) -> list[Text]:
    """What the physician concludes, most important first, in the words of the house style."""
    words = case.style.words
    items: list[Text] = []
    advice: list[str] = []
    causes: set[str] = set()
    for row in _told(chart, rows):
        concept = chart.concepts[row.now.concept]
        phrase = noun_phrase(chart, row.now, study.values, case, rng)
        cause: Text | str = ""
        if row.now.cause in concept.causes and row.now.cause is not None and row.now.cause not in causes:
            causes.add(row.now.cause)
            sure = not concept.grades or row.now.grade >= 1 / 3 or row.before is not None
            before, _, after = words["cause" if sure else "maybe"].partition("{what}")
            found = Found(row.now.cause, "present" if sure else "possible")
            cause = before + Text(row.now.cause).marked(found) + after
        change = ""
        if row.direction is not None:
            key = {"same": "stable"}.get(row.direction, row.direction)
            sized = f"{key}_size" if row.now.size is not None else key
            change = words.get(sized, words[key])
            change = (" " if change.startswith(("with ", "which ")) else ", ") + change
        items.append(
            fill(
                words["item"], np=phrase, a_np=_article(phrase, concept, row.now), cause=cause, change=change
            )
        )
        advised = concept.advice(row.now)
        if advised and row.direction in (None, "new", "up") and advised not in advice:
            advice.append(advised)
    for old in gone:
        concept = chart.concepts[old.concept]
        if concept.rank > 1:
            what = Text(concept.term).marked(Found(concept.term, "historical", side_of(old)))
            items.append(fill(words["resolved"], what=what))
    if f"lead.{case.style.name}" in chart.book and not any(r.now.concept in _RHYTHMS for r in rows):
        printed, marks = value_slots(study.values)
        items.insert(0, chart.book.say(f"lead.{case.style.name}", rng, printed, measures=marks))
    if not _told(chart, rows):
        items.append(chart.book.say(f"conclude.{case.style.name}", rng))
    items += [fill(words["advise"], what=what) for what in advice[:2]]
    return items


_RHYTHMS = ("af", "tachycardia", "bradycardia")


def _told(chart: Atlas, rows: Sequence[Compared]) -> list[Compared]:
    ranked = sorted(rows, key=lambda r: -chart.concepts[r.now.concept].rank)
    return [r for r in ranked if chart.concepts[r.now.concept].rank > 1]


def _article(phrase: Text, concept: Concept, o: Observation) -> Text:
    if not concept.countable or o.side == "bilateral":
        return phrase
    return ("an " if VOWEL.match(phrase.string) else "a ") + phrase


def changes(
    chart: Atlas, rows: Sequence[Compared], gone: Sequence[Observation], study: Shown, interval: int | None
) -> tuple[Change, ...]:
    """The changes since the prior, as values."""
    if interval is None:
        return ()
    out = []
    names: Mapping[str, Literal["unchanged", "up", "down", "new"]]
    names = {"same": "unchanged", "up": "up", "down": "down", "new": "new"}
    for row in rows:
        concept = chart.concepts[row.now.concept]
        before, unit = None, ""
        now = grade_of(concept, row.now) or "present"
        if concept.measure and row.now.size is not None:
            now, unit = f"{row.now.size:.0f}", "mm"
        if row.before is not None:
            before = grade_of(concept, row.before) or "present"
            if concept.measure and row.before.size is not None:
                before = f"{row.before.size:.0f}"
        assert row.direction is not None
        out.append(Change(concept.term, before, now, unit, names[row.direction], interval))
    for old in gone:
        concept = chart.concepts[old.concept]
        out.append(Change(concept.term, grade_of(concept, old) or "present", None, "", "resolved", interval))
    out += value_changes(study.values, study.earlier, interval)
    return tuple(out)


def value_changes(now: Sequence[Result], before: Sequence[Result], interval: int) -> list[Change]:
    """How each measured value changed."""
    earlier = {r.analyte.key: r for r in before}
    out = []
    for row in now:
        old = earlier.get(row.analyte.key)
        if old is None:
            continue
        then, current = old.analyte.printed(old.value), row.analyte.printed(row.value)
        direction: Literal["up", "down", "unchanged"] = "up" if row.value > old.value else "down"
        if then == current:
            direction = "unchanged"
        out.append(Change(row.analyte.key, then, current, row.analyte.unit, direction, interval))
    return out


def value_table(rows: Sequence[Result], case: Case, rng: random.Random) -> Text:
    """Measured values as a list, for the study's technique or measurements lines."""
    lines = []
    for row in rows:
        a = row.analyte
        if a.key in ("av_mg", "ava") and not any(r.analyte.key == "av_vmax" and r.flag == "H" for r in rows):
            continue
        value = a.printed(row.value)
        if case.style.findings == "regions":
            line = f"{a.names[0]}: {value} {a.unit}".rstrip() + f" (normal {a.range_words()})"
            lines.append(Text(line).marked(measured(row, value)))
        else:
            line = f"{a.names[-1]} {value} {a.unit}".rstrip()
            lines.append(Text(line).marked(quoted(row, value)))
    return join("\n", lines) if case.style.findings == "regions" else join(", ", lines) + "."


def draft_study(case: Case, rng: random.Random) -> Drafted:
    """A report of a study with an atlas."""
    chart = atlas(case.study)
    study = shown(chart, case)
    rows = compared(chart.concepts, study.now, study.before)
    gone = vanished(study.now, study.before)
    suffix = _variant(case, study)
    sections: list[tuple[str, Text]] = [("indication", indication(case, chart.book, rng))]
    if rng.random() < 0.8:
        sections.append(("technique", chart.book.say(f"technique{suffix}", rng).capital()))
    sections.append(("comparison", comparison(case, rng)))
    body = findings(chart, rows, gone, study.values, case, rng)
    printed = [r for r in study.values if r.analyte.panel in ("echo", "ecg")]
    if any(r.now.concept == "af" for r in rows):
        printed = [r for r in printed if r.analyte.key != "pr"]
    if printed and rng.random() < (0.7 if case.study == "echo" else 0.3):
        table = value_table(printed, case, rng)
        body = join("\n" if case.style.findings == "regions" else " ", [table, body])
    sections.append(("findings", body))
    items = conclusion_items(chart, rows, gone, study, case, rng)
    sections.append(("impression", with_tail(conclude(case.style, items), case)))
    interval = (case.day - case.prior_day).days if case.prior_day else None
    return Drafted(
        title=chart.book.say(f"title{suffix}", rng).string,
        sections=tuple(sections),
        summary="impression",
        diagnoses=_diagnoses(chart, study),
        changes=changes(chart, rows, gone, study, interval),
    )


def _diagnoses(chart: Atlas, study: Shown) -> tuple[str, ...]:
    """Preferred terms, a disease named as a cause before what it shows."""
    named: list[str] = []
    for o in sorted(study.now, key=lambda o: -chart.concepts[o.concept].rank):
        concept = chart.concepts[o.concept]
        if concept.rank <= 1:
            continue
        named.append(o.cause if o.cause is not None and o.cause in concept.causes else concept.term)
    return tuple(dict.fromkeys(named))


def _variant(case: Case, study: Shown) -> str:
    """Which protocol the study had: "" is the usual one."""
    concepts = {o.concept: o for o in study.now}
    if case.study == "chest":
        sick = any(concepts[c].grade > 0.5 for c in ("edema", "pneumothorax") if c in concepts)
        return "_portable" if sick else ""
    reason = case.reason.disease.name if case.reason else ""
    if case.study == "ct_chest":
        return "_angio" if reason == "pulmonary_embolism" else ("_plain" if reason in _PLAIN else "")
    if case.study == "ct_abdomen":
        return "_plain" if reason == "kidney_stone" else ""
    return ""


_PLAIN = ("lung_nodule", "fibrosis", "copd", "pneumonia", "rib_fracture")
