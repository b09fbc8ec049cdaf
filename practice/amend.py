"""Amendments and retractions: which earlier report a new one replaces, and what follows from that.

An earlier report is found by its accession number; for an amendment or a retraction without one, as the one
report of the same patient, type and time. Never across patients: where that is not certain the new report is
held. A final report replaces the preliminary one of its accession number. An unsigned amendment replaces
nothing until it is signed; a retraction counts at once, and also when it comes before what it retracts.
"""

from clinical.report import Identity
from practice.database import Database, Row
from practice.patients import agree
from practice.serial import from_json
from practice.taken import AMENDS


def settle(database: Database, report_id: str, now: str) -> tuple[str, ...]:
    """Let a new or newly signed report replace what it replaces; the ids of those that changed by it."""
    new = _row(database, report_id)
    if new["superseded_by"] is not None:
        return ()
    if new["status"] != "retracted" and _came_too_late(database, new):
        return (report_id,)
    acts = new["status"] == "retracted" or (new["status"] in ("amended", "final") and new["signed"])
    if not acts:
        return ()
    found = _earlier(database, new)
    certain = [row for row in found if _same_patient(database, new, row)]
    amends = new["status"] in ("amended", "retracted")
    if amends and (len(certain) > 1 or (found and not certain)):
        unclear = (report_id, *(row["id"] for row in certain if new["status"] == "retracted"))
        for held_id in unclear:  # any of them may be the one that was retracted
            database.execute("INSERT OR IGNORE INTO holds VALUES (?, ?, ?)", (held_id, AMENDS, now))
        return unclear
    for row in certain:
        if amends and row["status"] == "amended" and _signed_later(row, new):
            _replace(database, report_id, row["id"], row["status"])  # amendments came in the wrong order
            return (report_id,)
        _replace(database, row["id"], report_id, new["status"])
    return tuple(row["id"] for row in certain)


def _earlier(database: Database, new: Row) -> list[Row]:
    """Reports that the new one may mean: by accession, else by patient, type and time."""
    amends = new["status"] in ("amended", "retracted")
    number = new["supersedes"] or new["accession"]
    rows: list[Row] = []
    if number:
        rows = database.all(
            "SELECT * FROM reports WHERE accession = ? AND id <> ? AND superseded_by IS NULL AND seq < ?",
            (number, new["id"], new["seq"]),
        )
        same_type = [row for row in rows if row["report_type"] == new["report_type"]]
        rows = same_type or (rows if new["supersedes"] else [])
    if not rows and amends and new["observed_at"] and new["patient_id"]:
        rows = database.all(
            """
            SELECT reports.* FROM reports JOIN patients ON patients.id = reports.patient_id
            WHERE patients.root = (SELECT root FROM patients WHERE id = :patient) AND reports.id <> :id
              AND reports.report_type IS :type AND reports.observed_at = :time
              AND reports.superseded_by IS NULL AND reports.seq < :seq
              AND (reports.accession IS NULL OR :number IS NULL OR reports.accession = :number)
            """,
            {
                "patient": new["patient_id"],
                "id": new["id"],
                "type": new["report_type"],
                "time": new["observed_at"],
                "seq": new["seq"],
                "number": number,
            },
        )
    rows = [row for row in rows if row["status"] != "retracted"]
    return rows if amends else [row for row in rows if row["status"] == "preliminary"]


def _came_too_late(database: Database, new: Row) -> bool:
    """A report that was retracted, or replaced, before it came."""
    if not new["accession"]:
        return False
    rows = database.all(
        """
        SELECT * FROM reports WHERE id <> :id AND seq < :seq
        AND (status IN ('amended', 'retracted') OR status = 'final' AND :status = 'preliminary')
        AND (supersedes = :number OR accession = :number AND report_type IS :type)
        AND (status = 'retracted' OR signed = 1 AND superseded_by IS NULL) ORDER BY seq DESC
        """,
        {
            "id": new["id"],
            "seq": new["seq"],
            "number": new["accession"],
            "type": new["report_type"],
            "status": new["status"],
        },
    )
    if new["status"] == "amended":  # after a retraction it is a new version, unless it was signed before
        rows = [row for row in rows if row["status"] == "retracted" and _signed_later(row, new)]
    elif rows and _met_its_original(database, new):
        return False
    for row in rows:
        if _same_patient(database, new, row):
            _replace(database, new["id"], row["id"], row["status"])
            return True
    return False


def _met_its_original(database: Database, new: Row) -> bool:
    """Whether the one that this report would be was replaced already, so that this is another report."""
    found = database.one(
        """
        SELECT 1 FROM reports WHERE accession = :number AND report_type IS :type AND id <> :id
        AND superseded_by IS NOT NULL
        AND coalesce(json_extract(extracted, '$.value.status'), 'preliminary') = :status
        """,
        {
            "number": new["accession"],
            "type": new["report_type"],
            "id": new["id"],
            "status": new["status"],
        },
    )
    return found is not None


def _signed_later(row: Row, new: Row) -> bool:
    return bool(row["signed_at"] and new["signed_at"] and row["signed_at"] > new["signed_at"])


def _replace(database: Database, earlier_id: str, by: str, status: str) -> None:
    database.execute(
        """
        UPDATE reports SET superseded_by = ?, trainable_at = NULL,
            status = CASE WHEN ? = 'retracted' THEN 'retracted' ELSE status END WHERE id = ?
        """,
        (by, status, earlier_id),
    )


def _same_patient(database: Database, new: Row, earlier: Row) -> bool:
    if new["patient_id"] and earlier["patient_id"]:
        roots = database.all(
            "SELECT DISTINCT root FROM patients WHERE id IN (?, ?)",
            (new["patient_id"], earlier["patient_id"]),
        )
        if len(roots) == 1:
            return True
    identities = [
        from_json(Identity, row["identity"])
        for row in database.all(
            "SELECT identity FROM identities WHERE report_id IN (?, ?)", (new["id"], earlier["id"])
        )
    ]
    lone = database.one(
        "SELECT count(*) AS n FROM patients WHERE lone = 1 AND id IN (?, ?)",
        (new["patient_id"], earlier["patient_id"]),
    )
    return bool(lone and lone["n"]) and len(identities) == 2 and agree(*identities) == "confirmed"


def _row(database: Database, report_id: str) -> Row:
    return database.all("SELECT * FROM reports WHERE id = ?", (report_id,))[0]
