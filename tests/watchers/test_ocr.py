"""Reading of page images: order, levelling, blanks, mended words, doubt; and a few hard pages as a whole."""
# ruff: noqa: E501

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench.hard_pages import _font, make
from bench.ocr_scores import score
from clinical.report import Doubtful
from watchers.extract import ocr, tesseract
from watchers.extract.doubt import Evidence, _beside, confirms, doubtful, kept_reading, numbers, plain
from watchers.extract.neural import Glyph, Line
from watchers.extract.options import ExtractOptions
from watchers.extract.page_colour import lighten, take_out_marks
from watchers.extract.page_geometry import bilevel, ink, inked, leveling, move, without_rules
from watchers.extract.page_layout import Piece, arrange
from watchers.extract.page_marks import find_boxes, left_over
from watchers.extract.pdf import join_pages
from watchers.extract.plausible import odd_numbers
from watchers.extract.points import blots, points_of, printed_points
from watchers.extract.spelling import mend_words
from watchers.extract.stamps import gravest, stamped

QUICK = ExtractOptions(threads=1)


def line(text: str, odds: float = 0.9) -> Line:
    return Line(tuple(Glyph(c, odds, "", 1 - odds, (i + 0.5) / len(text)) for i, c in enumerate(text)))


def order(boxes: list[tuple[float, float, float, int]]) -> list[list[int]]:
    """Rows of indices for boxes of (left, top, right, characters), each 20 high."""
    pieces = [
        Piece(i, left, top, right, top + 20, chars) for i, (left, top, right, chars) in enumerate(boxes)
    ]
    return [[piece.index for piece in row.pieces] for row in arrange(pieces)]


def test_cells_of_a_table_stay_in_their_rows() -> None:
    rows = [(x, 100 + 40 * y, x + 120, 9) for y in range(8) for x in (100, 400, 700)]
    assert order(rows) == [[3 * y, 3 * y + 1, 3 * y + 2] for y in range(8)]


def test_two_columns_are_read_one_after_the_other_between_head_and_foot() -> None:
    left = [(100, 200 + 30 * y, 500, 42) for y in range(10)]
    right = [(560, 200 + 30 * y, 950, 42) for y in range(10)]
    boxes = [
        (100, 100, 900, 60),
        *[b for pair in zip(left, right, strict=True) for b in pair],
        (100, 700, 400, 20),
    ]
    flat = [index for row in order(boxes) for index in row]
    assert flat == [0, *range(1, 21, 2), *range(2, 21, 2), 21]


def test_lone_signs_at_the_edge_or_in_the_gutter_leave_the_columns_apart() -> None:
    left = [(100, 200 + 30 * y, 500, 42) for y in range(20)]
    right = [(560, 200 + 30 * y, 900 + 6 * y, 42) for y in range(20)]
    dirt = [(1240, 230, 1250, 1), (520, 440, 530, 1)]
    flat = [index for row in order([*left, *right, *dirt]) for index in row]
    assert [index for index in flat if index < 40] == list(range(40))


def test_label_and_value_pairs_are_no_columns() -> None:
    boxes = [b for y in range(6) for b in ((100, 100 + 40 * y, 300, 14), (600, 100 + 40 * y, 800, 12))]
    assert order(boxes) == [[2 * y, 2 * y + 1] for y in range(6)]


@pytest.mark.parametrize(("slope", "converge"), [(0.03, 0.0), (-0.08, 0.0), (0.0, 0.08), (0.05, -0.06)])
def test_skew_and_perspective_are_levelled(slope: float, converge: float) -> None:
    def bend(x: float, y: float) -> tuple[float, float]:
        x, y = (x - 800) / 1100, (y - 1100) / 1100
        weight = 1 + converge * x
        return 800 + 1100 * (x - slope * y) / weight, 1100 + 1100 * (y + slope * x) / weight

    boxes = []
    for y in range(200, 2100, 60):
        right = 1400 if y % 180 else 900
        corners = [(150, y), (right, y), (right, y + 30), (150, y + 30)]
        boxes.append(np.array([bend(*c) for c in corners], np.float32))
    matrix = leveling(boxes, (2200, 1600))
    assert matrix is not None
    tilts = [abs(math.atan2(b[1][1] - b[0][1], b[1][0] - b[0][0])) for b in move(boxes, matrix)]
    assert max(tilts) < 0.004


def test_a_level_page_is_left_alone() -> None:
    boxes = [
        np.array([[100, y], [900, y], [900, y + 30], [100, y + 30]], np.float32) for y in range(100, 900, 50)
    ]
    assert leveling(boxes, (1200, 1000)) is None


def test_the_inked_part_of_a_page_is_found_without_specks() -> None:
    page = np.full((800, 600, 3), 250, np.uint8)
    assert inked(page) == (0, 0, 600, 800)
    page[300:320, 200:260] = 120
    page[760, 580] = 0
    left, top, right, bottom = inked(page)
    assert left <= 200 - 40 and 260 + 40 <= right <= 340
    assert top <= 300 - 40 and 320 + 40 <= bottom <= 400


def test_rules_go_and_minus_signs_stay() -> None:
    page = np.full((400, 600, 3), 255, np.uint8)
    page[100:103, 50:550] = 0
    page[50:350, 50:52] = 0
    page[200:203, 200:214] = 0
    rules = without_rules(page, 30.0)
    assert rules.count == 2
    assert rules.image[101, 300].min() > 200
    assert rules.image[201, 205].max() < 60


def test_check_boxes_are_told_apart() -> None:
    page = np.full((200, 400, 3), 255, np.uint8)
    for x, marked in ((50, True), (150, False), (250, True)):
        page[80:104, x : x + 24] = 0
        page[82:102, x + 2 : x + 22] = 255
        if marked:
            for step in range(18):
                page[83 + step : 86 + step, x + 3 + step : x + 6 + step] = 0
    assert [b.marked for b in sorted(find_boxes(ink(page), 28.0), key=lambda b: b.left)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("The mitrai valve", "The mitral valve"), ("0kafor, Lena | D0B: 10/5", "Okafor, Lena | DOB: 10/5"), ("HbAlc 10.8%", "HbA1c 10.8%"),
        ('37.4 "C', "37.4 °C"), ("60 mL/min/1.73 m7", "60 mL/min/1.73 m²"), ("4.1 10~9/L", "4.1 10^9/L"), ("proxímal", "proximal"), ("another S-mm port, l cm", "another 5-mm port, 1 cm"),
        ("B12 T10 L4-L5 2nd H2O", "B12 T10 L4-L5 2nd H2O"), ("Mr. Kaiset and Iiona", "Mr. Kaiset and Iiona"), ("MRN: A0B12", "MRN: A0B12"),
        ("was 3.4. ± 0.4 cm, 32. mm", "was 3.4 ± 0.4 cm, 32 mm"), ("Mar 17., 2009", "Mar 17, 2009"), ("seen 2022 -01- 20.", "seen 2022-01-20."), ("grade 2. no effusion", "grade 2. no effusion"),
    ],
)  # fmt: skip
def test_slips_are_mended_only_where_one_reading_is_left(read: str, meant: str) -> None:
    assert mend_words(line(read)).text == meant


def test_a_lone_mark_counts_only_beside_text() -> None:
    page = np.full((600, 800), 255, np.uint8)
    text = np.array([[100, 100], [500, 100], [500, 130], [100, 130]], np.float32)
    page[104:126, 600:604] = 0  # a figure one in the row of the text
    page[500:522, 300:304] = 0  # dirt far below it
    (found,) = left_over(ink(page), [text], 30)
    assert 580 < found[0][0] < 610


def test_what_is_read_twice() -> None:
    text = "K 5.9 mmol/L (3.5-5.1) H, see T10; DOB: 03/14/1962. MRN:A-77 -2.0 ± 0.3"
    found = [text[a:b] for a, b in numbers(line(text))]
    assert found == ["5.9", "3.5-5.1", "T10", "03/14/1962", "MRN:A-77", "-2.0", "0.3"]
    lost = "gave 12 5 mg on May 3, 2024 at 09 15"
    assert [lost[a:b] for a, b in numbers(line(lost))] == ["12 5", "3", "2024", "09 15"]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("K 5.9 mmol", "K 59 mmol", "59"), ("K 5.9 mmol", "K S.9mmol", "S.9"), ("K 5.9 mmol", "", ""), ("K 5.9 mmol", "K 5.9 mmol", "5.9"),
        ("K 5.9 mmol", "K 15.9 mmol", "15.9"), ("K 5.9 mmol", "K 5.90 mmol", "5.90"), ("K 5.9 mmol", "K 3.5-5.9 mmol", "3.5-5.9"),
    ],
)  # fmt: skip
def test_the_second_reading_is_found_beside_the_first(first: str, second: str, wanted: str) -> None:
    assert _beside(first, 2, 5, second) == wanted


def evidence(odds: float, alone: str, second: str) -> Evidence:
    return Evidence(0, 0, 3, "5.9", odds, alone, second, "5.0")


def test_readings_that_differ_make_a_number_doubtful() -> None:
    assert not doubtful(evidence(0.9999, "5.9", "5.9"))
    assert doubtful(evidence(0.3, "5.9", "5.9"))
    assert doubtful(evidence(0.9999, "5.9", "59"))
    assert doubtful(evidence(0.8, "59", "59"))
    assert plain("10^9/L µg") == plain("10^9/L μg")
    assert not doubtful(Evidence(0, 0, 3, "5.9", 0.9999, "5.9", None, "5.0"))
    assert doubtful(Evidence(0, 0, 3, "5.9", 0.99, "5.9", None, "5.0"))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("≥9.5", "29.5", True),
        ("±0.3", "+0.3", True),
        ("10^9/L", "1049/L", True),
        ("5.9", "59", False),
        ("3.5", "8.5", False),
        ("-1.0", "1.0", False),
    ],
)
def test_signs_that_the_second_reader_cannot_print_are_no_difference(
    first: str, second: str, same: bool
) -> None:
    assert confirms(first, second) == same


def test_the_two_second_readings_outvote_an_unsure_first_one_and_blanks_are_mended() -> None:
    assert (
        kept_reading(Evidence(0, 0, 10, "03/o9/2022", 0.77, "03/09/2022", "03/09/2022", "")) == "03/09/2022"
    )
    assert kept_reading(Evidence(0, 0, 3, "5.9", 0.999, "5.0", "5.0", "")) == "5.9"
    assert (
        kept_reading(Evidence(0, 0, 11, "2013-01 -15", 1.0, "2013-01 -15", "2013-01-15", "")) == "2013-01-15"
    )
    assert kept_reading(Evidence(0, 0, 4, "12 5", 1.0, "12 5", "12.5", "")) == "12 5"


def test_without_the_neural_reader_tesseract_reads_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    if not tesseract.installed():
        pytest.skip("tesseract is not installed")
    monkeypatch.setattr(ocr, "_neural", lambda: None)
    page = make("prose", "plain", 3)
    (read,) = ocr.read_images([page.image], QUICK)
    assert read.read
    assert read.warnings == ("read without the neural reader",)
    found = score(page.text, read.text, read.doubtful, page.identifiers)
    assert found.errors < 0.12 * found.length


def test_without_tesseract_nothing_is_confirmed_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "installed", lambda: False)
    assert tesseract.read_lines([np.full((30, 200, 3), 255, np.uint8)]) == [""]
    assert tesseract.orientation(np.full((30, 200, 3), 255, np.uint8)) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "damage"),
    [("table", "turned"), ("columns", "photo"), ("prose", "stained"), ("table", "fax"), ("form", "skewed")],
)
def test_hard_pages(layout: str, damage: str) -> None:
    page = make(layout, damage, 11)
    (read,) = ocr.read_images([page.image], QUICK)
    found = score(page.text, read.text, read.doubtful, page.identifiers)
    assert found.errors < (0.06 if "fax" in damage or layout == "form" else 0.02) * found.length
    assert found.unmarked <= 2
    for mark in read.doubtful:
        assert read.text[mark.start : mark.end] == mark.readings[0]
        assert len(mark.readings) > 1


@pytest.mark.slow
def test_a_fax_of_which_too_little_is_left_is_unread_and_not_guessed() -> None:
    page = make("form", "fax-fine", 301)
    (read,) = ocr.read_images([page.image], QUICK)
    assert not read.read
    assert "could not be read" in join_pages([(1, None, read, "")], "image/png").warnings[0]


def test_scores_count_wrong_marked_and_vain_numbers() -> None:
    text = "K 5.8 and Na 140 on 3/4"
    marks = (Doubtful(2, 5, ("5.8", "5.9")), Doubtful(13, 16, ("140", "14")))
    found = score("K 5.9 and Na 140 on 3/4", text, marks, ("Na 140", "nobody"))
    assert (found.wrong, found.unmarked, found.right, found.in_vain) == (1, 0, 2, 1)
    assert (found.identifiers, found.identifiers_read, found.errors) == (2, 1, 1)


def drawn(text: str, *, size: int = 26) -> tuple[np.ndarray, Line]:
    """A line of print with its glyphs where they stand."""
    font = _font(random.Random(3), size, style="DejaVuSans")
    wide = int(font.getlength(text)) + 40
    image = Image.new("RGB", (wide, int(size * 1.5)), "white")
    ImageDraw.Draw(image).text((20, 4), text, font=font, fill="black")
    places = [(20 + font.getlength(text[:i]) + font.getlength(c) / 2) / wide for i, c in enumerate(text)]
    glyphs = tuple(Glyph(c, 0.99, "", 0.01, x) for c, x in zip(text, places, strict=True))
    return np.asarray(image, np.uint8)[:, :, ::-1].copy(), Line(glyphs)


@pytest.mark.parametrize(
    ("text", "points"), [("13.3", (2,)), ("4.7", (1,)), ("138", ()), ("0.25", (1,)), ("12-34", ())]
)
def test_decimal_points_are_seen_in_the_ink(text: str, points: tuple[int, ...]) -> None:
    crop, line = drawn(text)
    assert points_of(line.glyphs, blots(crop)) == points == printed_points(text)
    without = [glyph for glyph in line.glyphs if glyph.char != "."]
    assert points_of(without, blots(crop)) == points


def test_a_point_that_readers_lost_is_put_back_and_doubtful() -> None:
    lost = Evidence(0, 0, 3, "133", 0.99, "13.3", "133", "133", (2,))
    assert kept_reading(lost) == "13.3"
    assert doubtful(lost)
    # The ink alone may be dirt.
    dirty = Evidence(0, 0, 3, "133", 0.99, "133", "133", "133", (2,))
    assert kept_reading(dirty) == "133"
    assert doubtful(dirty)
    # A date has no decimal points.
    assert (
        kept_reading(Evidence(0, 0, 7, "0225/24", 0.99, "02.25/24", "0225/24", "0225/24", (3,))) == "0225/24"
    )
    # Tesseract alone loses it: the ink confirms it.
    assert not doubtful(Evidence(0, 0, 4, "13.3", 0.99, "13.3", "133", "13.3", (2,)))
    assert not doubtful(Evidence(0, 0, 4, "13.3", 0.99, "13.3", "13:3", "13.3", (2,)))
    assert doubtful(Evidence(0, 0, 4, "13.3", 0.99, "13.3", "133", "13.3", ()))
    assert doubtful(Evidence(0, 0, 4, "13.3", 0.99, "13.3", "12:3", "13.3", (2,)))


def test_a_letter_alone_in_a_cell_is_read_twice_and_before_a_flag_it_is_a_figure() -> None:
    assert numbers(line("O")) == [(0, 1)]
    assert mend_words(line("O L")).text == "0 L"
    assert mend_words(line("12.0 - 16.0.")).text == "12.0 - 16.0"


def test_a_colon_or_a_point_where_another_sign_belongs_is_doubtful() -> None:
    colon = Evidence(0, 0, 4, "37:5", 0.99, "37:5", "37:5", "37.5")
    assert kept_reading(colon) == "37.5"
    assert doubtful(colon)
    assert not doubtful(Evidence(0, 0, 5, "07:15", 0.99, "07:15", "07:15", "07:16"))
    thousand = Evidence(0, 0, 5, "1,000", 0.9, "1.000", "1.000", "1.000", (1,))
    assert kept_reading(thousand) == "1,000"
    assert doubtful(thousand)


def test_a_page_of_ink_and_paper_alone_is_told_from_one_with_shades() -> None:
    page = make("prose", "fax", 3).image
    assert bilevel(page)
    assert not bilevel(make("prose", "plain", 3).image)


TABLE = """Potassium   5.9   mmol/L   3.5 - 5.1   H
Sodium   139   mmol/L   135 - 145
Calcium   7.1   mg/dL   8.5 - 10.2   L
Creatinine   {creatinine}   mg/dL   0.6 - 1.3
Lactate   {lactate}   mmol/L   0.5 - 2.2   {flag}
TSH   1.2   {cell}   2.3   0.8"""


@pytest.mark.parametrize(
    ("creatinine", "lactate", "flag", "cell", "noisy", "odd"),
    [
        ("0.9", "3.1", "H", "2.4", False, []),
        ("9.0", "3.1", "H", "2.4", False, ["9.0"]),  # out of range and not flagged, as the others are
        ("0.9", "1.3", "H", "2.4", False, ["1.3"]),  # flagged and within its range
        ("0.9", "31", "H", "24", False, []),
        ("0.9", "31", "H", "24", True, ["31", "24"]),
    ],
)
def test_numbers_that_the_page_contradicts_are_odd(
    creatinine: str, lactate: str, flag: str, cell: str, noisy: bool, odd: list[str]
) -> None:
    text = TABLE.format(creatinine=creatinine, lactate=lactate, flag=flag, cell=cell)
    assert [text[d.start : d.end] for d in odd_numbers(text, noisy=noisy)] == odd


def test_on_a_noisy_page_a_torn_number_is_doubtful_though_both_readers_agree() -> None:
    torn = Evidence(0, 0, 10, "2019 07-01", 0.99, "2019 07-01", "2019 07-01", "2019 07-01", (), True, True)
    assert doubtful(torn)
    assert not doubtful(replace(torn, noisy=False))
    assert not doubtful(replace(torn, torn=False))


@pytest.mark.parametrize("text", ["48/", "/.3", "1.000", "6 5"])
def test_forms_that_slips_take_are_doubtful_though_both_readers_agree(text: str) -> None:
    assert doubtful(Evidence(0, 0, len(text), text, 0.999, text, text, text))


def test_a_stamp_over_print_is_taken_out_and_coloured_print_stays() -> None:
    font = _font(random.Random(3), 26, style="DejaVuSans")
    sheet = Image.new("RGB", (900, 500), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((60, 60), "Potassium 5.9 mmol/L", font=font, fill=(20, 20, 25))
    draw.text((60, 400), "Sodium 151 H", font=font, fill=(200, 10, 20))
    printed = np.asarray(sheet, np.uint8)[:, :, ::-1].copy()
    assert take_out_marks(printed, 36) is None
    stamp = Image.new("RGBA", (900, 500), (0, 0, 0, 0))
    ImageDraw.Draw(stamp).rectangle((40, 40, 420, 110), outline=(190, 20, 30, 120), width=9)
    ImageDraw.Draw(stamp).line((60, 75, 380, 80), fill=(190, 20, 30, 120), width=8)
    sheet.paste(stamp, (0, 0), stamp)
    stamped = np.asarray(sheet, np.uint8)[:, :, ::-1].copy()
    cleaned = take_out_marks(stamped, 36)
    assert cleaned is not None
    off = np.abs(cleaned.astype(int) - printed.astype(int)).max(axis=2)
    assert np.abs(stamped.astype(int) - printed.astype(int)).max(axis=2)[:150].mean() > 6
    assert off[:150].mean() < 3
    assert not off[350:].any()


@pytest.mark.slow
@pytest.mark.parametrize(("word", "status"), [("DRAFT", "preliminary"), ("RECEIVED", None)])
def test_a_coloured_stamp_tells_the_status(word: str, status: str | None) -> None:
    sheet = Image.fromarray(make("prose", "plain", 3).image[:, :, ::-1])
    stamp = Image.new("RGBA", (700, 220), (0, 0, 0, 0))
    font = _font(random.Random(3), 90, style="DejaVuSans")
    ImageDraw.Draw(stamp).rectangle((8, 8, 690, 210), outline=(190, 20, 30, 150), width=8)
    ImageDraw.Draw(stamp).text((120, 60), word, font=font, fill=(190, 20, 30, 150))
    stamp = stamp.rotate(14, expand=True)
    sheet.paste(stamp, (700, 1500), stamp)
    (read,) = ocr.read_images([np.asarray(sheet, np.uint8)[:, :, ::-1].copy()], QUICK)
    reading = join_pages([(1, None, read, "")], "image/png")
    assert reading.status == status
    assert word not in reading.text
    assert ("a stamp calls the report preliminary" in reading.warnings) == (status is not None)


def test_of_several_stamps_the_gravest_counts_and_one_letter_may_be_misread() -> None:
    assert stamped([line("DRAFI"), line("AMENDED"), line("FAXED"), line("COPY")]) == (
        "preliminary",
        "amended",
    )
    assert stamped([line("DRAFT", 0.3), line("The draft was read")]) == ()
    assert gravest(("amended", "preliminary")) == "preliminary"
    assert gravest(()) is None


def test_a_page_in_the_dark_is_brightened_and_a_bright_one_left() -> None:
    page = np.full((800, 600, 3), 240, np.uint8)
    page[100:110, 100:400] = 30
    assert lighten(page) is page
    dark = (page * 0.4).astype(np.uint8)
    lit = lighten(dark)
    assert lit[400, 300, 0] > 190
    assert lit[105, 200, 0] < 40
