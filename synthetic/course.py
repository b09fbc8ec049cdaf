"""What patients have and how it goes: conditions with a severity on each day, and what each shows."""

import math
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from clinical.report import Side

Course = Literal["acute", "chronic", "growing", "fixed"]
_GONE = 0.1


@dataclass(frozen=True, slots=True)
class Effect:
    """What a condition may show on one kind of study.

    Attributes:
        at: severity from which it shows.
        p: how often it shows at all.
        side: ``same`` as the condition's, ``any`` (drawn once a patient), or fixed.
        size: millimetres when barely present and when severe.
    """

    concept: str
    at: float = 0.0
    p: float = 1.0
    side: str = ""
    site: str = ""
    size: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Disease:
    """An entry of ``conditions.toml``."""

    name: str
    term: str
    names: tuple[str, ...]
    short: str
    ages: tuple[int, int]
    sex: str
    weight: float
    course: Course
    half_life: float
    kinds: Mapping[str, float]
    indication: tuple[str, ...]
    shows: Mapping[str, tuple[Effect, ...]]
    labs: Mapping[str, tuple[float, float]]
    panels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a study shows on one day: the same concept and side on two days is the same thing.

    ``grade`` is 0..1 of the concept's grades; ``size`` is in millimetres.
    """

    concept: str
    grade: float
    side: Side | None = None
    site: str = ""
    size: float | None = None
    cause: str | None = None
    detail: int = 7
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One patient's disease. Everything about it follows from these few numbers."""

    disease: Disease
    onset: date
    peak: float
    trend: float
    seed: str
    side: Side
    lobe: str

    def severity(self, day: date) -> float:
        """0 (gone) to 1 on a day."""
        days = (day - self.onset).days
        if days < 0:
            return 0.0
        course = self.disease.course
        if course == "fixed":
            return self.peak
        if course == "acute":
            level = self.peak * math.pow(0.5, days / self.disease.half_life)
        else:
            wobble = random.Random(f"{self.seed}/{day.toordinal()}").uniform(-0.12, 0.12)
            if course == "growing":
                wobble *= 0.15
            level = self.peak + self.trend * days / 365 + wobble
            level = max(0.12, min(1.0, level))
        return level if level >= _GONE else 0.0

    def active(self, day: date) -> bool:
        """Still there on a day."""
        return self.severity(day) > 0

    def observations(self, kind: str, day: date) -> list[Observation]:
        """What a study of this kind shows of it."""
        level = self.severity(day)
        if level <= 0:
            return []
        seen = []
        for effect in self.disease.shows.get(kind, ()):
            luck = random.Random(f"{self.seed}/{kind}/{effect.concept}")
            if luck.random() >= effect.p or level < effect.at:
                continue
            span = (level - effect.at) / max(0.05, 1 - effect.at)
            size = None
            if effect.size is not None:
                low, high = effect.size
                size = float(round(low + (high - low) * span * luck.uniform(0.7, 1.0)))
            seen.append(
                Observation(
                    concept=effect.concept,
                    grade=min(0.999, max(0.0, span)),
                    side=self._side(effect.side, luck),
                    site=self.lobe if effect.site == "lobe" else effect.site,
                    size=size,
                    cause=self.disease.term,
                    detail=random.Random(f"{self.seed}/detail").randrange(4, 12),
                )
            )
        return seen

    def _side(self, wanted: str, luck: random.Random) -> Side | None:
        if wanted == "same":
            return self.side
        if wanted == "any":
            return luck.choice(("left", "right", "bilateral"))
        if wanted in ("left", "right", "bilateral"):
            return wanted  # type: ignore[return-value]
        return None


@lru_cache(maxsize=1)
def diseases() -> Mapping[str, Disease]:
    """All diseases of the practice."""
    tables = tomllib.loads(Path(__file__).with_name("conditions.toml").read_text("utf-8"))
    return {name: _disease(name, table) for name, table in tables.items()}


def _disease(name: str, table: dict[str, Any]) -> Disease:
    shows = {}
    for kind in ("chest", "ct_chest", "ct_abdomen", "ct_head", "echo", "ecg"):
        effects = []
        for row in table.get(kind, ()):
            size = row.get("size")
            effects.append(Effect(**{**row, "size": tuple(size) if size else None}))
        shows[kind] = tuple(effects)
    return Disease(
        name=name,
        term=table["term"],
        names=tuple(table["names"]),
        short=table["short"],
        ages=(table["ages"][0], table["ages"][1]),
        sex=table.get("sex", ""),
        weight=table["weight"],
        course=table["course"],
        half_life=table.get("half_life", 14),
        kinds=table["kinds"],
        indication=tuple(table["indication"]),
        shows=shows,
        labs={key: (pair[0], pair[1]) for key, pair in table["labs"].items()},
        panels=tuple(table["panels"]),
    )


def fall_ill(disease: Disease, onset: date, seed: str, rng: random.Random) -> Condition:
    """A patient's own course of a disease."""
    side: Side = rng.choice(("left", "right"))
    lobes = ("upper lobe", "lower lobe", "lower lobe") + (
        ("middle lobe",) if side == "right" else ("lingula",)
    )
    lobe = rng.choice(lobes)
    if disease.course == "acute":
        peak, trend = rng.uniform(0.4, 1.0), 0.0
    elif disease.course == "growing":
        peak, trend = rng.uniform(0.12, 0.5), rng.choice((0.0, 0.05, 0.15, 0.3))
    else:
        peak, trend = rng.uniform(0.15, 0.85), rng.choice((0.0, 0.0, 0.25, -0.3))
    return Condition(disease, onset, peak, trend, seed, side, lobe if lobe == "lingula" else f"{side} {lobe}")


def common_to(age: int, sex: str) -> Sequence[Disease]:
    """Diseases that this age and sex can have."""
    return [d for d in diseases().values() if d.ages[0] <= age <= d.ages[1] and (not d.sex or d.sex == sex)]
