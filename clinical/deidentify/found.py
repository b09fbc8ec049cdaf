"""What a layer finds, and how the finds of all layers become one list of spans."""

from collections.abc import Iterable
from dataclasses import dataclass

from clinical.report import Label

ORDER: tuple[Label, ...] = (
    "EMAIL",
    "URL",
    "IP",
    "FAX",
    "PHONE",
    "ID",
    "DATE",
    "LOCATION",
    "NAME",
    "AGE",
    "OTHER",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of the folded text that a layer takes for an identifier."""

    start: int
    end: int
    label: Label
    score: float
    layer: str


@dataclass(frozen=True, slots=True)
class Merged:
    """One identifier after merging: the label of the strongest find, the union of stretches and layers."""

    start: int
    end: int
    label: Label
    score: float
    layers: tuple[str, ...]


def merge(found: Iterable[Found]) -> tuple[Merged, ...]:
    """Unites overlapping finds.

    The label is that of the find with the highest score, then the longest, then the first in ``ORDER``. The score is
    the chance that at least one of the layers is right, as if they were independent, capped at 0.999.
    """
    groups: list[list[Found]] = []
    reach = -1
    for item in sorted(found, key=lambda f: (f.start, -f.end)):
        if groups and item.start < reach:
            groups[-1].append(item)
            reach = max(reach, item.end)
        else:
            groups.append([item])
            reach = item.end
    merged = []
    for group in groups:
        best = max(group, key=lambda f: (f.score, f.end - f.start, -ORDER.index(f.label)))
        miss = 1.0
        by_layer = {f.layer: f.score for f in sorted(group, key=lambda f: f.score)}
        for score in by_layer.values():
            miss *= 1.0 - min(score, 0.999)
        merged.append(
            Merged(
                min(f.start for f in group),
                max(f.end for f in group),
                best.label,
                min(1.0 - miss, 0.999),
                tuple(sorted(by_layer)),
            )
        )
    return tuple(merged)
