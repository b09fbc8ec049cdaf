"""Light and colour of a page: what lies in the dark is brightened; a stamp, a highlighter, a pen are taken out."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
COLOURED = 45  # difference between the strongest and the weakest channel, paper being 255 in all
DARK = 120  # what is darker in every channel is print, whatever its tint
LARGE = 1.4  # heights of a line: a smaller coloured thing is a letter in coloured print and stays
THIN, FULL = 0.22, 0.65  # share of its frame that ink fills: a stroke less, a highlighter more
NEAR = 1.2  # heights of a line: coloured pieces so near a mark are pieces of it
LEAST = 0.0008  # share of the page
# Paper darker than this over so large a share of the page is brightened to BRIGHT, but by no more than MOST.
DIM, DIM_SHARE, BRIGHT, MOST = 150, 0.2, 225, 2.2


def _ground(image: Pixels) -> Pixels:
    """The paper without what is on it, at a sixteenth of the page's size."""
    high, wide = image.shape[:2]
    small = cv2.resize(image, (max(8, wide // 16), max(8, high // 16)), interpolation=cv2.INTER_AREA)
    side = min(31, (min(small.shape[:2]) - 1) | 1)
    return np.asarray(cv2.medianBlur(cv2.dilate(small, np.ones((3, 3), np.uint8)), side), np.uint8)


def _full(ground: Pixels, image: Pixels) -> Pixels:
    return np.asarray(cv2.resize(ground, (image.shape[1], image.shape[0])), np.uint8)


def _coloured(image: Pixels, ground: Pixels) -> tuple[Pixels, Pixels]:
    """Where colour is (255), and the strongest channel of each pixel, paper being 255."""
    even = np.clip(image.astype(np.float32) / np.maximum(ground, 1) * 255, 0, 255).astype(np.uint8)
    blue, green, red = cv2.split(even)
    strongest = cv2.max(cv2.max(blue, green), red)
    chroma = cv2.subtract(strongest, cv2.min(cv2.min(blue, green), red))
    mask = np.where((chroma > COLOURED) & (strongest > DARK), 255, 0)
    return np.asarray(mask, np.uint8), np.asarray(strongest, np.uint8)


def lighten(image: Pixels) -> Pixels:
    """A page with much of it in the dark, the dark brightened; any other page as it is."""
    small = _ground(image).max(axis=2)
    if float((small < DIM).mean()) < DIM_SHARE:
        return image
    ground = _full(small, image)
    gain = np.clip(BRIGHT / np.maximum(ground.astype(np.float32), 1), 1, MOST)
    return np.asarray(np.clip(image.astype(np.float32) * gain[..., None], 0, 255), np.uint8)


def take_out_marks(image: Pixels, line: float) -> Pixels | None:
    """The page without coloured marks; None where it has none. ``line`` is the usual height of a line of text."""
    ground = _full(_ground(image), image)
    # Most pages have no colour, which every third pixel tells.
    if float((_coloured(image[::3, ::3], ground[::3, ::3])[0] > 0).mean()) < LEAST / 2:
        return None
    mask, strongest = _coloured(image, ground)
    if float((mask > 0).mean()) < LEAST:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    widths, heights = stats[:, 2].astype(float), stats[:, 3].astype(float)
    filled = stats[:, 4] / (widths * heights)
    large = (heights > LARGE * line) | ((widths > LARGE * line) & ((filled < THIN) | (filled > FULL)))
    large[0] = False
    if not large.any():
        return None
    reach = np.ones((round(2 * NEAR * line) | 1,) * 2, np.uint8)
    pieces = np.unique(labels[cv2.dilate(large[labels].astype(np.uint8), reach) > 0])
    bright = np.zeros_like(mask)
    for piece in pieces[pieces > 0]:
        x, y, w, h, _ = (int(v) for v in stats[piece])
        own = labels[y : y + h, x : x + w] == piece
        inside = strongest[y : y + h, x : x + w]
        bright[y : y + h, x : x + w][own] = max(70, int(np.percentile(inside[own], 20)) - 10)
    # The rim of a mark is paler than the mark; print under it is darker.
    bright = cv2.dilate(bright, np.ones((5, 5), np.uint8))
    over = bright > 0
    print_left = np.clip(
        (strongest[over].astype(np.float32) - 30) / (bright[over].astype(np.float32) - 30), 0, 1
    )
    page = image.copy()
    page[over] = (print_left[:, None] * ground[over]).astype(np.uint8)
    return page
