"""Reads a GGUF through a running engine, for the parity check where llama-cpp-python is not compiled."""

from collections.abc import Mapping, Sequence

from server.client import EngineClient
from server.engine import Engine


class EngineReader:
    """A started engine as a ``trainer.ggufreader.Reader``; closes it at the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._client = EngineClient.of(engine)

    def tokenize(self, text: str) -> list[int]:
        """Token ids of ``text``, control tokens recognised, nothing added in front."""
        return list(self._client.tokenize(text, special=True))

    def likeliest(self, tokens: Sequence[int]) -> list[Mapping[int, float]]:
        """For each place, the natural log-probabilities of the likeliest next tokens."""
        return [self._client.likeliest(tokens[: place + 1]) for place in range(len(tokens))]

    def close(self) -> None:
        """Stop the engine."""
        self._client.close()
        self._engine.close()
