"""Originals: each file sealed with a key of its own (AES-256-GCM), outside the database.

A sealed file is on the disk, whole, flushed and read back, before the commit that holds its key. Without
that commit it is an orphan that nobody can read, swept at the next start; when the key is deleted, the file
is forgotten whatever becomes of its bytes. Its name is an HMAC of the file's id, so that the folder tells
nothing to who has ids from a log.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clinical.errors import HomeError
from practice.home import sync_folder

_MAGIC = b"RESIDENT-SEALED-1\n"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file: its name in the folder and the key that opens it."""

    name: str
    key: bytes = field(repr=False)


class Originals:
    """The folder of sealed originals."""

    def __init__(self, folder: Path, naming_key: bytes, lock: Path) -> None:
        self._folder = folder
        self._naming_key = naming_key
        self._lock = lock

    def name_of(self, file_id: str) -> str:
        """The name under which a file lies."""
        return hmac.new(self._naming_key, file_id.encode(), hashlib.sha256).hexdigest()

    def seal(self, file_id: str, content: bytes) -> Sealed:
        """Seal a file durably and prove that it can be read back.

        Raises:
            HomeError: the disk is full or does not return what was written.
        """
        name = self.name_of(file_id)
        sealed = Sealed(name, AESGCM.generate_key(256))
        nonce = secrets.token_bytes(_NONCE)
        path = self._folder / name
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(_MAGIC + nonce)
                stream.write(AESGCM(sealed.key).encrypt(nonce, content, name.encode()))
                stream.flush()
                os.fsync(stream.fileno())
            sync_folder(self._folder)
            if not hmac.compare_digest(self.read(sealed), content):
                raise HomeError("A sealed original reads back differently.", "Check the disk.")
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise HomeError(
                    "An original could not be sealed: the disk is full or failing.",
                    "Make room on the disk of the practice home; the file was left where it is.",
                ) from None
            raise
        return sealed

    def read(self, sealed: Sealed) -> bytes:
        """Open a sealed file.

        Raises:
            HomeError: it is missing or was changed.
        """
        remedy = "Restore the originals folder from a backup."
        try:
            data = (self._folder / sealed.name).read_bytes()
        except OSError:
            raise HomeError("A sealed original is missing.", remedy) from None
        start = len(_MAGIC) + _NONCE
        if not data.startswith(_MAGIC):
            raise HomeError("A sealed original was damaged.", remedy)
        try:
            return AESGCM(sealed.key).decrypt(data[len(_MAGIC) : start], data[start:], sealed.name.encode())
        except InvalidTag:
            raise HomeError("A sealed original was damaged or changed.", remedy) from None

    def remove(self, name: str) -> None:
        """Remove a sealed file whose key is gone."""
        (self._folder / name).unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Held from sealing to commit, so that no other process takes the new file for an orphan."""
        with self._lock.open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
            yield

    @contextmanager
    def sweeping(self) -> Iterator[bool]:
        """Held while orphans are told from the rest; False if some process is writing just now."""
        with self._lock.open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def names(self) -> tuple[str, ...]:
        """Every file in the folder, unfinished ones included."""
        return tuple(sorted(entry.name for entry in self._folder.iterdir()))

    def sweep(self, kept: Collection[str]) -> int:
        """Remove every file whose name is not in ``kept``; how many. Only within ``sweeping``."""
        orphans = [name for name in self.names() if name not in kept]
        for name in orphans:
            self.remove(name)
        return len(orphans)
