"""The engine in its own process: starts, is private, stops, dies with its parent, says why not."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from clinical.errors import EngineError
from clinical.prompts import build_prompt
from server.client import EngineClient
from server.engine import Engine, start_engine

ROOT = Path(__file__).parents[2]
REPORT = "CHEST X-RAY. Findings: left lower lobe opacity. Zebulon Quaxworth. Impression: pneumonia."


def gone(pid: int, patience: float = 10.0) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_an_engine_answers_in_the_form_of_the_schema(client: EngineClient) -> None:
    reply = json.loads(client.generate(build_prompt("summarize", [REPORT], sentences=1)))
    assert set(reply) == {"sentences"}
    assert all(isinstance(sentence, str) for sentence in reply["sentences"])


def test_an_engine_refuses_who_has_not_its_key(engine: Engine) -> None:
    request = urllib.request.Request(
        engine.url + "/v1/chat/completions",
        data=b'{"messages": [{"role": "user", "content": "hi"}]}',
        headers={"Content-Type": "application/json", "Authorization": "Bearer wrong"},
    )
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=10)
    assert error.value.code == 401


def test_an_engine_listens_on_loopback_only(engine: Engine) -> None:
    assert engine.url.startswith("http://127.0.0.1:")


def test_the_key_is_in_no_command_line_and_no_repr(engine: Engine) -> None:
    assert engine.pid is not None
    assert engine.key not in repr(engine)
    command = Path(f"/proc/{engine.pid}/cmdline")
    if not command.exists():
        pytest.skip("no /proc here")
    assert engine.key.encode() not in command.read_bytes()


def test_the_log_holds_no_words_of_a_prompt(engine: Engine, client: EngineClient, engine_log: Path) -> None:
    client.generate(build_prompt("ask", [REPORT], question="Who is Zebulon Quaxworth?"))
    with pytest.raises(EngineError):
        client.generate(build_prompt("summarize", ["Quaxworth " * 6000]))
    assert engine_log.exists()
    assert "Quaxworth" not in engine_log.read_text(errors="replace")
    assert engine_log.stat().st_mode & 0o077 == 0


def test_a_killed_engine_gives_an_engine_error_without_words_of_the_prompt(gguf: Path) -> None:
    engine = start_engine(gguf, threads=1, context=512, parallel=1)
    client = EngineClient.of(engine)
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    assert gone(engine.pid)
    deadline = time.monotonic() + 10
    while engine.alive() and time.monotonic() < deadline:  # until the parent has been told
        time.sleep(0.05)
    assert not engine.alive()
    with pytest.raises(EngineError) as error:
        client.generate(build_prompt("summarize", [REPORT]))
    assert "Quaxworth" not in str(error.value)
    engine.close()


def test_closing_stops_the_process_and_can_be_repeated(gguf: Path) -> None:
    engine = start_engine(gguf, threads=1, context=512, parallel=1)
    assert engine.pid is not None
    engine.close()
    engine.close()
    assert gone(engine.pid)
    assert not engine.alive()


def test_an_engine_dies_with_a_parent_that_was_killed(gguf: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from server.engine import start_engine\n"
        f"e = start_engine(Path({str(gguf)!r}), threads=1, context=512, parallel=1)\n"
        "print(e.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_an_engine_outlives_the_thread_that_started_it(gguf: Path) -> None:
    import threading

    started: list[Engine] = []
    thread = threading.Thread(
        target=lambda: started.append(start_engine(gguf, threads=1, context=512, parallel=1))
    )
    thread.start()
    thread.join()
    try:
        assert started[0].alive()
        assert EngineClient.of(started[0]).tokenize("still here")
    finally:
        started[0].close()


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"GGUF" + b"\x00" * 64], ids=["empty", "text", "torn"]
)
def test_a_bad_model_file_is_an_engine_error(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "model.gguf"
    bad.write_bytes(content)
    with pytest.raises(EngineError):
        start_engine(bad, threads=1, context=512, parallel=1, patience=30)


def test_a_missing_model_file_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="missing"):
        start_engine(tmp_path / "none.gguf")


def test_a_missing_llama_server_binary_is_an_engine_error(gguf: Path) -> None:
    with pytest.raises(EngineError, match="cannot be run"):
        start_engine(gguf, kind="/nowhere/llama-server")


def test_a_binary_that_ends_at_once_is_an_engine_error(gguf: Path, tmp_path: Path) -> None:
    binary = tmp_path / "llama-server"
    binary.write_text("#!/bin/sh\nexit 3\n")
    binary.chmod(0o755)
    with pytest.raises(EngineError):
        start_engine(gguf, kind=str(binary), patience=20)


def test_a_url_is_used_as_it_is_and_not_started(engine: Engine, gguf: Path) -> None:
    foreign = start_engine(gguf, kind=engine.url + "/v1", key=engine.key)
    assert foreign.pid is None
    assert foreign.alive()
    client = EngineClient.of(foreign)
    assert json.loads(client.generate(build_prompt("summarize", [REPORT], sentences=1)))
    foreign.close()
    assert engine.alive()


def test_a_url_where_nobody_answers_is_an_engine_error(gguf: Path) -> None:
    with pytest.raises(EngineError, match="does not answer"):
        start_engine(gguf, kind="http://127.0.0.1:9")
