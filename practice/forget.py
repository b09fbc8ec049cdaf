"""Forgetting: what was kept of a report, a patient or a quarantined file goes, key first in every sense.

One file may hold several reports; its original goes when the last of them does. A keyed hash of the content
stays, so that a copy left in the watched folder is not taken again. Releases that trained on it are marked.
"""

from dataclasses import dataclass

from clinical.errors import NotFound
from practice.database import Database
from practice.originals import Originals
from practice.patientbook import members
from practice.releases import Releases


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, by id, and the releases that trained on it and should be retired."""

    reports: tuple[str, ...]
    files: tuple[str, ...]
    releases: tuple[str, ...]


def forget(database: Database, originals: Originals, releases: Releases, any_id: str, now: str) -> Forgotten:
    """Forget everything of a report, patient or quarantined file.

    Raises:
        NotFound: nothing has this id.
    """
    reports = _reports_of(database, any_id)
    lone_file = database.one("SELECT id FROM files WHERE id = ? AND state = 'quarantined'", (any_id,))
    if not reports and lone_file is None and not _is_patient(database, any_id):
        raise NotFound("Nothing has this id.", "`resident status` lists what there is.")
    marked = releases.mark_forgotten(reports)  # before the rows go, so that a crash cannot lose the mark
    with database.transaction():
        files = {any_id} if lone_file is not None else set()
        for report_id in reports:
            row = database.one("SELECT file_id FROM reports WHERE id = ?", (report_id,))
            if row is not None:
                files.add(row["file_id"])
            database.execute("DELETE FROM jobs WHERE ids LIKE '%' || ? || '%'", (report_id,))
            database.execute("DELETE FROM token_uses WHERE report_id = ?", (report_id,))
            database.execute("DELETE FROM answers WHERE answer LIKE '%' || ? || '%'", (report_id,))
            database.execute("DELETE FROM reports WHERE id = ?", (report_id,))
        gone = [file_id for file_id in sorted(files) if _is_empty(database, file_id)]
        sealed_names = []
        for file_id in gone:
            row = database.one("SELECT content_mac, sealed_name FROM files WHERE id = ?", (file_id,))
            if row is not None:
                database.execute("INSERT OR IGNORE INTO forgotten VALUES (?, ?)", (row["content_mac"], now))
                sealed_names.append(row["sealed_name"])
            database.execute("DELETE FROM files WHERE id = ?", (file_id,))
        _drop_empty_patients(database)
    for name in sealed_names:
        originals.remove(name)
    database.checkpoint()
    return Forgotten(reports, tuple(gone), marked)


def _is_patient(database: Database, any_id: str) -> bool:
    return database.one("SELECT 1 FROM patients WHERE id = ?", (any_id,)) is not None


def _reports_of(database: Database, any_id: str) -> tuple[str, ...]:
    if _is_patient(database, any_id):
        found: list[str] = []
        for member in members(database, any_id):
            rows = database.all("SELECT id FROM reports WHERE patient_id = ? ORDER BY seq", (member,))
            found += [row["id"] for row in rows]
        return tuple(found)
    return tuple(row["id"] for row in database.all("SELECT id FROM reports WHERE id = ?", (any_id,)))


def _is_empty(database: Database, file_id: str) -> bool:
    return database.one("SELECT 1 FROM reports WHERE file_id = ?", (file_id,)) is None


def _drop_empty_patients(database: Database) -> None:
    """Patients without reports go, unless a join that others rest on goes through them."""
    database.execute(
        """
        DELETE FROM patients WHERE id NOT IN (SELECT patient_id FROM reports WHERE patient_id IS NOT NULL)
        AND root NOT IN (
            SELECT patients.root FROM patients JOIN reports ON reports.patient_id = patients.id)
        """
    )
