"""The whole structure of small reports."""

from clinical.structure.build import build_structure


def test_a_printed_flag_unit_and_range_are_read_together() -> None:
    (value,) = build_structure("Potassium 5.9 H (3.5-5.1 mmol/L)").measurements
    assert (value.name, value.value, value.unit, value.flag) == ("potassium", 5.9, "mmol/L", "H")
    assert (value.low, value.high, value.range_source) == (3.5, 5.1, "printed")


def test_findings_carry_negation() -> None:
    structure = build_structure("No chest pain but he has fever.")
    assert [(f.concept, f.assertion) for f in structure.findings] == [
        ("chest pain", "absent"),
        ("fever", "present"),
    ]
