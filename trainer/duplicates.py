"""Near-duplicate texts, by MinHash over runs of five words and an exact check of what it proposes.

Broder (1997), "On the resemblance and containment of documents". Numbers count as words: two laboratory
panels with different values are different texts.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

RUN = 5
SAME = 0.8
"""Jaccard similarity of the runs at which two texts count as the same."""
_BANDS, _ROWS = 24, 4
_PRIME = (1 << 61) - 1
_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?")


def near_duplicates(texts: Mapping[str, str], same: float = SAME) -> list[tuple[str, str]]:
    """Pairs of keys whose texts nearly repeat each other, each pair once, in a stable order."""
    runs = {key: _runs(text) for key, text in texts.items()}
    generator = np.random.default_rng(20240607)
    multiply = generator.integers(1, 1 << 31, _BANDS * _ROWS, dtype=np.uint64)
    add = generator.integers(0, 1 << 31, _BANDS * _ROWS, dtype=np.uint64)
    buckets: dict[tuple[int, bytes], list[str]] = defaultdict(list)
    for key, found in runs.items():
        if not found:
            continue
        values = np.fromiter(found, dtype=np.uint64, count=len(found))
        signature = ((values[:, None] * multiply + add) % np.uint64(_PRIME)).min(axis=0)
        for band in range(_BANDS):
            buckets[band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()].append(key)
    proposed = {
        (one, other) if one < other else (other, one)
        for keys in buckets.values()
        for i, one in enumerate(keys)
        for other in keys[i + 1 :]
    }
    return sorted(pair for pair in proposed if _similarity(runs[pair[0]], runs[pair[1]]) >= same)


def _runs(text: str) -> frozenset[int]:
    tokens = _TOKEN.findall(text.lower())
    size = min(RUN, len(tokens))
    if size == 0:
        return frozenset()
    joined = (" ".join(tokens[i : i + size]) for i in range(len(tokens) - size + 1))
    return frozenset(zlib.crc32(run.encode()) for run in joined)


def _similarity(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)
