"""Whose report it is: matched when certain, held when contradictory, alone when unknown."""

import string
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.errors import NotFound, Refused
from clinical.report import Identity
from practice.patients import KnownIdentity, match, normal_name
from practice.store import Store

JANE = Identity(mrn="123", authority="north", name="Doe, Jane", birth_date="1950-01-02", sex="F")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Weber, Anna M.", "Dr. Anna M. Weber, MD"),
        ("WEBER^ANNA^M", "Anna M Weber"),
        ("Müller, José", "JOSE MULLER"),
        ("O'Brien, Pat", "Pat OBrien"),
        ("Smith, John, Jr.", "John Smith Jr"),
        ("van der Berg, Ada", "Ada van der Berg"),
    ],
)
def test_forms_of_one_name_are_equal(left, right):
    assert normal_name(left).full == normal_name(right).full != ""


@pytest.mark.parametrize(
    ("left", "right"), [("Anna Weber", "Hanna Weber"), ("John Smith Jr", "John Smith Sr"), ("A B", "B A")]
)
def test_other_names_stay_apart(left, right):
    assert normal_name(left).full != normal_name(right).full


@pytest.mark.parametrize("name", [None, "", "Unknown", "  ", "UNKNOWN PATIENT", "^^", "Dr."])
def test_no_name_is_no_name(name):
    assert normal_name(name).full == ""


MATCHES = [
    # what the report says, what is known of patient p, outcome
    (JANE, JANE, "known"),
    (replace(JANE, name=None), JANE, "known"),
    (replace(JANE, birth_date=None), JANE, "known"),
    (replace(JANE, name="JANE DOE", mrn=" 1-2 3"), JANE, "known"),
    (replace(JANE, name="Roe, Jane"), JANE, "known"),  # married: same number, birth date and given name
    (replace(JANE, name="Doe, J."), JANE, "known"),
    (replace(JANE, name="Doe, Joan"), JANE, "conflict"),  # twins, one number
    (replace(JANE, birth_date="1951-01-02"), JANE, "conflict"),
    (replace(JANE, name="Roe, Al", birth_date=None), JANE, "conflict"),
    (replace(JANE, sex="M", name=None), JANE, "conflict"),
    (replace(JANE, name=None, birth_date=None), JANE, "lone"),  # nothing confirms the number
    (replace(JANE, authority="south"), replace(JANE, authority="north"), "known"),  # by name and birth date
    (replace(JANE, authority="south", name="Roe, Al", birth_date="1940-01-01"), JANE, "new"),
    (replace(JANE, mrn="124"), JANE, "new"),  # another number of the same authority is another patient
    (replace(JANE, mrn=None), JANE, "known"),
    (replace(JANE, mrn=None, name="Doe, Jane M."), JANE, "new"),  # exact name only
    (replace(JANE, mrn=None, birth_date=None), JANE, "lone"),
    (replace(JANE, mrn=None, name=None), JANE, "lone"),
    (replace(JANE, mrn=None, sex="M"), JANE, "conflict"),
    (JANE, replace(JANE, mrn=None), "known"),
    (Identity(), JANE, "lone"),
]


@pytest.mark.parametrize(("said", "known", "kind"), MATCHES)
def test_the_rules_of_matching(said, known, kind):
    found = match(said, [KnownIdentity("p", "p", known)])
    assert found.kind == kind
    assert found.patient_id == ("p" if kind == "known" else None)


def test_two_patients_of_one_name_and_birth_date_are_not_guessed_between():
    known = [KnownIdentity("p", "p", JANE), KnownIdentity("q", "q", replace(JANE, mrn="124"))]
    assert match(replace(JANE, mrn=None), known).kind == "conflict"
    assert match(JANE, known).patient_id == "p"
    joined = [KnownIdentity("p", "p", JANE), KnownIdentity("q", "p", replace(JANE, mrn="124"))]
    assert match(replace(JANE, mrn=None), joined).patient_id == "p"


def test_a_surname_that_changed_twice_is_still_one_patient():
    known = [KnownIdentity("p", "p", JANE), KnownIdentity("p", "p", replace(JANE, name="Roe, Jane"))]
    assert match(replace(JANE, name="Poe, Jane"), known).patient_id == "p"
    assert match(replace(JANE, name="Roe, Jane"), known).patient_id == "p"


names = st.builds(
    "{1}, {0}".format, st.sampled_from(["Ann", "Bo", "Cy", "Di"]), st.sampled_from(["Fox", "Gil", "Hay"])
)
identities = st.builds(
    Identity,
    mrn=st.sampled_from([None, "1", "2", "3"]),
    authority=st.sampled_from([None, "north", "south"]),
    name=st.none() | names,
    birth_date=st.sampled_from([None, "1950-01-02", "1961-03-04"]),
    sex=st.sampled_from([None, "F", "M"]),
)


@settings(deadline=None)
@given(identities, st.lists(identities, max_size=6))
def test_the_order_of_what_is_known_does_not_matter(said, known):
    entries = [KnownIdentity(f"p{number}", f"p{number}", entry) for number, entry in enumerate(known)]
    assert match(said, entries) == match(said, entries[::-1])


@settings(deadline=None)
@given(identities, st.lists(identities, max_size=6))
def test_a_match_is_never_with_another_birth_date(said, known):
    entries = [KnownIdentity(f"p{number}", f"p{number}", entry) for number, entry in enumerate(known)]
    found = match(said, entries)
    if found.kind == "known":
        hit = next(entry.identity for entry in entries if entry.root == found.patient_id)
        assert not (said.birth_date and hit.birth_date and said.birth_date != hit.birth_date)
        named = normal_name(said.name).given, normal_name(hit.name).given
        assert not all(named) or named[0] == named[1]


@settings(deadline=None)
@given(st.text(alphabet=string.printable + "éüßøñ,^.'", max_size=40))
def test_normalising_a_name_twice_changes_nothing(name):
    once = normal_name(name)
    if once.surname and once.given:
        assert normal_name(once.full).full == once.full


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(identities, min_size=1, max_size=8), st.data())
def test_a_join_that_is_undone_leaves_no_trace(maker, said, data):
    store = Store.memory()
    make = maker(store)
    for entry in said:
        make.keep("text", entry)
    before = {row.id: row.patient_id for row in store.reports()}
    patients = sorted({patient for patient in before.values() if patient})
    if len(patients) < 2:
        return
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(patients), st.sampled_from(patients)), max_size=4))
    numbers = []
    for one, other in pairs:
        if one != other:
            try:
                numbers.append(store.join(one, other))
            except Refused:
                continue
    for number in data.draw(st.permutations(numbers)):
        store.undo_join(number)
    assert {row.id: row.patient_id for row in store.reports()} == before


def test_reports_of_joined_patients_are_one_course(store, make):
    one = make.keep("A", observed_at="2024-01-01")
    two = make.keep("B", replace(JANE, mrn="888", name="Dow, Jane"), observed_at="2024-02-01")
    first, second = store.status_of(one).patient_id, store.status_of(two).patient_id
    assert first != second and store.prior_of(two) is None
    number = store.join(second, first)
    assert store.prior_of(two).id == one
    assert len(store.reports(patient_id=second)) == len(store.reports(patient_id=first)) == 2
    assert store.patient_aliases(first) == tuple(sorted({first, second}))
    with pytest.raises(Refused):
        store.join(first, second)
    store.undo_join(number)
    assert store.prior_of(two) is None
    assert store.patient_aliases(first) == tuple(sorted({first, second}))  # they share a split for ever
    with pytest.raises(NotFound):
        store.undo_join(number)


def test_patients_once_joined_are_one_group_for_ever(store, make, jane):
    reports = [make.keep("A", replace(jane, mrn=str(number))) for number in range(5)]
    ids = [store.status_of(report_id).patient_id for report_id in reports]
    assert store.patient_groups() == {} and store.patient_aliases(ids[4]) == (ids[4],)
    store.undo_join(store.join(ids[0], ids[1]))
    store.join(ids[2], ids[3])
    store.join(ids[3], ids[1])
    groups = store.patient_groups()
    assert set(groups) == set(ids[:4]) and set(groups.values()) == {tuple(sorted(ids[:4]))}


def test_a_conflict_is_held_until_a_person_says_whose_it_is(store, make, jane):
    known = make.keep("A", jane)
    odd = make.keep("B", replace(jane, birth_date="1951-01-02"), observed_at="2024-05-01")
    row = store.status_of(odd)
    assert (row.state, row.reasons, row.patient_id) == ("held", ("patient",), None)
    with pytest.raises(Refused):
        store.release(odd)
    store.assign(odd, store.status_of(known).patient_id)
    assert store.status_of(odd).trainable and store.prior_of(odd).id == known
    with pytest.raises(NotFound):
        store.assign(odd, "p-none")


def test_a_conflict_may_stand_alone(store, make, jane):
    make.keep("A", jane)
    odd = make.keep("B", replace(jane, birth_date="1951-01-02"), observed_at="2024-05-01")
    store.assign(odd)
    assert store.status_of(odd).state == "taken" and store.prior_of(odd) is None


def test_lone_patients_are_never_matched(store, make):
    said = Identity(name="Doe, Jane")
    assert len({store.status_of(make.keep("A", said)).patient_id for _ in range(3)}) == 3
    assert store.counts().patients == 3
