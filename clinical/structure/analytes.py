"""What may be measured: preferred names, printed names, units and believable values (``rules/analytes.csv``)."""

import csv
from dataclasses import dataclass
from functools import cache

from clinical.structure.lexicon import RULES, Lexicon, rules


@dataclass(frozen=True, slots=True)
class Analyte:
    """What may be measured: preferred name, units it comes in, the widest values that are believable."""

    name: str
    units: tuple[str, ...]
    low: float
    high: float
    kind: str


@cache
def analytes() -> dict[str, Analyte]:
    """All analytes and parameters by preferred name."""
    return {analyte.name: analyte for analyte, _, _ in reversed(_rows())}


@cache
def _rows() -> tuple[tuple[Analyte, tuple[str, ...], tuple[str, ...]], ...]:
    rows = []
    with (RULES / "analytes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            analyte = Analyte(
                row["name"].removesuffix(" rhythm"),
                tuple(row["units"].split("|")),
                float(row["min"]),
                float(row["max"]),
                row["kind"],
            )
            synonyms = tuple(name for name in row["synonyms"].split("|") if name)
            rows.append((analyte, synonyms, tuple(name for name in row["exact"].split("|") if name)))
    return tuple(rows)


@cache
def names() -> Lexicon:
    """Every printed name of an analyte, and phrases that only look like one (payload None)."""
    phrases: list[tuple[str, Analyte | None]] = []
    for analyte, synonyms, _ in _rows():
        for name in (*synonyms, analyte.name):
            phrases.append((name, analyte))
            parts = name.split(" ")
            for at in range(1, len(parts)):
                phrases.append((f"{' '.join(parts[:at])}, {' '.join(parts[at:])}", analyte))
    exact: list[tuple[str, Analyte | None]] = [(name, a) for a, _, listed in _rows() for name in listed]
    phrases += [(phrase, None) for phrase in rules("measurements.toml")["not_names"]["phrases"]]
    return Lexicon(phrases, exact)
