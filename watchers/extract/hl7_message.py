"""The parts of an HL7 version 2 message: delimiters, segments, escapes, patients and clinicians.

Standard: HL7 v2.8 chapters 2 (escapes, types of data) and 3 (PID).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clinical.report import Identity
from watchers.extract.dates import hl7_date

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
        return first(parts[component - 1], self.marks) if len(parts) >= component else ""


def first(value: str, marks: Delimiters) -> str:
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


def identity_of(segment: Segment) -> Identity:
    """The patient of a PID segment."""
    ids = [segment.parts(3, i) for i in range(len(segment.repeats(3)))]
    ids = [[first(p, segment.marks) for p in parts] for parts in ids if parts and parts[0].strip()]
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
    street = [first(p, segment.marks) for p in segment.parts(11)[:6]]
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
    cleaned = [first(p, marks) for p in parts]
    cleaned += [""] * 4
    words = [cleaned[1], cleaned[2], cleaned[0], cleaned[3]]
    return " ".join(w for w in words if w) or None


def _phone(parts: Sequence[str], marks: Delimiters) -> str | None:
    if not parts:
        return None
    if parts[0].strip():
        return parts[0].strip()
    area, number = (first(parts[i], marks) if len(parts) > i else "" for i in (5, 6))
    return f"({area}) {number}" if area and number else number or None


def clinician(segment: Segment, position: int) -> str | None:
    """A person with an id before the name (XCN), or the same in sub-components (NDL)."""
    parts = segment.parts(position)
    if parts and segment.marks.sub in parts[0]:
        parts = parts[0].split(segment.marks.sub)
    if len(parts) < 2:
        return None
    name = person(parts[1:5], segment.marks)
    degree = first(parts[6], segment.marks) if len(parts) > 6 else ""
    return f"{name}, {degree}" if name and degree and len(degree) <= 6 else name
