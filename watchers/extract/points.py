"""Decimal points in the ink: a witness of its own, for readers lose points in small print and both lose the same.

A point is a small blot on the baseline between two figures. Where figures touch it, the ink says nothing.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from watchers.extract.neural import Glyph
from watchers.extract.page_geometry import ink

Pixels = NDArray[np.uint8]
TALL = 0.45  # of the crop's height: what is as tall is a letter or figure
WIDEST, HIGHEST, LEAST = 0.4, 0.36, 0.1  # of a figure's height


def blots(crop: Pixels) -> list[float]:
    """Where (0..1 of the crop's width) small blots stand on the baseline of a line."""
    high, wide = crop.shape[:2]
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink(crop), connectivity=8)
    tall = [i for i in range(1, count) if TALL * high <= stats[i, 3] < 0.97 * high and stats[i, 2] < 2 * high]
    if len(tall) < 2:
        return []
    figure = float(np.median(stats[tall, 3]))
    found = []
    for index in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[index])
        if not (LEAST * figure <= h <= HIGHEST * figure and LEAST * figure <= w <= WIDEST * figure):
            continue
        # The line may still lean a little: the baseline is that of the figures beside the blot.
        beside = sorted(tall, key=lambda i: abs(stats[i, 0] + stats[i, 2] / 2 - x - w / 2))[:4]
        base = float(np.median(stats[beside, 1] + stats[beside, 3]))
        if -0.14 * figure <= y + h - base <= 0.3 * figure and y > base - 0.45 * figure:
            found.append((x + w / 2) / wide)
    return sorted(found)


def points_of(glyphs: Sequence[Glyph], found: Sequence[float]) -> tuple[int, ...]:
    """After which glyph of a number a blot stands, counting figures, not points: between two figures only."""
    solid = [glyph for glyph in glyphs if glyph.char not in "., "]
    out = []
    for number, (before, after) in enumerate(pairwise(solid)):
        if (
            before.char.isdigit()
            and after.char.isdigit()
            and any(before.place < x < after.place for x in found)
        ):
            out.append(number + 1)
    return tuple(out)


def printed_points(text: str) -> tuple[int, ...]:
    """The same of a reading: after how many signs a point or comma stands between two figures."""
    out = []
    number = 0
    for index, char in enumerate(text.replace(" ", "")):
        if char not in ".,":
            number += 1
        elif text[index - 1 : index].isdigit() and text[index + 1 : index + 2].isdigit():
            out.append(number)
    return tuple(out)


def with_points(text: str, points: Sequence[int]) -> str:
    """``text`` with a point after so many of its signs, blanks taken out, beside those that it has."""
    out = ""
    number = 0
    chars = text.replace(" ", "")
    for index, char in enumerate(chars):
        out += char
        if char in ".,":
            continue
        number += 1
        if number in points and chars[index + 1 : index + 2] not in (".", ","):
            out += "."
    return out


def without_points(text: str) -> str:
    """``text`` without its points and what they are taken for."""
    return re.sub(r"[.,:;'·]", "", text)
