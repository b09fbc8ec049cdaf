"""The neural reader: rapidocr's detector finds lines of text, its recognizer gives characters with odds.

Only this file knows rapidocr. The recognizer's alphabet of 18,708 signs is cut to those that reports print,
and the runner-up of every character is kept: that is what tells a doubtful reading from a sure one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clinical.errors import MissingPart

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
HEIGHT = 48
STRIDE = 8
DETECT_SIDE = 1760
_LATIN = "".join(chr(c) for c in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if c not in (0xAD,))
_LETTERS = "ĀāĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĪīĮįİıŁłŃńŇňŌōŐőŒœŘřŚśŞşŠšŢţŤťŪūŮůŰűŹźŻżŽžȘșȚț"
_SIGNS = "ΑΒΓΔΘΛΣΦΨΩαβγδεζηθκλμπρσςτφχψω–—‘’“”†‡•…‰′″⁰⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄€™←↑→↓−√∞≈≠≤≥■□▪▫▲△▶►▼●○◆◇"
ALPHABET = frozenset(_LATIN + _LETTERS + _SIGNS) - frozenset("¦¨¯´¸¤¥ªº¬¿¡ÞþðÐ")
# Signs that differ in code and not on paper: one form each.
ONE_FORM = {
    "μ": "µ",
    "′": "'",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "″": '"',
    "−": "-",
    "–": "-",
    "—": "-",
    "△": "Δ",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A line or part of one on the page: the quadrilateral from the top left, clockwise."""

    corners: Floats = field(repr=False)
    score: float

    @property
    def width(self) -> float:
        """Length along the text."""
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def height(self) -> float:
        """Length across the text."""
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character as recognized: its odds, the runner-up, and where it stands in the crop (0..1)."""

    char: str
    odds: float
    second: str
    second_odds: float
    place: float


@dataclass(frozen=True, slots=True)
class Line:
    """What the recognizer read in one crop."""

    glyphs: tuple[Glyph, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The characters as they were decoded."""
        return "".join(glyph.char for glyph in self.glyphs)

    @property
    def confidence(self) -> float:
        """Mean odds of the characters."""
        return float(np.mean([g.odds for g in self.glyphs])) if self.glyphs else 0.0


class Neural:
    """Detector and recognizer, each running in the thread that calls."""

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR  # heavy and optional
        except ImportError as error:
            raise MissingPart("The neural reader is not installed.", "Install the extra `intake`.") from error
        engine: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        self._detect: Any = engine._load_det_model()
        recognizer: Any = engine._load_rec_model()
        self._session: Any = recognizer.session
        characters: list[str] = recognizer.postprocess_op.character
        keep = [0] + [i for i, c in enumerate(characters) if i and (c in ALPHABET or c == " ")]
        self._keep = np.array(keep)
        self._chars = ["", *(ONE_FORM.get(characters[i], characters[i]) for i in keep[1:])]

    def detect(self, image: Pixels) -> list[Box]:
        """Boxes of the text in a BGR image."""
        high, wide = image.shape[:2]
        scale = min(1.0, DETECT_SIDE / max(high, wide))
        small = image
        if scale < 1.0:
            small = cv2.resize(
                image, (round(wide * scale), round(high * scale)), interpolation=cv2.INTER_AREA
            )
        found = self._detect(small)
        if found.boxes is None:
            return []
        corners = np.asarray(found.boxes, np.float32) / scale
        return [Box(box, float(score)) for box, score in zip(corners, found.scores, strict=True)]

    def recognize(self, crops: Sequence[Pixels]) -> list[Line]:
        """Read crops of single lines, upright and about as high as their text."""
        out: list[Line] = [Line(())] * len(crops)
        order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1] / max(1, crops[i].shape[0]))
        batch: list[int] = []
        for at, index in enumerate(order):
            batch.append(index)
            following = crops[order[at + 1]] if at + 1 < len(order) else None
            wide = _width(crops[index])
            # Batches of like widths: padding costs time and readings.
            if following is None or len(batch) == 6 or _width(following) > wide * 1.15 + 16:
                self._run([crops[i] for i in batch], batch, out)
                batch = []
        return out

    def _run(self, crops: list[Pixels], places: list[int], out: list[Line]) -> None:
        widest = max(_width(crop) for crop in crops)
        block = np.zeros((len(crops), 3, HEIGHT, widest), np.float32)
        for row, crop in enumerate(crops):
            resized = cv2.resize(crop, (_width(crop), HEIGHT), interpolation=cv2.INTER_LINEAR)
            block[row, :, :, : resized.shape[1]] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        odds = np.asarray(self._session(block))[:, :, self._keep]
        for row, place in enumerate(places):
            steps = min(odds.shape[1], math.ceil(_width(crops[row]) / widest * odds.shape[1]) + 1)
            out[place] = self._decode(odds[row][:steps], _width(crops[row]) / widest * odds.shape[1])

    def _decode(self, odds: Floats, length: float) -> Line:
        best = odds.argmax(axis=1)
        glyphs: list[Glyph] = []
        start = 0
        for step in range(1, len(best) + 1):
            if step < len(best) and best[step] == best[start]:
                continue
            sign = int(best[start])
            if sign:
                peak = start + int(odds[start:step, sign].argmax())
                row = odds[peak].copy()
                total = float(row.sum()) or 1.0
                first = float(row[sign]) / total
                row[sign] = -1.0
                # Another class of the same printed form is no rival.
                rival = int(row.argmax())
                while rival and self._chars[rival] == self._chars[sign]:
                    first += float(row[rival]) / total
                    row[rival] = -1.0
                    rival = int(row.argmax())
                glyphs.append(
                    Glyph(
                        self._chars[sign],
                        first,
                        self._chars[rival],
                        max(0.0, float(row[rival])) / total,
                        (start + step) / 2 / max(1.0, length),
                    )
                )
            start = step
        return Line(tuple(glyphs))


def _width(crop: Pixels) -> int:
    wide: int = max(16, math.ceil(HEIGHT * crop.shape[1] / max(1, crop.shape[0])))
    return wide
