"""The encrypted database: opening, schema, migration, transactions. The only import of SQLCipher.

Write-ahead log, full synchronisation: what is committed survives kill -9 and power loss. Deleted rows are
overwritten (secure_delete), and temporary tables stay in memory.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from clinical.errors import HomeError, KeyMissing
from practice.schema import MIGRATIONS

BUSY_SECONDS = 30.0
Row = dict[str, Any]
Values = Sequence[Any] | Mapping[str, Any]


class Database:
    """One connection, shared by the threads of a process; writers of other processes are waited for."""

    def __init__(self, path: Path, key: bytes, *, migrate: bool = True, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        if not path.exists() and not read_only:
            path.touch(0o600)
        try:
            self._connection = dbapi2.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            self._connection.row_factory = _as_dict
            self._connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            self._connection.execute("PRAGMA temp_store = MEMORY")
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._connection.execute("PRAGMA foreign_keys = ON")
            if not read_only:
                self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA secure_delete = ON").fetchone()
        except dbapi2.DatabaseError as error:
            if "not a database" in str(error):
                raise KeyMissing(
                    "The store does not open with this key.",
                    "Name the right key file, or run `resident recover` with the recovery code.",
                ) from None
            raise _unusable(error) from None
        if migrate and not read_only:
            self._migrate()

    def _migrate(self) -> None:
        with self.transaction() as database:
            version = int(database.one("PRAGMA user_version")["user_version"])  # type: ignore[index]
            if version > len(MIGRATIONS):
                raise HomeError(
                    "The store was written by a newer version of Resident.", "Update Resident to use it."
                )
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def transaction(self) -> Iterator["Database"]:
        """All or nothing, durable when it returns; one inside another is durable with the outer one.

        Raises:
            HomeError: the disk is full or failing, or another process does not let go.
        """
        with self._lock:
            name = f"level{self._depth}"
            inner = self._depth > 0
            try:
                self._connection.execute(f"SAVEPOINT {name}" if inner else "BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield self
                finally:
                    self._depth -= 1
                self._connection.execute(f"RELEASE {name}" if inner else "COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:  # some errors end it by themselves
                    if inner:
                        self._connection.execute(f"ROLLBACK TO {name}")
                        self._connection.execute(f"RELEASE {name}")
                    else:
                        self._connection.execute("ROLLBACK")
                if isinstance(error, dbapi2.OperationalError):
                    raise _unusable(error) from None
                raise

    def execute(self, sql: str, values: Values = ()) -> int:
        """Run a statement; the number of rows it changed."""
        with self._lock:
            return int(self._run(sql, values).rowcount)

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        """Every row of a query, by column name."""
        with self._lock:
            return list(self._run(sql, values).fetchall())

    def one(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of a query."""
        with self._lock:
            row: Row | None = self._run(sql, values).fetchone()
            return row

    def _run(self, sql: str, values: Values) -> Any:
        try:
            return self._connection.execute(sql, values)
        except dbapi2.IntegrityError:
            raise
        except dbapi2.DatabaseError as error:
            raise _unusable(error) from None

    def checkpoint(self) -> None:
        """Write the log back and cut it to nothing, so that overwritten rows are gone from it too."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def copy_to(self, path: Path, key: bytes) -> None:
        """Write a consistent, encrypted copy to a new file, while others go on."""
        target = Database(path, key, migrate=False)
        try:
            with self._lock:
                self._connection.backup(target._connection)
            target._connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            target.close()

    def check(self) -> bool:
        """Whether every page is whole and authentic."""
        with self._lock:
            broken = self._connection.execute("PRAGMA cipher_integrity_check").fetchall()
            whole = self._connection.execute("PRAGMA integrity_check").fetchone()
            return not broken and next(iter(whole.values())) == "ok"

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()


def _as_dict(cursor: Any, row: Sequence[Any]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _unusable(error: Exception) -> HomeError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return HomeError("The store is busy with another process.", "Wait for it to end and try again.")
    if "full" in text or "I/O" in text:
        return HomeError(
            "The store cannot be written: the disk is full or failing.",
            "Make room on the disk of the practice home; nothing was lost.",
        )
    if "malformed" in text or "not a database" in text:
        return HomeError("The store is damaged.", "Restore the home from a backup, and check the disk.")
    return HomeError(f"The store cannot be used ({type(error).__name__}).", "Run `resident doctor`.")
