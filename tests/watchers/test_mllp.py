"""MLLP over a real socket: acknowledged only when durable."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.intake_soak import QuickDeidentifier, settings_for
from clinical.errors import HomeError
from clinical.report import ReportFile
from practice.home import Home
from practice.keys import Keys
from practice.store import Store
from watchers.folder import Watch
from watchers.intake import Outcome, take_file
from watchers.mllp import Listener

MESSAGE = (
    "MSH|^~\\&|LAB|HOSP|EHR|CLINIC|20240305||ORU^R01|MSG7|P|2.5\rPID|1||77^^^H^MR||Rivera^Ana||19620314|F\r"
    "OBR|1||A7|^Chest X-ray|||20240305|||||||||||||||||||F\rOBX|1|TX|^Findings||Clear lungs.||||||F\r"
)


@contextmanager
def listening(take: Callable[[ReportFile], Outcome]) -> Iterator[Listener]:
    listener = Listener("127.0.0.1", 0, take, max_bytes=100_000)
    listener.start()
    try:
        yield listener
    finally:
        listener.close()


def send(port: int, *messages: str, parts: int = 1) -> list[str]:
    """A sender: frames out, acknowledgements in."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for message in messages:
            frame = b"\x0b" + message.encode() + b"\x1c\r"
            step = max(1, len(frame) // parts)
            for at in range(0, len(frame), step):
                connection.sendall(frame[at : at + step])
            data = b""
            while not data.endswith(b"\x1c\r"):
                part = connection.recv(4096)
                if not part:
                    break
                data += part
            answers.append(data.strip(b"\x0b\x1c\r").decode())
    return answers


def test_a_message_is_acknowledged_after_it_is_stored(store: Store, watched: Watch) -> None:
    def take(file: ReportFile) -> Outcome:
        return take_file(file, store, watched.deidentifier, watched.settings)

    with listening(take) as listener:
        first, again, other = send(
            listener.port, MESSAGE, MESSAGE, MESSAGE.replace("A7", "A8").replace("Clear", "Wet"), parts=7
        )
    assert "MSA|AA|MSG7" in first
    assert first.startswith("MSH|^~\\&|EHR|CLINIC|LAB|HOSP|")
    assert "MSA|AA|MSG7" in again
    assert "MSA|AA" in other
    assert store.counts().reports == 2


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (MESSAGE.replace("ORU^R01", "ADT^A01"), "MSA|AR|MSG7|Messages of type ADT^A01".replace("^", " ")),
        ("hello", "MSA|AR"),
        (MESSAGE.split("OBX")[0], "MSA|AR|MSG7"),
    ],
)
def test_what_is_not_taken_is_refused_with_a_reason(
    store: Store, watched: Watch, message: str, code: str
) -> None:
    def take(file: ReportFile) -> Outcome:
        return take_file(file, store, watched.deidentifier, watched.settings)

    with listening(take) as listener:
        (answer,) = send(listener.port, message)
    assert code in answer
    assert store.counts().reports == 0


def test_a_store_that_fails_is_no_acknowledgement() -> None:
    def take(file: ReportFile) -> Outcome:
        raise HomeError("The disk is full.")

    with listening(take) as listener:
        (answer,) = send(listener.port, MESSAGE)
    assert "MSA|AE|MSG7" in answer
    assert "Rivera" not in answer


DYING = """
import os, sys, time
from pathlib import Path
from bench.intake_soak import QuickDeidentifier, settings_for
from practice.home import Home
from practice.keys import Keys
from practice.home import Home
from practice.keys import Keys
from practice.store import Store
from watchers.intake import take_file
from watchers.mllp import Listener

home = Home.open(Path(sys.argv[1]))
store = Store.open(home, Keys.load(home, Path(sys.argv[2])))

def take(file):
    take_file(file, store, QuickDeidentifier(), settings_for(home))
    os.kill(os.getpid(), 9)

listener = Listener("127.0.0.1", 0, take, max_bytes=100_000)
listener.start()
print(listener.port, flush=True)
time.sleep(60)
"""


def test_killed_between_commit_and_acknowledgement_the_second_copy_is_known(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "home")
    keys = Keys.create(home, tmp_path / "key")
    process = subprocess.Popen(
        [sys.executable, "-c", DYING, str(home.root), str(tmp_path / "key")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with pytest.raises(OSError):
        (answer,) = send(int(process.stdout.readline()), MESSAGE)
        if "MSA|AA" not in answer:
            raise ConnectionResetError
    assert process.wait(timeout=30) == -9
    process.stdout.close()
    store = Store.open(home, keys)
    assert store.counts().reports == 1

    def take(file: ReportFile) -> Outcome:
        return take_file(file, store, QuickDeidentifier(), settings_for(home))

    with listening(take) as listener:
        (answer,) = send(listener.port, MESSAGE)
    assert "MSA|AA|MSG7" in answer
    assert store.counts().reports == 1
    store.close()


def test_an_endless_message_is_cut_off() -> None:
    def take(file: ReportFile) -> Outcome:
        raise AssertionError

    with (
        listening(take) as listener,
        socket.create_connection(("127.0.0.1", listener.port), timeout=30) as connection,
    ):
        connection.sendall(b"\x0b" + b"MSH|" + b"x" * 300_000)
        assert b"MSA|AR" in connection.recv(4096)
