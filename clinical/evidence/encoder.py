"""Words in their context: all-MiniLM-L6-v2 in plain numpy, with weights of 8 bits (``weights/minilm.npz``).

Gives each piece of a word a vector that knows the sentence around it, taken from three depths of the network. Made by
``bench/evidence_encoder.py``; the card beside the weights says where they come from.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

WEIGHTS = Path(__file__).parent / "weights"
DEPTHS = (2, 4, 6)
LONGEST = 80
_HEADS = 12
_BATCH = 16
_PADDED = 1.25
_BREAK, _JOIN = "[CLS]", "[SEP]"


class Encoder:
    """The network and its word pieces, read once."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as data:
            self._pieces = {piece: i for i, piece in enumerate(str(data["vocabulary"]).split("\n"))}
            self._words: np.ndarray = data["words"]
            self._word_scale: np.ndarray = data["words_scale"].astype(np.float32)
            self._plain = {k: data[k].astype(np.float32) for k in data.files if k.startswith("f_")}
            self._dense = {
                k[2:]: data[k].astype(np.float32) * data[f"s_{k[2:]}"].astype(np.float32)[:, None]
                for k in data.files
                if k.startswith("q_")
            }
        self._layers = max(DEPTHS)
        self._memo: dict[str, tuple[int, ...]] = {}

    def pieces(self, word: str) -> tuple[int, ...]:
        """Numbers of the pieces of one lower-case word; an unknown word is one unknown piece."""
        if word not in self._memo:
            self._memo[word] = self._split(word)
        return self._memo[word]

    def _split(self, word: str) -> tuple[int, ...]:
        found: list[int] = []
        for run in _runs(word):
            start, whole = 0, list[int]()
            while start < len(run):
                for end in range(len(run), start, -1):
                    number = self._pieces.get(run[start:end] if start == 0 else "##" + run[start:end])
                    if number is not None:
                        whole.append(number)
                        start = end
                        break
                else:
                    whole, start = [self._pieces["[UNK]"]], len(run)
            found += whole
        return tuple(found)

    def sentence(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
        """Pieces of a sentence with its marks of begin and end, and for each the number of its word (-1: a mark)."""
        ids, owners = [self._pieces[_BREAK]], [-1]
        for n, word in enumerate(words):
            parts = self.pieces(word)
            if len(ids) + len(parts) >= LONGEST:
                break
            ids += parts
            owners += [n] * len(parts)
        return [*ids, self._pieces[_JOIN]], [*owners, -1]

    def encode(self, sentences: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """Vectors of each sentence's pieces, the depths side by side: arrays (pieces, 3 * 384)."""
        with one_thread():
            return self._encode(sentences)

    def _encode(self, sentences: Sequence[Sequence[int]]) -> list[np.ndarray]:
        found: list[np.ndarray] = [np.zeros((0, 0))] * len(sentences)
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        while order:
            fits = [i for i in order[:_BATCH] if len(sentences[i]) <= _PADDED * len(sentences[order[0]])]
            part, order = order[: len(fits)], order[len(fits) :]
            for i, vectors in zip(part, self._run([sentences[i] for i in part]), strict=True):
                found[i] = vectors[: len(sentences[i])]
        return found

    def _run(self, batch: Sequence[Sequence[int]]) -> np.ndarray:
        longest = max(len(ids) for ids in batch)
        ids = np.zeros((len(batch), longest), np.int64)
        away = np.full((len(batch), 1, 1, longest), -1e9, np.float32)
        for row, sentence in enumerate(batch):
            ids[row, : len(sentence)] = sentence
            away[row, ..., : len(sentence)] = 0.0
        x = self._words[ids].astype(np.float32) * self._word_scale[ids][..., None]
        x = self._norm(x + self._plain["f_places"][:longest] + self._plain["f_kind"], "embed")
        kept = []
        for layer in range(self._layers):
            x = self._layer(x, away, f"{layer}")
            if layer + 1 in DEPTHS:
                kept.append(x)
        return np.concatenate(kept, axis=-1)

    def _layer(self, x: np.ndarray, away: np.ndarray, name: str) -> np.ndarray:
        rows, length, width = x.shape
        q, k, v = (
            self._linear(x, f"{name}.{part}").reshape(rows, length, _HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width / _HEADS)) + away
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ v).transpose(0, 2, 1, 3).reshape(rows, length, width)
        x = self._norm(x + self._linear(mixed, f"{name}.mix"), f"{name}.mixed")
        wide = self._linear(x, f"{name}.wide")
        wide *= 0.5 * (1.0 + np.tanh(0.7978846 * (wide + 0.044715 * wide * wide * wide)))
        return self._norm(x + self._linear(wide, f"{name}.back"), f"{name}.out")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1]) @ self._dense[name].T + self._plain[f"f_{name}"]
        return np.asarray(flat.reshape(*x.shape[:-1], -1))

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return np.asarray(x * self._plain[f"f_{name}.scale"] + self._plain[f"f_{name}.shift"])


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Products of small matrices in one thread: several wait for each other longer than they reckon."""
    limit: AbstractContextManager[object] = _threads().limit(limits=1, user_api="blas")
    return limit


def _runs(word: str) -> list[str]:
    """Runs of letters and digits, and each other mark alone, as the network's own word pieces expect."""
    found: list[str] = []
    inside = False
    for mark in word:
        if mark.isalnum():
            if inside:
                found[-1] += mark
            else:
                found.append(mark)
            inside = True
        else:
            found.append(mark)
            inside = False
    return found


@cache
def encoder() -> Encoder:
    """The network that comes with the package; read on first use."""
    return Encoder(WEIGHTS / "minilm.npz")
