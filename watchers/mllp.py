"""HL7 messages over MLLP: AA only after the message is durable, AE or AR with a reason otherwise.

A sender that gets no answer sends again; the second copy is known by its content and acknowledged.
"""

import contextlib
import logging
import re
import socket
import socketserver
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from clinical.errors import ExtractionError, ResidentError
from clinical.report import ReportFile
from watchers.extract.hl7_message import Segment, message_kind, split_messages
from watchers.extract.text import decode
from watchers.intake import Outcome

log = logging.getLogger(__name__)

START, END = b"\x0b", b"\x1c"
IDLE_SECONDS = 300.0
Take = Callable[[ReportFile], Outcome]


class Listener:
    """A listening port; each connection may send any number of messages."""

    def __init__(self, host: str, port: int, take: Take, *, max_bytes: int) -> None:
        lock = threading.Lock()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _serve(self.request, take, lock, max_bytes)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((host, port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="mllp", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        address: Any = self._server.server_address
        return int(address[1])

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5.0)


def _serve(connection: socket.socket, take: Take, lock: threading.Lock, max_bytes: int) -> None:
    connection.settimeout(IDLE_SECONDS)
    waiting = b""
    with contextlib.suppress(OSError):
        while True:
            end = waiting.find(END + b"\r")
            if end < 0:
                if len(waiting) > max_bytes:
                    connection.sendall(_framed(acknowledge(None, "AR", "The message is too long.")))
                    return
                part = connection.recv(1 << 16)
                if not part:
                    return
                waiting += part
                continue
            frame, waiting = waiting[:end], waiting[end + 2 :]
            start = frame.rfind(START)
            connection.sendall(_framed(answer(frame[start + 1 :], take, lock)))


def _framed(message: str) -> bytes:
    return START + message.encode() + END + b"\r"


def answer(content: bytes, take: Take, lock: threading.Lock) -> str:
    """Take one message and build its acknowledgement."""
    try:
        messages = split_messages(decode(content))
    except ExtractionError:
        messages = []
    if not messages:
        return acknowledge(None, "AR", "This is no HL7 message.")
    head = messages[0][0]
    try:
        with lock:
            outcome = take(ReportFile("message.hl7", content, "mllp"))
    except (ResidentError, OSError) as error:
        log.error("a message could not be kept (%s)", type(error).__name__)
        return acknowledge(head, "AE", "The message could not be kept now; send it again.")
    except Exception as error:
        log.error("a message could not be taken (%s)", type(error).__name__)
        return acknowledge(head, "AE", "The message could not be taken.")
    if outcome.kind != "quarantined":
        return acknowledge(head, "AA", "")
    if outcome.reason == "no-report":
        return acknowledge(head, "AR", f"Messages of type {message_kind(messages[0])} are not taken.")
    return acknowledge(head, "AE", f"{outcome.reason}: {outcome.message}")


def acknowledge(head: Segment | None, code: str, text: str) -> str:
    """An ACK for a message's header; ``text`` says why where it is not AA."""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    fields = [head.raw(i) for i in range(13)] if head else ["", "|", "^~\\&", *[""] * 10]
    control = fields[10]
    event = re.sub(r"[^A-Z0-9]", "", (head.part(9, 2) if head else "").upper())[:3]
    kind = f"ACK^{event}^ACK" if event else "ACK"
    said = re.sub(r"[|^~\\&\r\n]", " ", text)
    header = [
        "MSH",
        "^~\\&",
        *fields[5:7],
        *fields[3:5],
        now,
        "",
        kind,
        f"R{control}"[:50],
        fields[11] or "P",
        fields[12] or "2.5",
    ]
    return "\r".join(["|".join(header), "|".join(["MSA", code, control, said]).rstrip("|")]) + "\r"
