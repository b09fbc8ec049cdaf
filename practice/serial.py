"""Values of ``clinical.report`` as JSON and back, in a form that carries its version.

``{"v": 1, "kind": "Structure", "value": {...}}``: fields by name, those at their default left out, tuples as
lists. A field that a later version adds has a default, so old rows still read; a field that this version does
not know means that the row comes from a newer one, which is an error and not a guess.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from clinical.errors import HomeError
from clinical.report import (
    DeidentifiedReport,
    Doubtful,
    ExtractedReport,
    Finding,
    Identity,
    Measurement,
    Page,
    Section,
    Span,
    Structure,
)

VERSION = 1
T = TypeVar("T")

# Fields that hold values of ours, by type; all others are plain JSON or tuples of it.
_PARTS: dict[type, dict[str, type]] = {
    Structure: {"sections": Section, "findings": Finding, "measurements": Measurement},
    DeidentifiedReport: {"spans": Span, "doubtful": Doubtful, "doubts": Span},
    ExtractedReport: {"pages": Page, "doubtful": Doubtful, "identity": Identity},
}


def to_json(value: Any) -> str:
    """A value of ``clinical.report`` as versioned JSON."""
    kind = type(value).__name__
    return storable(
        json.dumps(
            {"v": VERSION, "kind": kind, "value": _plain(value)}, ensure_ascii=False, separators=(",", ":")
        )
    )


def storable(text: str) -> str:
    """A text without lone surrogates, which no encoding can hold; offsets stay as they are."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def from_json(kind: type[T], text: str) -> T:
    """Read back what ``to_json`` wrote.

    Raises:
        HomeError: it is of another kind or was written by a newer version.
    """
    row = json.loads(text)
    if row.get("kind") != kind.__name__ or row.get("v", VERSION + 1) > VERSION:
        raise HomeError(
            f"A stored {kind.__name__} was written by a newer version of Resident.", "Update Resident."
        )
    return _value(kind, row["value"])


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    plain = {}
    for name, default in _defaults(value.__class__):
        item = getattr(value, name)
        if item != default:
            plain[name] = _plain(item)
    return plain


@functools.cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in dataclasses.fields(kind))


def _value(kind: type[T], plain: dict[str, Any]) -> T:
    parts = _PARTS.get(kind, {})
    values: dict[str, Any] = {}
    for name, item in plain.items():
        part = parts.get(name)
        if part is not None and isinstance(item, list):
            values[name] = tuple(_value(part, entry) for entry in item)
        elif part is not None:
            values[name] = _value(part, item)
        elif isinstance(item, list):
            values[name] = tuple(item)
        else:
            values[name] = item
    try:
        return kind(**values)
    except TypeError:
        raise HomeError(
            f"A stored {kind.__name__} was written by a newer version of Resident.", "Update Resident."
        ) from None
