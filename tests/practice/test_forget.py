"""Forgetting, and that nothing readable lies on the disk before or after."""

import hashlib
from dataclasses import replace

import pytest

from clinical.errors import HomeError, NotFound, Refused
from clinical.report import Identity, ReportFile
from practice.audit import Audit
from practice.feedback import FeedbackBook
from practice.jobs import Jobs
from practice.originals import Sealed
from practice.releases import Lineage, Releases
from practice.tokens import Tokens

CANARIES = ("Quillfeather", "zebradenoma", "MRN7731", "1949-11-23", "canaryfile")


def bytes_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def found_in(folder):
    hits = []
    for path, content in bytes_of(folder).items():
        for canary in CANARIES:
            forms = [canary.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be")]
            if any(form.lower() in content.lower() for form in forms) or canary.lower() in path.name.lower():
                hits.append((path.name, canary))
    return hits


def test_no_plaintext_lies_on_the_disk(store, make):
    who = Identity(mrn="MRN7731", name="Quillfeather, Ada", birth_date="1949-11-23")
    file = ReportFile("canaryfile Quillfeather.txt", b"Quillfeather zebradenoma 1949-11-23 " * 500)
    (report_id,) = store.keep(file, [make.taken("Quillfeather has zebradenoma.", who)], [("prepare", {})])
    store.quarantine(ReportFile("canaryfile2.pdf", b"Quillfeather MRN7731 again"), "encrypted", "Ask for it.")
    store.put_answer(report_id, "summarize", None, '{"claims": ["zebradenoma"]}')
    FeedbackBook(store).add(report_id, "summarize", "edited", "zebradenoma", "Quillfeather zebradenoma")
    Audit.open(store.home, store.keys).append("tool.summarize", "t-1", {"report": report_id})
    assert store.find("zebradenoma")
    assert {"store.db", "store.db-wal"} <= {path.name for path in bytes_of(store.home.root)}
    assert found_in(store.home.root) == []
    store.database.checkpoint()
    assert found_in(store.home.root) == []


def test_the_canary_search_would_find_it(store):
    (store.home.logs / "x.log").write_text("quillFEATHER")
    assert found_in(store.home.root) == [("x.log", "Quillfeather")]


def test_nothing_readable_is_left_in_the_open_database_after_forgetting(store, make):
    """Decrypted page by page: the words are in the store before, and in no page of it after."""
    text = "Quillfeather zebradenoma " + " ".join(f"word{number}" for number in range(2000))
    report_id = make.keep(text, Identity(mrn="MRN7731", name="Quillfeather, Ada", birth_date="1949-11-23"))
    make.keep("Something else.")

    def plain_pages():
        path = store.home.tmp / "plain.db"
        path.unlink(missing_ok=True)
        store.database.execute("ATTACH DATABASE ? AS plain KEY ''", (str(path),))
        store.database.all("SELECT sqlcipher_export('plain')")
        store.database.execute("DETACH DATABASE plain")
        return path.read_bytes()

    assert b"zebradenoma" in plain_pages()
    store.forget(report_id)
    assert b"zebradenoma" not in plain_pages().lower() and b"quillfeather" not in plain_pages().lower()
    assert store.find("zebradenoma") == []
    assert (store.home.root / "store.db-wal").stat().st_size == 0  # nor in the log
    assert store.database.one("PRAGMA secure_delete") == {"secure_delete": 1}
    assert store.database.check()


def publish(store, reports):
    releases = Releases(store.home)
    folder = releases.create_dir()
    (folder / "m.gguf").write_bytes(b"weights")
    lineage = Lineage(tuple(reports), ("b-1",), {"rank": 8})
    return releases.publish(
        folder,
        gguf="m.gguf",
        base="b",
        quantization="q8_0",
        scores={},
        lineage=lineage,
        prompt_hash="p",
        decision={},
    )


def test_forgetting_a_patient_takes_all_that_was_kept(store, make, jane):
    file = make.file()
    ids = store.keep(
        file, [make.taken("A", observed_at="2024-01-01"), make.taken("B", report_index=1)], [("prepare", {})]
    )
    stays = make.keep("Roe's.", Identity(name="Roe, Al", birth_date="1940-01-01"))
    patient_id = store.status_of(ids[0]).patient_id
    FeedbackBook(store).add(ids[0], "ask", "accepted", "draft")
    store.put_answer(ids[0], "summarize", None, "{}")
    token = Tokens(store).create("vscode").token
    Tokens(store).count_use(token, [ids[0], stays])
    with_her, without = publish(store, [*ids, stays]), publish(store, [stays])
    row = store.database.one(
        "SELECT * FROM files JOIN reports ON file_id = files.id WHERE reports.id = ?", (ids[0],)
    )

    forgotten = store.forget(patient_id)

    assert forgotten.reports == ids and len(forgotten.files) == 1 and forgotten.releases == (with_her.id,)
    for report_id in ids:
        with pytest.raises(NotFound):
            store.report(report_id)
    with pytest.raises(HomeError):
        store.originals.read(Sealed(row["sealed_name"], row["sealed_key"]))
    for table, left in {
        "reports": 1, "files": 1, "patients": 1, "identities": 1, "answers": 0, "feedback": 0, "jobs": 0,
        "token_uses": 1,
    }.items():  # fmt: skip
        assert len(store.database.all(f"SELECT * FROM {table}")) == left, table
    releases = Releases(store.home)
    assert (
        releases.get(with_her.id).forgotten == tuple(sorted(ids)) and releases.get(without.id).forgotten == ()
    )
    with pytest.raises(Refused):
        releases.promote(with_her.id)
    releases.retire(with_her.id)
    assert [release.id for release in releases.list()] == [without.id]
    assert store.report(stays).text == "Roe's."
    with pytest.raises(NotFound):
        store.forget(patient_id)


def test_a_forgotten_file_is_not_taken_again_by_itself(store, make):
    file = ReportFile("a.txt", b"content")
    (report_id,) = store.keep(file, [make.taken()])
    store.forget(report_id)
    digest = hashlib.sha256(b"content").hexdigest()
    assert store.seen(digest)
    (again,) = store.keep(file, [make.taken()])  # somebody asks for it
    assert again != report_id and store.report(again).text
    store.forget(again)
    assert store.seen(digest)


def test_a_file_with_two_patients_stays_until_the_last_is_forgotten(store, make, jane):
    other = replace(jane, mrn="777", name="Roe, Al", birth_date="1940-01-01")
    ids = store.keep(make.file(), [make.taken("A"), make.taken("B", other, report_index=1)])
    assert store.forget(ids[0]).files == ()
    assert store.original(ids[1]).content
    assert len(store.forget(ids[1]).files) == 1
    assert store.originals.names() == ()


def test_forgetting_a_patient_forgets_those_joined_to_it(store, make, jane):
    one = make.keep("A")
    two = make.keep("B", replace(jane, mrn="888"))
    store.join(store.status_of(two).patient_id, store.status_of(one).patient_id)
    assert set(store.forget(store.status_of(two).patient_id).reports) == {one, two}
    assert store.counts().patients == 0


def test_forgetting_one_report_of_a_joined_patient_keeps_the_join(store, make, jane):
    one = make.keep("A", observed_at="2024-01-01")
    two = make.keep("B", replace(jane, mrn="888"), observed_at="2024-02-01")
    three = make.keep("C", replace(jane, mrn="888"), observed_at="2024-03-01")
    store.join(store.status_of(two).patient_id, store.status_of(one).patient_id)
    store.forget(one)
    assert store.prior_of(three).id == two


def test_a_quarantined_file_can_be_forgotten(store):
    file_id = store.quarantine(ReportFile("a", b"x"), "empty", "m")
    store.forget(file_id)
    assert store.originals.names() == () and list(store.home.quarantine.iterdir()) == []
    assert store.seen(hashlib.sha256(b"x").hexdigest())


def test_answers_that_name_a_forgotten_report_are_dropped(store, make):
    one = make.keep("A", observed_at="2024-01-01")
    two = make.keep("B", observed_at="2024-03-05")
    store.put_answer(two, "compare", None, f'{{"prior": "{one}"}}')
    store.forget(one)
    assert store.answer(two, "compare", None) is None


def test_a_report_that_waits_for_work_can_be_forgotten(store, make):
    (report_id,) = store.keep(make.file(), [make.taken()], [("prepare", {})])
    job = Jobs(store).lease(["prepare"])
    store.forget(report_id)
    assert Jobs(store).complete(job) is False
