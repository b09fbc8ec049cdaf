"""Tesseract through pytesseract: the second reader of lines, and the fallback where no neural reader is installed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import mean

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from clinical.errors import MissingPart
from clinical.report import Doubtful

Pixels = NDArray[np.uint8]
LINE = 44
SPACE = 26
WIDEST = 2400
SECONDS = 60.0
SURE = 0.9  # of a number in the fallback, which nothing else confirms


@dataclass(frozen=True, slots=True)
class Plain:
    """A whole page as tesseract reads it."""

    text: str = field(repr=False)
    confidence: float
    doubtful: tuple[Doubtful, ...] = ()


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether the program is there."""
    return shutil.which(pytesseract.pytesseract.tesseract_cmd) is not None


def read_lines(crops: Sequence[Pixels]) -> list[str]:
    """Read crops of single lines in one run, stacked on a white sheet; "" where nothing is read.

    Where the program is missing or fails, every line is "": nothing is confirmed then.
    """
    out = [""] * len(crops)
    if not crops or not installed():
        return out
    rows = [_row(crop) for crop in crops]
    wide = max(row.shape[1] for row in rows) + 2 * SPACE
    sheet = np.full((sum(row.shape[0] + SPACE for row in rows) + SPACE, wide), 255, np.uint8)
    places: list[tuple[int, int]] = []
    y = SPACE
    for row in rows:
        sheet[y : y + row.shape[0], SPACE : SPACE + row.shape[1]] = row
        places.append((y, y + row.shape[0]))
        y += row.shape[0] + SPACE
    try:
        found = pytesseract.image_to_data(
            sheet,
            config="--psm 6 --oem 1 -c load_system_dawg=0 -c load_freq_dawg=0",
            output_type=pytesseract.Output.DICT,
            timeout=SECONDS,
        )
    except (pytesseract.TesseractError, RuntimeError, OSError):
        return out
    words: list[list[tuple[int, str]]] = [[] for _ in crops]
    tops = np.array([top for top, _ in places])
    for text, left, top, high in zip(
        found["text"], found["left"], found["top"], found["height"], strict=True
    ):
        if not str(text).strip():
            continue
        middle = int(top) + int(high) / 2
        at = int(np.searchsorted(tops, middle, side="right")) - 1
        if 0 <= at < len(crops) and middle <= places[at][1] + SPACE / 2:
            words[at].append((int(left), str(text)))
    return [" ".join(text for _, text in sorted(line)) for line in words]


def _row(crop: Pixels) -> Pixels:
    gray = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    wide = min(WIDEST, max(8, round(gray.shape[1] * LINE / gray.shape[0])))
    scaled = cv2.resize(gray, (wide, LINE), interpolation=cv2.INTER_CUBIC)
    # Shadow and tint out: tesseract thresholds the whole sheet at one level.
    ground = cv2.medianBlur(cv2.dilate(scaled, np.ones((7, 7), np.uint8)), 21)
    flat = 255 - cv2.subtract(ground, scaled)
    low, high = np.percentile(flat, (0.5, 99))
    stretched = (flat.astype(np.float32) - low) / max(20.0, float(high - low)) * 255
    return np.asarray(np.clip(stretched, 0, 255), np.uint8)


def orientation(image: Pixels) -> int:
    """Quarter turns, counter-clockwise, that set a page upright; 0 where that cannot be told."""
    if not installed():
        return 0
    rgb = image if image.ndim == 2 else image[:, :, ::-1]
    try:
        found = pytesseract.image_to_osd(rgb, output_type=pytesseract.Output.DICT, timeout=SECONDS)
        return -int(found["rotate"]) // 90 % 4
    except (pytesseract.TesseractError, RuntimeError, OSError, KeyError, ValueError):
        return 0


def read_page(image: Pixels) -> Plain:
    """Read a whole page, turned upright first where its orientation can be told.

    Raises:
        MissingPart: the program is not installed.
    """
    if not installed():
        raise MissingPart(
            "No reader of scanned pages is installed.", "Install the extra `intake` or tesseract."
        )
    rgb = np.ascontiguousarray(np.rot90(image, orientation(image)))[..., ::-1]
    try:
        found = pytesseract.image_to_data(
            rgb, config="--psm 3", output_type=pytesseract.Output.DICT, timeout=SECONDS * 2
        )
    except (pytesseract.TesseractError, RuntimeError, OSError):
        return Plain("", 0.0)
    text, weak = "", []
    odds: list[float] = []
    last: tuple[int, ...] = ()
    for index, word in enumerate(found["text"]):
        if not str(word).strip():
            continue
        line = tuple(int(found[name][index]) for name in ("block_num", "par_num", "line_num"))
        text += "" if not text else " " if line == last else "\n"
        last = line
        odds.append(float(found["conf"][index]) / 100)
        if any(c.isdigit() for c in str(word)) and odds[-1] < SURE:
            weak.append(Doubtful(len(text), len(text) + len(str(word)), (str(word), "?")))
        text += str(word)
    return Plain(text, mean(odds) if odds else 0.0, tuple(weak))
