"""The text of HL7 results: OBX by type of value, notes, and documents that a message carries.

Standard: HL7 v2.8 chapter 7 (OBX).
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clinical.errors import ExtractionError
from clinical.report import Doubtful, Page
from watchers.extract.dates import hl7_moment
from watchers.extract.hl7_message import Segment, first, unescape
from watchers.extract.reading import Reading
from watchers.extract.rows import print_result
from watchers.extract.text import tidy

Embedded = Callable[[bytes, str], tuple[Reading, ...]]
WITHDRAWN = frozenset("DWX")


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


def text_of(segments: Sequence[Segment], embedded: Embedded) -> _Body:
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
        if segment.part(11).upper()[:1] in WITHDRAWN and len([s for s in segments if s.name == "OBX"]) > 1:
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
    names = [first(parts[i], segment.marks) for i in (1, 4, 0) if len(parts) > i]
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
