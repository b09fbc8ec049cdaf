"""FHIR R4, R4B and R5 as JSON or XML: bundles and single resources, read tolerantly.

One report a DiagnosticReport, DocumentReference or Composition; where there is none, observations are
gathered by patient and day. What a reader does not know is passed over, never an error.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from clinical.errors import ExtractionError
from clinical.report import Doubtful, Identity, Page, Status
from watchers.extract.dates import find_date
from watchers.extract.hl7v2 import decode_data
from watchers.extract.markup import narrative
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.rows import print_result
from watchers.extract.text import decode, tidy
from watchers.extract.xml import parse_xml

Resource = Mapping[str, Any]
Embedded = Callable[[bytes, str], tuple[Reading, ...]]
MEDIA = "application/fhir+json"
_REPORTS = ("DiagnosticReport", "DocumentReference", "Composition")
_SIGNED: dict[str, Status] = {
    "final": "final",
    "amended": "amended",
    "corrected": "amended",
    "appended": "amended",
}
_OPEN = ("registered", "partial", "preliminary", "modified")
_WITHDRAWN = ("entered-in-error", "cancelled", "deprecated", "superseded")


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
    return _read([_from_xml(parse_xml(content))], embedded)


def _from_xml(node: etree._Element, depth: int = 0) -> Any:
    name = etree.QName(node).localname
    if name == "div":
        return etree.tostring(node, encoding="unicode", with_tail=False)
    children = [child for child in node if isinstance(child.tag, str)]
    if not children:
        return node.get("value") if node.get("value") is not None else {}
    out: dict[str, Any] = {}
    if name[0].isupper():
        out["resourceType"] = name
    for child in children:
        if depth > 40:
            break
        key, value = etree.QName(child).localname, _from_xml(child, depth + 1)
        if key in ("resource", "contained") and isinstance(value, dict) and len(child):
            value = _from_xml(child[0], depth + 1)
        if key in out:
            out[key] = [*(out[key] if isinstance(out[key], list) else [out[key]]), value]
        else:
            out[key] = value
    if node.get("id"):
        out.setdefault("id", node.get("id"))
    return out


def many(value: Any) -> list[Any]:
    """A list, whether one, many or none were given."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    found = many(value)
    return found[0] if found else None


def _dict(value: Any) -> Resource:
    found = _first(value)
    return found if isinstance(found, dict) else {}


def _str(value: Any) -> str | None:
    found = _first(value)
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return str(found)
    return found.strip() or None if isinstance(found, str) else None


class _Bundle:
    """Resources of one file and how they refer to each other."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.resources: list[Resource] = []
        self._by: dict[str, Resource] = {}
        for value in values:
            self._add(value, None, 0)

    def _add(self, value: Any, url: str | None, depth: int) -> None:
        if not isinstance(value, dict) or depth > 8:
            return
        kind = value.get("resourceType")
        if kind in ("Bundle", "Parameters"):
            for entry in many(value.get("entry") or value.get("parameter")):
                if isinstance(entry, dict):
                    self._add(entry.get("resource"), _str(entry.get("fullUrl")), depth + 1)
            return
        if not isinstance(kind, str):
            return
        self.resources.append(value)
        if url:
            self._by[url] = value
        if value.get("id"):
            self._by[f"{kind}/{value['id']}"] = value
        for inner in many(value.get("contained")):
            if isinstance(inner, dict) and inner.get("id"):
                self._by[f"{id(value)}#{inner['id']}"] = inner

    def find(self, reference: Any, owner: Resource) -> Resource | None:
        """What a reference points at, in this file."""
        target = _str(_dict(reference).get("reference"))
        if not target:
            return None
        if target.startswith("#"):
            return self._by.get(f"{id(owner)}{target}")
        if target in self._by:
            return self._by[target]
        short = "/".join(target.split("/_history/")[0].split("/")[-2:])
        return self._by.get(short)

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Resources of these kinds, in order."""
        return (r for r in self.resources if r["resourceType"] in kinds)


def _read(values: Sequence[Any], embedded: Embedded) -> tuple[Reading, ...]:
    bundle = _Bundle(values)
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
    if not out and loose:
        out = _observations(loose, bundle)
        loose = []
    if not out:
        if problems:
            raise problems[0]
        kinds = ", ".join(sorted({r["resourceType"] for r in bundle.resources})[:6])
        raise ExtractionError(
            "no-report", f"FHIR resources of type {kinds} carry no report.", "Nothing needs to be done."
        )
    notes = []
    if loose:
        notes.append(f"{len(loose)} observations outside a report were not read")
    if problems:
        notes.append(f"{len(problems)} reports of the file could not be read ({problems[0].reason})")
    if notes:
        fields = {name: getattr(out[0], name) for name in Reading.__slots__}
        out[0] = Reading(**{**fields, "warnings": (*out[0].warnings, *notes)})
    return tuple(out)


def _coded(value: Any) -> str | None:
    """The text of a CodeableConcept (or of R5's CodeableReference)."""
    concept = _dict(value)
    if "concept" in concept:
        concept = _dict(concept["concept"])
    if text := _str(concept.get("text")):
        return text
    for coding in many(concept.get("coding")):
        if isinstance(coding, dict) and (shown := _str(coding.get("display")) or _str(coding.get("code"))):
            return shown
    return _str(value)


def _patient(resource: Resource, bundle: _Bundle) -> Identity:
    subject = resource.get("subject") or resource.get("patient")
    found = bundle.find(subject, resource)
    if found is None:
        patients = list(bundle.of("Patient"))
        if len(patients) == 1:
            found = patients[0]
    if found is None or found.get("resourceType") != "Patient":
        target = _dict(subject)
        inner = _dict(target.get("identifier"))
        return Identity(
            mrn=_str(inner.get("value")),
            authority=_str(inner.get("system")),
            name=_str(target.get("display")),
        )
    return identity_of(found)


def identity_of(patient: Resource) -> Identity:
    """The identity of a Patient resource."""
    ids: list[tuple[str, str | None, str]] = []
    for identifier in many(patient.get("identifier")):
        if isinstance(identifier, dict) and (value := _str(identifier.get("value"))):
            codes = [
                c.get("code")
                for c in many(_dict(identifier.get("type")).get("coding"))
                if isinstance(c, dict)
            ]
            ids.append(
                (value, _str(identifier.get("system")), next((c for c in codes if isinstance(c, str)), ""))
            )
    chosen = next((i for i, found in enumerate(ids) if found[2] == "MR"), None)
    if chosen is None:
        chosen = next((i for i, found in enumerate(ids) if found[2] not in ("SS", "DL", "PPN")), None)
    names = [n for n in many(patient.get("name")) if isinstance(n, dict)]
    name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    sex = _str(patient.get("gender"))
    telecom = [t for t in many(patient.get("telecom")) if isinstance(t, dict)]
    return Identity(
        mrn=ids[chosen][0] if chosen is not None else None,
        authority=ids[chosen][1] if chosen is not None else None,
        name=human_name(name),
        birth_date=find_date(_str(patient.get("birthDate")) or ""),
        sex="M" if sex == "male" else "F" if sex == "female" else None,
        phone=next((v for t in telecom if t.get("system") == "phone" and (v := _str(t.get("value")))), None),
        address=_address(patient.get("address")),
        other_ids=tuple(dict.fromkeys(v for i, (v, _, _) in enumerate(ids) if i != chosen)),
    )


def human_name(name: Resource) -> str | None:
    """A HumanName in natural order, without titles."""
    given = [g for g in many(name.get("given")) if isinstance(g, str)]
    family = [f for f in many(name.get("family")) if isinstance(f, str)]
    return " ".join([*given, *family]).strip() or _str(name.get("text"))


def _address(value: Any) -> str | None:
    address = _dict(value)
    if text := _str(address.get("text")):
        return text
    parts = [*[p for p in many(address.get("line")) if isinstance(p, str)]]
    parts += [p for p in (_str(address.get(k)) for k in ("city", "state", "postalCode", "country")) if p]
    return ", ".join(parts) or None


def _who(references: Any, owner: Resource, bundle: _Bundle) -> str | None:
    for reference in many(references):
        found = bundle.find(reference, owner)
        if found is not None and found.get("resourceType") == "PractitionerRole":
            inner = bundle.find(found.get("practitioner"), found)
            if inner is None and (shown := _str(_dict(found.get("practitioner")).get("display"))):
                return shown
            found = inner
        if found is not None and found.get("resourceType") == "Practitioner":
            if name := human_name(_dict(found.get("name"))):
                return name
        elif isinstance(reference, dict) and (shown := _str(reference.get("display"))):
            target = _str(reference.get("reference")) or ""
            if found is None and "Organization/" not in target and reference.get("type") != "Organization":
                return shown
    return None


def _moment(*values: Any) -> str | None:
    for value in values:
        found = _str(value) or _str(_dict(value).get("start")) or _str(_dict(value).get("end"))
        if found and re.match(r"\d{4}-\d{2}-\d{2}", found):
            return re.sub(r"(?<=:\d\d)\.\d+", "", found)
    return None


def _number(resource: Resource) -> str | None:
    found = [i for i in many(resource.get("identifier")) if isinstance(i, dict)]
    for identifier in found:
        codes = [
            c.get("code") for c in many(_dict(identifier.get("type")).get("coding")) if isinstance(c, dict)
        ]
        if any(c in ("ACSN", "FILL", "PLAC") for c in codes):
            return _str(identifier.get("value"))
    if "masterIdentifier" in resource:
        return _str(_dict(resource["masterIdentifier"]).get("value"))
    return _str(found[0].get("value")) if found else _str(resource.get("id"))


def _standing(status: str | None) -> tuple[Status, bool]:
    if status in _SIGNED:
        return _SIGNED[status], True
    return ("retracted" if status in _WITHDRAWN else "preliminary"), False


def _diagnostic(resource: Resource, bundle: _Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    status, signed = _standing(_str(resource.get("status")))
    title = _coded(resource.get("code"))
    lines = [title or ""]
    for reference in many(resource.get("result")):
        found = bundle.find(reference, resource)
        if found is not None:
            lines.extend(_observation_lines(found, bundle, used, 0))
        elif shown := _str(_dict(reference).get("display")):
            lines.append(f"{shown}: not in this file")
    if conclusion := _str(resource.get("conclusion")):
        lines += ["", "CONCLUSION:", conclusion]
    for code in many(resource.get("conclusionCode")):
        if shown := _coded(code):
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
        kind=type_of_title(title) or _category(resource),
        signer=_who(resource.get("resultsInterpreter"), resource, bundle)
        or _who(resource.get("performer"), resource, bundle),
        signed_at=_moment(resource.get("issued")),
        observed_at=_moment(
            resource.get("effectiveDateTime"),
            resource.get("effectivePeriod"),
            resource.get("effectiveInstant"),
            resource.get("issued"),
        ),
        supersedes=_number(resource) if status in ("amended", "retracted") else None,
    )


def _category(resource: Resource) -> str | None:
    for category in many(resource.get("category")):
        codes = [c.get("code") for c in many(_dict(category).get("coding")) if isinstance(c, dict)]
        if "LAB" in codes or "laboratory" in codes:
            return "laboratory"
        if found := type_of_title(_coded(category)):
            return found
    return None


def _reference(resource: Resource, bundle: _Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    state, document = _str(resource.get("status")), _str(resource.get("docStatus"))
    status: Status
    if state in _WITHDRAWN or document in ("entered-in-error", "cancelled", "deprecated"):
        status, signed = "retracted", False
    elif document in _SIGNED:
        status, signed = _SIGNED[document], True
    else:
        # "current" says that it is the newest, not that anyone signed it.
        status, signed = "preliminary", False
    forms = [_dict(_dict(c).get("attachment")) for c in many(resource.get("content"))]
    documents, warnings = _attachments([f for f in forms if f], bundle, embedded)
    text = "\n\n".join(d.text for d in documents)
    if not text:
        text = narrative_of(resource) or ""
    if not text and not warnings:
        return None
    related = [r for r in many(resource.get("relatesTo")) if isinstance(r, dict)]
    code = next((str(_coded(r.get("code")) or "") for r in related), "")
    parent = bundle.find(_dict(related[0].get("target")), resource) if related else None
    replaced = None
    if related:
        replaced = (
            _number(parent)
            if parent
            else _str(_dict(_dict(related[0].get("target")).get("identifier")).get("value"))
        )
        if status == "final" and code in ("replaces", "appends", "amends"):
            status = "amended"
    number = _number(resource)
    return _made(
        resource,
        bundle,
        text,
        documents,
        warnings,
        status,
        signed,
        kind=type_of_title(_coded(resource.get("type")))
        or type_of_title(_str(resource.get("description")))
        or _category(resource),
        signer=_who(resource.get("authenticator"), resource, bundle)
        or _who([_dict(a).get("party") for a in many(resource.get("attester"))], resource, bundle)
        or _who(resource.get("author"), resource, bundle),
        signed_at=_moment(
            *[_dict(a).get("time") for a in many(resource.get("attester"))],
            resource.get("date"),
            resource.get("indexed"),
        ),
        observed_at=_moment(
            _dict(resource.get("context")).get("period"), resource.get("period"), resource.get("date")
        ),
        supersedes=replaced or (number if status in ("amended", "retracted") else None),
    )


def _composition(resource: Resource, bundle: _Bundle, embedded: Embedded, used: set[int]) -> Reading | None:
    status, signed = _standing(_str(resource.get("status")))
    title = _str(resource.get("title")) or _coded(resource.get("type"))
    lines = [title or ""]
    for section in many(resource.get("section")):
        lines.extend(_section_lines(section, bundle, resource, used, 0))
    text = "\n".join(lines)
    if len([line for line in lines if line.strip()]) < 2:
        text = narrative_of(resource) or text
    attesters = [a for a in many(resource.get("attester")) if isinstance(a, dict)]
    legal = [a for a in attesters if "legal" in json.dumps(a.get("mode"))] or attesters
    related = _dict(resource.get("relatesTo"))
    parent = bundle.find(related.get("targetReference"), resource)
    replaced = _number(parent) if parent else _str(_dict(related.get("targetIdentifier")).get("value"))
    return _made(
        resource,
        bundle,
        text,
        [],
        [],
        status,
        signed,
        kind=type_of_title(_coded(resource.get("type"))) or type_of_title(title),
        signer=_who([a.get("party") for a in legal], resource, bundle)
        or _who(resource.get("author"), resource, bundle),
        signed_at=_moment(*[a.get("time") for a in legal], resource.get("date")),
        observed_at=_moment(_dict(_dict(resource.get("event")).get("period")), resource.get("date")),
        supersedes=replaced or (_number(resource) if status in ("amended", "retracted") else None),
    )


def _section_lines(value: Any, bundle: _Bundle, owner: Resource, used: set[int], depth: int) -> list[str]:
    section = _dict(value)
    lines = ["", f"{_str(section.get('title')) or _coded(section.get('code')) or 'Section'}:"]
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


def _resource_lines(resource: Resource, bundle: _Bundle, used: set[int]) -> list[str]:
    if resource.get("resourceType") == "Observation":
        return _observation_lines(resource, bundle, used, 0)
    shown = (
        _coded(resource.get("code"))
        or _coded(resource.get("medicationCodeableConcept"))
        or _coded(resource.get("vaccineCode"))
    )
    return [shown] if shown else []


def _observation_lines(resource: Resource, bundle: _Bundle, used: set[int], depth: int) -> list[str]:
    used.add(id(resource))
    if _str(resource.get("status")) in _WITHDRAWN or depth > 4:
        return []
    lines = [line for line in [_one_result(resource)] if line]
    for part in many(resource.get("component")):
        if isinstance(part, dict) and (line := _one_result(part)):
            lines.append(line)
    for reference in many(resource.get("hasMember")):
        found = bundle.find(reference, resource)
        if found is not None and id(found) not in used:
            lines.extend(_observation_lines(found, bundle, used, depth + 1))
    for note in many(resource.get("note")):
        if text := _str(_dict(note).get("text")):
            lines.append(text)
    return lines


def _one_result(resource: Resource) -> str | None:
    name = _coded(resource.get("code"))
    value, unit = _value(resource)
    if name is None or value is None:
        return None
    limits, flag = None, None
    reference = _dict(resource.get("referenceRange"))
    if reference:
        low, high = (_str(_dict(reference.get(k)).get("value")) for k in ("low", "high"))
        limits = _str(reference.get("text")) or (
            f"{low} - {high}" if low and high else f">= {low}" if low else f"<= {high}" if high else None
        )
    for code in many(resource.get("interpretation")):
        codes = [c.get("code") for c in many(_dict(code).get("coding")) if isinstance(c, dict)]
        flag = next((c for c in codes if isinstance(c, str)), None) or _coded(code)
    return print_result(name, value, unit, limits, flag)


def _value(resource: Resource) -> tuple[str | None, str | None]:
    for key, value in resource.items():
        if not key.startswith("value") or key == "valueSet":
            continue
        if key == "valueQuantity":
            quantity = _dict(value)
            number = _str(quantity.get("value"))
            sign = _str(quantity.get("comparator")) or ""
            return (f"{sign}{number}" if number else None), _str(quantity.get("unit")) or _str(
                quantity.get("code")
            )
        if key == "valueCodeableConcept":
            return _coded(value), None
        if key == "valueRange":
            low, high = (_dict(_dict(value).get(k)) for k in ("low", "high"))
            return f"{_str(low.get('value'))} - {_str(high.get('value'))}", _str(low.get("unit"))
        if key == "valueRatio":
            top, below = (_dict(_dict(value).get(k)) for k in ("numerator", "denominator"))
            return f"{_str(top.get('value'))}:{_str(below.get('value'))}", _str(top.get("unit"))
        if key == "valuePeriod":
            return _moment(value), None
        if isinstance(value, str | int | float | bool):
            return _str(value), None
    return None, None


def _observations(found: Sequence[Resource], bundle: _Bundle) -> list[Reading]:
    groups: dict[tuple[Any, ...], list[Resource]] = {}
    for observation in found:
        day = (
            _moment(
                observation.get("effectiveDateTime"),
                observation.get("effectivePeriod"),
                observation.get("issued"),
            )
            or ""
        )[:10]
        patient = _str(_dict(observation.get("subject")).get("reference"))
        status, _ = _standing(_str(observation.get("status")))
        groups.setdefault((patient, day, status), []).append(observation)
    out = []
    for group in groups.values():
        used: set[int] = set()
        lines = [line for o in group if id(o) not in used for line in _observation_lines(o, bundle, used, 0)]
        if not lines:
            continue
        status, signed = _standing(_str(group[0].get("status")))
        out.append(
            _made(
                group[0],
                bundle,
                "\n".join(["OBSERVATIONS", *lines]),
                [],
                [],
                status,
                signed,
                kind="laboratory" if _category(group[0]) else "observations",
                signer=_who(group[0].get("performer"), group[0], bundle),
                signed_at=_moment(group[0].get("issued")),
                observed_at=_moment(
                    group[0].get("effectiveDateTime"), group[0].get("effectivePeriod"), group[0].get("issued")
                ),
                supersedes=None,
            )
        )
    return out


def _attachments(
    forms: Sequence[Resource], bundle: _Bundle, embedded: Embedded
) -> tuple[list[Reading], list[str]]:
    """Documents of attachments; of several forms of one document the first that can be read."""
    warnings: list[str] = []
    found: list[Reading] = []
    for form in forms:
        data, url = _str(form.get("data")), _str(form.get("url"))
        if not data and url:
            binary = bundle.find({"reference": url}, form)
            data = _str(binary.get("data")) if binary else None
        if not data:
            if url:
                warnings.append("a document that the report only points to was not read")
            continue
        try:
            readings = embedded(decode_data(data), _str(form.get("title")) or "")
        except ExtractionError as error:
            warnings.append(f"an attached document could not be read ({error.reason})")
            continue
        said = _str(form.get("contentType"))
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
    kinds = [(_str(f.get("contentType")) or "").split(";")[0] for f in forms]
    return len(set(kinds)) == len(kinds) and len(kinds) > 1


def narrative_of(resource: Resource) -> str | None:
    """The text of a resource's narrative."""
    div = _str(_dict(resource.get("text")).get("div"))
    if not div:
        return None
    text = narrative(div)
    return text or None


def _made(
    resource: Resource,
    bundle: _Bundle,
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
    identity = _patient(resource, bundle)
    number = _number(resource)
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
