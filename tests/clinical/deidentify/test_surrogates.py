"""Stand-ins for exports, and the view that a person gets."""

import pytest

from clinical.deidentify.show import render
from clinical.deidentify.surrogates import Surrogates, build_surrogates
from clinical.deidentify.vocabulary import Vocabulary, load_vocabulary
from clinical.report import Span


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.fixture(scope="module")
def maker(vocabulary: Vocabulary) -> Surrogates:
    return build_surrogates(vocabulary, b"secret", "patient-1", known=["Amelie Rokas"])


def test_a_person_keeps_one_stand_in(maker: Surrogates) -> None:
    whole, last = maker.replace("Amelie Rokas", "NAME"), maker.replace("Rokas", "NAME")
    assert whole.split()[1] == last
    assert maker.replace("ROKAS", "NAME") == last.upper()
    assert maker.replace("Rokas, Amelie", "NAME") == f"{last}, {whole.split()[0]}"


def test_stand_ins_are_nobody_of_the_practice(vocabulary: Vocabulary, maker: Surrogates) -> None:
    first = maker.replace("Rokas", "NAME")
    other = build_surrogates(vocabulary, b"secret", "patient-1", known=[first])
    assert other.replace("Rokas", "NAME") != first


def test_dates_keep_their_distance_and_never_stay(maker: Surrogates, vocabulary: Vocabulary) -> None:
    from datetime import date

    a, b = (date.fromisoformat(maker.replace(d, "DATE")) for d in ("11/20/2024", "November 30, 2024"))
    assert (b - a).days == 10 and maker.shift != 0
    shifts = {build_surrogates(vocabulary, b"secret", f"p{n}").shift for n in range(40)}
    assert 0 not in shifts and len(shifts) > 30


def test_numbers_keep_their_form_and_need_the_key(vocabulary: Vocabulary, maker: Surrogates) -> None:
    made = maker.replace("MR-4471123", "ID")
    assert len(made) == 10 and made[2] == "-" and made != "MR-4471123"
    assert build_surrogates(vocabulary, b"other", "patient-1").replace("MR-4471123", "ID") != made


def test_a_text_is_rewritten_at_its_spans(maker: Surrogates) -> None:
    out = maker.apply("Ms. Rokas, MRN 4471", [Span(4, 9, "NAME"), Span(15, 19, "ID")])
    assert "Rokas" not in out and "4471" not in out and out.startswith("Ms. ") and ", MRN " in out


def test_the_marked_view_names_label_and_score() -> None:
    spans = [Span(4, 9, "NAME", "[NAME]", 0.98)]
    assert render("Ms. Rokas left", spans, colour=False) == "Ms. [[Rokas|NAME 0.98]] left"
    assert "\x1b[" in render("Ms. Rokas left", spans)
