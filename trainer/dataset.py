"""Splits pairs by patient, for ever, and freezes what a release is trained on.

The split of a patient is a keyed hash of the patient's key, so it never changes as data grows and cannot be
guessed without the practice's key. Only ids and hashes are written: the texts stay in the store.
"""

import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clinical.prompts import prompt_hash
from trainer.duplicates import near_duplicates
from trainer.example import Example

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
MANIFEST = "dataset.json"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A frozen dataset.

    Attributes:
        train, validation, test: the pairs.
        dropped: pairs left out, counted by reason.
        sha256: of the list of ids and contents; the name of this dataset.
    """

    train: tuple[Example, ...] = field(repr=False)
    validation: tuple[Example, ...] = field(repr=False)
    test: tuple[Example, ...] = field(repr=False)
    dropped: Mapping[str, int]
    sha256: str

    def counts(self) -> dict[str, dict[str, int]]:
        """Pairs by split and task, and patients by split."""
        table: dict[str, dict[str, int]] = {}
        for name in SPLITS:
            examples: tuple[Example, ...] = getattr(self, name)
            table[name] = dict(Counter(str(example.task) for example in examples))
            table[name]["patients"] = len({example.patient for example in examples})
        return table


def split_of(patient: str, secret: bytes) -> Split:
    """80/10/10 by a keyed hash of the patient's key: the same patient is always in the same split."""
    digest = hmac.new(secret, patient.encode(), hashlib.sha256).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if place < 0.8 else "validation" if place < 0.9 else "test"


def freeze(
    examples: Sequence[Example],
    secret: bytes,
    folder: Path | None = None,
    *,
    joined: Mapping[str, Iterable[str]] | None = None,
    for_training: Callable[[Example], Example | None] | None = None,
) -> Dataset:
    """Splits and freezes.

    A report that nearly repeats a report of a test patient (or, for training, of a validation patient)
    leaves the easier split, so that near-duplicates never stand on both sides.

    Args:
        secret: the practice's key for splits.
        folder: where the frozen list is written, manifest last; None writes nothing.
        joined: by patient key, the keys that were joined into it: who was once test stays test.
        for_training: what of a pair may train, None for nothing; held-out pairs stay as they are.
    """
    joined = joined or {}
    places = {
        patient: _hardest([split_of(key, secret) for key in (patient, *joined.get(patient, ()))])
        for patient in {example.patient for example in examples}
    }
    sides: dict[Split, list[Example]] = {name: [] for name in SPLITS}
    dropped: Counter[str] = Counter()
    contents: set[str] = set()
    leaking = _leaking(examples, places)
    for example in examples:
        place = places[example.patient]
        if any((report.id, place) in leaking for report in example.reports):
            dropped[f"near-duplicate of a held-out report ({place})"] += 1
        elif example.content_sha256 in contents:
            dropped["identical pair"] += 1
        else:
            contents.add(example.content_sha256)
            kept = for_training(example) if for_training and place == "train" else example
            if kept is None:
                dropped["nothing in it that the report bears out"] += 1
            else:
                sides[place].append(kept)
    lists = {name: [(e.id, e.content_sha256) for e in sides[name]] for name in SPLITS}
    digest = hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()
    dataset = Dataset(
        tuple(sides["train"]), tuple(sides["validation"]), tuple(sides["test"]), dict(dropped), digest
    )
    if folder is not None:
        _write(dataset, folder)
    return dataset


def _hardest(places: Sequence[Split]) -> Split:
    return max(places, key=SPLITS.index)


def _leaking(examples: Sequence[Example], places: Mapping[str, Split]) -> set[tuple[str, Split]]:
    """Reports (with their split) that nearly repeat one of a harder split."""
    texts: dict[str, str] = {}
    owner: dict[str, Split] = {}
    for example in examples:
        for report in example.reports:
            if len(report.text) > len(texts.get(report.id, "")):
                texts[report.id] = report.text
            owner[report.id] = places[example.patient]
    leaking = set()
    for one, other in near_duplicates(texts):
        a, b = owner[one], owner[other]
        if a != b:
            easier = one if SPLITS.index(a) < SPLITS.index(b) else other
            leaking.add((easier, owner[easier]))
    return leaking


def _write(dataset: Dataset, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in SPLITS:
        examples: tuple[Example, ...] = getattr(dataset, name)
        rows = [
            {
                "id": e.id,
                "task": e.task,
                "source": e.source,
                "reports": [report.id for report in e.reports],
                "patient": e.patient,
                "sha256": e.content_sha256,
            }
            for e in examples
        ]
        _replace(folder / f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    manifest = {
        "sha256": dataset.sha256,
        "prompts": prompt_hash(),
        "counts": dataset.counts(),
        "dropped": dict(dataset.dropped),
    }
    _replace(folder / MANIFEST, json.dumps(manifest, indent=1))


def _replace(path: Path, content: str) -> None:
    making = path.with_name(path.name + ".making")
    with making.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
