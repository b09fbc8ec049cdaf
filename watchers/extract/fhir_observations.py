"""FHIR observations as lines of a report, and what a status means."""

from clinical.report import Status
from watchers.extract.fhir_resources import Bundle, Resource, as_dict, as_text, coded, many, moment
from watchers.extract.markup import narrative
from watchers.extract.report_type import type_of_title
from watchers.extract.rows import print_result

SIGNED: dict[str, Status] = {
    "final": "final",
    "amended": "amended",
    "corrected": "amended",
    "appended": "amended",
}
WITHDRAWN = ("entered-in-error", "cancelled", "deprecated", "superseded")


def standing(status: str | None) -> tuple[Status, bool]:
    if status in SIGNED:
        return SIGNED[status], True
    return ("retracted" if status in WITHDRAWN else "preliminary"), False


def category_of(resource: Resource) -> str | None:
    for category in many(resource.get("category")):
        codes = [c.get("code") for c in many(as_dict(category).get("coding")) if isinstance(c, dict)]
        if "LAB" in codes or "laboratory" in codes:
            return "laboratory"
        if found := type_of_title(coded(category)):
            return found
    return None


def observation_lines(resource: Resource, bundle: Bundle, used: set[int], depth: int) -> list[str]:
    used.add(id(resource))
    if as_text(resource.get("status")) in WITHDRAWN or depth > 4:
        return []
    lines = [line for line in [_one_result(resource)] if line]
    for part in many(resource.get("component")):
        if isinstance(part, dict) and (line := _one_result(part)):
            lines.append(line)
    for reference in many(resource.get("hasMember")):
        found = bundle.find(reference, resource)
        if found is not None and id(found) not in used:
            lines.extend(observation_lines(found, bundle, used, depth + 1))
    for note in many(resource.get("note")):
        if text := as_text(as_dict(note).get("text")):
            lines.append(text)
    return lines


def _one_result(resource: Resource) -> str | None:
    name = coded(resource.get("code"))
    value, unit = _value(resource)
    if name is None or value is None:
        return None
    limits, flag = None, None
    reference = as_dict(resource.get("referenceRange"))
    if reference:
        low, high = (as_text(as_dict(reference.get(k)).get("value")) for k in ("low", "high"))
        limits = as_text(reference.get("text")) or (
            f"{low} - {high}" if low and high else f">= {low}" if low else f"<= {high}" if high else None
        )
    for code in many(resource.get("interpretation")):
        codes = [c.get("code") for c in many(as_dict(code).get("coding")) if isinstance(c, dict)]
        flag = next((c for c in codes if isinstance(c, str)), None) or coded(code)
    return print_result(name, value, unit, limits, flag)


def _value(resource: Resource) -> tuple[str | None, str | None]:
    for key, value in resource.items():
        if not key.startswith("value") or key == "valueSet":
            continue
        if key == "valueQuantity":
            quantity = as_dict(value)
            number = as_text(quantity.get("value"))
            sign = as_text(quantity.get("comparator")) or ""
            return (f"{sign}{number}" if number else None), as_text(quantity.get("unit")) or as_text(
                quantity.get("code")
            )
        if key == "valueCodeableConcept":
            return coded(value), None
        if key == "valueRange":
            low, high = (as_dict(as_dict(value).get(k)) for k in ("low", "high"))
            return f"{as_text(low.get('value'))} - {as_text(high.get('value'))}", as_text(low.get("unit"))
        if key == "valueRatio":
            top, below = (as_dict(as_dict(value).get(k)) for k in ("numerator", "denominator"))
            return f"{as_text(top.get('value'))}:{as_text(below.get('value'))}", as_text(top.get("unit"))
        if key == "valuePeriod":
            return moment(value), None
        if isinstance(value, str | int | float | bool):
            return as_text(value), None
    return None, None


def narrative_of(resource: Resource) -> str | None:
    """The text of a resource's narrative."""
    div = as_text(as_dict(resource.get("text")).get("div"))
    if not div:
        return None
    text = narrative(div)
    return text or None
