"""The neural reader: rapidocr's detector finds lines of text, its recognizer gives characters with odds.

Only this file knows rapidocr. The recognizer's alphabet of 18,708 signs is cut to those that reports print,
and the runner-up of every character is kept: that is what tells a doubtful reading from a sure one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clinical.errors import MissingPart
from watchers.extract.page_geometry import inked

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
HEIGHT = 48
STRIDE = 8
BATCH = 2400  # columns in one run
# The detector sees a page of so many pixels at most along its long side, at least along its short one.
DETECT_SIDE, SHORT_SIDE = 1760, 736
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
            import onnxruntime  # heavy and optional, as is rapidocr
            import rapidocr
            from rapidocr.ch_ppocr_det.utils import DBPostProcess
        except ImportError as error:
            raise MissingPart("The neural reader is not installed.", "Install the extra `intake`.") from error
        options: Any = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Every page has another size: planned memory would be kept for each, none at all be asked for anew each time.
        options.enable_cpu_mem_arena, options.enable_mem_pattern = True, False
        models = Path(rapidocr.__file__).with_name("models")

        def session(part: str) -> Any:
            found = sorted(models.glob(f"*_{part}_*.onnx"))
            if not found:
                raise MissingPart("The neural reader's models are missing.", "Install rapidocr again.")
            provider = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
            return onnxruntime.InferenceSession(str(found[-1]), options, providers=[provider])

        self._detector, self._recognizer = session("det"), session("rec")
        self._boxes: Any = DBPostProcess(thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True)
        listed: str = self._recognizer.get_modelmeta().custom_metadata_map["character"]
        characters = ["", *listed.splitlines(), " "]
        keep = [0] + [i for i, c in enumerate(characters) if i and (c in ALPHABET or c == " ")]
        self._keep = np.array(keep)
        self._chars = ["", *(ONE_FORM.get(characters[i], characters[i]) for i in keep[1:])]

    def detect(self, image: Pixels) -> list[Box]:
        """Boxes of the text in a BGR image, from the top."""
        high, wide = image.shape[:2]
        scale = min(max(1.0, SHORT_SIDE / min(high, wide)), DETECT_SIDE / max(high, wide))
        x, y, right, bottom = inked(image)
        size = [max(32, round((end - start) * scale / 32) * 32) for start, end in ((x, right), (y, bottom))]
        how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
        small = cv2.resize(image[y:bottom, x:right], size, interpolation=how)
        odds = _run(self._detector, (small.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None])
        corners, scores = self._boxes(odds, (bottom - y, right - x))
        moved = np.asarray(corners, np.float32).reshape(-1, 4, 2) + np.array([x, y], np.float32)
        found = [Box(box, float(score)) for box, score in zip(moved, scores, strict=True)]
        return sorted(found, key=lambda box: (float(box.corners[0, 1]), float(box.corners[0, 0])))

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
            full = following is None or (len(batch) + 1) * _width(following) > BATCH
            if following is None or full or _width(following) > wide * 1.15 + 16:
                self._read([crops[i] for i in batch], batch, out)
                batch = []
        return out

    def _read(self, crops: list[Pixels], places: list[int], out: list[Line]) -> None:
        widest = max(_width(crop) for crop in crops)
        block = np.zeros((len(crops), 3, HEIGHT, widest), np.float32)
        for row, crop in enumerate(crops):
            resized = cv2.resize(crop, (_width(crop), HEIGHT), interpolation=cv2.INTER_LINEAR)
            block[row, :, :, : resized.shape[1]] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        odds = _run(self._recognizer, block)[:, :, self._keep]
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


def _run(session: Any, block: Floats) -> Floats:
    return np.asarray(session.run(None, {session.get_inputs()[0].name: block})[0], np.float32)


def _width(crop: Pixels) -> int:
    wide: int = max(16, math.ceil(HEIGHT * crop.shape[1] / max(1, crop.shape[0])))
    return wide
