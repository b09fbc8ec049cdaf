"""Vital signs of one day, in agreement with what ails the patient."""

import random
from dataclasses import dataclass
from datetime import date

from synthetic.case import Case
from synthetic.text import Measured, Text, join

_FEVER = ("pneumonia", "urinary_infection", "diverticulitis", "otitis", "pharyngitis", "appendicitis")
_HYPOXIA = {
    "pneumonia": 10,
    "heart_failure": 8,
    "copd": 9,
    "pulmonary_embolism": 9,
    "fibrosis": 7,
    "asthma": 5,
}


@dataclass(frozen=True, slots=True)
class Vitals:
    """As a nurse writes them down: mmHg, beats and breaths per minute, Fahrenheit, percent, kilograms."""

    systolic: int
    diastolic: int
    heart_rate: int
    breaths: int
    temperature: float
    saturation: int
    weight: float


def vitals(case: Case, day: date) -> Vitals:
    """The vital signs of a patient on a day."""
    usual = random.Random(f"{case.patient.mrn}/vitals")
    today = random.Random(f"{case.patient.mrn}/vitals/{day}")
    level = {c.disease.name: c.severity(day) for c in case.conditions}
    age = case.patient.age_on(day)
    child = age < 13
    systolic = usual.randint(94, 108) if child else usual.randint(112, 128)
    systolic += today.randint(-4, 6) + round(
        level.get("hypertension", 0) * 52 + 12 * (level.get("hypertension", 0) > 0)
    )
    diastolic = round(systolic * usual.uniform(0.56, 0.62)) + today.randint(-2, 3)
    heart = (118 - 4 * age if child else usual.randint(64, 80)) + today.randint(-5, 6)
    for condition in case.conditions:
        pull = condition.disease.labs.get("heart_rate")
        severity = level[condition.disease.name]
        if pull is not None and severity > 0:
            heart = max(heart, round(pull[0] + (pull[1] - pull[0]) * severity))
    fever = max((level.get(name, 0.0) for name in _FEVER), default=0.0)
    lungs = max((level.get(name, 0.0) * drop for name, drop in _HYPOXIA.items()), default=0.0)
    breaths = (30 - age if child else usual.randint(13, 17)) + round(lungs * 1.1) + today.randint(0, 2)
    base = 8 + 2.4 * age if child else usual.uniform(58, 96) + (8 if case.patient.sex == "M" else 0)
    return Vitals(
        systolic=systolic,
        diastolic=diastolic,
        heart_rate=heart + round(8 * fever),
        breaths=breaths,
        temperature=round(usual.uniform(97.8, 98.5) + 4.4 * fever * today.uniform(0.75, 1), 1),
        saturation=min(99, usual.randint(96, 99) - round(lungs * today.uniform(0.8, 1))),
        weight=round(base + 4 * level.get("heart_failure", 0) + today.uniform(-0.6, 0.6), 1),
    )


def vital_text(case: Case, seen: Vitals, form: int) -> Text:
    """Vital signs in one line, each a measurement; ``form`` 0..2 chooses the notation."""
    pressure = f"{seen.systolic}/{seen.diastolic}"
    names = (
        ("BP {}", "HR {}", "RR {}", "T {} F", "SpO2 {}% RA", "Wt {} kg"),
        (
            "Blood pressure {} mmHg",
            "pulse {}",
            "respirations {}",
            "temperature {} F",
            "oxygen saturation {}%",
            "weight {} kg",
        ),
        ("BP: {}", "P: {}", "R: {}", "Temp: {}", "O2 sat: {}%", "Weight: {} kg"),
    )[form]
    values = (
        (pressure, "blood pressure", None, "mm[Hg]"),
        (str(seen.heart_rate), "heart rate", float(seen.heart_rate), "/min"),
        (str(seen.breaths), "respiratory rate", float(seen.breaths), "/min"),
        (f"{seen.temperature:.1f}", "temperature", seen.temperature, "[degF]"),
        (str(seen.saturation), "oxygen saturation", float(seen.saturation), "%"),
        (f"{seen.weight:.1f}", "weight", seen.weight, "kg"),
    )
    parts = [
        Text(name.format(text)).marked(Measured(key, text, value, unit))
        for name, (text, key, value, unit) in zip(names, values, strict=True)
    ]
    return join(", " if form < 2 else "  ", parts) + ("." if form == 1 else "")


def pressure_text(seen: Vitals) -> Text:
    """The blood pressure alone, as an assessment quotes it."""
    text = f"{seen.systolic}/{seen.diastolic}"
    return Text(f"BP {text}").marked(Measured("blood pressure", text, None, "mm[Hg]"))


def rate_text(seen: Vitals) -> Text:
    """The heart rate alone."""
    return Text(f"HR {seen.heart_rate}").marked(
        Measured("heart rate", str(seen.heart_rate), float(seen.heart_rate), "/min")
    )
