"""Surgical pathology and cytology: one specimen, described and diagnosed."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from synthetic.case import Case, Drafted, fill, indication
from synthetic.dates import dated
from synthetic.grammar import Book, book
from synthetic.report import Change
from synthetic.text import Found, Measured, Text, join


@dataclass(frozen=True, slots=True)
class Entity:
    """A diagnosis of ``phrases/pathology.toml``."""

    name: str
    disease: str
    weight: float
    above: float
    below: float
    term: str
    sites: tuple[str, ...]
    sided: bool
    organ: str
    procedure: str
    numbers: Mapping[str, tuple[int, int]]
    measures: Mapping[str, str]


@lru_cache(maxsize=1)
def entities() -> Sequence[Entity]:
    """All diagnoses."""
    path = Path(__file__).with_name("phrases") / "pathology.toml"
    tables = tomllib.loads(path.read_text("utf-8"))
    return [_entity(name, table) for name, table in tables.items() if "for" in table]


def _entity(name: str, table: dict[str, Any]) -> Entity:
    return Entity(
        name=name,
        disease=table["for"],
        weight=table["weight"],
        above=table.get("above", 0.0),
        below=table.get("below", 1.01),
        term=table["term"],
        sites=tuple(table["sites"]),
        sided=table.get("sided", False),
        organ=table["organ"],
        procedure=table["procedure"],
        numbers={key: (pair[0], pair[1]) for key, pair in table["numbers"].items()},
        measures=table["measures"],
    )


@lru_cache(maxsize=1)
def _lines() -> Book:
    """The phrase book with the shared phrases under their plain names."""
    rules = dict(book("pathology").rules)
    plain = Book({})
    plain.rules = {name.removeprefix("phrase."): lines for name, lines in rules.items()}
    return plain


def entity_for(case: Case, disease: str, severity: float) -> Entity:
    """The diagnosis of a patient's specimen: the same disease at the same severity is the same diagnosis."""
    possible = [e for e in entities() if e.disease == disease and e.above <= severity < e.below]
    own = random.Random(f"{case.patient.mrn}/{disease}/pathology")
    return own.choices(possible, [e.weight for e in possible])[0]


_GLEASON = (
    "Gleason score 3+3=6 (Grade Group 1)",
    "Gleason score 3+4=7 (Grade Group 2)",
    "Gleason score 4+3=7 (Grade Group 3)",
    "Gleason score 4+4=8 (Grade Group 4)",
)


def draft_pathology(case: Case, rng: random.Random) -> Drafted:
    """A pathology report."""
    assert case.reason is not None
    disease = case.reason.disease.name
    entity = entity_for(case, disease, case.reason.severity(case.day))
    lines = _lines()
    site = rng.choice(entity.sites).replace("{lobe}", case.reason.lobe)
    if entity.sided:
        site = f"{case.reason.side} {site}" if site in ("lobe", "kidney") else f"{case.reason.side}, {site}"
    slots, marks = _numbers(entity, rng)
    gross = lines.say(f"{entity.name}.gross", rng, slots, measures=marks).capital()
    micro = lines.say(f"{entity.name}.micro", rng, slots, measures=marks).capital()
    told = [lines.fill(line, rng, slots, measures=marks) for line in lines.rules[f"{entity.name}.diagnosis"]]
    diagnosis = _diagnosis(case, entity, site, told)
    before = None
    if case.prior_day is not None:
        before = entity_for(case, disease, case.reason.severity(case.prior_day))
    where = f"{entity.organ}, {site}" if site != entity.organ.lower() else entity.organ
    specimen = Text(f"{where}, {entity.procedure}.")
    parts: dict[str, tuple[str, Text]] = {
        "indication": ("indication", indication(case, lines, rng)),
        "procedure": ("procedure", specimen),
        "technique": ("technique", gross),
        "findings": ("findings", micro),
        "diagnosis": ("diagnosis", diagnosis),
    }
    if before is not None:
        parts["comparison"] = ("comparison", _prior(case, before))
    order = ["indication", "procedure", "comparison", "technique", "findings", "diagnosis"]
    if case.style.conclusion == "parts":
        order = ["procedure", "diagnosis", "indication", "comparison", "technique", "findings"]
    return Drafted(
        title=lines.say("title", rng).string
        if entity.procedure != "fine needle aspiration"
        else "CYTOLOGY REPORT",
        sections=tuple(parts[name] for name in order if name in parts),
        summary="diagnosis",
        diagnoses=(entity.term,),
        changes=_changes(case, entity, before),
    )


def _numbers(entity: Entity, rng: random.Random) -> tuple[dict[str, Text | str], dict[str, Measured]]:
    slots: dict[str, Text | str] = {}
    marks: dict[str, Measured] = {}
    for key, (low, high) in entity.numbers.items():
        number = rng.randint(low, high)
        if key == "gleason":
            slots["gleason_words"] = _GLEASON[number]
        elif key.endswith("10"):
            slots[key[:-2]] = f"{number / 10:.1f}"
        else:
            slots[key] = str(number)
    for key, words in entity.measures.items():
        name, _, unit = (
            words.rpartition(" ") if words.endswith((" mm", " %", "HPF", "mm2", "/100")) else (words, "", "")
        )
        text = str(slots[key])
        marks[key] = Measured(name, text, float(text), unit)
    return slots, marks


def _diagnosis(case: Case, entity: Entity, site: str, told: Sequence[Text]) -> Text:
    where = (
        f"{entity.organ}, {site}, {entity.procedure}"
        if site != entity.organ.lower()
        else f"{entity.organ}, {entity.procedure}"
    )
    if case.style.conclusion == "parts":
        upper = [
            line.mapped(line.string.upper()) for line in told if len(line.string.upper()) == len(line.string)
        ]
        return join("\n", [f"A. {where.upper()}:", *("- " + line for line in upper)])
    return f"{where}: " + join(" ", told)


def _prior(case: Case, before: Entity) -> Text:
    assert case.prior_day is not None
    when = dated(case.prior_day, case.style.dates)
    words = Text(before.term).marked(Found(before.term, "historical"))
    return fill("{procedure} {when}: {what}.", procedure=before.procedure.capitalize(), when=when, what=words)


def _changes(case: Case, entity: Entity, before: Entity | None) -> tuple[Change, ...]:
    if before is None or case.prior_day is None:
        return ()
    days = (case.day - case.prior_day).days
    if before.term == entity.term:
        return (Change(entity.term, "present", "present", "", "unchanged", days),)
    return (
        Change(before.term, "present", None, "", "resolved", days),
        Change(entity.term, None, "present", "", "new", days),
    )
