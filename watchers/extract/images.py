"""Page images: PNG, JPEG, WebP, BMP, and TIFF with many pages, each read by OCR."""

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from clinical.errors import ExtractionError
from watchers.extract.ocr import read_images
from watchers.extract.options import ExtractOptions
from watchers.extract.pdf import join_pages
from watchers.extract.reading import Reading

Pixels = NDArray[np.uint8]
LONGEST = 5_000
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "TIFF": "image/tiff", "MPO": "image/jpeg"}


def read_image(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """One report: the image's pages in order.

    Raises:
        ExtractionError: damaged, or too large to be read safely.
    """
    try:
        image = Image.open(io.BytesIO(content))
        frames = getattr(image, "n_frames", 1)
    except Image.DecompressionBombError as error:
        raise ExtractionError(
            "too-large", "The image is too large.", "Scan it at 300 dots an inch or less."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ExtractionError("damaged", "The image cannot be opened.", "Scan or save it again.") from error
    if image.width * image.height > options.max_pixels or max(image.size) > 40_000:
        raise ExtractionError("too-large", "The image is too large.", "Scan it at 300 dots an inch or less.")
    if frames > options.max_pages:
        raise ExtractionError("too-long", f"The image has more than {options.max_pages} pages.", "Split it.")
    if image.format == "GIF" or (image.format == "PNG" and frames > 1):
        frames = 1
    found = list(read_images(_frames(image, frames, options), options))
    media = _MEDIA.get(image.format or "", "image/other")
    if all(not page.read for page in found) and frames == 1 and min(image.size) < 32:
        raise ExtractionError("damaged", "The image is too small to be a page.", "Scan or save it again.")
    return (join_pages([(i + 1, None, page, "") for i, page in enumerate(found)], media),)


def _frames(image: Image.Image, count: int, options: ExtractOptions) -> Iterator[Pixels | None]:
    for index in range(count):
        try:
            image.seek(index)
            if image.width * image.height > options.max_pixels or index >= options.max_scans:
                yield None
                continue
            yield pixels(image)
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError):
            # A broken page stays visible as an unread one.
            yield None


def pixels(image: Image.Image) -> Pixels:
    """The image as BGR with square pixels, turned as its camera says, on white."""
    dpi = image.info.get("dpi")
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        ground = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(ground, turned)
    if turned.mode in ("I;16", "I;16B", "I", "F"):
        values = np.asarray(turned, np.float32)
        span = float(values.max() - values.min()) or 1.0
        turned = Image.fromarray(np.asarray((values - values.min()) / span * 255, np.uint8))
    turned = turned.convert("RGB")
    wide, high = turned.size
    try:
        across, down = (float(dpi[0]), float(dpi[1])) if dpi else (0.0, 0.0)
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        across = down = 0.0
    # Standard faxes have half as many rows as columns to the inch.
    if across > 30 and down > 30 and not 0.9 < across / down < 1.1 and 0.25 < across / down < 4:
        if across > down:
            high = round(high * across / down)
        else:
            wide = round(wide * down / across)
    scale = min(1.0, LONGEST / max(wide, high))
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    if size != turned.size:
        turned = turned.resize(size, Image.Resampling.BICUBIC if scale == 1.0 else Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(turned, np.uint8)[:, :, ::-1])
