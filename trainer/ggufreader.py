"""Reads a GGUF as a model in this process: its tokens and log-probabilities, for parity and perplexity.

The only reader here is llama-cpp-python's. Where that is not compiled, parity takes any other `Reader`, such
as one over a running engine.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clinical.errors import MissingPart, ParityError

TOP = 64
"""Log-probabilities that a reader gives for a place: the likeliest so many."""


class Reader(Protocol):
    """A model file as an engine reads it."""

    def tokenize(self, text: str) -> list[int]:
        """Token ids of ``text``, control tokens recognised, nothing added in front."""
        ...

    def likeliest(self, tokens: Sequence[int]) -> list[Mapping[int, float]]:
        """For each place, the natural log-probabilities of the likeliest next tokens."""
        ...


class GgufReader:
    """A GGUF opened by llama-cpp-python; use as a context manager."""

    def __init__(self, path: Path, *, context: int = 1024, threads: int = 0) -> None:
        try:
            import llama_cpp  # optional: compiled at install time
        except ImportError as error:
            raise MissingPart("llama-cpp-python is not installed.", "Run `make install`.") from error
        try:
            with _silent():
                self._model: Any = llama_cpp.Llama(
                    str(path),
                    n_ctx=context,
                    n_batch=min(context, 512),
                    logits_all=True,
                    n_threads=threads or None,
                    n_threads_batch=threads or None,
                    verbose=False,
                )
        except (ValueError, AssertionError) as error:
            raise ParityError("llama.cpp cannot load the GGUF.", "See convert.log of the run.") from error

    def __enter__(self) -> "GgufReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._model.close()

    @property
    def metadata(self) -> Mapping[str, str]:
        """The file's metadata, such as ``tokenizer.chat_template``."""
        return dict(self._model.metadata)

    def tokenize(self, text: str) -> list[int]:
        """Token ids of ``text``, control tokens recognised, nothing added in front."""
        return list(self._model.tokenize(text.encode(), add_bos=False, special=True))

    def likeliest(self, tokens: Sequence[int]) -> list[Mapping[int, float]]:
        """For each place, the natural log-probabilities of the likeliest next tokens."""
        rows = self.logprobs(tokens)
        top = np.argpartition(rows, -TOP, axis=1)[:, -TOP:] if rows.shape[1] > TOP else None
        places: list[Mapping[int, float]] = []
        for i, row in enumerate(rows):
            kept = top[i] if top is not None else np.arange(rows.shape[1])
            places.append({int(token): float(row[token]) for token in kept})
        return places

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural log-probabilities of all next tokens at each place, ``len(tokens)`` × vocabulary."""
        self._model.reset()
        self._model.eval(list(tokens))
        return log_softmax(np.asarray(self._model.scores[: len(tokens)], dtype=np.float32))

    def completion_logprobs(self, prompt: str, completion: str) -> list[float]:
        """Natural log-probability of each token of ``completion`` after ``prompt``."""
        before, after = self.tokenize(prompt), self.tokenize(completion)
        rows = self.logprobs([*before, *after])
        return [float(rows[len(before) - 1 + i, token]) for i, token in enumerate(after)]


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """llama.cpp prints to the process's own streams while it loads; that goes nowhere."""
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
