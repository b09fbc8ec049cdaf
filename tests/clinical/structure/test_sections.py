"""Headings: listed, by form, run-in, without colon; and what is none."""

import pytest

from clinical.structure.sections import canonical_name, find_sections, find_subsections


def names_of(text: str) -> list[tuple[str, str]]:
    return [(section.name, section.heading) for section in find_sections(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FINDINGS: Clear.\nIMPRESSION: Normal.", [("findings", "FINDINGS"), ("impression", "IMPRESSION")]),
        (
            "Findings:\nClear.\n\nConclusion:\nNormal.",
            [("findings", "Findings"), ("impression", "Conclusion")],
        ),
        (
            "PREOPERATIVE DIAGNOSIS\nGoiter.\n\nANESTHESIA\nGeneral.",
            [("diagnosis", "PREOPERATIVE DIAGNOSIS"), ("anesthesia", "ANESTHESIA")],
        ),
        ("HPI: Cough for a week. PLAN: Rest.", [("history", "HPI"), ("plan", "PLAN")]),
        ("**Plan:** rest", [("plan", "Plan")]),
        ("## Findings\nClear.", [("findings", "Findings")]),
        ("LUMBAR FACET TABLE:  Set up.\n", [("other", "LUMBAR FACET TABLE")]),
        ("FAMILY AND SOCIAL HISTORY: None.", [("family_history", "FAMILY AND SOCIAL HISTORY")]),
        ("Dictated at 10: see chart", []),
        ("MRN: 12345\nName: X", []),
        ("", []),
    ],
)
def test_headings_are_found_with_their_canonical_names(text: str, expected: list[tuple[str, str]]) -> None:
    assert names_of(text) == expected


def test_a_section_reaches_to_the_next_heading_without_trailing_blanks() -> None:
    text = "FINDINGS: Clear lungs.\n\n\nIMPRESSION: Normal.  "
    first, second = find_sections(text)
    assert text[first.start : first.end] == "FINDINGS: Clear lungs."
    assert text[second.start : second.end] == "IMPRESSION: Normal."


def test_parts_of_an_examination_are_nested_and_not_sections() -> None:
    text = "PHYSICAL EXAM: GENERAL: well. HEENT: normal.\nLUNGS: Clear.\nPLAN: Rest."
    sections = find_sections(text)
    assert [section.name for section in sections] == ["physical_exam", "plan"]
    parts = find_subsections(text, sections)
    assert [part.name for part in parts] == ["general", "heent", "lungs"]
    assert text[parts[2].start : parts[2].end].startswith("LUNGS: Clear")


def test_vital_signs_stand_alone_outside_an_examination() -> None:
    text = "REVIEW OF SYSTEMS: negative.\nVITAL SIGNS: BP 120/80."
    assert [section.name for section in find_sections(text)] == ["review_of_systems", "vital_signs"]


def test_copies_of_a_letter_are_no_chief_complaint() -> None:
    assert canonical_name("CC") == "indication"
    assert names_of("CC: headache\n\nHPI: x\n\nCC: Dr. Smith") == [("indication", "CC"), ("history", "HPI")]
