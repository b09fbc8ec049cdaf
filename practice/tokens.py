"""Tokens of clients: shown once, kept as salted hashes, each with its egress, scopes and daily limit.

``cloud`` tokens receive de-identified text only; ``local`` ones may receive originals. That belongs to the
token and not to what a client says of itself.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, cast, get_args

from clinical.errors import NotFound, Refused
from practice.database import Row

if TYPE_CHECKING:
    from practice.store import Store

Egress = Literal["cloud", "local"]
Scope = Literal["tools", "feedback", "raw", "admin"]
DEFAULT_SCOPES: tuple[Scope, ...] = ("tools", "feedback")
DEFAULT_DAILY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Token:
    """What a client may do.

    ``daily_limit`` is how many different reports it may be answered about in a day (UTC).
    """

    id: str
    name: str
    egress: Egress
    scopes: frozenset[Scope]
    daily_limit: int
    created_at: str
    revoked_at: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the token has a scope."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made. ``secret`` is shown once and stored nowhere."""

    token: Token
    secret: str = field(repr=False)


class Tokens:
    """The tokens in a store."""

    def __init__(self, store: "Store") -> None:
        self._database = store.database

    def create(
        self,
        name: str,
        egress: Egress = "cloud",
        scopes: Collection[Scope] = DEFAULT_SCOPES,
        daily_limit: int = DEFAULT_DAILY_LIMIT,
    ) -> NewToken:
        """Make a token.

        Raises:
            Refused: a name that is taken, or an egress or scope that does not exist.
        """
        if egress not in get_args(Egress):
            raise Refused("Egress is cloud or local.")
        if not scopes or not set(scopes) <= set(get_args(Scope)):
            raise Refused(f"Scopes are {', '.join(get_args(Scope))}.")
        if daily_limit < 1:
            raise Refused("The daily limit must be at least 1 report.")
        number, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
        with self._database.transaction():
            taken = self._database.one("SELECT revoked_at FROM tokens WHERE name = ?", (name,))
            if taken is not None and taken["revoked_at"] is None:
                raise Refused("There is a token of this name.", "Revoke it first, or choose another name.")
            self._database.execute(
                "UPDATE tokens SET name = name || ' (' || id || ')' WHERE name = ?", (name,)
            )
            self._database.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    f"t-{number}",
                    name,
                    salt,
                    _hash(salt, secret),
                    egress,
                    json.dumps(sorted(scopes)),
                    daily_limit,
                    datetime.now(UTC).isoformat(timespec="seconds"),
                ),
            )
        return NewToken(self.get(f"t-{number}"), f"resident_{number}_{secret}")

    def verify(self, secret: str) -> Token | None:
        """The token of a secret; None if it is unknown, wrong or revoked. Takes the same time either way."""
        parts = secret.split("_", 2)
        number, tail = (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "resident" else ("", "")
        row = self._database.one("SELECT * FROM tokens WHERE id = ?", (f"t-{number}",))
        salt, expected = (row["salt"], row["hash"]) if row else (b"\0" * 16, b"\0" * 32)
        right = hmac.compare_digest(_hash(salt, tail), expected)
        return _token(row) if row is not None and right and row["revoked_at"] is None else None

    def revoke(self, token_id: str) -> None:
        """End a token by its id or name."""
        with self._database.transaction():
            if not self._database.execute(
                "UPDATE tokens SET revoked_at = ? WHERE (id = ? OR name = ?) AND revoked_at IS NULL",
                (datetime.now(UTC).isoformat(timespec="seconds"), token_id, token_id),
            ):
                raise NotFound("There is no such token.", "`resident token list` lists them.")

    def get(self, token_id: str) -> Token:
        """One token, without its secret."""
        row = self._database.one("SELECT * FROM tokens WHERE id = ?", (token_id,))
        if row is None:
            raise NotFound("There is no such token.", "`resident token list` lists them.")
        return _token(row)

    def list(self) -> tuple[Token, ...]:
        """Every token, oldest first."""
        return tuple(
            _token(row) for row in self._database.all("SELECT * FROM tokens ORDER BY created_at, id")
        )

    def count_use(self, token: Token, report_ids: Sequence[str], day: date | None = None) -> int:
        """Count reports against the token's daily limit, all or none; how many are left today.

        A report that was counted today already costs nothing more.

        Raises:
            Refused: the limit would be passed; nothing was counted.
        """
        today = (day or datetime.now(UTC).date()).isoformat()
        with self._database.transaction():
            for report_id in dict.fromkeys(report_ids):
                self._database.execute(
                    "INSERT OR IGNORE INTO token_uses VALUES (?, ?, ?)", (token.id, today, report_id)
                )
            row = self._database.one(
                "SELECT count(*) AS n FROM token_uses WHERE token_id = ? AND day = ?", (token.id, today)
            )
            used = int(row["n"]) if row else 0
            if used > token.daily_limit:
                raise Refused(
                    f"This token's limit of {token.daily_limit} reports a day is reached.",
                    "Try again tomorrow (UTC), or raise the limit of the token.",
                )
        return token.daily_limit - used


def _hash(salt: bytes, secret: str) -> bytes:
    """Salted hash of a secret; that has 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(salt + secret.encode()).digest()


def _token(row: Row) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        egress=cast(Egress, row["egress"]),
        scopes=frozenset(json.loads(row["scopes"])),
        daily_limit=int(row["daily_limit"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
