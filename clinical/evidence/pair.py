"""Does a report say what a claim says, in whatever words? A small network over claim and lines, piece by piece.

Each piece of the claim looks for what answers it in the best lines of the report and is compared with what it finds,
and the best line is compared with the claim in turn: a decomposed attention (Parikh et al. 2016) over vectors of words
in context (``encoder``), where every piece also carries what the rules made of it (denied, planned, a relative's,
accounted for, in conflict …). Weights (``weights/pair.npz``) are learned by ``bench/evidence_pair.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from clinical.evidence.alignment import Alignment
from clinical.evidence.encoder import WEIGHTS, encoder, one_thread
from clinical.evidence.index import Index, Line
from clinical.evidence.quantities import same_kind, same_values
from clinical.evidence.scope import STATES
from clinical.evidence.words import is_empty

MARKS = len(STATES) + 8
MOST_LINES = 4
_FAR = -1e4


@dataclass(frozen=True, slots=True)
class Pieces:
    """A sentence by its pieces: vectors (unreduced), the token of each piece (-1: none), and marks of the rules."""

    vectors: np.ndarray = field(repr=False)
    owners: tuple[int, ...]
    marks: np.ndarray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the lines laid beside it; ``first`` pieces are those of the best line."""

    claim: np.ndarray = field(repr=False)
    claim_marks: np.ndarray = field(repr=False)
    lines: np.ndarray = field(repr=False)
    line_marks: np.ndarray = field(repr=False)
    first: int


def pair_of(alignment: Alignment, numbers: Sequence[int], index: Index) -> Pair | None:
    """The claim beside the lines ``numbers`` of the report, the best first; None without a line."""
    numbers = list(dict.fromkeys(numbers))[:MOST_LINES]
    if not numbers:
        return None
    lines: dict[int, Pieces] = index.memo.setdefault("pieces", {})
    missing = [n for n in numbers if n not in lines]
    claim, *found = _pieces([alignment.claim, *(index.lines[n] for n in missing)])
    lines.update(zip(missing, found, strict=True))
    keys = {m.key for m in alignment.claim.mentions}
    chosen = {f.number for f in alignment.chosen}
    beside = [
        np.hstack([lines[n].marks, _line_marks(index.lines[n], lines[n].owners, keys, rank, n in chosen)])
        for rank, n in enumerate(numbers)
    ]
    return Pair(
        claim.vectors,
        np.hstack([claim.marks, _claim_marks(alignment, claim.owners)]),
        np.concatenate([lines[n].vectors for n in numbers]),
        np.concatenate(beside),
        len(lines[numbers[0]].owners),
    )


def _pieces(lines: Sequence[Line]) -> list[Pieces]:
    """Pieces of each line, with the name of its section before it."""
    ids, owners = [], []
    for line in lines:
        title = [*line.section.split("_"), ":"] if line.section else []
        number, owner = encoder().sentence([*title, *(t.lower for t in line.tokens)])
        ids.append(number)
        owners.append(tuple(o - len(title) if o >= len(title) else -1 for o in owner))
    vectors = encoder().encode(ids)
    return [Pieces(v, o, _common_marks(line, o)) for line, v, o in zip(lines, vectors, owners, strict=True)]


def _common_marks(line: Line, owners: Sequence[int]) -> np.ndarray:
    """What the rules make of each piece: its states, a trigger, part of a number, without content, turned round."""
    count = len(line.tokens)
    marks = np.zeros((count + 1, MARKS - 4), np.float32)
    for m in line.mentions:
        for at in range(m.token, m.last):
            for i, state in enumerate(STATES):
                marks[at, i] += state in m.states
            marks[at, 9] += m.turned
    for at, token in enumerate(line.tokens):
        marks[at, 6] = at in line.triggers
        marks[at, 8] = is_empty(token.lower) or not (token.is_word or token.is_number)
    for q in line.quantities:
        marks[q.first : q.last, 7] = 1.0
    return np.minimum(marks, 1.0)[list(owners)]


def _claim_marks(alignment: Alignment, owners: Sequence[int]) -> np.ndarray:
    """Whether a piece of the claim is accounted for, in conflict or open, or a number that the lines have."""
    marks = np.zeros((len(alignment.claim.tokens) + 1, 4), np.float32)
    for i, unit in enumerate(alignment.units):
        kind = 0 if i not in alignment.open else 1 if any(f.conflict(i) for f in alignment.chosen) else 2
        marks[unit.first : unit.last, kind] = 1.0
    for q in alignment.claim.quantities:
        if any(same_kind(q, o) and same_values(q, o) for f in alignment.chosen for o in f.line.quantities):
            marks[q.first : q.last, 3] = 1.0
    return marks[list(owners)]


def _line_marks(line: Line, owners: Sequence[int], keys: set[str], rank: int, chosen: bool) -> np.ndarray:
    """Whether a piece of the line is a word of the claim too, and how the line was chosen."""
    marks = np.zeros((len(line.tokens) + 1, 4), np.float32)
    for m in line.mentions:
        if m.key in keys:
            marks[m.token : m.last, 0] = 1.0
    marks[:, 1:] = (float(rank == 0), float(chosen), float(rank))
    return marks[list(owners)]


@cache
def _weights() -> Mapping[str, Any]:
    with np.load(WEIGHTS / "pair.npz") as data:
        return {k: data[k].astype(np.float32) for k in data.files}


def reduced(vectors: np.ndarray, weights: Mapping[str, Any]) -> np.ndarray:
    """Vectors of pieces by their principal components, of even spread."""
    return np.asarray(((vectors - weights["mean"]) / weights["spread"]) @ weights["directions"])


def score(pair: Pair | None, features: Sequence[float]) -> float:
    """Log odds that the lines say what the claim says, the mean of all members of the network."""
    if pair is None:
        return -6.0
    w = _weights()
    x = np.clip((np.asarray(features, np.float32) - w["features_mean"]) / w["features_spread"], -4.0, 4.0)
    with one_thread():
        claim, lines = reduced(pair.claim, w), reduced(pair.lines, w)
        members = [_member(claim, lines, pair, x, w, f"{n}.") for n in range(int(w["members"]))]
    return float(np.mean(members))


def _member(
    claim: np.ndarray, lines: np.ndarray, pair: Pair, x: np.ndarray, w: Mapping[str, Any], name: str
) -> float:
    def dense(values: np.ndarray, part: str) -> np.ndarray:
        return np.asarray(values @ w[f"{name}{part}.weight"].T + w[f"{name}{part}.bias"])

    def side(
        a: np.ndarray, a_marks: np.ndarray, b: np.ndarray, b_marks: np.ndarray, match: np.ndarray, part: str
    ) -> list[np.ndarray]:
        share = np.exp(match - match.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        found = share @ b
        best = match.max(1, keepdims=True)
        seen = np.hstack([a, found, a - found, a * found, a_marks, share @ b_marks, best])
        hidden = _positive(dense(_positive(dense(seen, f"{part}.0")), f"{part}.3"))
        return [hidden.mean(0), hidden.max(0)]

    a, b = np.tanh(dense(claim, "reduce")), np.tanh(dense(lines, "reduce"))
    match = np.exp(w[f"{name}sharp"]) / 2 * (_unit(claim) @ _unit(lines).T)
    asked = dense(np.hstack([a, pair.claim_marks]), "ask")
    told = dense(np.hstack([b, pair.line_marks]), "tell")
    match = match + asked @ told.T / np.float32(np.sqrt(asked.shape[1]))
    first = slice(0, pair.first)
    parts = side(a, pair.claim_marks, b, pair.line_marks, match, "claim")
    parts += side(b[first], pair.line_marks[first], a, pair.claim_marks, match.T[first], "line")
    parts.append(_positive(dense(x, "whole.0")))
    return float(dense(_positive(dense(np.concatenate(parts), "out.1")), "out.4")[0])


def _positive(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(values, 0.0))


def _unit(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / (np.linalg.norm(values, axis=1, keepdims=True) + 1e-12))
