"""Imaging and heart studies: findings from what the study shows, and a conclusion that follows from them.

One engine for every study whose phrases are in ``phrases/<study>.toml``: regions in order, concepts with a
way to be said, normal sentences and negatives for what is not there.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from clinical.report import Side
from synthetic.atlas import Atlas, Compared, Concept, Shown, atlas, compared, grade_of, shown, vanished
from synthetic.case import Case, Drafted, comparison, conclude, fill, indication, with_tail
from synthetic.course import Observation
from synthetic.dates import dated
from synthetic.grammar import VOWEL, book
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, join
from synthetic.values import Result, measured

_SHORT_SITES = {
    "left upper lobe": "LUL",
    "left lower lobe": "LLL",
    "right upper lobe": "RUL",
    "right middle lobe": "RML",
    "right lower lobe": "RLL",
}


_WALLS = (("inferior", "II, III and aVF"), ("anterior", "V1-V4"), ("lateral", "I, aVL, V5 and V6"))
_MARGINS = ("spiculated", "lobulated", "smooth", "well-circumscribed", "irregular")
_RIBS = ("4th", "5th", "6th", "seventh", "eighth")


def slots_for(
    concept: Concept, o: Observation, case: Case, rng: random.Random, *, formal: bool
) -> dict[str, Text | str]:
    """Words for the slots of a concept's lines; ``formal`` keeps the canonical ones, for conclusions."""
    exact = grade_of(concept, o)
    grade = exact
    if grade and not formal and f"grade.{grade}" in book("follow"):
        grade = book("follow").say(f"grade.{grade}", rng).string
    if formal and grade == "moderate size":
        grade = "moderate"
    plural = o.side == "bilateral"
    wall, leads = _WALLS[o.detail % len(_WALLS)]
    return {
        "grade": grade,
        "grade_ly": {"mild": "mildly", "moderate": "moderately", "severe": "severely"}.get(exact, ""),
        "side": o.side or "",
        "on_side": {"left": "on the left", "right": "on the right"}.get(o.side or "", "on both sides"),
        "s": "s" if plural else "",
        "is": "are" if plural else "is",
        "a": "" if plural else "a/an",
        "A": "" if plural else "a/an",
        "site": _SHORT_SITES.get(o.site, o.site) if case.style.abbreviate else o.site,
        "level": str(6 + o.detail % 7),
        "lumbar": str(1 + o.detail % 4),
        "ordinal": _RIBS[o.detail % len(_RIBS)],
        "wall": wall,
        "wall_ecg": wall,
        "leads": leads,
        "margin": _MARGINS[o.detail % len(_MARGINS)],
        "n": str(rng.randrange(2, 6)),
        "image": str(rng.randrange(18, 240)),
        "size": size_words(o.size, case) if o.size is not None else "",
        "follow": "",
    }


def size_words(millimetres: float, case: Case) -> str:
    """A size as the house style prints it."""
    if case.style.name == "narrative" and millimetres >= 10:
        return f"{millimetres / 10:.1f} cm"
    return f"{millimetres:.0f} mm"


def _measures(concept: Concept, o: Observation, text: str) -> dict[str, Measured]:
    if o.size is None or not text:
        return {}
    number, _, unit = text.partition(" ")
    return {"size": Measured(concept.measure or concept.term, number, float(number), unit)}


def value_slots(rows: Sequence[Result]) -> tuple[dict[str, Text | str], dict[str, Measured]]:
    """Slots and marks for measured values."""
    printed: dict[str, Text | str] = {r.analyte.key: r.analyte.printed(r.value) for r in rows}
    marks = {
        r.analyte.key: replace(measured(r, str(printed[r.analyte.key])), printed_range=False) for r in rows
    }
    return printed, marks


def when_words(case: Case) -> dict[str, Text | str]:
    """Slots that name the prior study."""
    assert case.prior_day is not None
    return {"date": dated(case.prior_day, case.style.dates)}


def _side_of(o: Observation) -> Side | None:
    if o.side is None and o.site.startswith(("left", "right")):
        return "left" if o.site.startswith("left") else "right"
    if o.side is None and o.site == "lingula":
        return "left"
    return o.side


def say_observation(
    chart: Atlas, row: Compared, values: Sequence[Result], case: Case, rng: random.Random
) -> list[Text]:
    """The sentences for one observation."""
    concept = chart.concepts[row.now.concept]
    slots = slots_for(concept, row.now, case, rng, formal=False)
    follow = book("follow")
    extra: list[Text] = []
    if row.direction is not None:
        when: dict[str, Text | str] = {"when": follow.say("when", rng, when_words(case))}
        sized = "_size" if row.direction in ("up", "down") and row.now.size is not None else ""
        if rng.random() < 0.65:
            slots["follow"] = follow.say(f"{row.direction}{sized}", rng, when)
        elif rng.random() < 0.8:
            extra.append(follow.say(f"{row.direction}_sentence", rng, when))
    printed, marks = value_slots(values)
    found = Found(concept.term, "present", _side_of(row.now), grade_of(concept, row.now) or None)
    marks |= _measures(concept, row.now, str(slots["size"]))
    sentence = chart.book.say(f"{concept.name}.say", rng, {**printed, **slots}, found=found, measures=marks)
    return [sentence.capital(), *(e.capital() for e in extra)]


def negative(chart: Atlas, region: str, present: set[str], rng: random.Random, most: int = 3) -> Text | None:
    """One sentence of negatives for a region, none of which is present."""
    lines = chart.book.rules.get(f"negatives.{region}", ())
    items: list[Text] = []
    said: set[str] = set()
    for line in rng.sample(lines, len(lines)):
        item = chart.book.fill(line, rng)
        concepts = {m.value.concept for m in item.marks if isinstance(m.value, Found)}
        if concepts & (present | said):
            continue
        said |= concepts
        items.append(item)
        if len(items) >= most:
            break
    if not items:
        return None
    return book("follow").say("negative.list", rng, {"list": listed(items, "or")}).capital()


def listed(items: Sequence[Text | str], word: str) -> Text:
    """a, b or c."""
    if len(items) < 2:
        return join("", items)
    return join(", ", items[:-1]) + f" {word} " + items[-1]


_TOLD_BY_NORMAL = ("heart", "skull", "pericardium", "rv")
_ALWAYS = ("rhythm", "conduction", "lv", "lungs", "parenchyma")


def findings(
    chart: Atlas,
    rows: Sequence[Compared],
    gone: Sequence[Observation],
    values: Sequence[Result],
    case: Case,
    rng: random.Random,
) -> Text:
    """The findings section, region by region."""
    printed, marks = value_slots(values)
    hidden = {region for r in rows for region in chart.concepts[r.now.concept].hides}
    af = any(r.now.concept == "af" for r in rows)
    present = {chart.concepts[r.now.concept].term for r in rows}
    blocks: list[Text] = []
    for region in chart.regions:
        sentences: list[Text] = []
        here = [r for r in rows if chart.concepts[r.now.concept].region == region]
        for row in sorted(here, key=lambda r: -chart.concepts[r.now.concept].rank):
            sentences += say_observation(chart, row, values, case, rng)
        for old in gone:
            if chart.concepts[old.concept].region == region:
                sentences.append(say_resolved(chart, old, case, rng))
        normal = f"normal.{region}_af" if af and f"normal.{region}_af" in chart.book else f"normal.{region}"
        if (
            not here
            and region not in hidden
            and normal in chart.book
            and (rng.random() < 0.85 or region in _ALWAYS)
        ):
            sentences.insert(0, chart.book.say(normal, rng, printed, measures=marks).capital())
        wanted = (0.2 if region in _TOLD_BY_NORMAL else 0.6) if sentences else 1.0
        if f"negatives.{region}" in chart.book and region not in hidden and rng.random() < wanted:
            sentence = negative(chart, region, present, rng)
            if sentence is not None:
                sentences.append(sentence)
        if not sentences:
            continue
        body = join(" ", sentences)
        if case.style.findings == "regions":
            label = chart.book.rules[f"label.{region}"]
            name = chart.book.fill(label[len(case.style.name) % len(label)], rng).string
            body = f"{name}: " + body
        blocks.append(body)
    return join("\n" if case.style.findings == "regions" else " ", blocks)


def noun_phrase(
    chart: Atlas, o: Observation, values: Sequence[Result], case: Case, rng: random.Random
) -> Text:
    """What a conclusion calls an observation."""
    concept = chart.concepts[o.concept]
    slots = slots_for(concept, o, case, rng, formal=True)
    found = Found(concept.term, "present", _side_of(o), grade_of(concept, o) or None)
    printed, marks = value_slots(values)
    marks |= _measures(concept, o, str(slots["size"]))
    phrase = chart.book.say(f"{concept.name}.np", rng, {**printed, **slots}, found=found, measures=marks)
    return phrase if any(isinstance(m.value, Found) for m in phrase.marks) else phrase.marked(found)


def say_resolved(chart: Atlas, o: Observation, case: Case, rng: random.Random) -> Text:
    """A sentence that something seen before is gone."""
    follow = book("follow")
    prior = when_words(case)
    what = chart.concepts[o.concept].term
    if o.side in ("left", "right"):
        what = f"{o.side} {what}"
    found = Found(chart.concepts[o.concept].term, "historical", _side_of(o))
    slots: dict[str, Text | str] = {**prior, "when": follow.say("when", rng, prior), "what": what}
    return follow.say("resolved", rng, slots, found=found).capital()


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
            sure = row.now.grade >= 0.3
            before, _, after = words["cause" if sure else "maybe"].partition("{what}")
            found = Found(row.now.cause, "present" if sure else "possible")
            cause = before + Text(row.now.cause).marked(found) + after
        change = ""
        if row.direction is not None:
            change = words[{"same": "stable"}.get(row.direction, row.direction)]
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
            what = Text(concept.term).marked(Found(concept.term, "historical", _side_of(old)))
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
            lines.append(Text(line).marked(replace(measured(row, value), printed_range=False)))
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
