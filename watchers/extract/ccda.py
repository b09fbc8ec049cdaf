"""C-CDA and other CDA documents: narrative and tables of sections, embedded documents, who signed, when."""

from collections.abc import Iterator

from lxml import etree

from clinical.errors import ExtractionError
from clinical.report import Identity, Page, Status
from watchers.extract.dates import hl7_date, hl7_moment
from watchers.extract.hl7_text import Embedded, decode_data
from watchers.extract.markup import element_text
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.report_type import type_of_title
from watchers.extract.text import tidy
from watchers.extract.xml import parse_xml

Node = etree._Element
MEDIA = "application/cda+xml"
H = "{urn:hl7-org:v3}"


def read_cda(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """One report: the document.

    Raises:
        ExtractionError: ``no-report`` where it is no clinical document or has no text.
    """
    root = parse_xml(content)
    if etree.QName(root).localname != "ClinicalDocument":
        inner = next(
            (n for n in root.iter() if isinstance(n.tag, str) and n.tag.endswith("}ClinicalDocument")), None
        )
        if inner is None:
            raise ExtractionError(
                "no-report", "The XML is no clinical document.", "Export the report as C-CDA or PDF."
            )
        root = inner
    title = _text(_child(root, "title")) or _attr(_child(root, "code"), "displayName")
    documents: tuple[Reading, ...] = ()
    warnings: tuple[str, ...] = ()
    lines = [title or ""]
    body = _path(root, "component", "nonXMLBody", "text")
    if body is not None:
        documents, warnings = _unstructured(body, embedded)
        lines = [reading.text for reading in documents]
    structured = _path(root, "component", "structuredBody")
    if structured is not None:
        for section in _children_of(structured):
            lines.extend(_section(section, 0))
    text = documents[0].text if len(documents) == 1 and structured is None else tidy("\n".join(lines))
    if not text.strip() and warnings:
        raise ExtractionError(
            "refers-outside", "The document only points to another file.", "Drop the file that it points to."
        )
    if not text.strip():
        raise ExtractionError("no-report", "The clinical document has no text.", "Nothing needs to be done.")
    signed, signer, moment = _signature(root)
    status: Status = "final" if signed else "preliminary"
    related = _child(root, "relatedDocument")
    parent = _id(_path(related, "parentDocument")) if related is not None else None
    if parent and _attr(related, "typeCode") in ("RPLC", "APND") and status == "final":
        status = "amended"
    pages = tuple(
        Page(i + 1, p.source, p.confidence) for i, p in enumerate(p for d in documents for p in d.pages)
    )
    identity = _patient(root)
    return (
        Reading(
            text=text,
            media_type=documents[0].media_type if len(documents) == 1 else MEDIA,
            pages=pages or (Page(1, "text" if text.strip() else "unread"),),
            doubtful=documents[0].doubtful if len(documents) == 1 else (),
            identity=Identity(
                **{n: getattr(identity, n) for n in Identity.__slots__ if n != "accession"},
                accession=_id(root),
            ),
            report_type=type_of_title(title) or type_of_title(_attr(_child(root, "code"), "displayName")),
            status=status,
            signed=signed,
            signed_by=signer,
            signed_at=moment,
            observed_at=_observed(root),
            supersedes=parent,
            warnings=(*warnings, *(w for d in documents for w in d.warnings)),
        ),
    )


def _child(node: Node | None, name: str) -> Node | None:
    if node is None:
        return None
    return next((c for c in node if isinstance(c.tag, str) and etree.QName(c).localname == name), None)


def _all(node: Node | None, name: str) -> list[Node]:
    if node is None:
        return []
    return [c for c in node if isinstance(c.tag, str) and etree.QName(c).localname == name]


def _path(node: Node | None, *names: str) -> Node | None:
    for name in names:
        node = _child(node, name)
    return node


def _attr(node: Node | None, name: str) -> str | None:
    return node.get(name) if node is not None and node.get(name) else None


def _text(node: Node | None) -> str | None:
    return " ".join("".join(str(t) for t in node.itertext()).split()) or None if node is not None else None


def _id(node: Node | None) -> str | None:
    found = _child(node, "id")
    return _attr(found, "extension") or _attr(found, "root")


def _children_of(body: Node) -> Iterator[Node]:
    for component in _all(body, "component"):
        yield from _all(component, "section")


def _section(section: Node, depth: int) -> list[str]:
    title = _text(_child(section, "title")) or _attr(_child(section, "code"), "displayName") or "Section"
    told = _child(section, "text")
    lines = ["", f"{title.rstrip(':')}:"]
    if told is not None:
        lines.append(element_text(told))
    if depth < 8:
        for inner in _children_of(section):
            lines.extend(_section(inner, depth + 1))
    return lines


def _unstructured(body: Node, embedded: Embedded) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    data = "".join(str(t) for t in body.itertext()).strip()
    if not data:
        if _child(body, "reference") is not None:
            return (), ("a document that the report only points to was not read",)
        return (), ()
    if (body.get("representation") or "").upper() != "B64":
        return embedded(data.encode(), ""), ()
    return embedded(decode_data(data), ""), ()


def _patient(root: Node) -> Identity:
    role = _path(root, "recordTarget", "patientRole")
    person = _child(role, "patient")
    ids = [i for i in _all(role, "id") if not i.get("nullFlavor") and (i.get("extension") or i.get("root"))]
    values = [i.get("extension") or i.get("root") or "" for i in ids]
    # 2.16.840.1.113883.4.1 is the social security number: never the record number where another is given.
    order = sorted(
        range(len(ids)),
        key=lambda i: (ids[i].get("root") == "2.16.840.1.113883.4.1", not ids[i].get("extension")),
    )
    first = order[0] if order else None
    sex = (_attr(_child(person, "administrativeGenderCode"), "code") or "").upper()[:1]
    phone = next(
        (t.get("value", "") for t in _all(role, "telecom") if (t.get("value") or "").startswith("tel:")), ""
    )
    return Identity(
        mrn=values[first] if first is not None else None,
        authority=(ids[first].get("assigningAuthorityName") or ids[first].get("root"))
        if first is not None
        else None,
        name=_name(_child(person, "name")),
        birth_date=hl7_date(_attr(_child(person, "birthTime"), "value")),
        sex="M" if sex == "M" else "F" if sex == "F" else None,
        phone=phone[4:] or None,
        address=_address(_child(role, "addr")),
        other_ids=tuple(values[i] for i in order[1:]),
    )


def _name(name: Node | None) -> str | None:
    if name is None:
        return None
    given = [t for n in _all(name, "given") if (t := _text(n))]
    family = [t for n in _all(name, "family") if (t := _text(n))]
    suffix = [t for n in _all(name, "suffix") if (t := _text(n))]
    return " ".join([*given, *family, *suffix]) or _text(name)


def _address(address: Node | None) -> str | None:
    if address is None:
        return None
    parts = [t for n in address if isinstance(n.tag, str) and (t := _text(n))]
    return ", ".join(parts) or None


def _signature(root: Node) -> tuple[bool, str | None, str | None]:
    legal = _child(root, "legalAuthenticator")
    if legal is None:
        return False, None, None
    person = _path(legal, "assignedEntity", "assignedPerson", "name")
    moment = hl7_moment(_attr(_child(legal, "time"), "value"))
    code = (_attr(_child(legal, "signatureCode"), "code") or "").upper()
    signed = code == "S" and moment is not None
    return signed, _name(person) if signed else None, moment if signed else None


def _observed(root: Node) -> str | None:
    for path in (
        ("documentationOf", "serviceEvent", "effectiveTime"),
        ("componentOf", "encompassingEncounter", "effectiveTime"),
    ):
        time = _path(root, *path)
        for value in (
            _attr(_child(time, "high"), "value"),
            _attr(time, "value"),
            _attr(_child(time, "low"), "value"),
        ):
            if found := hl7_moment(value):
                return found
    return hl7_moment(_attr(_child(root, "effectiveTime"), "value"))
