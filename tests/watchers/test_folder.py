"""The watched folder: nothing lost, nothing twice, whatever happens to it."""

import errno
import os
import shutil
import threading
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bench.intake_soak import report_text
from clinical.errors import HomeError
from clinical.report import ReportFile
from practice.home import Home
from practice.store import Store
from watchers.folder import MAX_KILLS, MAX_TRIES, Watch, watch
from watchers.intake import take_file


def looks(watched: Watch, times: int = 4) -> int:
    return sum(watched.step() for _ in range(times))


def test_a_dropped_file_is_kept_and_leaves_the_folder(home: Home, store: Store, watched: Watch) -> None:
    (home.inbox / "a.txt").write_text(report_text(1))
    assert looks(watched) == 1
    assert list(home.inbox.iterdir()) == []
    assert store.counts().taken == 1
    assert store.seen(sha256(report_text(1).encode()).hexdigest())


def test_a_file_stays_where_originals_are_kept(home: Home, store: Store, watched: Watch) -> None:
    watched.settings = replace(watched.settings, intake=replace(watched.settings.intake, keep_originals=True))
    (home.inbox / "a.txt").write_text(report_text(1))
    looks(watched, 8)
    assert [p.name for p in home.inbox.iterdir()] == ["a.txt"]
    assert (store.counts().reports, watched.progress.duplicates) == (1, 0)


def test_a_growing_file_waits_until_it_is_whole(home: Home, store: Store, watched: Watch) -> None:
    path = home.inbox / "slow.txt"
    text = report_text(7)
    for end in range(0, len(text), 60):
        path.write_text(text[:end])
        assert watched.step() == 0
    path.write_text(text)
    looks(watched)
    assert store.counts().reports == 1


def test_the_same_content_under_two_names_is_one_report(home: Home, store: Store, watched: Watch) -> None:
    for name in ("a.txt", "b.txt", "c/d.txt"):
        (home.inbox / name).parent.mkdir(exist_ok=True)
        (home.inbox / name).write_text(report_text(2))
    looks(watched)
    assert (store.counts().reports, watched.progress.duplicates) == (1, 2)
    assert [p for p in home.inbox.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "name", ["line\nbreak.txt", "\u202efdp.txt", "-rf.txt", "a" * 240 + ".txt", "b\tc\x01.txt", "🙂.txt"]
)
def test_odd_names_are_files_like_others(home: Home, store: Store, watched: Watch, name: str) -> None:
    (home.inbox / name).write_text(report_text(3))
    looks(watched)
    assert store.counts().reports == 1


def test_links_pipes_and_unfinished_files_are_passed_over(
    home: Home, store: Store, watched: Watch, tmp_path: Path
) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text(report_text(4))
    (home.inbox / "link.txt").symlink_to(outside)
    (home.inbox / "dir").symlink_to(tmp_path)
    os.mkfifo(home.inbox / "pipe")
    (home.inbox / "x.txt.part").write_text(report_text(5))
    (home.inbox / ".hidden").write_text(report_text(6))
    assert looks(watched) == 0
    assert store.counts().reports == 0
    assert outside.exists()


def test_a_file_deleted_while_being_looked_at_is_no_error(home: Home, store: Store, watched: Watch) -> None:
    path = home.inbox / "gone.txt"
    path.write_text(report_text(1))
    watched.step()
    path.unlink()
    assert looks(watched) == 0
    assert watched.settler.waiting() == ()


def test_a_file_replaced_while_being_taken_is_not_lost(home: Home, store: Store, watched: Watch) -> None:
    path = home.inbox / "a.txt"
    path.write_text(report_text(1))

    class Replaces:
        def deidentify(self, *args: object, **more: object):  # type: ignore[no-untyped-def]
            if store.counts().reports == 0 and path.read_text() != report_text(2):
                path.write_text(report_text(2))
            return inner.deidentify(*args, **more)  # type: ignore[arg-type]

    inner = watched.deidentifier
    watched.deidentifier = Replaces()
    looks(watched, 8)
    assert store.counts().reports == 2


def test_a_full_disk_leaves_the_file_and_later_takes_it(
    home: Home, store: Store, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home.inbox / "a.txt"
    path.write_text(report_text(1))
    full = [True]
    keep = Store.keep

    def failing(self: Store, *args: object, **more: object) -> tuple[str, ...]:
        if full[0]:
            raise HomeError("The disk is full.") from OSError(errno.ENOSPC, "full")
        return keep(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "keep", failing)
    looks(watched)
    assert path.exists()
    assert watched.progress.failed >= 1
    full[0] = False
    looks(watched, 80)
    assert not path.exists()
    assert store.counts().reports == 1


def test_a_file_that_fails_again_and_again_is_set_aside(home: Home, store: Store, watched: Watch) -> None:
    (home.inbox / "poison.txt").write_text(report_text(1))
    calls = []

    class Breaks:
        def deidentify(self, *args: object, **more: object) -> object:
            calls.append(1)
            raise ValueError("a text of the patient that must go nowhere")

    watched.deidentifier = Breaks()  # type: ignore[assignment]
    looks(watched, 30)
    assert len(calls) == MAX_TRIES
    assert store.counts().quarantined == 1
    assert list(home.inbox.iterdir()) == []


def test_what_kills_intake_every_time_is_set_aside_in_the_end(
    home: Home, store: Store, watched: Watch
) -> None:
    (home.inbox / "killer.txt").write_text(report_text(1))

    class Kills:
        def deidentify(self, *args: object, **more: object) -> object:
            raise SystemExit(137)

    for _ in range(MAX_KILLS):
        again = Watch(watched.settings, store, Kills(), clock=watched.clock)  # type: ignore[arg-type]
        with pytest.raises(SystemExit):
            looks(again, 8)
    looks(Watch(watched.settings, store, Kills(), clock=watched.clock), 8)  # type: ignore[arg-type]
    assert store.counts().quarantined == 1


def test_a_folder_that_vanishes_and_returns(home: Home, store: Store, watched: Watch) -> None:
    (home.inbox / "a.txt").write_text(report_text(1))
    away = home.root / "away"
    home.inbox.rename(away)
    assert looks(watched) == 0
    away.rename(home.inbox)
    looks(watched)
    assert store.counts().reports == 1


def test_a_storm_of_renames_ends_with_each_report_once(home: Home, store: Store, watched: Watch) -> None:
    for number in range(12):
        (home.inbox / f"{number}.txt").write_text(report_text(number))
    for turn in range(6):
        for path in sorted(home.inbox.iterdir()):
            path.rename(home.inbox / f"{turn}-{path.name[-6:]}")
        watched.step()
    looks(watched, 6)
    assert store.counts().reports == 12


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("Electronically signed by: Lena Okafor, MD on 03/05/2024", "taken", None),
        ("Electronically signed by: Max Stone, MD on 03/05/2024", "held", "unknown signer"),
        ("Dictated by: Lena Okafor, MD", "held", "unsigned"),
        ("", "held", "unsigned"),
    ],
)
def test_only_the_practices_own_signature_lets_a_report_train(
    store: Store, watched: Watch, text: str, state: str, reason: str | None
) -> None:
    body = report_text(1).split("Electronically")[0] + text
    outcome = take_file(ReportFile("a.txt", body.encode()), store, watched.deidentifier, watched.settings)
    (row,) = store.reports()
    assert (row.state, row.reasons) == (state, (reason,) if reason else ())
    assert outcome.held == (state == "held")


def test_the_running_watch_takes_what_is_dropped_copied_and_moved_in(
    home: Home, store: Store, watched: Watch, tmp_path: Path
) -> None:
    (home.inbox / "before.txt").write_text(report_text(1))
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(watched.settings, store, watched.deidentifier, stop))
    thread.start()
    try:
        outside = tmp_path / "moved.txt"
        outside.write_text(report_text(2))
        shutil.move(outside, home.inbox / "moved.txt")
        (home.inbox / "new folder").mkdir()
        (home.inbox / "new folder" / "c.txt").write_text(report_text(3))
        deadline = time.monotonic() + 60
        while store.counts().reports < 3 and time.monotonic() < deadline:
            threading.Event().wait(0.05)
    finally:
        stop.set()
        thread.join(timeout=30)
    assert store.counts().reports == 3
    assert not thread.is_alive()
