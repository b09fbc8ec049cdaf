"""The values that flow through Resident, from a file to a structured report.

Each is frozen and slotted; fields that hold patient text are hidden from ``repr``.
Offsets are in characters (Python string indices), half-open: ``text[start:end]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Label = Literal["NAME", "DATE", "AGE", "LOCATION", "PHONE", "FAX", "EMAIL", "ID", "URL", "IP", "OTHER"]
Assertion = Literal["present", "absent", "possible", "historical", "family", "hypothetical"]
Side = Literal["left", "right", "bilateral"]
Flag = Literal["H", "L", "HH", "LL", "A", "N"]
Comparator = Literal["<", "<=", ">", ">=", "="]
Status = Literal["final", "amended", "preliminary", "retracted"]
PageSource = Literal["text", "ocr", "unread"]
RangeSource = Literal["printed", "shipped", "practice"]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """Bytes as they arrived.

    Attributes:
        name: the file's name; patient data too, so never logged.
        content: the whole file.
        origin: how it came: ``folder``, ``command`` or ``mllp``.
    """

    name: str = field(repr=False)
    content: bytes = field(repr=False)
    origin: Literal["folder", "command", "mllp"] = "folder"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document. ``confidence`` is 0..1 for OCR, None for a text layer."""

    number: int
    source: PageSource
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A stretch of text that two readers read differently; ``readings[0]`` is what the text holds."""

    start: int
    end: int
    readings: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a header or message says of who the patient is. Dates are ISO 8601 (YYYY-MM-DD).

    ``authority`` is the assigning authority of the MRN; with it the MRN names one patient.
    """

    mrn: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    sex: Literal["M", "F"] | None = field(default=None, repr=False)
    accession: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    other_ids: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ExtractedReport:
    """One report as read from a file. ``text`` still holds identifiers.

    Attributes:
        report_type: a word such as ``chest x-ray``, ``laboratory``, ``office note``; None if unknown.
        signed_by: the signer's name as printed; signed_at, observed_at: ISO 8601 date or date-time.
        supersedes: accession number of an earlier report that this one amends or retracts.
        report_index: position within the file, from 0.
    """

    text: str = field(repr=False)
    pages: tuple[Page, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
    identity: Identity = Identity()
    report_type: str | None = None
    status: Status = "preliminary"
    signed: bool = False
    signed_by: str | None = field(default=None, repr=False)
    signed_at: str | None = field(default=None, repr=False)
    observed_at: str | None = field(default=None, repr=False)
    supersedes: str | None = field(default=None, repr=False)
    media_type: str = "text/plain"
    report_index: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """An identifier found in a text. ``score`` is the calibrated probability that it is one."""

    start: int
    end: int
    label: Label
    replacement: str = field(default="", repr=False)
    score: float = 1.0
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeidentifiedReport:
    """A text without identifiers.

    Attributes:
        text: the de-identified text.
        spans: what was replaced, as offsets into the *source* text.
        risk: residual risk by label: estimated probability that one is left in ``text``.
        layers: names of the layers that ran; a missing layer is thereby visible.
        doubtful: doubtful stretches, as offsets into the de-identified ``text``.
        held: True when a person must look before the text may train or leave.
        doubts: stretches that stay but might be identifiers, as offsets into the *source* text.
    """

    text: str = field(repr=False)
    spans: tuple[Span, ...] = ()
    risk: Mapping[Label, float] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
    held: bool = False
    doubts: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A section: canonical ``name`` (``impression``), ``heading`` as printed; offsets of the whole."""

    name: str
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A clinical finding by offset, with what the text asserts of it.

    ``concept`` is the preferred term (``myocardial infarction`` for "heart attack").
    """

    start: int
    end: int
    concept: str = field(repr=False)
    assertion: Assertion = "present"
    side: Side | None = None
    severity: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured value by offset. ``start:end`` covers name through flag as printed.

    Attributes:
        name: preferred analyte or parameter name, lower case (``potassium``).
        value: the number; None for a qualitative value or a pair such as 140/90.
        value_text: the value exactly as printed.
        unit: UCUM where it parses, else as printed, "" if none printed.
        low, high: reference range in the unit printed; range_source says where it came from.
        flag: as printed or computed; None when there is no range to judge by.
        critical: True when beyond a critical limit.
        date: ISO date the text prints beside the value, if any.
        doubtful: two readers disagreed within ``start:end``.
    """

    name: str = field(repr=False)
    value_text: str = field(repr=False)
    start: int
    end: int
    value: float | None = field(default=None, repr=False)
    comparator: Comparator = "="
    unit: str = ""
    low: float | None = None
    high: float | None = None
    range_source: RangeSource | None = None
    flag: Flag | None = None
    critical: bool = False
    date: str | None = field(default=None, repr=False)
    section: str | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """Sections, findings and measurements of one text, in order of appearance."""

    sections: tuple[Section, ...] = ()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the store keeps it and as answers read it.

    Attributes:
        id: random, carries nothing about the patient.
        patient_id: random; None where no patient could be told.
        text: the de-identified text (for the shell's own rows: the row's text).
        observed_at: ISO date or date-time of the examination; never part of ``text``.
        author: opaque id of the signing physician (for the style of their conclusions).
        unread_pages: pages that could not be read and thus are not in ``text``.
        doubtful: stretches of ``text`` that two readers read differently.
        held: a person must look before it trains (unsigned, or identifiers may be left).
        superseded_by: id of the report that amended or retracted this one.
    """

    id: str
    text: str = field(repr=False)
    structure: Structure = field(repr=False)
    patient_id: str | None = None
    report_type: str | None = None
    status: Status = "final"
    signed: bool = True
    observed_at: str | None = field(default=None, repr=False)
    author: str | None = None
    unread_pages: int = 0
    doubtful: tuple[Doubtful, ...] = ()
    held: bool = False
    superseded_by: str | None = None
