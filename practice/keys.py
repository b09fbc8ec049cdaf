"""The practice's key, and what is derived from it.

One random key of 256 bits lies outside the home and outside its backups. Everything that needs a key gets
one of its own by HKDF-SHA256 (RFC 5869), so that none reveals another. The recovery code is the same key
for paper: Crockford base32 in groups, with a checksum.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clinical.errors import HomeError, KeyMissing
from practice.home import Home, why_unfit, write_atomically

Purpose = Literal["database", "originals", "split", "names", "audit", "surrogates", "check"]
KEY_BYTES = 32
DEFAULT_FOLDER = Path("~/.config/resident")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP = 4
_SUM_BYTES = 3


@dataclass(frozen=True, slots=True)
class Keys:
    """The practice's keys, in memory only."""

    master: bytes = field(repr=False)

    @staticmethod
    def random() -> "Keys":
        """Fresh keys that are stored nowhere."""
        return Keys(secrets.token_bytes(KEY_BYTES))

    @staticmethod
    def create(home: Home, path: Path | None = None) -> "Keys":
        """Make the practice's key for a new home and write it outside of it.

        Args:
            path: the key file; ``key_path(home)`` if None.

        Raises:
            HomeError: the path is inside the home, or a key is there already.
        """
        keys = Keys.random()
        keys.write(home, path)
        return keys

    @staticmethod
    def load(home: Home, path: Path | None = None) -> "Keys":
        """Read the practice's key.

        Raises:
            KeyMissing: no such file, unreadable, too open, or the key of another home.
        """
        path = _resolved(home, path)
        remedy = "Put the key file back, or run `resident recover` with the recovery code."
        try:
            if path.stat().st_mode & 0o077:
                raise KeyMissing(
                    "The practice's key file may be read by others on this machine.",
                    f"Run `chmod 600 {path}`, and ask who may have read it.",
                )
            content = path.read_bytes().strip()
        except FileNotFoundError:
            raise KeyMissing(f"The practice's key is not at {path}.", remedy) from None
        except OSError:
            raise KeyMissing(f"The practice's key at {path} cannot be read.", remedy) from None
        try:
            keys = Keys(bytes.fromhex(content.decode("ascii")))
        except ValueError:
            raise KeyMissing(f"The file at {path} is not a practice key.", remedy) from None
        if len(keys.master) != KEY_BYTES:
            raise KeyMissing(f"The file at {path} is not a practice key.", remedy)
        keys.check(home)
        return keys

    def write(self, home: Home, path: Path | None = None) -> Path:
        """Write the key file (0600)."""
        path = _resolved(home, path)
        if path.is_relative_to(home.root):
            raise HomeError(
                "The practice's key may not lie inside the home, whose backups would then carry it.",
                "Name a key file outside the home.",
            )
        synced = why_unfit(path, ())
        if synced is not None:
            raise HomeError(f"The practice's key may not lie at {path}: {synced}.", "Name another key file.")
        if path.exists():
            raise HomeError(f"There is a key at {path} already.", "Name another key file.")
        if _check_file(home).exists():
            self.check(home)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, self.master.hex().encode() + b"\n")
        if not home.database.exists():
            self.note(home)
        return path

    def note(self, home: Home) -> None:
        """Write into the home what tells this key from a wrong one, once it is known to be right."""
        if not _check_file(home).exists():
            write_atomically(_check_file(home), json.dumps({"check": self._check_value(home)}).encode())

    def check(self, home: Home) -> None:
        """Make sure that this is the key of that home.

        Raises:
            KeyMissing: it is another home's key.
        """
        try:
            stored = str(json.loads(_check_file(home).read_text("utf-8"))["check"])
        except FileNotFoundError:
            return  # the store itself tells when it is opened
        except (OSError, ValueError, KeyError, TypeError):
            raise HomeError(
                "The home's key.json cannot be read.", "Restore it from a backup of the home."
            ) from None
        if not hmac.compare_digest(stored, self._check_value(home)):
            raise KeyMissing(
                "This is the key of another practice home.",
                "Name the right key file, or run `resident recover` with the recovery code.",
            )

    def _check_value(self, home: Home) -> str:
        return hmac.new(self.subkey("check"), home.id.encode(), hashlib.sha256).hexdigest()[:32]

    def subkey(self, purpose: Purpose) -> bytes:
        """The key of 32 bytes for one purpose."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"resident/1/" + purpose.encode()).derive(
            self.master
        )

    @property
    def database(self) -> bytes:
        """Opens the store."""
        return self.subkey("database")

    @property
    def originals(self) -> bytes:
        """Names the sealed originals."""
        return self.subkey("originals")

    @property
    def split(self) -> bytes:
        """Assigns patients to train, validation and test, for ever."""
        return self.subkey("split")

    @property
    def names(self) -> bytes:
        """Turns names (physicians, forgotten files) into opaque ids."""
        return self.subkey("names")

    @property
    def audit(self) -> bytes:
        """Authenticates the audit trail."""
        return self.subkey("audit")

    @property
    def surrogates(self) -> bytes:
        """Draws surrogates and date shifts for exports."""
        return self.subkey("surrogates")

    def recovery_code(self) -> str:
        """The key as a printable code: 56 characters in groups of four, a checksum within."""
        data = self.master + hashlib.sha256(b"resident recovery" + self.master).digest()[:_SUM_BYTES]
        number = int.from_bytes(data, "big")
        length = (len(data) * 8 + 4) // 5
        digits = "".join(_ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(length)))
        return "-".join(digits[i : i + _GROUP] for i in range(0, length, _GROUP))


def recover(code: str) -> Keys:
    """The practice's keys from the recovery code as somebody typed it.

    Case, blanks and dashes do not matter; O is read as 0, I and L as 1.

    Raises:
        KeyMissing: the code is incomplete or mistyped.
    """
    typed = "".join(code.upper().replace("-", " ").split())
    typed = typed.replace("O", "0").replace("I", "1").replace("L", "1")
    size = KEY_BYTES + _SUM_BYTES
    wrong = KeyMissing(
        "This recovery code is incomplete or mistyped.", "Check it character by character and try again."
    )
    if len(typed) != (size * 8 + 4) // 5 or any(char not in _ALPHABET for char in typed):
        raise wrong
    number = 0
    for char in typed:
        number = number * 32 + _ALPHABET.index(char)
    if number >> (size * 8):
        raise wrong
    data = number.to_bytes(size, "big")
    keys = Keys(data[:KEY_BYTES])
    expected = hashlib.sha256(b"resident recovery" + keys.master).digest()[:_SUM_BYTES]
    if not hmac.compare_digest(expected, data[KEY_BYTES:]):
        raise wrong
    return keys


def key_path(home: Home, folder: Path = DEFAULT_FOLDER) -> Path:
    """Where the key of a home lies unless somebody says otherwise."""
    return folder.expanduser() / f"{home.id}.key"


def _resolved(home: Home, path: Path | None) -> Path:
    return Path(os.path.abspath((path or key_path(home)).expanduser()))  # noqa: PTH100


def _check_file(home: Home) -> Path:
    return home.root / "key.json"
