"""Page images to text: the neural reader reads, lines and columns are rebuilt, tesseract doubts.

A page is turned upright, levelled and freed of ruled lines; its lines are cut out and read; blanks that the
ink shows are put back; numbers, units and identifiers are read a second time, and where the readings differ
both are kept. A page under the confidence floor is given back as unread.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from clinical.errors import MissingPart
from clinical.report import Doubtful, Status
from watchers.extract import tesseract
from watchers.extract.blanks import mend
from watchers.extract.doubt import Doubt, is_noisy, settle_numbers
from watchers.extract.neural import Glyph, Line, Neural
from watchers.extract.options import ExtractOptions
from watchers.extract.page_colour import lighten, take_out_marks
from watchers.extract.page_geometry import (
    bilevel,
    ink,
    leveling,
    lies_on_side,
    move,
    turn,
    warp,
    without_rules,
)
from watchers.extract.page_layout import Piece, arrange
from watchers.extract.page_marks import CheckBox, find_boxes, left_over
from watchers.extract.plausible import odd_numbers
from watchers.extract.spelling import mend_words
from watchers.extract.stamps import stamped

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
PROBES = 6
PROBE_LENGTH = 12  # heights of a line
SURE_EXTRA = 0.85
SMOOTH = 1.0  # pixels: the recognizer was made for shades of grey, not for the steps of a fax
GRID = 4  # so many ruled lines are a table, fewer a letterhead
READS_BADLY = 0.85
FALLBACK_FLOOR = 0.6  # tesseract's confidences run lower than the neural reader's odds
TALL = 1.6  # heights of a line: larger print is a title or a stamp
SLANT = math.radians(7)
EMPTY, MARKED = "\u2610", "\u2612"


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read from one page image; ``read`` is False where it fell under the confidence floor."""

    text: str = field(repr=False)
    confidence: float
    read: bool
    doubtful: tuple[Doubtful, ...] = ()
    warnings: tuple[str, ...] = ()
    stamped: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class _Upright:
    image: Pixels = field(repr=False)
    boxes: tuple[Floats, ...] = field(repr=False)


def read_images(images: Iterable[Pixels | None], options: ExtractOptions) -> Iterator[PageText]:
    """Read page images in order, ``options.threads`` at a time; no more images than that are held."""

    def read(image: Pixels | None) -> PageText:
        if image is None or not options.ocr:
            return PageText("", 0.0, False)
        neural = _neural()
        return read_page(image, neural, options) if neural else _fallback(image, options)

    with ThreadPoolExecutor(max_workers=max(1, options.threads)) as pool:
        waiting: list[Future[PageText]] = []
        for image in images:
            waiting.append(pool.submit(read, image))
            if len(waiting) >= max(1, options.threads):
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


@lru_cache(maxsize=1)
def _neural() -> Neural | None:
    """One for the process: its sessions serve several threads. None where it is not installed."""
    try:
        return Neural()
    except MissingPart:
        return None


def _fallback(image: Pixels, options: ExtractOptions) -> PageText:
    """The page by tesseract alone."""
    page = tesseract.read_page(image)
    read = page.confidence >= min(FALLBACK_FLOOR, options.confidence_floor) or (
        not page.text and _is_blank(image)
    )
    return PageText(page.text, page.confidence, read, page.doubtful, ("read without the neural reader",))


def read_page(image: Pixels, neural: Neural, options: ExtractOptions) -> PageText:
    """Read one page image (BGR); one that reads badly is tried again as tesseract would turn it."""
    page = _read(image, neural, options)
    if page.confidence < READS_BADLY and page.text and (quarters := tesseract.orientation(image)):
        again = _read(turn(image, quarters), neural, options)
        if again.confidence > page.confidence:
            return again
    return page


def _read(image: Pixels, neural: Neural, options: ExtractOptions) -> PageText:
    upright = _upright(lighten(image), neural)
    if not upright.boxes:
        return PageText("", 0.0, _is_blank(image))
    level = upright.image
    boxes = list(upright.boxes)
    line = median(_height(box) for box in boxes)
    # A stamp is taken out below or left out of the text; what it says of the report's state is kept.
    across = [box for box in boxes if _slanted(box) or _height(box) > TALL * line]
    states = stamped(neural.recognize([_crop(level, box) for box in across]))
    unmarked = take_out_marks(level, line)
    if unmarked is not None:
        level = unmarked
        boxes = [box.corners for box in neural.detect(level)]
        if not boxes:
            return PageText("", 0.0, False)
    matrix = leveling(boxes, level.shape)
    if matrix is not None:
        level, boxes = warp(level, matrix), move(boxes, matrix)
    line = median(_height(box) for box in boxes)
    rules = without_rules(level, line)
    level = rules.image
    if rules.upright or rules.count >= GRID:
        # In a grid the first boxes ran across rules or lost signs beside them.
        boxes = [box.corners for box in neural.detect(level)] or boxes
    slanted = [box for box in boxes if _slanted(box)]
    boxes = [box for box in boxes if not _slanted(box)]
    marks = ink(level)
    checks = find_boxes(marks, line)
    covered = [*boxes, *slanted, *(_corners(c.left, c.top, c.right, c.bottom) for c in checks)]
    extra = left_over(marks, covered, line, rules.upright)
    boxes = [part for box in boxes for part in _around(box, checks, line)]
    crops = [_crop(level, box) for box in boxes]
    smooth = level
    if bilevel(image):
        smooth = np.asarray(cv2.GaussianBlur(level, (0, 0), SMOOTH), np.uint8)
    lines = [
        mend_words(found) for found in mend(neural.recognize([_crop(smooth, box) for box in boxes]), crops)
    ]
    for box, found in zip(extra, neural.recognize([_crop(smooth, box) for box in extra]), strict=True):
        if found.confidence > SURE_EXTRA and any(c.isalnum() for c in found.text):
            boxes.append(box)
            crops.append(_crop(level, box))
            lines.append(found)
    for check in checks:
        boxes.append(_corners(check.left, check.top, check.right, check.bottom))
        crops.append(_crop(level, boxes[-1]))
        lines.append(Line((Glyph(MARKED if check.marked else EMPTY, 1.0, "", 0.0, 0.5),)))
    kept = [i for i, found in enumerate(lines) if found.text.strip() and found.confidence > 0.5]
    settled = settle_numbers([lines[i] for i in kept], [crops[i] for i in kept], neural)
    for index, found in zip(kept, settled.lines, strict=True):
        lines[index] = found
    doubts = [Doubt(kept[d.line], d.start, d.end, d.readings) for d in settled.doubts]
    pieces = [_piece(i, boxes[i], lines[i]) for i in kept]
    written = _write(pieces, lines, doubts)
    odd = odd_numbers(written.text, noisy=is_noisy([lines[i] for i in kept]))
    doubtful = _joined(written.doubtful, odd)
    confidence = _confidence([lines[i] for i in kept])
    warnings = ("slanted print, such as a stamp, is not in the text",) if slanted else ()
    if unmarked is not None:
        warnings = (*warnings, "coloured marks, such as a stamp or a pen's, are not in the text")
    return PageText(
        written.text, confidence, confidence >= options.confidence_floor, doubtful, warnings, states
    )


def _joined(first: Sequence[Doubtful], more: Sequence[Doubtful]) -> tuple[Doubtful, ...]:
    """Both in order; of those that touch, the first readers'."""
    new = [d for d in more if not any(known.start < d.end and d.start < known.end for known in first)]
    return tuple(sorted((*first, *new), key=lambda d: d.start))


@dataclass(frozen=True, slots=True)
class _Written:
    text: str = field(repr=False)
    doubtful: tuple[Doubtful, ...]


def _write(pieces: Sequence[Piece], lines: Sequence[Line], doubts: Sequence[Doubt]) -> _Written:
    """The page's text, and the doubtful stretches as offsets into it."""
    out: list[str] = []
    found: list[Doubtful] = []
    at = 0
    for number, row in enumerate(arrange(pieces)):
        mark = "" if number == 0 else "\n\n" if row.apart else "\n"
        out.append(mark)
        at += len(mark)
        for gap, piece in zip(row.gaps, row.pieces, strict=True):
            text = lines[piece.index].text
            lead = len(text) - len(text.lstrip())
            out += [gap, text.strip()]
            at += len(gap)
            found += [
                Doubtful(at + d.start - lead, at + d.end - lead, d.readings)
                for d in doubts
                if d.line == piece.index
            ]
            at += len(text.strip())
    return _Written("".join(out), tuple(sorted(found, key=lambda d: d.start)))


def _confidence(lines: Sequence[Line]) -> float:
    glyphs: list[Glyph] = [g for line in lines for g in line.glyphs if g.char != " "]
    return float(np.mean([g.odds for g in glyphs])) if glyphs else 0.0


def _upright(image: Pixels, neural: Neural) -> _Upright:
    """Turn by what the boxes and a few lines, read both ways, say."""
    found = [box.corners for box in neural.detect(image)]
    if not found:
        return _Upright(image, ())
    if lies_on_side(found):
        image = turn(image, 1)
        found = [box.corners for box in neural.detect(image)]
    longest = sorted(found, key=lambda box: -float(np.ptp(box[:, 0])))[: PROBES * 2 : 2] or found[:PROBES]
    # A part of a line tells which way it stands.
    crops = [crop[:, : PROBE_LENGTH * crop.shape[0]] for crop in (_crop(image, box) for box in longest)]
    right = neural.recognize(crops)
    if np.mean([line.confidence for line in right] or [0.0]) < 0.93:
        wrong = neural.recognize([turn(crop, 2) for crop in crops])
        if _worth(wrong) > _worth(right):
            image = turn(image, 2)
            high, wide = image.shape[:2]
            found = [np.asarray([[wide, high]] - np.roll(box, 2, axis=0), np.float32) for box in found]
    return _Upright(image, tuple(found))


def _worth(lines: Sequence[Line]) -> float:
    return float(np.mean([line.confidence * min(1.0, len(line.glyphs) / 8) for line in lines] or [0.0]))


def _corners(left: float, top: float, right: float, bottom: float) -> Floats:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _around(box: Floats, checks: Sequence[CheckBox], line: float) -> list[Floats]:
    """A box of text without the check boxes that stand in it."""
    left, right = float(box[:, 0].min()), float(box[:, 0].max())
    top, bottom = float(box[:, 1].min()), float(box[:, 1].max())
    within = sorted(
        (c.left, c.right)
        for c in checks
        if top < (c.top + c.bottom) / 2 < bottom and c.right > left + 1 and c.left < right - 1
    )
    if not within:
        return [box]
    parts, at = [], left
    for low, high in [*within, (right, right)]:
        if low - at > 0.4 * line:
            parts.append(_corners(at, top, low - 1, bottom))
        at = max(at, float(high + 1))
    return parts


def _height(box: Floats) -> float:
    return float((np.linalg.norm(box[3] - box[0]) + np.linalg.norm(box[2] - box[1])) / 2)


def _slanted(box: Floats) -> bool:
    along = box[1] - box[0]
    wide = float(np.linalg.norm(along))
    return wide > 2.5 * _height(box) and abs(math.atan2(float(along[1]), float(along[0]))) > SLANT


def _crop(image: Pixels, box: Floats) -> Pixels:
    """The box cut out and set upright."""
    wide = max(4, round(float(max(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[2] - box[3])))))
    high = max(4, round(float(max(np.linalg.norm(box[3] - box[0]), np.linalg.norm(box[2] - box[1])))))
    into = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(box.astype(np.float32), into)
    return np.asarray(
        cv2.warpPerspective(
            image, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def _piece(index: int, box: Floats, line: Line) -> Piece:
    top = float((box[0][1] + box[1][1]) / 2)
    bottom = float((box[3][1] + box[2][1]) / 2)
    return Piece(index, float(box[:, 0].min()), top, float(box[:, 0].max()), bottom, len(line.text.strip()))


def _is_blank(image: Pixels) -> bool:
    """An empty page has nothing to read; one with pictures or scrawl has."""
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return float((gray < int(np.median(gray)) - 60).mean()) < 0.002
