"""Imaging reports: findings from what the study shows, and a conclusion that follows from them.

One engine for every study whose phrases are in ``phrases/<book>.toml``: regions in order, concepts with a
way to be said, normal sentences and negatives for what is not there.
"""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from clinical.report import Side
from synthetic.case import Case, Drafted, conclude
from synthetic.course import Observation
from synthetic.dates import dated
from synthetic.grammar import Book, book
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, join


@dataclass(frozen=True, slots=True)
class Concept:
    """How one kind of study speaks of one concept."""

    name: str
    region: str
    term: str
    grades: tuple[str, ...]
    rank: int
    measure: str
    advise: str


@dataclass(frozen=True, slots=True)
class Atlas:
    """The phrase book of one kind of study with its concepts and regions."""

    book: Book
    regions: tuple[str, ...]
    concepts: Mapping[str, Concept]


@dataclass(frozen=True, slots=True)
class Compared:
    """An observation beside the same one on the prior study; ``direction`` None on a first study."""

    now: Observation
    before: Observation | None
    direction: str | None


@lru_cache(maxsize=16)
def atlas(name: str) -> Atlas:
    """The atlas kept in ``phrases/<name>.toml``."""
    tables = tomllib.loads((Path(__file__).with_name("phrases") / f"{name}.toml").read_text("utf-8"))
    concepts = {key: _concept(key, t) for key, t in tables.items() if isinstance(t, dict) and "region" in t}
    return Atlas(book(name), tuple(tables["region"]["order"]), concepts)


def _concept(name: str, table: dict[str, Any]) -> Concept:
    return Concept(
        name=name,
        region=table["region"],
        term=table["term"],
        grades=tuple(table["grades"]),
        rank=table["rank"],
        measure=table.get("measure", ""),
        advise=table.get("advise", ""),
    )


def grade_of(concept: Concept, observation: Observation) -> str:
    """The word for how much of it there is, "" for a concept without grades."""
    if not concept.grades:
        return ""
    return concept.grades[int(observation.grade * len(concept.grades))]


def compared(
    concepts: Mapping[str, Concept], now: Sequence[Observation], before: Sequence[Observation] | None
) -> list[Compared]:
    """Each observation beside its own prior."""
    if before is None:
        return [Compared(o, None, None) for o in now]
    earlier = {o.concept: o for o in before}
    rows = []
    for o in now:
        old = earlier.get(o.concept)
        if old is not None and not same_thing(old, o):
            old = None
        rows.append(Compared(o, old, "new" if old is None else _direction(concepts[o.concept], old, o)))
    return rows


def same_thing(before: Observation, now: Observation) -> bool:
    """Not a left one then and a right one now."""
    return before.concept == now.concept and (
        before.side == now.side or "bilateral" in (before.side, now.side)
    )


def vanished(now: Sequence[Observation], before: Sequence[Observation] | None) -> list[Observation]:
    """What the prior study showed and this one does not."""
    return [o for o in before or () if not any(same_thing(o, n) for n in now)]


def _direction(concept: Concept, before: Observation, now: Observation) -> str:
    if now.size is not None and before.size is not None and concept.measure:
        if abs(now.size - before.size) < 2:
            return "same"
        return "up" if now.size > before.size else "down"
    old, new = grade_of(concept, before), grade_of(concept, now)
    if before.side != now.side:
        return "up" if now.side == "bilateral" else "down"
    if old == new:
        return "same"
    return "up" if concept.grades.index(new) > concept.grades.index(old) else "down"


def merged(observations: Sequence[Observation]) -> list[Observation]:
    """One observation a concept: sides joined, the worse grade kept."""
    kept: dict[str, Observation] = {}
    for o in observations:
        old = kept.get(o.concept)
        if old is None:
            kept[o.concept] = o
            continue
        worse = o if o.grade > old.grade else old
        kept[o.concept] = worse if old.side == o.side else replace(worse, side="bilateral")
    return list(kept.values())


def size_words(millimetres: float, style_cm: bool) -> str:
    """A size as printed."""
    return f"{millimetres / 10:.1f} cm" if style_cm else f"{millimetres:.0f} mm"


_SHORT_SITES = {
    "left upper lobe": "LUL",
    "left lower lobe": "LLL",
    "right upper lobe": "RUL",
    "right middle lobe": "RML",
    "right lower lobe": "RLL",
}


def slots_for(
    concept: Concept, o: Observation, case: Case, rng: random.Random, *, formal: bool
) -> dict[str, Text | str]:
    """Words for the slots of a concept's lines; ``formal`` keeps the canonical ones, for conclusions."""
    grade = grade_of(concept, o)
    if grade and not formal:
        grade = book("follow").say(f"grade.{grade}", rng).string
    if formal and grade == "moderate size":
        grade = "moderate"
    plural = o.side == "bilateral"
    site = _SHORT_SITES.get(o.site, o.site) if case.style.abbreviate else o.site
    ly = {"mild": "mildly", "moderate": "moderately", "severe": "severely"}.get(grade_of(concept, o), "")
    levels = ("4th", "5th", "6th", "7th", "8th", "9th", "fifth", "sixth", "seventh", "eighth")
    return {
        "grade": grade,
        "grade_ly": ly,
        "side": o.side or "",
        "on_side": {"left": "on the left", "right": "on the right", "bilateral": "on both sides"}.get(
            o.side or "", ""
        ),
        "s": "s" if plural else "",
        "is": "are" if plural else "is",
        "a": "" if plural else "a/an",
        "A": "" if plural else "a/an",
        "site": site,
        "level": str(6 + int(o.detail or 7) % 7),
        "ordinal": levels[int(o.detail or 4) % 5],
        "size": size_words(o.size, case.style.name == "narrative") if o.size is not None else "",
        "follow": "",
    }


def _measures(concept: Concept, o: Observation, text: str) -> dict[str, Measured]:
    if o.size is None or not text:
        return {}
    number, _, unit = text.partition(" ")
    return {"size": Measured(concept.measure or concept.term, number, float(number), unit)}


def when_words(case: Case, rng: random.Random) -> dict[str, Text | str]:
    """Slots that name the prior study."""
    assert case.prior_day is not None
    return {"date": dated(case.prior_day, case.style.dates)}


def _side_of(o: Observation) -> Side | None:
    if o.side is None and o.site.startswith(("left", "right")):
        return "left" if o.site.startswith("left") else "right"
    if o.side is None and o.site == "lingula":
        return "left"
    return o.side


def say_observation(chart: Atlas, row: Compared, case: Case, rng: random.Random) -> list[Text]:
    """The sentences for one observation."""
    concept = chart.concepts[row.now.concept]
    slots = slots_for(concept, row.now, case, rng, formal=False)
    follow = book("follow")
    extra: list[Text] = []
    if row.direction is not None:
        prior = when_words(case, rng)
        if rng.random() < 0.6:
            slots["follow"] = follow.say(
                row.direction, rng, {**prior, "when": follow.say("when", rng, prior)}
            )
        elif rng.random() < 0.8:
            extra.append(
                follow.say(
                    f"{row.direction}_sentence", rng, {**prior, "when": follow.say("when", rng, prior)}
                )
            )
    size = slots["size"]
    found = Found(concept.term, "present", _side_of(row.now), grade_of(concept, row.now) or None)
    measures = _measures(concept, row.now, size if isinstance(size, str) else size.string)
    sentence = chart.book.say(f"{concept.name}.say", rng, slots, found=found, measures=measures)
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


def findings(
    chart: Atlas, rows: Sequence[Compared], gone: Sequence[Observation], case: Case, rng: random.Random
) -> Text:
    """The findings section, region by region."""
    present = {chart.concepts[r.now.concept].term for r in rows}
    blocks: list[Text] = []
    for region in chart.regions:
        sentences: list[Text] = []
        here = [r for r in rows if chart.concepts[r.now.concept].region == region]
        for row in sorted(here, key=lambda r: -chart.concepts[r.now.concept].rank):
            sentences += say_observation(chart, row, case, rng)
        for old in gone:
            if chart.concepts[old.concept].region == region:
                sentences.append(say_resolved(chart, old, case, rng))
        if not here and f"normal.{region}" in chart.book and rng.random() < 0.85:
            sentences.insert(0, chart.book.say(f"normal.{region}", rng).capital())
        if f"negatives.{region}" in chart.book and rng.random() < (0.6 if sentences else 1.0):
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


def noun_phrase(chart: Atlas, o: Observation, case: Case, rng: random.Random) -> Text:
    """What a conclusion calls an observation."""
    concept = chart.concepts[o.concept]
    slots = slots_for(concept, o, case, rng, formal=True)
    found = Found(concept.term, "present", _side_of(o), grade_of(concept, o) or None)
    size = slots["size"]
    if isinstance(size, str) and size:
        measure = _measures(concept, o, size)["size"]
        slots["size"] = Text(size).marked(measure)
    phrase = chart.book.say(f"{concept.name}.np", rng, slots, found=found)
    return phrase.marked(found)


def say_resolved(chart: Atlas, o: Observation, case: Case, rng: random.Random) -> Text:
    """A sentence that something seen before is gone."""
    follow = book("follow")
    prior = when_words(case, rng)
    what = chart.concepts[o.concept].term
    if o.side in ("left", "right"):
        what = f"{o.side} {what}"
    found = Found(chart.concepts[o.concept].term, "historical", _side_of(o))
    slots: dict[str, Text | str] = {**prior, "when": follow.say("when", rng, prior), "what": what}
    return follow.say("resolved", rng, slots, found=found).capital()


def conclusion_items(
    chart: Atlas, rows: Sequence[Compared], gone: Sequence[Observation], case: Case, rng: random.Random
) -> list[Text]:
    """What the physician concludes, most important first, in the words of the house style."""
    words = case.style.words
    items: list[Text] = []
    advice: list[str] = []
    ranked = sorted(rows, key=lambda r: -chart.concepts[r.now.concept].rank)
    told = [r for r in ranked if chart.concepts[r.now.concept].rank > 1]
    causes: set[str] = set()
    for row in told:
        concept = chart.concepts[row.now.concept]
        phrase = noun_phrase(chart, row.now, case, rng)
        cause: Text | str = ""
        if row.now.cause and row.now.cause != concept.term and row.now.cause not in causes:
            causes.add(row.now.cause)
            before, _, after = words["cause"].partition("{what}")
            cause = before + Text(row.now.cause).marked(Found(row.now.cause, "present")) + after
        change = ""
        if row.direction is not None:
            change = words[{"same": "stable"}.get(row.direction, row.direction)]
            change = (" " if change.startswith("with ") else ", ") + change
        items.append(
            fill(words["item"], np=phrase, a_np=_article(phrase, row.now), cause=cause, change=change)
        )
        if concept.advise and row.direction in (None, "new", "up") and concept.advise not in advice:
            advice.append(concept.advise)
    for old in gone:
        concept = chart.concepts[old.concept]
        if concept.rank > 1:
            what = Text(concept.term).marked(Found(concept.term, "historical", _side_of(old)))
            items.append(fill(words["resolved"], what=what))
    if not items:
        items.append(Text(words["normal"]))
    items += [fill(words["advise"], what=what) for what in advice[:2]]
    return items


def _article(phrase: Text, o: Observation) -> Text:
    if o.side == "bilateral" and phrase.string.endswith("s"):
        return phrase
    return ("an " if phrase.string[:1].lower() in "aeiou" else "a ") + phrase


def fill(pattern: str, **values: Text | str) -> Text:
    """A pattern of the house style with its slots filled."""
    pieces: list[Text | str] = []
    rest = pattern
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        pieces += [before, values[name]]
    return join("", [*pieces, rest])


def changes(
    chart: Atlas, rows: Sequence[Compared], gone: Sequence[Observation], interval: int | None
) -> tuple[Change, ...]:
    """The changes since the prior, as values."""
    if interval is None:
        return ()
    out = []
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
        out.append(Change(concept.term, before, now, unit, names[row.direction], interval))  # type: ignore[arg-type]
    for old in gone:
        concept = chart.concepts[old.concept]
        out.append(Change(concept.term, grade_of(concept, old) or "present", None, "", "resolved", interval))
    return tuple(out)


def observations_of(case: Case, kind: str) -> tuple[list[Observation], list[Observation] | None]:
    """What the study shows now and what it showed on the prior day."""
    now = merged([o for c in case.conditions for o in c.observations(kind, case.day)])
    if case.prior_day is None:
        return now, None
    return now, merged([o for c in case.conditions for o in c.observations(kind, case.prior_day)])


def draft_chest(case: Case, rng: random.Random) -> Drafted:
    """A chest radiograph."""
    chart = atlas("chest")
    now, before = observations_of(case, "chest")
    rows = compared(chart.concepts, now, before)
    gone = vanished(now, before)
    portable = any(o.concept in ("edema", "pneumothorax", "line") and o.grade > 0.5 for o in now)
    suffix = "_portable" if portable else ""
    sections: list[tuple[str, Text]] = [("indication", indication(case, chart.book, rng))]
    if rng.random() < 0.8:
        sections.append(("technique", chart.book.say(f"technique{suffix}", rng).capital()))
    sections.append(("comparison", comparison(case, rng)))
    sections.append(("findings", findings(chart, rows, gone, case, rng)))
    sections.append(
        ("impression", with_tail(conclude(case.style, conclusion_items(chart, rows, gone, case, rng)), case))
    )
    return Drafted(
        title=chart.book.say(f"title{suffix}", rng).string,
        sections=tuple(sections),
        summary="impression",
        diagnoses=tuple(dict.fromkeys(o.cause or chart.concepts[o.concept].term for o in now)),
        changes=changes(chart, rows, gone, (case.day - case.prior_day).days if case.prior_day else None),
    )


def with_tail(conclusion: Text, case: Case) -> Text:
    """A conclusion with the style's closing courtesy."""
    if not case.style.tail:
        return conclusion
    return conclusion + ("\n" if "\n" in conclusion.string else " ") + case.style.tail


def indication(case: Case, phrases: Book, rng: random.Random) -> Text:
    """Why the study was asked for."""
    slots: dict[str, Text | str] = {"n": str(rng.randrange(2, 9))}
    if case.reason is None:
        text = phrases.say("screening", rng, slots)
    else:
        rules = Book({"reason": case.reason.disease.indication})
        slots["side"] = case.reason.side
        slots["follow"] = (
            rng.choice(("follow-up", "follow up", "recheck", "known")) if case.prior_day else "history of"
        )
        text = rules.say("reason", rng, slots)
    text = text.capital()
    return text if case.style.abbreviate else text + "."


def comparison(case: Case, rng: random.Random) -> Text:
    """Which prior study was at hand."""
    if case.prior_day is None:
        return Text(rng.choice(("None.", "None available.", "No prior studies for comparison.", "No prior.")))
    date = dated(case.prior_day, case.style.dates)
    return rng.choice(("", "", "Study of ", "Prior of ")) + date + "."
