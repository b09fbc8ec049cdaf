"""What may be left in a de-identified text, by label.

``risk.toml`` holds, as measured by ``bench/deid_calibrate.py``, how often a stretch that stayed below the threshold was
an identifier after all (by label and by score), and how often a report held one that no layer saw.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clinical.deidentify.found import Merged
from clinical.report import Label

FILE = Path(__file__).parent / "risk.toml"
STEPS = 5
"""Scores from 0 to the threshold fall into so many steps."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Measured chances.

    Attributes:
        unseen: by label, for a whole report; doubted: by label, for each step of the score.
        nameless: that a report leaks which holds a record number but no header that names someone.
    """

    unseen: Mapping[str, float] = field(repr=False)
    doubted: Mapping[str, tuple[float, ...]] = field(repr=False)
    nameless: float = 0.0


def load_calibration() -> Calibration:
    """Reads the packaged measurement."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Calibration(
        data["unseen"],
        {label: tuple(steps) for label, steps in data["doubted"].items()},
        data["layout"]["nameless"],
    )


def step(score: float, threshold: float) -> int:
    """Returns the step into which a score below the threshold falls."""
    return min(int(score / threshold * STEPS), STEPS - 1)


def residual_risk(
    doubted: Iterable[Merged], calibration: Calibration, threshold: float, *, nameless: bool = False
) -> Mapping[Label, float]:
    """Returns the chance by label that an identifier is left.

    Args:
        doubted: stretches below the threshold, which stay in the text.
        nameless: the report's layout is not understood, see ``Calibration``.
    """
    clear: dict[Label, float] = {}
    for label in ("NAME", "DATE", "ID", "LOCATION", "PHONE", "EMAIL", "AGE"):
        clear[label] = 1.0 - calibration.unseen.get(label, 0.001)
    if nameless:
        clear["NAME"] *= 1.0 - calibration.nameless
    for item in doubted:
        steps = calibration.doubted.get(item.label)
        chance = steps[step(item.score, threshold)] if steps else item.score
        clear[item.label] = clear.get(item.label, 1.0) * (1.0 - chance)
    return {label: round(1.0 - chance, 4) for label, chance in clear.items()}
