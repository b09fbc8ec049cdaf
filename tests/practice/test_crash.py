"""Killed, out of disk, failing to read back: every report exactly once, nothing lost, the store opens."""

import errno
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from operator import methodcaller
from pathlib import Path

import pytest

from clinical.errors import HomeError
from clinical.report import DeidentifiedReport, ExtractedReport, Identity, ReportFile, Structure
from practice.database import Database
from practice.home import Home
from practice.jobs import Jobs
from practice.keys import Keys
from practice.store import Store
from practice.taken import TakenReport

KILLS = 20
ROOT = Path(__file__).parents[2]

# Takes files from a folder as intake does: unseen ones are kept, then removed from the folder.
KEEPER = """
import hashlib, sys
from operator import methodcaller
from pathlib import Path
from clinical.report import *
from practice.home import Home
from practice.keys import Keys
from practice.store import Store
from practice.taken import TakenReport

home = Home.open(Path(sys.argv[1]))
store = Store.open(home, Keys.load(home, Path(sys.argv[2])))
print("ready", flush=True)
for path in sorted(home.inbox.iterdir()):
    content = path.read_bytes()
    if not store.seen(hashlib.sha256(content).hexdigest()):
        text = content.decode()
        if text.endswith("3"):
            store.quarantine(ReportFile(path.name, content), "empty", "Send it again.")
        else:
            who = Identity(mrn=text, name=f"Doe, {text}", birth_date="1950-01-02")
            extracted = ExtractedReport(text=text * 50, identity=who, status="final", signed=True)
            taken = TakenReport(extracted, DeidentifiedReport(text * 50), Structure(), author="Anna Weber")
            store.keep(ReportFile(path.name, content), [taken], [("prepare", {})])
    path.unlink()
    print("file", flush=True)
print("done", flush=True)
"""


def test_killed_at_twenty_random_moments_every_report_is_there_once(tmp_path):
    home = Home.create(tmp_path / "home")
    key = tmp_path / "key"
    keys = Keys.create(home, key)
    total = 600
    for number in range(total):
        (home.inbox / f"{number:05}").write_text(f"n{number}")
    chance, kills = random.Random(7), 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", KEEPER, str(home.root), str(key)], cwd=ROOT, stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout.readline() == b"ready\n"
            if kills == KILLS:
                assert process.stdout.read().endswith(b"done\n")
                break
            for _ in range(chance.randint(0, 20)):
                assert process.stdout.readline() == b"file\n"
            time.sleep(chance.uniform(0.0, 0.03))  # somewhere within one of the next files
            process.send_signal(signal.SIGKILL)
            kills += 1
    assert process.returncode == 0

    store = Store.open(home, keys)
    assert store.database.check()
    kept = [
        store.original_text(row.id)[: store.original_text(row.id).index("n", 1)] for row in store.reports()
    ]
    listed = [store.original(row.id).content.decode() for row in store.quarantined()]
    assert sorted(kept + listed) == sorted(f"n{number}" for number in range(total))
    assert Jobs(store).pending() == len(kept) == store.counts().patients
    rows = store.database.all("SELECT id, sealed_name FROM files")
    assert {row["sealed_name"] for row in rows} == set(store.originals.names())
    for row in rows:
        assert store.original(row["id"] if row["id"][0] == "q" else store.database.one(
            "SELECT id FROM reports WHERE file_id = ?", (row["id"],))["id"]).content  # fmt: skip
    assert {path.stem for path in home.quarantine.iterdir()} == {row.id for row in store.quarantined()}
    assert list(home.inbox.iterdir()) == []
    store.close()


def _keep_all(root: Path, key: Path) -> None:
    home = Home.open(root)
    store = Store.open(home, Keys.load(home, key))
    for number in range(25):
        store.keep(ReportFile("a", f"content {number}".encode()), [one(f"text {number}")], [("prepare", {})])
        store.quarantine(ReportFile("a", f"bad {number}".encode()), "empty", "m")


def test_four_processes_that_take_the_same_files_keep_each_once(tmp_path):
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_keep_all, args=(home.root, tmp_path / "key")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    store = Store.open(home, keys)
    counts = store.counts()
    assert (counts.reports, counts.quarantined, Jobs(store).pending()) == (25, 25, 25)
    assert len(store.originals.names()) == 50 == len(list(home.quarantine.iterdir())) * 2
    store.close()


def dies_at(step: int, action: Callable[[Store], object], home: Home, keys: Keys) -> bool:
    """Run an action in a process that kills itself at its nth flush or statement; False if it got through."""
    child = os.fork()
    if child == 0:
        count = 0

        def step_on(original: Callable[..., object]) -> Callable[..., object]:
            def stepped(*args: object, **fields: object) -> object:
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*args, **fields)

            return stepped

        try:
            store = Store.open(home, keys)
            os.fsync = step_on(os.fsync)
            Path.unlink = step_on(Path.unlink)
            Database.execute = step_on(Database.execute)
            action(store)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_at_every_single_step_of_keeping_the_report_is_whole_or_absent(tmp_path):
    two = replace(one("B"), extracted=replace(one("B").extracted, report_index=1))
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    file = ReportFile("a", b"content")
    step = 0
    while True:
        step += 1
        died = dies_at(step, lambda store: store.keep(file, [one("A"), two], [("prepare", {})]), home, keys)
        store = Store.open(home, keys)
        counts = store.counts()
        whole = (2, 1, 2, {"ready": 2})
        assert (counts.reports, counts.files, counts.patients, counts.jobs) in (whole, (0, 0, 0, {}))
        assert len(store.originals.names()) == counts.files
        assert store.seen(hashlib.sha256(b"content").hexdigest()) == bool(counts.files)
        for row in store.reports():
            assert store.original(row.id).content == b"content" and store.find("A")
        if not died:
            assert counts.reports == 2
            break
        if counts.reports:
            store.forget(store.reports()[0].id)
            store.forget(store.reports()[0].id)
        store.close()
    store.close()
    assert step > 15, step


def test_killed_at_every_single_step_of_forgetting_it_is_there_or_gone(tmp_path):
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    step = 0
    while True:
        step += 1
        store = Store.open(home, keys)
        for row in store.reports():
            store.forget(row.id)
        (report_id,) = store.keep(ReportFile("a", f"content {step}".encode()), [one("Zebra")])
        store.close()
        died = dies_at(step, methodcaller("forget", report_id), home, keys)
        store = Store.open(home, keys)
        left = [row.id for row in store.reports()]
        assert left in ([report_id], [])
        assert len(store.originals.names()) == store.counts().files == store.counts().patients == len(left)
        assert len(store.find("zebra")) == len(left)
        if left:
            assert store.original(report_id).content
        assert store.database.check()
        store.close()
        if not died:
            assert left == []
            break
    assert step > 8, step


def one(text: str) -> TakenReport:
    extracted = ExtractedReport(text=text, identity=Identity(), status="final", signed=True)
    return TakenReport(extracted, DeidentifiedReport(text), Structure(), author="Anna Weber")


FULL = """
import resource, signal, sys
from operator import methodcaller
from pathlib import Path
from clinical.errors import HomeError
from clinical.report import *
from practice.home import Home
from practice.keys import Keys
from practice.store import Store
from practice.taken import TakenReport

home = Home.open(Path(sys.argv[1]))
store = Store.open(home, Keys.load(home, Path(sys.argv[2])))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
text = "word " * 5000
taken = TakenReport(ExtractedReport(text=text), DeidentifiedReport(text), Structure())
kept = 0
try:
    for number in range(200):
        store.keep(ReportFile("a", bytes(f"{number}", "ascii") * int(sys.argv[4])), [taken])
        kept += 1
except HomeError as error:
    print(kept, bool(error.remedy), len(store.originals.names()), store.counts().reports, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.keep(ReportFile("b", b"after making room"), [taken])
    print(store.counts().reports, flush=True)
"""


@pytest.mark.parametrize(
    ("limit", "size"), [(100_000, 60_000), (700_000, 10)], ids=["the original", "the database"]
)
def test_a_full_disk_keeps_nothing_half_and_goes_on_after_room_was_made(tmp_path, limit, size):
    home = Home.create(tmp_path / "home")
    key = tmp_path / "key"
    keys = Keys.create(home, key)
    Store.open(home, keys).close()
    command = [sys.executable, "-c", FULL, str(home.root), str(key), str(limit), str(size)]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    kept, remedy, originals, counted, after = output
    assert remedy == "True" and int(kept) < 200
    assert kept == originals == counted and int(after) == int(kept) + 1
    store = Store.open(home, keys)
    assert store.database.check() and store.counts().reports == int(after)
    store.close()


def test_a_disk_that_returns_other_bytes_is_noticed_before_the_commit(store, monkeypatch):
    monkeypatch.setattr("practice.originals.Originals.read", lambda *_: b"other")
    with pytest.raises(HomeError, match="differently"):
        store.keep(ReportFile("a", b"x"), [one("A")])
    assert store.counts().files == 0 and store.originals.names() == ()


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_a_failing_flush_of_an_original_keeps_nothing(store, monkeypatch, fault):
    def fail(_: int) -> None:
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patch:
        patch.setattr("practice.originals.os.fsync", fail)
        with pytest.raises(HomeError, match="full or failing"):
            store.keep(ReportFile("a", b"x"), [one("A")])
    assert store.counts().files == 0 and store.originals.names() == ()
    assert not store.seen(hashlib.sha256(b"x").hexdigest())
    store.keep(ReportFile("a", b"x"), [one("A")])
