"""The home and its key: where they may lie, what is refused, and how a key comes back from paper."""

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.errors import HomeError, HomeLocked, KeyMissing
from practice.home import Home, Mount, read_mounts, why_unfit, write_atomically
from practice.keys import KEY_BYTES, Keys, key_path, recover
from practice.store import Store

LOCAL = (Mount(Path("/"), "ext4"), Mount(Path("/mnt/share"), "cifs"), Mount(Path("/mnt/share/local"), "xfs"))


@pytest.mark.parametrize(
    ("path", "fit"),
    [
        ("/home/a/.resident", True),
        ("/mnt/share/resident", False),
        ("/mnt/sharefolder/resident", True),
        ("/mnt/share/local/resident", True),
        ("/home/a/Dropbox/resident", False),
        ("/home/a/Dropbox (Praxis)/resident", False),
        ("/home/a/OneDrive - Praxis/resident", False),
        ("/Users/a/Library/Mobile Documents/com~apple~CloudDocs/resident", False),
        ("/Users/a/iCloud Drive/resident", False),
        ("/home/a/Google Drive/resident", False),
        ("/home/a/Dropboxer/resident", True),
    ],
)
def test_homes_lie_on_local_disks_that_nobody_copies(path, fit):
    assert (why_unfit(Path(path), LOCAL) is None) == fit


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "fuse.rclone", "drvfs", "ceph", "fuse.newcloud"],
)
def test_every_network_file_system_is_refused(kind):
    assert kind in why_unfit(Path("/data/home"), (Mount(Path("/"), "ext4"), Mount(Path("/data"), kind)))


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "apfs", "tmpfs", "overlay", "fuse.gocryptfs", "fuseblk"]
)
def test_local_file_systems_are_accepted(kind):
    assert why_unfit(Path("/data/home"), (Mount(Path("/"), "ext4"), Mount(Path("/data"), kind))) is None


def test_what_the_machine_runs_from_is_accepted():
    assert why_unfit(Path("/root/home"), (Mount(Path("/"), "9p"),)) is None


def test_mounts_with_blanks_and_later_mounts_over_earlier_ones_are_understood(tmp_path):
    table = tmp_path / "mounts"
    table.write_text("a / ext4 rw 0 0\nb /my\\040share nfs rw 0 0\nc /my\\040share ext4 rw 0 0\nbroken\n")
    mounts = read_mounts(table)
    assert mounts[1].point == Path("/my share")
    assert why_unfit(Path("/my share/home"), mounts) is None
    assert read_mounts(tmp_path / "none") == ()


def test_a_home_on_a_synced_folder_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(HomeError) as caught:
        Home.create(tmp_path / "Dropbox" / "home")
    assert caught.value.remedy and not (tmp_path / "Dropbox").exists()


def test_a_home_is_not_made_among_other_files(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(HomeError, match="not empty"):
        Home.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_link_into_a_synced_folder_is_seen_through(tmp_path):
    (tmp_path / "OneDrive").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "OneDrive")
    with pytest.raises(HomeError):
        Home.create(tmp_path / "link" / "home")


def test_a_home_is_private_and_found_again(tmp_path):
    home = Home.create(tmp_path / "home")
    for path in (home.root, home.originals, home.tmp, home.run, home.quarantine, home.releases):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert Home.open(tmp_path / "home") == home
    with pytest.raises(HomeError, match="already"):
        Home.create(tmp_path / "home")


@pytest.mark.parametrize("content", [None, "{", '{"id": "x"}', '{"id": "x", "format": 99}'])
def test_what_is_no_home_is_refused_with_a_remedy(tmp_path, content):
    if content is not None:
        (tmp_path / "home.json").write_text(content)
    with pytest.raises(HomeError) as caught:
        Home.open(tmp_path)
    assert caught.value.remedy


def test_what_dead_processes_left_in_tmp_is_wiped_at_start(tmp_path):
    home = Home.create(tmp_path / "home")
    (home.tmp / "999999999-dead").mkdir()
    (home.tmp / "999999999-dead" / "page.png").write_bytes(b"x")
    (home.tmp / "stray.txt").write_text("x")
    with home.private_tmp() as alive:
        assert stat.S_IMODE(alive.stat().st_mode) == 0o700
        Home.open(home.root)
        assert {path.name for path in home.tmp.iterdir()} == {alive.name, "stray.txt"}
        with home.lock():  # the service starts
            assert list(home.tmp.iterdir()) == [alive]
    assert list(home.tmp.iterdir()) == []


def _try_lock(root, results):
    try:
        with Home.open(root).lock():
            results.put("locked")
    except HomeLocked as error:
        results.put((str(error), error.remedy))


def test_one_service_holds_the_home(tmp_path):
    home = Home.create(tmp_path / "home")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with home.lock():
        process = context.Process(target=_try_lock, args=(home.root, results))
        process.start()
        message, remedy = results.get(timeout=60)
        process.join()
    assert str(os.getpid()) in message and remedy
    with home.lock():
        pass


def test_an_atomic_write_that_fails_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr("practice.home.os.fsync", fail)
    with pytest.raises(OSError):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_the_key_lies_outside_the_home_and_only_for_its_owner(tmp_path):
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "keys" / "practice.key")
    path = tmp_path / "keys" / "practice.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keys.load(home, path) == keys
    assert keys.master.hex() not in "".join(
        file.read_text("latin-1") for file in home.root.rglob("*") if file.is_file()
    )
    with pytest.raises(HomeError, match="cloud"):
        Keys.random().write(home, tmp_path / "OneDrive" / "practice.key")
    with pytest.raises(HomeError, match="inside"):
        Keys.random().write(home, home.root / "practice.key")
    with pytest.raises(HomeError, match="already"):
        keys.write(home, path)
    assert key_path(home, tmp_path) == tmp_path / f"{home.id}.key"


def test_a_missing_wrong_open_or_broken_key_is_named_with_a_remedy(tmp_path):
    home = Home.create(tmp_path / "home")
    path = tmp_path / "key"
    Keys.create(home, path)
    other_home = Home.create(tmp_path / "other")
    other = tmp_path / "otherkey"
    Keys.create(other_home, other)
    (tmp_path / "broken").write_text("zz")
    (tmp_path / "short").write_text("ab")
    for bad in ("broken", "short"):
        (tmp_path / bad).chmod(0o600)
    for bad in (tmp_path / "none", other, tmp_path / "broken", tmp_path / "short"):
        with pytest.raises(KeyMissing) as caught:
            Keys.load(home, bad)
        assert caught.value.remedy
    path.chmod(0o644)
    with pytest.raises(KeyMissing, match="others"):
        Keys.load(home, path)


def test_subkeys_differ_by_purpose_and_are_stable():
    keys = Keys(bytes(range(32)))
    subkeys = [keys.database, keys.originals, keys.split, keys.names, keys.audit, keys.surrogates]
    assert len(set(subkeys)) == len(subkeys) and all(len(key) == KEY_BYTES for key in subkeys)
    assert keys.split.hex() == "e9a1c743e0905f046fb04096b1f70c2874cc68508116396458a256b1fcda38dc"
    assert "00010203" not in repr(keys)


def test_a_lost_key_comes_back_from_paper_and_opens_the_store(tmp_path):
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    code = keys.recovery_code()
    Store.open(home, keys).close()
    (tmp_path / "key").unlink()
    found = recover(f"  {code.lower().replace('-', ' ')} ".replace("0", "o").replace("1", "l"))
    found.check(home)
    found.write(home, tmp_path / "key")
    Store.open(home, Keys.load(home, tmp_path / "key")).close()
    with pytest.raises(KeyMissing):
        Keys.random().write(home, tmp_path / "wrong")


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.data())
def test_a_recovery_code_survives_the_way_back_and_no_typing_error(master, data):
    code = Keys(master).recovery_code()
    assert recover(code).master == master
    place = data.draw(st.integers(0, len(code) - 1).filter(lambda index: code[index] != "-"))
    other = data.draw(
        st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ").filter(lambda char: char != code[place])
    )
    with pytest.raises(KeyMissing):
        recover(code[:place] + other + code[place + 1 :])
    with pytest.raises(KeyMissing):
        recover(code[:-1])


@pytest.mark.parametrize("code", ["", "-", "ABCD", "U" * 56, "Z" * 56, "ä" * 56])
def test_what_is_no_recovery_code_is_refused(code):
    with pytest.raises(KeyMissing):
        recover(code)


def test_a_home_that_lost_its_key_check_still_tells_the_right_key_from_a_wrong_one(tmp_path):
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    Store.open(home, keys).close()
    check = home.root / "key.json"
    assert set(json.loads(check.read_text())) == {"check"}
    check.unlink()
    with pytest.raises(KeyMissing):
        Store.open(home, Keys.random())
    assert not check.exists()
    Store.open(home, Keys.load(home, tmp_path / "key")).close()
    assert check.exists()
    check.write_text("{")
    with pytest.raises(HomeError, match=r"key\.json"):
        keys.check(home)
