"""Units: printed forms, conversion through the analyte, and UCUM codes that parse."""

import pytest

from clinical.structure.lexicon import rules
from clinical.structure.units import UnitMismatch, convert, same_kind, ucum


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("µg/L", "ug/L"),
        ("mcg/L", "ug/L"),
        ("x10E3/uL", "10*3/uL"),
        ("K/mcL", "10*3/uL"),
        ("10^9/L", "10*9/L"),
        ("M/uL", "10*6/uL"),
        ("mL/min/1.73 m²", "mL/min/{1.73_m2}"),
        ("/hpf", "/[HPF]"),
        ("mm Hg", "mm[Hg]"),
        ("mEq/L", "meq/L"),
        ("bogus", None),
    ],
)
def test_printed_units_become_ucum_codes(printed: str, code: str | None) -> None:
    assert ucum(printed) == code


@pytest.mark.parametrize(
    ("value", "source", "goal", "analyte", "expected"),
    [
        (100, "mg/dL", "mmol/L", "glucose", 5.55),
        (1.0, "mg/dL", "umol/L", "creatinine", 88.4),
        (200, "mg/dL", "mmol/L", "total cholesterol", 5.17),
        (150, "mg/dL", "mmol/L", "triglycerides", 1.69),
        (4.0, "meq/L", "mmol/L", "potassium", 4.0),
        (2.0, "meq/L", "mmol/L", "magnesium", 1.0),
        (98.6, "[degF]", "Cel", "", 37.0),
        (10, "10*3/uL", "10*9/L", "", 10),
        (12600, "/uL", "10*3/uL", "", 12.6),
        (13.5, "g/dL", "g/L", "hemoglobin", 135),
        (150, "[lb_av]", "kg", "", 68.0),
        (5.0, "kPa", "mm[Hg]", "", 37.5),
        (1, "m", "cm", "", 100),
    ],
)
def test_conversion(value: float, source: str, goal: str, analyte: str, expected: float) -> None:
    assert convert(value, source, goal, analyte) == pytest.approx(expected, rel=5e-3)
    assert convert(convert(value, source, goal, analyte), goal, source, analyte) == pytest.approx(value)


@pytest.mark.parametrize(
    ("source", "goal", "analyte"),
    [("mg/dL", "mmol/L", "nonesuch"), ("kg", "mmol/L", "glucose"), ("%", "mg/dL", "glucose")],
)
def test_units_that_do_not_fit_are_refused(source: str, goal: str, analyte: str) -> None:
    with pytest.raises(UnitMismatch):
        convert(1.0, source, goal, analyte)
    assert not same_kind(source, goal, analyte)


def test_units_outside_the_table_are_converted_by_the_library() -> None:
    assert convert(1.0, "km", "m") == pytest.approx(1000.0)


def test_every_code_of_the_table_is_valid_ucum() -> None:
    ucumvert = pytest.importorskip("ucumvert")
    registry = ucumvert.PintUcumRegistry()
    broken = []
    for code in rules("units.toml")["unit"]:
        plain = code
        if (
            "{" in plain
            or "'" in plain
            or code in ("[MET]", "[EU]", "s/co", "/[LPF]", "/[HPF]", "[diop]", "[IU]/mL")
        ):
            continue  # annotations and arbitrary units are valid UCUM that the library does not know
        try:
            registry.from_ucum(plain)
        except Exception:
            broken.append(code)
    assert broken == []
