"""Size and odd input: time stays linear, nothing raises, offsets stay inside."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.structure.build import build_structure

PIECES = (
    "." * 40,
    " " * 40,
    "potassium from ",
    "no fever, ",
    "denies chest pain, cough ",
    "PLAN: ",
    "| Test | Result |\n",
    "\t",
    "1 x ",
    "1.5 cm ",
    "risk of bleeding infection death ",
    "Test  Result  Flag\n",
    "BP of is was ",
    "( ",
    "-" * 40,
    "[DATE-21d] ",
    "K 4 ",
)


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_linearly_with_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.process_time()
        build_structure(text)
        return time.process_time() - began

    build_structure(piece)
    short, long = seconds(20_000), seconds(80_000)
    assert long < 12 * short + 0.5


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("aKNP 1239.,:;()|\n\t<>%/-x[]*µ°²")), max_size=400))
def test_any_text_gives_offsets_inside_it(text: str) -> None:
    structure = build_structure(text)
    for part in (*structure.sections, *structure.findings, *structure.measurements):
        assert 0 <= part.start < part.end <= len(text)
    for measurement in structure.measurements:
        assert measurement.value_text in text
        assert measurement.low is None or measurement.high is None or measurement.low <= measurement.high


def test_words_in_random_order_never_raise() -> None:
    dice = random.Random(7)
    words = "Potassium 5.9 H ( 3.5 - 5.1 mmol/L ) no fever of mother BP 120/80 from to , . : | \n".split(" ")
    for _ in range(300):
        build_structure(" ".join(dice.choice(words) for _ in range(40)))
