"""The audit trail: who did what to which ids, one JSON line each, chained and authenticated.

A line holds the hash of the one before it, and an HMAC under a key that only the practice has; the head file
says how far the trail goes. So a line that was changed, taken out, put in or cut off is found. Who can write
the folder can still put back an older copy of both files together; compare ``head`` with one noted elsewhere.
"""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from clinical.errors import Refused
from practice.home import Home
from practice.keys import Keys

START = "0" * 64
_MAX_WORD = 80


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a check found: how many lines hold, the last hash, and where the first fault is (from 1)."""

    lines: int
    head: str
    fault_line: int | None = None
    fault: str | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing was tampered with."""
        return self.fault is None


class Audit:
    """The audit trail of a home. Safe between threads and processes."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._head = path.with_suffix(".head")
        self._key = key

    @staticmethod
    def open(home: Home, keys: Keys) -> "Audit":
        """The trail of a home, in its logs folder."""
        return Audit(home.logs / "audit.jsonl", keys.audit)

    def append(
        self, event: str, actor: str, ids: Mapping[str, str | int | Sequence[str]] | None = None
    ) -> None:
        """Note an event durably.

        Args:
            event: a short word such as ``tool.summarize``; actor: a token's id, ``command`` or ``service``.
            ids: ids and counts by name; no text, no names.

        Raises:
            Refused: a value looks like text rather than like an id.
        """
        for value in (event, actor, *_words(ids or {})):
            if len(value) > _MAX_WORD or any(char.isspace() for char in value):
                raise Refused("The audit trail takes ids, not text.")
        with self._locked() as stream:
            number, before = _last(stream)
            entry = {
                "n": number + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "event": event,
                "actor": actor,
                "ids": dict(ids or {}),
                "before": before,
            }
            mac = self._mac(entry)
            line = json.dumps({**entry, "mac": mac}, separators=(",", ":"), sort_keys=True)
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
            self._write_head(number + 1, mac)

    def verify(self) -> AuditCheck:
        """Check every line, the chain, and that the end is there."""
        with self._locked() as stream:
            stream.seek(0)
            lines = stream.read().split(b"\n")
            lines.pop()  # what follows the last line's end: nothing, or a line torn by a crash
            before, macs = START, []
            for number, line in enumerate(lines, 1):
                try:
                    entry = json.loads(line)
                    mac = str(entry.pop("mac"))
                except (ValueError, KeyError, AttributeError, TypeError):
                    return AuditCheck(number - 1, before, number, "this line is no entry")
                if entry.get("n") != number or entry.get("before") != before:
                    return AuditCheck(number - 1, before, number, "a line before it was removed or put in")
                if not hmac.compare_digest(mac, self._mac(entry)):
                    return AuditCheck(number - 1, before, number, "this line was changed")
                before = mac
                macs.append(mac)
            return self._check_head(macs, before)

    def _check_head(self, macs: list[str], before: str) -> AuditCheck:
        """The head may be behind, where a crash came between it and the line; it may not be ahead."""
        try:
            head = self._head.read_text("utf-8")
            number = int(head.split(" ")[0])
        except FileNotFoundError:
            fault = None if len(macs) <= 1 else "the head file is missing"
            return AuditCheck(len(macs), before, None if fault is None else len(macs), fault)
        except ValueError:
            return AuditCheck(len(macs), before, len(macs), "the head file is damaged")
        if 1 <= number <= len(macs) and hmac.compare_digest(head, self._head_line(number, macs[number - 1])):
            return AuditCheck(len(macs), before)
        return AuditCheck(len(macs), before, len(macs) + 1, "lines were cut off at the end")

    def _write_head(self, number: int, mac: str) -> None:
        """Overwrite in place: one line of fixed length; the trail itself is what must be flushed."""
        handle = os.open(self._head, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, self._head_line(number, mac).encode(), 0)
        finally:
            os.close(handle)

    def head(self) -> str:
        """The last entry's hash, to be noted elsewhere."""
        with self._locked() as stream:
            return _last(stream)[1]

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "rb+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream

    def _mac(self, entry: Mapping[str, Any]) -> str:
        plain = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
        return hmac.new(self._key, plain, hashlib.sha256).hexdigest()

    def _head_line(self, number: int, mac: str) -> str:
        seal = hmac.new(self._key, f"head {number} {mac}".encode(), hashlib.sha256).hexdigest()
        return f"{number:012} {seal}"


def _words(ids: Mapping[str, str | int | Sequence[str]]) -> Iterator[str]:
    for name, value in ids.items():
        yield name
        if isinstance(value, str | int):
            yield str(value)
        else:
            yield from value


def _last(stream: BinaryIO) -> tuple[int, str]:
    """Number and hash of the last whole line; a torn one after it, left by a crash, is cut off."""
    end = stream.seek(0, os.SEEK_END)
    size = 4096
    while True:
        start = max(0, end - size)
        stream.seek(start)
        block = stream.read(end - start)
        cut = block.rfind(b"\n")
        if cut < 0 and start > 0:
            size *= 2
            continue
        if start + cut + 1 < end:
            stream.truncate(start + cut + 1)
            end = start + cut + 1
            block = block[: cut + 1]
        if not block:
            return 0, START
        first = block.rfind(b"\n", 0, len(block) - 1)
        if first < 0 and start > 0:
            size *= 2
            continue
        entry = json.loads(block[first + 1 :])
        return int(entry["n"]), str(entry["mac"])
