"""``resident up`` for real: drop a report, be answered over MCP, stop in order, die whole."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from mcp_tools.session import Call, call_over_stdio
from practice.settings import Physician
from practice.tokens import Tokens
from resident.setup import make_practice, open_practice

REPORT = """CHEST X-RAY
Patient: Quimby Vanterpool   MRN: 4471182   DOB: 03/14/1961
Date: 2026-03-04

FINDINGS: The heart is enlarged. No pneumothorax. There is a small left pleural effusion.

IMPRESSION: Cardiomegaly with small left pleural effusion.

Electronically signed by: Anna Weber, MD on 2026-03-04 14:22
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = make_practice(tmp_path / "home", "embedded", (Physician("Anna Weber, MD"),), tmp_path / "key")
    config = made.config.read_text("utf-8")
    made.config.write_text(re.sub(r"# port = \d+", f"port = {free_port()}", config), "utf-8")
    return made.root


@contextmanager
def running(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "resident", "--home", str(home), "up"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("stop with"):
                break
        yield process
    finally:
        process.kill()
        process.wait()


def until(what: object, seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def left_of(children: list[psutil.Process]) -> list[psutil.Process]:
    left = []
    for child in children:
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                left.append(child)
    return left


def test_a_dropped_report_is_answered_over_stdio_and_the_tree_stops_in_order(home: Path) -> None:
    with open_practice(home) as practice, running(home) as process:
        (home / "inbox" / "report.txt").write_text(REPORT, "utf-8")
        until(lambda: practice.store.reports(trainable=True))
        (row,) = practice.store.reports()
        until(lambda: practice.store.answer(row.id, "anomalies", None))
        assert not (home / "inbox" / "report.txt").exists()
        secret = Tokens(practice.store).create("editor").secret
        session = call_over_stdio(
            sys.executable,
            ["-m", "resident", "--home", str(home), "mcp"],
            {"RESIDENT_TOKEN": secret, "PYTHONPATH": str(Path(__file__).parents[2])},
            [Call("list_reports", {}), Call("summarize", {"report_id": row.id})],
        )
        listed, summary = (reply.content for reply in session.replies)
        assert listed["reports"][0]["id"] == row.id
        assert any("effusion" in claim["text"] for claim in summary["claims"])
        assert "Vanterpool" not in str(summary) and "4471182" not in str(summary)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
        until(lambda: not left_of(children), 15)


def test_a_killed_tree_leaves_no_process_behind_and_starts_again(home: Path) -> None:
    with running(home) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until(lambda: not left_of(children), 60)
    with running(home) as again:
        assert again.poll() is None


def test_a_second_up_on_the_same_home_is_refused(home: Path) -> None:
    with running(home):
        second = subprocess.run(
            [sys.executable, "-m", "resident", "--home", str(home), "up"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert second.returncode == 3 and "Another Resident" in second.stderr
