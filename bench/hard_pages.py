# ruff: noqa: E501  (texts stand as they are written on the pages)
"""Hard pages with exact truth: reports, two columns, ruled tables and forms, then turned, bent, faxed and stained.

Nothing is copied from a data set: prose and values are composed here from word lists, so that a seed makes as
many pages as are wanted. Used by ``bench.intake``; every page is a pure function of kind and seed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
WIDTH, HEIGHT = 1654, 2339  # A4 at 200 dpi


@dataclass(frozen=True, slots=True)
class HardPage:
    """A page image with the text that it shows, in reading order."""

    kind: str
    seed: int
    image: Pixels = field(repr=False)
    text: str = field(repr=False)
    identifiers: tuple[str, ...] = field(repr=False)


@lru_cache(maxsize=1)
def _fonts() -> dict[str, Path]:
    found = {p.stem: p for folder in FONT_FOLDERS if folder.is_dir() for p in sorted(folder.rglob("*.ttf"))}
    wanted = [n for n in found if n.startswith(("DejaVuSans", "DejaVuSerif", "Liberation"))]
    return {name: found[name] for name in wanted if "Oblique" not in name and "Math" not in name}


def _font(rng: random.Random, size: int, *, style: str | None = None) -> ImageFont.FreeTypeFont:
    names = [n for n in _fonts() if style is None or style in n]
    plain = [n for n in names if "Bold" not in n and "Italic" not in n] or names
    return ImageFont.truetype(str(_fonts()[rng.choice(plain)]), size)


FIRST = (
    "Maria José Ana Lena Piotr Søren Amélie Jürgen Noor Hiroshi Olga Kwame Siobhán Luca Grace Henry".split()
)
LAST = "Okafor Müller Hernández O'Neill Kowalski Lindqvist Nguyen Fontaine Bauer Castillo Ivanova Smith-Jones Ødegaard".split()
SUBJECTS = (
    "The liver|The left kidney|The right lower lobe|The mitral valve|The aortic root|The gallbladder|The L4-L5 disc|"
    "The thyroid|The common bile duct|The patient|The wound|The proximal femur|The left ventricle|The prostate"
).split("|")
VERBS = (
    "is unremarkable|is mildly enlarged|measures {a} x {b} cm|shows a {c} mm nodule|has improved since {d}|"
    "demonstrates {p}% stenosis|is stable at {a} cm|shows no focal lesion|is seen at T{t}-T{u}|"
    "tolerated {m} mg twice daily|was noted to be {a} ± 0.{t} cm|has an ejection fraction of {p}%|"
    "received {m} mcg at {h}:{n} hours|was graded {t}/10"
).split("|")
TAILS = (
    ".|, unchanged.|, without effusion.|; follow-up in {t} months is advised.|, consistent with age.|"
    " (series {t}, image {p}).|, as compared with {d}.|, blood pressure {s}/{q} mmHg.|, HbA1c {a}%.|, temperature 37.{t} °C."
).split("|")


def _date(rng: random.Random) -> str:
    y, m, d = rng.randint(2009, 2025), rng.randint(1, 12), rng.randint(1, 28)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return rng.choice(
        [
            f"{m:02d}/{d:02d}/{y}",
            f"{y}-{m:02d}-{d:02d}",
            f"{months[m - 1]} {d}, {y}",
            f"{m}/{d}/{y % 100:02d}",
        ]
    )


def sentence(rng: random.Random) -> str:
    """One made-up clinical sentence with numbers."""
    text = rng.choice(SUBJECTS) + " " + rng.choice(VERBS) + rng.choice(TAILS)
    values = {
        "a": f"{rng.uniform(0.3, 14):.1f}", "b": f"{rng.uniform(0.3, 9):.1f}", "c": str(rng.randint(2, 38)), "d": _date(rng),
        "p": str(rng.randint(5, 95)), "t": str(rng.randint(1, 9)), "u": str(rng.randint(10, 12)), "m": rng.choice(["0.25", "12.5", "81", "500", "1,000"]),
        "h": f"{rng.randint(0, 23):02d}", "n": f"{rng.randint(0, 59):02d}", "s": str(rng.randint(95, 190)), "q": str(rng.randint(50, 110)),
    }  # fmt: skip
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


@dataclass(slots=True)
class _Sheet:
    """A page under construction."""

    rng: random.Random
    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (WIDTH, HEIGHT), "white"))
    lines: list[str] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def put(self, x: int, y: int, text: str, font: ImageFont.FreeTypeFont, *, keep: bool = True) -> int:
        """Draw one line; returns the y below it."""
        self.draw.text((x, y), text, font=font, fill=(20, 20, 25))
        if keep:
            self.lines.append(text)
        return y + int(font.size * 1.42)

    def wrap(self, x: int, y: int, text: str, font: ImageFont.FreeTypeFont, width: int) -> int:
        words, line = text.split(" "), ""
        for word in words:
            if line and font.getlength(f"{line} {word}") > width:
                y, line = self.put(x, y, line, font), word
            else:
                line = f"{line} {word}".strip()
        return self.put(x, y, line, font) if line else y


def _person(sheet: _Sheet) -> tuple[str, str, str]:
    rng = sheet.rng
    name, mrn = (
        f"{rng.choice(LAST)}, {rng.choice(FIRST)}",
        rng.choice(["MR{}", "{}", "0{}", "A-{}"]).format(rng.randint(100000, 9999999)),
    )
    born = _date(rng)
    sheet.identifiers += [name, mrn, born]
    return name, mrn, born


def _letterhead(sheet: _Sheet, font_size: int) -> int:
    rng = sheet.rng
    big, small = _font(rng, font_size + 12), _font(rng, font_size - 3)
    y = sheet.put(
        rng.randint(120, 500),
        90,
        rng.choice(
            ["Northfield Imaging Associates", "ST. ANNE REGIONAL HOSPITAL", "Lakeside Family Practice"]
        ),
        big,
    )
    y = sheet.put(
        120,
        y,
        f"{rng.randint(10, 990)} Harbor Road, Suite {rng.randint(100, 480)} · Tel ({rng.randint(200, 989)}) 555-{rng.randint(1000, 9999)}",
        small,
    )
    sheet.draw.line((100, y + 8, WIDTH - 100, y + 8), fill="black", width=2)
    return y + 30


def _header(sheet: _Sheet, y: int, font: ImageFont.FreeTypeFont) -> int:
    name, mrn, born = _person(sheet)
    y = sheet.put(120, y, f"Patient: {name} | MRN: {mrn} | DOB: {born} | Sex: {sheet.rng.choice('MF')}", font)
    return (
        sheet.put(
            120, y, f"Exam date: {_date(sheet.rng)} | Accession: AC{sheet.rng.randint(10**6, 10**7)}", font
        )
        + 14
    )


def prose(sheet: _Sheet) -> None:
    """Letterhead, header and paragraphs under headings."""
    rng = sheet.rng
    size = rng.randint(22, 30)
    font = _font(rng, size)
    y = _header(sheet, _letterhead(sheet, size), font)
    for heading in ("FINDINGS:", "COMPARISON:", "HISTORY:", "IMPRESSION:"):
        y = sheet.put(120, y + 8, heading, font)
        y = sheet.wrap(120, y, " ".join(sentence(rng) for _ in range(rng.randint(2, 6))), font, WIDTH - 260)
    sheet.put(120, HEIGHT - 110, f"Page {rng.randint(1, 4)} of 4 - Confidential", _font(rng, size - 6))


def columns(sheet: _Sheet) -> None:
    """Letterhead over two columns, footer below."""
    rng = sheet.rng
    size = rng.randint(20, 25)
    font = _font(rng, size)
    top = _header(sheet, _letterhead(sheet, size), font)
    middle = WIDTH // 2
    for x in (120, middle + 30):
        y = top + 10
        while y < HEIGHT - 420:
            y = sheet.put(
                x, y, rng.choice(["Findings", "History", "Medications", "Plan", "Impression"]), font
            )
            y = (
                sheet.wrap(
                    x, y, " ".join(sentence(rng) for _ in range(rng.randint(2, 4))), font, middle - 180
                )
                + 18
            )
    sheet.put(120, HEIGHT - 130, f"Dictated {_date(rng)} - Page 1 of 1", _font(rng, size - 4))


ANALYTES = (
    ("Potassium", "mmol/L", 3.5, 5.1), ("Ferritin", "µg/L", 15, 300), ("White cells", "10^9/L", 4.0, 11.0), ("Haemoglobin", "g/dL", 12.0, 16.0),
    ("Platelets", "10^9/L", 150, 400), ("Creatinine", "µmol/L", 60, 110), ("eGFR", "mL/min/1.73 m²", 60, 120), ("Base excess", "mmol/L", -2.0, 2.0),
    ("TSH", "mIU/L", 0.4, 4.0), ("CRP", "mg/L", 0, 5), ("Sodium", "mmol/L", 135, 145), ("Calcium", "mg/dL", 8.5, 10.2), ("Glucose", "mg/dL", 70, 99),
    ("T-score", "SD", -1.0, 2.5), ("Red cells", "10^12/L", 4.2, 5.9), ("Vitamin B12", "pg/mL", 200, 900), ("Lactate", "mmol/L", 0.5, 2.2), ("pH", "", 7.35, 7.45),
)  # fmt: skip


def table(sheet: _Sheet) -> None:
    """A laboratory table with rules, signs and units."""
    rng = sheet.rng
    size = rng.randint(21, 28)
    font = _font(rng, size)
    y = _header(sheet, _letterhead(sheet, size), font) + 12
    grid = rng.random() < 0.7
    xs = [110, 470, 720, 1010, 1370, WIDTH - 110]
    high = int(size * rng.uniform(1.6, 2.1))
    rows = [("Test", "Result", "Units", "Reference", "Flag")]
    for name, unit, low, top in rng.sample(ANALYTES, k=rng.randint(10, 17)):
        digits = 2 if name == "pH" else (0 if top > 50 else 1)
        span = float(top - low)
        value = rng.uniform(low - span * 0.4, top + span * 0.5)
        if low >= 0:
            value = max(value, 0.1)
        shown = f"{value:.{digits}f}"
        if rng.random() < 0.12:
            shown = rng.choice(["<", ">", "≥", "≤"]) + shown.lstrip("-")
        if rng.random() < 0.08:
            shown += f" ± {rng.uniform(0.1, 0.9):.1f}"
        flag = "H" if value > top else "L" if value < low else ""
        rows.append((name, shown, unit, f"{low:.{digits}f} - {top:.{digits}f}", flag))
    for row in rows:
        if grid:
            sheet.draw.rectangle((xs[0], y, xs[-1], y + high), outline="black", width=rng.choice([1, 2, 2]))
            for x in xs[1:-1]:
                sheet.draw.line((x, y, x, y + high), fill="black", width=2)
        else:
            sheet.draw.line((xs[0], y + high, xs[-1], y + high), fill=(60, 60, 60), width=1)
        for x, cell in zip(xs, row, strict=False):
            sheet.draw.text((x + 12, y + (high - size) // 2 - 2), cell, font=font, fill=(15, 15, 20))
        sheet.lines.append("  ".join(cell for cell in row if cell))
        y += high
    y = sheet.wrap(120, y + 30, " ".join(sentence(rng) for _ in range(3)), font, WIDTH - 260)
    sheet.put(120, y + 20, f"Collected {_date(rng)} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}", font)


def form(sheet: _Sheet) -> None:
    """Small print, boxes with marks, label and value pairs."""
    rng = sheet.rng
    size = rng.randint(17, 21)
    font = _font(rng, size, style="Sans")
    y = _letterhead(sheet, size)
    name, mrn, born = _person(sheet)
    for left, right in ((f"Name: {name}", f"MRN: {mrn}"), (f"Date of birth: {born}", f"Visit: {_date(rng)}")):
        sheet.put(120, y, left, font, keep=False)
        sheet.put(900, y, right, font, keep=False)
        sheet.lines.append(f"{left}  {right}")
        y += int(size * 1.9)
    for question in (
        "Chest pain",
        "Shortness of breath",
        "Diabetes",
        "Smoking",
        "Allergy to contrast",
        "Pacemaker",
        "Pregnancy",
    ):
        mark = rng.random() < 0.5
        shown = []
        for x, label, on in ((700, "Yes", mark), (860, "No", not mark)):
            sheet.draw.rectangle((x, y + 2, x + size, y + 2 + size), outline="black", width=2)
            if on:
                sheet.draw.line((x + 3, y + 5, x + size - 3, y + size - 1), fill="black", width=3)
                sheet.draw.line((x + size - 3, y + 5, x + 3, y + size - 1), fill="black", width=3)
            sheet.draw.text((x + size + 10, y), label, font=font, fill="black")
            shown.append(label)
        sheet.draw.text((120, y), question, font=font, fill="black")
        sheet.lines.append(f"{question}  {'  '.join(shown)}")
        y += int(size * 2)
    for _ in range(9):
        y = sheet.wrap(120, y + 8, sentence(rng) + " " + sentence(rng), font, WIDTH - 260)


def trend(sheet: _Sheet) -> None:
    """Results over several days, a day a column, flags as lone capitals beside the values; vital signs below."""
    rng = sheet.rng
    size = rng.randint(19, 25)
    font = _font(rng, size)
    y = _header(sheet, _letterhead(sheet, size), font) + 16
    days = rng.randint(3, 5)
    left, wide = 430, (WIDTH - 540) // days
    high = int(size * rng.uniform(1.6, 2.0))
    rows = [["Analyte", *(f"{rng.randint(1, 12):02d}/{rng.randint(1, 28):02d}/24" for _ in range(days))]]
    for name, unit, low, top in rng.sample(ANALYTES, k=11):
        row = [f"{name} ({unit})" if unit else name]
        for _ in range(days):
            value = rng.uniform(low - (top - low) * 0.3, top + (top - low) * 0.4)
            value = value if low < 0 else max(value, 0.1)
            flag = " H" if value > top else " L" if value < low else ""
            row.append(f"{value:.{0 if top > 50 else 1}f}{flag}")
        rows.append(row)
    ruled = rng.random() < 0.5
    for row in rows:
        for number, cell in enumerate(row):
            x = 110 if number == 0 else left + (number - 1) * wide
            if ruled:
                edge = left if number == 0 else x + wide
                sheet.draw.rectangle((x, y, edge, y + high), outline="black", width=1)
            sheet.draw.text((x + 10, y + (high - size) // 2 - 2), cell, font=font, fill=(15, 15, 20))
        sheet.lines.append("  ".join(row))
        y += high
    y += 40
    for label, shown in (
        ("BP", f"{rng.randint(95, 180)}/{rng.randint(50, 105)} mmHg"), ("Pulse", f"{rng.randint(48, 120)}/min"), ("SpO2", f"{rng.randint(86, 100)}% on {rng.randint(1, 6)} L/min"),
        ("BMI", f"{rng.uniform(18, 41):.1f} kg/m²"), ("Pain", f"{rng.randint(0, 10)}/10"), ("Temp", f"{rng.uniform(35.5, 39.9):.1f} °C"),
    ):  # fmt: skip
        y = sheet.put(120, y, f"{label}: {shown}", font)
    for _ in range(4):
        y = sheet.wrap(120, y + 10, sentence(rng), font, WIDTH - 260)
    sheet.put(
        120,
        y + 20,
        f"Verified by: {rng.choice(FIRST)} {rng.choice(LAST)}, MD {_date(rng)} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}",
        font,
    )


LAYOUTS: dict[str, Callable[[_Sheet], None]] = {
    "prose": prose,
    "columns": columns,
    "table": table,
    "form": form,
    "trend": trend,
}


def _warp(image: Pixels, corners: NDArray[np.float32], fill: int = 255) -> Pixels:
    high, wide = image.shape[:2]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    value = (fill,) * 3
    return np.asarray(
        cv2.warpPerspective(image, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=value), np.uint8
    )


def plain(image: Pixels, rng: random.Random) -> Pixels:
    """As printed."""
    return image


def turned(image: Pixels, rng: random.Random) -> Pixels:
    """By a quarter, half or three quarters, with a little skew."""
    image = skewed(image, rng, 1.2)
    return np.ascontiguousarray(np.rot90(image, rng.choice([1, 2, 3])))


def skewed(image: Pixels, rng: random.Random, most: float = 6.0) -> Pixels:
    """By some degrees, with scanner noise."""
    high, wide = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.uniform(-most, most), 0.96)
    image = np.asarray(
        cv2.warpAffine(image, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)),
        np.uint8,
    )
    return _noise(image, rng, 6)


def _noise(image: Pixels, rng: random.Random, sigma: float) -> Pixels:
    noise = np.random.default_rng(rng.randrange(2**31)).normal(0, sigma, image.shape)
    return np.asarray(np.clip(image.astype(np.float32) + noise, 0, 255), np.uint8)


def photographed(image: Pixels, rng: random.Random) -> Pixels:
    """Perspective, shadow, glare, blur, uneven light, JPEG."""
    high, wide = image.shape[:2]
    reach = 0.07

    def off(extent: int) -> float:
        return rng.uniform(0.01, reach) * extent

    corners = np.array(
        [
            [off(wide), off(high)],
            [wide - off(wide), off(high)],
            [wide - off(wide), high - off(high)],
            [off(wide), high - off(high)],
        ],
        np.float32,
    )
    image = _warp(image, corners, fill=rng.randint(60, 140))
    ys, xs = np.mgrid[0:high, 0:wide].astype(np.float32)
    angle = rng.uniform(0, 6.28)
    slope = (xs / wide - 0.5) * np.cos(angle) + (ys / high - 0.5) * np.sin(angle)
    light = 0.82 + 0.3 * slope
    edge = rng.uniform(-0.2, 0.3)
    light *= 1 - rng.uniform(0.25, 0.45) / (1 + np.exp((slope - edge) * 60))
    gx, gy = rng.uniform(0.2, 0.8) * wide, rng.uniform(0.2, 0.8) * high
    glare = np.exp(-(((xs - gx) / (0.16 * wide)) ** 2 + ((ys - gy) / (0.11 * high)) ** 2)) * rng.uniform(
        20, 70
    )
    shaded = image.astype(np.float32) * light[..., None] + glare[..., None]
    image = np.asarray(np.clip(shaded, 0, 255), np.uint8)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 1.3)), np.uint8)
    image = _noise(image, rng, rng.uniform(3, 8))
    return _jpeg(image, rng.randint(45, 75))


def _jpeg(image: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def faxed(image: Pixels, rng: random.Random) -> Pixels:
    """One bit at 204 x 98 dots an inch, drawn out to square pixels, with dropped rows and specks."""
    image = skewed(image, rng, 0.8)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    wide, high = 1728, int(gray.shape[0] * 98 / 200)
    small = cv2.resize(gray, (wide, high), interpolation=cv2.INTER_AREA)
    bits = np.where(small > rng.randint(150, 185), 255, 0).astype(np.uint8)
    random_bits = np.random.default_rng(rng.randrange(2**31))
    specks = random_bits.random(bits.shape)
    bits[specks < 0.0006] = 0
    bits[specks > 0.9985] = 255
    tall = np.repeat(bits, 2, axis=0)
    return np.asarray(cv2.cvtColor(tall, cv2.COLOR_GRAY2BGR), np.uint8)


def faxed_fine(image: Pixels, rng: random.Random) -> Pixels:
    """One bit at 200 dots an inch."""
    image = skewed(image, rng, 1.0)
    gray = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 0.8)
    bits = np.where(_noise(np.asarray(gray, np.uint8), rng, 22) > rng.randint(140, 180), 255, 0).astype(
        np.uint8
    )
    return np.asarray(cv2.cvtColor(bits, cv2.COLOR_GRAY2BGR), np.uint8)


def stained(image: Pixels, rng: random.Random) -> Pixels:
    """A stamp, highlighter and pen strokes over the text."""
    high, wide = image.shape[:2]
    page = image.astype(np.float32)
    for _ in range(rng.randint(3, 6)):
        y, x = rng.randint(300, high - 300), rng.randint(100, wide // 2)
        tint = np.array(rng.choice([(90, 255, 255), (150, 255, 150), (255, 190, 255)]), np.float32) / 255
        page[y : y + rng.randint(26, 40), x : x + rng.randint(200, 700)] *= tint
    layer = Image.new("RGBA", (700, 220), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    color = rng.choice([(190, 20, 30, 120), (30, 50, 170, 120)])
    draw.rectangle((8, 8, 690, 210), outline=color, width=8)
    draw.text(
        (60, 70),
        rng.choice(["RECEIVED", "REVIEWED", "COPY", "FAXED"]),
        font=_font(rng, 84, style="Sans"),
        fill=color,
    )
    layer = layer.rotate(rng.uniform(-25, 25), expand=True)
    base = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)[:, :, ::-1])
    base.paste(layer, (rng.randint(100, 800), rng.randint(500, high - 600)), layer)
    draw = ImageDraw.Draw(base)
    for _ in range(rng.randint(2, 4)):
        x, y = rng.randint(120, wide - 500), rng.randint(400, high - 300)
        points = [(x + i * 30, y + rng.randint(-14, 14)) for i in range(rng.randint(6, 16))]
        draw.line(points, fill=(30, 40, 150), width=rng.randint(2, 4), joint="curve")
    return _noise(np.asarray(base, np.uint8)[:, :, ::-1].copy(), rng, 4)


DAMAGES: dict[str, Callable[[Pixels, random.Random], Pixels]] = {
    "plain": plain, "turned": turned, "skewed": skewed, "photo": photographed, "fax": faxed, "fax-fine": faxed_fine, "stained": stained,
}  # fmt: skip


def make(layout: str, damage: str, seed: int) -> HardPage:
    """The page of this layout, damage and seed."""
    rng = random.Random(f"{layout}/{damage}/{seed}")
    sheet = _Sheet(rng)
    LAYOUTS[layout](sheet)
    pixels = np.asarray(sheet.image, np.uint8)[:, :, ::-1].copy()
    image = DAMAGES[damage](pixels, rng)
    return HardPage(f"{layout}/{damage}", seed, image, "\n".join(sheet.lines), tuple(sheet.identifiers))


def png(page: HardPage) -> bytes:
    """The page as a PNG file."""
    stream = BytesIO()
    Image.fromarray(page.image[:, :, ::-1]).save(stream, "PNG")
    return stream.getvalue()
