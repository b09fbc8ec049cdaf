"""Page images to text by OCR."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytesseract
from numpy.typing import NDArray

from clinical.report import Doubtful
from watchers.extract.options import ExtractOptions
from watchers.extract.text import tidy

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read from one page image; ``read`` is False where it fell under the confidence floor."""

    text: str = field(repr=False)
    confidence: float
    read: bool
    doubtful: tuple[Doubtful, ...] = ()
    warnings: tuple[str, ...] = ()


def read_images(images: Iterable[Image | None], options: ExtractOptions) -> Iterator[PageText]:
    """Read page images in order."""
    for image in images:
        if image is None or not options.ocr:
            yield PageText("", 0.0, False)
            continue
        text = tidy(pytesseract.image_to_string(image, config="--psm 3"))
        yield PageText(text, 0.8 if text else 0.0, bool(text))
