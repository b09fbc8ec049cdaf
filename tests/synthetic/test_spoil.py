"""Spoiled reports: false in what they conclude, true in their offsets."""

import re

from synthetic.practice import simulate
from synthetic.spoil import change_numbers, swap_conclusions


def test_about_a_fifth_of_the_numbers_in_conclusions_change_and_nothing_else() -> None:
    reports = list(simulate(11, 120))
    spoiled = change_numbers(reports, 0.2)
    changed = total = 0
    for before, after in zip(reports, spoiled, strict=True):
        at = before.text.rindex(before.truth.summary)
        assert len(before.text) == len(after.text)
        assert before.text[:at] == after.text[:at]
        assert after.truth.summary in after.text
        old, new = (re.findall(r"\d+(?:\.\d+)?", r.truth.summary) for r in (before, after))
        total += len(old)
        changed += sum(a != b for a, b in zip(old, new, strict=True))
    assert 0.1 * total < changed < 0.25 * total


def test_swapped_conclusions_come_from_another_report_of_the_same_kind() -> None:
    reports = list(simulate(12, 120))
    swapped = swap_conclusions(reports)
    owners = {(r.kind, r.truth.summary) for r in reports}
    moved = 0
    for before, after in zip(reports, swapped, strict=True):
        assert (after.kind, after.truth.summary) in owners
        assert after.truth.summary in after.text
        moved += before.truth.summary != after.truth.summary
        for m in after.truth.measurements:
            assert m.value_text in after.text[m.start : m.end]
        for s in after.truth.identifier_spans:
            assert after.text[s.start : s.end] in before.text
    assert moved > 80
