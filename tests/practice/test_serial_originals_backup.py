"""Values as JSON, sealed files, and backups: what comes back is what went in, or it is an error."""

import json
import shutil
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.errors import HomeError, KeyMissing, NotFound, Refused
from clinical.report import (
    DeidentifiedReport,
    Doubtful,
    ExtractedReport,
    Finding,
    Identity,
    Measurement,
    Page,
    ReportFile,
    Section,
    Span,
    Structure,
)
from practice.backup import check, export, restore
from practice.home import Home
from practice.keys import Keys
from practice.originals import Originals, Sealed
from practice.releases import Releases
from practice.serial import from_json, to_json
from practice.store import Store

PARTS = (Section, Finding, Measurement, Page, Span, Doubtful, Identity)
WHOLES = (Structure, DeidentifiedReport, ExtractedReport)
for kind in (*PARTS, *WHOLES):  # every field drawn, also those that have a default
    st.register_type_strategy(kind, st.builds(kind, **{field.name: ... for field in fields(kind)}))
VALUES = st.one_of(*(st.from_type(kind) for kind in WHOLES))


@settings(deadline=None)
@given(VALUES)
def test_a_value_comes_back_from_json(value):
    text = to_json(value)
    back = from_json(type(value), text)
    assert back == value or "nan" in text.lower()
    assert to_json(back) == text


@pytest.mark.parametrize("kind", PARTS)
def test_every_field_of_a_part_survives(kind):
    whole = {
        Section: Section("impression", "IMP", 1, 2),
        Finding: Finding(1, 2, "nodule", "absent", "left", "mild", "findings"),
        Measurement: Measurement(
            "k", "4.0", 1, 9, 4.0, "<", "mmol/L", 3.5, 5.1, "printed", "H", True, "2024-01-01", "lab", True
        ),
        Page: Page(2, "ocr", 0.5),
        Span: Span(1, 2, "NAME", "[NAME]", 0.5, ("ner", "rules")),
        Doubtful: Doubtful(1, 2, ("a", "b")),
        Identity: Identity("1", "n", "a", "b", "F", "c", "d", "e", ("f", "g")),
    }[kind]
    defaults = {field.name: field.default for field in fields(kind)}
    assert all(getattr(whole, name) != default for name, default in defaults.items())
    assert from_json(kind, to_json(whole)) == whole


def test_older_rows_are_read_and_newer_ones_refused():
    assert from_json(Page, '{"v":1,"kind":"Page","value":{"number":1,"source":"text"}}') == Page(1, "text")
    for text in (
        '{"v":2,"kind":"Page","value":{"number":1,"source":"text"}}',
        '{"v":1,"kind":"Page","value":{"number":1,"source":"text","colour":"red"}}',
        '{"v":1,"kind":"Span","value":{}}',
    ):
        with pytest.raises(HomeError, match="newer"):
            from_json(Page, text)


def test_defaults_are_left_out():
    assert json.loads(to_json(Structure())) == {"v": 1, "kind": "Structure", "value": {}}


@pytest.fixture
def originals(tmp_path):
    (tmp_path / "originals").mkdir()
    return Originals(tmp_path / "originals", b"n" * 32, tmp_path / "lock")


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 5000])
def test_a_sealed_file_opens_with_its_key_only(originals, content):
    sealed = originals.seal("f-1", content)
    assert originals.read(sealed) == content
    with pytest.raises(HomeError):
        originals.read(Sealed(sealed.name, bytes(32)))
    assert sealed.key.hex() not in repr(sealed) and "f-1" not in sealed.name


def test_each_file_has_a_key_of_its_own(originals):
    one, two = originals.seal("f-1", b"same"), originals.seal("f-2", b"same")
    assert one.key != two.key and one.name != two.name


def test_a_changed_moved_or_missing_sealed_file_is_noticed(originals, tmp_path):
    sealed = originals.seal("f-1", b"content")
    path = tmp_path / "originals" / sealed.name
    whole = path.read_bytes()
    for place in (0, 20, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(HomeError):
            originals.read(sealed)
    path.write_bytes(whole[:-5])
    with pytest.raises(HomeError):
        originals.read(sealed)
    path.write_bytes(whole)
    moved = Sealed("f" * 64, sealed.key)
    path.rename(path.with_name(moved.name))
    with pytest.raises(HomeError):
        originals.read(moved)
    with pytest.raises(HomeError, match="missing"):
        originals.read(sealed)


@pytest.fixture
def practice(tmp_path, maker):
    home = Home.create(tmp_path / "home")
    store = Store.open(home, Keys.create(home, tmp_path / "key"))
    make = maker(store)
    for number in range(5):
        make.keep(f"Report {number}.")
    store.quarantine(ReportFile("a", b"x"), "empty", "m")
    yield store
    store.close()


def test_a_backup_of_a_home_in_use_is_restored_elsewhere(practice, tmp_path):
    folder = Releases(practice.home).create_dir()
    (folder / "model.gguf").write_bytes(b"half")
    target = tmp_path / "backup"
    assert export(practice, target) > 6
    found = check(target, practice.keys)
    assert found.whole and (found.reports, found.originals) == (5, 6)
    assert practice.keys.master.hex().encode() not in b"".join(
        path.read_bytes() for path in target.rglob("*") if path.is_file()
    )
    home = restore(target, tmp_path / "new", practice.keys)
    again = Store.open(home, practice.keys)
    assert [again.report(row.id) for row in again.reports()] == [
        practice.report(row.id) for row in practice.reports()
    ]
    assert [again.original(row.id) for row in again.reports()] == [
        practice.original(row.id) for row in practice.reports()
    ]
    assert len(list(home.quarantine.iterdir())) == 1
    again.close()


def test_what_is_wrong_with_a_backup_is_found(practice, tmp_path):
    target = tmp_path / "backup"
    export(practice, target)
    with pytest.raises(KeyMissing):
        check(target, Keys.random())
    original = next((target / "originals").iterdir())
    whole = original.read_bytes()
    original.write_bytes(whole[:-1] + b"\0")
    assert len(check(target, practice.keys).faults) == 2  # the hash, and it does not open
    with pytest.raises(HomeError):
        restore(target, tmp_path / "new", practice.keys)
    original.write_bytes(whole)
    assert check(target, practice.keys).whole
    original.unlink()
    assert not check(target, practice.keys).whole
    shutil.rmtree(target / "originals")
    (target / "backup.json").unlink()
    with pytest.raises(NotFound):
        check(target, practice.keys)


def test_a_backup_goes_to_an_empty_place_outside(practice, tmp_path):
    with pytest.raises(Refused):
        export(practice, practice.home.root / "backup")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(Refused):
        export(practice, tmp_path / "full")
    export(practice, tmp_path / "backup")
    with pytest.raises(HomeError):
        restore(tmp_path / "backup", tmp_path / "full", practice.keys)
