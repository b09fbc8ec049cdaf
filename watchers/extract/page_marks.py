"""Check boxes of a form: where they stand and whether they are marked."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
SIDE = 0.8  # share of each side that must be inked
MARKED = 0.1  # share of ink within a box that is a mark
FEWEST = 2
MOST_LEFT = 120  # more stray pieces than this are noise, not figures


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A box on the level page."""

    left: int
    top: int
    right: int
    bottom: int
    marked: bool


def left_over(
    marks: Pixels,
    boxes: Sequence[NDArray[np.float32]],
    line: float,
    rules: Sequence[tuple[int, int, int]] = (),
) -> list[NDArray[np.float32]]:
    """Boxes around ink of the size of text that no box covers: a detector passes over single figures in a table.

    What is left of upright ``rules`` (x, top, bottom) is none.
    """
    marks = marks.copy()
    for box in boxes:
        left, top = (int(v) for v in box.min(axis=0) - 2)
        right, bottom = (int(v) for v in box.max(axis=0) + 3)
        marks[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    heights, widths, areas = stats[:, 3], stats[:, 2], stats[:, 4]
    size = (
        (heights > 0.3 * line) & (heights < 1.2 * line) & (widths < 1.6 * line) & (areas > 0.02 * line * line)
    )
    size[0] = False
    if not 0 < int(size.sum()) <= MOST_LEFT:
        return []
    kept = np.where(size[labels], 255, 0).astype(np.uint8)
    # Points and signs beside a figure belong to it.
    joined = cv2.dilate(kept, np.ones((1, max(3, round(0.7 * line))), np.uint8))
    number, _, around, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    pad = 0.22 * line
    found = []
    for index in range(1, number):
        x, y, wide, high, _ = (int(v) for v in around[index])
        if wide < 1.6 * line and not _in_a_row(y + high / 2, boxes):
            # A lone mark with no text beside it is dirt or an edge.
            continue
        if wide < 1.2 * line and any(
            abs(x + wide / 2 - post) < 0.3 * line + 0.2 * wide and top - 3 * line < y < bottom + 3 * line
            for post, top, bottom in rules
        ):
            continue
        x0, y0, x1, y1 = x - pad * 0.2, y - pad, x + wide + pad * 0.2, y + high + pad
        found.append(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32))
    return found


def _in_a_row(middle: float, boxes: Sequence[NDArray[np.float32]]) -> bool:
    return any(box[:, 1].min() < middle < box[:, 1].max() for box in boxes)


def find_boxes(marks: Pixels, line: float) -> tuple[CheckBox, ...]:
    """Square boxes about as high as a line of text; a single one on a page is taken for a letter or a logo."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    found = []
    for index in range(1, count):
        x, y, wide, high, area = (int(v) for v in stats[index])
        if not (0.35 * line <= wide <= 1.5 * line and 0.35 * line <= high <= 1.5 * line):
            continue
        if not 0.78 <= wide / high <= 1.28 or area < 1.5 * (wide + high):
            continue
        if _alone(marks, x, y, wide, high, line) and (box := _box(marks, x, y, wide, high)):
            found.append(box)
    sizes = [b.right - b.left for b in found]
    if len(found) < FEWEST:
        return ()
    usual = float(np.median(sizes))
    return tuple(b for b in found if abs((b.right - b.left) - usual) <= 0.3 * usual)


def _alone(marks: Pixels, x: int, y: int, wide: int, high: int, line: float) -> bool:
    """Whether nothing stands close on either side, as beside a letter in a word."""
    clear = max(3, round(0.17 * line))
    left = marks[y : y + high, max(0, x - clear) : x]
    right = marks[y : y + high, x + wide : x + wide + clear]
    return not (left.any() or right.any())


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
    if share > 0.8:
        return None
    return CheckBox(x, y, x + wide, y + high, share > MARKED)
