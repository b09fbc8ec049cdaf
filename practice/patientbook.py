"""The patients in the store: placing a report, assigning, joining, undoing a join.

Each report keeps the patient it was given to first; ``root`` says to whom that patient belongs after joins,
so that a join is undone by taking it away. What a split or a lineage must know of the past is in ``aliases``.
"""

import secrets

from clinical.errors import NotFound, Refused
from clinical.report import Identity
from practice.database import Database
from practice.patients import KnownIdentity, Match, match, normal_authority, normal_mrn, normal_name
from practice.serial import from_json, to_json


def place(database: Database, report_id: str, identity: Identity, now: str) -> Match:
    """Give a report to its patient within the caller's transaction; a conflict gives it to nobody."""
    found = match(identity, _candidates(database, identity))
    patient_id = found.patient_id
    if found.kind in ("new", "lone"):
        patient_id = _add(database, found.kind == "lone", now)
    database.execute("UPDATE reports SET patient_id = ? WHERE id = ?", (patient_id, report_id))
    database.execute(
        "INSERT INTO identities VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            report_id,
            patient_id,
            normal_authority(identity.authority),
            normal_mrn(identity.mrn),
            normal_name(identity.name).full,
            identity.birth_date or "",
            to_json(identity),
        ),
    )
    return Match(found.kind, patient_id, found.reason)


def assign(database: Database, report_id: str, patient_id: str | None, now: str) -> str:
    """Give a report to a patient, or to a lone one of its own; the patient's id."""
    with database.transaction():
        if patient_id is None:
            patient_id = _add(database, True, now)
        elif database.one("SELECT 1 FROM patients WHERE id = ?", (patient_id,)) is None:
            raise NotFound("There is no such patient.", "`resident status` lists what there is.")
        for table, column in (("reports", "id"), ("identities", "report_id")):
            if not database.execute(
                f"UPDATE {table} SET patient_id = ? WHERE {column} = ?", (patient_id, report_id)
            ):
                raise NotFound("There is no such report.")
        return patient_id


def join(database: Database, patient_id: str, into_id: str, now: str) -> int:
    """Say that two patients are one; the number by which it can be undone."""
    with database.transaction():
        root, into = root_of(database, patient_id), root_of(database, into_id)
        if root == into:
            raise Refused("These two are one patient already.")
        database.execute(
            "INSERT INTO joins (patient_id, into_id, joined_at) VALUES (?, ?, ?)", (root, into, now)
        )
        _rebuild_roots(database)
        number = database.one("SELECT max(id) AS id FROM joins")
        return int(number["id"]) if number else 0


def undo_join(database: Database, number: int, now: str) -> None:
    """Take a join back: every report returns to the patient that it was given to."""
    with database.transaction():
        if not database.execute(
            "UPDATE joins SET undone_at = ? WHERE id = ? AND undone_at IS NULL", (now, number)
        ):
            raise NotFound("There is no such join.")
        _rebuild_roots(database)


def root_of(database: Database, patient_id: str) -> str:
    """The patient to whom this one belongs after joins."""
    row = database.one("SELECT root FROM patients WHERE id = ?", (patient_id,))
    if row is None:
        raise NotFound("There is no such patient.", "`resident status` lists what there is.")
    return str(row["root"])


def members(database: Database, patient_id: str) -> tuple[str, ...]:
    """Every patient id that is now one with this one."""
    rows = database.all(
        "SELECT id FROM patients WHERE root = ? ORDER BY id", (root_of(database, patient_id),)
    )
    return tuple(row["id"] for row in rows)


def aliases(database: Database, patient_id: str) -> tuple[str, ...]:
    """Every patient id that is, or ever was, joined with this one, itself included."""
    return groups(database).get(patient_id, (patient_id,))


def groups(database: Database) -> dict[str, tuple[str, ...]]:
    """For every patient that is, or ever was, joined with another: the ids of all of them."""
    group: dict[str, set[str]] = {}
    for link in database.all("SELECT patient_id, into_id FROM joins"):
        pair = {link["patient_id"], link["into_id"]}
        united = set().union(pair, *(group.get(patient_id, set()) for patient_id in pair))
        group |= dict.fromkeys(united, united)
    return {patient_id: tuple(sorted(united)) for patient_id, united in group.items()}


def _add(database: Database, lone: bool, now: str) -> str:
    patient_id = f"p-{secrets.token_hex(8)}"
    database.execute("INSERT INTO patients VALUES (?, ?, ?, ?)", (patient_id, patient_id, int(lone), now))
    return patient_id


def _candidates(database: Database, identity: Identity) -> list[KnownIdentity]:
    rows = database.all(
        """
        WITH hits AS (
            SELECT patient_id FROM identities WHERE mrn = :mrn AND :mrn <> ''
            UNION SELECT patient_id FROM identities
            WHERE name = :name AND birth_date = :birth AND :name <> '' AND :birth <> ''
        )
        SELECT identities.patient_id, patients.root, identities.identity
        FROM patients JOIN identities ON identities.patient_id = patients.id
        WHERE patients.lone = 0 AND patients.root IN (
            SELECT root FROM patients WHERE lone = 0 AND id IN (SELECT patient_id FROM hits))
        GROUP BY identities.patient_id, authority, mrn, name, birth_date,
            json_extract(identity, '$.value.sex')
        """,
        {
            "mrn": normal_mrn(identity.mrn),
            "name": normal_name(identity.name).full,
            "birth": identity.birth_date or "",
        },
    )
    return [
        KnownIdentity(row["patient_id"], row["root"], from_json(Identity, row["identity"])) for row in rows
    ]


def _rebuild_roots(database: Database) -> None:
    links = database.all("SELECT patient_id, into_id FROM joins WHERE undone_at IS NULL ORDER BY id")
    database.execute("UPDATE patients SET root = id")
    for link in links:
        old, new = root_of(database, link["patient_id"]), root_of(database, link["into_id"])
        database.execute("UPDATE patients SET root = ? WHERE root = ?", (new, old))
