"""The stdio proxy as an editor starts it: quick, light, honest when nobody answers."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from clinical.prompts import Prompt
from mcp_tools.proxy import START_HINT
from practice.releases import Earned
from server.listen import Listener
from tests.mcp_tools.conftest import LABS, Practice

ROOT = Path(__file__).parents[2]
SCRIPT = """import sys
from mcp_tools.proxy import run_proxy
run_proxy({url!r}, {token!r}, sys.stdin.buffer, sys.stdout.buffer)"""


def command(url: str, token: str = "resident_00_x") -> list[str]:
    return [sys.executable, "-c", SCRIPT.format(url=url + "/mcp", token=token)]


def over_stdio(url: str, token: str, mode: str = "auto") -> Client:
    program, *args = command(url, token)
    return Client(StdioServerParameters(command=program, args=args, env={"PYTHONPATH": str(ROOT)}), mode=mode)


def speak(url: str, *lines: object, token: str = "resident_00_x") -> list[dict[str, Any]]:
    """Send raw lines through a proxy of its own; what it says."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    done = subprocess.run(
        command(url, token),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def answering_with() -> Iterator[Any]:
    """A server that gives one fixed status and body."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes = b"", kind: str = "text/html", cut: bool = False) -> str:
        class Fixed(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body) + (100 if cut else 0)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Fixed)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_editor_is_connected_in_under_a_second_and_served(
    practice: Practice, gateway: Listener, mode: str
) -> None:
    report_id = practice.take(LABS, report_type="laboratory")
    begun = time.monotonic()
    async with over_stdio(gateway.url, practice.token().secret, mode) as client:
        connected = time.monotonic() - begun
        tools = (await client.list_tools()).tools
        result = await client.call_tool("anomalies", {"report_id": report_id})
        assert len(tools) == 10
        assert result.structured_content["anomalies"][0]["value"] == "6.9"  # type: ignore[index]
        text = (await client.read_resource(f"report://{report_id}")).contents[0].text  # type: ignore[union-attr]
        assert text == practice.store.report(report_id).text
        assert (await client.get_prompt("differential", {"report_id": report_id})).messages
    assert connected < 1.0 * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))


async def test_progress_passes_through_as_it_comes(practice: Practice, gateway: Listener) -> None:
    go = threading.Event()

    def generate(prompt: Prompt) -> str:
        assert go.wait(30)
        return '{"sentences": ["Potassium is 6.9 mmol/L."]}'

    practice.generate = lambda: generate
    practice.release([Earned("summarize")])
    report_id = practice.take(LABS, report_type="laboratory")

    async def progress(done: float, total: float | None, message: str | None) -> None:
        go.set()

    async with over_stdio(gateway.url, practice.token().secret) as client:
        result = await client.call_tool("summarize", {"report_id": report_id}, progress_callback=progress)
    assert go.is_set()
    assert result.structured_content["mode"] == "model"  # type: ignore[index]


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, mcp_tools.proxy; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert {"mcp", "pydantic", "httpx", "starlette", "asyncio"}.isdisjoint(done.stdout.split())


async def test_where_no_gateway_answers_the_error_says_how_to_start_one(nobody: str) -> None:
    with pytest.raises(BaseException) as error:
        async with over_stdio(nobody, "resident_00_x"):
            pass
    assert error.group_contains(MCPError, match="resident up")


def test_every_request_without_a_gateway_gets_its_own_error(nobody: str) -> None:
    answers = speak(
        nobody, PING, {"jsonrpc": "2.0", "method": "notifications/initialized"}, PING | {"id": "two"}
    )
    assert sorted(str(answer["id"]) for answer in answers) == ["1", "two"]
    assert all(answer["error"] == {"code": -32000, "message": START_HINT} for answer in answers)


def test_a_token_that_is_not_accepted_is_an_error_that_says_so(gateway: Listener) -> None:
    (answer,) = speak(gateway.url, PING)
    assert answer["id"] == 1
    assert "does not accept this token" in answer["error"]["message"]


def test_a_token_without_the_scope_is_an_error_that_says_so(practice: Practice, gateway: Listener) -> None:
    (answer,) = speak(gateway.url, PING, token=practice.token(scopes=("raw",)).secret)
    assert "may not use" in answer["error"]["message"]


@pytest.mark.parametrize("line", ["{", "[1, 2]", '"text"', "\x00\x01"])
def test_a_line_that_is_no_message_is_answered_and_the_next_one_works(
    practice: Practice, gateway: Listener, line: str
) -> None:
    answers = speak(gateway.url, line, "", PING, token=practice.token().secret)
    assert {answer.get("id") for answer in answers} == {None, 1}
    assert next(a for a in answers if a.get("id") is None)["error"]["code"] in (-32700, -32600)
    assert next(a for a in answers if a.get("id") == 1)["result"]["tools"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "cut", "words"),
    [
        (404, b"<h1>other server</h1>", "text/html", False, "not Resident's gateway"),
        (429, b"", "application/json", False, "Too many requests"),
        (500, b"oops", "text/plain", False, "status 500"),
        (200, b"", "text/html", False, "status 200"),
        (200, b"{not json", "application/json", False, "connection to Resident broke"),
        (200, b'{"jsonrpc": "2.0"', "application/json", True, "connection to Resident broke"),
        (
            200,
            b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n',
            "text/event-stream",
            False,
            "200",
        ),
    ],
)
def test_a_strange_answer_is_an_error_and_no_crash(
    answering_with: Any, status: int, body: bytes, kind: str, cut: bool, words: str
) -> None:
    answers = speak(answering_with(status, body, kind, cut), PING)
    assert words in answers[-1]["error"]["message"]
    assert answers[-1]["id"] == 1


def test_an_address_that_is_none_is_refused_at_once() -> None:
    from io import BytesIO

    from mcp_tools.proxy import run_proxy

    with pytest.raises(ValueError, match="address"):
        run_proxy("file:///etc/passwd", "t", BytesIO(), BytesIO())


async def test_a_client_that_cancels_is_served_on_the_same_connection(
    practice: Practice, gateway: Listener
) -> None:
    import asyncio

    go = threading.Event()
    practice.generate = lambda: lambda prompt: '{"sentences": []}' if go.wait(20) else ""
    practice.release([Earned("summarize")])
    report_id = practice.take(LABS, report_type="laboratory")
    async with over_stdio(gateway.url, practice.token().secret) as client:
        call = asyncio.create_task(client.call_tool("summarize", {"report_id": report_id}))
        await asyncio.sleep(0.5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go.set()
        assert not (await client.call_tool("list_reports", {})).is_error
