"""Scores of one speaker on held-out examples, and their confidence intervals by bootstrap over patients.

Answers on one patient are not independent, so patients are drawn, not answers (Efron & Tibshirani 1993, ch. 8).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.measures import Measure

DRAWS = 2000
_SEED = 7


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One answer's measures, each (sum, weight); ``quality`` among them."""

    example: str
    patient: str
    task: str
    report_type: str
    measures: Mapping[str, Measure] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its confidence interval (95% unless asked otherwise)."""

    value: float
    low: float
    high: float
    patients: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All answers of one speaker: ``extract``, ``first line``, or the name of a model."""

    speaker: str
    rows: tuple[ScoreRow, ...] = field(repr=False)
    figures: Mapping[str, float] = field(default_factory=dict)

    def of(self, task: str | None = None, report_type: str | None = None) -> "Scores":
        """Only the rows of a task and a report type."""
        kept = tuple(
            row for row in self.rows if task in (None, row.task) and report_type in (None, row.report_type)
        )
        return Scores(self.speaker, kept, self.figures)

    def tasks(self) -> tuple[str, ...]:
        """Tasks that were asked, in a stable order."""
        return tuple(sorted({row.task for row in self.rows}))

    def report_types(self) -> tuple[str, ...]:
        """Report types that were asked about, in a stable order."""
        return tuple(sorted({row.report_type for row in self.rows}))

    def patients(self) -> int:
        """How many patients the rows are from."""
        return len({row.patient for row in self.rows})

    def metrics(self) -> tuple[str, ...]:
        """Names of all measures, in order of first appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.measures))

    def value(self, metric: str) -> float | None:
        """The score: ratio of the sums; None where nothing carries weight. Perplexity is the exponential of that."""
        pairs = [row.measures[metric] for row in self.rows if metric in row.measures]
        weight = sum(pair[1] for pair in pairs)
        if not weight:
            return None
        ratio = sum(pair[0] for pair in pairs) / weight
        return float(np.exp(ratio)) if metric == "perplexity" else ratio

    def interval(self, metric: str, level: float = 0.95) -> Interval | None:
        """The score with its interval."""
        value = self.value(metric)
        if value is None:
            return None
        drawn = _draw({row.patient for row in self.rows}, [(self.rows, metric)])[0]
        low, high = _bounds(drawn, level)
        if metric == "perplexity":
            low, high = float(np.exp(low)), float(np.exp(high))
        return Interval(value, low, high, self.patients())

    def record(self) -> dict[str, Any]:
        """As plain values, for a release: each metric with its interval, in all, by task and by report type."""
        parts: dict[str, Scores] = {"all": self}
        parts |= {task: self.of(task) for task in self.tasks()}
        parts |= {
            f"{task} / {kind}": self.of(task, kind)
            for task in self.tasks()
            for kind in self.of(task).report_types()
        }
        return {
            "speaker": self.speaker,
            "figures": dict(self.figures),
            "scores": {name: _table(part) for name, part in parts.items()},
        }


def difference(one: Scores, other: Scores, metric: str, level: float = 0.95) -> Interval | None:
    """``one`` minus ``other`` on the examples that both answered, patients drawn together."""
    common = {row.example for row in one.rows} & {row.example for row in other.rows}
    first = tuple(row for row in one.rows if row.example in common)
    second = tuple(row for row in other.rows if row.example in common)
    a, b = Scores(one.speaker, first).value(metric), Scores(other.speaker, second).value(metric)
    if a is None or b is None:
        return None
    patients = {row.patient for row in first}
    drawn = _draw(patients, [(first, metric), (second, metric)])
    low, high = _bounds(drawn[0] - drawn[1], level)
    return Interval(a - b, low, high, len(patients))


def _table(part: Scores) -> dict[str, Any]:
    table: dict[str, Any] = {"answers": len(part.rows), "patients": part.patients()}
    for metric in part.metrics():
        found = part.interval(metric)
        if found is not None:
            table[metric] = [round(found.value, 4), round(found.low, 4), round(found.high, 4)]
    return table


def _draw(
    patients: Iterable[str], parts: Sequence[tuple[Sequence[ScoreRow], str]]
) -> list[NDArray[np.float64]]:
    """For each part the ratio in every draw of patients; the same patients are drawn for all parts."""
    order = {patient: i for i, patient in enumerate(sorted(patients))}
    random = np.random.default_rng(_SEED)
    counts = random.multinomial(len(order), np.full(len(order), 1 / len(order)), size=DRAWS).astype(
        np.float64
    )
    drawn = []
    for rows, metric in parts:
        sums = np.zeros((len(order), 2))
        for row in rows:
            if metric in row.measures:
                sums[order[row.patient]] += row.measures[metric]
        totals = counts @ sums
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn.append(totals[:, 0] / totals[:, 1])
    return drawn


def _bounds(drawn: NDArray[np.float64], level: float) -> tuple[float, float]:
    tail = (1 - level) / 2 * 100
    low, high = np.nanpercentile(drawn, [tail, 100 - tail])
    return float(low), float(high)
