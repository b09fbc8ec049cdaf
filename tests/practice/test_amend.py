"""Amendments and retractions: who replaces whom, in whatever order they come."""

from itertools import permutations

import pytest

from clinical.errors import Refused
from clinical.report import Identity
from practice.releases import Lineage, Releases

OTHER = Identity(mrn="999", authority="north", name="Roe, Al", birth_date="1940-01-01")


def states(store, *ids):
    return [store.status_of(report_id).state for report_id in ids]


def test_an_amendment_replaces_the_report_of_its_accession_number(store, make):
    first = make.keep("Left effusion.", accession="A1")
    other = make.keep("Something else.", accession="A2")
    store.put_answer(first, "summarize", None, "{}")
    amended = make.keep("Right effusion.", status="amended", supersedes="A1", observed_at="2024-03-06")
    assert states(store, first, amended, other) == ["superseded", "taken", "taken"]
    assert store.status_of(first).superseded_by == store.report(first).superseded_by == amended
    assert store.answer(first, "summarize", None) is None
    assert [row.id for row in store.reports(trainable=True)] == [other, amended]
    assert [hit.report_id for hit in store.find("effusion")] == [amended]
    later = make.keep("Next.", observed_at="2024-04-01")
    assert store.prior_of(later).id == amended


def test_a_replaced_report_takes_no_prepared_answer_and_no_signature(store, make):
    first = make.keep("A", accession="A1")
    make.keep("B", status="amended", supersedes="A1")
    store.put_answer(first, "summarize", None, "{}")
    assert store.answer(first, "summarize", None) is None
    with pytest.raises(Refused):
        store.sign(first, "Anna Weber")


def test_without_accession_patient_type_and_time_tell_which_is_amended(store, make):
    first = make.keep("A", observed_at="2024-03-05T08:00")
    other = make.keep("B", observed_at="2024-03-05T09:00")
    amended = make.keep("A, mended", status="amended", observed_at="2024-03-05T08:00")
    assert states(store, first, other, amended) == ["superseded", "taken", "taken"]


def test_an_amendment_that_could_mean_two_reports_is_held(store, make):
    first, second = make.keep("A"), make.keep("B")
    amended = make.keep("C", status="amended")
    assert states(store, first, second, amended) == ["taken", "taken", "held"]
    assert store.status_of(amended).reasons == ("amends",)


def test_an_amendment_never_reaches_another_patient(store, make):
    first = make.keep("A", accession="A1")
    amended = make.keep("B", OTHER, status="amended", supersedes="A1")
    assert states(store, first, amended) == ["taken", "held"]


def test_a_retraction_withdraws_at_once_even_when_unsigned(store, make):
    first = make.keep("A", accession="A1")
    retraction = make.keep("A", status="retracted", signed=False, author=None, supersedes="A1")
    assert states(store, first, retraction) == ["retracted", "retracted"]
    assert store.report(first).status == "retracted"
    assert store.reports(trainable=True) == [] and store.find("A") == []


def test_a_retraction_of_an_amendment_withdraws_it_too(store, make):
    first = make.keep("A", accession="A1")
    amended = make.keep("B", status="amended", accession="A1", supersedes="A1")
    make.keep("C", status="retracted", accession="A1", supersedes="A1")
    assert states(store, first, amended) == ["superseded", "retracted"]


def test_a_retraction_that_comes_first_still_counts(store, make):
    make.keep("withdrawn", status="retracted", accession="A1", supersedes="A1")
    late = make.keep("A", accession="A1")
    fresh = make.keep("B", accession="A2")
    assert states(store, late, fresh) == ["retracted", "taken"]


def test_an_original_that_comes_after_its_amendment_is_replaced_on_arrival(store, make):
    amended = make.keep("mended", status="amended", accession="A1", supersedes="A1")
    late = make.keep("A", accession="A1")
    assert states(store, amended, late) == ["taken", "superseded"]
    assert [row.id for row in store.reports(trainable=True)] == [amended]


def test_a_second_amendment_replaces_the_first(store, make):
    ids = [make.keep("A", accession="A1")]
    for number in range(2):
        ids.append(make.keep(f"mended {number}", status="amended", accession="A1", supersedes="A1"))
    assert states(store, *ids) == ["superseded", "superseded", "taken"]


def test_an_unsigned_amendment_replaces_only_once_it_is_signed(store, make):
    first = make.keep("A", accession="A1")
    amended = make.keep(
        "B", status="amended", supersedes="A1", signed=False, author=None, state="held", reason="unsigned"
    )
    assert states(store, first, amended) == ["taken", "held"]
    store.sign(amended, "Anna Weber")
    assert states(store, first, amended) == ["superseded", "taken"]


def test_the_final_report_replaces_the_preliminary_one_of_its_number(store, make):
    draft = make.keep(
        "A", accession="A1", status="preliminary", signed=False, state="held", reason="preliminary"
    )
    final = make.keep("A, final", accession="A1")
    other = make.keep("B", accession="A1", report_type="ct chest")
    assert states(store, draft, final, other) == ["superseded", "taken", "taken"]


def test_two_final_reports_of_one_order_stand_beside_each_other(store, make):
    assert states(store, make.keep("A", accession="A1"), make.keep("B", accession="A1")) == ["taken", "taken"]


def test_which_releases_a_retracted_report_trained_is_known(store, make):
    first = make.keep("A", accession="A1")
    releases = Releases(store.home)
    folder = releases.create_dir()
    (folder / "m.gguf").write_bytes(b"weights")
    release = releases.publish(
        folder,
        gguf="m.gguf",
        base="b",
        quantization="q8_0",
        scores={},
        lineage=Lineage((first,)),
        prompt_hash="p",
        decision={},
    )
    assert store.withdrawn_from(release) == ()
    make.keep("A", status="retracted", supersedes="A1")
    assert store.releases_with(first) == (release.id,)
    assert store.withdrawn_from(release) == (first,)
    assert store.releases_with(make.keep("B")) == ()


VERSIONS = {
    "preliminary": {
        "status": "preliminary",
        "signed": False,
        "author": None,
        "state": "held",
        "reason": "preliminary",
    },
    "final": {"signed_at": "2024-03-05T09:00"},
    "amended": {"status": "amended", "supersedes": "A1", "signed_at": "2024-03-05T10:00"},
    "amended again": {"status": "amended", "supersedes": "A1", "signed_at": "2024-03-05T11:00"},
    "retracted": {"status": "retracted", "supersedes": "A1", "signed_at": "2024-03-05T12:00"},
}


@pytest.mark.parametrize("order", [order for n in (2, 3, 4) for order in permutations(list(VERSIONS)[:4], n)])
def test_in_whatever_order_versions_come_the_latest_stands_alone(store, make, order):
    ids = {name: make.keep(name, accession="A1", **VERSIONS[name]) for name in order}
    latest = max(order, key=list(VERSIONS).index)
    live = [name for name, report_id in ids.items() if store.status_of(report_id).state in ("taken", "held")]
    assert live == [latest]
    assert [hit.report_id for hit in store.find(" ".join(latest.split()))] == [ids[latest]]


@pytest.mark.parametrize("order", list(permutations(["final", "amended", "retracted"])))
def test_nothing_that_was_signed_before_a_retraction_stands_after_it(store, make, order):
    ids = [make.keep(name, accession="A1", **VERSIONS[name]) for name in order]
    assert set(states(store, *ids)) <= {"retracted", "superseded"}


def test_an_amendment_that_comes_after_a_retraction_is_a_new_version(store, make):
    make.keep("A", accession="A1")
    make.keep("A", status="retracted", accession="A1", supersedes="A1", signed_at="2024-03-06")
    for signed_at in ("2024-03-07", None):
        late = make.keep("B", status="amended", accession="A1", supersedes="A1", signed_at=signed_at)
        assert states(store, late) == ["taken"]


def test_a_retraction_that_could_mean_two_reports_stops_both_until_somebody_looks(store, make):
    first, second = make.keep("A", accession="A1"), make.keep("B", accession="A1")
    make.keep("C", status="retracted", supersedes="A1")
    assert states(store, first, second) == ["held", "held"]
    assert store.reports(trainable=True) == []
    store.release(first)
    assert [row.id for row in store.reports(trainable=True)] == [first]


def test_a_further_report_of_an_order_that_was_amended_stands(store, make):
    make.keep("A", accession="A1")
    make.keep("A, mended", status="amended", accession="A1", supersedes="A1")
    assert states(store, make.keep("A second view.", accession="A1")) == ["taken"]
