"""Releases: whole or absent, checked when loaded, promoted and rolled back, retired."""

import json

import pytest

from clinical.errors import HomeError, NotFound, Refused
from practice.home import Home
from practice.releases import Earned, Lineage, Releases


@pytest.fixture
def releases(tmp_path):
    return Releases(Home.create(tmp_path / "home"))


def publish(releases, content=b"weights", **fields):
    folder = releases.create_dir()
    (folder / "model.gguf").write_bytes(content)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "weights.safetensors").write_bytes(b"adapter")
    return releases.publish(
        folder,
        **{
            "gguf": "model.gguf",
            "base": "embedded",
            "quantization": "q8_0",
            "scores": {"summarize": {"rouge_l": 0.31}},
            "earned": (Earned("summarize"), Earned("ask", "chest x-ray")),
            "lineage": Lineage(("r-1", "r-2"), ("b-1",), {"rank": 8}),
            "prompt_hash": "abc",
            "decision": {"promote": True},
            "files": ["adapter/weights.safetensors"],
        }
        | fields,
    )


def test_a_release_comes_back_as_it_was_published(releases):
    release = publish(releases)
    assert releases.get(release.id) == release == releases.load(release.id)
    assert release.folder.name == release.id and release.gguf.read_bytes() == b"weights"
    assert release.lineage == Lineage(("r-1", "r-2"), ("b-1",), {"rank": 8})
    assert release.answers("summarize", "ct chest") and release.answers("ask", "chest x-ray")
    assert not release.answers("ask") and not release.answers("diagnose", "chest x-ray")
    assert set(release.files) == {"adapter/weights.safetensors"}


def test_without_a_manifest_there_is_no_release(releases):
    folder = releases.create_dir()
    (folder / "model.gguf").write_bytes(b"half")
    assert releases.list() == () and releases.current() is None
    for name in (folder.name, "none", "../originals", ""):
        with pytest.raises(NotFound):
            releases.get(name)
    assert releases.sweep() == 1 and not folder.exists()


def test_a_missing_file_publishes_nothing(releases):
    with pytest.raises(HomeError, match="untouched"):
        publish(releases, files=["absent.txt"])
    assert releases.list() == ()


def test_a_release_is_published_once(releases):
    release = publish(releases)
    with pytest.raises(Refused):
        releases.publish(
            release.folder,
            gguf="model.gguf",
            base="b",
            quantization="q",
            scores={},
            lineage=Lineage(),
            prompt_hash="",
            decision={},
        )


@pytest.mark.parametrize("name", ["model.gguf", "adapter/weights.safetensors"])
@pytest.mark.parametrize("fault", ["changed", "removed"])
def test_a_changed_or_missing_file_is_never_loaded(releases, name, fault):
    release = publish(releases)
    path = release.folder / name
    path.unlink() if fault == "removed" else path.write_bytes(b"other")
    with pytest.raises(HomeError):
        releases.load(release.id)
    with pytest.raises(HomeError):
        releases.promote(release.id)
    assert releases.current() is None


def test_promote_and_rollback_keep_a_history(releases):
    one, two, three = (publish(releases, str(number).encode()) for number in range(3))
    for release in (one, two, two, three):
        releases.promote(release.id)
    assert releases.history() == (one.id, two.id, three.id) and releases.current() == three
    assert releases.rollback() == two and releases.current() == two
    releases.promote(three.id)
    releases.hold(two.id, "wrong side")
    assert releases.rollback() == one  # over the held one
    with pytest.raises(Refused):
        releases.rollback()
    assert releases.current() == one
    releases.withdraw()
    assert releases.current() is None


def test_a_rollback_skips_a_release_that_is_damaged(releases):
    one, two, three = (publish(releases, str(number).encode()) for number in range(3))
    for release in (one, two, three):
        releases.promote(release.id)
    two.gguf.write_bytes(b"rot")
    assert releases.rollback() == one


def test_a_held_release_does_not_answer_until_the_hold_is_lifted(releases):
    release = publish(releases, held="more wrong numbers than extract mode")
    with pytest.raises(Refused, match="more wrong numbers"):
        releases.promote(release.id)
    releases.unhold(release.id)
    assert releases.promote(release.id).held is None


def test_retention_spares_the_current_and_the_one_before(releases):
    published = [publish(releases, str(number).encode()) for number in range(5)]
    releases.promote(published[0].id)
    releases.promote(published[1].id)
    kept = {published[0].id, published[1].id, published[4].id}
    assert set(releases.prune(1)) == {release.id for release in published} - kept
    assert {release.id for release in releases.list()} == kept
    with pytest.raises(Refused):
        releases.retire(published[1].id)
    releases.retire(published[4].id)


def test_a_broken_pointer_is_said_and_not_guessed(releases, tmp_path):
    release = publish(releases)
    releases.promote(release.id)
    (release.folder.parent / "current.json").write_text("{")
    with pytest.raises(HomeError):
        releases.current()


def test_a_pointer_that_cannot_be_written_leaves_the_old_one(releases, monkeypatch):
    one, two = publish(releases, b"1"), publish(releases, b"2")
    releases.promote(one.id)

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("practice.home.os.fsync", fail)
    with pytest.raises(OSError):
        releases.promote(two.id)
    monkeypatch.undo()
    assert releases.current() == one


def test_the_manifest_holds_ids_and_no_path_of_the_machine(releases):
    release = publish(releases)
    manifest = json.loads((release.folder / "manifest.json").read_text())
    assert str(release.folder.parent) not in json.dumps(manifest)
