"""The thin stdio end that an editor starts: JSON-RPC lines from stdin go to the gateway's ``/mcp``.

It imports nothing heavy, so that an editor is connected in well under a second, and it understands of the
protocol only what a transport must: streamed replies (SSE), the session header, the protocol version, and
cancelling. Where no gateway answers, every request gets an error that says how to start one.
"""

import base64
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, BinaryIO
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 600.0
LAST_SECONDS = 3.0  # for answers under way when the client closes its end
MAX_REQUESTS = 16
NOT_RUNNING = -32000
NOT_ALLOWED = -32001
START_HINT = "Resident is not running on this machine. Start it with `resident up`, then try again."
PROTOCOL_META = "io.modelcontextprotocol/protocolVersion"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
REFUSALS = {
    401: "Resident does not accept this token. Make a new one with `resident connect`.",
    403: "This token may not use Resident's tools. Make another with `resident connect`.",
    404: "The address is not Resident's gateway; see `gateway.port` in config.toml.",
    413: "The text is too long for one request; drop it into the watched folder instead.",
    421: "Resident's gateway does not allow this host name; see `gateway.allowed_hosts` in config.toml.",
    429: "Too many requests; wait a minute.",
}

Message = dict[str, Any]


class Proxy:
    """Forwards one client's messages.

    Args:
        url: the gateway's MCP address, such as ``http://127.0.0.1:8377/mcp``.
        token: bearer token; sent to that address only.
        source, sink: the client's lines in and out.
    """

    def __init__(self, url: str, token: str, source: BinaryIO, sink: BinaryIO) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the gateway's address is not an http address")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path or "/mcp"
        self._token = token
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._state = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._running: dict[str, http.client.HTTPConnection] = {}
        self._session: str | None = None
        self._version: str | None = None

    def run(self) -> None:
        """Forward until the client closes its end."""
        with ThreadPoolExecutor(MAX_REQUESTS, "proxy") as pool:
            sent: list[Future[None]] = []
            for line in self._source:
                if not line.strip():
                    continue
                try:
                    message = json.loads(line)
                except ValueError:
                    self._error(None, -32700, "This line is not JSON.")
                    continue
                if not isinstance(message, dict):
                    self._error(None, -32600, "Each line must be one JSON-RPC message.")
                elif "id" in message and "method" in message:
                    sent = [one for one in sent if not one.done()]
                    sent.append(pool.submit(self._request, message))
                elif message.get("method") == "notifications/cancelled" and self._cancel(message):
                    continue
                else:
                    self._notify(message)
            wait(sent, LAST_SECONDS)
            self._abandon()

    def _request(self, message: Message) -> None:
        try:
            self._exchange(message)
        except (ConnectionRefusedError, socket.gaierror):
            self._error(message["id"], NOT_RUNNING, START_HINT)
        except TimeoutError:
            self._error(
                message["id"], NOT_RUNNING, "Resident did not answer in time. Try again, or ask for less."
            )
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            hint = "The connection to Resident broke; if it is stopped, start it with `resident up`."
            self._error(message["id"], NOT_RUNNING, hint)

    def _exchange(self, message: Message) -> None:
        key = json.dumps(message["id"])
        connection, reply = self._post(message, key)
        try:
            self._session = reply.getheader("Mcp-Session-Id") or self._session
            answered = False
            for answer in _messages(reply):
                if "method" not in answer and ("result" in answer or "error" in answer):
                    answer["id"] = message["id"]
                    self._learn(message, answer)
                    answered = True
                self._write(answer)
                if answered:
                    break
            if not answered:
                code = NOT_ALLOWED if 400 <= reply.status < 500 else NOT_RUNNING
                text = REFUSALS.get(reply.status, f"Resident's gateway answered with status {reply.status}.")
                self._error(message["id"], code, text)
        finally:
            with self._state:
                self._running.pop(key, None)
            self._keep(connection, reply)

    def _post(
        self, message: Message, key: str | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send one message; a connection that the gateway closed while idle is replaced once."""
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        while True:
            connection, used = self._connection()
            if key is not None:
                with self._state:
                    self._running[key] = connection
            try:
                connection.request("POST", self._path, body, self._headers(message))
                return connection, connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                if not used:
                    raise

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        with self._state:
            if self._idle:
                return self._idle.pop(), True
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=CONNECT_SECONDS)
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, False

    def _keep(self, connection: http.client.HTTPConnection, reply: http.client.HTTPResponse) -> None:
        if reply.isclosed() and not reply.will_close and connection.sock is not None:
            with self._state:
                self._idle.append(connection)
        else:
            connection.close()

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self._token}",
        }
        if self._session is not None:
            headers["Mcp-Session-Id"] = self._session
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        modern = meta.get(PROTOCOL_META) if isinstance(meta, dict) else None
        version = modern if isinstance(modern, str) else self._version
        if version is not None and message.get("method") != "initialize":
            headers["MCP-Protocol-Version"] = _header(version)
        if isinstance(modern, str):
            headers["Mcp-Method"] = _header(str(message.get("method")))
            name = params.get(NAMED_BY.get(str(message.get("method")), ""))
            if isinstance(name, str):
                headers["Mcp-Name"] = _header(name)
        return headers

    def _learn(self, message: Message, answer: Message) -> None:
        """Remember the version that the handshake agreed on; later requests name it."""
        result = answer.get("result")
        if message["method"] == "initialize" and isinstance(result, dict):
            version = result.get("protocolVersion")
            self._version = version if isinstance(version, str) else None

    def _notify(self, message: Message) -> None:
        """Send what expects no answer; a notification that cannot be delivered is lost, as on any wire."""
        try:
            connection, reply = self._post(message, None)
            reply.read()
            self._keep(connection, reply)
        except (OSError, http.client.HTTPException):
            return

    def _cancel(self, message: Message) -> bool:
        """Hang up the request that the client gave up; the gateway then stops working on it."""
        params = message.get("params")
        key = json.dumps(params.get("requestId")) if isinstance(params, dict) else ""
        with self._state:
            connection = self._running.pop(key, None)
        if connection is None:
            return False
        _hang_up(connection)
        return True

    def _abandon(self) -> None:
        with self._state:
            running = [*self._running.values()]
            idle, self._idle = self._idle, []
        for connection in running:
            _hang_up(connection)
        for connection in idle:
            connection.close()

    def _error(self, request: object, code: int, text: str) -> None:
        self._write({"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": text}})

    def _write(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._writing:
            try:
                self._sink.write(line)
                self._sink.flush()
            except (OSError, ValueError):
                return  # the client has gone; its closed stdin ends the loop


def run_proxy(url: str, token: str, source: BinaryIO, sink: BinaryIO) -> None:
    """Forward between ``source``/``sink`` and the gateway until ``source`` ends.

    Raises:
        ValueError: ``url`` is not an http address.
    """
    Proxy(url, token, source, sink).run()


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _messages(reply: http.client.HTTPResponse) -> Iterator[Message]:
    """The JSON-RPC messages in a reply, one JSON body or a stream of events, as they arrive."""
    kind = (reply.getheader("Content-Type") or "").lower()
    if kind.startswith("text/event-stream"):
        for data in _events(reply):
            message = json.loads(data)
            if isinstance(message, dict):
                yield message
        return
    body = reply.read()
    if kind.startswith("application/json") and body:
        message = json.loads(body)
        if isinstance(message, dict) and message.get("jsonrpc") == "2.0":
            yield message


def _events(reply: http.client.HTTPResponse) -> Iterator[str]:
    data: list[str] = []
    while line := reply.readline():
        text = line.decode().rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            if any(data):
                yield "\n".join(data)
            data = []


def _header(value: str) -> str:
    """A header value; what is not plain printable ASCII goes as base64, as the protocol asks."""
    if re.fullmatch(r"[\x20-\x7e]*", value) and value == value.strip() and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
