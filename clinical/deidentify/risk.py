"""What may be left in a de-identified text: by label, from the scores of what was nearly taken and what was taken."""

from collections.abc import Iterable, Mapping

from clinical.deidentify.found import Merged
from clinical.report import Label

BASE: Mapping[Label, float] = {
    "NAME": 0.008,
    "DATE": 0.003,
    "ID": 0.003,
    "LOCATION": 0.01,
    "PHONE": 0.002,
    "EMAIL": 0.001,
}
"""Chance that a report holds an identifier which no layer saw at all."""


def residual_risk(doubted: Iterable[Merged]) -> Mapping[Label, float]:
    """Returns the chance by label that an identifier is left.

    Args:
        doubted: stretches below the threshold, which stay in the text.
    """
    clear: dict[Label, float] = {label: 1.0 - chance for label, chance in BASE.items()}
    for item in doubted:
        clear[item.label] = clear.get(item.label, 1.0) * (1.0 - item.score)
    return {label: round(1.0 - chance, 4) for label, chance in clear.items()}
