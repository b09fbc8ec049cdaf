"""The store: durable together, read back as it was, held, signed, found."""

import hashlib
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.errors import HomeError, KeyMissing, NotFound, Refused
from clinical.report import Identity, Page, ReportFile
from practice.database import Database
from practice.jobs import Jobs
from practice.keys import Keys
from practice.schema import MIGRATIONS
from practice.store import Store


def test_a_kept_report_comes_back_as_it_went_in(store, make):
    taken = make.taken("Jane Doe has a nodule.", pages=(Page(1, "text"), Page(2, "unread")))
    file = ReportFile("jane doe.pdf", b"%PDF", "command")
    (report_id,) = store.keep(file, [taken])
    report = store.report(report_id)
    assert report.text == "[NAME] has a nodule."
    assert report.structure == taken.structure
    assert report.unread_pages == 1
    assert store.extracted(report_id) == taken.extracted
    assert store.deidentified(report_id) == taken.deidentified
    assert store.original_text(report_id) == "Jane Doe has a nodule."
    assert store.identity(report_id).name == "Doe, Jane"
    original = store.original(report_id)
    assert (original.name, original.content, original.origin) == ("jane doe.pdf", b"%PDF", "command")


def test_broken_characters_in_text_and_name_do_no_harm(store, make):
    text = "K 4.0 \x00 \ud800 mmol/L é 😀 end"
    (report_id,) = store.keep(ReportFile("a\udcff\n\u202e.txt", b"x"), [make.taken(text)])
    kept = store.report(report_id).text
    assert len(kept) == len(text) and kept == text.replace("\ud800", "\ufffd")
    assert store.original(report_id).name == "a\udcff\n\u202e.txt"
    assert (
        store.quarantine(ReportFile("\udcff", b"y"), "empty", "m") and store.quarantined()[0].name == "\udcff"
    )


def test_the_same_content_is_kept_once_under_any_name(store, make):
    first = store.keep(ReportFile("a.txt", b"same"), [make.taken(), make.taken("Other.", report_index=1)])
    again = store.keep(ReportFile("b.txt", b"same"), [make.taken()])
    assert again == first and len(first) == 2
    assert store.counts().reports == 2
    assert store.seen(hashlib.sha256(b"same").hexdigest())
    assert not store.seen(hashlib.sha256(b"other").hexdigest())
    assert len(store.originals.names()) == 1


def test_a_file_without_reports_is_refused(store):
    with pytest.raises(Refused):
        store.keep(ReportFile("a.txt", b"x"), [])
    assert store.counts().files == 0


def test_jobs_come_with_their_report(store, make):
    ids = store.keep(make.file(), [make.taken(), make.taken("B", report_index=1)], [("prepare", {"by": "x"})])
    jobs = Jobs(store)
    leased = [jobs.lease(["prepare"]), jobs.lease(["prepare"])]
    assert [job.ids for job in leased] == [{"by": "x", "report_id": report_id} for report_id in ids]


def test_a_failure_within_keep_keeps_nothing(store, make, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("practice.store.insert_job", fail)
    with pytest.raises(RuntimeError):
        store.keep(ReportFile("a", b"x"), [make.taken()], [("prepare", {})])
    assert store.counts().reports == store.counts().files == store.counts().patients == 0
    assert store.originals.names() == ()
    assert not store.seen(hashlib.sha256(b"x").hexdigest())


def test_quarantine_lists_an_opaque_id_and_the_reason_only(store):
    file_id = store.quarantine(
        ReportFile("Jane Doe 1950.pdf", b"secret"), "encrypted", "Remove the password."
    )
    (note,) = store.home.quarantine.iterdir()
    assert note.name == f"{file_id}.txt"
    assert note.read_text() == "encrypted\nRemove the password.\n"
    assert store.original(file_id).name == "Jane Doe 1950.pdf"
    assert store.original(file_id).content == b"secret"
    assert store.quarantine(ReportFile("copy.pdf", b"secret"), "encrypted", "") == file_id
    assert [row.reason for row in store.quarantined()] == ["encrypted"]


def test_a_quarantined_file_that_can_be_read_after_all_leaves_the_quarantine(store, make):
    store.quarantine(ReportFile("a", b"x"), "ocr missing", "Install it.")
    store.keep(ReportFile("a", b"x"), [make.taken()])
    assert store.quarantined() == [] and list(store.home.quarantine.iterdir()) == []
    assert len(store.originals.names()) == 1


def test_opening_mends_the_quarantine_list_and_sweeps_orphans(store):
    file_id = store.quarantine(ReportFile("a", b"x"), "empty", "m")
    (store.home.quarantine / f"{file_id}.txt").unlink()
    (store.home.quarantine / "q-stray.txt").write_text("stray")
    (store.home.originals / ("ab" * 32)).write_bytes(b"orphan")
    (store.home.originals / "half.part").write_bytes(b"half")
    again = Store.open(store.home, store.keys)
    assert [path.stem for path in store.home.quarantine.iterdir()] == [file_id]
    assert len(store.originals.names()) == 1
    again.close()


def test_a_file_being_written_is_never_swept(store):
    (store.home.originals / ("ab" * 32)).write_bytes(b"in flight")
    with store.originals.writing():
        other = Store.open(store.home, store.keys)
        assert len(other.originals.names()) == 1
    assert other.sweep() == 1
    other.close()


def test_unknown_ids_are_not_found(store):
    for ask in (store.report, store.status_of, store.original, store.identity, store.forget, store.prior_of):
        with pytest.raises(NotFound):
            ask("r-none")
    with pytest.raises(NotFound):
        store.reports(patient_id="p-none")


def test_held_reports_do_not_train_and_released_ones_do(store, make):
    report_id = make.keep(state="held", reason="page read badly")
    row = store.status_of(report_id)
    assert (row.state, row.reasons, row.trainable) == ("held", ("page read badly",), False)
    assert store.report(report_id).held
    store.release(report_id)
    assert store.status_of(report_id).trainable
    store.hold(report_id, "second look")
    assert not store.status_of(report_id).trainable
    assert store.reports(trainable=True) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"signed": False},
        {"author": None},
        {"status": "preliminary"},
        {"status": "retracted"},
        {"identifiers_held": True},
    ],
)
def test_only_signed_final_clean_reports_of_the_practice_train(store, make, fields):
    make.keep(**fields)
    assert store.reports(trainable=True) == []
    assert len(store.reports(trainable=False)) == 1


def test_signing_lifts_the_hold_and_gives_the_author(store, make):
    unsigned = make.keep(signed=False, author=None, state="held", reason="unsigned", status="preliminary")
    signed = make.keep("Other text.")
    store.sign(unsigned, "Dr. Anna Weber")
    row = store.status_of(unsigned)
    assert row.trainable and row.signed and row.status == "final"
    assert row.author == store.status_of(signed).author != store.author_id("Bo Chen")
    assert "weber" not in row.author.lower()


def test_signing_leaves_a_hold_for_identifiers(store, make):
    report_id = make.keep(signed=False, author=None, state="held", reason="unsigned", identifiers_held=True)
    store.sign(report_id, "Anna Weber")
    assert store.status_of(report_id).reasons == ("identifiers",)


def test_since_asks_for_newly_trainable_reports(store, make):
    early = make.keep(signed=False, author=None, state="held", reason="unsigned")
    late = make.keep("B")
    mark = store.status_of(late).trainable_at
    store.sign(early, "Anna Weber")
    assert [row.id for row in store.reports(trainable=True, since=mark)] == [early, late]
    assert [row.id for row in store.reports(since=store.status_of(late).kept_at)] == [late]


def test_find_needs_every_word_and_takes_any_query(store, make):
    both = make.keep("Small left effusion. No pneumothorax.")
    make.keep("Small nodule.")
    assert [hit.report_id for hit in store.find("effusion small")] == [both]
    assert [hit.report_id for hit in store.find('"left effusion"')] == [both]
    assert store.find('"effusion left"') == []
    for query in ("", "*", "AND OR", 'a "b', "NEAR(", "text:x", "-x", "'; DROP TABLE reports", "(", "\x00"):
        store.find(query)
    assert "effusion" in store.find("effusion")[0].snippet
    assert "effusion" not in repr(store.find("effusion"))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40))
def test_no_query_breaks_the_search(store, query):
    assert store.find(query) == []


def test_the_prior_is_the_latest_earlier_report_of_patient_and_type(store, make, jane):
    oldest = make.keep("A", observed_at="2023-01-01")
    prior = make.keep("B", observed_at="2024-01-01T10:00")
    make.keep("C", observed_at="2024-02-01", report_type="ct chest")
    make.keep("D", observed_at="2024-02-02", identity=Identity(name="Roe, Al", birth_date="1940-01-01"))
    make.keep("E", observed_at="2024-02-03", status="preliminary", signed=False)
    make.keep("F", observed_at="2024-02-20", status="retracted")
    current = make.keep("G", observed_at="2024-03-01")
    assert store.prior_of(current).id == prior
    assert store.prior_of(prior).id == oldest
    assert store.prior_of(oldest) is None


def test_no_prior_is_guessed_where_order_or_patient_is_unknown(store, make):
    make.keep("A", observed_at="2024-03-01T10:00")
    same_day = make.keep("B", observed_at="2024-03-01")
    undated = make.keep("C", observed_at=None)
    untyped = make.keep("D", report_type=None, observed_at="2025-01-01")
    lone = make.keep("E", identity=Identity(name="Doe, Jane"), observed_at="2025-01-01")
    for report_id in (same_day, undated, untyped, lone):
        assert store.prior_of(report_id) is None


def test_prepared_answers_go_with_what_they_rest_on(store, make):
    first = make.keep("A", observed_at="2024-01-01")
    later = make.keep("B", observed_at="2024-03-01")
    store.put_answer(first, "summarize", None, "{}")
    store.put_answer(later, "compare", "m-1", "{}")
    assert store.answer(first, "summarize", None) == store.answer(later, "compare", "m-1") == "{}"
    assert store.answer(later, "compare", "m-2") is store.answer(later, "compare", None) is None
    make.keep("C", observed_at="2024-02-01")  # now the prior of the later one
    assert store.answer(later, "compare", "m-1") is None
    assert store.answer(first, "summarize", None) == "{}"
    store.hold(first, "look")
    assert store.answer(first, "summarize", None) is None


def test_answers_of_other_releases_can_be_dropped(store, make):
    report_id = make.keep()
    for release in (None, "m-1", "m-2"):
        store.put_answer(report_id, "summarize", release, "{}")
    assert store.drop_answers("m-2") == 1
    assert store.answer(report_id, "summarize", None) == store.answer(report_id, "summarize", "m-2") == "{}"


def test_threads_and_processes_share_the_store(store, make):
    second = Store.open(store.home, store.keys)
    errors = []

    def work(number: int) -> None:
        try:
            for step in range(10):
                chosen = store if number % 2 else second
                chosen.keep(ReportFile("a", f"{number}/{step}".encode()), [make.taken(f"{number} {step}")])
                chosen.counts()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert errors == []
    assert store.counts().reports == 40 and store.counts().patients == 1


def test_another_key_opens_nothing(store, make):
    make.keep()
    with pytest.raises(KeyMissing) as caught:
        Store.open(store.home, Keys.random())
    assert caught.value.remedy
    with pytest.raises(KeyMissing) as caught:
        Database(store.home.database, b"\1" * 32)
    assert caught.value.remedy


def test_a_store_of_a_newer_version_is_refused(store):
    store.database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(HomeError, match="newer"):
        Store.open(store.home, store.keys)


def test_an_older_store_is_migrated_forward_with_its_rows(store, make, monkeypatch):
    report_id = make.keep("Small effusion.")
    steps = (*MIGRATIONS, ("ALTER TABLE reports ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",))
    monkeypatch.setattr("practice.database.MIGRATIONS", steps)
    again = Store.open(store.home, store.keys)
    assert again.database.one("SELECT language FROM reports WHERE id = ?", (report_id,)) == {"language": "en"}
    assert again.report(report_id).text == "Small effusion."
    again.close()


def test_a_migration_that_fails_changes_nothing(store, monkeypatch):
    steps = (*MIGRATIONS, ("CREATE TABLE extra (x)", "SELECT nonsense"))
    monkeypatch.setattr("practice.database.MIGRATIONS", steps)
    with pytest.raises(HomeError):
        Store.open(store.home, store.keys)
    monkeypatch.undo()
    again = Store.open(store.home, store.keys)
    assert again.database.one("SELECT 1 FROM sqlite_master WHERE name = 'extra'") is None
    again.close()


def test_known_identities_follow_what_comes_and_goes(store, make, jane):
    assert store.known_identities() == ()
    report_id = make.keep("A", jane)
    make.keep("B", jane)
    assert store.known_identities() == (jane,) == store.known_identities()
    roe = Identity(name="Roe, Al")
    make.keep("C", roe)
    assert set(store.known_identities()) == {jane, roe}
    for row in store.reports(patient_id=store.status_of(report_id).patient_id):
        store.forget(row.id)
    assert store.known_identities() == (roe,)


def test_an_inner_transaction_that_fails_leaves_the_outer_one_whole(store):
    with store.database.transaction():
        Jobs(store).enqueue("first")
        with pytest.raises(ZeroDivisionError), store.database.transaction():
            Jobs(store).enqueue("second")
            raise ZeroDivisionError
        Jobs(store).enqueue("third")
    assert [row["kind"] for row in store.database.all("SELECT kind FROM jobs")] == ["first", "third"]


def test_a_store_that_is_busy_says_so(store, monkeypatch):
    monkeypatch.setattr("practice.database.BUSY_SECONDS", 0.05)
    other = Store.open(store.home, store.keys)
    with store.database.transaction():
        Jobs(store).enqueue("first")
        with pytest.raises(HomeError, match="busy"):
            Jobs(other).enqueue("second")
    Jobs(other).enqueue("third")
    other.close()


def test_a_damaged_store_is_said_to_be_damaged(store, make):
    for number in range(20):
        make.keep(f"Report {number}. " + "word " * 500)
    store.database.checkpoint()
    store.close()
    path = store.home.database
    whole = bytearray(path.read_bytes())
    for place in range(5000, len(whole), 4096):
        whole[place] ^= 255
    path.write_bytes(bytes(whole))
    with pytest.raises(HomeError) as caught:
        broken = Store.open(store.home, store.keys)
        for row in broken.reports():
            broken.report(row.id)
    assert caught.value.remedy
