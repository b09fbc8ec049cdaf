"""HL7 version 2: results (ORU, OUL, REF) and documents (MDM), alone or in batches, read tolerantly.

One report an OBR group, or a document. Status follows the table of decisions: OBR-25 and OBX-11, or TXA-17.
Standard: HL7 v2.8 chapters 2 (escapes), 4 (OBR), 7 (OBX), 9 (TXA).
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clinical.errors import ExtractionError
from clinical.report import Doubtful, Identity, Page, Status
from watchers.extract.dates import hl7_date, hl7_moment
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.rows import print_result
from watchers.extract.text import decode, tidy

Embedded = Callable[[bytes, str], tuple[Reading, ...]]
MEDIA = "x-application/hl7-v2+er7"
_RESULT_TYPES = ("ORU", "OUL", "REF", "RRI", "ORF")
_SIGNED, _OPEN, _WITHDRAWN = frozenset("FC"), frozenset("PRIS"), frozenset("DWX")
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


# Identifier types (table 0203) by how well they name the patient; others stand between.
_ID_KINDS = {"MR": 0, "PI": 1, "PT": 1, "SS": 8, "DL": 8, "PPN": 8, "AN": 7, "VN": 7, "MA": 7, "MC": 7}


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The signs that part a message."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; positions count from 1 as in the standard."""

    name: str
    fields: tuple[str, ...] = field(repr=False)
    marks: Delimiters = Delimiters()

    def raw(self, position: int) -> str:
        """The field as sent, "" where absent."""
        return self.fields[position] if position < len(self.fields) else ""

    def repeats(self, position: int) -> list[str]:
        """The field's repetitions that hold something."""
        return [part for part in self.raw(position).split(self.marks.repetition) if part.strip()]

    def parts(self, position: int, repeat: int = 0) -> list[str]:
        """Components of one repetition, unescaped."""
        found = self.repeats(position)
        if repeat >= len(found):
            return []
        return [unescape(part, self.marks) for part in found[repeat].split(self.marks.component)]

    def part(self, position: int, component: int = 1) -> str:
        """One component, without its sub-components after the first."""
        parts = self.parts(position)
        return _first(parts[component - 1], self.marks) if len(parts) >= component else ""


def _first(value: str, marks: Delimiters) -> str:
    return value.split(marks.sub)[0].strip().strip('"')


def unescape(text: str, marks: Delimiters) -> str:
    """Resolve escape sequences; unknown ones are dropped, as the standard asks."""
    if marks.escape not in text:
        return text
    esc = re.escape(marks.escape)

    def resolve(match: re.Match[str]) -> str:
        code = match[1]
        plain = {
            "F": marks.field,
            "S": marks.component,
            "T": marks.sub,
            "R": marks.repetition,
            "E": marks.escape,
            "H": "",
            "N": "",
            "P": "",
        }
        if code in plain:
            return plain[code]
        if code[0] == "X":
            try:
                return (
                    bytes.fromhex(code[1:])
                    .decode("utf-8", errors="replace")
                    .replace("\r\n", "\n")
                    .replace("\r", "\n")
                )
            except ValueError:
                return ""
        command = code.lower()
        if command in (".br", ".ce") or command.startswith((".sp", ".sk")):
            count = re.search(r"\d+", command)
            repeat = min(int(count[0]), 10) if count else 1
            return " " * repeat if command.startswith(".sk") else "\n" * repeat
        return ""

    return re.sub(rf"{esc}([A-Za-z.][^{esc}\n\r]{{0,60}}|[FSTREHNP]){esc}", resolve, text)


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


def split_messages(text: str) -> list[list[Segment]]:
    """Messages of a file: any line ends, MLLP frames, batches; a line that opens none continues one."""
    text = (
        text.lstrip("\ufeff")
        .replace("\x0b", "\r")
        .replace("\x1c", "\r")
        .replace("\r\n", "\r")
        .replace("\n", "\r")
    )
    messages: list[list[Segment]] = []
    marks = Delimiters()
    lines: list[str] = []
    for line in text.split("\r"):
        if re.match(r"\s*[A-Z][A-Z0-9]{2}(?:[^\w\s]|$)", line) and (
            re.match(r"\s*(?:MSH|FHS|BHS|FTS|BTS)[^\w\s]", line) or line.lstrip()[3:4] in (marks.field, "")
        ):
            lines.append(line.lstrip())
            if lines[-1].startswith(("MSH", "FHS", "BHS")) and len(lines[-1]) > 4:
                marks = _marks(lines[-1])
        elif lines and line.strip() and not line.strip().strip("\"'"):
            continue
        elif lines and line.strip():
            # An unescaped line end within a field.
            lines[-1] += "\n" + line
    for line in lines:
        if line.startswith("MSH"):
            marks = _marks(line)
            messages.append([])
        if not messages or line.startswith(("FHS", "BHS", "FTS", "BTS")):
            continue
        fields = line.split(marks.field)
        if line.startswith("MSH"):
            fields.insert(1, marks.field)
        messages[-1].append(Segment(fields[0], tuple(fields), marks))
    return messages


def _marks(header: str) -> Delimiters:
    separator = header[3]
    signs = header[4:].split(separator)[0]
    if len(signs) < 2:
        return Delimiters(separator)
    escape = signs[2] if len(signs) > 2 else "\\"
    sub = signs[-1] if len(signs) > 3 else "&"
    return Delimiters(separator, signs[0], signs[1], escape, sub)


def message_kind(message: Sequence[Segment]) -> str:
    """Such as ``ORU^R01``."""
    head = message[0]
    kind, event = head.part(9, 1), head.part(9, 2)
    if not event:
        event = next((s.part(1) for s in message if s.name == "EVN"), "")
    kind = re.sub(r"[^A-Z0-9]", "", kind.upper())[:3] or "unknown"
    event = re.sub(r"[^A-Z0-9]", "", event.upper())[:3]
    return f"{kind}^{event}" if event else kind


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


def identity_of(segment: Segment) -> Identity:
    """The patient of a PID segment."""
    ids = [segment.parts(3, i) for i in range(len(segment.repeats(3)))]
    ids = [[_first(p, segment.marks) for p in parts] for parts in ids if parts and parts[0].strip()]
    kinds = [parts[4] if len(parts) > 4 else "" for parts in ids]
    order = sorted(range(len(ids)), key=lambda i: (_ID_KINDS.get(kinds[i], 2), i))
    chosen = order[0] if order else None
    if chosen is None and segment.part(2):
        ids, chosen = [[segment.part(2), "", "", segment.part(2, 4)]], 0
    others = [parts[0] for i, parts in enumerate(ids) if i != chosen]
    others += [segment.part(p) for p in (4, 18, 19) if segment.part(p)]
    mrn = ids[chosen][0] if chosen is not None else None
    authority = ids[chosen][3] if chosen is not None and len(ids[chosen]) > 3 and ids[chosen][3] else None
    sex = segment.part(8).upper()[:1]
    names = [segment.parts(5, i) for i in range(len(segment.repeats(5)))]
    legal = next((n for n in names if len(n) > 6 and n[6] == "L"), names[0] if names else [])
    phones = [_phone(segment.parts(p, 0), segment.marks) for p in (13, 14) if segment.raw(p)]
    street = [_first(p, segment.marks) for p in segment.parts(11)[:6]]
    return Identity(
        mrn=mrn,
        authority=authority,
        name=person(legal, segment.marks),
        birth_date=hl7_date(segment.part(7)),
        sex="M" if sex == "M" else "F" if sex == "F" else None,
        phone=next((p for p in phones if p), None),
        address=", ".join(p for p in street if p) or None,
        other_ids=tuple(dict.fromkeys(o for o in others if o and o != mrn)),
    )


def person(parts: Sequence[str], marks: Delimiters) -> str | None:
    """A name of family, given, middle, suffix (XPN) in natural order."""
    cleaned = [_first(p, marks) for p in parts]
    cleaned += [""] * 4
    words = [cleaned[1], cleaned[2], cleaned[0], cleaned[3]]
    return " ".join(w for w in words if w) or None


def _phone(parts: Sequence[str], marks: Delimiters) -> str | None:
    if not parts:
        return None
    if parts[0].strip():
        return parts[0].strip()
    area, number = (_first(parts[i], marks) if len(parts) > i else "" for i in (5, 6))
    return f"({area}) {number}" if area and number else number or None


def _clinician(segment: Segment, position: int) -> str | None:
    """A person with an id before the name (XCN), or the same in sub-components (NDL)."""
    parts = segment.parts(position)
    if parts and segment.marks.sub in parts[0]:
        parts = parts[0].split(segment.marks.sub)
    if len(parts) < 2:
        return None
    name = person(parts[1:5], segment.marks)
    degree = _first(parts[6], segment.marks) if len(parts) > 6 else ""
    return f"{name}, {degree}" if name and degree and len(degree) <= 6 else name


def _results(
    order: Segment | None,
    group: Sequence[Segment],
    identity: Identity,
    visit: Segment | None,
    embedded: Embedded,
) -> list[Reading]:
    observed = [s for s in group if s.name == "OBX"]
    body = _body([s for s in group if s.name in ("OBX", "NTE")], embedded)
    if not observed or not (body.text or body.unread):
        return []
    head = order or Segment("OBR", ("OBR",))
    standing = result_status(head.part(25), [s.part(11) for s in observed])
    status, signed = standing.status, standing.signed
    accession = head.part(3) or head.part(2) or None
    title = head.part(4, 2) or head.part(4, 5) or head.part(4, 1)
    signer = _clinician(head, 32) or next((c for s in observed if (c := _clinician(s, 16))), None)
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
    if first in _WITHDRAWN or (codes and all(c in _WITHDRAWN for c in codes)):
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
    body = _body([s for s in message[start:] if s.name in ("OBX", "NTE")], embedded)
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
            signed_by=(_clinician(head, 22) or _clinician(head, 10) or _clinician(head, 9))
            if signed
            else None,
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


@dataclass(frozen=True, slots=True)
class _Body:
    text: str = field(repr=False)
    pages: tuple[Page, ...]
    embedded: tuple[Reading, ...] = field(repr=False)
    unread: bool
    warnings: tuple[str, ...]
    media: str | None = None

    def shifted(self, offset: int) -> tuple[Doubtful, ...]:
        """Doubtful stretches of the one embedded document, moved to where it stands."""
        if len(self.embedded) != 1 or not self.embedded[0].doubtful:
            return ()
        at = self.text.find(self.embedded[0].text)
        if at < 0:
            return ()
        return tuple(
            Doubtful(d.start + at + offset, d.end + at + offset, d.readings)
            for d in self.embedded[0].doubtful
        )


def _body(segments: Sequence[Segment], embedded: Embedded) -> _Body:
    lines: list[str] = []
    found: list[Reading] = []
    warnings: list[str] = []
    last = ""
    counts: dict[str, int] = {}
    for segment in segments:
        if segment.name == "OBX":
            counts[_label(segment)] = counts.get(_label(segment), 0) + 1
    for segment in segments:
        if segment.name == "NTE":
            lines.extend(_text(segment, 3))
            continue
        if segment.part(11).upper()[:1] in _WITHDRAWN and len([s for s in segments if s.name == "OBX"]) > 1:
            warnings.append("a withdrawn result of the message is not in the text")
            continue
        kind, label = segment.part(2).upper(), _label(segment)
        if kind == "ED" or (
            kind in ("", "TX", "FT", "ST")
            and "^BASE64^" in segment.raw(5).upper()[:200].replace(segment.marks.component, "^")
        ):
            try:
                for reading in _embedded(segment, embedded):
                    found.append(reading)
                    lines.append(reading.text)
                    warnings.extend(reading.warnings)
            except ExtractionError as error:
                warnings.append(f"an embedded document could not be read ({error.reason})")
            continue
        if kind == "RP":
            warnings.append("a document that the message only points to was not read")
            continue
        if kind in (
            "NM",
            "SN",
            "CE",
            "CWE",
            "CNE",
            "DT",
            "TM",
            "TS",
            "DTM",
            "IS",
            "ID",
            "NA",
            "CF",
            "XCN",
            "HD",
            "EI",
            "SI",
            "DR",
        ) or segment.part(6):
            value = _value(segment, kind)
            if value:
                unit = segment.part(6, 1) or segment.part(6, 2)
                flag = ", ".join(p for p in (segment.part(8),) if p)
                lines.append(print_result(label or "Result", value, unit, segment.part(7) or None, flag))
            last = ""
            continue
        words = _text(segment, 5)
        if not any(words):
            lines.extend(words)
            continue
        if (
            label
            and label != last
            and not _code_only(label)
            and (counts[label] > 1 or len(words) > 1 or len(words[0]) > 60)
        ):
            lines.append(f"{label.rstrip(':')}:")
        elif label and label != last and not _code_only(label):
            words[0] = f"{label.rstrip(':')}: {words[0]}"
        last = label
        lines.extend(words)
    text = tidy("\n".join(lines))
    pages = tuple(
        Page(i + 1, page.source, page.confidence)
        for i, page in enumerate(p for reading in found for p in reading.pages)
    )
    media = found[0].media_type if len(found) == 1 and text == found[0].text else None
    unread = any("could not be read" in w or "only points" in w for w in warnings)
    if unread:
        shown = pages or ((Page(1, "text"),) if text else ())
        pages = (*shown, Page(len(shown) + 1, "unread"))
    return _Body(text, pages, tuple(found), unread, tuple(dict.fromkeys(warnings)), media)


def _label(segment: Segment) -> str:
    parts = segment.parts(3)
    names = [_first(parts[i], segment.marks) for i in (1, 4, 0) if len(parts) > i]
    return next((n for n in names if n), "")


def _code_only(label: str) -> bool:
    return re.fullmatch(r"[A-Z]{0,4}[\d.\-]+|&?[A-Z]{2,4}|\d+-\d", label) is not None


def _text(segment: Segment, position: int) -> list[str]:
    lines: list[str] = []
    for repeat in segment.raw(position).split(segment.marks.repetition):
        # A component sign in running text was not escaped by the sender: it is text.
        value = unescape(repeat, segment.marks)
        if value.strip() == '""':
            continue
        lines.extend(value.replace("\\r", "\n").split("\n") if "\\r" in value else value.split("\n"))
    return lines or [""]


def _value(segment: Segment, kind: str) -> str:
    out = []
    for index in range(len(segment.repeats(5))):
        parts = segment.parts(5, index)
        if kind == "SN":
            out.append("".join(p.strip() for p in parts[:4]))
        elif kind in ("CE", "CWE", "CNE", "CF"):
            out.append(
                next((parts[i].strip() for i in (8, 1, 4, 0) if len(parts) > i and parts[i].strip()), "")
            )
        elif kind in ("DT", "TS", "DTM"):
            out.append(hl7_moment(parts[0]) or parts[0])
        else:
            out.append(" ".join(p.strip() for p in parts if p.strip()))
    return ", ".join(part for part in out if part and part != '""')


def _embedded(segment: Segment, embedded: Embedded) -> tuple[Reading, ...]:
    parts = segment.raw(5).split(segment.marks.component)
    at = next((i for i, p in enumerate(parts) if p.strip().upper() in ("BASE64", "HEX", "A")), None)
    data = parts[at + 1] if at is not None and at + 1 < len(parts) else max(parts, key=len, default="")
    kind = parts[at].strip().upper() if at is not None else "BASE64"
    data = unescape(data, segment.marks)
    if not data.strip():
        raise ExtractionError("empty", "The embedded document is empty.")
    if kind == "A":
        return embedded(data.encode(), "")
    return embedded(decode_data(data, hexadecimal=kind == "HEX"), "")


def decode_data(data: str, *, hexadecimal: bool = False) -> bytes:
    """The bytes of base64 or hex text.

    Raises:
        ExtractionError: it is neither.
    """
    compact = re.sub(r"\s+", "", data)
    try:
        if hexadecimal:
            return bytes.fromhex(compact)
        compact = compact.replace("-", "+").replace("_", "/")
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ExtractionError(
            "damaged", "An embedded document is not valid base64.", "Ask the sender to send it again."
        ) from error
