"""What the store says about its reports without their text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clinical.report import Status
from practice.taken import State

# A report without its texts, with its patient after joins, its holds, and the state that follows.
HEADS = """
    SELECT reports.seq, reports.id, file_id, report_index, patient_id, report_type, status, signed, author,
        observed_at, superseded_by, kept_at, trainable_at, patients.root AS root,
        (SELECT group_concat(reason, char(10)) FROM holds WHERE holds.report_id = reports.id) AS reasons,
        CASE WHEN reports.status = 'retracted' THEN 'retracted'
             WHEN reports.superseded_by IS NOT NULL THEN 'superseded'
             WHEN EXISTS (SELECT 1 FROM holds WHERE holds.report_id = reports.id) THEN 'held'
             ELSE 'taken' END AS state
    FROM reports LEFT JOIN patients ON patients.id = reports.patient_id
"""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The head of a report.

    Attributes:
        patient_id: the patient after joins; None while that is in conflict.
        own_patient_id: the patient that the report was given to first.
        reasons: why it is held.
        trainable_at: since when it may train (ISO 8601, UTC); None if it may not.
    """

    id: str
    file_id: str
    report_index: int
    state: State
    reasons: tuple[str, ...]
    patient_id: str | None
    own_patient_id: str | None
    report_type: str | None
    status: Status
    signed: bool
    author: str | None
    superseded_by: str | None
    kept_at: str
    trainable_at: str | None
    observed_at: str | None = field(default=None, repr=False)

    @property
    def trainable(self) -> bool:
        """Whether it may train now."""
        return self.trainable_at is not None


def head(row: Mapping[str, Any]) -> ReportRow:
    """The head of a row of ``HEADS``."""
    return ReportRow(
        id=row["id"],
        file_id=row["file_id"],
        report_index=row["report_index"],
        state=row["state"],
        reasons=tuple(row["reasons"].split("\n")) if row["reasons"] else (),
        patient_id=row["root"],
        own_patient_id=row["patient_id"],
        report_type=row["report_type"],
        status=row["status"],
        signed=bool(row["signed"]),
        author=row["author"],
        superseded_by=row["superseded_by"],
        kept_at=row["kept_at"],
        trainable_at=row["trainable_at"],
        observed_at=row["observed_at"],
    )


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that could not be read. ``name`` is patient data: for the practice's own eyes."""

    id: str
    reason: str
    message: str
    name: str = field(repr=False)
    received_at: str


@dataclass(frozen=True, slots=True)
class Found:
    """A report in which every word of a query occurs, with the de-identified words around."""

    report_id: str
    snippet: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the store holds, by number; ``jobs`` by state (ready, leased, done, failed)."""

    reports: int
    taken: int
    held: int
    superseded: int
    retracted: int
    trainable: int
    files: int
    quarantined: int
    patients: int
    feedback_pending: int
    jobs: Mapping[str, int]


def words_query(query: str) -> str:
    """A query of FTS5 in which every word is literal; "phrases in quotes" stay together."""
    parts = re.findall(r'"([^"]+)"|(\S+)', query)
    terms = [re.sub(r"[\W_]+", " ", phrase or word).strip() for phrase, word in parts]
    return " ".join(f'"{term}"' for term in terms if term)
