"""Page images of simulated reports, as scanners, faxes and phones make them, for testing what reads them."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from synthetic.render import write_pdf
from synthetic.report import SimulatedReport

Damage = Literal["clean", "skew", "noise", "fax", "perspective", "shadow"]
DAMAGES: tuple[Damage, ...] = ("clean", "skew", "noise", "fax", "perspective", "shadow")


def page_images(pdf: Path, dpi: int = 200) -> list[Image.Image]:
    """Each page of a PDF as a gray image."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]
    finally:
        document.close()


def damaged(image: Image.Image, damage: Damage, rng: random.Random) -> Image.Image:
    """A page as it looks after one kind of damage.

    Raises:
        ValueError: no such damage.
    """
    ways: Mapping[Damage, Callable[[Image.Image, random.Random], Image.Image]] = {
        "clean": lambda page, _: page,
        "skew": _skew,
        "noise": _noise,
        "fax": _fax,
        "perspective": _perspective,
        "shadow": _shadow,
    }
    if damage not in ways:
        raise ValueError(f"no damage {damage}")
    return ways[damage](image, rng)


def write_pages(
    report: SimulatedReport, folder: Path, damage: Damage = "clean", dpi: int = 200
) -> list[Path]:
    """The pages of a report as PNG files with one kind of damage; the same report gives the same pages."""
    rng = random.Random(f"{report.number}/{damage}")
    stem = f"{report.number:05d}-{report.kind.replace(' ', '-')}"
    pdf = folder / f"{stem}.pdf.tmp"
    write_pdf(report.text, pdf)
    paths = []
    for number, image in enumerate(page_images(pdf, dpi), 1):
        path = folder / f"{stem}-{damage}-{number}.png"
        damaged(image, damage, rng).save(path)
        paths.append(path)
    pdf.unlink()
    return paths


def write_scanned_pdf(report: SimulatedReport, folder: Path, damage: Damage = "skew", dpi: int = 200) -> Path:
    """A report as a PDF of page images without a text layer."""
    target = folder / f"{report.number:05d}-{report.kind.replace(' ', '-')}-{damage}.pdf"
    with TemporaryDirectory(dir=folder) as own:
        pages = write_pages(report, Path(own), damage, dpi)
        images = [Image.open(path).convert("L") for path in pages]
        images[0].save(target, save_all=True, append_images=images[1:], resolution=dpi)
    return target


def _array(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image, dtype=np.float64)


def _image(values: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _random(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.randrange(2**32))


def _skew(image: Image.Image, rng: random.Random) -> Image.Image:
    angle = rng.choice((-1, 1)) * rng.uniform(0.6, 2.4)
    return image.rotate(angle, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _noise(image: Image.Image, rng: random.Random) -> Image.Image:
    values = _array(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.8))))
    values = 245 - (255 - values) * rng.uniform(0.75, 0.9)
    return _image(values + _random(rng).normal(0, rng.uniform(8, 16), values.shape))


def _fax(image: Image.Image, rng: random.Random) -> Image.Image:
    width, height = image.size
    coarse = image.resize((width * 204 // 200, height * 196 // 200), Image.Resampling.BILINEAR)
    values = _array(_skew(coarse, rng)) + 0.0
    source = _random(rng)
    values = np.where(values + source.normal(0, 14, values.shape) < 150, 0.0, 255.0)
    specks = source.random(values.shape) < 0.0006
    lines = source.random(values.shape[0]) < 0.0015
    values[specks] = 0.0
    values[lines, :] = 255.0
    return _image(values).convert("1")


def _perspective(image: Image.Image, rng: random.Random) -> Image.Image:
    width, height = image.size
    pull = [rng.uniform(0.01, 0.05) for _ in range(8)]
    corners = [
        (width * pull[0], height * pull[1]),
        (width * (1 - pull[2]), height * pull[3]),
        (width * (1 - pull[4]), height * (1 - pull[5])),
        (width * pull[6], height * (1 - pull[7])),
    ]
    flat = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    solution = np.linalg.solve(np.array(rows), np.array(wanted))
    return image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        [float(c) for c in solution],
        Image.Resampling.BICUBIC,
        fillcolor=210,
    )


def _shadow(image: Image.Image, rng: random.Random) -> Image.Image:
    values = _array(_perspective(image, rng))
    height, width = values.shape
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    edge = across * rng.uniform(-1, 1) + down * rng.uniform(-1, 1)
    light = 1 - rng.uniform(0.25, 0.5) / (1 + np.exp(-12 * (edge - edge.mean())))
    return _image(values * light + _random(rng).normal(0, 5, values.shape))
