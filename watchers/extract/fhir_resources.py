"""FHIR resources as they come: one, many or missing values, references within a file, people and their names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from clinical.report import Identity
from watchers.extract.dates import find_date

Resource = Mapping[str, Any]


def from_xml(node: etree._Element, depth: int = 0) -> Any:
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
        key, value = etree.QName(child).localname, from_xml(child, depth + 1)
        if key in ("resource", "contained") and isinstance(value, dict) and len(child):
            value = from_xml(child[0], depth + 1)
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


def first(value: Any) -> Any:
    found = many(value)
    return found[0] if found else None


def as_dict(value: Any) -> Resource:
    found = first(value)
    return found if isinstance(found, dict) else {}


def as_text(value: Any) -> str | None:
    found = first(value)
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return str(found)
    return found.strip() or None if isinstance(found, str) else None


class Bundle:
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
                    self._add(entry.get("resource"), as_text(entry.get("fullUrl")), depth + 1)
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
        target = as_text(as_dict(reference).get("reference"))
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


def coded(value: Any) -> str | None:
    """The text of a CodeableConcept (or of R5's CodeableReference)."""
    concept = as_dict(value)
    if "concept" in concept:
        concept = as_dict(concept["concept"])
    if text := as_text(concept.get("text")):
        return text
    for coding in many(concept.get("coding")):
        if isinstance(coding, dict) and (
            shown := as_text(coding.get("display")) or as_text(coding.get("code"))
        ):
            return shown
    return as_text(value)


def patient_of(resource: Resource, bundle: Bundle) -> Identity:
    subject = resource.get("subject") or resource.get("patient")
    found = bundle.find(subject, resource)
    if found is None:
        patients = list(bundle.of("Patient"))
        if len(patients) == 1:
            found = patients[0]
    if found is None or found.get("resourceType") != "Patient":
        target = as_dict(subject)
        inner = as_dict(target.get("identifier"))
        return Identity(
            mrn=as_text(inner.get("value")),
            authority=as_text(inner.get("system")),
            name=as_text(target.get("display")),
        )
    return identity_of(found)


def identity_of(patient: Resource) -> Identity:
    """The identity of a Patient resource."""
    ids: list[tuple[str, str | None, str]] = []
    for identifier in many(patient.get("identifier")):
        if isinstance(identifier, dict) and (value := as_text(identifier.get("value"))):
            codes = [
                c.get("code")
                for c in many(as_dict(identifier.get("type")).get("coding"))
                if isinstance(c, dict)
            ]
            ids.append(
                (value, as_text(identifier.get("system")), next((c for c in codes if isinstance(c, str)), ""))
            )
    chosen = next((i for i, found in enumerate(ids) if found[2] == "MR"), None)
    if chosen is None:
        chosen = next((i for i, found in enumerate(ids) if found[2] not in ("SS", "DL", "PPN")), None)
    names = [n for n in many(patient.get("name")) if isinstance(n, dict)]
    name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    sex = as_text(patient.get("gender"))
    telecom = [t for t in many(patient.get("telecom")) if isinstance(t, dict)]
    return Identity(
        mrn=ids[chosen][0] if chosen is not None else None,
        authority=ids[chosen][1] if chosen is not None else None,
        name=human_name(name),
        birth_date=find_date(as_text(patient.get("birthDate")) or ""),
        sex="M" if sex == "male" else "F" if sex == "female" else None,
        phone=next(
            (v for t in telecom if t.get("system") == "phone" and (v := as_text(t.get("value")))), None
        ),
        address=_address(patient.get("address")),
        other_ids=tuple(dict.fromkeys(v for i, (v, _, _) in enumerate(ids) if i != chosen)),
    )


def human_name(name: Resource) -> str | None:
    """A HumanName in natural order, without titles."""
    given = [g for g in many(name.get("given")) if isinstance(g, str)]
    family = [f for f in many(name.get("family")) if isinstance(f, str)]
    return " ".join([*given, *family]).strip() or as_text(name.get("text"))


def _address(value: Any) -> str | None:
    address = as_dict(value)
    if text := as_text(address.get("text")):
        return text
    parts = [*[p for p in many(address.get("line")) if isinstance(p, str)]]
    parts += [p for p in (as_text(address.get(k)) for k in ("city", "state", "postalCode", "country")) if p]
    return ", ".join(parts) or None


def clinician(references: Any, owner: Resource, bundle: Bundle) -> str | None:
    for reference in many(references):
        found = bundle.find(reference, owner)
        if found is not None and found.get("resourceType") == "PractitionerRole":
            inner = bundle.find(found.get("practitioner"), found)
            if inner is None and (shown := as_text(as_dict(found.get("practitioner")).get("display"))):
                return shown
            found = inner
        if found is not None and found.get("resourceType") == "Practitioner":
            if name := human_name(as_dict(found.get("name"))):
                return name
        elif isinstance(reference, dict) and (shown := as_text(reference.get("display"))):
            target = as_text(reference.get("reference")) or ""
            if found is None and "Organization/" not in target and reference.get("type") != "Organization":
                return shown
    return None


def moment(*values: Any) -> str | None:
    for value in values:
        found = as_text(value) or as_text(as_dict(value).get("start")) or as_text(as_dict(value).get("end"))
        if found and re.match(r"\d{4}-\d{2}-\d{2}", found):
            return re.sub(r"(?<=:\d\d)\.\d+", "", found)
    return None


def number_of(resource: Resource) -> str | None:
    found = [i for i in many(resource.get("identifier")) if isinstance(i, dict)]
    for identifier in found:
        codes = [
            c.get("code") for c in many(as_dict(identifier.get("type")).get("coding")) if isinstance(c, dict)
        ]
        if any(c in ("ACSN", "FILL", "PLAC") for c in codes):
            return as_text(identifier.get("value"))
    if "masterIdentifier" in resource:
        return as_text(as_dict(resource["masterIdentifier"]).get("value"))
    return as_text(found[0].get("value")) if found else as_text(resource.get("id"))
