"""HL7 version 2: results (ORU, OUL, REF) and documents (MDM), alone or in batches, read tolerantly.

One report an OBR group, or a document. Status follows the table of decisions: OBR-25 and OBX-11, or TXA-17.
Standard: HL7 v2.8 chapters 4 (OBR), 7 (OBX) and 9 (TXA).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.errors import ExtractionError
from clinical.report import Identity, Page, Status
from watchers.extract.dates import hl7_moment
from watchers.extract.hl7_message import Segment, clinician, identity_of, message_kind, split_messages
from watchers.extract.hl7_text import WITHDRAWN, Embedded, text_of
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.text import decode, tidy

MEDIA = "x-application/hl7-v2+er7"
_RESULT_TYPES = ("ORU", "OUL", "REF", "RRI", "ORF")
_OPEN = frozenset("PRIS")
_TXA_SIGNED, _TXA_OPEN = frozenset({"AU", "LA"}), frozenset({"DI", "DO", "IN", "IP", "PA"})
_TXA_TYPES = {
    "CN": "consultation",
    "DS": "discharge summary",
    "ED": "emergency note",
    "HP": "history and physical",
    "OP": "operative report",
    "PN": "procedure note",
    "PR": "progress note",
    "SP": "pathology",
    "TS": "transfer summary",
    "CD": "cardiology",
    "DI": "radiology",
    "AR": "autopsy",
    "LT": "letter",
}
_SECTIONS = {
    "LAB": "laboratory",
    "CH": "laboratory",
    "HM": "laboratory",
    "CT": "ct",
    "NMR": "mri",
    "MR": "mri",
    "RUS": "ultrasound",
    "US": "ultrasound",
    "VUS": "ultrasound",
    "CUS": "echocardiogram",
    "EC": "ecg",
    "EEG": "eeg",
    "SP": "pathology",
    "CP": "pathology",
    "PAT": "pathology",
    "MB": "microbiology",
    "PF": "pulmonary function test",
    "NMS": "nuclear medicine",
    "RAD": "radiology",
    "RX": "radiology",
    "IMM": "laboratory",
    "BLB": "laboratory",
    "SR": "laboratory",
    "TX": "laboratory",
    "URN": "laboratory",
}


def read_hl7(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """The reports of all messages.

    Args:
        embedded: reads a document that a message carries: its bytes and a name.

    Raises:
        ExtractionError: ``no-report`` with the kinds of messages where none carries one.
    """
    messages = split_messages(decode(content))
    if not messages:
        raise ExtractionError(
            "damaged", "The HL7 message has no MSH segment.", "Ask the sender to send it again."
        )
    out: list[Reading] = []
    without: list[str] = []
    for message in messages:
        kind = message_kind(message)
        found = _reports(message, kind, embedded)
        if found:
            out.extend(found)
        else:
            without.append(kind)
    if not out:
        kinds = ", ".join(sorted(set(without)))
        raise ExtractionError(
            "no-report",
            f"Messages of type {kinds} in this file carry no report.",
            "Nothing needs to be done; results (ORU) and documents (MDM) are what is read.",
        )
    if without:
        note = f"{len(without)} messages of the batch carry no report"
        out[0] = _with(out[0], warnings=(*out[0].warnings, note))
    return tuple(out)


def _with(reading: Reading, **changes: object) -> Reading:
    fields = {name: getattr(reading, name) for name in Reading.__slots__}
    return Reading(**{**fields, **changes})


def _reports(message: Sequence[Segment], kind: str, embedded: Embedded) -> list[Reading]:
    if any(s.name == "TXA" for s in message) or kind.startswith("MDM"):
        return _document(message, kind, embedded)
    if not kind.startswith(_RESULT_TYPES):
        return []
    out: list[Reading] = []
    identity = Identity()
    visit: Segment | None = None
    group: list[Segment] = []
    order: Segment | None = None
    for segment in [*message, Segment("END", ("END",))]:
        if segment.name in ("PID", "OBR", "END", "PRB") and group:
            out.extend(_results(order, group, identity, visit, embedded))
            group = []
        if segment.name == "PID":
            identity, order = identity_of(segment), None
        elif segment.name == "PV1":
            visit = segment
        elif segment.name == "OBR":
            order, group = segment, []
            group.append(segment)
        elif (segment.name in ("OBX", "NTE") and order is not None) or segment.name == "OBX":
            group.append(segment)
    return out


def _results(
    order: Segment | None,
    group: Sequence[Segment],
    identity: Identity,
    visit: Segment | None,
    embedded: Embedded,
) -> list[Reading]:
    observed = [s for s in group if s.name == "OBX"]
    body = text_of([s for s in group if s.name in ("OBX", "NTE")], embedded)
    if not observed or not (body.text or body.unread):
        return []
    head = order or Segment("OBR", ("OBR",))
    standing = result_status(head.part(25), [s.part(11) for s in observed])
    status, signed = standing.status, standing.signed
    accession = head.part(3) or head.part(2) or None
    title = head.part(4, 2) or head.part(4, 5) or head.part(4, 1)
    signer = clinician(head, 32) or next((c for s in observed if (c := clinician(s, 16))), None)
    signed_at = hl7_moment(head.part(22)) or next(
        (m for s in observed if (m := hl7_moment(s.part(19)))), None
    )
    when = hl7_moment(head.part(7)) or next((m for s in observed if (m := hl7_moment(s.part(14)))), None)
    text = tidy("\n".join(part for part in (title, body.text) if part))
    return [
        Reading(
            text=text,
            media_type=body.media or MEDIA,
            pages=body.pages or (Page(1, "text"),),
            doubtful=body.shifted(len(text) - len(tidy(body.text))),
            identity=_named(identity, accession),
            report_type=type_of_title(title) or _SECTIONS.get(head.part(24).upper()) or _guess(observed),
            status=status,
            signed=signed,
            signed_by=signer,
            signed_at=signed_at if signed else None,
            observed_at=when,
            supersedes=accession if status in ("amended", "retracted") else None,
            warnings=body.warnings,
        )
    ]


def _named(identity: Identity, accession: str | None) -> Identity:
    return Identity(
        **{n: getattr(identity, n) for n in Identity.__slots__ if n != "accession"}, accession=accession
    )


def _guess(observed: Sequence[Segment]) -> str | None:
    values = sum(s.part(2) in ("NM", "SN") for s in observed)
    return "laboratory" if values > len(observed) / 2 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Status of a report and whether that counts as signed."""

    status: Status
    signed: bool


def result_status(order: str, results: Sequence[str]) -> Standing:
    """Status by OBR-25 and OBX-11: the least settled of them holds; all withdrawn withdraws."""
    codes = [c.upper()[:1] for c in results if c.strip()]
    first = order.strip().upper()[:1]
    if first in WITHDRAWN or (codes and all(c in WITHDRAWN for c in codes)):
        return Standing("retracted", False)
    if first in _OPEN or any(c in _OPEN for c in codes):
        return Standing("preliminary", False)
    if first == "C" or "C" in codes:
        return Standing("amended", True)
    if first == "F" or (not first and "F" in codes):
        return Standing("final", True)
    return Standing("preliminary", False)


def _document(message: Sequence[Segment], kind: str, embedded: Embedded) -> list[Reading]:
    head = next((s for s in message if s.name == "TXA"), Segment("TXA", ("TXA",)))
    pid = next((s for s in message if s.name == "PID"), None)
    order = next((s for s in message if s.name == "OBR"), Segment("OBR", ("OBR",)))
    start = next((i for i, s in enumerate(message) if s.name == "TXA"), 0)
    body = text_of([s for s in message[start:] if s.name in ("OBX", "NTE")], embedded)
    event = kind[-3:]
    completion = head.part(17).upper()
    available = head.part(19).upper()
    number = head.part(12) or order.part(3) or None
    parent = head.part(13) or None
    cancelled = completion == "CA" or event == "T11" or (available in ("CA", "OB") and event == "T11")
    if not body.text and not body.unread and not cancelled:
        return []
    status: Status
    if cancelled:
        status, signed = "retracted", False
    elif completion in _TXA_SIGNED:
        status, signed = (
            ("amended" if parent and event in ("T05", "T06", "T08", "T09", "T10") else "final"),
            True,
        )
    else:
        status, signed = "preliminary", False
    title = (
        (head.part(16) and "")
        or order.part(4, 2)
        or next((s.part(3, 2) for s in message if s.name == "OBX" and s.part(3, 2)), "")
    )
    kind_code = head.part(2).upper()
    moment = ""
    parts = head.parts(22)
    if len(parts) > 14:
        moment = parts[14]
    when = hl7_moment(head.part(4)) or hl7_moment(order.part(7))
    text = body.text or "This document was withdrawn."
    return [
        Reading(
            text=tidy(text),
            media_type=body.media or MEDIA,
            pages=body.pages or (Page(1, "text"),),
            doubtful=body.shifted(0),
            identity=_named(identity_of(pid) if pid else Identity(), number),
            report_type=type_of_title(title)
            or type_of_title(head.part(2, 2))
            or type_of_title(kind_code)
            or _TXA_TYPES.get(kind_code),
            status=status,
            signed=signed,
            signed_by=(clinician(head, 22) or clinician(head, 10) or clinician(head, 9)) if signed else None,
            signed_at=(hl7_moment(moment) or hl7_moment(head.part(8)) or hl7_moment(head.part(6)))
            if signed
            else None,
            observed_at=when,
            supersedes=(parent or number)
            if status == "retracted"
            else parent
            if event in ("T05", "T06", "T07", "T08", "T09", "T10")
            else None,
            warnings=body.warnings,
        )
    ]
