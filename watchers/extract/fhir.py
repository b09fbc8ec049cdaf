"""FHIR R4, R4B and R5 as JSON or XML: bundles and single resources, read tolerantly.

One report a DiagnosticReport, DocumentReference or Composition; laboratory results outside of them, and where
there is none all observations, are gathered by patient and day. What a reader does not know is passed over, never
an error.
"""

import html
import json
from collections.abc import Sequence
from typing import Any

from clinical.errors import ExtractionError
from clinical.report import Doubtful, Identity, Page, Status
from watchers.extract.fhir_observations import (
    SIGNED,
    WITHDRAWN,
    category_of,
    narrative_of,
    observation_lines,
    standing,
)
from watchers.extract.fhir_resources import (
    Bundle,
    Resource,
    as_dict,
    as_text,
    clinician,
    coded,
    from_xml,
    many,
    moment,
    number_of,
    patient_of,
)
from watchers.extract.hl7_text import Embedded, decode_data
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.text import decode, tidy
from watchers.extract.xml import parse_xml

MEDIA = "application/fhir+json"
_REPORTS = ("DiagnosticReport", "DocumentReference", "Composition")


def read_fhir(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """The reports of a JSON resource, a bundle, or lines of them."""
    text = decode(content)
    try:
        values = [json.loads(text, parse_float=str)]
    except (ValueError, RecursionError) as first:
        values = []
        for line in text.splitlines():
            if line.strip():
                try:
                    values.append(json.loads(line, parse_float=str))
                except (ValueError, RecursionError):
                    raise ExtractionError(
                        "damaged", "The file is not whole JSON.", "Export it again."
                    ) from first
    return _read(values, embedded)


def read_fhir_xml(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """The reports of an XML resource or bundle."""
    return _read([from_xml(parse_xml(content))], embedded)


def _read(values: Sequence[Any], embedded: Embedded) -> tuple[Reading, ...]:
    bundle = Bundle(values)
    if not bundle.resources:
        raise ExtractionError("no-report", "The FHIR file holds no resources.", "Export it again.")
    used: set[int] = set()
    out: list[Reading] = []
    problems: list[ExtractionError] = []
    for resource in bundle.of(*_REPORTS):
        try:
            made = {
                "DiagnosticReport": _diagnostic,
                "DocumentReference": _reference,
                "Composition": _composition,
            }[resource["resourceType"]](resource, bundle, embedded, used)
        except ExtractionError as error:
            problems.append(error)
            continue
        if made:
            out.append(made)
    loose = [o for o in bundle.of("Observation") if id(o) not in used]
    # Beside reports only laboratory results make reports of their own; without any, every observation does.
    read = [o for o in loose if not out or category_of(o) == "laboratory"]
    out += _observations(read, bundle)
    left = len(loose) - len(read)
    if not out:
        if problems:
            raise problems[0]
        kinds = ", ".join(sorted({r["resourceType"] for r in bundle.resources})[:6])
        raise ExtractionError(
            "no-report", f"FHIR resources of type {kinds} carry no report.", "Nothing needs to be done."
        )
    notes = []
    if left:
        notes.append(f"{left} observations outside a report were not read")
    if problems:
        notes.append(f"{len(problems)} reports of the file could not be read ({problems[0].reason})")
    if notes:
        fields = {name: getattr(out[0], name) for name in Reading.__slots__}
        out[0] = Reading(**{**fields, "warnings": (*out[0].warnings, *notes)})
    return tuple(out)


def _diagnostic(resource: Resource, bundle: Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    status, signed = standing(as_text(resource.get("status")))
    title = coded(resource.get("code"))
    lines = [title or ""]
    for reference in many(resource.get("result")):
        found = bundle.find(reference, resource)
        if found is not None:
            lines.extend(observation_lines(found, bundle, used, 0))
        elif shown := as_text(as_dict(reference).get("display")):
            lines.append(f"{shown}: not in this file")
    if conclusion := as_text(resource.get("conclusion")):
        lines += ["", "CONCLUSION:", conclusion]
    for code in many(resource.get("conclusionCode")):
        if shown := coded(code):
            lines.append(f"Diagnosis: {shown}")
    forms = [a for a in many(resource.get("presentedForm")) if isinstance(a, dict)]
    documents, warnings = _attachments(forms, bundle, embedded)
    text = "\n".join(line for line in lines)
    if documents:
        # The presented form is the report; structured values beside it repeat it.
        text = "\n\n".join(d.text for d in documents)
    elif len([line for line in lines if line.strip()]) < 2 and (told := narrative_of(resource)):
        text = f"{title}\n{told}" if title else told
    if not tidy(text) and not warnings:
        return None
    return _made(
        resource,
        bundle,
        text,
        documents,
        warnings,
        status,
        signed,
        kind=type_of_title(title) or category_of(resource),
        signer=clinician(resource.get("resultsInterpreter"), resource, bundle)
        or clinician(resource.get("performer"), resource, bundle),
        signed_at=moment(resource.get("issued")),
        observed_at=moment(
            resource.get("effectiveDateTime"),
            resource.get("effectivePeriod"),
            resource.get("effectiveInstant"),
            resource.get("issued"),
        ),
        supersedes=number_of(resource) if status in ("amended", "retracted") else None,
    )


def _reference(resource: Resource, bundle: Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    state, document = as_text(resource.get("status")), as_text(resource.get("docStatus"))
    status: Status
    if state in WITHDRAWN or document in ("entered-in-error", "cancelled", "deprecated"):
        status, signed = "retracted", False
    elif document in SIGNED:
        status, signed = SIGNED[document], True
    else:
        # "current" says that it is the newest, not that anyone signed it.
        status, signed = "preliminary", False
    forms = [as_dict(as_dict(c).get("attachment")) for c in many(resource.get("content"))]
    documents, warnings = _attachments([f for f in forms if f], bundle, embedded)
    text = "\n\n".join(d.text for d in documents)
    if not text:
        text = narrative_of(resource) or ""
    if not text and not warnings:
        return None
    related = [r for r in many(resource.get("relatesTo")) if isinstance(r, dict)]
    code = next((str(coded(r.get("code")) or "") for r in related), "")
    parent = bundle.find(as_dict(related[0].get("target")), resource) if related else None
    replaced = None
    if related:
        replaced = (
            number_of(parent)
            if parent
            else as_text(as_dict(as_dict(related[0].get("target")).get("identifier")).get("value"))
        )
        if status == "final" and code in ("replaces", "appends", "amends"):
            status = "amended"
    number = number_of(resource)
    return _made(
        resource,
        bundle,
        text,
        documents,
        warnings,
        status,
        signed,
        kind=type_of_title(coded(resource.get("type")))
        or type_of_title(as_text(resource.get("description")))
        or category_of(resource),
        signer=clinician(resource.get("authenticator"), resource, bundle)
        or clinician([as_dict(a).get("party") for a in many(resource.get("attester"))], resource, bundle)
        or clinician(resource.get("author"), resource, bundle),
        signed_at=moment(
            *[as_dict(a).get("time") for a in many(resource.get("attester"))],
            resource.get("date"),
            resource.get("indexed"),
        ),
        observed_at=moment(
            as_dict(resource.get("context")).get("period"), resource.get("period"), resource.get("date")
        ),
        supersedes=replaced or (number if status in ("amended", "retracted") else None),
    )


def _composition(resource: Resource, bundle: Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    status, signed = standing(as_text(resource.get("status")))
    title = as_text(resource.get("title")) or coded(resource.get("type"))
    lines = [title or ""]
    for section in many(resource.get("section")):
        lines.extend(_section_lines(section, bundle, resource, used, 0))
    text = "\n".join(lines)
    if len([line for line in lines if line.strip()]) < 2:
        text = narrative_of(resource) or text
    attesters = [a for a in many(resource.get("attester")) if isinstance(a, dict)]
    legal = [a for a in attesters if "legal" in json.dumps(a.get("mode"))] or attesters
    related = as_dict(resource.get("relatesTo"))
    parent = bundle.find(related.get("targetReference"), resource)
    replaced = number_of(parent) if parent else as_text(as_dict(related.get("targetIdentifier")).get("value"))
    return _made(
        resource,
        bundle,
        text,
        [],
        [],
        status,
        signed,
        kind=type_of_title(coded(resource.get("type"))) or type_of_title(title),
        signer=clinician([a.get("party") for a in legal], resource, bundle)
        or clinician(resource.get("author"), resource, bundle),
        signed_at=moment(*[a.get("time") for a in legal], resource.get("date")),
        observed_at=moment(as_dict(as_dict(resource.get("event")).get("period")), resource.get("date")),
        supersedes=replaced or (number_of(resource) if status in ("amended", "retracted") else None),
    )


def _section_lines(value: Any, bundle: Bundle, owner: Resource, used: set[int], depth: int) -> list[str]:
    section = as_dict(value)
    lines = ["", f"{as_text(section.get('title')) or coded(section.get('code')) or 'Section'}:"]
    if told := narrative_of(section):
        lines.append(told)
    else:
        for reference in many(section.get("entry")):
            found = bundle.find(reference, owner)
            if found is not None:
                lines.extend(_resource_lines(found, bundle, used))
    if depth < 4:
        for inner in many(section.get("section")):
            lines.extend(_section_lines(inner, bundle, owner, used, depth + 1))
    return lines


def _resource_lines(resource: Resource, bundle: Bundle, used: set[int]) -> list[str]:
    if resource.get("resourceType") == "Observation":
        return observation_lines(resource, bundle, used, 0)
    shown = (
        coded(resource.get("code"))
        or coded(resource.get("medicationCodeableConcept"))
        or coded(resource.get("vaccineCode"))
    )
    return [shown] if shown else []


def _observations(found: Sequence[Resource], bundle: Bundle) -> list[Reading]:
    groups: dict[tuple[Any, ...], list[Resource]] = {}
    for observation in found:
        day = (
            moment(
                observation.get("effectiveDateTime"),
                observation.get("effectivePeriod"),
                observation.get("issued"),
            )
            or ""
        )[:10]
        patient = as_text(as_dict(observation.get("subject")).get("reference"))
        status, _ = standing(as_text(observation.get("status")))
        groups.setdefault((patient, day, status), []).append(observation)
    out = []
    for group in groups.values():
        used: set[int] = set()
        lines = [line for o in group if id(o) not in used for line in observation_lines(o, bundle, used, 0)]
        if not lines:
            continue
        status, signed = standing(as_text(group[0].get("status")))
        out.append(
            _made(
                group[0],
                bundle,
                "\n".join(["OBSERVATIONS", *lines]),
                [],
                [],
                status,
                signed,
                kind="laboratory" if category_of(group[0]) else "observations",
                signer=clinician(group[0].get("performer"), group[0], bundle),
                signed_at=moment(group[0].get("issued")),
                observed_at=moment(
                    group[0].get("effectiveDateTime"), group[0].get("effectivePeriod"), group[0].get("issued")
                ),
                supersedes=None,
            )
        )
    return out


def _attachments(
    forms: Sequence[Resource], bundle: Bundle, embedded: Embedded
) -> tuple[list[Reading], list[str]]:
    """Documents of attachments; of several forms of one document the first that can be read."""
    warnings: list[str] = []
    found: list[Reading] = []
    for form in forms:
        data, url = as_text(form.get("data")), as_text(form.get("url"))
        if not data and url:
            binary = bundle.find({"reference": url}, form)
            data = as_text(binary.get("data")) if binary else None
        if not data:
            if url:
                warnings.append("a document that the report only points to was not read")
            continue
        try:
            readings = embedded(decode_data(data), as_text(form.get("title")) or "")
        except ExtractionError as error:
            warnings.append(f"an attached document could not be read ({error.reason})")
            continue
        said = as_text(form.get("contentType"))
        if (
            said
            and readings
            and said.split(";")[0] != readings[0].media_type
            and not said.startswith("text/")
        ):
            warnings.append("an attached document is of another type than stated")
        if not found or (
            not any(r.text == f.text for r in readings for f in found) and not _same_document(forms)
        ):
            found.extend(readings)
    return found, warnings


def _same_document(forms: Sequence[Resource]) -> bool:
    """Several renderings (PDF, HTML, text) of one document: different types, one of each."""
    kinds = [(as_text(f.get("contentType")) or "").split(";")[0] for f in forms]
    return len(set(kinds)) == len(kinds) and len(kinds) > 1


def _made(
    resource: Resource,
    bundle: Bundle,
    text: str,
    documents: Sequence[Reading],
    warnings: Sequence[str],
    status: Status,
    signed: bool,
    *,
    kind: str | None,
    signer: str | None,
    signed_at: str | None,
    observed_at: str | None,
    supersedes: str | None,
) -> Reading:
    identity = patient_of(resource, bundle)
    number = number_of(resource)
    pages = tuple(
        Page(i + 1, p.source, p.confidence) for i, p in enumerate(p for d in documents for p in d.pages)
    )
    if not pages:
        pages = (Page(1, "text" if tidy(text) else "unread"),)
    doubtful: tuple[Doubtful, ...] = documents[0].doubtful if len(documents) == 1 else ()
    told = [w for d in documents for w in d.warnings]
    return Reading(
        text=tidy(html.unescape(text) if "&lt;" in text or "&amp;" in text else text),
        media_type=documents[0].media_type if len(documents) == 1 else MEDIA,
        pages=pages,
        doubtful=doubtful,
        identity=Identity(
            **{n: getattr(identity, n) for n in Identity.__slots__ if n != "accession"}, accession=number
        ),
        report_type=kind,
        status=status,
        signed=signed,
        signed_by=signer if signed else None,
        signed_at=signed_at if signed else None,
        observed_at=observed_at,
        supersedes=supersedes,
        warnings=tuple(dict.fromkeys([*warnings, *told])),
    )
