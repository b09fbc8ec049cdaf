"""The reading side of the store: reports, their heads, originals, search, priors, prepared answers.

Nothing here changes a row. ``practice.store.Store`` adds the side that does.
"""

import hashlib
import hmac

from clinical.errors import NotFound
from clinical.report import DeidentifiedReport, ExtractedReport, Identity, Report, ReportFile, Structure
from practice import patientbook
from practice.database import Database, Row
from practice.home import Home
from practice.keys import Keys
from practice.originals import Originals, Sealed
from practice.patients import normal_name
from practice.releases import Release, Releases
from practice.rows import HEADS, Counts, Found, Quarantined, ReportRow, head, words_query
from practice.serial import from_json
from practice.taken import State

_OF_PATIENT = "patient_id IN (SELECT id FROM patients WHERE root = ?)"


class Reading:
    """What can be asked of the store. Safe to share between threads."""

    def __init__(self, home: Home, keys: Keys) -> None:
        self.home = home
        self.keys = keys
        self.database = Database(home.database, keys.database)
        self.originals = Originals(home.originals, keys.originals, home.run / "originals.lock")
        self._names_key = keys.names
        self._known: tuple[Row | None, tuple[Identity, ...]] = (None, ())

    def seen(self, content_sha256: str) -> bool:
        """Whether a file of this content was kept, quarantined or forgotten.

        A forgotten file stays forgotten when the folder is read again; only ``keep`` takes it anew.
        """
        mac = self._content_mac(content_sha256)
        return (
            self.database.one(
                """
                SELECT 1 FROM files WHERE content_mac = ?
                UNION SELECT 1 FROM forgotten WHERE content_mac = ?
                """,
                (mac, mac),
            )
            is not None
        )

    def report(self, report_id: str) -> Report:
        """A report as answers read it: de-identified text and structure."""
        row = self._row(report_id)
        texts = self._texts(report_id)
        deidentified = from_json(DeidentifiedReport, texts["deidentified"])
        extracted = from_json(ExtractedReport, texts["extracted"])
        return Report(
            id=row["id"],
            text=texts["text"],
            structure=from_json(Structure, texts["structure"]),
            patient_id=row["root"],
            report_type=row["report_type"],
            status=row["status"],
            signed=bool(row["signed"]),
            observed_at=row["observed_at"],
            author=row["author"],
            unread_pages=sum(page.source == "unread" for page in extracted.pages),
            doubtful=deidentified.doubtful,
            held=row["state"] == "held",
            superseded_by=row["superseded_by"],
        )

    def reports(
        self,
        patient_id: str | None = None,
        state: State | None = None,
        trainable: bool | None = None,
        since: str | None = None,
        limit: int | None = None,
    ) -> list[ReportRow]:
        """Heads of reports in the order in which they were kept.

        Args:
            patient_id: of this patient, with those joined to it.
            trainable: signed by a configured physician, final, neither held nor replaced.
            since: kept (with ``trainable``: become trainable) at or after this ISO 8601 time in UTC.
        """
        column = "trainable_at" if trainable else "kept_at"
        conditions = {
            _OF_PATIENT: patient_id and patientbook.root_of(self.database, patient_id),
            "state = ?": state,
            "(trainable_at IS NOT NULL) = ?": None if trainable is None else int(trainable),
            f"{column} >= ?": since,
        }
        given = {sql: value for sql, value in conditions.items() if value is not None}
        where = " AND ".join(given) or "1"
        rows = self.database.all(
            f"SELECT * FROM ({HEADS}) WHERE {where} ORDER BY seq LIMIT ?",
            (*given.values(), -1 if limit is None else limit),
        )
        return [head(row) for row in rows]

    def status_of(self, report_id: str) -> ReportRow:
        """The head of one report."""
        return head(self._row(report_id))

    def deidentified(self, report_id: str) -> DeidentifiedReport:
        """What de-identification said of a report: spans, risk, layers."""
        return from_json(DeidentifiedReport, self._texts(report_id)["deidentified"])

    def extracted(self, report_id: str) -> ExtractedReport:
        """The report as it was read, identifiers included. Never for training or a cloud client."""
        return from_json(ExtractedReport, self._texts(report_id)["extracted"])

    def original_text(self, report_id: str) -> str:
        """The text as it was read, identifiers included. Never for training or a cloud client."""
        return self.extracted(report_id).text

    def identity(self, report_id: str) -> Identity:
        """Who the patient is, as the report says."""
        return self.extracted(report_id).identity

    def original(self, any_id: str) -> ReportFile:
        """The file as it arrived, by the id of a report or of a quarantined file."""
        row = self.database.one(
            """
            SELECT * FROM files WHERE id = :id OR id = (SELECT file_id FROM reports WHERE id = :id)
            """,
            {"id": any_id},
        )
        if row is None:
            raise NotFound("There is no such report or quarantined file.", "`resident status` lists them.")
        content = self.originals.read(Sealed(row["sealed_name"], row["sealed_key"]))
        return ReportFile(_name(row), content, row["origin"])

    def quarantined(self) -> list[Quarantined]:
        """Files that could not be read, oldest first."""
        rows = self.database.all("SELECT * FROM files WHERE state = 'quarantined' ORDER BY received_at, id")
        return [
            Quarantined(row["id"], row["reason"], row["message"], _name(row), row["received_at"])
            for row in rows
        ]

    def find(self, query: str, limit: int = 20) -> list[Found]:
        """Full text over the de-identified texts; every word must occur. Best first."""
        words = words_query(query)
        if not words:
            return []
        rows = self.database.all(
            """
            SELECT reports.id, snippet(words, 0, '', '', '…', 16) AS snippet
            FROM words JOIN reports ON reports.seq = words.rowid
            WHERE words MATCH ? AND reports.superseded_by IS NULL AND reports.status <> 'retracted'
            ORDER BY rank LIMIT ?
            """,
            (words, limit),
        )
        return [Found(row["id"], row["snippet"]) for row in rows]

    def prior_of(self, report_id: str) -> Report | None:
        """The same patient's latest earlier report of the same type; None if that is not certain.

        Replaced, retracted and preliminary reports are no priors, nor is one whose order in time is unknown.
        """
        row = self._row(report_id)
        if not (row["root"] and row["report_type"] and row["observed_at"]):
            return None
        earlier = self.database.all(
            f"""
            SELECT id, observed_at FROM ({HEADS}) WHERE {_OF_PATIENT} AND report_type = ? AND id <> ?
            AND superseded_by IS NULL AND status IN ('final', 'amended') AND observed_at < ?
            ORDER BY observed_at DESC, seq DESC
            """,
            (row["root"], row["report_type"], report_id, row["observed_at"]),
        )
        for candidate in earlier:
            shorter, longer = sorted((candidate["observed_at"], row["observed_at"]), key=len)
            if not longer.startswith(shorter):
                return self.report(candidate["id"])
        return None

    def known_identities(self) -> tuple[Identity, ...]:
        """Every distinct identity of the practice's patients, for the second sweep."""
        stamp = self.database.one(
            "SELECT count(*) AS rows, (SELECT max(seq) FROM reports) AS last FROM identities"
        )
        known, identities = self._known
        if stamp != known:
            rows = self.database.all("SELECT DISTINCT identity FROM identities")
            identities = tuple(from_json(Identity, row["identity"]) for row in rows)
            self._known = (stamp, identities)
        return identities

    def counts(self) -> Counts:
        """What there is, by number."""
        states = self.database.all(f"SELECT state, count(*) AS n FROM ({HEADS}) GROUP BY state")
        by_state = {row["state"]: row["n"] for row in states}
        jobs = self.database.all("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        single = self.database.all(
            """
            SELECT (SELECT count(*) FROM reports WHERE trainable_at IS NOT NULL) AS trainable,
                   (SELECT count(*) FROM files WHERE state = 'quarantined') AS quarantined,
                   (SELECT count(*) FROM files WHERE state = 'kept') AS files,
                   (SELECT count(DISTINCT root) FROM patients) AS patients,
                   (SELECT count(*) FROM feedback WHERE state = 'pending') AS feedback_pending
            """
        )[0]
        return Counts(
            reports=sum(by_state.values()),
            taken=by_state.get("taken", 0),
            held=by_state.get("held", 0),
            superseded=by_state.get("superseded", 0),
            retracted=by_state.get("retracted", 0),
            jobs={row["state"]: row["n"] for row in jobs},
            **single,
        )

    def answer(self, report_id: str, key: str, release: str | None) -> str | None:
        """A prepared answer, if there still is one."""
        row = self.database.one(
            "SELECT answer FROM answers WHERE report_id = ? AND key = ? AND release = ?",
            (report_id, key, release or ""),
        )
        return None if row is None else str(row["answer"])

    def patient_aliases(self, patient_id: str) -> tuple[str, ...]:
        """Every patient id that is, or ever was, joined with this one: they share a split for ever."""
        return patientbook.aliases(self.database, patient_id)

    def patient_groups(self) -> dict[str, tuple[str, ...]]:
        """``patient_aliases`` of every patient that has any: what one split must hold together."""
        return patientbook.groups(self.database)

    def releases_with(self, report_id: str) -> tuple[str, ...]:
        """Releases that a report helped to train, oldest first."""
        return Releases(self.home).with_report(report_id)

    def withdrawn_from(self, release: Release) -> tuple[str, ...]:
        """Ids of reports that trained a release and may no longer train: amended, retracted, held, forgotten."""
        trainable = {
            row["id"] for row in self.database.all("SELECT id FROM reports WHERE trainable_at IS NOT NULL")
        }
        return tuple(report_id for report_id in release.lineage.reports if report_id not in trainable)

    def author_id(self, name: str) -> str:
        """The opaque id of a physician by name."""
        normal = normal_name(name).full.encode()
        return "a-" + hmac.new(self._names_key, b"author:" + normal, hashlib.sha256).hexdigest()[:12]

    def _content_mac(self, content_sha256: str) -> str:
        return hmac.new(self._names_key, f"content:{content_sha256}".encode(), hashlib.sha256).hexdigest()

    def _texts(self, report_id: str) -> Row:
        row = self.database.one(
            "SELECT text, structure, deidentified, extracted FROM reports WHERE id = ?", (report_id,)
        )
        if row is None:
            raise NotFound("There is no such report.", "`resident status` lists what there is.")
        return row

    def _row(self, report_id: str) -> Row:
        row = self.database.one(f"SELECT * FROM ({HEADS}) WHERE id = ?", (report_id,))
        if row is None:
            raise NotFound("There is no such report.", "`resident status` lists what there is.")
        return row


def _name(row: Row) -> str:
    return str(row["name"], "utf-8", "surrogatepass")
