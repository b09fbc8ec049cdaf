"""A page image made upright and even: quarter turns, skew, perspective, ruled lines. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
CELL, FAINT = 8, 8  # pixels of a square of the page; how much darker than the paper beside it one with ink is


@dataclass(frozen=True, slots=True)
class Rules:
    """A page without its ruled lines, and where the upright ones stood (x, top, bottom)."""

    image: Pixels = field(repr=False)
    upright: tuple[tuple[int, int, int], ...]
    count: int


def turn(image: Pixels, quarters: int) -> Pixels:
    """Turn by quarters, counter-clockwise."""
    return np.ascontiguousarray(np.rot90(image, quarters % 4))


def lies_on_side(boxes: Sequence[Floats]) -> bool:
    """Whether most of the text runs up or down."""
    along = across = 0.0
    for box in boxes:
        wide, high = float(np.ptp(box[:, 0])), float(np.ptp(box[:, 1]))
        if max(wide, high) < 2.2 * min(wide, high):
            continue
        along, across = (along + wide, across) if wide > high else (along, across + high)
    return across > along * 1.5


def leveling(boxes: Sequence[Floats], shape: tuple[int, ...]) -> Floats | None:
    """The homography that makes the lines of text level; None where they are.

    Of a projective map ``(x, y) → (x + d·y, y + a·x) / (1 + b·x + c·y)`` level lines settle the slope ``a``
    and the convergence ``b``; the left ends of the lines, taken as margins, settle ``d`` and ``c``.
    """
    high, wide = shape[:2]
    long = [
        box
        for box in boxes
        if np.ptp(box[:, 0]) > 4 * np.ptp(box[:, 1]) * 0.8 and np.ptp(box[:, 0]) > wide * 0.05
    ]
    if len(long) < 3:
        return None
    center = np.array([wide / 2, high / 2], np.float64)
    unit = max(wide, high) / 2
    left = np.array([(box[0] + box[3]) / 2 for box in long], np.float64)
    right = np.array([(box[1] + box[2]) / 2 for box in long], np.float64)
    left, right = (left - center) / unit, (right - center) / unit
    a, b = _level(left, right)
    d, c = _margins(left, a, b)
    matrix = np.array([[1, d, 0], [a, 1, 0], [b, c, 1]], np.float64)
    reach = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]], np.float64) / 2 / unit
    if np.any(1 + reach @ np.array([b, c]) < 0.4):
        return None
    moved = _apply(matrix, reach)
    line = float(np.median([min(np.ptp(box[:, 1]), np.linalg.norm(box[3] - box[0])) for box in long])) / unit
    if np.abs(moved[:, 1] - reach[:, 1]).max() < line * 0.08:
        return None
    low, top = moved.min(axis=0), moved.max(axis=0)
    scale = unit * min(1.0, 1.25 * 2 * max(wide, high) / unit / max(2.0, float((top - low).max())) / 2)
    shift = np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale], [0, 0, 1]], np.float64)
    into = np.array(
        [[1 / unit, 0, -center[0] / unit], [0, 1 / unit, -center[1] / unit], [0, 0, 1]], np.float64
    )
    return np.asarray(shift @ matrix @ into, np.float32)


def _level(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    weight = right[:, 0] - left[:, 0]
    a, b = 0.0, 0.0
    for _ in range(12):
        (xl, yl), (xr, yr) = left.T, right.T
        wl, wr = 1 + b * xl, 1 + b * xr
        gap = (yl + a * xl) / wl - (yr + a * xr) / wr
        da = xl / wl - xr / wr
        db = -(yl + a * xl) * xl / wl**2 + (yr + a * xr) * xr / wr**2
        spread = np.median(np.abs(gap)) * 2.5 + 1e-6
        use = weight * np.where(np.abs(gap) < spread, 1.0, spread / np.maximum(np.abs(gap), 1e-9)) ** 2
        design = np.stack([da, db], axis=1)
        normal = design.T @ (design * use[:, None]) + np.diag([1e-9, 2e-3])
        step = np.linalg.solve(normal, -(design.T @ (gap * use)) - np.array([0.0, 2e-3 * b]))
        a, b = a + float(step[0]), b + float(step[1])
        if np.abs(step).max() < 1e-7:
            break
    return float(np.clip(a, -1, 1)), float(np.clip(b, -0.4, 0.4))


def _margins(left: NDArray[np.float64], a: float, b: float) -> tuple[float, float]:
    """Shear and upright convergence from the margin where most lines begin; a pure turn where unclear."""
    best: tuple[int, float, float] = (0, -a, 0.0)
    if len(left) >= 8:
        rng = np.random.default_rng(0)
        xs, ys = left.T
        for _ in range(300):
            i, j = rng.choice(len(left), 2, replace=False)
            if abs(ys[i] - ys[j]) < 0.25:
                continue
            slope = (xs[j] - xs[i]) / (ys[j] - ys[i])
            if abs(slope - a) > 0.25:
                continue
            off = np.abs(xs - (xs[i] + slope * (ys - ys[i])))
            count = int((off < 0.006).sum())
            if count > best[0]:
                best = (count, -float(slope), 0.0)
        if best[0] < max(5, len(left) * 0.2):
            return -a, 0.0
    return best[1], best[2]


def _apply(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(out[:, :2] / out[:, 2:], np.float64)


def warp(image: Pixels, matrix: Floats) -> Pixels:
    """The image under a homography, on a page that holds all of it."""
    high, wide = image.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)
    size = np.ceil(_apply(matrix.astype(np.float64), corners).max(axis=0)).astype(int)
    ground = tuple(
        float(v)
        for v in np.median(image[:: max(1, high // 64), :: max(1, wide // 64)].reshape(-1, 3), axis=0)
    )
    return np.asarray(
        cv2.warpPerspective(
            image, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderValue=ground
        ),
        np.uint8,
    )


def move(boxes: Sequence[Floats], matrix: Floats) -> list[Floats]:
    """Corners under a homography."""
    return [
        np.asarray(_apply(matrix.astype(np.float64), box.astype(np.float64)), np.float32) for box in boxes
    ]


def ink(image: Pixels) -> Pixels:
    """255 where there is ink, by the ground around it: holds under shadow and on tinted paper."""
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    side = max(15, (min(gray.shape[:2]) // 24) | 1)
    ground = cv2.medianBlur(cv2.dilate(gray, np.ones((5, 5), np.uint8)), min(side, 61) | 1)
    depth = cv2.subtract(ground, gray)
    level, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(np.where(depth > max(18.0, min(level, 70.0)), 255, 0), np.uint8)


def inked(image: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is on a page, with some paper around; the whole page where it is empty."""
    high, wide = image.shape[:2]
    small = cv2.resize(image, (max(1, wide // CELL), max(1, high // CELL)), interpolation=cv2.INTER_AREA)
    weakest = small if small.ndim == 2 else small.min(axis=2)
    spread = cv2.dilate(weakest, np.ones((7, 7), np.uint8))
    marks = np.where(cv2.subtract(spread, weakest) > FAINT, 1.0, 0.0).astype(np.float32)
    # A speck of a fax stands alone.
    marks = np.where((cv2.boxFilter(marks, -1, (3, 3), normalize=False) > 2) & (marks > 0), 1, 0)
    columns, rows = np.flatnonzero(marks.any(axis=0)), np.flatnonzero(marks.any(axis=1))
    if not len(columns):
        return 0, 0, wide, high
    pad = 6 * CELL
    return (
        max(0, int(columns[0]) * CELL - pad),
        max(0, int(rows[0]) * CELL - pad),
        min(wide, (int(columns[-1]) + 1) * CELL + pad),
        min(high, (int(rows[-1]) + 1) * CELL + pad),
    )


def bilevel(image: Pixels) -> bool:
    """Whether a page has ink and paper only and no shades between, as a fax."""
    gray = image if image.ndim == 2 else image[:, :, 1]
    counts = np.bincount(gray[::2].ravel(), minlength=256)
    return bool(counts[24:232].sum() < 0.05 * counts[:24].sum())


def without_rules(image: Pixels, line: float) -> Rules:
    """Take out long straight lines, thin against the text; ``line`` is the usual height of a line of text."""
    marks = ink(image)
    long = max(40, int(line * 2.6))
    thick = max(4, int(line * 0.28))
    level = cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    upright = cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((max(40, int(line * 1.35)), 1), np.uint8))
    mask = np.zeros_like(marks)
    posts: list[tuple[int, int, int]] = []
    count = 0
    for layer, along in ((level, 0), (upright, 1)):
        number, labels, stats, _ = cv2.connectedComponentsWithStats(layer, connectivity=8)
        for index in range(1, number):
            x, y, wide, high, area = (int(v) for v in stats[index])
            length, depth = (wide, high) if along == 0 else (high, wide)
            if area / max(1, length) > thick or depth > max(3 * thick, length * 0.04 + thick):
                continue
            if along == 1 and length < line * 1.35:
                continue
            mask[y : y + high, x : x + wide][labels[y : y + high, x : x + wide] == index] = 255
            count += 1
            if along == 1:
                posts.append((x + wide // 2, y, y + high))
    if count == 0:
        return Rules(image, (), 0)
    spread = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    cleaned = _fill(image, spread, marks, mask)
    return Rules(cleaned, tuple(posts), count)


def _fill(image: Pixels, spread: Pixels, marks: Pixels, mask: Pixels) -> Pixels:
    """Paint rules with the ground beside them; where a stroke of text crosses, the stroke stays."""
    high, wide = image.shape[:2]
    half = cv2.resize(image, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    ground = cv2.resize(cv2.medianBlur(cv2.dilate(half, np.ones((5, 5), np.uint8)), 7), (wide, high))
    text = cv2.bitwise_and(marks, cv2.bitwise_not(spread))
    # Ink directly above and below (or left and right of) a rule is a stroke that runs through it.
    tall = cv2.dilate(text, np.ones((9, 1), np.uint8), anchor=(0, 8)) & cv2.dilate(
        text, np.ones((9, 1), np.uint8), anchor=(0, 0)
    )
    keep = cv2.bitwise_and(tall, spread)
    out = image.copy()
    paint = cv2.bitwise_and(spread, cv2.bitwise_not(keep)) > 0
    out[paint] = ground[paint]
    return np.asarray(out, np.uint8)
