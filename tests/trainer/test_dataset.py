"""Splits hold for ever, and near-duplicates never stand on both sides."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clinical.report import Report
from tests.trainer.conftest import SECRET, folder_bytes, radiograph
from trainer.dataset import SPLITS, freeze, split_of
from trainer.duplicates import near_duplicates
from trainer.example import Example
from trainer.pairs import build_pairs


def test_the_split_is_about_80_10_10_and_depends_on_the_key() -> None:
    places = [split_of(f"patient {i}", SECRET) for i in range(5000)]
    assert abs(places.count("train") / 5000 - 0.8) < 0.02
    assert abs(places.count("test") / 5000 - 0.1) < 0.02
    assert places != [split_of(f"patient {i}", b"another key") for i in range(5000)]


@given(st.integers(0, 59))
def test_the_split_of_a_patient_never_changes_as_data_grows(some: int) -> None:
    few = {
        e.patient: name
        for name in SPLITS
        for e in getattr(freeze(build_pairs([radiograph(some)]), SECRET), name)
    }
    assert few == {f"p{some}": split_of(f"p{some}", SECRET)}


def test_no_patient_stands_in_two_splits(examples: Sequence[Example]) -> None:
    dataset = freeze(examples, SECRET)
    patients = [{e.patient for e in getattr(dataset, name)} for name in SPLITS]
    assert all(patients)
    assert not patients[0] & patients[1] and not patients[0] & patients[2] and not patients[1] & patients[2]


def test_a_near_duplicate_of_a_test_report_leaves_training() -> None:
    test = next(i for i in range(100) if split_of(f"p{i}", SECRET) == "test")
    train = next(i for i in range(100) if split_of(f"p{i}", SECRET) == "train")
    held = radiograph(test)
    copied = replace(held, id="copied", patient_id=f"p{train}")
    dataset = freeze(build_pairs([held, copied, radiograph(train)]), SECRET)
    assert {r.id for e in dataset.train for r in e.reports} == {f"r{train}-1"}
    assert {r.id for e in dataset.test for r in e.reports} == {held.id}
    assert sum(dataset.dropped.values()) > 0


def test_who_was_once_test_stays_test_after_a_join() -> None:
    test = next(f"p{i}" for i in range(100) if split_of(f"p{i}", SECRET) == "test")
    train = next(i for i in range(100) if split_of(f"p{i}", SECRET) == "train")
    made = build_pairs([radiograph(train)])
    assert freeze(made, SECRET).train
    joined = freeze(made, SECRET, joined={f"p{train}": [test]})
    assert joined.test and not joined.train


def test_near_duplicates_are_found_and_different_numbers_are_not() -> None:
    words = " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(120))
    panel = " ".join(f"analyte{chr(97 + i)} {i}.5 mmol" for i in range(20))
    other = " ".join(f"analyte{chr(97 + i)} {i}.7 mmol" for i in range(20))
    texts = {"a": words, "b": words + " addendum", "c": panel, "d": other, "e": ""}
    assert near_duplicates(texts) == [("a", "b")]


def test_the_frozen_list_holds_ids_and_no_text_and_its_manifest_is_last(
    examples: Sequence[Example], tmp_path: Path
) -> None:
    dataset = freeze(examples, SECRET, tmp_path)
    assert b"nodule" not in folder_bytes(tmp_path)
    manifest = json.loads((tmp_path / "dataset.json").read_text())
    assert manifest["sha256"] == dataset.sha256
    newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert newest.name == "dataset.json"


def test_the_name_of_a_dataset_changes_with_its_content(reports: Sequence[Report]) -> None:
    one = freeze(build_pairs(reports), SECRET)
    assert one.sha256 == freeze(build_pairs(reports), SECRET).sha256
    assert one.sha256 != freeze(build_pairs(reports[1:]), SECRET).sha256
