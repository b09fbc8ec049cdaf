"""The labelled sentences of ``clinical/evidence/data``, as its README describes them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parents[1] / "clinical" / "evidence" / "data"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled sentence with its report."""

    id: str
    source_id: str
    text: str = field(repr=False)
    sentence: str = field(repr=False)
    supported: bool
    kind: str


def load_rows(part: str) -> list[Row]:
    """All rows of ``train`` or ``measure``."""
    texts: dict[str, str] = {}
    for path in sorted(DATA.glob("texts_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                entry = json.loads(line)
                texts[entry["ref"]] = entry["text"]
    rows = []
    for path in sorted(DATA.glob(f"{part}_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                entry = json.loads(line)
                text = entry.get("text") or texts[entry["text_ref"]]
                supported = entry["verdict"] == "supported"
                rows.append(
                    Row(
                        entry["id"],
                        str(entry["source_id"]),
                        text,
                        entry["sentence"],
                        supported,
                        entry["kind"],
                    )
                )
    return rows
