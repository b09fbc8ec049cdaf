"""Blinded ratings: which answers hid behind which letters, and the marks that physicians gave. No patient text."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clinical.errors import NotFound

if TYPE_CHECKING:
    from practice.store import Store


@dataclass(frozen=True, slots=True)
class RatingForm:
    """One form: what lifts its blind. ``items`` are plain values that only the trainer reads."""

    id: str
    release: str
    items: tuple[Mapping[str, Any], ...]


class RatingBook:
    """The rating forms in a store, and what came back."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._database = store.database

    def open(self, release: str, items: Sequence[Mapping[str, Any]]) -> str:
        """Note a new form on a release; its id."""
        form_id = f"f-{secrets.token_hex(4)}"
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO forms VALUES (?, ?, ?, ?)", (form_id, release, json.dumps(list(items)), _now())
            )
        return form_id

    def form(self, form_id: str) -> RatingForm:
        """One form.

        Raises:
            NotFound: there is none of this id.
        """
        row = self._database.one("SELECT * FROM forms WHERE id = ?", (form_id,))
        if row is None:
            raise NotFound("There is no such rating form.", "`resident rate RELEASE` makes one.")
        return RatingForm(row["id"], row["release"], tuple(json.loads(row["items"])))

    def add(self, form_id: str, physician: str, marks: Mapping[str, int]) -> None:
        """Keep a physician's marks; a second time they replace the first.

        Args:
            physician: the name as configured; the caller has made sure that it is.
        """
        self.form(form_id)
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)",
                (form_id, self._store.author_id(physician), json.dumps(dict(marks)), _now()),
            )

    def given(self, release: str) -> list[tuple[tuple[Mapping[str, Any], ...], dict[str, int]]]:
        """For each filled form on a release: its items and the marks."""
        rows = self._database.all(
            "SELECT items, marks FROM forms JOIN marks ON form_id = id WHERE release = ? ORDER BY given_at, id",
            (release,),
        )
        return [(tuple(json.loads(row["items"])), json.loads(row["marks"])) for row in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
