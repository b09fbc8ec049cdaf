"""Check boxes of a form: where they stand and whether they are marked."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from watchers.extract.page_geometry import ink

Pixels = NDArray[np.uint8]
SIDE = 0.8  # share of each side that must be inked
MARKED = 0.1  # share of ink within a box that is a mark
FEWEST = 2


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A box on the level page."""

    left: int
    top: int
    right: int
    bottom: int
    marked: bool


def find_boxes(image: Pixels, line: float) -> tuple[CheckBox, ...]:
    """Square boxes about as high as a line of text; a single one on a page is taken for a letter or a logo."""
    marks = ink(image)
    count, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    found = []
    for index in range(1, count):
        x, y, wide, high, area = (int(v) for v in stats[index])
        if not (0.35 * line <= wide <= 1.5 * line and 0.35 * line <= high <= 1.5 * line):
            continue
        if not 0.78 <= wide / high <= 1.28 or area < 1.5 * (wide + high):
            continue
        if box := _box(marks, x, y, wide, high):
            found.append(box)
    sizes = [b.right - b.left for b in found]
    if len(found) < FEWEST:
        return ()
    usual = float(np.median(sizes))
    return tuple(b for b in found if abs((b.right - b.left) - usual) <= 0.3 * usual)


def _box(marks: Pixels, x: int, y: int, wide: int, high: int) -> CheckBox | None:
    edge = max(2, min(wide, high) // 8)
    cell = marks[y : y + high, x : x + wide] > 0
    sides = (
        cell[:edge].any(axis=0).mean(),
        cell[-edge:].any(axis=0).mean(),
        cell[:, :edge].any(axis=1).mean(),
        cell[:, -edge:].any(axis=1).mean(),
    )
    if min(sides) < SIDE:
        return None
    # A box is straight: each side is inked along one row or column, as no round letter is.
    lanes = (
        cell[:edge].mean(axis=1).max(),
        cell[-edge:].mean(axis=1).max(),
        cell[:, :edge].mean(axis=0).max(),
        cell[:, -edge:].mean(axis=0).max(),
    )
    if min(lanes) < SIDE - 0.1:
        return None
    inset = max(edge + 1, min(wide, high) // 4)
    inside = cell[inset:-inset, inset:-inset]
    if inside.size < 4:
        return None
    share = float(inside.mean())
    if share > 0.97:
        return None
    return CheckBox(x, y, x + wide, y + high, share > MARKED)
