"""JSON and JSON Lines that are no FHIR: one report an object, wherever in the file their list lies."""

import json
from typing import Any

from clinical.errors import ExtractionError
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.rows import reports_of
from watchers.extract.text import decode

_DEPTH = 6


def read_json(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """The objects of one JSON value."""
    try:
        value = json.loads(decode(content))
    except (ValueError, RecursionError) as error:
        raise ExtractionError("damaged", "The file is not whole JSON.", "Export it again.") from error
    return _reports(_objects(value, _DEPTH), options, "application/json")


def read_jsonl(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """One object a line; lines that are none are counted and said."""
    found: list[dict[str, Any]] = []
    bad = 0
    for line in decode(content).splitlines():
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            bad += 1
            continue
        if isinstance(value, dict):
            found.append(value)
        else:
            bad += 1
    if bad and not found:
        raise ExtractionError("damaged", "No line of the file is a JSON object.", "Export it again.")
    readings = _reports(found, options, "application/x-ndjson")
    if bad:
        note = (f"{bad} lines of the file are no objects and were not read",)
        fields = {name: getattr(readings[0], name) for name in Reading.__slots__}
        readings = (Reading(**{**fields, "warnings": readings[0].warnings + note}), *readings[1:])
    return readings


def _reports(found: list[dict[str, Any]], options: ExtractOptions, media_type: str) -> tuple[Reading, ...]:
    if not found:
        raise ExtractionError(
            "no-report", "The file holds no objects that could be reports.", "Export it again."
        )
    return reports_of([_flat(value) for value in found], options, media_type)


def _objects(value: Any, depth: int) -> list[dict[str, Any]]:
    """The list of objects: the value itself, or the longest list of objects below it."""
    if isinstance(value, list):
        inner = [item for item in value if isinstance(item, dict)]
        return inner or [found for item in value if depth for found in _objects(item, depth - 1)]
    if isinstance(value, dict):
        lists = [_objects(item, depth - 1) for item in value.values() if isinstance(item, list) and depth]
        longest = max(lists, key=len, default=[])
        texts = [item for item in value.values() if isinstance(item, str)]
        return longest if longest and not any(len(text) > 60 for text in texts) else [value]
    return []


def _flat(value: dict[str, Any], depth: int = 3) -> dict[str, str]:
    """Nested names lifted up: ``patient.mrn`` becomes ``mrn`` unless that is taken, lists become lines."""
    out: dict[str, str] = {}
    nested: list[dict[str, str]] = []
    for key, item in value.items():
        if isinstance(item, dict):
            if depth:
                inner = _flat(item, depth - 1)
                nested.append(inner)
        elif isinstance(item, list):
            out[key] = "\n".join(_line(part) for part in item)
        elif item is not None:
            out[key] = item if isinstance(item, str) else json.dumps(item)
    for inner in nested:
        for key, text in inner.items():
            out.setdefault(key, text)
    return out


def _line(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "  ".join(f"{key}: {item}" for key, item in value.items() if not isinstance(item, dict | list))
    return json.dumps(value)
