"""The store: every report that was taken, with its sealed original, durable together.

One encrypted database holds the de-identified texts, what they were read from, the patients and the queue of
jobs; the originals lie beside it, each under a key that only the database has. ``Store`` is the only way in.
"""

import hashlib
import secrets
import tempfile
import weakref
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from clinical.errors import Refused
from clinical.report import DeidentifiedReport, Report, ReportFile, Structure
from practice import amend, patientbook
from practice.database import Row
from practice.forget import Forgotten, forget
from practice.home import Home, write_atomically
from practice.jobs import insert_job
from practice.keys import Keys
from practice.originals import Sealed
from practice.reading import Reading
from practice.releases import Releases
from practice.serial import storable, to_json
from practice.taken import IDENTIFIERS, PATIENT, PRELIMINARY, UNKNOWN_SIGNER, UNSIGNED, TakenReport


class Store(Reading):
    """The practice's reports. Safe to share between threads; other processes may have it open too."""

    @staticmethod
    def open(home: Home, keys: Keys) -> "Store":
        """Open a home's store: migrates it forward, sweeps orphaned originals, mends the quarantine list.

        Raises:
            KeyMissing: it is the key of another home.
            HomeError: the store cannot be used.
        """
        keys.check(home)
        store = Store(home, keys)
        keys.note(home)
        store.sweep()
        return store

    @staticmethod
    def memory() -> "Store":
        """A throwaway store in a temporary folder with keys of its own, gone with the object."""
        folder = tempfile.TemporaryDirectory(prefix="resident-")
        home = Home.create(Path(folder.name) / "home")
        store = Store.open(home, Keys.random())
        weakref.finalize(store, folder.cleanup)
        return store

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # Taking in

    def keep(
        self,
        file: ReportFile,
        taken: Sequence[TakenReport],
        jobs: Sequence[tuple[str, dict[str, str]]] = (),
    ) -> tuple[str, ...]:
        """Keep the reports of one file: all of them, the sealed original and the jobs, or nothing.

        Args:
            jobs: kind and ids of what to do next, enqueued for each report with its id as ``report_id``.

        Returns:
            The ids of the reports, in order; those of before if this content was kept before.

        Raises:
            Refused: the file has no report.
            HomeError: the disk is full or failing; nothing was kept.
        """
        if not taken:
            raise Refused("A file without reports cannot be kept.", "Quarantine it with its reason.")
        mac = self._content_mac(hashlib.sha256(file.content).hexdigest())
        with self.originals.writing():
            before = self._kept_before(mac)
            if before:
                return before
            file_id = f"f-{secrets.token_hex(8)}"
            sealed = self.originals.seal(file_id, file.content)
            try:
                with self.database.transaction():
                    before = self._kept_before(mac)
                    if not before:
                        outdated = self._lift_quarantine(mac)
                        self._insert_file(file_id, mac, sealed, file, "kept", None, None)
                        ids = tuple(self._insert(file_id, report, jobs) for report in taken)
            except Exception:
                self._drop_uncommitted(file_id, sealed)
                raise
            if before:
                self.originals.remove(sealed.name)
                return before
        for row in outdated:
            self.originals.remove(row["sealed_name"])
            self._note(row["id"]).unlink(missing_ok=True)
        return ids

    def quarantine(self, file: ReportFile, reason: str, message: str) -> str:
        """Seal a file that cannot be read, and list it under an opaque id.

        Args:
            reason: a short stable word such as ``encrypted``; message: what to do, without patient text.

        Returns:
            Its id; the one of before if this content is quarantined already.
        """
        mac = self._content_mac(hashlib.sha256(file.content).hexdigest())
        with self.originals.writing():
            row = self.database.one("SELECT id FROM files WHERE content_mac = ?", (mac,))
            if row is not None:
                return str(row["id"])
            file_id = f"q-{secrets.token_hex(8)}"
            sealed = self.originals.seal(file_id, file.content)
            try:
                with self.database.transaction():
                    row = self.database.one("SELECT id FROM files WHERE content_mac = ?", (mac,))
                    if row is None:
                        self._insert_file(file_id, mac, sealed, file, "quarantined", reason, message)
            except Exception:
                self._drop_uncommitted(file_id, sealed)
                raise
            if row is not None:
                self.originals.remove(sealed.name)
                return str(row["id"])
            self._write_note(file_id, reason, message)
        return file_id

    # Deciding

    def hold(self, report_id: str, reason: str) -> None:
        """Keep a report from training until somebody releases it."""
        with self.database.transaction():
            self._row(report_id)
            self.database.execute("INSERT OR IGNORE INTO holds VALUES (?, ?, ?)", (report_id, reason, _now()))
            self._refresh(report_id)

    def release(self, report_id: str) -> None:
        """Lift every hold of a report, after a person looked at it.

        Raises:
            Refused: whose report it is must be said first (``assign``).
        """
        with self.database.transaction():
            row = self._row(report_id)
            if row["patient_id"] is None:
                raise Refused(
                    "Whose report this is contradicts itself.",
                    "Say whose it is, or that it stands alone, before releasing it.",
                )
            self.database.execute("DELETE FROM holds WHERE report_id = ?", (report_id,))
            self._refresh(report_id)

    def revise(self, report_id: str, deidentified: DeidentifiedReport, structure: Structure) -> None:
        """Replace a report's de-identified text after a person looked at it; lifts the hold for that.

        What was found and answered before goes with the old text.
        """
        with self.database.transaction():
            self._row(report_id)
            self.database.execute(
                "UPDATE reports SET text = ?, deidentified = ?, structure = ? WHERE id = ?",
                (storable(deidentified.text), to_json(deidentified), to_json(structure), report_id),
            )
            self.database.execute(
                "DELETE FROM holds WHERE report_id = ? AND reason = ?", (report_id, IDENTIFIERS)
            )
            self._refresh(report_id)

    def sign(self, report_id: str, by: str) -> None:
        """Sign a report in the name of one of the practice's physicians; lifts the holds of unsigned ones.

        Args:
            by: the physician's name as configured; the caller has made sure that it is.
        """
        with self.database.transaction():
            row = self._row(report_id)
            if row["state"] in ("superseded", "retracted"):
                raise Refused("This report was amended or retracted.", "Sign the one that replaces it.")
            now = _now()
            self.database.execute(
                """
                UPDATE reports SET signed = 1, signed_by = ?, signed_at = ?, author = ?,
                status = CASE status WHEN 'preliminary' THEN 'final' ELSE status END WHERE id = ?
                """,
                (by, now, self.author_id(by), report_id),
            )
            self.database.execute(
                "DELETE FROM holds WHERE report_id = ? AND reason IN (?, ?, ?)",
                (report_id, UNSIGNED, UNKNOWN_SIGNER, PRELIMINARY),
            )
            self._settle(report_id)

    def assign(self, report_id: str, patient_id: str | None = None) -> str:
        """Say whose report it is (None: it stands alone); the patient's id."""
        with self.database.transaction():
            self._row(report_id)
            assigned = patientbook.assign(self.database, report_id, patient_id, _now())
            self.database.execute(
                "DELETE FROM holds WHERE report_id = ? AND reason = ?", (report_id, PATIENT)
            )
            self._settle(report_id)
            return assigned

    def join(self, patient_id: str, into_id: str) -> int:
        """Say that two patients are one; the number by which ``undo_join`` takes it back."""
        with self.database.transaction():
            number = patientbook.join(self.database, patient_id, into_id, _now())
            self._drop_answers_of(into_id)
            return number

    def undo_join(self, number: int) -> None:
        """Take a join back; every report returns to the patient that it was given to."""
        with self.database.transaction():
            row = self.database.one("SELECT into_id FROM joins WHERE id = ?", (number,))
            if row is not None:
                self._drop_answers_of(row["into_id"])
            patientbook.undo_join(self.database, number, _now())

    def forget(self, any_id: str) -> Forgotten:
        """Forget a report, a patient or a quarantined file: key, rows, answers, feedback, words.

        Releases that trained on it are marked, so that they can be retired.
        """
        forgotten = forget(self.database, self.originals, Releases(self.home), any_id, _now())
        for file_id in forgotten.files:
            self._note(file_id).unlink(missing_ok=True)
        return forgotten

    def put_answer(
        self, report_id: str, key: str, release: str | None, answer: str, of: Sequence[Report] = ()
    ) -> None:
        """Keep a prepared answer (JSON) under a key of the tool's choosing; release None is extract mode.

        It is not kept where one of the reports that it was computed ``of`` was held, released, signed, replaced or
        given to another patient meanwhile: what it says of them may not hold any more.
        """
        with self.database.transaction():
            if self._row(report_id)["state"] in ("superseded", "retracted"):
                return
            if any(_standing(self.report(report.id)) != _standing(report) for report in of):
                return
            self.database.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (report_id, key, release or "", answer, _now()),
            )

    def drop_answers(self, except_release: str | None = None) -> int:
        """Drop the prepared answers of every release but one; how many."""
        with self.database.transaction():
            return self.database.execute(
                "DELETE FROM answers WHERE release <> '' AND release <> ?", (except_release or "",)
            )

    # Within

    def sweep(self) -> int:
        """Remove originals that no commit knows, and mend the quarantine list; how many were removed.

        Does nothing while some process is writing: the next start will.
        """
        with self.originals.sweeping() as alone:
            if not alone:
                return 0
            rows = self.database.all("SELECT sealed_name FROM files")
            removed = self.originals.sweep({row["sealed_name"] for row in rows})
            listed = {row.id: row for row in self.quarantined()}
            for entry in self.home.quarantine.iterdir():
                if entry.stem not in listed:
                    entry.unlink(missing_ok=True)
            for row in listed.values():
                if not self._note(row.id).exists():
                    self._write_note(row.id, row.reason, row.message)
            return removed

    def _note(self, file_id: str) -> Path:
        return self.home.quarantine / f"{file_id}.txt"

    def _write_note(self, file_id: str, reason: str, message: str) -> None:
        write_atomically(self._note(file_id), f"{reason}\n{message}\n".encode())

    def _kept_before(self, mac: str) -> tuple[str, ...]:
        rows = self.database.all(
            """
            SELECT reports.id FROM reports JOIN files ON files.id = reports.file_id
            WHERE files.content_mac = ? ORDER BY report_index
            """,
            (mac,),
        )
        return tuple(row["id"] for row in rows)

    def _lift_quarantine(self, mac: str) -> list[Row]:
        rows = self.database.all("SELECT id, sealed_name FROM files WHERE content_mac = ?", (mac,))
        self.database.execute("DELETE FROM files WHERE content_mac = ?", (mac,))
        self.database.execute("DELETE FROM forgotten WHERE content_mac = ?", (mac,))
        return rows

    def _drop_uncommitted(self, file_id: str, sealed: Sealed) -> None:
        if self.database.one("SELECT 1 FROM files WHERE id = ?", (file_id,)) is None:
            self.originals.remove(sealed.name)

    def _insert_file(
        self,
        file_id: str,
        mac: str,
        sealed: Sealed,
        file: ReportFile,
        state: str,
        reason: str | None,
        message: str | None,
    ) -> None:
        self.database.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                file_id,
                mac,
                sealed.name,
                sealed.key,
                file.name.encode("utf-8", "surrogatepass"),  # names need not be valid text
                file.origin,
                len(file.content),
                state,
                reason,
                message,
                _now(),
            ),
        )

    def _insert(self, file_id: str, taken: TakenReport, jobs: Sequence[tuple[str, dict[str, str]]]) -> str:
        extracted, now = taken.extracted, _now()
        report_id = f"r-{secrets.token_hex(8)}"
        self.database.execute(
            """
            INSERT INTO reports (id, file_id, report_index, report_type, status, signed, signed_by, signed_at,
                observed_at, author, accession, supersedes, text, structure, deidentified, extracted, kept_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                report_id,
                file_id,
                extracted.report_index,
                extracted.report_type,
                extracted.status,
                int(extracted.signed),
                extracted.signed_by,
                extracted.signed_at,
                extracted.observed_at,
                self.author_id(taken.author) if taken.author else None,
                extracted.identity.accession,
                extracted.supersedes,
                storable(taken.deidentified.text),
                to_json(taken.structure),
                to_json(taken.deidentified),
                to_json(extracted),
                now,
            ),
        )
        found = patientbook.place(self.database, report_id, extracted.identity, now)
        reasons = [taken.reason or "held"] if taken.state == "held" else []
        reasons += [IDENTIFIERS] if taken.deidentified.held else []
        reasons += [PATIENT] if found.kind == "conflict" else []
        for reason in reasons:
            self.database.execute("INSERT OR IGNORE INTO holds VALUES (?, ?, ?)", (report_id, reason, now))
        self._settle(report_id)
        for kind, ids in jobs:
            insert_job(self.database, kind, {**ids, "report_id": report_id})
        return report_id

    def _settle(self, report_id: str) -> None:
        """Apply what a new, signed or assigned report means for others, and drop outdated answers."""
        for replaced in amend.settle(self.database, report_id, _now()):
            self._refresh(replaced)
        self._refresh(report_id)

    def _refresh(self, report_id: str) -> None:
        """Say anew whether a report may train, and drop the prepared answers that may rest on it."""
        row = self._row(report_id)
        trains = (
            row["state"] == "taken" and row["signed"] and row["author"] and row["status"] != "preliminary"
        )
        self.database.execute(
            "UPDATE reports SET trainable_at = CASE WHEN ? THEN coalesce(trainable_at, ?) END WHERE id = ?",
            (int(bool(trains)), _now(), report_id),
        )
        self.database.execute("DELETE FROM answers WHERE report_id = ?", (report_id,))
        if row["root"]:
            self.database.execute(
                """
                DELETE FROM answers WHERE report_id IN (
                    SELECT reports.id FROM reports JOIN patients ON patients.id = reports.patient_id
                    WHERE patients.root = ?
                    AND (reports.observed_at IS NULL OR ? IS NULL OR reports.observed_at >= ?))
                """,
                (row["root"], row["observed_at"], row["observed_at"]),
            )

    def _drop_answers_of(self, patient_id: str) -> None:
        for member in patientbook.members(self.database, patient_id):
            self.database.execute(
                "DELETE FROM answers WHERE report_id IN (SELECT id FROM reports WHERE patient_id = ?)",
                (member,),
            )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _standing(report: Report) -> tuple[object, ...]:
    """What an answer on a report takes from its state."""
    return report.status, report.signed, report.held, report.patient_id, report.observed_at
