"""What a study can show: concepts, their grades, and the same study now and before side by side."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from synthetic.case import Case
from synthetic.course import Observation
from synthetic.grammar import Book, book
from synthetic.values import Result, results_on

Trend = Literal["same", "up", "down", "new"]


@dataclass(frozen=True, slots=True)
class Concept:
    """How one kind of study speaks of one concept.

    Attributes:
        region: where in the report it is told.
        term: preferred term.
        grades: words for how much of it there is, from least to most.
        rank: how early a conclusion names it; 0 and 1 are never concluded.
        measure: name of its size, where it has one.
        causes: diseases that this study alone may name as its cause.
        param: measured value that it follows from, ``beyond`` its range (H or L); each of ``steps`` that
            the value exceeds its limit by, relatively, raises the grade.
        sets: measured values that it implies, as a range.
        hides: regions that are not called normal beside it.
        countable: takes an article.
        steps_of_advice: for smaller ones, advice by the size in millimetres below which it holds.
    """

    name: str
    region: str
    term: str
    grades: tuple[str, ...]
    rank: int
    measure: str
    advise: str
    causes: tuple[str, ...]
    param: str
    beyond: str
    steps: tuple[float, ...]
    sets: Mapping[str, tuple[float, float]]
    hides: tuple[str, ...]
    countable: bool
    steps_of_advice: tuple[tuple[float, str], ...]

    def advice(self, o: Observation) -> str:
        """What to do about it, by its size where that matters."""
        for below, words in self.steps_of_advice:
            if o.size is not None and o.size < below:
                return words
        return self.advise


@dataclass(frozen=True, slots=True)
class Atlas:
    """The phrase book of one kind of study with its concepts and regions."""

    book: Book
    regions: tuple[str, ...]
    concepts: Mapping[str, Concept]
    panels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """An observation beside the same one on the prior study; ``direction`` None on a first study."""

    now: Observation
    before: Observation | None
    direction: Trend | None


@lru_cache(maxsize=16)
def atlas(name: str) -> Atlas:
    """The atlas kept in ``phrases/<name>.toml``."""
    tables = tomllib.loads((Path(__file__).with_name("phrases") / f"{name}.toml").read_text("utf-8"))
    concepts = {key: _concept(key, t) for key, t in tables.items() if isinstance(t, dict) and "region" in t}
    region = tables["region"]
    return Atlas(book(name), tuple(region["order"]), concepts, tuple(region.get("panels", ())))


def _concept(name: str, table: dict[str, Any]) -> Concept:
    return Concept(
        name=name,
        region=table["region"],
        term=table["term"],
        grades=tuple(table["grades"]),
        rank=table["rank"],
        measure=table.get("measure", ""),
        advise=table.get("advise", ""),
        causes=tuple(table.get("causes", ())),
        param=table.get("param", ""),
        beyond=table.get("beyond", ""),
        steps=tuple(table.get("steps", ())),
        hides=tuple(table.get("hides", ())),
        countable=table.get("countable", False),
        steps_of_advice=tuple((row[0], row[1]) for row in table.get("advise_below", ())),
        sets={key: (pair[0], pair[1]) for key, pair in table.get("sets", {}).items()},
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


def _direction(concept: Concept, before: Observation, now: Observation) -> Trend:
    if now.value is not None and before.value is not None:
        change = (now.value - before.value) / before.value
        if abs(change) < 0.06:
            return "same"
        return "up" if (change > 0) == (concept.beyond == "H") else "down"
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


def derived(chart: Atlas, rows: Sequence[Result]) -> list[Observation]:
    """What follows from measured values alone."""
    values = {r.analyte.key: r for r in rows}
    seen = []
    for concept in chart.concepts.values():
        row = values.get(concept.param)
        if row is None or row.direction != concept.beyond:
            continue
        limit = row.analyte.high if concept.beyond == "H" else row.analyte.low
        assert limit is not None
        excess = abs(row.value - limit) / limit
        level = sum(excess > step for step in concept.steps)
        grade = (level + 0.5) / max(1, len(concept.grades))
        seen.append(Observation(concept.name, min(grade, 0.999), value=row.value))
    return seen


@dataclass(frozen=True, slots=True)
class Shown:
    """A study: what it shows and the values measured in it; ``before`` is None without a prior."""

    now: tuple[Observation, ...]
    before: tuple[Observation, ...] | None
    values: tuple[Result, ...]
    earlier: tuple[Result, ...]


def shown(chart: Atlas, case: Case) -> Shown:
    """What the study of a case shows, now and on the prior day."""
    now, values = _study_on(chart, case, case.day)
    if case.prior_day is None:
        return Shown(now, None, values, ())
    before, earlier = _study_on(chart, case, case.prior_day)
    return Shown(now, before, values, earlier)


def _study_on(chart: Atlas, case: Case, day: date) -> tuple[tuple[Observation, ...], tuple[Result, ...]]:
    rows = results_on(case, chart.panels, day)
    told = [o for c in case.conditions for o in c.observations(case.study, day)]
    for o in told:
        for key, (low, high) in chart.concepts[o.concept].sets.items():
            rows = [
                row.with_value(low + (high - low) * (o.detail - 4) / 8) if row.analyte.key == key else row
                for row in rows
            ]
    return _seen(chart, told, rows), tuple(rows)


def _seen(chart: Atlas, told: Sequence[Observation], values: Sequence[Result]) -> tuple[Observation, ...]:
    seen = merged([*told, *derived(chart, values)])
    if any(o.concept == "af" for o in seen):
        seen = [o for o in seen if o.concept not in ("tachycardia", "bradycardia", "av_block")]
    if any(o.concept in ("lbbb", "rbbb") for o in seen):
        seen = [o for o in seen if o.concept not in ("av_block", "long_qt")]
    return tuple(seen)
