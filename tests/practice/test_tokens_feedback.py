"""Tokens and feedback: who may do what, and what may train."""

from datetime import date

import pytest

from clinical.errors import NotFound, Refused
from practice.feedback import FeedbackBook
from practice.store import Store
from practice.tokens import Tokens


def test_a_token_is_known_by_its_secret_only(store):
    tokens = Tokens(store)
    new = tokens.create("vscode")
    assert tokens.verify(new.secret) == new.token == tokens.get(new.token.id)
    assert new.token.egress == "cloud" and new.token.may("tools") and not new.token.may("raw")
    assert new.secret not in repr(new)
    for wrong in (
        "",
        "x",
        new.secret[:-1],
        new.secret + "x",
        "resident_x_y",
        new.secret.replace("_", "-"),
        "é_é_é",
    ):
        assert tokens.verify(wrong) is None


def test_only_salted_hashes_are_stored(store):
    tokens = Tokens(store)
    new = tokens.create("a")
    row = store.database.one("SELECT * FROM tokens")
    secret = new.secret.split("_", 2)[2]
    assert all(
        secret not in str(value) and secret.encode() not in bytes(str(value), "utf-8")
        for value in row.values()
    )
    assert len(row["hash"]) == 32 and row["salt"] != store.database.one(
        "SELECT salt FROM tokens WHERE id = ?", (tokens.create("b").token.id,)
    )["salt"]  # fmt: skip


def test_a_revoked_token_is_refused_and_its_name_free_again(store):
    tokens = Tokens(store)
    old = tokens.create("vscode")
    with pytest.raises(Refused):
        tokens.create("vscode")
    tokens.revoke("vscode")
    assert tokens.verify(old.secret) is None
    new = tokens.create("vscode", egress="local", scopes=["tools", "admin"])
    assert tokens.verify(new.secret).egress == "local" and len(tokens.list()) == 2
    with pytest.raises(NotFound):
        tokens.revoke(old.token.id)
    with pytest.raises(NotFound):
        tokens.get("t-none")


@pytest.mark.parametrize(
    "fields", [{"egress": "any"}, {"scopes": []}, {"scopes": ["root"]}, {"daily_limit": 0}]
)
def test_tokens_that_make_no_sense_are_refused(store, fields):
    with pytest.raises(Refused):
        Tokens(store).create("x", **fields)


def test_the_daily_limit_counts_different_reports_durably(store):
    tokens = Tokens(store)
    token = tokens.create("x", daily_limit=3).token
    day = date(2024, 3, 5)
    assert tokens.count_use(token, ["r-1", "r-2", "r-1"], day) == 1
    assert tokens.count_use(token, ["r-1"], day) == 1
    other = Store.open(store.home, store.keys)
    with pytest.raises(Refused, match="3 reports"):
        Tokens(other).count_use(token, ["r-3", "r-4"], day)
    assert Tokens(other).count_use(token, ["r-3"], day) == 0  # the refused ones were not counted
    assert tokens.count_use(token, ["r-2"], day) == 0
    assert tokens.count_use(token, ["r-4"], date(2024, 3, 6)) == 2
    other.close()


def test_feedback_waits_for_a_physician(store, make):
    book = FeedbackBook(store)
    report_id = make.keep()
    token = Tokens(store).create("vscode").token
    kept = book.add(report_id, "summarize", "edited", "draft", "final", token.id)
    gone = book.add(report_id, "ask", "rejected", "draft")
    assert [entry.id for entry in book.pending()] == [kept, gone] and book.confirmed() == []
    book.confirm(kept, "Dr. Anna Weber")
    book.dismiss(gone)
    assert [entry.id for entry in book.confirmed()] == [kept] and book.pending() == []
    entry = book.get(kept)
    assert (entry.final, entry.token_id, entry.physician) == (
        "final",
        token.id,
        store.author_id("Anna Weber"),
    )
    assert "draft" not in repr(entry) and "final" not in repr(entry)
    assert book.confirmed(since=entry.decided_at) == [entry] and book.confirmed(since="9999") == []
    for again in (kept, gone, "b-none"):
        with pytest.raises(NotFound):
            book.confirm(again, "Anna Weber")


def test_feedback_on_a_report_that_may_not_train_does_not_either(store, make):
    book = FeedbackBook(store)
    report_id = make.keep()
    book.confirm(book.add(report_id, "summarize", "accepted", "draft"), "Anna Weber")
    store.hold(report_id, "look")
    assert book.confirmed() == []
    store.release(report_id)
    assert len(book.confirmed()) == 1


def test_feedback_that_makes_no_sense_is_refused(store, make):
    book = FeedbackBook(store)
    report_id = make.keep()
    with pytest.raises(NotFound):
        book.add("r-none", "ask", "accepted", "d")
    for verdict, draft, final in [
        ("great", "d", None),
        ("edited", "d", " "),
        ("accepted", "d" * 30_000, None),
    ]:
        with pytest.raises(Refused):
            book.add(report_id, "ask", verdict, draft, final)
    assert book.pending() == []
