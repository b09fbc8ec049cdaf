"""Is a sentence only the report in other words? A small model over the alignment decides where rules cannot.

It sees how much of the claim is accounted for, which faults there are, how near in meaning the words left over are to
the words of the best lines (``weights/words.npz``: vectors of words, see the card beside it), and what the network
over claim and lines (``pair``) makes of them. Its weights (``weights/paraphrase.json``) are learned by
``bench/evidence_model.py`` from labelled sentences. Some faults it may
never overrule: a number, a side, a person that differs stays withheld whatever it says.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from clinical.evidence.alignment import Alignment
from clinical.evidence.index import Index, Line
from clinical.evidence.pair import pair_of, score
from clinical.evidence.senses import SENSES, senses
from clinical.evidence.words import is_empty, stem

# Faults of wording, which the model may overrule; all others are final.
_PLACE = ("course", "rhythm", "level", "depth", "face", "way", "route", "both", "plurality", "occasion")
SOFT = frozenset(
    [
        "words",
        "silent",
        "count",
        "far",
        "direction",
        "sense",
        "degree",
        "negation",
        "when",
        "certainty",
        "qualifier",
        *_PLACE,
    ]
)
_KINDS = (
    "words",
    "silent",
    "count",
    "direction",
    "sense",
    "degree",
    "place",
    "negation",
    "when",
    "certainty",
    "qualifier",
    "who",
    "side",
    "number",
    "unit",
    "cause",
    "speaker",
    "far",
)
_WEIGHTS = Path(__file__).parent / "weights"
_NEGATIONS = frozenset(
    [
        "no",
        "not",
        "never",
        "without",
        "denies",
        "denied",
        "negative",
        "none",
        "nor",
        "absent",
        "unable",
        "cannot",
        "neither",
        "n't",
        "failed",
    ]
)
_LINES = 3


class Table:
    """Vectors of words, normed; a word that has none is looked up by its stem."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as data:
            words = str(data["words"]).split("\n")
            self._vectors = data["vectors"]
        self._at = {word: i for i, word in enumerate(words)}
        self._by_stem: dict[str, int] = {}
        for i, word in enumerate(words):
            self._by_stem.setdefault(stem(word), i)

    def matrix(self, words: Sequence[str]) -> tuple[np.ndarray, list[int]]:
        """Vectors of those of ``words`` that have one, and the numbers of these words."""
        rows, kept = [], []
        for i, word in enumerate(words):
            at = self._at.get(word, self._by_stem.get(stem(word), -1))
            if at >= 0:
                rows.append(at)
                kept.append(i)
        found = self._vectors[rows].astype(np.float32)
        found /= np.linalg.norm(found, axis=1, keepdims=True) + 1e-6
        return found, kept


@cache
def table() -> Table:
    """The word vectors that come with the package."""
    return Table(_WEIGHTS / "words.npz")


@cache
def _model() -> dict[str, Any]:
    return dict(json.loads((_WEIGHTS / "paraphrase.json").read_text(encoding="utf-8")))


def trust_above() -> float:
    """From this probability on a claim whose wording is in doubt is supported."""
    return float(_model()["trust_above"])


def doubt_below() -> float:
    """Below this probability a claim is withheld although no rule objects."""
    return float(_model()["doubt_below"])


def probability(alignment: Alignment, index: Index) -> float:
    """Probability that the report says what the claim says."""
    values = features(alignment, index)
    return combined([*values, score(pair_of(alignment, best_lines(alignment, index), index), values)])


def combined(values: Sequence[float]) -> float:
    """Probability from the features and, last of them, the log odds of the network over the words."""
    model = _model()
    total = float(model["prior"])
    for tree in model["trees"]:
        node = tree[0]
        while node[0] >= 0:
            node = tree[node[2] if values[node[0]] <= node[1] else node[3]]
        total += node[1]
    return 1.0 / (1.0 + math.exp(-total))


def best_lines(alignment: Alignment, index: Index) -> list[int]:
    """Numbers of the lines to compare the claim with: those that answer it, then the nearest in meaning."""
    chosen = [f.number for f in alignment.chosen][:_LINES]
    return list(dict.fromkeys([*chosen, *nearest(alignment.claim, index)]))


def content(line: Line) -> list[str]:
    """The words of a line that carry content, as written."""
    return [t.lower for t in line.tokens if t.is_word and len(t.lower) > 2 and not is_empty(t.lower)]


def nearest(claim: Line, index: Index) -> list[int]:
    """Numbers of the lines nearest in meaning to ``claim``, the nearest first; at most ``_LINES``."""
    return [n for n, _ in _nearest(claim, index)]


def _nearest(claim: Line, index: Index) -> list[tuple[int, float]]:
    mine, kept = table().matrix(content(claim))
    numbers, starts, vectors = _all_words(index)
    if not kept or not numbers:
        return []
    scores = np.maximum.reduceat(vectors @ mine.T, starts, axis=0).mean(1)
    best = np.argsort(-scores, kind="stable")[:_LINES]
    return [(numbers[b], float(scores[b])) for b in best]


def _all_words(index: Index) -> tuple[list[int], list[int], np.ndarray]:
    """Vectors of all content words of a report in one array: which lines have any, where each begins."""
    if "words" not in index.memo:
        numbers: list[int] = []
        starts: list[int] = []
        parts: list[np.ndarray] = []
        total = 0
        for n, line in enumerate(index.lines):
            vectors, kept = table().matrix(content(line))
            if kept:
                numbers.append(n)
                starts.append(total)
                parts.append(vectors)
                total += len(kept)
        index.memo["words"] = (numbers, starts, np.concatenate(parts) if parts else np.zeros((0, 1)))
    found: tuple[list[int], list[int], np.ndarray] = index.memo["words"]
    return found


def features(alignment: Alignment, index: Index) -> list[float]:
    """What the model sees of an alignment, in a fixed order (``FEATURES``)."""
    claim, units, open_ = alignment.claim, alignment.units, alignment.open
    lines = [f.line for f in alignment.chosen]
    near = _nearest(claim, index)
    lines += [index.lines[n] for n, _ in near if index.lines[n] not in lines]
    words = [w for line in lines for w in content(line)]
    theirs, _ = table().matrix(words)
    soft = [_softness([t.lower for t in claim.tokens[u.first : u.last]], theirs) for u in units]
    left = [soft[i] for i in open_]
    total = sum(u.weight for u in units) or 1.0
    mine, _ = table().matrix(content(claim))
    best = [score for _, score in near[:2]]
    back = _back(alignment, mine)
    kinds = [f.kind if f.kind not in _PLACE else "place" for f in alignment.faults]
    negations = [sum(t.lower in _NEGATIONS for t in line.tokens) for line in (claim, *lines[:1])]
    modifiers = sum(units[i].modifier is not None for i in open_)
    known = sum(any(m.known for m in units[i].mentions) for i in open_)
    return [
        *(float(kinds.count(kind)) for kind in _KINDS),
        float(len(alignment.faults)),
        float(len(units)),
        float(len(open_)),
        len(open_) / max(1, len(units)),
        sum(units[i].weight for i in open_) / total,
        float(modifiers),
        float(known),
        min(left, default=1.0),
        sum(left) / len(left) if left else 1.0,
        sum(1.0 - s for s in left),
        min(soft, default=0.0),
        sum(soft) / len(soft) if soft else 0.0,
        best[0] if best else 0.0,
        best[1] if len(best) > 1 else 0.0,
        back,
        float(len(claim.quantities)),
        float(len(claim.tokens)),
        float(bool(negations[0]) != bool(negations[-1])),
        float(negations[0]),
        float(len(alignment.chosen)),
        *senses(alignment, lines),
    ]


FEATURES = (
    *_KINDS,
    "faults",
    "units",
    "open",
    "open_share",
    "open_weight",
    "open_modifiers",
    "open_known",
    "least_left",
    "mean_left",
    "sum_left",
    "least",
    "mean",
    "best_line",
    "second_line",
    "back",
    "numbers",
    "length",
    "negation_differs",
    "negations",
    "lines",
    *SENSES,
)


def _softness(words: Sequence[str], theirs: np.ndarray) -> float:
    mine, kept = table().matrix([w for w in words if not is_empty(w)])
    if not kept or not len(theirs):
        return 0.0
    return float((mine @ theirs.T).max(1).mean())


def _back(alignment: Alignment, mine: np.ndarray) -> float:
    """How much of the first line's words the claim has in turn: low where the claim leaves much out."""
    if not alignment.chosen or not len(mine):
        return 0.0
    theirs, kept = table().matrix(content(alignment.chosen[0].line))
    return float((theirs @ mine.T).max(1).mean()) if kept else 0.0
